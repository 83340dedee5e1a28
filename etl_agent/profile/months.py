"""The names of the months, by language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

__all__ = ["Language", "languages", "month_numbers"]

Language = Literal["de", "en", "es", "fr", "it", "nl", "pt"]

_NAMES: Mapping[str, str] = {
    "de": "januar jan jänner februar feb märz mär mrz april apr mai juni jun juli jul august aug september sep sept "
    "oktober okt november nov dezember dez",
    "en": "january jan february feb march mar april apr may june jun july jul august aug september sep sept "
    "october oct november nov december dec",
    "es": "enero ene febrero feb marzo mar abril abr mayo may junio jun julio jul agosto ago septiembre sep sept set "
    "octubre oct noviembre nov diciembre dic",
    "fr": "janvier janv jan février févr fév mars avril avr mai juin juillet juil août septembre sept sep "
    "octobre oct novembre nov décembre déc",
    "it": "gennaio gen febbraio feb marzo mar aprile apr maggio mag giugno giu luglio lug agosto ago settembre set "
    "ottobre ott novembre nov dicembre dic",
    "nl": "januari jan februari feb maart mrt april apr mei juni jun juli jul augustus aug september sep sept "
    "oktober okt november nov december dec",
    "pt": "janeiro jan fevereiro fev março mar abril abr maio mai junho jun julho jul agosto ago setembro set "
    "outubro out novembro nov dezembro dez",
}
_STARTS: Mapping[str, str] = {
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "en": "january february march april may june july august september october november december",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
"""The full names, with which each month's names begin in the lists above."""


def languages() -> tuple[Language, ...]:
    """Return the languages whose months are known."""
    return get_args(Language)


def month_numbers(chosen: Sequence[Language]) -> dict[str, str]:
    """Return the number of each month's names, in lower case: ``{"april": "04", "apr": "04", ...}``.

    No name stands for different months in two of the languages.
    """
    numbers: dict[str, str] = {}
    for language in chosen:
        starts, number = _STARTS[language].split(), 0
        for name in _NAMES[language].split():
            if number < len(starts) and name == starts[number]:
                number += 1
            numbers[name] = f"{number:02d}"
    return numbers
