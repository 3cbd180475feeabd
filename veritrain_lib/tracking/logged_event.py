"""An event of a run, for showing progress live, and its forms as JSON in the database and in the run's artifact."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from veritrain_lib.redaction import redact, redact_value

Kind = Literal["log", "progress", "status"]
"""Kind of an event: `log` (a line for people), `progress` (of a stage), or `status` (start, end, request to stop)."""

Level = Literal["debug", "info", "warning", "error"]
"""Severity of an event."""

ENDED_KEY = "ended"
"""Key in the data of a `status` event that says the run has ended; nothing follows unless the run is resumed."""

MAX_PAYLOAD_BYTES = 16_384
"""Maximum bytes of an event's payload; a longer message is cut and marked."""


@dataclass(frozen=True)
class LoggedEvent:
    """One event of a run.

    `seq` is its number, from 1 without gaps within a run. `time` is ISO 8601 in UTC with microseconds.
    """

    seq: int
    time: str
    kind: Kind
    level: Level
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_row(cls, number: int, at: str, kind: Kind, payload: str) -> Self:
        """Return the event that a row of the database holds."""
        return cls(number, at, kind, **json.loads(payload))

    @property
    def is_end(self) -> bool:
        """Whether the event says that its run has ended."""
        return bool(self.data.get(ENDED_KEY))

    @property
    def payload(self) -> str:
        """The part of the event that the database holds as JSON."""
        return _encoded({"level": self.level, "message": self.message, "data": self.data}).decode()

    @property
    def line(self) -> bytes:
        """The event as a JSON line of the run's artifact."""
        return _encoded(asdict(self)) + b"\n"


def encode_payload(level: Level, message: str, data: Mapping[str, Any]) -> str:
    """Return an event's level, message and data as JSON for the database, without secrets and not too long.

    Args:
        level: Severity.
        message: Text for people.
        data: Further fields; NaN and infinities become null, since JSON has no such numbers.
    """
    message, data = redact(message), redact_value(_json_safe(data))
    payload = _encoded({"level": level, "message": message, "data": data})
    if len(payload) > MAX_PAYLOAD_BYTES:
        short_data = {key: value for key, value in list(data.items())[:20] if len(_encoded(value)) <= 200}
        payload = _encoded({"level": level, "message": f"{message[:1500]} (cut)", "data": short_data})
    return payload.decode()


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _json_safe(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(item) for item in value]
    return value
