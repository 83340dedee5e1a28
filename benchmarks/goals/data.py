"""The datasets that the goals are about: small, messy, made from a seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

__all__ = ["DATASETS", "write_datasets"]

Rows = Iterator[Sequence[object]]
_FIRST = ("Ada", "Björn", "Chen", "Dina", "Efe", "Fatou", "Goran", "Hina", "Ivo", "Jana")
_LAST = ("Adler", "Brandt", "Costa", "Duarte", "Eriksen", "Fuchs", "Gupta", "Haddad", "Ito", "Jansen")
_DAY = date(2026, 3, 1)


def _name(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def _mail(name: str, number: int) -> str:
    return f"{name.lower().replace(' ', '.').replace('ö', 'oe')}{number}@example.org"


def _seldom(rng: random.Random, value: object, other: object, share: float) -> object:
    return other if rng.random() < share else value


def _loans(rng: random.Random, *, first: int) -> Rows:
    yield "loan_id", "member_id", "isbn", "lent_on", "returned_on", "fee", "branch"
    for number in range(first, first + 90):
        lent = _DAY + timedelta(days=rng.randrange(90))
        back = lent + timedelta(days=rng.randrange(1, 40))
        yield (
            f"L{number:06d}",
            f"M{rng.randrange(120):05d}",
            f"97802{rng.randrange(10**8):08d}",
            f"{lent:%d.%m.%Y}",
            _seldom(rng, f"{back:%d.%m.%Y}", "", 0.2),
            f"{rng.randrange(0, 900) / 100:.2f}".replace(".", ","),
            rng.choice(("North", "South", "Harbour")),
        )


def _members(rng: random.Random) -> Rows:
    yield "member_id", "full_name", "e_mail", "phone", "joined", "active", "updated_at"
    for number in range(120):
        name = _name(rng)
        moment = datetime(2026, 4, 1) + timedelta(minutes=rng.randrange(60_000))
        yield (
            f"M{number:05d}",
            name,
            _seldom(rng, _mail(name, number), "", 0.05),
            f"+49 30 {rng.randrange(10**6, 10**7)}",
            (_DAY - timedelta(days=rng.randrange(2000))).isoformat(),
            rng.choice(("yes", "no")),
            f"{moment:%Y-%m-%d %H:%M:%S}",
        )


def _readings(rng: random.Random) -> Rows:
    yield "sensor", "read_at", "temperature", "humidity", "status"
    for number in range(150):
        moment = datetime(2026, 5, 1) + timedelta(minutes=15 * (number // 5))
        yield (
            f"S-{number % 5}",
            f"{moment:%Y-%m-%d %H:%M:%S}",
            f"{rng.gauss(21, 4):.1f}",
            rng.randrange(20, 95),
            rng.choice(("ok", "ok", "ok", "low", "fault")),
        )


def _invoices(rng: random.Random) -> Rows:
    yield "invoice_no", "customer_no", "issued", "net", "vat", "currency", "paid"
    for number in range(140):
        net = rng.randrange(500, 300_000) / 100
        yield (
            f"INV-{number:05d}",
            f"{rng.randrange(1, 40):04d}",
            f"{_DAY + timedelta(days=rng.randrange(120)):%m/%d/%Y}",
            f"{net:,.2f}",
            f"{net * 0.19:,.2f}",
            rng.choice(("EUR", "USD", "GBP")),
            rng.choice(("Y", "N")),
        )


def _payments(rng: random.Random) -> Rows:
    yield "payment_id", "invoice_no", "paid_on", "amount", "method"
    for number in range(130):
        yield (
            f"P{number:07d}",
            f"INV-{rng.randrange(140):05d}",
            (_DAY + timedelta(days=rng.randrange(150))).isoformat(),
            f"{rng.randrange(500, 300_000) / 100:.2f}",
            rng.choice(("card", "transfer", "cash")),
        )


def _students(rng: random.Random) -> Rows:
    yield "matric_no", "name", "programme", "semester", "gpa", "email", "last_modified"
    for number in range(110):
        name = _name(rng)
        yield (
            f"{20_000_000 + number * 7}",
            name,
            rng.choice(("Physics", "History", "Law")),
            rng.randrange(1, 12),
            f"{rng.uniform(1, 4):.1f}",
            _mail(name, number),
            f"{datetime(2026, 2, 1) + timedelta(minutes=rng.randrange(90_000)):%Y-%m-%d %H:%M:%S}",
        )


def _stock(rng: random.Random) -> Rows:
    yield "sku", "warehouse", "quantity", "counted_at"
    for number in range(160):
        yield (
            f"SK{number // 4:04d}",
            ("Oslo", "Turin", "Porto", "Graz")[number % 4],
            rng.randrange(0, 500),
            f"{datetime(2026, 6, 1) + timedelta(minutes=rng.randrange(40_000)):%Y-%m-%d %H:%M:%S}",
        )


def _employees(rng: random.Random) -> Rows:
    yield "emp_id", "name", "salary", "department", "email", "hired", "notes"
    for number in range(100):
        name = _name(rng)
        yield (
            f"E{number:04d}",
            name,
            f"{rng.randrange(30_000, 120_000)}",
            rng.choice(("Sales", "Research", "Finance")),
            _mail(name, number),
            (_DAY - timedelta(days=rng.randrange(4000))).isoformat(),
            _seldom(rng, "", f"talked to {rng.choice(_FIRST)}", 0.3),
        )


def _articles(rng: random.Random) -> Rows:
    yield "sku", "title", "price", "category", "weight"
    for number in range(40):
        yield (
            f"SK{number:04d}",
            f"{rng.choice(('Lamp', 'Chair', 'Desk'))} no. {number}",
            f"${rng.randrange(500, 500_000) / 100:,.2f}",
            rng.choice(("light", "seat", "table")),
            f"{rng.randrange(1, 400) / 10:.1f}",
        )


def _trips(rng: random.Random) -> Rows:
    yield "trip_id", "vehicle", "started_at", "ended_at", "distance", "driver_email"
    for number in range(120):
        start = datetime(2026, 7, 1) + timedelta(minutes=rng.randrange(40_000))
        yield (
            f"T{number:05d}",
            f"V{rng.randrange(9)}",
            f"{start:%Y-%m-%d %H:%M:%S}",
            f"{start + timedelta(minutes=rng.randrange(5, 300)):%Y-%m-%d %H:%M:%S}",
            f"{rng.randrange(1, 3000) / 10:.1f}",
            _mail(_name(rng), number),
        )


DATASETS: Mapping[str, Mapping[str, Callable[[random.Random], Rows]]] = {
    "loans": {
        "loans_2026-03.csv": lambda rng: _loans(rng, first=0),
        "loans_2026-04.csv": lambda rng: _loans(rng, first=90),
    },
    "members": {"members.csv": _members},
    "readings": {"readings.csv": _readings},
    "invoices": {"invoices.csv": _invoices},
    "payments": {"payments.csv": _payments},
    "students": {"students.csv": _students},
    "stock_levels": {"stock_levels.csv": _stock},
    "employees": {"employees.csv": _employees},
    "articles": {"articles.csv": _articles},
    "trips": {"trips.csv": _trips},
}
"""The files of each dataset."""


def write_datasets(folder: Path, *, seed: int = 7) -> Mapping[str, tuple[Path, ...]]:
    """Write every file, and return the files of each dataset."""
    written: dict[str, tuple[Path, ...]] = {}
    for name, files in DATASETS.items():
        paths = []
        for file, rows in files.items():
            path = folder / file
            with path.open("w", encoding="utf-8", newline="") as out:
                csv.writer(out).writerows(rows(random.Random(f"{seed} {file}")))
            paths.append(path)
        written[name] = tuple(paths)
    return written
