"""The policies by which a route is chosen."""

from __future__ import annotations

from typing import Literal

__all__ = ["RoutePolicy"]

RoutePolicy = Literal["auto", "rule", "trial", "model"]
"""rule: the first strategy whose own conditions hold. trial: each is run on the sample, and the best one taken. model:
a model is asked, and rules and trial stand in where it fails. auto: rules, then trial."""
