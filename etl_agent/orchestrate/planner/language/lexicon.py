"""The words that say nothing in a goal, and the words that mean the same."""

from __future__ import annotations

from collections.abc import Mapping

from etl_agent.profile.kinds import Kind
from etl_agent.validate.formats import Format

__all__ = [
    "ALIKE",
    "CONDITIONS",
    "DESTRUCTIVE",
    "EXCLUDERS",
    "FILLERS",
    "FORMAT_WORDS",
    "GENERIC_TABLES",
    "INTERJECTIONS",
    "KIND_WORDS",
    "NEGATORS",
    "NOBODY",
    "OF_TABLES",
    "PARTICLES",
    "REPORTS",
    "STOP_WORDS",
    "TYPE_WORDS",
    "UNIVERSAL",
    "words",
]


def words(text: str) -> frozenset[str]:
    """Return the words that stand in a text."""
    return frozenset(text.split())


FILLERS = words("""
    the a an all any every each my our your their its these those this that such of it them they also just both
    please pls plz kindly always ever be is are really simply own
""")
"""Words that may stand anywhere between the words of a phrase without changing it."""

INTERJECTIONS = words("""
    uh um uhm er erm hmm ok okay alright basically actually currently team guys folks everybody everyone because
    thx cheers regards asap great lot
""")
"""Words that say nothing about data; as values in a list they may."""

STOP_WORDS = (
    FILLERS
    | INTERJECTIONS
    | words("""
    and or but then so as at by for from in into on onto to with within via per i we you us me he she was were
    been being am do does did done have has had will would can could may might shall should must want wants need
    needs like let lets let's thanks thank hi hello hey there here when once where which who while if it's that's
    using use make sure ensure get gets put take takes go goes going load loads loaded loading import imports
    imported importing ingest ingests ingested ingesting bring read reading file files csv csvs data dataset
    datasets table tables row rows record records column columns field fields value values given too well e g
    i'd i'll we'd we'll we're what plus afterwards after before next finally everything anything
    warehouse dwh database databases db dbs datawarehouse sqlite postgres postgresql target destination
""")
)
"""Words that say nothing by themselves: where nothing was made of them, nobody needs to know."""

NEGATORS = words("""
    not never no don't dont doesn't doesnt didn't shouldn't shouldnt mustn't mustnt won't wont can't cannot cant
    isn't isnt aren't arent avoid without nor neither stop instead rather
    forbid forbids forbidding prohibit prohibits prevent prevents disallow disallows
""")
"""Words that turn what follows into its opposite."""

NOBODY = words("nothing none nobody")
"""Objects that turn their verb into its opposite."""

EXCLUDERS = words("except excluding exclude skip ignore omit besides apart minus barring")
"""Words that leave out what follows."""

CONDITIONS = words("if only except unless when whenever while until till provided assuming otherwise maybe perhaps")
"""Words that make what is said hold at some times only."""

REPORTS = words("was were had did been got used might may hate hated say says said think thought")
"""Words that tell of something rather than ask for it."""

DESTRUCTIVE = words("""
    replace replaces replaced replacing overwrite overwrites overwriting overwritten delete deletes deleted deleting
    drop drops dropped dropping truncate truncates truncated truncating wipe wipes wiped wiping erase erases erasing
    purge purges purging remove removes removing destroy clear clears clearing reset flush nuke rebuild rebuilds
    rebuilt recreate recreates recreated erased purged removed
""")
"""Verbs that take rows, tables or columns away."""

UNIVERSAL = words("everything all every each both files file data datasets tables them it these this whole warehouse")
"""Words for whatever was given."""

PARTICLES = words("""
    of at on by in the for to is a
""")
"""Words in names of columns that a person may leave out or put in."""

GENERIC_TABLES = words("""
    warehouse dwh database databases db dbs table tables sqlite postgres postgresql pg sql target destination
    lake datawarehouse mart store storage system schema place it them one there file files batch batches account
    order shape form format history null nulls
""")
"""Words behind "into" that name no table."""

OF_TABLES = words("""
    existing old older new newest latest current previous same single right correct clean fresh whole full complete
    entire daily given target final main only first last following respective appropriate
""")
"""Words before "table" that tell of it, and are no name."""

ALIKE: Mapping[str, str] = {
    word: words[0]
    for words in (
        ("id", "identifier", "ident"),
        ("number", "no", "nr", "num", "nbr"),
        ("phone", "telephone", "tel"),
        ("quantity", "qty"),
        ("amount", "amt"),
        ("address", "addr"),
        ("date", "dt"),
        ("description", "desc"),
        ("email", "mail"),
        ("timestamp", "ts"),
        ("color", "colour"),
        ("postcode", "zip", "zipcode", "postal"),
    )
    for word in words
}
"""Words of names that mean the same, and the one that stands for them."""

KIND_WORDS: Mapping[str, tuple[Kind, ...]] = {
    "email": ("email",),
    "emailaddress": ("email",),
    "phone": ("phone",),
    "phonenumber": ("phone",),
    "date": ("date", "timestamp"),
    "timestamp": ("timestamp",),
    "datetime": ("timestamp",),
    "time": ("time",),
    "url": ("url",),
    "link": ("url",),
    "webaddress": ("url",),
    "postcode": ("postal_code",),
    "postcodecode": ("postal_code",),
    "amount": ("money",),
    "price": ("money",),
    "percentage": ("percent",),
    "flag": ("boolean",),
}
"""What a column is called that no header names, by the words put together, in the singular, with words that mean the
same replaced."""

FORMAT_WORDS: Mapping[str, Format] = {
    "email": "email",
    "emailaddress": "email",
    "url": "url",
    "link": "url",
    "webaddress": "url",
    "uuid": "uuid",
    "guid": "uuid",
    "ip": "ipv4",
    "ipaddress": "ipv4",
    "ipv4": "ipv4",
    "ipv4address": "ipv4",
    "hostname": "hostname",
    "countrycode": "country_code",
    "isocountrycode": "country_code",
    "currencycode": "currency_code",
    "isocurrencycode": "currency_code",
    "iban": "iban",
    "e164": "e164",
}
"""Formats by the words for them, put together, in the singular."""

TYPE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("wholenumber", "integer", "int", "fullnumber", "naturalnumber"), "integer"),
    **dict.fromkeys(("number", "numeric", "decimal", "decimalnumber", "amountofmoney"), "number"),
    **dict.fromkeys(("boolean", "bool", "trueorfalse", "yesorno", "yesno", "truefalse"), "boolean"),
    **dict.fromkeys(("date", "calendardate", "day"), "date"),
    **dict.fromkeys(("timestamp", "datetime", "dateandtime", "datetimevalue", "datewithtime"), "timestamp"),
    **dict.fromkeys(("time", "timeofday"), "time"),
}
"""Types of wishes by the words for them, put together, in the singular."""
