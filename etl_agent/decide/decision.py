"""A decision: what was chosen at a node of a pipeline, by whom, why, and on what evidence."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from etl_agent.ask import Failure
from etl_agent.clean.step import Step
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Figure
from etl_agent.frozen import Frozen

__all__ = ["Decision", "Dropped", "FellBack", "Figures", "Policy", "profile_digest"]

Policy = Literal["rule", "trial", "model", "condition", "otherwise", "lock"]
"""Who decided. rule: a strategy's own conditions. trial: the candidates were run on the sample. model: a model chose.
condition: a branch. otherwise: nobody could, and the node's ``otherwise`` holds. lock: it was decided before."""

FellBack = Failure | Literal["no_model", "nothing_told", "gate"]
"""Why a model that was to decide did not. no_model: none may be asked here. nothing_told: all that it would have to
know is sensitive. gate: it chose, and the gate refused every step of that. Else: how its answer failed."""


def _plain(value: object) -> object:
    """Turn a number of numpy into one of Python; what JSON cannot hold becomes a word."""
    if isinstance(value, np.generic):
        value = value.item()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


Figures = Mapping[str, Annotated[Figure, BeforeValidator(_plain)]]
"""What was measured, by name."""


class Dropped(Frozen):
    """A step that was proposed and that the gate refused."""

    step: str
    """The name of the step."""
    columns: tuple[str, ...] = ()
    """The columns whose cells it would have changed."""
    reason: str
    """The rule that refused it, as one sentence."""
    figures: Figures = Field(default={})
    """What the gate measured."""

    @staticmethod
    def of(step: Step, *, names: Sequence[str], reason: str, figures: Mapping[str, Figure]) -> Dropped:
        """Note a refused step without its parameters, which may hold the text of cells.

        Args:
            step: the step.
            names: the columns that there were before it.
            reason: what the gate said.
            figures: what the gate measured.
        """
        return Dropped(step=step.name, columns=step.writes(names), reason=reason, figures=figures)


class Decision(Frozen):
    """What was chosen at a node; one row of ``_etl_decisions``, and an entry of a lock.

    It holds no text of cells: figures are numbers, words of closed vocabularies and names of columns.
    """

    node: str
    """The name of the node."""
    chosen: str
    """The strategy, or the arm of the branch."""
    policy: Policy
    """Who decided."""
    reason: str
    """Why, as one sentence."""
    evidence: Figures = Field(default={})
    """The figures behind the reason."""
    profile_digest: str = ""
    """The SHA-256 (hex) of the profile that was looked at."""
    dropped: tuple[Dropped, ...] = ()
    """The steps that were proposed for the node and that the gate refused."""
    fell_back: FellBack | None = None
    """Why a model that was to decide did not; None where none was to, or where it did."""

    def row(self) -> dict[str, str]:
        """Return the columns of ``_etl_decisions`` that a decision fills: all but the run's number."""
        evidence: dict[str, Any] = self.model_dump(mode="json")["evidence"]
        if self.dropped:
            evidence["dropped"] = [each.model_dump(mode="json") for each in self.dropped]
        if self.fell_back is not None:
            evidence["fell_back"] = self.fell_back
        return {
            "node": self.node,
            "chosen": self.chosen,
            "policy": self.policy,
            "reason": self.reason,
            "evidence": _canonical(evidence),
            "profile_digest": self.profile_digest,
        }


def profile_digest(evidence: Evidence) -> str:
    """Digest the facts of a sample: SHA-256 (hex), the same for the same facts wherever they are computed."""
    profile = {"rows": evidence.rows, "keys": sorted(evidence.keys), "facts": _data(evidence.facts)}
    return hashlib.sha256(_canonical(profile).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _data(value: Any) -> Any:
    """Return facts as plain data; the order of mappings does not count."""
    if is_dataclass(value):
        return {each.name: _data(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return sorted([str(key), _data(item)] for key, item in value.items())
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_data(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return _plain(value)
