"""Work is claimed before it is done, so that no two processes do the same: who comes second waits, and says for whom.

A claim is a file in the project's folder that its holder keeps locked (`held_file`), with who holds it. It ends with the
holder, however that ends. Between machines it holds as far as their file system hands locks on; MLflow's store, which they
may share instead, knows no compare-and-set.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from veritrain_lib.core import digest, liveness, project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.lock_file import HeldFile, content

LOOK_EVERY_S = 0.1
"""How often who waits looks whether the holder has let go, in seconds."""

SAY_EVERY_S = 60.0
"""How often who waits says so again, in seconds."""

SHORT_S = 2.0
"""How long a short change to the record may be waited for without a word, in seconds."""

Tell = Callable[[str], None]
"""What hears for whom is waited: one line."""


@dataclass(frozen=True)
class Holder:
    """Who holds a claim: as `living.name` writes it, since when (seconds since 1970), and doing what."""

    who: str
    since: float
    what: str

    def __str__(self) -> str:
        began = datetime.fromtimestamp(self.since).astimezone()
        return f"{liveness.told(self.who)}, since {began:%Y-%m-%d %H:%M:%S}"


class Claim:
    """Held by this thread until `release`; a context that releases."""

    def __init__(self, work: str, file: HeldFile | None) -> None:
        """`file` is None for a claim inside another one of the same work and thread, which stays with the outer one."""
        self.work, self._file = work, file

    def release(self) -> None:
        """Let go. Nothing happens a second time."""
        if self._file is not None:
            _threads.pop(self.work, None)
            self._file.let_go()
            self._file = None

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_threads: dict[str, int] = {}
"""Which thread of this process holds a claim."""

os.register_at_fork(after_in_child=_threads.clear)


def claim(work: str, what: str, *, tell: Tell | None = None, quiet_s: float = 0.0) -> Claim:
    """Claim a piece of work, waiting as long as another process or thread holds it.

    Args:
        work: names the work: the same text for the same work, in every process.
        what: the work in words for people, such as `stage gate of task support`.
        tell: hears for whom is waited, at once and then every minute; standard error when None.
        quiet_s: how long is waited before the first word, in seconds.

    Raises Infrastructure where the project's folder does not let a file be locked.
    """
    place = project.state("claims", f"{digest.of_json(work)[:32]}.json")
    if _threads.get(work) == threading.get_ident():
        return Claim(work, None)
    began = time.monotonic()
    say_at = began + quiet_s
    while True:
        mine = Holder(liveness.name(), time.time(), what)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            file = HeldFile.take(place, json.dumps(vars(mine)))
        except OSError as error:
            raise Infrastructure(
                f"{what} can't be claimed: {place} can't be locked ({error.strerror}). Veri-Train needs a folder "
                "that it may write in, on a file system with locks; set VERITRAIN_HOME to one"
            ) from error
        if file is not None:
            _threads[work] = threading.get_ident()
            return Claim(work, file)
        if time.monotonic() >= say_at:
            say_at = time.monotonic() + SAY_EVERY_S
            (tell or _say)(_waits(what, work))
        time.sleep(LOOK_EVERY_S)


def briefly(work: str, what: str) -> Claim:
    """Claim a short change to the record, such as to choose a version's number. As `claim`, quiet for a moment."""
    return claim(work, what, quiet_s=SHORT_S)


def holder(work: str) -> Holder | None:
    """Who holds a piece of work, or held it last without letting go; None when nobody does, or this process."""
    written = content(project.state("claims", f"{digest.of_json(work)[:32]}.json"))
    with contextlib.suppress(ValueError, TypeError):  # just being written
        return Holder(**json.loads(written))
    return None


def clear() -> None:
    """Remove the claims that killed processes left."""
    for place in project.state("claims").glob("*.json"):
        with contextlib.suppress(OSError):
            file = HeldFile.take(place)
            if file is not None:
                file.let_go()


def _waits(what: str, work: str) -> str:
    held = holder(work)
    by = str(held) if held else "another thread of this process"
    return f"{what}: waiting for {by}, which does the same. Its result is used when it ends; if it dies, this goes on."


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
