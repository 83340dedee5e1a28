"""Narrow tables in which nearly every row tempts to one certain mistake: here even rare damage weighs."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["TRAPS"]

_ALIKE = (
    ("Austria", "Australia"),
    ("Niger", "Nigeria"),
    ("Slovakia", "Slovenia"),
    ("Iran", "Iraq"),
    ("Dominica", "Dominican Republic"),
    ("Guinea", "Guyana"),
    ("Mali", "Malawi"),
    ("Newton", "Newtown"),
    ("Ilium", "Ileum"),
    ("Hypertension", "Hypotension"),
    ("Organic", "Inorganic"),
    ("Affirmed", "Confirmed"),
    ("Perineal", "Peroneal"),
    ("Casual", "Causal"),
    ("Marital", "Martial"),
)


def near_words(draws: Draws, rows: int) -> list[Row]:
    """A frequent value and a rare one that is a slip away from it, and means something else."""
    pairs = draws.sample(_ALIKE, 8)
    frequent = [draws.choice(pair) for pair in pairs]
    rare = [one if one not in frequent else other for one, other in pairs]
    made = []
    for number in range(rows):
        word = draws.choice(rare) if draws.chance(0.02) else draws.choice(frequent)
        made.append(
            [str(number), word, draws.choice(["male", "female", "female", "male", "female", "n/k"]), draws.first_name()]
        )
    return made


def dual_sources(draws: Draws, rows: int) -> list[Row]:
    """Parts that most often come from one supplier, and by right from a second one now and then."""
    suppliers = draws.names(12)
    parts = {f"{draws.letters(2)}{draws.digits(3)}": draws.sample(suppliers, 2) for _ in range(60)}
    made = []
    for _ in range(rows):
        part = draws.choice(list(parts))
        made.append([part, parts[part][draws.chance(0.04)], str(draws.day(days=300))])
    return made


def moved(draws: Draws, rows: int) -> list[Row]:
    """Customers who moved: their later orders rightly have another street and town."""
    made: list[Row] = []
    while len(made) < rows:
        homes = [
            (f"{draws.randint(1, 99)} {draws.words(1).title()} Way", draws.name(), draws.digits(5)) for _ in range(2)
        ]
        turn, customer, day = draws.choice([99, 99, 99, 5, 7]), f"K{len(made):05d}", draws.day(days=500)
        for order in range(8):
            home = homes[order >= turn]
            made.append([customer, *home, str(day + timedelta(30 * order))])
    return made[:rows]


def panels(draws: Draws, rows: int) -> list[Row]:
    """Instruments that measure the same place at the same time, each rightly its own value."""
    made = []
    for number in range(rows // 5 + 1):
        value, place = draws.gauss(15, 8), f"site {number % 40}"
        for device in ("A", "B", "C", "D", "E"):
            hour = f"2023-05-{number // 40 % 28 + 1:02d}"
            made.append(
                [
                    device,
                    place,
                    hour,
                    f"{value + draws.choice([0, 0, 0.1, -0.1, 0.5]):.1f}",
                    draws.choice(["ok", "ok", "dew"]),
                ]
            )
    return made[:rows]


def si_units(draws: Draws, rows: int) -> list[Row]:
    """Units in which case is a factor of a billion, and numbers with as many decimals as were measured."""
    unit = draws.zipf(["MW", "kW", "mW", "W", "Mw", "GW", "nm", "mm", "Nm", "Mm"], slope=1.5)
    made = []
    for number in range(rows):
        value = draws.choice(["1.10", "1.1", "10", "10.0", "10.00", "0.5", ".5", "5e3", "5000", "1,5"])
        made.append([f"m{number}", value, unit(), draws.choice(["v1.1", "v1.10", "v1.9", "1.1-rc"])])
    return made


def full_names(draws: Draws, rows: int) -> list[Row]:
    """Towns of several words with the state among them, states rightly missing, names with or without title."""
    towns = [f"{name}{end}" for name in draws.names(30) for end in ("", " City", " OH", " Park NV")]
    town = draws.zipf(draws.sample(towns, len(towns)), slope=0.7)
    made = []
    for _ in range(rows):
        name = draws.person() + draws.choice(["", "", "", " Jr.", " III", " PhD"])
        state = draws.maybe(draws.choice(["OH", "NV", "TX"]), 0.2)
        made.append([name, town(), state, draws.maybe(draws.choice(["Dr.", "Mr.", "Ms.", "Prof."]), 0.4)])
    return made


def shifts(draws: Draws, rows: int) -> list[Row]:
    """Times of morning and evening without a sign of which, planned and actual ones that differ by hours."""
    made = []
    for number in range(rows):
        start = draws.choice(["7:30", "7:30", "19:30", "3:00", "15:00", "11:00 pm", "11:00 am", "24:00", "00:00"])
        end = draws.choice([start, "12:00", "0:00", "5:15", "17:15"])
        made.append([f"S{number}", start, end, draws.choice(["1/2/2023", "2/1/2023", "13/1/2023", "1/13/2023"])])
    return made


def answers(draws: Draws, rows: int) -> list[Row]:
    """Yes, no, No. (a number) and unknown: words that look like spellings of one thing."""
    made = []
    for _ in range(rows):
        row = [
            draws.choice(["Y", "N", "Y", "N", "U", "y/n"]),
            draws.choice(["no", "No.", "none", "nil", "NA", "null", "yes"]),
        ]
        made.append(
            [*row, draws.choice(["0", "1", "1", "0", "-1", "9"]), draws.choice(["T", "F", "t", "true", "trace"])]
        )
    return made


def grades(draws: Draws, rows: int) -> list[Row]:
    """Marks with signs that count, languages and blood groups whose last sign is all that differs."""
    grade = draws.zipf(["A", "B", "A-", "B+", "C", "A+", "C+", "D", "F", "C-", "E*"], slope=0.9)
    blood = draws.zipf(["O+", "A+", "B+", "AB+", "O-", "A-", "B-", "AB-"], slope=1.6)
    tongue = draws.zipf(["C", "C++", "C#", "Java", "J", "R", "F#", "F", "D", "A#"], slope=1.3)
    return [[str(number), grade(), blood(), tongue()] for number in range(rows)]


def counters(draws: Draws, rows: int) -> list[Row]:
    """Serial numbers with a check letter, lots that run on, years side by side: every digit is meant."""
    made = []
    for number in range(rows):
        lot = 4000 + number // 40
        row = [f"{draws.letters(1)}{1_000_000 + number * 7}", f"LOT-{lot}", str(1990 + number * 30 // rows)]
        made.append(
            [*row, f"Station {draws.choice([1, 1, 1, 2, 11, 12, 21])}", f"{lot % 7 + 1}/{draws.choice([7, 8])}"]
        )
    return made


TRAPS = (
    Domain("near_words", 3000, ("n", "word", "sex", "name"), ("n",), near_words),
    Domain("dual_sources", 2500, ("part", "supplier", "day"), (), dual_sources),
    Domain("moved", 2400, ("customer", "street", "town", "zip", "day"), (), moved),
    Domain("panels", 3000, ("device", "site", "day", "value", "state"), (), panels),
    Domain("si_units", 1500, ("id", "value", "unit", "version"), ("id",), si_units),
    Domain("full_names", 1800, ("name", "town", "state", "title"), (), full_names),
    Domain("shifts", 900, ("shift", "start", "end", "day"), ("shift",), shifts),
    Domain("answers", 1200, ("asked", "said", "code", "flag"), (), answers),
    Domain("grades", 1000, ("id", "grade", "blood", "language"), ("id",), grades),
    Domain("counters", 4000, ("serial", "lot", "year", "station", "part"), (), counters),
)
