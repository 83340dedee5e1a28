"""Tables of all the rest for the final figures only, of domains that nobody looks at while building cleaning."""

from __future__ import annotations

from functools import partial

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["UNSEEN_WORLD"]


def courses(draws: Draws, rows: int) -> list[Row]:
    """Lectures and their laboratories (CHEM 101, CHEM 101L), rooms, two lawful names of one weekday pattern."""
    subjects = {draws.letters(4): draws.words(1).title() for _ in range(14)}
    titles = {}
    for subject, thing in subjects.items():
        for _ in range(9):
            number = f"{subject} {draws.randint(100, 499)}"
            titles[number] = f"{thing} {draws.choice(['I', 'II', 'III', 'Seminar', 'Methods'])}"
    units = {number: draws.choice(["1", "2", "3", "3", "4", "1-4"]) for number in titles}
    halls = draws.names(9)
    hours = ("8:00-8:50", "9:30-10:45", "14:00-15:15", "18:00-20:50")
    made = []
    for number in range(rows):
        code, lab = draws.choice(list(titles)), draws.chance(0.2)
        days = draws.choices(["MWF", "TR", "TuTh", "MW", "F", "Sa", "TBA"], [40, 25, 5, 20, 6, 1, 3])[0]
        row = [str(20000 + number), code + "L" * lab, titles[code] + " Lab" * lab, "1" if lab else units[code], days]
        row += [draws.choice(hours), f"{draws.choice(halls)} {draws.randint(1, 4)}{draws.digits(2)}"]
        made.append([*row, f"{draws.last_name()}, {draws.letters(1)}.", f"{draws.randint(0, 60)}/60"])
    return made


def stars(draws: Draws, rows: int) -> list[Row]:
    """Places on the sky, spectral types with signs, names of one star that differ by A and B."""
    lights = ("V", "III", "II", "IV", "Ia", "Ib", "IV-V", "")
    made = []
    for number in range(rows):
        right = f"{draws.randint(0, 23):02d}h{draws.randint(0, 59):02d}m{draws.uniform(0, 59):04.1f}s"
        down = f"{draws.choice('+-')}{draws.randint(0, 89):02d}°{draws.randint(0, 59):02d}′"
        kind = f"{draws.choice('OBAFGKM')}{draws.randint(0, 9)}{draws.choice(lights)}"
        row = [f"XQ {number // 2 + 1000}{'AB'[number % 2]}", draws.maybe(draws.name(), 0.7), right, down, kind]
        row += [f"{draws.gauss(8, 2):.2f}", draws.maybe(f"{draws.gauss(0, 30):+.1f}", 0.3)]
        made.append([*row, f"{draws.uniform(0.1, 200):.2f} ± {draws.random():.2f}"])
    return made


def cases(draws: Draws, rows: int) -> list[Row]:
    """Parties against parties, numbers of files with a year, judges and their courts, decisions with rare ones."""
    kinds = ("District Court", "Circuit Court")
    courts = {f"{name} {draws.choice(kinds)}": [f"Hon. {draws.person()}" for _ in range(4)] for name in draws.names(12)}
    outcomes = ["affirmed", "reversed", "dismissed", "settled", "remanded", "affirmed in part", "vacated", "moot"]
    outcome = draws.zipf(outcomes, slope=1.1)
    made = []
    for number in range(rows):
        court = draws.choice(list(courts))
        side = draws.choice([draws.person(), f"{draws.name()} Corp.", f"State of {draws.name()}", "In re"])
        docket = f"{draws.randint(0, 23):02d}-cv-{number:05d}"
        row = [
            docket,
            f"{side} v. {draws.last_name()}",
            court,
            draws.choice(courts[court]),
            str(draws.day()),
            outcome(),
        ]
        cited = f"{draws.randint(1, 999)} F.{draws.choice(['2d', '3d'])} {draws.randint(1, 1500)}"
        made.append([*row, draws.maybe(cited, 0.4), draws.maybe(draws.prose(6, 25), 0.3)])
    return made


def stops(draws: Draws, rows: int) -> list[Row]:
    """Stops with two directions, zones, lines as lists, streets named alike."""
    streets = [f"{word.title()} {kind}" for word in draws.words(50).split() for kind in ("St", "Rd")]
    made = []
    for number in range(rows):
        one, other = draws.sample(streets, 2)
        lines = sorted(draws.sample(["1", "2", "4", "4A", "4B", "12", "12X", "N1"], draws.randint(1, 3)))
        row = [f"{1000 + number}", f"{one} & {other}", draws.choice(["NB", "SB", "EB", "WB"])]
        row += [f"{51 + draws.random():.5f}", f"{-draws.random():.5f}"]
        row += [*draws.choices(["A", "B", "C", "A/B"], [50, 30, 19, 1]), ",".join(lines), draws.choice(["Y", "N", ""])]
        made.append([*row, f"{draws.randint(4, 6):02d}:{draws.choice(['05', '20', '50'])}"])
    return made


def climate(draws: Draws, rows: int) -> list[Row]:
    """A basin a station, trace amounts as T, missing as M, flags behind numbers."""
    basins = draws.names(8)
    made: list[Row] = []
    while len(made) < rows:
        name = f"{draws.name()} {draws.randint(1, 9)} {draws.choice(['N', 'S', 'NE', 'SW'])}"
        code, basin, base = draws.digits(6), draws.choice(basins), draws.gauss(9, 6)
        for year in range(1990, 2020):
            rain = draws.choices([f"{draws.gammavariate(4, 200):.1f}", "T", "M"], [96, 2, 2])[0]
            snow = draws.choice(["0", "T", f"{draws.expovariate(0.05):.0f}", f"{draws.expovariate(0.05):.0f}*"])
            warm = f"{base + draws.gauss(0, 0.8):.1f}"
            made.append([code, name, basin, str(year), warm, rain, snow, str(draws.randint(60, 200))])
    return made[:rows]


def recipes(draws: Draws, rows: int) -> list[Row]:
    """Amounts as fractions and ranges, units short and long that the cook meant, ingredients alike."""
    things = [f"{word}{end}" for word in draws.words(60).split() for end in ("", " (dried)")]
    thing = draws.zipf(draws.sample(things, len(things)))
    kinds = ("Soup", "Stew", "Pie", "Salad")
    dishes = [f"{draws.words(2).title()} {draws.choice(kinds)}" for _ in range(rows // 7 + 1)]
    made = []
    for number in range(rows):
        amount = draws.choice(["1/2", "1", "2", "1-2", "1 1/2", "¾", "a pinch", "100", "250"])
        unit = draws.choice(["g", "cup", "cups", "tbsp", "tsp", "", "ml"])
        how = draws.maybe(draws.choice(["chopped", "peeled", "optional", "to taste"]), 0.6)
        made.append([dishes[number // 7], str(number % 7 + 1), amount, unit, thing(), how])
    return made


_unseen = partial(Domain, final=True)

UNSEEN_WORLD = (
    _unseen(
        "courses",
        1200,
        ("crn", "course", "title", "units", "days", "hours", "room", "lecturer", "seats"),
        ("crn",),
        courses,
    ),
    _unseen("stars", 600, ("star", "name", "ra", "dec", "type", "magnitude", "velocity", "distance"), ("star",), stars),
    _unseen(
        "cases",
        1000,
        ("docket", "title", "court", "judge", "decided", "outcome", "cited", "summary"),
        ("docket",),
        cases,
    ),
    _unseen(
        "stops",
        500,
        ("stop", "name", "bound", "lat", "lon", "zone", "lines", "shelter", "first"),
        ("stop",),
        stops,
    ),
    _unseen("climate", 1500, ("station", "name", "basin", "year", "mean", "rain", "snow", "frost_free"), (), climate),
    _unseen("recipes", 2200, ("dish", "line", "amount", "unit", "ingredient", "how"), (), recipes),
)
