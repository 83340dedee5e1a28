"""Guessing what a mistyped word was meant to be."""

from etl_agent.errors import ConfigurationError, near


def test_one_letter_apart_comes_first() -> None:
    """A short word one letter off is found, though difflib finds it too unlike."""
    assert near("tp", ["table", "to"])[0] == "to"


def test_words_without_a_common_letter_are_not_near() -> None:
    """One-letter words that share nothing are not suggested for each other."""
    assert near("a", ["b"]) == ()


def test_configuration_errors_can_be_collected_by_a_spec() -> None:
    """pydantic collects only ValueErrors, so mistakes found by our own validators must be one."""
    assert issubclass(ConfigurationError, ValueError)
