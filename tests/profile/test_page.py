"""The page of a profile: it needs nothing else, and no text of the data is taken for markup."""

import html.parser
import re

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.profile.charts import number, printable, share
from etl_agent.profile.page import page
from etl_agent.profile.profile import Profile

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://x.test/ onerror=alert(1)>',
    "</style><b>",
    "</title>",
    "&lt;",
    "\u202eevil",
    "\x1b[2J",
    "a\nb",
    "x" * 5000,
    "",
]


class Reader(html.parser.HTMLParser):
    """Collect tags, attributes and text, and check that tags are closed in order."""

    VOID = frozenset({"meta", "br", "img"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self._open = [], [], [], []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def made(*, rows=40, **columns):
    cells = {name: pa.array((list(cells) * rows)[:rows], pa.string()) for name, cells in columns.items()}
    data = pa.RecordBatch.from_arrays(list(cells.values()), names=list(cells))
    return Profile().combine(Profile.observe(data, np.arange(rows)))


def hostile():
    names = {name or "-": HOSTILE for name in HOSTILE}
    return made(**names, number=["1", "2.5", "1,200"], date=["2024-01-31", "2023-12-01"], amount=["5 <b>", "7 <b>"])


def test_hostile_text_is_shown_and_not_obeyed():
    """Names and values of columns stand on the page as text."""
    read = Reader(page(hostile().as_dict(), title=HOSTILE[0]))
    assert not {"script", "img", "link", "iframe"} & set(read.tags)
    assert "".join(read.text).count("<script>alert(1)</script>") > 3
    assert not any("\u202e" in text or "\x1b" in text for text in read.text)
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "src"]


def test_the_page_fetches_nothing():
    """No address but those within the page, and a policy that forbids others."""
    written = page(made(a=["1", "2"]).as_dict())
    read = Reader(written)
    assert all(value.startswith("#") for name, value in read.attributes if name == "href")
    assert "url(" not in written
    assert "@import" not in written
    assert any("default-src 'none'" in (value or "") for _, value in read.attributes)


def test_links_lead_to_the_cards():
    """Every column's card can be reached from the table."""
    read = Reader(page(made(a=["1"], b=["2"]).as_dict()))
    ids = {value for name, value in read.attributes if name == "id"}
    assert {value[1:] for name, value in read.attributes if name == "href"} <= ids


def test_pictures_are_told_in_words():
    """A histogram says what it shows to those who do not see it."""
    read = Reader(page(made(a=[str(number * number % 7) for number in range(40)]).as_dict()))
    (label,) = [value for name, value in read.attributes if name == "aria-label"]
    assert re.match(r"Numbers: \d+ bars from 0 to 4; most rows, \d+, at \d+$", label)


def test_a_page_without_values_has_none():
    """What the profile leaves out is nowhere on the page."""
    written = page(made(a=["secret", "4711"]).as_dict(values=False))
    assert "secret" not in written
    assert "4711" not in written


@pytest.mark.parametrize("columns", [{}, {"a": []}, {"a": [None]}])
def test_a_page_of_nothing_is_a_page(columns):
    """Without rows or columns there is still something to say."""
    rows = 0 if not columns or not columns["a"] else 3
    assert "0" in "".join(Reader(page(made(rows=rows, **columns).as_dict())).text)


def test_long_and_unprintable_texts_are_cut_and_spelled_out():
    """A cell of megabytes does not make a page of megabytes."""
    assert printable("a\u202eb\x00<") == "a\\u202eb\\x00&lt;"
    assert len(printable("x" * 10**6)) == 160
    assert printable("👩\u200d👧") == "👩\u200d👧"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 5, "0 %"), (5, 5, "100 %"), (9999, 10000, ">99.9 %"), (1, 10**6, "<0.1 %"), (1, 8, "12.5 %"), (1, 0, "0 %")],
)
def test_a_share_is_never_rounded_to_none_or_all(part, whole, said):
    """Who reads 100 % may rely on it."""
    assert share(part, whole) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234567, "1,234,567"), (0.5, "0.5"), (1234.5678, "1,234.57"), (1e-9, "1e-09"), (1e20, "1e+20"), (-0.25, "-0.25")],
)
def test_numbers_are_written_with_the_digits_that_matter(value, said):
    """Neither hidden nor drowned in digits."""
    assert number(value) == said
