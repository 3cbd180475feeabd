"""A client of the record that lives through a short absence of it, and never waits without a line that says so.

A stage or an experiment works for minutes; a database that is restarted meanwhile is away for half a minute. What
is safe to repeat is tried again for `PATIENCE_S` seconds: reading, and writing what is the same when it is written
twice (tags, parameters, measures, how a run ended). What would make a second thing (a run, a version of a model) is
tried again only when it surely was not carried out.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.machine_fault import chain, machine_fault
from veritrain_lib.tracking import address as addresses
from veritrain_lib.tracking.reachability import NotReached, is_temporary, look

PATIENCE_S = 45.0
"""Seconds that the record may be away before work on it is given up."""
LOCK_S = 20.0
"""Seconds that a command waits at its start for another process that holds a SQLite file."""
BRIEF_S = 4.0
"""The same, for a request to the server."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
SAY_AFTER_S = 15.0
"""A single call that takes longer than this is told of, with what it waits for."""

OPENED = "VERITRAIN_STORE_OPENED"
"""Environment variable, for this process and those that it starts: which record was open already, so that one that
is away now is held to come back."""

MAKING = ("create_run", "create_experiment", "create_registered_model", "create_model_version", "create_logged_model",
          "register_prompt", "start_trace", "copy_model_version")  # fmt: skip
"""Calls that make something new each time they are carried out."""

NOTHING_DONE = ("refused", "is locked", "starting up", "connection failed", "terminating connection", "shutting down",
                "name resolution", "too many clients", "NewConnectionError")  # fmt: skip
"""What is said where a call surely was not carried out: no connection was made, or its transaction was undone."""


def wait_until_reached(address: str) -> None:
    """Return when the store can be reached. One that was open before is waited for, and so is a lock.

    Raises NotReached.
    """
    known = os.environ.get(OPENED) == addresses.fingerprint(address)
    waiting = Waiting(address, PATIENCE_S if known else LOCK_S, time.monotonic())
    while True:
        try:
            look(address)
        except NotReached as error:
            locked = "holds the lock" in error.why
            if not error.temporary or not (known or locked) or not waiting.again(error.why):
                raise
        else:
            os.environ[OPENED] = addresses.fingerprint(address)
            return


def be_brief() -> None:
    """Wait for a few seconds only, in this process: in a server that somebody waits for, who can ask again."""
    global PATIENCE_S, LOCK_S
    PATIENCE_S = LOCK_S = BRIEF_S


class Waiting:
    """Pauses between attempts, with one line on standard error that says for what and until when."""

    def __init__(self, address: str, seconds: float, began: float) -> None:
        self._address, self.seconds, self._began = address, seconds, began
        self._pause = FIRST_PAUSE_S
        self._said = False

    def again(self, why: str) -> bool:
        """Pause, and say whether to try once more."""
        now = time.monotonic()
        left = self._began + self.seconds - now
        if left <= 0:
            return False
        if not self._said and now - self._began > 1.0:
            self._said = True
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + left))
            say(f"waiting for the record at {addresses.shown(self._address)} until {until}: {why}")
        time.sleep(min(left, self._pause))
        self._pause = min(LONGEST_PAUSE_S, self._pause * 1.6)
        return True


class PatientClient:
    """MLflow's client, whose calls are repeated where that is safe while the record is away."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return partial(self._call, name, found) if callable(found) and not name.startswith("_") else found

    def _call(self, call: str, method: Callable[..., Any], /, *positional: Any, **named: Any) -> Any:
        return patiently(partial(method, *positional, **named), self._address, repeatable=call not in MAKING)


def patiently(work: Callable[[], Any], address: str, *, repeatable: bool = True) -> Any:
    """Do some work with the record; while the record is away, again and again for `PATIENCE_S` seconds.

    Args:
        work: What is done.
        address: The record's.
        repeatable: Whether the work may be done twice; without it it is done again only when it surely was not.

    Raises Infrastructure when the record stays away, or its disk is full or read-only. Any other error is the work's.
    """
    began = time.monotonic()
    waiting = Waiting(address, PATIENCE_S, began)
    while True:
        try:
            with told_when_slow(address):
                return work()
        except Infrastructure:
            raise
        except Exception as error:
            why = away(error)
            if why is None:
                fault = machine_fault(error) if _is_librarys(error) else None
                if fault is None:
                    raise
                raise Infrastructure(
                    f"the record at {addresses.shown(address)} can't be used: {fault}"
                ) from error
            why = addresses.without_passwords(why, address)
            if not (repeatable or any(part.lower() in why.lower() for part in NOTHING_DONE)):
                raise Infrastructure(
                    f"the record at {addresses.shown(address)} went away in the middle of a change ({why}); what is "
                    "finished is kept. Run the same command again"
                ) from error
            if "is locked" in why:
                waiting.seconds = LOCK_S  # each attempt waits for 20 s itself
            if not waiting.again(why):
                raise Infrastructure(
                    f"the record at {addresses.shown(address)} can't be used for {time.monotonic() - began:.0f} s now: "
                    f"{why}. What is finished is kept; when it is back, run the same command again"
                ) from error


def away(error: BaseException) -> str | None:
    """What a library said of a store that is away just now; None for any other error."""
    # The innermost says it best: what is around it quotes statements and gives advice for programmers.
    for one in reversed(list(chain(error))):
        module, kind = type(one).__module__.partition(".")[0], type(one).__name__
        said = " ".join(str(one).split())[:300]
        if module in ("sqlite3", "psycopg", "psycopg2", "pymysql") and is_temporary(said):
            return said
        if module in ("requests", "urllib3") and ("Connection" in kind or "Timeout" in kind):
            return (machine_fault(one) or said).split(". ")[0]
        if module == "mlflow" and _code(one) == "TEMPORARILY_UNAVAILABLE" and is_temporary(said):
            return said
        if module == "mlflow" and (
            "failed with error code 503" in said or "failed with error code 502" in said
        ):
            return said
        if module == "mlflow" and "failed with exception" in said and is_temporary(said):
            return said
    return None


def _code(error: BaseException) -> str:
    return str(getattr(error, "error_code", ""))


def _is_librarys(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ("mlflow", "sqlalchemy", "sqlite3", "psycopg")


@contextmanager
def told_when_slow(address: str) -> Iterator[None]:
    """Say after `SAY_AFTER_S` seconds that the record has not answered yet, once for each call.

    Not of a SQLite file: it is waited for at most 20 s, and a timer is a thread.
    """
    if address.startswith("sqlite"):
        yield
        return
    timer = threading.Timer(
        SAY_AFTER_S,
        say,
        [
            f"still waiting for the record at {addresses.shown(address)}; Ctrl-C ends it, what is finished is kept"
        ],
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def say(text: str) -> None:
    """A line on standard error."""
    print(f"veritrain: {text}", file=sys.stderr, flush=True)
