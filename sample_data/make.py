#!/usr/bin/env python3
"""Write the sample files: python sample_data/make.py [FOLDER].

Small and realistic, with the dirt that real exports have. Every run writes the same content: the only source of
chance is ``Random.random``, whose sequence is the same in all versions of Python. Telephone numbers are from the
ranges that regulators keep for fiction where there is one, and e-mail domains are those of RFC 2606.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import TypeVar

__all__ = ["content", "main"]

T = TypeVar("T")

FIRST = ("Anna", "Bernd", "Chipo", "Daniel", "Elif", "Frances", "Hilma", "Jonas", "Maria", "Ndapewa", "Oliver")
LAST = ("Amupolo", "Brown", "Dupont", "Evans", "Garcia", "Hamutenya", "Iyambo", "Köhler", "Müller", "O'Neill", "Weiß")
PLACES = {
    "DE": (("Berlin", "10115"), ("Dresden", "01067"), ("Köln", "50667")),
    "FR": (("Paris", "75001"), ("Nice", "06000")),
    "GB": (("London", "SW1A 1AA"), ("Leeds", "LS1 4AP")),
    "NA": (("Windhoek", "10005"), ("Swakopmund", "13001")),
    "US": (("Boston", "02108"), ("Denver", "80202")),
}
PHONES = {
    "DE": ("+49 30 23125 {:03d}", "030/23125{:03d}", "0049 30 23125-{:03d}", "(030) 23 125 {:03d}"),
    "FR": ("+33 1 99 00 1{:03d}", "0033 1 99 00 1{:03d}", "+33.1.99.00.1{:03d}"),
    "GB": ("+44 20 7946 0{:03d}", "+44 (0)20 7946 0{:03d}", "0044 20 79460{:03d}"),
    "NA": ("+264 61 000 0{:03d}", "00264-61-0000{:03d}"),
    "US": ("+1 617 555 0{:03d}", "+1 (617) 555-0{:03d}", "001 617.555.0{:03d}"),
}
STREETS = ("Station Road", "Mill Lane", "Market Square", "Garden Street")
GOODS = (("SKU-0007", 450), ("SKU-0042", 1990), ("SKU-0108", 12900), ("SKU-0311", 124900), ("SKU-0999", 3495))
ORDER = (
    "order_id",
    "ordered_at",
    "customer_id",
    "sku",
    "quantity",
    "unit_price",
    "discount",
    "total",
    "payment",
    "gift",
    "note",
)
PAYMENTS = ("card", "card", "invoice", "cash", "voucher")
NOTES = ("", "", "", "", "Leave at the door", "Gift wrap, please", 'Marked "fragile"', "Call first\nthen deliver")
BRANCHES = ("München", "Köln", "Nürnberg", "Saarbrücken", "Berlin")
TOWNS = {"Augsburg": "86150", "Bremen": "28195", "Freiburg": "79098", "Hannover": "30159", "Leipzig": "04109"}
TYPED = {
    "Augsburg": "Augsbrug",
    "Bremen": "Bremn",
    "Freiburg": "Freibrug",
    "Hannover": "Hanover",
    "Leipzig": "Leipizg",
}
STATES = ("delivered", "delivered", "delivered", "in transit", "returned")
COMMENTS = ("", "", "", "Sehr freundlich; gerne wieder", "Parkplätze fehlen", "Größere Auswahl wäre schön", "k. A.")


def main(folder: Path) -> None:
    """Write every sample file into a folder."""
    for name, data in content().items():
        # no name and no time in the gzip header: the same content gives the same file
        (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def content() -> dict[str, bytes]:
    """Return the decompressed bytes of every sample file, by name."""
    first, second = orders()
    return {
        "customers.csv": customers(),
        "orders_2026-11-01.csv": first,
        "orders_2026-11-02.csv": second,
        "parcels_2026-11-02.csv": parcels(),
        "sensors_2026-11-01.csv.gz": sensors(),
        "survey_2026-10.csv": survey(),
    }


def pick(dice: Random, choices: Sequence[T]) -> T:
    """Draw one of the choices."""
    return choices[int(dice.random() * len(choices))]


def between(dice: Random, low: int, high: int) -> int:
    """Draw a whole number, both ends included."""
    return low + int(dice.random() * (high - low + 1))


def lines(rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> list[str]:
    """Write rows as RFC 4180 records, one a list entry, without their line ends."""
    written = []
    for row in rows:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(row)
        written.append(out.getvalue().removesuffix("\n"))
    return written


def untidy(dice: Random, text: str, *, share: float = 0.25) -> str:
    """Write a word the way hurried people do: other case, blanks around or inside."""
    if dice.random() >= share:
        return text
    return pick(dice, (f" {text}", f"{text} ", text.upper(), text.lower(), text.replace(" ", "  ")))


def customers() -> bytes:
    """Customers: duplicates, spellings of names and telephone numbers, leading zeros, Namibia's NA."""
    dice = Random(11)
    rows = [customer(dice, number) for number in range(1, 201)]
    rows[17][6] = "Mill Lane 4\nBack door"
    rows[92][6] = 'c/o "The Mill", Garden Street 9'
    rows[30][2] = "anna.fischer(at)example.com"
    rows[140][9] = "2026-10-32 09:00:00"
    again = [list(rows[place]) for place in (4, 40, 76, 111, 150)]  # the same line twice
    moved = [list(rows[place]) for place in (9, 58, 133)]  # the same customer, entered again later
    for row in moved:
        row[6], row[9] = f"{pick(dice, STREETS)} {between(dice, 1, 99)}", "2026-10-31 12:00:00"
    text = lines([*rows[:120], *again, *rows[120:], *moved])
    text[63] += ",extra,cells"
    text[101] = "000102,Lukas Weiß,lukas.weiss@example.com"
    text[155] = text[155].replace(",", ',"', 1)  # a quote that is never closed
    header = "customer_id,name,email,phone,country,city,address,postal_code,newsletter,updated_at"
    return ("\n".join([header, *text]) + "\n").encode()


def customer(dice: Random, number: int) -> list[str]:
    """One customer, with the usual untidiness."""
    first, last = pick(dice, FIRST), pick(dice, LAST)
    country = pick(dice, ("DE", "DE", "FR", "GB", "NA", "US"))
    city, postal_code = pick(dice, PLACES[country])
    plain = f"{first}.{last}".lower().translate(str.maketrans({"ö": "oe", "ü": "ue", "ß": "ss", "'": ""}))
    email = f"{plain}{number}@{pick(dice, ('example.com', 'example.org', 'EXAMPLE.net'))}"
    phone = pick(dice, PHONES[country]).format(number % 200)
    changed = datetime(2026, 1, 5, 8, 0) + timedelta(minutes=between(dice, 0, 400_000))
    return [
        f"{number:06d}",
        untidy(dice, f"{first} {last}"),
        email if dice.random() < 0.94 else pick(dice, ("n/a", "-", "")),
        phone if dice.random() < 0.93 else pick(dice, ("n/a", "unknown", "")),
        country,
        untidy(dice, city, share=0.1),
        f"{pick(dice, STREETS)} {between(dice, 1, 120)}",
        postal_code,
        pick(dice, ("yes", "no", "Y", "N", "1", "0", "true", "false")),
        changed.strftime("%Y-%m-%d %H:%M:%S"),
    ]


def orders() -> tuple[bytes, bytes]:
    """Orders of two days; on the second, two columns have changed places and the shop has added ``channel``."""
    dice = Random(12)
    days = [[order(dice, day, number) for number in range(1, 181)] for day in (date(2026, 11, 1), date(2026, 11, 2))]
    first, second = days
    first[24][4], first[71][8], first[150][6] = "ten", "barter", "120 %"
    second[12][4], second[99][1] = "0", "yesterday"
    paid_later = [*first[33][:8], "card", *first[33][9:]]  # yesterday's order comes again, with another payment
    paid_later[1] = "2026-11-02 07:30:00"
    first_text = lines([ORDER, *first[:90], first[88], *first[90:]])
    first_text[50] += ",oops"
    first_text[130] = first_text[130].rsplit(",", 4)[0]

    second = [paid_later, *second]
    channels = ["channel", *(pick(dice, ("web", "web", "app", "shop")) for _ in second)]
    moved = [
        [row[0], row[2], row[1], *row[3:10], channel, row[10]]
        for row, channel in zip([ORDER, *second], channels, strict=True)
    ]
    second_text = lines(moved)
    second_text[77] = second_text[77].replace(",", ',"', 1)
    return ("\n".join(first_text) + "\n").encode(), ("\r\n".join(second_text) + "\r\n").encode()


def order(dice: Random, day: date, number: int) -> list[str]:
    """One order; a return has a negative total, in parentheses as accountants write it."""
    sku, price = pick(dice, GOODS)
    quantity, percent = between(dice, 1, 6), pick(dice, (0, 0, 0, 5, 10))
    total = price * quantity * (100 - percent) // 100
    money = f"${total / 100:,.2f}" if total >= 100_000 else f"{total / 100:.2f}"
    at = datetime(day.year, day.month, day.day, 7) + timedelta(seconds=number * 290 + between(dice, 0, 200))
    return [
        f"O-{day:%y%m%d}-{number:04d}",
        f"{at:%d %b %Y %H:%M}" if dice.random() < 0.04 else f"{at:%Y-%m-%d %H:%M:%S}",
        f"{between(dice, 1, 200):06d}",
        untidy(dice, sku, share=0.1),
        str(quantity),
        f"${price / 100:,.2f}" if price >= 100_000 else f"{price / 100:.2f}",
        f"{percent} %" if percent else "",
        f"({money})" if dice.random() < 0.04 else money,
        untidy(dice, pick(dice, PAYMENTS)),
        pick(dice, ("yes", "no", "no", "Y", "N")),
        pick(dice, NOTES),
    ]


def parcels() -> bytes:
    """A carrier's report: continental dates and amounts, and towns typed by hand, one of them not that of its code."""
    dice = Random(15)
    rows = [parcel(dice, number) for number in range(1, 241)]
    by_town = {town: [row for row in rows if row[3] == town] for town in TOWNS}
    for town, typed in TYPED.items():
        by_town[town][3][3] = typed
    by_town["Bremen"][5][3] = "Leipzig"
    for place, state in ((17, "Delivered"), (90, "DELIVERED"), (133, "in-transit"), (201, "Returned")):
        rows[place][6] = state
    rows[44][1], rows[160][1] = "n/a", "31.02.2026"
    rows[71][5] = "gratis"
    header = "parcel;posted_on;postal_code;town;weight;cost;status"
    return ("\n".join([header, *lines(rows, delimiter=";")]) + "\n").encode()


def parcel(dice: Random, number: int) -> list[str]:
    """One parcel."""
    town = pick(dice, tuple(TOWNS))
    day = date(2026, 10, 12) + timedelta(days=between(dice, 0, 20))
    grams = between(dice, 200, 25_000)
    cents = 390 + grams // 40
    return [
        f"P-{number:06d}",
        f"{day:%d.%m.%Y}",
        TOWNS[town],
        town,
        f"{grams / 1000:.2f} kg".replace(".", ","),
        f"{cents // 100},{cents % 100:02d} €",
        pick(dice, STATES),
    ]


def sensors() -> bytes:
    """A day of four sensors: gaps, outliers, lines sent twice, and units in the cells (one sensor thinks in °F)."""
    dice = Random(13)
    zone = timezone(timedelta(hours=1))
    start = datetime(2026, 11, 1, tzinfo=zone)
    text: list[str] = []
    for quarter in range(96):
        at = (start + timedelta(minutes=15 * quarter)).isoformat()
        for sensor in ("cellar", "kitchen", "office", "roof"):
            celsius = {"cellar": 11.5, "kitchen": 20.5, "office": 21.0, "roof": 6.0}[sensor] + dice.random() * 2
            temperature = f"{celsius * 9 / 5 + 32:.1f} °F" if sensor == "roof" else f"{celsius:.1f} °C"
            if dice.random() < 0.03:
                temperature = pick(dice, ("", "--"))
            volt = 3.9 - quarter / 400
            battery = f"{volt * 1000:.0f} mV" if sensor == "office" else f"{volt:.3f} V"
            text.append(f"{sensor},{at},{temperature},{40 + dice.random() * 20:.0f} %,{battery}")
    for place in (61, 140, 303):  # sent twice
        text[place] += "\n" + text[place]
    text[37] = text[37].replace(text[37].split(",")[2], "850.0 °C")
    text[222] = text[222].replace(text[222].split(",")[2], "-127.0 °C")
    text[250] = text[250].replace(" °C", " K?")
    text[180] = text[180][:30]  # the connection broke
    data = ("\n".join(["sensor,measured_at,temperature,humidity,battery", *text]) + "\n").encode()
    return data.replace(b"kitchen,2026-11-01T13:00", b"kit\xffhen,2026-11-01T13:00", 1)


def survey() -> bytes:
    """A survey export: three lines before the header, semicolons, decimal commas, latin-1, a closing line."""
    dice = Random(14)
    rows = [answer(dice, number) for number in range(1, 151)]
    rows[20][3], rows[77][5], rows[118][6] = "340", "viel", "7"
    text = lines(rows, delimiter=";")
    text[44] += ";zu viel"
    text[103] = text[103].rsplit(";", 5)[0]
    preamble = ["Kundenbefragung Herbst 2026", "Export vom 02.11.2026 08:00", "Nur für den internen Gebrauch"]
    header = "Nr;Datum;Filiale;Alter;Größe (cm);Ausgaben (EUR);Note;Empfehlung;Kommentar"
    footer = f"Anzahl Antworten: {len(text)}"
    return ("\r\n".join([*preamble, header, *text, footer]) + "\r\n").encode("latin-1")


def answer(dice: Random, number: int) -> list[str]:
    """One answer to the survey."""
    day = date(2026, 10, 1) + timedelta(days=between(dice, 0, 30))
    cents = between(dice, 500, 480_000)
    spent = f"{cents // 100:,d}".replace(",", ".") + f",{cents % 100:02d}"
    return [
        str(number),
        f"{day:%d.%m.%Y}",
        untidy(dice, pick(dice, BRANCHES), share=0.15),
        str(between(dice, 18, 85)) if dice.random() < 0.9 else "k. A.",
        f"{between(dice, 1500, 2000) / 10:.1f}".replace(".", ",") if dice.random() < 0.85 else "",
        spent,
        str(between(dice, 1, 6)),
        pick(dice, ("ja", "nein", "Ja", "JA", "ja")),
        pick(dice, COMMENTS),
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
