"""Text steps: what they change, and what they leave alone."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.step import RowStep
from etl_agent.clean.text import Case, CollapseBlanks, Invisible, Mojibake, ReplaceText, Strip, Unicode

any_text = st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=8), max_size=8)


def after(step: RowStep, *cells: str | None) -> list[str | None]:
    """Run a step on a column x."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    return step.apply(data).column("x").to_pylist()


@given(any_text)
@settings(max_examples=50, deadline=None)
def test_strip_is_python_strip(cells: list[str | None]) -> None:
    """Strip removes what Unicode calls white space, whether or not the column is plain ASCII."""
    want = [None if c is None else c.strip() for c in cells]
    assert after(Strip(), *cells) == want


def test_strip_does_not_copy_clean_columns() -> None:
    """A column without a blank is handed on as it is."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(["ab", None])})
    assert Strip().apply(data).column("x").buffers()[2].address == data.column("x").buffers()[2].address


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r\n", "\v", "\u0085", "\u00a0", "\u2003", "\u2028", "\u3000"])
def test_collapse_every_blank(blank: str) -> None:
    """Every kind of blank, alone or doubled, becomes one plain blank."""
    assert after(CollapseBlanks(), f"a{blank}b", f"a{blank}{blank} b") == ["a b", "a b"]


def test_collapse_counts_within_a_cell_only() -> None:
    """A blank at the end of one cell and one at the start of the next are no run."""
    assert after(CollapseBlanks(), "a ", " b") == ["a ", " b"]


@given(any_text)
@settings(max_examples=50, deadline=None)
def test_collapse_is_idempotent(cells: list[str | None]) -> None:
    """Collapsing twice is collapsing once."""
    once = after(CollapseBlanks(), *cells)
    assert after(CollapseBlanks(), *once) == once
    assert not any("  " in cell for cell in once if cell)


def test_case_handles_what_is_not_ascii() -> None:
    """Letters of other scripts change their case too, and ß keeps its own."""
    assert after(Case(columns=("x",), to="upper"), "straße", "éa", "σ") == ["STRAßE", "ÉA", "Σ"]
    assert after(Case(columns=("x",), to="lower"), "ÉA", "ΑΣ", "A") == ["éa", "ασ", "a"]


@pytest.mark.parametrize(
    ("cell", "want"),
    [("o'neil", "O'Neil"), ("don't", "Don't"), ("we'll", "We'll"), ("l’été", "L’Été"), ("mcdonald", "Mcdonald")],
)
def test_title_knows_apostrophes(cell: str, want: str) -> None:
    """The rest of a contraction stays small, a name after an apostrophe does not."""
    assert after(Case(columns=("x",), to="title"), cell) == [want]


def test_case_has_no_default_columns() -> None:
    """The columns whose case changes must be named."""
    with pytest.raises(ValidationError):
        Case.model_validate({"to": "lower"})


def test_nfc_by_default() -> None:
    """Ligatures and superscripts stay unless a K form is asked for."""
    assert after(Unicode(), "e\u0301", "10²", "ﬁ") == ["é", "10²", "ﬁ"]
    assert after(Unicode(form="NFKC"), "10²") == ["102"]


@pytest.mark.parametrize(
    "cell",
    [
        "👩\u200d👩\u200d👧",
        "👩🏽\u200d🚀",
        "می\u200cخواهم",
        "क्\u200dष",
        "🏴\U000e0067\U000e0062\U000e007f",
        "a\tb\nc\r\n",
    ],
)
def test_invisible_keeps_what_has_meaning(cell: str) -> None:
    """Emoji sequences, Persian and Indic joiners, flags, tabs and line ends stay."""
    assert after(Invisible(), cell) == [cell]


@pytest.mark.parametrize("code", [0, 8, 0x1B, 0x7F, 0x80, 0x9F, 0xAD, 0x200B, 0x200D, 0x200E, 0x202E, 0x2060, 0xFEFF])
def test_invisible_removes(code: int) -> None:
    """Controls, zero-width characters and direction marks go, wherever they stand."""
    mark = chr(code)
    assert after(Invisible(), f"{mark}a{mark}b{mark}") == ["ab"]


def test_invisible_can_flatten_lines() -> None:
    """Line ends and tabs become one blank where that is asked for."""
    assert after(Invisible(line_ends="blank"), "a\r\n\tb\u2028c") == ["a b c"]


@pytest.mark.parametrize("text", ["schön", "naïve café", "“quoted” – dash", "日本語"])
def test_mojibake_repairs(text: str) -> None:
    """UTF-8 that was read as Windows-1252 comes back whole; bytes that it lacks are Latin-1's, as browsers do."""
    garbled = "".join(_windows(byte) for byte in text.encode())
    assert garbled != text
    assert after(Mojibake(), garbled) == [text]


def _windows(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


@pytest.mark.parametrize("text", ["schön", "ÃO", "SÃO PAULO", "Ã", "é à", "Привет", "日本語", "🙂", "café Ã©"])
def test_mojibake_leaves_what_it_cannot_prove(text: str) -> None:
    """Proper text, and cells of which only a part looks garbled, stay."""
    assert after(Mojibake(), text) == [text]


def test_replace_literal_and_pattern() -> None:
    """A literal is not a pattern."""
    assert after(ReplaceText(columns=("x",), find=".", put="!"), "a.b") == ["a!b"]
    assert after(ReplaceText(columns=("x",), find=".", put="!", regex=True), "ab") == ["!!"]


@pytest.mark.parametrize(("find", "put"), [("(", ""), ("a", "\\1"), ("(?=a)", ""), ("a", "\\")])
def test_bad_pattern_is_a_mistake_of_the_spec(find: str, put: str) -> None:
    """A pattern or a replacement that RE2 refuses is refused before any row."""
    with pytest.raises(ValidationError, match="RE2"):
        ReplaceText(columns=("x",), find=find, put=put, regex=True)
