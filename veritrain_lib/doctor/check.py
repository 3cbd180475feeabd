"""One thing that was checked, how it is, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """`found` is what is there; `mend` is what to do, empty when nothing need be done."""

    name: str
    state: State
    found: str
    mend: str = ""
