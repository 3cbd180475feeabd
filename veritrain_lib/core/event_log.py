"""Event files of runs, for showing progress live: numbered JSON lines, appended by the process that works on a run.

There is one file for each run, in `.veritrain/events/`. A line's number never changes and is never used twice. So a
reader that names the last number it has read gets every event exactly once, whichever process it asks and however often
it or the writer was interrupted. When a run has ended its file is also stored as an artifact of the run (`events/`).
"""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

from veritrain_lib.core import project
from veritrain_lib.redaction import redact, redact_value

Kind = Literal["log", "progress", "status"]
"""Kind of an event: `log` (a line for people), `progress` (of a stage), or `status` (start, end, request to stop)."""

Level = Literal["debug", "info", "warning", "error"]
"""Severity of an event."""

TAIL_BYTES = 65_536
"""Bytes at the end of a file in which the last line is searched; a line has at most `MAX_LINE_BYTES`."""

MAX_LINE_BYTES = 16_384
"""Maximum bytes of a line; a longer message is cut and marked."""

CHUNK_BYTES = 1_048_576
"""Bytes that a reader reads at once, so that a long file is never completely in memory."""

ENDED_KEY = "ended"
"""Key in the data of a `status` event that says the run has ended; nothing follows unless the run is resumed."""

NOTIFICATIONS = "notifications"
"""Name, instead of a run's id, of the file with messages that people may want to see whichever run they belong to."""

_warned: set[str] = set()


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


def log_path(run_id: str) -> Path:
    """Return the path of a run's event file.

    Raises:
        ValueError: The text is not a run id, so it could name a path elsewhere.
    """
    if not (run_id.isalnum() and len(run_id) <= 64):
        raise ValueError(f"{run_id!r} is not a run id")
    return project.state("events", f"{run_id}.jsonl")


def append(
    run_id: str, kind: Kind, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None
) -> LoggedEvent:
    """Append one event to a run's event file and return it; several processes may do so at the same time.

    Args:
        run_id: The run.
        kind: Kind of the event.
        message: Text for people; secrets are masked.
        level: Severity.
        data: Further fields; secrets are masked, and NaN and infinities become null.

    Raises:
        OSError: The file can't be written, for example because the disk is full.
    """
    with _locked(run_id) as stream:
        return _write(stream, kind, message, level, data)


def append_or_warn(
    run_id: str, kind: Kind, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None
) -> None:
    """Append one event to a run's event file like `append`, but only log a warning if that fails, once per process."""
    try:
        append(run_id, kind, message, level=level, data=data)
    except (OSError, ValueError) as error:
        _warn(error)


def end(
    run_id: str, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None
) -> LoggedEvent | None:
    """Append a status event that a run has ended to its event file, unless the last status event says so already.

    Args:
        run_id: The run.
        message: Text for people; secrets are masked.
        level: Severity.
        data: Further fields; secrets are masked.

    Returns:
        The event; None when there is one already, or when the file can't be written (a warning is logged once).
    """
    try:
        with _locked(run_id) as stream:
            if _has_ended(stream):
                return None
            return _write(stream, "status", message, level, {**(data or {}), ENDED_KEY: True})
    except (OSError, ValueError) as error:
        _warn(error)
        return None


def has_ended(run_id: str) -> bool:
    """Return whether the last status event of a run says that it has ended."""
    try:
        with log_path(run_id).open("rb") as stream:
            return _has_ended(stream)
    except FileNotFoundError:
        return False


def last_number(run_id: str) -> int:
    """Return the number of a run's newest event; 0 when it has none."""
    return max((event.seq for event in deque(EventReader(run_id).new(), maxlen=1)), default=0)


def _warn(error: Exception) -> None:
    name = type(error).__name__
    if name not in _warned:
        _warned.add(name)
        logging.getLogger(__name__).warning(
            "live events can't be written (%s: %s); the work goes on, who watches it sees less", name, error
        )


@contextmanager
def _locked(run_id: str) -> Iterator[BinaryIO]:
    file = log_path(run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def _write(
    stream: BinaryIO, kind: Kind, message: str, level: Level, data: Mapping[str, Any] | None
) -> LoggedEvent:
    last_seq = _last_number(stream)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    clean_data = redact_value(_json_safe(dict(data or {})))
    event = LoggedEvent(last_seq + 1, now, kind, level, redact(message), clean_data)
    stream.write(_line(event))
    stream.flush()
    return event


def _line(event: LoggedEvent) -> bytes:
    line = _encoded(asdict(event))
    if len(line) > MAX_LINE_BYTES:
        short_data = {
            key: value for key, value in list(event.data.items())[:20] if len(_encoded(value)) <= 200
        }
        line = _encoded({**asdict(event), "message": f"{event.message[:1500]} (cut)", "data": short_data})
    return line + b"\n"


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _json_safe(value: Any) -> Any:
    """Return a value with NaN and infinities replaced by None, since JSON has no such numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(item) for item in value]
    return value


def _last_number(stream: BinaryIO) -> int:
    """Return the number of the last complete line of an event file; 0 when it has none.

    An incomplete line, left by a killed writer, is removed from the file.
    """
    size, tail, complete = _tail(stream)
    if complete < len(tail):
        stream.truncate(size - (len(tail) - complete))
        stream.seek(0, os.SEEK_END)
    if not complete:
        return 0
    return int(json.loads(tail[:complete].splitlines()[-1])["seq"])


def _has_ended(stream: BinaryIO) -> bool:
    _, tail, complete = _tail(stream)
    for line in reversed(tail[:complete].split(b"\n")):
        # The first line of the tail may be incomplete; a status line is searched from the end.
        if b'"kind": "status"' in line and line.startswith(b'{"seq"'):
            return bool(json.loads(line)["data"].get(ENDED_KEY))
    return False


def _tail(stream: BinaryIO) -> tuple[int, bytes, int]:
    """Return an event file's size, its last bytes (at most `TAIL_BYTES`), and how many of these are complete lines."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - TAIL_BYTES, 0))
    tail = stream.read()
    return size, tail, tail.rfind(b"\n") + 1


def read(run_id: str, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
    """Return a run's events with numbers above `after`, at most `limit` (None: all); empty when there are none."""
    return list(islice(EventReader(run_id, after).new(), limit))


class EventReader:
    """Reader of one run's event file; each call of `new` yields the events that were added since the last call."""

    def __init__(self, run_id: str, after: int = 0) -> None:
        self._file = log_path(run_id)
        self._after, self._offset = after, 0

    def new(self) -> Iterator[LoggedEvent]:
        """Yield the run's events that were added since the last call.

        An incomplete line, or an event that the caller did not take, is yielded by the next call.
        """
        while content := self._read():
            for line in content.splitlines(keepends=True):
                self._offset += len(line)
                event = LoggedEvent(**json.loads(line))
                if event.seq > self._after:
                    self._after = event.seq
                    yield event

    def _read(self) -> bytes:
        try:
            with self._file.open("rb") as stream:
                stream.seek(self._offset)
                content = stream.read(CHUNK_BYTES)
        except FileNotFoundError:
            return b""
        return content[: content.rfind(b"\n") + 1]
