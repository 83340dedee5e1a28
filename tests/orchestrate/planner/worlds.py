"""Datasets of invented worlds that goals are read against."""

from functools import cache
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa

from etl_agent.orchestrate.planner.given import Source, UserSql
from etl_agent.profile.profile import Profile

__all__ = ["SQL", "WORLDS", "told", "world"]

ROWS = 40


def day(i):
    return f"2026-0{i % 9 + 1}-{i % 28 + 1:02d}"


def moment(i):
    return f"{day(i)} 10:00:{i:02d}"


def code(prefix):
    return lambda i: f"{prefix}-{i:04d}"


def one_of(*values):
    return lambda i: values[i % len(values)]


def mail(i):
    return f"person{i}@example.org"


def phone(i):
    return f"+49 30 {1000000 + i}"


def note(i):
    return f"some remark number {i % 5} about it"


def cents(i):
    return f"{i * 7 % 90}.{i % 10}5"


def whole(i):
    return str(i * i % 37)


WORLDS = {
    "library": {
        "loans": {
            "loan_id": code("L"), "member_id": lambda i: str(i % 9 + 1), "isbn": lambda i: f"97831614841{i % 30:02d}",
            "loaned_on": day, "due_on": day, "returned_on": day, "fine": cents,
            "status": one_of("open", "returned", "lost"), "remarks": note, "updated_at": moment,
        },
        "members": {
            "member_id": lambda i: str(i + 1), "name": lambda i: f"Ann Brown{i}", "email": mail, "phone": phone,
            "joined_on": day, "branch": one_of("north", "south"),
        },
        "books": {"isbn": lambda i: f"97831614841{i:02d}", "title": lambda i: f"Book of {i}",
            "shelf": one_of("A1", "B2")},
    },
    "sensors": {
        "readings": {
            "SensorID": lambda i: f"s{i % 4}", "measured_at": moment, "temperature": cents, "humidity": whole,
            "battery level": whole, "unit": one_of("C", "F"),
        },
    },
    "billing": {
        "invoices": {
            "invoice_no": code("R"), "customer_no": lambda i: f"K{i % 6}", "issue_date": day, "due_date": day,
            "net_amount": cents, "tax_rate": one_of("0.07", "0.19"), "country": one_of("DE", "FR",
                "US"), "iban": code("DE"),
        },
        "payments": {"payment_id": code("P"), "invoice_no": code("R"), "paid_on": day, "amount": cents},
    },
    "school": {
        "students": {
            "student_number": code("S"), "first_name": one_of("Ann", "Bo", "Cy"), "last_name": lambda i: f"Lee{i}",
            "e-mail": mail, "birth_date": day, "phone": phone, "fax": phone, "grade": one_of("A", "B",
                "C"), "age": whole,
        },
        "course_results": {"student_number": code("S"), "course": one_of("Art", "Biology"),
            "points": whole, "passed": one_of("yes", "no")},
    },
}  # fmt: skip

SQL = (
    UserSql("daily_totals", PurePosixPath("sql/daily_totals.sql"), check=False),
    UserSql("no_orphans", PurePosixPath("sql/no_orphans.sql"), check=True),
)


@cache
def world(name):
    """Return the datasets of a world."""
    return tuple(_source(source, columns) for source, columns in WORLDS[name].items())


def _source(name, columns):
    data = {column: pa.array([make(i) for i in range(ROWS)], pa.string()) for column, make in columns.items()}
    return Source(name, (f"{name}.csv",), Profile.observe(pa.record_batch(data), np.arange(ROWS)))


def told(reading):
    """Write a reading as short lines: its wishes, the words that nothing was made of, and those to make clear."""
    taken = " ".join(wish.source for wish in reading.wishes if wish.wish == "take")
    lines = [f"take {taken}", *(_line(wish) for wish in reading.wishes if wish.wish != "take")]
    lines += [f"?? {words}" for words in reading.not_understood]
    return lines + [f"!! {words}" for words in reading.unclear]


def _line(wish):
    said = wish.model_dump(exclude={"wish", "source", "words", "by"}, exclude_defaults=True)
    values = (f"{key}={','.join(value) if isinstance(value, tuple) else value}" for key, value in said.items())
    return " ".join([wish.source, wish.wish, *values])
