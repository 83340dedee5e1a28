"""Tables of trade: orders, stock, parts, payments, offers of several shops, freight."""

from __future__ import annotations

from benchmarks.domains.draws import Domain, Draws, Row

__all__ = ["TRADE"]


def orders(draws: Draws, rows: int) -> list[Row]:
    """Article numbers and names that differ by one sign; states of an order of which some are rare."""
    goods = {}
    for _ in range(90):
        family, thing, price = draws.letters(2), draws.words(2).title(), draws.uniform(2, 300)
        for size in draws.sample(["S", "M", "L", "XL", "XXL"], draws.randint(1, 4)):
            goods[f"{family}-{draws.randint(100, 120)}-{size}"] = (
                f"{thing} {size}",
                draws.choice("ABCD"),
                f"{price:.2f}",
            )
    good = draws.zipf(draws.sample(list(goods), len(goods)), slope=0.8)
    states = ["shipped", "paid", "open", "returned", "cancelled", "lost", "held", "split"]
    state = draws.zipf(states, slope=2)
    made = []
    for number in range(rows):
        sku = good()
        name, group, price = goods[sku]
        ordered = draws.day(days=900)
        shipped = draws.maybe(str(ordered.replace(day=min(ordered.day + 2, 28))), 0.3)
        amount = str(min(int(draws.expovariate(0.5)) + 1, 500)) if draws.chance(0.995) else "1200"
        note = draws.maybe(draws.prose(2, 9), 0.85)
        customer = f"C-{draws.randint(1000, 2500)}"
        made.append([f"O-{number:06d}", customer, sku, name, group, amount, price, draws.choice(["EUR", "USD", "GBP"])])
        made[-1] += [str(ordered), shipped, state(), note]
    return made


def stock(draws: Draws, rows: int) -> list[Row]:
    """Units that truly differ from article to article; bins and lots that differ by one sign; case that matters."""
    made = []
    units = draws.zipf(["EA", "kg", "g", "L", "mL", "m", "mm", "BX", "PK", "ft", "lb"], slope=0.7)
    suppliers = [f"{name} {form}" for name in draws.names(25) for form in draws.sample(["Ltd", "Inc", "GmbH", "Co"], 1)]
    for number in range(rows):
        unit = units()
        pack = f"{draws.choice([1, 2, 5, 10, 12, 20, 24, 25, 50, 100, 250, 500])} {unit}"
        row = [f"{draws.letters(3)}{number:05d}", draws.words(3).capitalize(), pack, unit]
        row += [
            str(draws.randrange(0, 2000)),
            f"{draws.choice('ABCDEFGH')}{draws.randint(1, 30):02d}-{draws.choice('abcd')}",
        ]
        row += [draws.choice(suppliers), f"L{draws.randint(19, 24)}{draws.digits(4)}{draws.choice('aAbB')}"]
        row += [draws.maybe(f"{draws.uniform(0.1, 90):.3f}", 0.25), draws.choice(["Y", "N"])]
        made.append(row)
    return made


def parts(draws: Draws, rows: int) -> list[Row]:
    """Part numbers in which every digit counts, with revisions a and A; a drawing a family, with true exceptions."""
    families = {draws.digits(4): (draws.words(2), f"DWG-{draws.digits(5)}") for _ in range(60)}
    made = []
    for number in range(rows):
        family = draws.choice(list(families))
        text, drawing = families[family]
        if draws.chance(0.01):
            drawing = f"DWG-{draws.digits(5)}"
        size = f"M{draws.choice([2, 3, 4, 5, 6, 8, 10, 12])}x{draws.choice([8, 10, 12, 16, 20, 25, 30])}"
        part = f"{family}-{number // 10:03d}-{number % 10}{draws.choice('aAbB')}"
        made.append(
            [part, family, f"{text} {size}", size, drawing, draws.choices(["OK", "HOLD", "EOL"], [95, 4, 1])[0]]
        )
    return made


def payments(draws: Draws, rows: int) -> list[Row]:
    """Merchants with numbers, memos with two blanks as the bank prints them, amounts with a few huge ones."""
    codes = {str(draws.randint(3000, 8999)): draws.words(2).title() for _ in range(70)}
    merchants = [
        (f"{draws.words(1).upper()} {draws.choice(['STORE', 'CAFE', 'MART'])}", draws.choice(list(codes)))
        for _ in range(160)
    ]
    merchant = draws.zipf(merchants, slope=0.9)
    accounts = [f"XX{draws.digits(2)} {draws.digits(4)} {draws.digits(4)} {draws.digits(2)}" for _ in range(300)]
    made = []
    for _ in range(rows):
        name, code = merchant()
        amount = draws.lognormvariate(3, 1.2) * (1 if draws.chance(0.998) else 400)
        text = f"-{amount:.2f}" if draws.chance(0.8) else f"{amount:.2f}"
        booked = f"{draws.day(days=700):%d.%m.%Y}"
        memo = f"{name} #{draws.randint(1, 60):04d}  {draws.words(1).upper()}  {draws.digits(6)}"
        made.append([booked, draws.choice(accounts), text, draws.choices(["EUR", "CHF", "DKK"], [95, 4, 1])[0], code])
        made[-1] += [codes[code], memo, draws.choices(["card", "debit", "transfer", "fee"], [70, 20, 9, 1])[0]]
    return made


def offers(draws: Draws, rows: int) -> list[Row]:
    """Shops that offer the same articles, each rightly at its own price and delivery time."""
    shops = [f"{name.lower()}.example" for name in draws.names(12)]
    shipping = {shop: draws.choice(["free", "4.90", "6.99"]) for shop in shops}
    articles = [
        (draws.digits(13), draws.words(3).title(), draws.uniform(5, 400)) for _ in range(rows // len(shops) + 1)
    ]
    made = []
    for number, title, price in articles:
        for shop in shops:
            own = price if draws.chance(0.6) else price * draws.choice([0.9, 0.95, 1.05, 1.1])
            days = draws.choice(["1-2 days", "2-3 days", "3-5 days", "1 week"])
            made.append(
                [number, shop, title, f"{own:.2f}", shipping[shop], draws.choice(["in stock", "on order"]), days]
            )
    return made[:rows]


def freight(draws: Draws, rows: int) -> list[Row]:
    """Ports by code and name, weights in kg and lb that truly differ, sizes, containers with check digits."""
    ports = {f"{draws.letters(2)}{draws.letters(3)}": draws.name() for _ in range(60)}
    port = draws.zipf(list(ports), slope=0.9)
    lines = {draws.letters(4): f"{draws.name()} Line" for _ in range(9)}
    made = []
    for _ in range(rows):
        start, end, line = port(), port(), draws.choice(list(lines))
        weight, unit = draws.uniform(200, 26000), draws.choices(["kg", "lb"], [9, 1])[0]
        size = f"{draws.randint(10, 240)}x{draws.randint(10, 240)}x{draws.randint(10, 240)}"
        leaves = f"{draws.day(days=500)} {draws.randint(0, 23):02d}:{draws.randint(0, 59):02d}"
        made.append(
            [f"{line}{draws.digits(6)}-{draws.randint(0, 9)}", line, lines[line], start, ports[start], end, ports[end]]
        )
        made[-1] += [
            leaves,
            f"{weight:,.1f}",
            unit,
            size,
            draws.choices(["DRY", "REEFER", "TANK", "FLAT"], [80, 15, 4, 1])[0],
        ]
    return made


TRADE = (
    Domain(
        "orders",
        5000,
        (
            "order_id",
            "customer",
            "sku",
            "product",
            "group",
            "quantity",
            "unit_price",
            "currency",
            "ordered",
            "shipped",
            "status",
            "note",
        ),
        ("order_id",),
        orders,
    ),
    Domain(
        "stock",
        2000,
        ("article", "description", "pack", "unit", "on_hand", "bin", "supplier", "lot", "weight", "hazard"),
        ("article",),
        stock,
    ),
    Domain("parts", 6000, ("part_no", "family", "description", "size", "drawing", "state"), ("part_no",), parts),
    Domain(
        "payments",
        12000,
        ("booked", "account", "amount", "currency", "mcc", "category", "memo", "type"),
        (),
        payments,
    ),
    Domain("offers", 2400, ("ean", "shop", "title", "price", "shipping", "availability", "delivery"), (), offers),
    Domain(
        "freight",
        8000,
        (
            "container",
            "line",
            "line_name",
            "from",
            "from_name",
            "to",
            "to_name",
            "leaves",
            "weight",
            "unit",
            "size",
            "kind",
        ),
        (),
        freight,
    ),
)
