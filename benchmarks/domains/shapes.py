"""Tables that are odd by their shape or signs: tiny, narrow, sparse, of numbers, many scripts, many spellings."""

from __future__ import annotations

import hashlib

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["SHAPES"]


def weblog(draws: Draws, rows: int) -> list[Row]:
    """Paths and agents with a long tail, addresses that differ by a digit, bytes over many sizes, a dash as a value."""
    paths = [
        "/",
        *(f"/{draws.words(1)}/{draws.randint(1, 40)}" for _ in range(300)),
        *(f"/static/{name.lower()}.js" for name in draws.names(20)),
    ]
    path = draws.zipf(paths)
    agents = [
        f"{draws.name()}/{draws.randint(1, 99)}.{draws.randint(0, 9)} ({draws.choice(['X11', 'Win64', 'Mobile'])})"
        for _ in range(60)
    ]
    agent = draws.zipf(agents)
    status = draws.zipf(["200", "304", "404", "301", "206", "500", "403", "418", "502"], slope=2)
    made = []
    for number in range(rows):
        host = f"10.{draws.randint(0, 3)}.{draws.randint(0, 255)}.{draws.randint(1, 254)}"
        time = f"{draws.randint(0, 23):02d}:{number % 60:02d}:{draws.randint(0, 59):02d}"
        row = [
            host,
            f"2024-03-{1 + number * 28 // rows:02d} {time}",
            draws.choices(["GET", "POST", "HEAD", "get"], [90, 8, 1.9, 0.1])[0],
        ]
        row += [path(), status(), draws.choice(["-", str(round(draws.lognormvariate(8, 2)))])]
        made.append([*row, draws.choice(["-", f"https://{draws.choice(agents)[:3].lower()}.example/"]), agent()])
    return made


def timetable(draws: Draws, rows: int) -> list[Row]:
    """Several sources that report the same trips; here they agree, and the errors come later."""
    sources = [f"{name.lower()}" for name in draws.names(16)]
    trips = []
    for number in range(rows // len(sources) + 1):
        start = draws.randint(300, 1300)
        late, length = round(draws.expovariate(0.08)) - 5, draws.randint(50, 320)
        moments = (start, start + late, start + length, start + length + late + draws.randint(-9, 9))
        code = f"{draws.letters(2)}-{100 + number * 7}-{draws.letters(3)}-{draws.letters(3)}"
        trips.append(
            [
                code,
                *(f"{at // 60 % 24:02d}:{at % 60:02d}" for at in moments),
                f"{draws.letters(1)}{draws.randint(1, 40)}",
            ]
        )
    return [[source, *trip[:5], trip[5]] for trip in trips for source in sources if draws.chance(0.9)][:rows]


def countries(draws: Draws, rows: int) -> list[Row]:
    """Codes of two letters among which is NA, numbers with leading zeros, a continent NA, names alike."""
    codes = ["NA", "NO", "NI", "NU", *draws.distinct(min(rows, 400), lambda: draws.letters(2))]
    continents = ["AF", "AS", "EU", "NA", "SA", "OC", "AN"]
    currencies = [draws.letters(3) for _ in range(50)]
    made = []
    for number, code in enumerate(list(dict.fromkeys(codes))[:rows]):
        name = draws.name() + draws.choice(["", "", "ia", " Islands", " (North)", " (South)"])
        row = [code, code + draws.letters(1), f"{4 * number + 4:03d}", name, draws.name(), draws.choice(continents)]
        made.append([*row, draws.choice(currencies), f"+{draws.randint(1, 999)}", draws.choice(["left", "right"])])
    return made


def tiny(draws: Draws, rows: int) -> list[Row]:
    """Fifty rows, in which everything is rare."""
    return [
        [
            draws.name(),
            draws.choice(["red", "green", "blue", "grey", "gray-green"]),
            str(draws.randint(1, 20)),
            str(draws.day()),
        ]
        for _ in range(rows)
    ]


def names_only(draws: Draws, rows: int) -> list[Row]:
    """One column of names, some of which differ by a letter."""
    return [[draws.person()] for _ in range(rows)]


def numbers(draws: Draws, rows: int) -> list[Row]:
    """Numbers only: correlated, skewed, whole, with zeros, with outliers, with a code -999 that is documented."""
    made = []
    for number in range(rows):
        base = draws.gauss(0, 1)
        row = [
            str(number),
            f"{base:.4f}",
            f"{base * 2 + draws.gauss(0, 0.1):.4f}",
            str(draws.randint(0, 9)),
            str(draws.randint(0, 1)),
        ]
        row += [
            f"{draws.lognormvariate(0, 2):.3f}",
            str(draws.choice([0, 0, 0, 1, 2, 90])),
            f"{draws.paretovariate(1.2):.2f}",
        ]
        made.append(
            [
                *row,
                str(round(draws.gauss(1e6, 2e5))),
                str(draws.choice([-999, draws.randint(1, 50)])),
                f"{draws.random():.2e}",
            ]
        )
    return made


def sparse(draws: Draws, rows: int) -> list[Row]:
    """Thirty columns, most cells of which have no value; some columns have a handful of them."""
    shares = [draws.choice([0.1, 0.5, 0.8, 0.95, 0.995]) for _ in range(29)]
    words = [[word.title() for word in draws.words(draws.choice([2, 5, 30])).split()] for _ in range(15)]
    made = []
    for number in range(rows):
        values = [
            draws.choice(words[place]) if place < 15 else str(draws.randint(0, 10 ** (place % 5 + 1)))
            for place in range(29)
        ]
        made.append([str(number), *(draws.maybe(value, share) for value, share in zip(values, shares, strict=True))])
    return made


def multilingual(draws: Draws, rows: int) -> list[Row]:
    """Words in many scripts, with and without accents where both are right, full-width signs, two blanks on purpose."""
    roots = [
        "café",
        "cafe",
        "résumé",
        "resume",
        "naïve",
        "über",
        "uber",
        "señor",
        "senor",
        "zażółć",
        "ёлка",
        "елка",
        "мир",
    ]
    roots += [
        "水",
        "氷",
        "茶",
        "茶色",
        "東京",
        "京都",
        "서울",
        "서울역",
        "שלום",
        "سلام",
        "καλημέρα",
        "καλή",
        "ﬁn",
        "ﾃｽﾄ",
        "テスト",
    ]
    languages = draws.zipf(["fr", "de", "es", "ru", "ja", "ko", "he", "ar", "el", "pl"], slope=0.6)
    made = []
    for number in range(rows):
        text = draws.choice([" ", "  ", "・", "-"]).join(draws.choices(roots, k=draws.randint(1, 4)))
        made.append(
            [
                f"{number:04d}",
                languages(),
                draws.choice(roots),
                text,
                draws.maybe(draws.choice(["✓", "✗", "½", "№ 5"]), 0.5),
            ]
        )
    return made


def mixed(draws: Draws, rows: int) -> list[Row]:
    """Columns in which several spellings are right: dates known to the day or the year only, sizes, versions."""
    made = []
    for number in range(rows):
        day = draws.day()
        when = draws.choice(
            [str(day), str(day)[:7], str(day.year), f"c. {day.year - 150}", f"{day.year}-{day.year + 2}", "n.d."]
        )
        size = draws.choice(
            [
                f"{draws.randint(4, 7)} ft {draws.randint(0, 11)} in",
                f"{draws.uniform(1, 2):.2f} m",
                f"{draws.randint(100, 200)} cm",
            ]
        )
        version = ".".join(str(draws.randint(0, 12)) for _ in range(draws.randint(1, 4))) + draws.choice(
            ["", "", "-rc1", "b2"]
        )
        mark = draws.choice(["A", "A-", "B+", "B", "b", "C", "Pass", "pass/fail", "10/10", "7", "n/a yet"])
        made.append(
            [
                f"{draws.choice('XYZ')}{number}",
                when,
                size,
                version,
                mark,
                draws.choice(["yes", "Yes!", "no", "No (see note)"]),
            ]
        )
    return made


def digests(draws: Draws, rows: int) -> list[Row]:
    """Digests, colours in both cases, tokens: nothing in them may be touched."""
    made = []
    for number in range(rows):
        digest = hashlib.sha256(f"{draws.random()}".encode()).hexdigest()
        colour = f"#{draws.getrandbits(24):06x}"
        size = f"{draws.randint(1, 999)}{draws.choice(['K', 'M', 'G', 'k'])}"
        made.append(
            [digest, digest[:7], colour.upper() if draws.chance(0.5) else colour, f"file ({number % 9}).txt", size]
        )
    return made


def elections(draws: Draws, rows: int) -> list[Row]:
    """Votes by precinct; a candidate belongs to one party but for a few who ran for two."""
    parties = [f"{word.title()} Party" for word in draws.words(5).split()]
    stood = {draws.person(): draws.choice(parties) for _ in range(40)}
    counties = draws.names(25)
    made = []
    for _ in range(rows):
        person = draws.choice(list(stood))
        party = stood[person] if draws.chance(0.985) else "Write-in"
        county = draws.choice(counties)
        place = f"{county} {draws.randint(1, 30)}{draws.choice(['', '', 'A', 'B'])}"
        office = draws.zipf(
            ["Mayor", "Council 1", "Council 2", "Council 10", "Clerk", "Assessor", "Coroner"], slope=0.8
        )()
        made.append(
            [
                county,
                place,
                office,
                person,
                party,
                str(round(draws.lognormvariate(4, 1.2))),
                draws.choice(["EV", "ED", "MAIL"]),
            ]
        )
    return made


SHAPES = (
    Domain("weblog", 15000, ("host", "time", "method", "path", "status", "bytes", "referrer", "agent"), (), weblog),
    Domain(
        "timetable", 2000, ("source", "trip", "plan_leave", "leave", "plan_arrive", "arrive", "gate"), (), timetable
    ),
    Domain(
        "countries",
        240,
        ("alpha2", "alpha3", "number", "name", "capital", "continent", "currency", "dial", "drives"),
        ("alpha2",),
        countries,
    ),
    Domain("tiny", 50, ("name", "colour", "count", "day"), (), tiny),
    Domain("names_only", 300, ("name",), (), names_only),
    Domain(
        "numbers",
        5000,
        ("n", "a", "b", "digit", "bit", "skewed", "few", "heavy", "large", "coded", "small"),
        ("n",),
        numbers,
    ),
    Domain("sparse", 3000, ("id", *(f"f{number}" for number in range(29))), ("id",), sparse),
    Domain("multilingual", 700, ("id", "lang", "word", "phrase", "mark"), ("id",), multilingual),
    Domain("mixed", 1000, ("id", "when", "size", "version", "mark", "answer"), ("id",), mixed),
    Domain("digests", 500, ("sha", "short", "colour", "file", "size"), ("sha",), digests),
    Domain("elections", 4000, ("county", "precinct", "office", "candidate", "party", "votes", "mode"), (), elections),
)
