"""The result type of one health check of the installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CheckState = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class HealthCheck:
    """Result of one health check of the installation.

    Attributes:
        name: Name of the check.
        state: `ok`, `warn` or `fail`.
        found: What the check found, in words.
        mend: What the user should do; empty if nothing needs to be done.
    """

    name: str
    state: CheckState
    found: str
    mend: str = ""
