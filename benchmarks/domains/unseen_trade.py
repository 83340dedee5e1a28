"""Tables of money and goods for the final figures only, of domains that nobody looks at while building cleaning."""

from __future__ import annotations

from functools import partial

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["UNSEEN_TRADE"]


def bonds(draws: Draws, rows: int) -> list[Row]:
    """Ratings that differ by a sign, coupons, issuers with several bonds that differ by the year."""
    issuers = {}
    for name in draws.names(60):
        for form in ("AG", "plc", "SA")[: draws.randint(1, 3)]:
            issuers[f"{name} {form}"] = (draws.letters(2), draws.choice(["Energy", "Bank", "State", "Retail"]))
    ratings = ["A", "A-", "A+", "AA", "AA-", "AA+", "BBB", "BBB-", "BBB+", "AAA", "BB", "B", "CCC+", "D", "NR"]
    rating = draws.zipf(ratings, slope=0.8)
    made = []
    for _ in range(rows):
        issuer = draws.choice(list(issuers))
        country, sector = issuers[issuer]
        coupon, year = draws.choice([0, 0.125, 0.5, 1.25, 2, 3.375, 4.75]), draws.randint(2024, 2061)
        due = f"{draws.randint(1, 28):02d}/{draws.randint(1, 12):02d}/{year}"
        row = [f"{country}{draws.digits(10)}", issuer, f"{issuer} {coupon:g}% {year}", sector, f"{coupon:.3f}", due]
        row += [draws.maybe(rating(), 0.1), draws.maybe(f"{draws.gauss(98, 6):.2f}", 0.05)]
        made.append([*row, draws.choices(["EUR", "USD", "GBP", "JPY", "SEK"], [60, 30, 7, 2, 1])[0]])
    return made


def wines(draws: Draws, rows: int) -> list[Row]:
    """Wineries in one region each but for a few with two, grapes with a long tail, reviews as free text."""
    regions = {name: draws.choice(["Valmora", "Terrana", "Osteland", "Nordmark"]) for name in draws.names(40)}
    wineries = {}
    for name in draws.names(200):
        house = draws.choice(["Château", "Chateau", "Domaine", "Bodega", ""])
        wineries[f"{house} {name}".strip()] = draws.choice(list(regions))
    grapes = [*(word.title() for word in draws.words(40).split()), "Pinot", "Pinot Gris", "Pinot Grigio"]
    draw_grape = draws.zipf(grapes, slope=1.2)
    made = []
    for number in range(rows):
        winery = draws.choice(list(wineries))
        region = wineries[winery] if draws.chance(0.985) else draws.choice(list(regions))
        year = str(draws.randint(1994, 2019)) if draws.chance(0.95) else "NV"
        grape = draw_grape()
        row = [str(number), f"{winery} {year} {grape}", winery, region, regions[region], grape, year]
        row += [str(draws.randint(80, 100)), draws.maybe(str(round(draws.lognormvariate(3.2, 0.7))), 0.07)]
        made.append([*row, draws.prose(12, 40) + "."])
    return made


def vehicles(draws: Draws, rows: int) -> list[Row]:
    """Models that differ by a letter (320i, 320d), numbers of chassis, odometers with a true zero."""
    makes = draws.names(18, least=1, most=2)
    models = {}
    for end in ("", "i", "d", "e", "S", "s"):
        for _ in range(14):
            series = f"{draws.choice(['', 'C', 'X', 'Q'])}{draws.randint(1, 8)}{draws.choice(['00', '20', '50'])}"
            models[f"{series}{end}"] = draws.choice(makes)
    model = draws.zipf(draws.sample(list(models), len(models)), slope=0.6)
    colours = ["white", "black", "grey", "silver", "blue", "red", "green", "grey metallic", "gold", "mauve"]
    colour = draws.zipf(colours, slope=1.3)
    made = []
    for _ in range(rows):
        chosen = model()
        row = ["".join(draws.choices("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", k=17)), models[chosen], chosen]
        row += [str(draws.randint(1998, 2024))]
        row += draws.choices(["petrol", "diesel", "electric", "hybrid", "LPG"], [50, 35, 8, 6, 1])
        row += [f"{0 if draws.chance(0.07) else round(draws.lognormvariate(11, 0.6))} km", colour()]
        row += [f"€{draws.lognormvariate(9.5, 0.6):,.0f}", draws.maybe(f"{draws.choice(['1.0', '1.6', '2.0'])} L", 0.1)]
        made.append([*row, draws.maybe(draws.prose(3, 12), 0.5)])
    return made


def claims(draws: Draws, rows: int) -> list[Row]:
    """Policies and their parts (-01, -02), causes with rare ones, a huge loss now and then, dates without signs."""
    causes = {f"{draws.randint(100, 999)}": draws.words(2) for _ in range(45)}
    cause = draws.zipf(list(causes), slope=1.3)
    adjusters = [draws.person() for _ in range(25)]
    offices = {adjuster: draws.choice(["North", "South", "East", "West", "North-East"]) for adjuster in adjusters}
    made = []
    for number in range(rows):
        code, adjuster = cause(), draws.choice(adjusters)
        loss = draws.lognormvariate(7.5, 1) * (1 if draws.chance(0.997) else 300)
        policy = f"POL-{draws.randint(100000, 100400)}-{draws.randint(1, 3):02d}"
        row = [f"CL{number:07d}", policy, f"{draws.day(days=2000):%Y%m%d}", code, causes[code], f"{loss:.2f}"]
        row += [f"{loss * draws.choice([0, 0.5, 0.8, 1]):.2f}"]
        row += draws.choices(["OPEN", "CLOSED", "REOPENED", "DENIED"], [30, 60, 2, 8])
        made.append([*row, adjuster, offices[adjuster] if draws.chance(0.99) else "North"])
    return made


def bookings(draws: Draws, rows: int) -> list[Row]:
    """Room kinds of one letter, countries of three, agents with a number or none, rooms that were changed."""
    kinds = ("Inn", "Hotel", "Lodge")
    hotels = {f"H{number}": f"{draws.words(1).title()} {draws.choice(kinds)}" for number in range(1, 15)}
    country = draws.zipf([draws.letters(3) for _ in range(90)], slope=1.2)
    made = []
    for number in range(rows):
        hotel, room = draws.choice(list(hotels)), draws.choice("ABCDEFG")
        row = [str(number), hotel, hotels[hotel], f"{draws.day(days=800):%d %b %Y}", str(draws.randint(1, 14))]
        row += [country(), room, room if draws.chance(0.9) else draws.choice("ABCDEFG")]
        row += draws.choices(["BB", "HB", "FB", "SC", "Undefined"], [70, 18, 2, 9, 1])
        row += [draws.maybe(str(draws.randint(1, 300)), 0.4), f"{draws.gammavariate(6, 18):.2f}"]
        made.append([*row, *draws.choices(["No Deposit", "Non Refund", "Refundable"], [88, 11, 1])])
    return made


def meters(draws: Draws, rows: int) -> list[Row]:
    """Readings that only grow, gaps, an address a meter, tariffs that changed in the middle of the year."""
    made: list[Row] = []
    while len(made) < rows:
        meter, unit = f"{draws.digits(3)}-{draws.digits(5)}", draws.choice(["kWh", "m³"])
        address = f"{draws.words(1).title()} Street {draws.randint(1, 99)}{draws.choice(['', 'a', 'b'])}"
        reading, tariff = draws.uniform(0, 90000), draws.choice(["T1", "T2", "T1/N"])
        change = draws.choice([13, 13, 13, draws.randint(2, 12)])
        for month in range(1, 13):
            reading += draws.expovariate(0.004)
            row = [meter, address, f"2023-{month:02d}", draws.maybe(f"{reading:09.1f}", 0.03), unit]
            made.append([*row, tariff if month < change else "T3", draws.choice(["A", "A", "E"])])
    return made[:rows]


_unseen = partial(Domain, final=True)

UNSEEN_TRADE = (
    _unseen(
        "bonds",
        1800,
        ("isin", "issuer", "bond", "sector", "coupon", "due", "rating", "price", "currency"),
        ("isin",),
        bonds,
    ),
    _unseen(
        "wines",
        5000,
        ("id", "title", "winery", "region", "country", "grape", "year", "points", "price", "review"),
        ("id",),
        wines,
    ),
    _unseen(
        "vehicles",
        3000,
        ("vin", "make", "model", "year", "fuel", "mileage", "colour", "price", "engine", "remark"),
        ("vin",),
        vehicles,
    ),
    _unseen(
        "claims",
        7000,
        ("claim", "policy", "lost", "cause", "cause_text", "loss", "paid", "status", "adjuster", "office"),
        ("claim",),
        claims,
    ),
    _unseen(
        "bookings",
        9000,
        (
            *("id", "hotel", "hotel_name", "arrival", "nights", "country", "reserved", "assigned", "board", "agent"),
            *("rate", "deposit"),
        ),
        ("id",),
        bookings,
    ),
    _unseen("meters", 3600, ("meter", "address", "month", "reading", "unit", "tariff", "how"), (), meters),
)
