"""What the words of pipeline files and of the record of runs mean, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping

from etl_agent.decide.decision import Policy
from etl_agent.decide.policies import RoutePolicy
from etl_agent.load.spec import Strategy, WriteDisposition
from etl_agent.orchestrate.planner.findings import FindingKind
from etl_agent.profile.kinds import Kind
from etl_agent.rejects import ReasonCode
from etl_agent.validate.spec import DriftMode

__all__ = [
    "DRIFT_MODES",
    "FINDINGS",
    "MERGE_STRATEGIES",
    "OTHER_CODES",
    "POLICIES",
    "REASONS",
    "SEMANTIC_KINDS",
    "WRITE_DISPOSITIONS",
]

WRITE_DISPOSITIONS: Mapping[WriteDisposition, str] = {
    "append": "Add the rows. With a primary key, a row that is there already is dropped if equal, else quarantined.",
    "replace": "Make the rows the whole table, in one transaction; grants, indexes and views stay.",
    "merge": "Compare the rows with the table by primary key; the strategy says what becomes of a key that is there.",
}
MERGE_STRATEGIES: Mapping[Strategy, str] = {
    "upsert": "Update the rows that differ, insert those that are new.",
    "delete-insert": "Delete all rows of each key, then insert.",
    "insert-only": "Insert rows with new keys; rows whose key is there are filtered.",
    "scd2": "Close the old version (valid_to) and insert the new one (valid_from).",
}
DRIFT_MODES: Mapping[DriftMode, str] = {
    "evolve": "Follow the data: new columns are added as text, types become as wide as the values need.",
    "freeze": "Load nothing, and report the whole difference.",
    "quarantine": "Quarantine the rows that do not fit, load the others.",
    "discard_value": "Drop the values that do not fit; each is counted as a change.",
}
REASONS: Mapping[ReasonCode, str] = {
    "blank-row": "The row has no value in any column.",
    "cell-too-long": "A cell is longer than max_cell_bytes, or its quote spans too many lines.",
    "constraint-error": "A value breaks a check of its column.",
    "encoding-error": "The line has bytes that are not valid in the file's encoding.",
    "extra-cell": "The row has more cells than the header.",
    "foreign-key-error": "The database refuses a reference to a row that is not there.",
    "missing-cell": "The row has fewer cells than the header.",
    "nul-byte": "The line has a NUL byte.",
    "primary-key-error": "A column of the primary key is null, or the key is there with another row.",
    "required-value": "A cell is null where the contract wants a value.",
    "row-constraint": "The row breaks a check between columns.",
    "stray-quote": "A quote stands where none may, so the cells cannot be told apart.",
    "type-error": "A value does not fit its column's type.",
    "unique-error": "The value or key stands in another row too.",
    "unterminated-quote": "A quoted cell is not closed.",
}
"""What each reject reason means."""

POLICIES: Mapping[RoutePolicy | Policy, str] = {
    "auto": "Rules, and where no rule holds or the gate objects, a trial.",
    "rule": "The first strategy whose own conditions hold.",
    "trial": "Every candidate is run on the sample, and the one that leaves it best is taken.",
    "model": "A model is asked: it sees facts and no cells, and rules and trial stand in where it fails.",
    "condition": "In the record: what was measured decided, at a branch or where the data have drifted.",
    "otherwise": "In the record: nobody could choose, and what the node falls back on was taken.",
    "lock": "In the record: the choice stands in the lock.",
}
"""Who chooses at a node, and who is named in the record."""

SEMANTIC_KINDS: Mapping[Kind, str] = {
    "empty": "No value at all.",
    "constant": "One value.",
    "identifier": "Codes that hardly repeat, and numbers that repeat less than measures do by chance.",
    "category": "Values that repeat.",
    "integer": "Whole numbers.",
    "number": "Numbers, some of them with a fraction.",
    "money": "Amounts with a currency.",
    "percent": "Shares in percent.",
    "quantity": "Numbers with a unit.",
    "date": "Days.",
    "time": "Times of day.",
    "timestamp": "Days with a time of day.",
    "boolean": "Truth values, however they are spelled.",
    "email": "E-mail addresses.",
    "phone": "Telephone numbers.",
    "url": "Addresses of web pages.",
    "postal_code": "Postal codes.",
    "text": "Words that hardly repeat.",
}
"""What a column may hold; a column is of the kind that at least four cells in five fit."""

FINDINGS: Mapping[FindingKind, str] = {
    "invalid": "The draft contradicts itself or the data; found without running it.",
    "rejected": "Rows break the contract, within the budget.",
    "over_budget": "More rows than the budget allows break the contract; nothing is loaded.",
    "gate_refused": "A step would do damage, and is left out.",
    "ambiguous": "A column can be read in more than one way.",
    "drifted": "The data no longer look as they did when the lock was made, or bring another column.",
    "missing_column": "The files do not bring a column.",
    "target_conflict": "The table that is there does not fit.",
    "key_conflict": "Rows share a key, or lack it.",
    "empty_input": "There are no rows, or too few for a replace.",
    "check_failed": "An SQL check of yours says no.",
    "broken": "Anything that no other plan can mend, such as a database that is away.",
}
"""What each kind of finding means."""

OTHER_CODES: Mapping[int, str] = {
    0: "Done, or nothing new.",
    1: "A check says no: check, status, doctor, --fail-on-rejects.",
    124: "Not done within --timeout; what was not committed is rolled back.",
    130: "Interrupted (SIGINT); nothing was loaded.",
    141: "The reader of the output has gone, for example | head.",
    143: "Terminated (SIGTERM); what was not committed is rolled back.",
}
"""Exit codes without an error class."""
