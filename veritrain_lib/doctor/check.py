"""Result of one health check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CheckState = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class HealthCheck:
    """Result of one health check.

    Attributes:
        name: What was checked.
        state: `ok`, `warn` or `fail`.
        found: What the check saw.
        mend: How to fix it; empty if nothing need be done.
    """

    name: str
    state: CheckState
    found: str
    mend: str = ""
