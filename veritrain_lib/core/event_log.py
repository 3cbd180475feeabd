"""What happens in a run while it happens: numbered lines, appended by who works on it, read by who watches.

One file of JSON lines a run, in `.veritrain/events/`. A line's number never changes and is never used twice, so a
reader that says how far it got misses nothing and sees nothing twice, whichever process it asks and however often
it, or the writer, was cut off. When a run has ended the file is also an artifact of the run (`events/`).
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
"""`log`: a line for people; `progress`: how far a stage is; `status`: the run begins, ends, is asked to stop."""

Level = Literal["debug", "info", "warning", "error"]

TAIL = 65_536
"""Bytes at the end of a file in which its last line is looked for; a line is at most `LONGEST` long."""

LONGEST = 16_384
"""Bytes of a line; a longer message is cut, with a remark."""

CHUNK = 1_048_576
"""Bytes that a reader takes at once: a long history is never held whole."""

ENDED = "ended"
"""Key of the data of a `status` line after which nothing follows unless the run is taken up again."""

NOTIFICATIONS = "notifications"
"""Stands in the place of a run's id: what people may want to hear of, whichever run it was."""

_warned: set[str] = set()


@dataclass(frozen=True)
class LoggedEvent:
    """One line. `seq` counts from 1 without gaps within a run; `time` is ISO 8601 in UTC with microseconds."""

    seq: int
    time: str
    kind: Kind
    level: Level
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


def place(run_id: str) -> Path:
    """The file of a run. Raises ValueError for what is no run id (it must name a file and no other place)."""
    if not (run_id.isalnum() and len(run_id) <= 64):
        raise ValueError(f"{run_id!r} is no run id")
    return project.state("events", f"{run_id}.jsonl")


def append(
    run_id: str, kind: Kind, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None
) -> LoggedEvent:
    """Write one line; it is there for readers when this returns. Safe from several processes at once.

    Raises OSError when the disk takes no more.
    """
    with _locked(run_id) as out:
        return _write(out, kind, message, level, data)


def tell(
    run_id: str, kind: Kind, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None
) -> None:
    """`append` for work that must go on when nothing can be written: that is warned of once a process."""
    try:
        append(run_id, kind, message, level=level, data=data)
    except (OSError, ValueError) as error:
        _warn(error)


def end(
    run_id: str, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None
) -> LoggedEvent | None:
    """Write the line that says that the run has ended, unless it has been said; None then, or when nothing can be
    written (warned of once)."""
    try:
        with _locked(run_id) as out:
            if _is_ended(out):
                return None
            return _write(out, "status", message, level, {**(data or {}), ENDED: True})
    except (OSError, ValueError) as error:
        _warn(error)
        return None


def has_ended(run_id: str) -> bool:
    """Whether the last thing said of the run's state is that it has ended."""
    try:
        with place(run_id).open("rb") as there:
            return _is_ended(there)
    except FileNotFoundError:
        return False


def last_number(run_id: str) -> int:
    """The number of the newest line, 0 when nothing was written."""
    return max((event.seq for event in deque(Reader(run_id).new(), maxlen=1)), default=0)


def _warn(error: Exception) -> None:
    name = type(error).__name__
    if name not in _warned:
        _warned.add(name)
        logging.getLogger(__name__).warning(
            "live events can't be written (%s: %s); the work goes on, who watches it sees less", name, error
        )


@contextmanager
def _locked(run_id: str) -> Iterator[BinaryIO]:
    file = place(run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        yield out


def _write(
    out: BinaryIO, kind: Kind, message: str, level: Level, data: Mapping[str, Any] | None
) -> LoggedEvent:
    last = _last_number(out)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    said = redact_value(_plain(dict(data or {})))
    event = LoggedEvent(last + 1, now, kind, level, redact(message), said)
    out.write(_line(event))
    out.flush()
    return event


def _line(event: LoggedEvent) -> bytes:
    line = _encoded(asdict(event))
    if len(line) > LONGEST:
        small = {key: value for key, value in list(event.data.items())[:20] if len(_encoded(value)) <= 200}
        line = _encoded({**asdict(event), "message": f"{event.message[:1500]} (cut)", "data": small})
    return line + b"\n"


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    """A JSON value without numbers that JSON can't say (a loss that is no number): they are null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _last_number(out: BinaryIO) -> int:
    """The number of the last whole line; half a line, which a killed writer left, is cut off."""
    size, tail, whole = _tail(out)
    if whole < len(tail):
        out.truncate(size - (len(tail) - whole))
        out.seek(0, os.SEEK_END)
    if not whole:
        return 0
    return int(json.loads(tail[:whole].splitlines()[-1])["seq"])


def _is_ended(there: BinaryIO) -> bool:
    _, tail, whole = _tail(there)
    for line in reversed(tail[:whole].split(b"\n")):
        # The first line of the tail may be half a line; a status line is looked for from the end.
        if b'"kind": "status"' in line and line.startswith(b'{"seq"'):
            return bool(json.loads(line)["data"].get(ENDED))
    return False


def _tail(there: BinaryIO) -> tuple[int, bytes, int]:
    """The file's size, its last bytes, and how many of these are whole lines."""
    size = there.seek(0, os.SEEK_END)
    there.seek(max(size - TAIL, 0))
    tail = there.read()
    return size, tail, tail.rfind(b"\n") + 1


def read(run_id: str, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
    """The lines behind number `after`, at most `limit`; empty when nothing was ever written."""
    return list(islice(Reader(run_id, after).new(), limit))


class Reader:
    """Follows one run's lines: each call of `new` gives what has been added since the last."""

    def __init__(self, run_id: str, after: int = 0) -> None:
        self._file = place(run_id)
        self._after, self._offset = after, 0

    def new(self) -> Iterator[LoggedEvent]:
        """Whole lines only; a line that is just being written comes the next time. What is not taken comes again."""
        while content := self._read():
            for line in content.splitlines(keepends=True):
                self._offset += len(line)
                event = LoggedEvent(**json.loads(line))
                if event.seq > self._after:
                    self._after = event.seq
                    yield event

    def _read(self) -> bytes:
        try:
            with self._file.open("rb") as there:
                there.seek(self._offset)
                content = there.read(CHUNK)
        except FileNotFoundError:
            return b""
        return content[: content.rfind(b"\n") + 1]
