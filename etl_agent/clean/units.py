"""Units of measure: numbers with a unit behind them become numbers in one unit, by exact decimal arithmetic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Annotated, ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from etl_agent.clean.decimals import linear
from etl_agent.clean.marks import DecimalMark
from etl_agent.clean.step import Change, Columns, RowStep, chosen, replaced
from etl_agent.clean.values import rewrite
from etl_agent.errors import near

__all__ = ["UNITS", "Units"]


def _all(**factors: str) -> dict[str, tuple[Fraction, Fraction]]:
    return {name: (Fraction(factor), Fraction(0)) for name, factor in factors.items()}


_KELVIN = Fraction("273.15")
_INCH, _POUND, _GALLON = Fraction("0.0254"), Fraction("0.45359237"), Fraction("0.003785411784")

UNITS: Mapping[str, Mapping[str, tuple[Fraction, Fraction]]] = {
    "length": _all(nm="1e-9", µm="1e-6", mm="1e-3", cm="1e-2", dm="1e-1", m="1", km="1000")
    | {"in": (_INCH, Fraction(0)), "ft": (12 * _INCH, Fraction(0)), "yd": (36 * _INCH, Fraction(0))}
    | {"mi": (63360 * _INCH, Fraction(0)), "nmi": (Fraction(1852), Fraction(0))},
    "mass": _all(µg="1e-9", mg="1e-6", g="1e-3", kg="1", t="1000")
    | {"oz": (_POUND / 16, Fraction(0)), "lb": (_POUND, Fraction(0)), "st": (14 * _POUND, Fraction(0))},
    "temperature": {
        "K": (Fraction(1), Fraction(0)),
        "°C": (Fraction(1), _KELVIN),
        "°F": (Fraction(5, 9), _KELVIN - 32 * Fraction(5, 9)),
    },
    "volume": _all(ml="1e-6", cl="1e-5", dl="1e-4", l="1e-3", hl="0.1")
    | {"m³": (Fraction(1), Fraction(0)), "gal": (_GALLON, Fraction(0)), "fl oz": (_GALLON / 128, Fraction(0))},
    "area": {
        name: (Fraction(factor), Fraction(0))
        for name, factor in {"mm²": "1e-6", "cm²": "1e-4", "m²": "1", "ha": "10000", "km²": "1000000"}.items()
    }
    | {"ft²": ((12 * _INCH) ** 2, Fraction(0)), "ac": (43560 * (12 * _INCH) ** 2, Fraction(0))},
    "time": _all(ns="1e-9", µs="1e-6", ms="1e-3", s="1", min="60", h="3600", d="86400"),
    "speed": {
        "m/s": (Fraction(1), Fraction(0)),
        "km/h": (Fraction(5, 18), Fraction(0)),
        "mph": (63360 * _INCH / 3600, Fraction(0)),
        "kn": (Fraction(1852, 3600), Fraction(0)),
    },
    "pressure": _all(Pa="1", hPa="100", kPa="1000", MPa="1e6", mbar="100", bar="100000", atm="101325")
    | {"psi": (_POUND * Fraction("9.80665") / _INCH**2, Fraction(0))},
    "energy": _all(J="1", kJ="1000", MJ="1e6", Wh="3600", kWh="3600000", MWh="3.6e9", cal="4.184", kcal="4184"),
    "voltage": _all(µV="1e-6", mV="1e-3", V="1", kV="1000"),
    "current": _all(µA="1e-6", mA="1e-3", A="1", kA="1000"),
    "power": _all(mW="1e-3", W="1", kW="1000", MW="1e6"),
    "voltage": _all(µV="1e-6", mV="1e-3", V="1", kV="1000"),
    "current": _all(µA="1e-6", mA="1e-3", A="1", kA="1000"),
    "frequency": _all(mHz="1e-3", Hz="1", kHz="1000", MHz="1e6", GHz="1e9"),
    "force": _all(mN="1e-3", N="1", kN="1000", MN="1e6"),
    "data": _all(B="1", kB="1000", MB="1e6", GB="1e9", TB="1e12", KiB="1024", MiB="1048576", GiB="1073741824"),
}
"""For each unit the factor and offset to its kind's base unit: base = number * factor + offset. Exact by definition.

Source: NIST Special Publication 811 (2008), appendix B; US gallon, avoirdupois pound, thermochemical calorie.
"""

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "°C": ("C", "℃", "degC", "deg C", "º C", "ºC", "° C"),
    "°F": ("F", "℉", "degF", "deg F", "ºF", "° F"),
    "µm": ("μm", "um"),
    "µg": ("μg", "ug", "mcg"),
    "µs": ("μs", "us"),
    "µV": ("μV", "uV"),
    "µA": ("μA", "uA"),
    "µV": ("μV", "uV"),
    "µA": ("μA", "uA"),
    "l": ("L", "ℓ"),
    "ml": ("mL",),
    "dl": ("dL",),
    "cl": ("cL",),
    "m²": ("m2", "sqm"),
    "km²": ("km2",),
    "cm²": ("cm2",),
    "mm²": ("mm2",),
    "ft²": ("ft2", "sqft", "sq ft"),
    "m³": ("m3",),
    "lb": ("lbs",),
    "in": ("inch", '"'),
    "ft": ("feet", "'"),
    "km/h": ("kmh", "kph"),
    "min": ("mins",),
    "h": ("hr", "hrs"),
    "s": ("sec",),
}
"""Other spellings of a unit. Case counts, since mW and MW differ."""

_KIND = {unit: kind for kind, units in UNITS.items() for unit in units}


class Units(RowStep):
    """Convert numbers with a unit into one unit, and take the unit away; a cell that is no such number stays as it is.

    The result is exact, except where the factor has no decimal end (°F to °C, km/h to m/s): it is rounded then.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "to": "°C"} | ["21.5 °C", "70 F", "-40°F", "21", "n/a", null] | ["21.5", "21.111111", "-40", "21", "n/a", null] |
    | {"columns": ["x"], "to": "kg", "bare": "g"} | ["1500 g", "2 kg", "250", "1 lb"] | ["1.5", "2", "0.25", "0.45359237"] |
    | {"columns": "x", "to": "m", "decimal_mark": ","} | ["1,85 m", "185 cm", "1.85 m"] | ["1.85", "1.85", "1.85 m"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["units"] = "units"
    columns: Columns
    """The columns that hold numbers with units."""
    to: str
    """The unit to convert to. Its kind (length, mass, temperature, ...) says which others are understood."""
    bare: str | None = None
    """The unit of numbers that have none; without it they stay as they are."""
    decimal_mark: DecimalMark = "."
    """The mark before the fraction. Marks between groups of digits are not read."""
    digits: Annotated[int, Field(ge=0, le=30)] = 6
    """Digits after the point, rounded half to even, where the factor has no decimal end."""

    change: ClassVar[Change] = "value"

    @model_validator(mode="after")
    def _known_units(self) -> Self:
        for unit in (self.to, self.bare):
            if unit is not None and unit not in _KIND:
                hint = near(unit, _KIND)
                raise ValueError(f"{unit!r} is no unit known here; valid: {', '.join(hint or _KIND)}")
        if self.bare is not None and _KIND[self.bare] != _KIND[self.to]:
            raise ValueError(f"{self.bare} is a {_KIND[self.bare]}, {self.to} a {_KIND[self.to]}")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Convert the cells of each unit together."""
        for name in self.reads(data.schema.names):
            column = cells = data.column(name)
            for unit in self._present(cells):
                pattern = self._pattern(unit)
                other = pc.invert(pc.match_substring_regex(cells, pattern))
                column = rewrite(column, done=other, change=partial(self._converted, unit=unit, pattern=pattern))
            data = replaced(data, name, column)
        return data

    def _present(self, cells: pa.Array) -> list[str]:
        """Return the units that stand in a column: looking for each of them would cost a pass each."""
        units = UNITS[_KIND[self.to]]
        words = pc.utf8_trim(pc.utf8_ltrim(cells, characters="+-0123456789., \t"), characters=" \t")
        spelled = {word: unit for unit in units for word in (unit, *_SPELLINGS.get(unit, ()))}
        found = pc.unique(words.filter(pc.is_in(words, value_set=pa.array(list(spelled)))))
        present = {spelled[word] for word in found.to_pylist()}
        return [unit for unit in units if unit in present or unit == self.bare]

    def _pattern(self, unit: str) -> str:
        spellings = "|".join(re.escape(word) for word in (unit, *_SPELLINGS.get(unit, ())))
        mark = re.escape(self.decimal_mark)
        return rf"^\s*([-+]?\d+(?:{mark}\d+)?)\s*(?:{spellings}){'?' if unit == self.bare else ''}\s*$"

    def _converted(self, cells: pa.Array, *, unit: str, pattern: str) -> pa.Array:
        numbers = pc.replace_substring_regex(cells, pattern, r"\1")
        numbers = pc.replace_substring(pc.replace_substring_regex(numbers, r"^\+", ""), ",", ".")
        if unit == self.to:
            return numbers
        factor, offset = UNITS[_KIND[unit]][unit]
        to_factor, to_offset = UNITS[_KIND[self.to]][self.to]
        return linear(numbers, factor=factor / to_factor, offset=(offset - to_offset) / to_factor, digits=self.digits)
