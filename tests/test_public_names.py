"""The package's own names: all there, and none imported before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import etl_agent


@pytest.mark.parametrize("name", etl_agent.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """What the table of contents promises can be imported."""
    assert getattr(etl_agent, name) is not None
    assert name in dir(etl_agent)


def test_other_names_are_no_attributes() -> None:
    """A slip is an AttributeError, as with any module."""
    with pytest.raises(AttributeError, match="no attribute 'Pipelin'"):
        etl_agent.Pipelin  # noqa: B018  the look-up is the test


def test_importing_the_package_imports_nothing_else() -> None:
    """The command line starts quickly because the package does."""
    code = "import sys, etl_agent; print(sorted({'pydantic', 'pyarrow', 'pandas', 'click'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
