"""What goals in English are read as, and that no word of them is lost."""

import contextlib
import re
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.language.lexicon import STOP_WORDS
from etl_agent.orchestrate.planner.reading.goal import LONGEST_GOAL, read_goal
from etl_agent.orchestrate.planner.reading.mentions import Names
from tests.orchestrate.planner.worlds import SQL, WORLDS, told, world

CASES = Path(__file__).with_name("goals.txt")


def _cases():
    """Read the fixture: ``@world``, a goal a line (``\\n`` is a new line), and indented what it is read as."""
    found, name = [], ""
    for line in CASES.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            name = line[1:]
        elif line.startswith(" "):
            found[-1][2].append(line.strip())
        elif line:
            found.append((name, line.replace("\\n", "\n"), []))
    return found


GOALS = _cases()


@lru_cache(maxsize=1024)
def read(goal, *, among="library"):
    return read_goal(goal, world(among), SQL)


@pytest.mark.parametrize(("among", "goal", "expected"), GOALS)
def test_a_goal_is_read_as_it_is_meant(among, goal, expected):
    """Each goal of the fixture asks for what stands below it."""
    assert told(read(goal, among=among)) == expected


def _words(text):
    return {word.casefold().replace("’", "'").removesuffix("'s") for word in re.findall(r"\w+(?:['’]\w+)*", text)}


def _accounted(reading):
    return _words(" ".join([*(wish.words for wish in reading.wishes), *reading.not_understood]))


@pytest.mark.parametrize(("among", "goal", "_"), GOALS)
def test_every_word_of_a_goal_is_accounted_for(among, goal, _):
    """A word is in a wish, or says nothing, or is named as not understood; only such words are unclear."""
    plain = re.sub(r"\S+://\S+", "", goal)
    reading = read(goal, among=among)
    assert reading.not_understood or not reading.unclear
    left = _words(plain) - _accounted(reading) - STOP_WORDS
    assert {word for word in left if not word.isdigit() or len(word) > 1} == set()


OPEN = re.compile(r"\b(into|go to|overwrite|table|one of|either|only be|in|as|for branch:|be [A-Z]+|true)\b|[\"`]|:$")
"""Behind these words anything may stand: names of tables, and values."""
WHOLE = (
    "whole number",
    "course results",
    "zero or",
    "or negative",
    "5 percent",
    "daily totals",
    "no orphans",
    "replace commas",
    "and must",
)
"""Words that are one name or one number together; and before "must", any word is meant as a column."""


def _gaps(among, goal):
    """Return the places between words, and at the end, that are in no name of several words."""
    names = Names(world(among), SQL)
    for match in re.finditer(r"(?<=\w)(?= \w)|\Z", goal):
        at = match.start()
        pair = " ".join([*re.findall(r"[\w-]+$", goal[:at]), *re.findall(r"^ ([\w-]+)", goal[at:])])
        if pair not in WHOLE and (" " not in pair or names.column(pair) is None):
            yield at


DESTROYS = re.compile(r" (mode write_disposition=replace|mode .*strategy=delete-insert|dropped )")
PLAIN = [(among, goal, said) for among, goal, said in GOALS if DESTROYS.search("\n".join(said))]
GAPS = [
    (among, goal, at)
    for among, goal, said in GOALS
    if not OPEN.search(goal) and (among, goal, said) not in PLAIN
    if not said[-1].startswith("??") or len([line for line in said if line[:2] != "??"]) > 1
    for at in _gaps(among, goal)
]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(GAPS), st.sampled_from(["zorbig", "flumquat", "Quxify", "brwzn"]))
def test_an_odd_word_anywhere_is_named_and_changes_nothing(gap, odd):
    """A word that nobody knows is not understood, and the rest is read as before."""
    among, goal, at = gap
    before, after = read(goal, among=among), read(f"{goal[:at]} {odd}{goal[at:]}", among=among)
    assert [line for line in told(after) if line != f"?? {odd}"] == told(before)
    assert after.not_understood.count(odd) == 1


ENDS = re.compile(r"[.,;:!?()\n]|\b(?:and|but|then|load)\b")


def _inside(among, goal):
    """Return the places between words that are inside of what a destructive wish was read from."""
    for wish in read(goal, among=among).wishes:
        if DESTROYS.search(" " + " ".join(told(read(goal, among=among)))) and _destructive(wish):
            for match in re.finditer(re.escape(wish.words), goal):
                yield from (
                    (match.start() + gap.start(), wish)
                    for gap in re.finditer(r"(?<=\w)(?= \w)|\Z", match[0])
                    if not ENDS.search(match[0])
                )


def _destructive(wish):
    replaces = wish.wish == "mode" and (wish.write_disposition == "replace" or wish.strategy == "delete-insert")
    return replaces or wish.wish == "dropped"


@pytest.mark.parametrize(("among", "goal", "_"), PLAIN)
def test_an_odd_word_takes_away_what_destroys(among, goal, _):
    """Where a word that nobody knows stands in what destroys, nothing is destroyed, and it has to be made clear."""
    for at, wish in _inside(among, goal):
        try:
            after = read(f"{goal[:at]} zorbig{goal[at:]}", among=among)
        except UsageError:
            continue
        if any(w.wish == "into" and w.table == "zorbig" for w in after.wishes):
            continue  # "in the zorbig table" names one
        assert not any(_destructive(w) and w.source == wish.source and w.wish == wish.wish for w in after.wishes), at
        assert after.unclear


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(goal):
    """Whatever is typed, nothing but a usage error is raised, and no control character is told."""
    try:
        reading = read(goal)
    except UsageError as error:
        shown = str(error)
    else:
        shown = "".join(told(reading))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


WORDS = sorted({word for _, goal, _ in GOALS for word in goal.split()})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_words_in_any_order_are_read_or_refused(words):
    """A heap of words is read into something, or refused; it never breaks the reader, and reads the same twice."""
    goal = " ".join(words)
    try:
        assert read(goal) == read_goal(goal, world("library"), SQL)
    except UsageError:
        return


MISSPELT = [
    ("loans keyed by laon_id", "'laon_id'", ("loan_id",)),
    ("emial must be valid", "'emial'", ("email",)),
    ("drop the remraks column", "'remraks'", ("remarks",)),
    ("fiine must not be negative", "'fiine'", ("fine",)),
    ('treat "phnoe" as sensitive', "'phnoe'", ("phone",)),
    ("newest by updatd_at wins", "'updatd_at'", ("updated_at",)),
    ("run daily_totls", "'daily_totls'", ("daily_totals",)),
    ("colour must be one of red or green", "'colour'", ()),
]


@pytest.mark.parametrize(("goal", "shown", "hints"), MISSPELT)
def test_words_meant_as_a_name_that_name_nothing_are_an_error(goal, shown, hints):
    """A misspelt name is never guessed: the near names are given."""
    with pytest.raises(UsageError) as refused:
        read(goal)
    assert shown in refused.value.what
    assert set(hints) <= set(refused.value.choices)


def test_words_that_may_be_several_columns_are_an_error():
    """One date cannot be several columns; several dates can."""
    with pytest.raises(UsageError, match="several columns of loans") as refused:
        read("date must be valid")
    assert refused.value.choices == ("loaned_on", "due_on", "returned_on", "updated_at")


CONTRADICTIONS = [
    ("append and replace loans", "'append' and 'replace loans'"),
    ("append loans. do not append loans", "append loans"),
    ("loans keyed by loan_id, key isbn for loans", "keyed by loan_id"),
    ("load loans into a1 and loans into b1", "into b1"),
    ("loans before members, members before loans", "loans before members"),
    ("at most 2 % bad rows for loans, no bad rows for loans", "at most 2 %"),
    ("load loans but not loans", "loans"),
]


@pytest.mark.parametrize(("goal", "named"), CONTRADICTIONS)
def test_contradictions_are_errors(goal, named):
    """A goal that says two things at once is refused, with its own words."""
    with pytest.raises(UsageError) as refused:
        read(goal)
    assert named in refused.value.what


NEGATED = ["do not replace loans", "never overwrite loans", "don't drop duplicates", "do not clean loans",
           "never append", "loans must not be replaced", "no need to deduplicate loans", "emails are not confidential",
           "email is not required", "phone need not be valid"]  # fmt: skip


@pytest.mark.parametrize("goal", NEGATED)
def test_what_is_forbidden_is_not_read_as_asked_for(goal):
    """A negated phrase asks for nothing, and is named."""
    reading = read(goal)
    assert {wish.wish for wish in reading.wishes} == {"take"}
    assert reading.not_understood


FOREIGN = ["remplace les commandes", "lode teh laons with kye loan_id newst wins", "?", "by by by", "load laons",
           "lade alle daten", "frobnicate everything"]  # fmt: skip


@pytest.mark.parametrize("goal", FOREIGN)
def test_a_goal_of_which_nothing_is_understood_is_an_error(goal):
    """What is no English, or names no dataset that is there, does not load whatever was given."""
    with pytest.raises(UsageError, match="goals are read in English"):
        read(goal)


def test_misspelt_words_of_such_a_goal_are_told_with_what_they_are_like():
    """The near datasets and words of the language are given."""
    with pytest.raises(UsageError) as refused:
        read("lode teh laons with kye loan_id newst wins")
    assert {"laons -> loans", "kye -> key", "newst -> newest"} <= set(refused.value.choices)


@pytest.mark.parametrize("goal", ["drop fax number", "drop the first column", "exclude loaned dates"])
def test_a_column_is_left_out_by_its_whole_name_only(goal):
    """What only resembles a column takes none away."""
    for among in ("school", "library"):
        try:
            assert not any(wish.wish == "dropped" for wish in read(goal, among=among).wishes)
        except UsageError as error:
            assert error.choices


def _namesakes():
    loans, members, _ = world("library")
    return loans, replace(members, name="loans_2", files=("b/loans.csv",))


def test_one_of_several_datasets_of_a_name_is_not_taken_silently():
    """A name that several datasets share is an error that names them and their files."""
    with pytest.raises(UsageError, match=r"loans: loans\.csv; loans_2: b/loans\.csv"):
        read_goal("load loans", _namesakes())


@pytest.mark.parametrize(
    ("goal", "taken"),
    [("load loans and loans_2", 2), ("load loans, not loans_2", 1), ("load everything", 2), ("load loans_2", 1)],
)
def test_datasets_of_one_name_are_told_apart_by_their_names(goal, taken):
    """Once each of them is named, or left out, or all are meant, they are read."""
    assert len([wish for wish in read_goal(goal, _namesakes()).wishes if wish.wish == "take"]) == taken


def test_credentials_in_a_goal_are_never_told():
    """A password that was pasted into a goal is masked in whatever is told."""
    reading = read("load loans to postgres://ann:hunter2@db/shop password=hunter2")
    assert "hunter2" not in str(reading)
    with pytest.raises(UsageError) as refused:
        read('keyed by "postgres://ann:hunter2@db/shop"')
    assert "hunter2" not in str(refused.value)


def test_a_goal_has_an_end():
    """A goal that is too long is refused before it is read."""
    with pytest.raises(UsageError, match="at most 4,000"):
        read("x" * (LONGEST_GOAL + 1))


LONG = ["a " * 2000, "and " * 1000, "email, " * 570, "keyed by " * 440, "loans " * 660, "one of " * 570, '"' * 4000,
        "email must not be " * 220, "x" * 4000, "password" * 500, "loan id and " * 330, "- " * 2000, "(" * 4000,
        "keep only the latest " * 190, "a." * 2000, "status one of a, b or " * 180]  # fmt: skip


@pytest.mark.parametrize("goal", LONG, ids=range(len(LONG)))
def test_a_long_goal_is_read_in_bounded_time(goal):
    """No goal takes more than a moment, however it repeats itself."""
    started = time.process_time()
    with contextlib.suppress(UsageError):
        read(goal[:LONGEST_GOAL])
    assert time.process_time() - started < 8


def test_the_worlds_are_there():
    """The fixture uses each of the worlds."""
    assert {among for among, _, _ in GOALS} == set(WORLDS)
