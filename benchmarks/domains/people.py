"""Tables about people: contacts, payroll, survey answers, tax records, visits to a clinic, results of matches."""

from __future__ import annotations

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["PEOPLE"]

_STATES = (
    "AL",
    "AR",
    "CO",
    "ID",
    "IA",
    "KS",
    "ME",
    "MI",
    "MN",
    "MO",
    "MT",
    "NE",
    "NV",
    "OH",
    "OR",
    "TN",
    "UT",
    "VT",
    "WA",
    "WY",
)


def _places(draws: Draws, count: int) -> list[tuple[str, str, str, str]]:
    """Make postal codes with city, state and county; some cities have several, some names occur in two states."""
    cities = draws.names(max(count // 3, 2))
    places = []
    for code in draws.distinct(count, lambda: draws.digits(5)):
        city = draws.choice(cities)
        spot = Draws(f"{city}:{draws.chance(0.02)}")
        places.append((code, city, spot.choice(_STATES), f"{spot.name()} County"))
    return places


def contacts(draws: Draws, rows: int) -> list[Row]:
    """Names that differ by one letter are different people; mail and telephone are each one's own."""
    places = _places(draws, rows // 4)
    hosts = ("mail.example", "post.example", "inbox.example.net", "uni.example.edu")
    made = []
    for number in range(rows):
        first, last = draws.first_name(), draws.last_name()
        mail = f"{first}.{last}{draws.choice(['', '', str(draws.randint(1, 99))])}@{draws.choice(hosts)}".lower()
        code, city, state, _ = draws.choice(places)
        street = f"{draws.randint(1, 9900)} {draws.words(1).title()} {draws.choice(['St', 'Ave', 'Rd', 'Ln', 'Blvd'])}"
        unit = draws.maybe(f"Apt {draws.randint(1, 40)}{draws.choice(['', 'A', 'B'])}", 0.8)
        joined = str(draws.day())
        made.append([str(1000 + number), first, last, mail, draws.phone(), street, unit, city, state, code, joined])
    return made


def payroll(draws: Draws, rows: int) -> list[Row]:
    """Titles with a long tail of single ones; grades I, II and III; a manager a department but for true exceptions."""
    titles = [f"{word.title()} {job}" for word in draws.words(14).split() for job in ("Clerk", "Engineer", "Analyst")]
    titles += [f"{job} {grade}" for job in ("Engineer", "Analyst", "Nurse") for grade in ("I", "II", "III", "IV")]
    title = draws.zipf(draws.sample(titles, len(titles)), slope=1.4)
    departments = {f"D{number}": (draws.words(1).title(), draws.person()) for number in range(10, 34)}
    made = []
    for number in range(rows):
        code = draws.choice(list(departments))
        department, manager = departments[code]
        if draws.chance(0.015):
            manager = draws.person()
        rate = f"{draws.lognormvariate(3.4, 0.4):.2f}"
        kind = draws.choices(["FT", "PT", "TEMP", "Ft. Ops"], [80, 15, 4, 1])[0]
        made.append(
            [f"E{number:05d}", draws.person(), title(), code, department, manager, kind, rate, str(draws.day())]
        )
    return made


def survey(draws: Draws, rows: int) -> list[Row]:
    """Answers of which some are rare and right; NA is Namibia; refusals are answers."""
    countries = [
        "US",
        "GB",
        "DE",
        "FR",
        "NO",
        "SE",
        "NA",
        "NE",
        "NG",
        "NI",
        "NL",
        "NZ",
        "LI",
        "LU",
        "LT",
        "LV",
        "LA",
        "LB",
    ]
    country = draws.zipf(countries, slope=1.3)
    scale = ("Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree", "Don't know", "None")
    gender = draws.zipf(["Female", "Male", "Non-binary", "Other", "Prefer not to say", "Agender", "Fluid"], slope=2.4)
    ages = ("<18", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")
    work = draws.zipf(["Employed", "Unemployed", "Self-employed", "Student", "Retired", "Carer", "On leave"], slope=1.5)
    tools = [f"{word.title()}" for word in draws.words(9).split()]
    made = []
    for number in range(rows):
        used = "; ".join(draws.sample(tools, draws.randint(1, 4)))
        answers = [draws.choice(scale) for _ in range(5)]
        remark = draws.maybe(draws.prose(4, 20), 0.7)
        age, years = draws.choice(ages), draws.choices([*"0123456789", "10+"], [9, *range(10, 0, -1)])[0]
        made.append([str(number + 1), country(), gender(), age, work(), *answers, used, years, remark])
    return made


def tax(draws: Draws, rows: int) -> list[Row]:
    """Rates that follow from state and salary, exemptions from state and marriage, area codes from the state."""
    places = _places(draws, min(rows // 8, 900))
    areas = {state: draws.sample(range(201, 990), 4) for state in _STATES}
    rates = {state: [round(draws.uniform(0, 7), 2) for _ in range(4)] for state in _STATES}
    exempt = {(state, married): draws.randrange(0, 9000, 50) for state in _STATES for married in "MS"}
    made = []
    for _ in range(rows):
        code, city, state, _county = draws.choice(places)
        married, children = draws.choice("MS"), draws.choices(["Y", "N"], [2, 3])[0]
        salary = draws.randrange(5000, 100000, 5)
        made.append(
            [
                draws.first_name(),
                draws.last_name(),
                draws.choice("FM"),
                str(draws.choice(areas[state])),
                f"{draws.randint(200, 999)}-{draws.digits(4)}",
                city,
                state,
                code,
                married,
                children,
                str(salary),
                f"{rates[state][min(salary // 25000, 3)]:g}",
                str(exempt[state, married]),
                str(draws.randrange(0, 3000, 100) if children == "Y" else 0),
            ]
        )
    return made


def clinic(draws: Draws, rows: int) -> list[Row]:
    """Codes of diagnosis that differ by one sign, age groups with signs, outliers that are the sick ones."""
    codes = draws.distinct(140, lambda: f"{draws.letters(1)}{draws.digits(2)}.{draws.randint(0, 9)}")
    diagnoses = {
        code: draws.prose(2, 5) + draws.choice(["", ", left", ", right", " type 1", " type 2"]) for code in codes
    }
    code = draws.zipf(codes)
    wards = {f"W{number}": draws.words(1).title() for number in range(1, 12)}
    doctors = {ward: [f"Dr. {draws.person()}" for _ in range(4)] for ward in wards}
    patients = {f"P{number:06d}": (draws.choice("FM"), draws.day(days=3000)) for number in range(rows // 3 + 1)}
    groups = ("<1", "1-4", "5-14", "15-44", "45-64", ">=65")
    made = []
    for number in range(rows):
        patient = draws.choice(list(patients))
        sex, born = patients[patient]
        diagnosis, ward = code(), draws.choice(list(wards))
        high = round(draws.gauss(125, 14)) if draws.chance(0.98) else draws.randint(190, 260)
        low = high - draws.randint(25, 60)
        temperature = f"{draws.gauss(36.8, 0.5) if draws.chance(0.97) else draws.uniform(39, 41.5):.1f}"
        admitted = draws.day()
        made.append(
            [
                f"V{number:06d}",
                patient,
                sex,
                str(born),
                draws.choice(groups),
                f"{admitted.month}/{admitted.day}/{admitted.year}",
                ward,
                wards[ward],
                draws.choice(doctors[ward]),
                diagnosis,
                diagnoses[diagnosis],
                draws.maybe(f"{high}/{low}", 0.2),
                draws.maybe(temperature, 0.3),
                draws.choices(["home", "transfer", "AMA", "deceased"], [90, 8, 1.5, 0.5])[0],
            ]
        )
    return made


def matches(draws: Draws, rows: int) -> list[Row]:
    """Seasons that differ by a digit, scores, a home ground a club but for matches played elsewhere."""
    towns = draws.names(18)
    clubs = [f"{town} {kind}" for town in towns for kind in draws.sample(["United", "City", "Rovers", "FC"], 1)]
    clubs += [f"{towns[0]} Athletic", f"{towns[1]} Town", f"{clubs[2]} II", f"{clubs[3]} U21"]
    grounds = {club: f"{draws.words(1).title()} {draws.choice(['Park', 'Road', 'Stadium'])}" for club in clubs}
    made = []
    for number in range(rows):
        year = 2010 + number * 12 // rows
        home, away = draws.sample(clubs, 2)
        ground = grounds[home] if draws.chance(0.97) else draws.choice(list(grounds.values()))
        day = draws.day().replace(year=year, day=draws.randint(1, 28))
        goals = [min(int(draws.expovariate(0.6)), 11) for _ in range(2)]
        crowd = round(draws.lognormvariate(9, 0.8)) if year != 2020 or draws.chance(0.3) else 0
        season, score, crowd_text = f"{year}/{(year + 1) % 100:02d}", f"{goals[0]}-{goals[1]}", str(crowd)
        made.append([season, str(day), f"{draws.randint(12, 20)}:{draws.choice(['00', '15', '30', '45'])}", home, away])
        made[-1] += [score, crowd_text, ground, draws.maybe(draws.person(), 0.1)]
    return made


PEOPLE = (
    Domain(
        "contacts",
        800,
        ("id", "first_name", "last_name", "email", "phone", "street", "unit", "city", "state", "zip", "joined"),
        ("id",),
        contacts,
    ),
    Domain(
        "payroll",
        1500,
        ("emp_no", "name", "title", "dept", "department", "manager", "status", "hourly_rate", "hired"),
        ("emp_no",),
        payroll,
    ),
    Domain(
        "survey",
        2500,
        ("respondent", "country", "gender", "age", "work", "q1", "q2", "q3", "q4", "q5", "tools", "years", "remark"),
        ("respondent",),
        survey,
    ),
    Domain(
        "tax",
        10000,
        (
            "fname",
            "lname",
            "gender",
            "areacode",
            "phone",
            "city",
            "state",
            "zip",
            "marital",
            "haschild",
            "salary",
            "rate",
            "single_exemp",
            "child_exemp",
        ),
        (),
        tax,
    ),
    Domain(
        "clinic",
        3000,
        (
            "visit",
            "patient",
            "sex",
            "born",
            "age_group",
            "admitted",
            "ward",
            "ward_name",
            "doctor",
            "icd",
            "diagnosis",
            "blood_pressure",
            "temperature",
            "discharge",
        ),
        ("visit",),
        clinic,
    ),
    Domain(
        "matches",
        2000,
        ("season", "date", "kickoff", "home", "away", "score", "attendance", "ground", "referee"),
        (),
        matches,
    ),
)
