"""Tables that studies are made on: a census, players, inspections, machines, hired bicycles, measured samples."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["STUDIES"]


def census(draws: Draws, rows: int) -> list[Row]:
    """Schooling by name and by number, work with rare kinds, ages as numbers and as groups, gains mostly of 0."""
    schooling = [f"{level} {form}" for level in ("Primary", "Lower", "Upper", "Higher") for form in ("part", "full")]
    schooling += ["None", "Doctorate", "7th-8th", "5th-6th", "11th", "12th", "1st-4th"]
    level = draws.zipf(draws.sample(range(len(schooling)), len(schooling)), slope=1.2)
    job = draws.zipf([f"{a}-{b}" for a, b in (draws.words(2).split() for _ in range(16))], slope=0.8)
    kin = draws.zipf(["Married", "Never-married", "Divorced", "Separated", "Widowed", "Married-AF"], slope=1.6)
    land = draws.zipf(draws.names(38), slope=2.2)
    made = []
    for _ in range(rows):
        age, school = min(max(round(draws.gauss(38, 14)), 17), 90), level()
        sex = draws.choice(["Male", "Female"])
        row = [
            str(age),
            f"{age // 10 * 10}-{age // 10 * 10 + 9}",
            job(),
            schooling[school],
            str(school + 1),
            kin(),
            sex,
        ]
        row += [
            str(round(draws.lognormvariate(8, 1)) if draws.chance(0.08) else 0),
            str(draws.choice([40, 40, 40, 50, 35, 20, 99])),
        ]
        made.append([*row, land(), draws.choices(["<=50K", ">50K"], [3, 1])[0]])
    return made


def players(draws: Draws, rows: int) -> list[Row]:
    """Clubs in leagues, namesakes, clubs that changed their manager and ground, numbers of shirts."""
    places = draws.names(40)
    clubs = {}
    for name in draws.names(70):
        club = f"{draws.choice(['FC', 'AC', 'SV', 'Real', 'SC'])} {name}"
        clubs[club] = (draws.choice(places), draws.choice(["Premier", "First", "Second A", "Second B"]), draws.person())
    role = draws.zipf(["Midfield", "Defence", "Forward", "Goalkeeper", "Left Back", "Right Back", "Sweeper"], slope=0.7)
    made = []
    for _ in range(rows):
        club = draws.choice(list(clubs))
        city, league, manager = clubs[club]
        born = draws.day(date(1975, 1, 1), days=10000)
        year = draws.randint(2005, 2020)
        row = [draws.person(), draws.choice(places), f"{born:%Y-%m-%d}", role(), str(year), club]
        made.append([*row, city, league, manager if year > 2006 else draws.person(), str(draws.randint(1, 99))])
    return made


def inspections(draws: Draws, rows: int) -> list[Row]:
    """Licences with one name each but for those that were renamed, capitals, risks in words, long lists of faults."""
    kinds = draws.zipf(
        ["RESTAURANT", "GROCERY", "SCHOOL", "BAKERY", "DAYCARE (2-6)", "DAYCARE (0-2)", "MOBILE", "SHELTER"]
    )
    venues = []
    for _ in range(rows // 5 + 1):
        name = f"{draws.last_name()}'S {draws.words(1)} {draws.choice(['INN', 'DELI', 'GRILL', ''])}".upper().strip()
        street = (
            f"{draws.randint(1, 9900)} {draws.choice('NSEW')} {draws.words(1).upper()} {draws.choice(['ST', 'AVE'])}"
        )
        venues.append((f"{draws.randint(1, 2_700_000)}", name, kinds(), street, f"606{draws.digits(2)}"))
    faults = [f"{number}. {draws.prose(3, 8).upper()}" for number in range(1, 45)]
    made = []
    for number in range(rows):
        licence, name, kind, street, code = draws.choice(venues)
        if draws.chance(0.01):
            name = f"{name} {draws.choice(['#2', 'II', 'EXPRESS'])}"
        listed = " | ".join(sorted(draws.sample(faults, draws.randint(0, 4))))
        risk = draws.choice(["Risk 1 (High)", "Risk 2 (Medium)", "Risk 3 (Low)"])
        row = [str(1_000_000 + number * 3), name, licence, kind, risk, street, "CHICORA", "IL", code]
        row += [f"{draws.day(days=2500):%m/%d/%Y}", draws.choice(["Canvass", "Complaint", "License", "Re-inspection"])]
        made.append(
            [*row, draws.choices(["Pass", "Fail", "Pass w/ Conditions", "No Entry"], [60, 20, 17, 3])[0], listed]
        )
    return made


def machines(draws: Draws, rows: int) -> list[Row]:
    """Signals of a machine: constants, slow drifts, switches, codes of states, a stop in which all is 0."""
    made = []
    heat, state, stop = 60.0, 1, 0
    for number in range(rows):
        heat += draws.gauss(0, 0.4) + (60 - heat) * 0.02
        state = draws.choice([1, 2, 3, 10, 11]) if draws.chance(0.02) else state
        stop = draws.randint(5, 30) if not stop and draws.chance(0.002) else max(stop - 1, 0)
        row = [
            str(number * 250),
            str(state),
            f"{0 if stop else heat:.2f}",
            f"{0 if stop else 2400 + draws.gauss(0, 6):.0f}",
        ]
        row += [
            str(int(draws.chance(0.5))),
            "0.5",
            f"{draws.gauss(0, 1e-3):.6f}",
            f"{draws.choice([1013, 1013, 1014])}",
        ]
        made.append(
            [*row, f"{draws.gauss(4.2, 0.02) if not stop else 0:.3f}", draws.choice(["OK", "OK", "OK", "W-01", "W-10"])]
        )
    return made


def bicycles(draws: Draws, rows: int) -> list[Row]:
    """Hours of days with codes for season and weather, a sum of two columns, few rows with the worst weather."""
    began = date(2011, 1, 1)
    made = []
    for number in range(rows):
        day, hour = began + timedelta(number // 24), number % 24
        weather = draws.choices([1, 2, 3, 4], [66, 26, 7.9, 0.1])[0]
        casual, member = round(draws.expovariate(0.03)), round(draws.expovariate(0.007))
        row = [str(number + 1), str(day), str(day.month % 12 // 3 + 1), str(day.year - 2011), str(day.month), str(hour)]
        row += [str(int(day.timetuple().tm_yday in (1, 185, 359))), str(day.weekday()), str(weather)]
        row += [
            f"{draws.uniform(0.02, 1):.2f}",
            f"{draws.uniform(0, 1):.2f}",
            f"{draws.choice([0, 0.0896, 0.1045, 0.194]):.4f}",
        ]
        made.append([*row, str(casual), str(member), str(casual + member)])
    return made


def tumours(draws: Draws, rows: int) -> list[Row]:
    """Grades from 1 to 10 of which most are 1, samples measured twice, a class."""
    made = []
    for _ in range(rows):
        bad = draws.chance(0.35)
        grades = [min(max(round(draws.gauss(6, 3) if bad else draws.expovariate(1) + 0.6), 1), 10) for _ in range(9)]
        made.append([str(draws.randint(60000, 1_400_000)), *map(str, grades), "malignant" if bad else "benign"])
    return made


STUDIES = (
    Domain(
        "census",
        9000,
        ("age", "age_group", "job", "school", "school_no", "kin", "sex", "gain", "hours", "land", "income"),
        (),
        census,
    ),
    Domain(
        "players",
        6000,
        ("name", "birthplace", "born", "position", "season", "club", "city", "league", "manager", "shirt"),
        (),
        players,
    ),
    Domain(
        "inspections",
        4000,
        (
            *("inspection", "name", "licence", "kind", "risk", "address", "city", "state", "zip", "date", "type"),
            *("result", "violations"),
        ),
        ("inspection",),
        inspections,
    ),
    Domain(
        "machines",
        6000,
        ("ms", "state", "heat", "speed", "switch", "set_point", "offset", "pressure", "current", "alarm"),
        ("ms",),
        machines,
    ),
    Domain(
        "bicycles",
        8000,
        (
            *("instant", "day", "season", "year", "month", "hour", "holiday", "weekday", "weather", "temp", "humidity"),
            *("wind", "casual", "member", "total"),
        ),
        ("instant",),
        bicycles,
    ),
    Domain(
        "tumours",
        700,
        ("sample", *(f"grade{number}" for number in range(1, 10)), "class"),
        (),
        tumours,
    ),
)
