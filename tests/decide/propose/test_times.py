"""Times of day: few times follow the form of the many."""

from etl_agent.decide.propose import times

HALVES = [f"{hour}:{minute:02d} {half}" for hour in range(1, 13) for minute in (5, 40) for half in ("a.m.", "p.m.")]


def test_few_times_follow_the_convention(cleaned) -> None:
    """Dates, remarks and other clocks are written as the column writes its times."""
    cells = [*HALVES, "9:05 PM", "7:10aMar 14", "21:30", "9:30 p.m. (Estimated)"]
    wanted = [*HALVES, "9:05 p.m.", "7:10 a.m.", "9:30 p.m.", "9:30 p.m."]
    assert cleaned({"x": cells}, times.propose)["x"] == wanted


def test_one_form_stays_whatever_it_is(cleaned) -> None:
    """What is consistent is not converted."""
    assert cleaned({"x": HALVES}, times.propose)["x"] == HALVES


def test_no_convention_no_proposal(cleaned) -> None:
    """Where two forms are common, nobody can say which is right."""
    cells = [*HALVES, *(f"{hour:02d}:15" for hour in range(24))]
    assert cleaned({"x": cells}, times.propose)["x"] == cells


def test_times_without_a_half_of_the_day_stay(cleaned) -> None:
    """9:05 alone can be morning or evening."""
    cells = [*HALVES, "9:05", "12:30"]
    assert cleaned({"x": cells}, times.propose)["x"] == cells


def test_columns_that_only_mention_times_stay(cleaned) -> None:
    """Free text is none of times."""
    cells = [f"meet at {time}" for time in HALVES]
    assert cleaned({"x": cells}, times.propose)["x"] == cells


def test_times_that_have_a_form_of_their_own_stay(cleaned) -> None:
    """Where eleven o'clock always says which half of the day is meant, and no other hour does, that is a habit."""
    cells = [*["7:30", "19:30", "3:00", "15:00", "12:00"] * 30, *["11:00 pm", "11:00 am"] * 8]
    assert cleaned({"x": cells}, times.propose)["x"] == cells
