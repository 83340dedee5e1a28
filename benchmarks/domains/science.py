"""Tables of science and of letters: sensors, laboratories, species, compounds, genes, papers, films."""

from __future__ import annotations

from datetime import datetime, timedelta

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["SCIENCE"]


def sensors(draws: Draws, rows: int) -> list[Row]:
    """Stations 1, 2 and 10; one that measures in °F; nights below zero, spikes that happened."""
    stations = {f"ST-{number:02d}": (f"Station {number}", f"{draws.uniform(45, 60):.4f}") for number in range(1, 31)}
    fahrenheit = set(draws.sample(list(stations), 4))
    metrics = {"temp": "°C", "rh": "%", "wind": "m/s", "pm2.5": "µg/m³", "pm10": "µg/m³"}
    began = datetime(2021, 1, 1)
    made = []
    for number in range(rows):
        code = draws.choice(list(stations))
        name, north = stations[code]
        metric = draws.choice(list(metrics))
        unit = "°F" if metric == "temp" and code in fahrenheit else metrics[metric]
        value = (
            draws.gauss(60, 18) if unit == "°F" else draws.gauss(12, 9) if metric == "temp" else draws.expovariate(0.05)
        )
        if draws.chance(0.001):
            value *= 20
        moment = began + timedelta(minutes=10 * (number // 20))
        flag = draws.choices(["", "V", "E", "M1", "M2"], [90, 6, 2, 1, 1])[0]
        made.append([f"{moment:%Y-%m-%dT%H:%M}", code, name, north, metric, f"{value:.1f}", unit, flag])
    return made


def laboratory(draws: Draws, rows: int) -> list[Row]:
    """Results below the limit of detection, units by analyte with one lawful second unit, ranges, flags."""
    analytes = {}
    for name in [
        *draws.names(30),
        "Vitamin B6",
        "Vitamin B12",
        "Vitamin D2",
        "Vitamin D3",
        "T3",
        "T4",
        "IgA",
        "IgE",
        "IgG",
        "IgM",
    ]:
        low = draws.uniform(0.1, 50)
        unit = draws.choice(["mg/dL", "mmol/L", "g/L", "U/L", "µg/L", "ng/mL"])
        analytes[name] = (unit, low, low * draws.uniform(1.5, 4))
    analyte = draws.zipf(list(analytes), slope=0.7)
    made = []
    for number in range(rows):
        name = analyte()
        unit, low, high = analytes[name]
        value = draws.uniform(low * 0.8, high * 1.1) * (1 if draws.chance(0.98) else 9)
        flag = "L" if value < low else "H" if value > high else ""
        shown = f"<{low * 0.1:.1f}" if draws.chance(0.04) else f"{value:.1f}"
        taken = f"{draws.day(days=300):%d-%b-%Y}"
        row = [f"S{number // 4:06d}", name, shown, unit, f"{low:.1f}-{high:.1f}", flag, taken]
        made.append([*row, draws.choices(["A1", "A2", "B1"], [50, 45, 5])[0], draws.maybe(draws.prose(2, 6), 0.9)])
    return made


def species(draws: Draws, rows: int) -> list[Row]:
    """Latin names that differ by their ending, families ending alike, authors in brackets or not."""
    families = [f"{name}{ending}" for name, ending in zip(draws.names(24), ["idae", "aceae", "inae"] * 8, strict=True)]
    genera = {
        f"{name}{ending}": draws.choice(families)
        for name in draws.names(90)
        for ending in draws.sample(["us", "a", "um", "is"], 2)
    }
    orders = {family: f"{draws.name()}{draws.choice(['iformes', 'ales'])}" for family in families}
    epithets = [f"{draws.name().lower()}{ending}" for _ in range(160) for ending in ("us", "a", "ensis")]
    made = []
    for number in range(rows):
        genus = draws.choice(list(genera))
        author = f"{draws.last_name()}, {draws.randint(1758, 2015)}"
        status = draws.zipf(["LC", "NT", "VU", "EN", "CR", "DD", "EX", "NE", "EW"], slope=1.4)()
        row = [f"T{number:05d}", orders[genera[genus]], genera[genus], genus, f"{genus} {draws.choice(epithets)}"]
        made.append(
            [*row, f"({author})" if draws.chance(0.4) else author, status, draws.maybe(draws.words(2).title(), 0.5)]
        )
    return made


def compounds(draws: Draws, rows: int) -> list[Row]:
    """Formulae in which case and every digit count (CO, Co), registry numbers with check digits."""
    endings = ("ane", "ene", "yne", "ol", "al", "one", "ide", "ite", "ate")
    elements = ("C", "H", "N", "O", "P", "Cl", "Na", "K", "Co", "Cu", "Mn", "No", "Os", "Po", "Si", "Sc", "In", "Cs")
    made = []
    for _ in range(rows):
        parts = draws.sample(elements, draws.randint(1, 4))
        formula = "".join(part + draws.choice(["", "", "2", "3", "4", "6", "12"]) for part in parts)
        body, mid = str(draws.randint(50, 99999)), draws.digits(2)
        check = sum(place * int(digit) for place, digit in enumerate(reversed(body + mid), 1)) % 10
        name = f"{draws.choice(['', '2-', '3-', 'N-', 'L-', 'D-'])}{draws.name().lower()}{draws.choice(endings)}"
        row = [
            formula,
            name,
            f"{body}-{mid}-{check}",
            f"{draws.uniform(18, 600):.3f}",
            draws.choice(["solid", "liquid", "gas"]),
        ]
        made.append(
            [
                *row,
                draws.maybe(f"{draws.uniform(-180, 900):.1f}", 0.3),
                draws.maybe(f"{draws.uniform(0.6, 8):.2f}", 0.4),
            ]
        )
    return made


def genes(draws: Draws, rows: int) -> list[Row]:
    """Symbols that look like dates or differ by case between species, chromosomes 1 to 22, X, Y and MT."""
    roots = [draws.letters(3) for _ in range(120)] + ["SEPT", "MARCH", "DEC"]
    chromosomes = [*map(str, range(1, 23)), "X", "Y", "MT"]
    made = []
    for number in range(rows):
        human = draws.chance(0.6)
        symbol = f"{draws.choice(roots)}{draws.randint(1, 19)}{draws.choice(['', '', 'A', 'B', 'L'])}"
        start = draws.randint(10_000, 240_000_000)
        row = [f"G{number:07d}", symbol if human else symbol.capitalize(), "human" if human else "mouse"]
        row += [draws.choice(chromosomes), str(start), str(start + draws.randint(300, 90_000)), draws.choice("+-")]
        row += [
            draws.choices(
                ["protein_coding", "lncRNA", "miRNA", "snRNA", "rRNA", "TR_C_gene"], [60, 25, 10, 3, 1.5, 0.5]
            )[0]
        ]
        made.append([*row, "".join(draws.choices("ACGT", k=draws.randint(12, 30)))])
    return made


def papers(draws: Draws, rows: int) -> list[Row]:
    """Titles as free text, journals with their short names, authors with initials, pages, many gaps."""
    journals = {}
    for _ in range(rows // 9 + 2):
        words = draws.sample(draws.words(20).split(), draws.randint(2, 4))
        full = "Journal of " + " ".join(word.capitalize() for word in words)
        journals[full] = (
            "J. " + " ".join(word[:4].capitalize() + "." for word in words),
            f"{draws.digits(4)}-{draws.digits(3)}{draws.choice('0123456789X')}",
        )
    journal = draws.zipf(list(journals), slope=0.8)
    made = []
    for number in range(rows):
        name = journal()
        short, issn = journals[name]
        authors = ", ".join(
            f"{draws.last_name()} {draws.letters(1)}{draws.choice(['', draws.letters(1)])}"
            for _ in range(draws.randint(1, 6))
        )
        first = draws.randint(1, 2000)
        pages = f"{first}-{first + draws.randint(2, 30)}" if draws.chance(0.9) else f"e{first}"
        title = draws.prose(5, 16) + draws.choice(["", ".", "?"])
        row = [
            str(300000 + number * 7),
            title,
            draws.choices(["eng", "fre", "ger", "spa", "por"], [90, 4, 3, 2, 1])[0],
            name,
        ]
        row += [
            short,
            draws.maybe(issn, 0.1),
            draws.maybe(str(draws.randint(1, 120)), 0.1),
            draws.maybe(str(draws.randint(1, 12)), 0.3),
        ]
        made.append([*row, draws.maybe(pages, 0.15), f"{draws.day():%Y-%m}", authors])
    return made


def films(draws: Draws, rows: int) -> list[Row]:
    """Titles and their sequels, genres as lists, lengths with a unit, votes over six decades of size."""
    genres = [word.title() for word in draws.words(14).split()]
    titles = [draws.words(draws.randint(1, 3)).title() for _ in range(rows // 2 + 1)]
    country = draws.zipf(
        ["USA", "UK", "France", "India", "Japan", "Italy", "Iran", "Mali", "Niger", "Nigeria", "Austria", "Australia"]
    )
    made = []
    for number in range(rows):
        title = draws.choice(titles) + draws.choice(["", "", "", " 2", " 3", " II", " III", " (Director's Cut)"])
        row = [f"tt{draws.digits(4)}{number:05d}", title, str(draws.randint(1931, 2022)), draws.person()]
        row += [
            ", ".join(draws.sample(genres, draws.randint(1, 3))),
            draws.maybe(f"{draws.randint(61, 190)} min", 0.08),
        ]
        row += [f"{draws.gauss(6.2, 1.1):.1f}", str(round(draws.lognormvariate(7, 2.5)))]
        row += [country(), draws.maybe(draws.choice(["G", "PG", "PG-13", "R", "NC-17", "NR", "Not Rated"]), 0.2)]
        made.append([*row, draws.maybe(f"{draws.person()}, {draws.person()}", 0.05)])
    return made


SCIENCE = (
    Domain(
        "sensors", 20000, ("time", "station", "station_name", "lat", "metric", "value", "unit", "flag"), (), sensors
    ),
    Domain(
        "laboratory",
        3000,
        ("sample", "analyte", "result", "unit", "range", "flag", "taken", "device", "comment"),
        (),
        laboratory,
    ),
    Domain(
        "species",
        1200,
        ("taxon", "order", "family", "genus", "name", "author", "status", "common"),
        ("taxon",),
        species,
    ),
    Domain(
        "compounds", 400, ("formula", "name", "registry", "molar_mass", "state", "melting", "density"), (), compounds
    ),
    Domain(
        "genes",
        1500,
        ("gene", "symbol", "species", "chromosome", "start", "end", "strand", "biotype", "primer"),
        ("gene",),
        genes,
    ),
    Domain(
        "papers",
        1000,
        ("id", "title", "language", "journal", "short", "issn", "volume", "issue", "pages", "published", "authors"),
        ("id",),
        papers,
    ),
    Domain(
        "films",
        4000,
        ("id", "title", "year", "director", "genre", "duration", "rating", "votes", "country", "certificate", "cast"),
        ("id",),
        films,
    ),
)
