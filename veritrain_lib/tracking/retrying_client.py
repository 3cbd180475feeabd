"""MLflow client that repeats calls while the store can't be reached for a short time, and says so on standard error.

A stage runs for minutes, and a database restart takes half a minute. Calls that are safe to repeat are repeated for
`RETRY_S` seconds: reading, and writes that give the same result twice (tags, parameters, metrics, the status of a run).
A call that would create a second object (a run, a model version) is repeated only when it certainly was not executed.
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
from veritrain_lib.core.machine_fault import error_chain, machine_fault
from veritrain_lib.tracking import address as addresses
from veritrain_lib.tracking.reachability import StoreUnreachable, check_reachable, is_temporary_error

RETRY_S = 45.0
"""Seconds for which a call is repeated while the store can't be reached; then it fails."""
LOCK_WAIT_S = 20.0
"""Seconds that a command waits at its start for another process that has locked the SQLite file."""
SHORT_WAIT_S = 4.0
"""Value of `RETRY_S` and `LOCK_WAIT_S`, in seconds, in a process that answers web requests."""
INITIAL_PAUSE_S, MAX_PAUSE_S = 0.2, 2.0
"""Seconds of the first pause between two attempts, and of the longest one."""
WARN_AFTER_S = 15.0
"""Seconds after which a warning says that a single call still has no answer."""

OPENED_VARIABLE = "VERITRAIN_STORE_OPENED"
"""Environment variable with the fingerprint of the store that this process or its parent has already opened.

If that store can't be reached now, it is waited for, since it is expected to come back.
"""

NON_IDEMPOTENT = ("create_run", "create_experiment", "create_registered_model", "create_model_version", "create_logged_model",
          "register_prompt", "start_trace", "copy_model_version")  # fmt: skip
"""Names of the client's methods that create something new each time they are executed."""

NOT_EXECUTED = ("refused", "is locked", "starting up", "connection failed", "terminating connection", "shutting down",
                "name resolution", "too many clients", "NewConnectionError")  # fmt: skip
"""Parts of error messages that mean the call was certainly not executed.

Either no connection was made or the transaction was rolled back.
"""


def wait_until_reachable(address: str) -> None:
    """Check that the MLflow store can be reached; wait for it if it was open before or another process locks it.

    Raises:
        StoreUnreachable: The store can't be reached, and waiting does not help or has not helped.
    """
    was_open = os.environ.get(OPENED_VARIABLE) == addresses.fingerprint(address)
    pauses = RetryPauses(address, RETRY_S if was_open else LOCK_WAIT_S, time.monotonic())
    while True:
        try:
            check_reachable(address)
        except StoreUnreachable as error:
            locked = "holds the lock" in error.reason
            if not error.temporary or not (was_open or locked) or not pauses.pause(error.reason):
                raise
        else:
            os.environ[OPENED_VARIABLE] = addresses.fingerprint(address)
            return


def use_short_waits() -> None:
    """Limit waiting for the MLflow store to `SHORT_WAIT_S` seconds in this process; a server does so to answer soon."""
    global RETRY_S, LOCK_WAIT_S
    RETRY_S = LOCK_WAIT_S = SHORT_WAIT_S


class RetryPauses:
    """Growing pauses between attempts to reach the MLflow store, up to a time limit.

    After the first second one line on standard error says what is waited for, and until when.
    """

    def __init__(self, address: str, seconds: float, started: float) -> None:
        self._address, self.seconds, self._started = address, seconds, started
        self._pause_s = INITIAL_PAUSE_S
        self._warned = False

    def pause(self, reason: str) -> bool:
        """Sleep before the next attempt and return True; return False at once if the time limit is over."""
        now = time.monotonic()
        remaining = self._started + self.seconds - now
        if remaining <= 0:
            return False
        if not self._warned and now - self._started > 1.0:
            self._warned = True
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + remaining))
            warn(f"waiting for the MLflow store at {addresses.masked(self._address)} until {until}: {reason}")
        time.sleep(min(remaining, self._pause_s))
        self._pause_s = min(MAX_PAUSE_S, self._pause_s * 1.6)
        return True


class RetryingClient:
    """MLflow client whose calls are repeated, where that is safe, while the store can't be reached."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        return (
            partial(self._call, name, attribute)
            if callable(attribute) and not name.startswith("_")
            else attribute
        )

    def _call(self, call: str, method: Callable[..., Any], /, *positional: Any, **named: Any) -> Any:
        return with_retries(
            partial(method, *positional, **named), self._address, repeatable=call not in NON_IDEMPOTENT
        )


def with_retries(work: Callable[[], Any], address: str, *, repeatable: bool = True) -> Any:
    """Call a function that uses the MLflow store; repeat it for up to `RETRY_S` seconds while the store is unreachable.

    Args:
        work: The function.
        address: Tracking URI of the store.
        repeatable: Whether the function may be executed twice; if False, it is repeated only when it certainly was not
            executed.

    Returns:
        What the function returned.

    Raises:
        Infrastructure: The store can't be reached for longer, or its disk is full or read-only. Any other error is that
            of the function.
    """
    started = time.monotonic()
    pauses = RetryPauses(address, RETRY_S, started)
    while True:
        try:
            with warn_when_slow(address):
                return work()
        except Infrastructure:
            raise
        except Exception as error:
            reason = unavailability(error)
            if reason is None:
                fault = machine_fault(error) if _is_library_error(error) else None
                if fault is None:
                    raise
                raise Infrastructure(
                    f"the MLflow store at {addresses.masked(address)} can't be used: {fault}"
                ) from error
            reason = addresses.mask_passwords(reason, address)
            if not (repeatable or any(part.lower() in reason.lower() for part in NOT_EXECUTED)):
                raise Infrastructure(
                    f"the MLflow store at {addresses.masked(address)} became unavailable in the middle of a change ({reason}); what is "
                    "finished is kept. Run the same command again"
                ) from error
            if "is locked" in reason:
                # An attempt itself waits for 20 s: there is time for a second one, after a line that says so.
                pauses.seconds = min(RETRY_S, 2 * LOCK_WAIT_S - 1)
            if not pauses.pause(reason):
                raise Infrastructure(
                    f"the MLflow store at {addresses.masked(address)} can't be used for {time.monotonic() - started:.0f} s now: "
                    f"{reason}. What is finished is kept; when it is back, run the same command again"
                ) from error


def unavailability(error: BaseException) -> str | None:
    """Return a library error's message if it means that the MLflow store can't be reached now, else None."""
    # The innermost error is the clearest: the outer ones quote statements and give advice for programmers.
    for cause in reversed(list(error_chain(error))):
        module, kind = type(cause).__module__.partition(".")[0], type(cause).__name__
        message = " ".join(str(cause).split())[:300]
        if module in ("sqlite3", "psycopg", "psycopg2", "pymysql") and is_temporary_error(message):
            return message
        if module in ("requests", "urllib3") and ("Connection" in kind or "Timeout" in kind):
            return (machine_fault(cause) or message).split(". ")[0]
        if (
            module == "mlflow"
            and _error_code(cause) == "TEMPORARILY_UNAVAILABLE"
            and is_temporary_error(message)
        ):
            return message
        if module == "mlflow" and (
            "failed with error code 503" in message or "failed with error code 502" in message
        ):
            return message
        if module == "mlflow" and "failed with exception" in message and is_temporary_error(message):
            return message
    return None


def _error_code(error: BaseException) -> str:
    return str(getattr(error, "error_code", ""))


def _is_library_error(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ("mlflow", "sqlalchemy", "sqlite3", "psycopg")


@contextmanager
def warn_when_slow(address: str) -> Iterator[None]:
    """Print a warning if the call of the MLflow store in the block has no answer after `WARN_AFTER_S` seconds.

    Calls to SQLite files are exempt: they end after 20 s, and the timer would cost a thread.
    """
    if address.startswith("sqlite"):
        yield
        return
    timer = threading.Timer(
        WARN_AFTER_S,
        warn,
        [
            f"still waiting for the MLflow store at {addresses.masked(address)}; Ctrl-C ends it, what is finished is kept"
        ],
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def warn(text: str) -> None:
    """Print a line, prefixed with `veritrain:`, to standard error."""
    print(f"veritrain: {text}", file=sys.stderr, flush=True)
