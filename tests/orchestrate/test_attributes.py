"""Tests of the docstrings under fields."""

from pydantic import create_model

from etl_agent.frozen import Frozen
from etl_agent.orchestrate.attributes import attribute_docstrings


class Base(Frozen):
    """A model."""

    width: int
    """How wide
    it is."""
    plain: int = 0


class Wider(Base):
    """A model with a base and another one within."""

    class Within(Frozen):
        """A model within."""

        depth: int
        """How deep it is."""

    height: int
    """How high it is."""


def test_fields_and_those_of_bases() -> None:
    """A model has the docstrings under its own fields and those of its bases; a field without one is left out."""
    assert attribute_docstrings(Wider) == {"width": "How wide\nit is.", "height": "How high it is."}


def test_models_within_models() -> None:
    """A model within another one has its own docstrings."""
    assert attribute_docstrings(Wider.Within) == {"depth": "How deep it is."}


def test_models_made_at_run_time() -> None:
    """A model without a source has the docstrings of its bases."""
    made = create_model("Made", __base__=Wider, width=(str, ...))
    assert attribute_docstrings(made)["width"] == "How wide\nit is."
    assert attribute_docstrings(create_model("Alone", other=(str, ...))) == {}
