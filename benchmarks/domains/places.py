"""Tables about places: schools, roads, restaurants, houses for sale."""

from __future__ import annotations

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["PLACES"]


def schools(draws: Draws, rows: int) -> list[Row]:
    """Postal codes that lie in two towns, towns of one name in two counties, schools named alike."""
    counties = {
        name: [f"{draws.name()}{draws.choice(['', ' Falls', ' City', ' Heights'])}" for _ in range(6)]
        for name in draws.names(16)
    }
    places = []
    for county, towns in counties.items():
        for town in towns:
            places += [(code, town, county) for code in (f"{draws.randint(48000, 49999)}" for _ in range(2))]
    places += [(code, draws.choice(counties[county]), county) for code, _, county in draws.sample(places, 12)]
    places += [(f"{draws.randint(48000, 49999)}", places[0][1], draws.choice(list(counties))) for _ in range(3)]
    named = draws.names(60)
    made = []
    for number in range(rows):
        code, town, county = draws.choice(places)
        kind = draws.choice(["Elementary School", "Middle School", "High School", "Academy", "Charter School"])
        name = f"{draws.choice([town, draws.choice(named)])} {kind}" + draws.choice(
            ["", "", "", " No. 1", " No. 2", " East", " West"]
        )
        grades = {"E": "K-5", "M": "6-8", "H": "9-12"}.get(kind[0], draws.choice(["K-8", "K-12", "PK-5"]))
        row = [f"{number + 10001:07d}", name, f"{town} Public Schools", town, county, "MI", code, grades]
        row += [
            draws.maybe(str(round(draws.lognormvariate(5.9, 0.5))), 0.03),
            draws.maybe(f"{draws.uniform(10, 26):.1f}", 0.08),
        ]
        made.append([*row, "Yes" if "Charter" in kind or draws.chance(0.01) else "No", draws.phone()])
    return made


def roads(draws: Draws, rows: int) -> list[Row]:
    """Routes 1-N and 1-S, towns with numbers, measured miles, identifiers of machines."""
    towns = {str(number): draws.name().upper() for number in range(1, 70)}
    routes = [f"{number}-{way}" for number in draws.sample(range(1, 400), 60) for way in ("N", "S", "E", "W")]
    made = []
    for number in range(rows):
        begin, town = draws.uniform(0, 60), draws.choice(list(towns))
        row = [
            str(number + 1),
            draws.choice(routes),
            f"{begin:.2f}",
            f"{begin + draws.expovariate(0.5):.2f}",
            draws.choice(routes),
        ]
        row += [draws.choices(["PRI", "SEC", "N/O"], [6, 3, 1])[0], town, towns[town], str(draws.choice([2021, 2022]))]
        made.append(
            [*row, f"{draws.getrandbits(32):08x}-{draws.getrandbits(16):04x}", f"{draws.expovariate(0.0003):.6f}"]
        )
    return made


def restaurants(draws: Draws, rows: int) -> list[Row]:
    """Kitchens with a long tail, houses of one chain that differ by a number, prices as signs."""
    kitchens = [word.title() for word in draws.words(40).split()]
    kitchen = draws.zipf([*kitchens, f"{kitchens[0]} (New)", f"{kitchens[1]}/{kitchens[2]}"], slope=1.5)
    cities = draws.names(14)
    city = draws.zipf(cities)
    chains = [f"{draws.last_name()}'s {draws.words(1).title()}" for _ in range(20)]
    made = []
    for _ in range(rows):
        name = (
            f"{draws.choice(chains)} {draws.randint(1, 9)}"
            if draws.chance(0.3)
            else f"{draws.words(2).title()} {draws.choice(['Cafe', 'Café', 'Grill', 'Bar'])}"
        )
        way, kind = draws.choice(["N.", "S.", "E.", "W.", ""]), draws.choice(["St.", "Ave.", "Blvd."])
        address = f"{draws.randint(1, 999)} {way} {draws.words(1).title()} {kind}"
        made.append([name, " ".join(address.split()), city(), draws.phone().replace("-", "/", 1), kitchen()])
        made[-1] += ["$" * draws.choices([1, 2, 3, 4], [30, 45, 20, 5])[0], f"{draws.choice(range(10, 51, 5)) / 10}"]
        made[-1] += [draws.maybe(f"{draws.randint(6, 11)}am-{draws.randint(8, 12)}pm", 0.15)]
    return made


def houses(draws: Draws, rows: int) -> list[Row]:
    """Prices with a few true outliers, half baths, agents who share a surname, places as numbers."""
    quarters = {draws.digits(5): (draws.name(), draws.uniform(40, 45), -draws.uniform(80, 90)) for _ in range(22)}
    agencies = {
        f"{draws.last_name()} & {draws.last_name()} Realty": [draws.person() for _ in range(6)] for _ in range(9)
    }
    made = []
    for number in range(rows):
        code = draws.choice(list(quarters))
        quarter, north, west = quarters[code]
        agency = draws.choice(list(agencies))
        area = round(draws.lognormvariate(7.4, 0.35))
        price = round(area * draws.uniform(110, 320), -2) * (1 if draws.chance(0.99) else 12)
        kind = draws.zipf(["Single Family", "Condo", "Townhouse", "Multi Family", "Lot", "Houseboat"], slope=1.8)()
        listed = draws.day(days=400)
        made.append(
            [f"MLS{draws.digits(3)}{number:04d}", f"{draws.randint(1, 900)} {draws.words(1).title()} Ct", quarter, code]
        )
        made[-1] += [
            str(draws.randint(1, 6)),
            str(draws.choice([1, 1.5, 2, 2.5, 3])),
            f"{area:,}",
            f"${price:,.0f}",
            kind,
        ]
        made[-1] += [agency, draws.choice(agencies[agency]), f"{listed:%m/%d/%Y}", str(draws.randint(1890, 2023))]
        made[-1] += [f"{north + draws.gauss(0, 0.02):.6f}", f"{west + draws.gauss(0, 0.02):.6f}"]
    return made


PLACES = (
    Domain(
        "schools",
        1500,
        (
            "school_id",
            "school",
            "district",
            "city",
            "county",
            "state",
            "zip",
            "grades",
            "enrolled",
            "ratio",
            "charter",
            "phone",
        ),
        ("school_id",),
        schools,
    ),
    Domain(
        "roads",
        2500,
        ("object", "route", "begin", "end", "overlap", "role", "town", "town_name", "year", "global_id", "length"),
        ("object",),
        roads,
    ),
    Domain(
        "restaurants",
        600,
        ("name", "address", "city", "phone", "kitchen", "price", "stars", "hours"),
        (),
        restaurants,
    ),
    Domain(
        "houses",
        900,
        (
            "listing",
            "address",
            "quarter",
            "zip",
            "beds",
            "baths",
            "sqft",
            "price",
            "type",
            "agency",
            "agent",
            "listed",
            "built",
            "lat",
            "lon",
        ),
        ("listing",),
        houses,
    ),
)
