"""Dates: few dates follow the form of the many."""

from datetime import date, timedelta

from etl_agent.decide.propose import dates

DAYS = [date(2020, 1, 1) + timedelta(days=7 * week) for week in range(60)]


def written(form: str) -> list[str]:
    """Write the days in a form."""
    return [day.strftime(form) for day in DAYS]


def test_few_dates_follow_the_convention(cleaned) -> None:
    """Other formats that nothing can be taken for are written as the column writes its dates."""
    cells = [*written("%m/%d/%Y"), "2020-04-03", "3 Apr 2020", "20200403"]
    assert cleaned({"x": cells}, dates.propose)["x"] == [*written("%m/%d/%Y"), *["04/03/2020"] * 3]


def test_one_form_stays_whatever_it_is(cleaned) -> None:
    """What is consistent is not converted."""
    cells = written("%d.%m.%Y")
    assert cleaned({"x": cells}, dates.propose)["x"] == cells


def test_day_and_month_are_read_only_where_cells_prove_them(cleaned) -> None:
    """03/04/2020 is read as the cells beside it show; where they show nothing, it stays."""
    cells = written("%Y-%m-%d")
    assert cleaned({"x": [*cells, "03/04/2020"]}, dates.propose)["x"][-1] == "03/04/2020"
    assert cleaned({"x": [*cells, "03/04/2020", "25/04/2020"]}, dates.propose)["x"][-2:] == ["2020-04-03", "2020-04-25"]
    torn = [*cells, "03/04/2020", "25/04/2020", "04/25/2020"]
    assert cleaned({"x": torn}, dates.propose)["x"] == torn


def test_an_order_that_nothing_shows_is_not_written(cleaned) -> None:
    """Where the column's own form may be day or month first, nothing is written in it."""
    cells = [f"0{month}/0{day}/2020" for month in range(1, 7) for day in range(1, 7)] + ["2020-04-13"]
    assert cleaned({"x": cells}, dates.propose)["x"] == cells


def test_lost_digits_of_dates_that_come_again_are_left(cleaned) -> None:
    """In a column of few dates, 2008/12/6 is rather one of them that lost a digit than a new one."""
    cells = ["2008/12/16", "2008/03/18"] * 30
    assert cleaned({"x": [*cells, "2008/12/6"]}, dates.propose)["x"][-1] == "2008/12/6"
    assert cleaned({"x": [*cells, "2008/3/18"]}, dates.propose)["x"][-1] in ("2008/3/18", "2008/03/18")


def test_two_common_forms_stay(cleaned) -> None:
    """Without a convention nobody can say which is right."""
    cells = [*written("%Y-%m-%d"), *written("%d %b %Y")]
    assert cleaned({"x": cells}, dates.propose)["x"] == cells
