"""What the gate lets pass and what it refuses, on invented tables."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Literal

import pyarrow as pa
import pytest

from etl_agent.clean.booleans import Booleans
from etl_agent.clean.categories import MapValues
from etl_agent.clean.columns import Drop, Rename
from etl_agent.clean.dates import Dates
from etl_agent.clean.duplicates import Deduplicate
from etl_agent.clean.fill import Fill, FillMode, FillPrevious
from etl_agent.clean.filter import Condition, Filter
from etl_agent.clean.identifiers import Email, Pad, Phone
from etl_agent.clean.missing import NullMarkers
from etl_agent.clean.numbers import Numbers
from etl_agent.clean.outliers import Clip
from etl_agent.clean.step import FittedStep, RowStep, Step
from etl_agent.clean.text import Case, ReplaceText, Strip
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate import Ruling, judge

Cells = Sequence[str | None]
CITIES = ("Hamburg", "Bremen", "Leipzig", "Dresden", "Stuttgart", "Hannover", "Augsburg", "Bielefeld")


def batch(columns: Mapping[str, Cells]) -> pa.RecordBatch:
    """Make rows of text columns."""
    return pa.RecordBatch.from_arrays([pa.array(cells, pa.string()) for cells in columns.values()], names=list(columns))


def ruled(step: Step, **columns: Cells) -> Ruling:
    """Pin a step on some rows and judge it."""
    data = batch(columns)
    evidence = Evidence(data, data.num_rows)
    return judge(evidence.pinned(step), evidence)


def towns(rows: int = 400, seed: int = 1) -> tuple[list[str], list[str]]:
    """Draw codes and the towns that belong to them."""
    draw = random.Random(seed)
    places = [draw.randrange(len(CITIES)) for _ in range(rows)]
    return [f"Z{place}" for place in places], [CITIES[place] for place in places]


class ByCode(RowStep):
    """Write the town that belongs to a code, over what stands there."""

    step: Literal["by_code"] = "by_code"
    change = "value"
    values: dict[str, str]
    nulls_only: bool = False

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name both columns."""
        return ("code", "town")

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Look each row up."""
        pairs = zip(data.column("code").to_pylist(), data.column("town").to_pylist(), strict=True)
        made = [town if self.nulls_only and town is not None else self.values.get(code, town) for code, town in pairs]
        return data.set_column(data.schema.get_field_index("town"), "town", pa.array(made, pa.string()))


class Down(RowStep):
    """Move a column one row down, and call that a change of format."""

    step: Literal["down"] = "down"
    change = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the column."""
        return ("town",)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Move it."""
        cells = data.column("town").to_pylist()
        made = pa.array([*cells[-1:], *cells[:-1]], pa.string())
        return data.set_column(data.schema.get_field_index("town"), "town", made)


def test_slips_of_frequent_values_are_repaired() -> None:
    """Rare values that are like a frequent one are slips where frequent values are unlike each other."""
    _, town = towns()
    town[3], town[50], town[90] = "Hambrug", "Leipzg", "Dresdeen"
    step = MapValues(columns=("town",), values={"Hambrug": "Hamburg", "Leipzg": "Leipzig", "Dresdeen": "Dresden"})
    assert ruled(step, town=town).accepted


def test_names_that_differ_by_a_letter_are_left_alone() -> None:
    """Where frequent values are alike, a rare value that is like one says nothing."""
    names = ["Jon"] * 30 + ["John"] * 40 + ["Ann"] * 30 + ["Anna"] * 35 + ["Eric"] * 20 + ["Erik"] * 25
    names += ["Marc"] * 20 + ["Mark"] * 22 + ["Anne"] * 2
    assert not ruled(MapValues(columns=("name",), values={"Anne": "Anna"}), name=names).accepted


def test_numbered_values_are_never_slips() -> None:
    """Station 2 is no slip for Station 1, however rare it is."""
    stations = ["Station 1"] * 200 + ["Depot"] * 100 + ["Station 2"]
    assert not ruled(MapValues(columns=("s",), values={"Station 2": "Station 1"}), s=stations).accepted


def test_rare_values_unlike_any_other_are_left_alone() -> None:
    """A rare value is no error for being rare."""
    _, town = towns()
    town[7] = "Ulm"
    assert not ruled(MapValues(columns=("town",), values={"Ulm": "Hamburg"}), town=town).accepted


def test_frequent_values_are_not_merged() -> None:
    """Two values that both are frequent are two values."""
    _, town = towns()
    assert not ruled(MapValues(columns=("town",), values={"Bremen": "Hamburg"}), town=town).accepted


def test_a_true_dependency_may_repair() -> None:
    """A value that contradicts a group that agrees is overwritten, though it is frequent elsewhere."""
    code, town = towns()
    values = dict(zip(code, town, strict=True))
    for row in (5, 77, 200, 301):
        town[row] = next(other for other in CITIES if other != town[row])
    assert ruled(ByCode(values=values), code=code, town=town).accepted


def test_a_false_dependency_may_not() -> None:
    """A column that says nothing of another does not overwrite it."""
    code, town = towns()
    random.Random(2).shuffle(code)
    values = dict(zip(code, town, strict=True))
    ruling = ruled(ByCode(values=values), code=code, town=town)
    assert not ruling.accepted
    assert ruling.figures["column"] == "town"


def test_exceptions_that_come_back_are_no_accidents() -> None:
    """Where exceptions sit in a few groups, those have two values."""
    code, town = towns()
    values = dict(zip(code, town, strict=True))
    rows = [row for row, held in enumerate(code) if held == "Z1"]
    for row in rows[: len(rows) // 4]:
        town[row] = "Dresden"
    assert not ruled(ByCode(values=values), code=code, town=town).accepted


def test_a_state_that_can_occur_anywhere_is_no_accident() -> None:
    """A value that is mostly found among the minority is a state of its own, such as closed."""
    code, town = towns()
    values = dict(zip(code, town, strict=True))
    for row in range(0, 400, 20):
        town[row] = "closed"
    assert not ruled(ByCode(values=values), code=code, town=town).accepted


def test_what_a_step_says_of_itself_does_not_count() -> None:
    """A step that moves values down is judged as a value repair, though it says that it changes a format."""
    _, town = towns()
    assert not ruled(Down(), town=town).accepted


@pytest.mark.parametrize(
    ("cells", "formats", "accepted"),
    [
        (["13/04/2025", "03/04/2025", "28/02/2025", "01/02/2025"], "%d/%m/%Y", True),
        (["13/04/2025", "03/04/2025", "28/02/2025", "01/02/2025"], "%m/%d/%Y", False),
        (["04/13/2025", "03/04/2025", "02/28/2025", "01/02/2025"], "%d/%m/%Y", False),
        (["01/04/2025", "03/04/2025", "08/02/2025", "01/02/2025"], "%d/%m/%Y", False),
        (["3. Apr 2025", "4. Apr 2025"], "%d. %b %Y", True),
    ],
)
def test_an_order_of_day_and_month_must_be_proven(cells: Cells, formats: str, *, accepted: bool) -> None:
    """Dates are read in the order that some cells prove and hardly any contradicts."""
    assert ruled(Dates(columns=("d",), formats=(formats,)), d=cells).accepted is accepted


@pytest.mark.parametrize(
    ("cells", "mark", "accepted"),
    [
        (["1.234,50", "7,5", "12,25", "1.500"], ",", True),
        (["1.234", "7.5", "12.25", "1.500"], ",", False),
        (["1,234.50", "7.5", "12.25", "1,500"], ".", True),
        (["1.234,50", "7,5", "12,25", "1,500"], ".", False),
        (["1.234", "2.345", "3.456"], ",", False),
        (["1,234", "950", "12", "871", "2,005", "13,400"], ".", True),
    ],
)
def test_a_decimal_mark_must_be_proven(cells: Cells, mark: Literal[".", ","], *, accepted: bool) -> None:
    """Numbers are read by the marks that the column shows."""
    other: Literal[".", ","] = "," if mark == "." else "."
    step = Numbers(columns=("n",), decimal_mark=mark, thousands_mark=other, currency=())
    assert ruled(step, n=cells).accepted is accepted


def test_a_unit_that_all_share_may_go_and_units_that_differ_may_not() -> None:
    """What stands behind numbers goes only where it tells nothing apart."""
    step = Numbers(columns=("w",), decimal_mark=".", thousands_mark="none", currency=(), units=("kg", "g"))
    assert ruled(step, w=["1.5 kg", "2 kg", "2.25 kg", "3"]).accepted
    assert not ruled(step, w=["1.5 kg", "2 kg", "2250 g", "3 kg"]).accepted


def test_truth_is_not_turned_round() -> None:
    """Yes is true."""
    cells = ["yes", "no", "yes", "no"]
    assert ruled(Booleans(columns=("b",)), b=cells).accepted
    assert not ruled(Booleans(columns=("b",), true=("no",), false=("yes",)), b=cells).accepted
    assert not ruled(Booleans(columns=("b",)), b=["0", "1", "2", "3", "0"]).accepted


def test_a_country_must_be_shown() -> None:
    """Numbers get the country that the column's other numbers have."""
    numbers = ["+1 415 555 2671", "(212) 555-0123", "212-555-0199", "+12025550143"]
    assert ruled(Phone(columns=("p",), region="US"), p=numbers).accepted
    assert not ruled(Phone(columns=("p",), region="US"), p=numbers[1:3]).accepted
    assert not ruled(Phone(columns=("p",), region="US"), p=[*numbers[1:3], "+49 30 1234567"]).accepted


def test_addresses_may_be_written_in_one_form() -> None:
    """The domain of an e-mail address has no case."""
    assert ruled(Email(columns=("e",)), e=["Ann@X.org", "mailto:b@x.de", "c@x.de", "d@y.com"]).accepted


def test_zeros_are_padded_only_to_the_width_of_padded_values() -> None:
    """Identifiers get back the zeros that others of the column have."""
    codes = [f"0{number}" for number in range(1000, 1030)] + [str(number) for number in range(10000, 10060)] + ["1900"]
    assert ruled(Pad(columns=("z",), width=5), z=codes).accepted
    assert not ruled(Pad(columns=("z",), width=7), z=codes).accepted
    assert not ruled(Pad(columns=("z",), width=3), z=[str(number) for number in range(150)]).accepted


def test_leading_zeros_of_identifiers_stay() -> None:
    """Numbers that begin with zeros are identifiers."""
    step = ReplaceText(columns=("z",), find="^0+", put="", regex=True)
    assert not ruled(step, z=[f"{number:05d}" for number in range(0, 20000, 170)]).accepted


def test_case_follows_the_custom_of_the_column() -> None:
    """Case changes join spellings or follow the custom; a column of another custom is not restyled."""
    codes = [f"AB-{number}" for number in range(100, 160)]
    assert ruled(Case(columns=("c",), to="upper"), c=[*codes, "ab-777"]).accepted
    assert not ruled(Case(columns=("c",), to="lower"), c=[*codes, "ab-777"]).accepted
    assert not ruled(Case(columns=("c",), to="lower"), c=["aB3", "AB3", "ab3", "Ab3", "xY9", "Xy9"] * 5).accepted


def test_blanks_at_the_ends_may_always_go() -> None:
    """Nobody sees them."""
    assert ruled(Strip(columns=("t",)), t=[" a", "b ", "c"]).accepted


def test_content_is_not_eaten() -> None:
    """A part of values that tells them apart stays."""
    titles = [f"Report {number} (part {number % 7})" for number in range(60)]
    assert not ruled(ReplaceText(columns=("t",), find=r" \(.*\)", put="", regex=True), t=titles).accepted
    assert not ruled(ReplaceText(columns=("t",), find=r"\d+", put="", regex=True), t=titles).accepted


def test_clipped_numbers_are_refused() -> None:
    """A bound is no value that was meant."""
    assert not ruled(
        Clip.model_validate({"columns": "n", "min": 0, "max": 90}), n=[str(number) for number in range(100)]
    ).accepted


def test_markers_become_null_and_values_do_not() -> None:
    """Only what is written for no value is none."""
    codes = ["DE", "FR", "NA", "US", "GB"] * 8
    assert ruled(NullMarkers(columns=("c",), markers=("N/A",)), c=[*codes, "N/A"]).accepted
    assert not ruled(NullMarkers(columns=("c",), markers=("NA",)), c=codes).accepted
    assert not ruled(NullMarkers(columns=("n",), markers=("0",)), n=["0", "1", "2"] * 5).accepted


def test_a_word_beside_empty_cells_is_an_answer() -> None:
    """Who leaves cells empty and writes None in others means it."""
    answers: list[str | None] = ["Agree", "Disagree", "None", "Strongly agree", None] * 20
    step = NullMarkers(columns=("q",), markers=("None",))
    assert not ruled(step, q=answers).accepted
    assert ruled(step, q=[answer for answer in answers if answer is not None]).accepted


def test_a_fill_must_put_back_what_is_hidden_from_it() -> None:
    """The town of a code is known; the most frequent town is a guess."""
    code, town = towns()
    values = dict(zip(code, town, strict=True))
    holes: list[str | None] = [None if row % 25 == 0 else cell for row, cell in enumerate(town)]
    assert ruled(ByCode(values=values, nulls_only=True), code=code, town=holes).accepted
    for step in (FillMode(columns=("town",)), Fill(columns=("town",), value="?!"), FillPrevious(columns=("town",))):
        assert not ruled(step, code=code, town=holes).accepted


def test_a_null_that_goes_with_another_value_is_no_gap() -> None:
    """What goes on has no end."""
    code, town = towns()
    state = ["open" if row % 5 == 0 else "closed" for row in range(400)]
    ends = [None if held == "open" else cell for held, cell in zip(state, town, strict=True)]
    step = ByCode(values=dict(zip(code, town, strict=True)), nulls_only=True)
    assert not ruled(step, code=code, town=ends, state=state).accepted


def test_shapes_are_repaired_without_guessing() -> None:
    """A sign that came in goes; a digit that is missing is not made up."""
    draw = random.Random(3)
    numbers = [f"{draw.randrange(100, 999)}-{draw.randrange(1000, 9999)}" for _ in range(200)]
    broken: dict[str, str | None] = {"5x55-1234": "555-1234", "666-78q90": "666-7890", "777-#4321": "777-4321"}
    assert ruled(MapValues(columns=("p",), values=broken), p=[*numbers, *broken]).accepted
    guessed: dict[str, str | None] = {"55-1234": "155-1234", "666-789": "666-7890", "77-4321": "177-4321"}
    assert not ruled(MapValues(columns=("p",), values=guessed), p=[*numbers, *guessed]).accepted


def test_slips_in_words_are_repaired() -> None:
    """A word that is nowhere else and like a frequent one is a slip, whatever stands beside it."""
    draw = random.Random(5)
    names = [f"{draw.choice('NSEW')} {draw.randrange(9999)} {draw.choice(CITIES)} Workshop" for _ in range(300)]
    wrong: dict[str, str | None] = {f"W 77{at} Bremen Wrokshop": f"W 77{at} Bremen Workshop" for at in range(3)}
    assert ruled(MapValues(columns=("n",), values=wrong), n=[*names, *wrong]).accepted
    other: dict[str, str | None] = {"W 771 Bremen Abbey": "W 771 Bremen Workshop"}
    assert not ruled(MapValues(columns=("n",), values=other), n=[*names, *other]).accepted


class Unspill(RowStep):
    """Move the state behind a town into its own column."""

    step: Literal["unspill"] = "unspill"
    change = "value"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name both columns."""
        return ("town", "state")

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Move it."""
        pairs = zip(data.column("town").to_pylist(), data.column("state").to_pylist(), strict=True)
        made = [(t[:-3], t[-2:]) if s is None and t[-3] == " " else (t, s) for t, s in pairs]
        return batch({"town": [town for town, _ in made], "state": [state for _, state in made]})


def test_what_spilled_into_a_neighbour_moves_back() -> None:
    """Nothing is lost where a part of one cell moves into an empty one in whose column it is at home."""
    _, town = towns()
    state: list[str | None] = [town_[:2].upper() for town_ in town]
    for row in range(0, 400, 40):
        town[row], state[row] = f"{town[row]} {state[row]}", None
    assert ruled(Unspill(), town=town, state=state).accepted


def test_what_most_rows_of_a_group_have_is_no_accident() -> None:
    """Values like frequent ones, all in one group, are the habit of that group."""
    code, town = towns()
    for row in [row for row, held in enumerate(code) if held == "Z2"]:
        code[row], town[row] = "Z2", "Leipzic"
    town[0], town[1] = "Leipzig", "Leipzig"
    town += ["Leipzig"] * 400
    code += ["Z9"] * 400
    assert not ruled(MapValues(columns=("town",), values={"Leipzic": "Leipzig"}), code=code, town=town).accepted


def test_a_marker_that_is_filled_is_a_fill() -> None:
    """A sign for no value gets a value only where the row proves it."""
    code, town = towns()
    marked: list[str] = ["?" if row % 25 == 0 else cell for row, cell in enumerate(town)]
    assert not ruled(MapValues(columns=("town",), values={"?": "Hamburg"}), code=code, town=marked).accepted


def test_copies_may_leave_and_other_rows_may_not() -> None:
    """A row leaves only if the one that stays says the same."""
    ids = [str(number) for number in range(50)]
    names = [f"n{number % 9}" for number in range(50)]
    assert ruled(Deduplicate(), id=[*ids, "7"], name=[*names, "n7"]).accepted
    assert not ruled(Deduplicate(columns=("name",)), id=ids, name=names).accepted
    drop = Filter(drop=(Condition.model_validate({"column": "name", "is": "n3"}),))
    assert not ruled(drop, id=ids, name=names).accepted


def test_rows_that_are_equal_by_chance_stay() -> None:
    """Where nothing tells one thing from another, equal rows are no copies."""
    draw = random.Random(4)
    data = {name: [draw.choice("abc") for _ in range(100)] for name in ("x", "y", "z")}
    assert not ruled(Deduplicate(), **data).accepted


def test_columns_are_not_lost() -> None:
    """A column may be renamed, and dropped only if it says nothing."""
    assert ruled(Rename(columns={"a": "b"}), a=["1", "2"], c=["x", "x"]).accepted
    assert ruled(Drop(columns=("c",)), a=["1", "2"], c=["x", "x"]).accepted
    assert not ruled(Drop(columns=("a",)), a=["1", "2"], c=["x", "x"]).accepted


def test_keys_are_left_alone() -> None:
    """No proposed step changes a cell of a declared key."""
    data = batch({"k": [" a", "b"]})
    assert not judge(Strip(columns=("k",)), Evidence(data, 2, frozenset({"k"}))).accepted


def test_a_step_that_makes_failures_is_refused() -> None:
    """The contract is evidence: more failures after than before are damage."""
    data = batch({"c": ["a ", "b"]})

    def failures(rows: pa.RecordBatch) -> int:
        return sum(not cell.endswith(" ") for cell in rows.column("c").to_pylist())

    assert not judge(Strip(columns=("c",)), Evidence(data, 2), failures=failures).accepted


def test_a_column_that_is_not_there_is_said() -> None:
    """A step on a missing column is refused, not run."""
    ruling = ruled(Strip(columns=("other",)), c=["a"])
    assert not ruling.accepted
    assert ruling.figures == {"column": "other"}


def test_figures_hold_no_text_of_cells() -> None:
    """What the gate reports can be shown to anyone."""
    steps: list[Step] = [
        MapValues(columns=("c",), values={"secret one": "secret two"}),
        NullMarkers(columns=("c",), markers=("secret one",)),
        Case(columns=("c",), to="upper"),
    ]
    for step in steps:
        ruling = ruled(step, c=["secret one", "secret two", "secret two"])
        assert "secret" not in f"{ruling.reason} {dict(ruling.figures)}".lower()


def test_no_rows_and_nulls_alone_are_judged_too() -> None:
    """A step that has nothing to do is accepted."""
    steps: list[Step] = [Strip(columns=("c",)), Deduplicate(), Filter(drop=(Condition(column="c", null=False),))]
    for step in steps:
        assert isinstance(step, FittedStep) or ruled(step, c=[]).accepted
        assert ruled(Strip(columns=("c",)), c=[None, None]).accepted
