"""A look whether the record can be reached, before MLflow tries for minutes: short time limits, one sentence.

`look` raises `NotReached` for a server that refuses, a database that is down, a file that is locked, no database at
all, or in a place that can't be written. `temporary` says whether waiting may mend it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.tracking import address as addresses

CONNECT_S = 5
"""Seconds that a connection may take to be made."""
ANSWER_S = 10
"""Seconds that an MLflow server may take to answer the first question."""

REFUSING = (502, 503, 504, 429)
"""Answers of a server, or of a gateway before it, that is not ready."""

TEMPORARY = (
    "refused", "timeout", "timed out", "starting up", "shutting down", "too many clients", "too many connections",
    "recovery mode", "closed the connection", "connection is closed", "connection reset", "terminating connection",
    "remaining connection slots", "network is unreachable", "no route to host", "name resolution", "is locked",
    "connection failed", "connection is lost", "not yet accepting connections", "broken pipe",
)  # fmt: skip
"""Parts of what libraries say about a store that may be back soon."""

PERMANENT = ("does not exist", "authentication failed", "no password supplied", "pg_hba.conf", "certificate")
"""Parts that rule it out."""


class NotReached(Infrastructure):
    """The record can't be reached. `temporary`: it may be back soon, as after a restart."""

    def __init__(self, address: str, why: str, remedy: str, *, temporary: bool) -> None:
        self.why, self.temporary = why, temporary
        super().__init__(
            f"the MLflow store {addresses.shown(address)} can't be opened: {why}. {remedy}; "
            "check MLFLOW_TRACKING_URI or run: veritrain doctor"
        )


def look(address: str) -> None:
    """Look whether the store at a tracking URI can be opened; it takes some milliseconds when all is well.

    Raises NotReached when it can't.
    """
    if address.startswith(("http://", "https://")):
        _look_at_server(address)
    elif address.startswith("sqlite:"):
        file = addresses.file_of(address)
        if file is not None:
            _look_at_file(address, file)
    else:
        _look_at_database(address)


def is_temporary(said: str) -> bool:
    """Whether a library's message tells of a store that may be back soon."""
    lowered = said.lower()
    return not any(part in lowered for part in PERMANENT) and any(part in lowered for part in TEMPORARY)


def _look_at_file(address: str, file: Path) -> None:
    def broken(why: str, remedy: str, temporary: bool = False) -> NotReached:
        return NotReached(address, why, remedy, temporary=temporary)

    if file.is_dir():
        raise broken(f"{file} is a folder, not a database", "Move that folder away")
    if not file.exists():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise broken(machine_fault(error) or str(error), "Make that folder") from error
        return
    if not file.is_file():
        raise broken(f"{file} is no plain file", "Move it away")
    try:
        # Only SQLite itself may open the file: to close any other descriptor of it would drop the locks that this
        # process's connections hold, and another process would then take its log (WAL) away under them.
        with closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        if "not a database" in str(error):
            raise broken(f"{file} is no SQLite database", "Move that file away") from error
        if "locked" in str(error):
            raise broken(
                "another process holds the lock of this database", "End that process, or wait for it", True
            ) from error
        raise broken(f"{file}: {error}", machine_fault(error) or "Look at the file and its folder") from error
    except OSError as error:
        raise broken(machine_fault(error) or str(error), "Look at the file and its folder") from error


def _look_at_server(address: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    ask: Any = http_request
    keys: Any = get_default_host_creds
    try:
        answer = ask(keys(address), "/health", "GET", timeout=ANSWER_S, max_retries=0, raise_on_status=False)
    except MlflowException as error:
        fault = (machine_fault(error) or str(error).splitlines()[0]).split(". ")[0]
        raise NotReached(
            address,
            addresses.without_passwords(fault, address),
            "Start that server, or wait until it is back",
            temporary="certificate" not in fault,
        ) from error
    if answer.status_code in REFUSING:
        raise NotReached(
            address, f"it answers HTTP {answer.status_code}", "Look at that server's log", temporary=True
        )


def _look_at_database(address: str) -> None:
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    os.environ.setdefault("PGCONNECT_TIMEOUT", str(CONNECT_S))
    try:
        engine = sqlalchemy.create_engine(address, poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))
    except ModuleNotFoundError as error:
        raise NotReached(
            address, f"the driver {error.name} is not installed", f"Install it: pip install {error.name}",
            temporary=False,
        ) from error  # fmt: skip
    except (sqlalchemy.exc.SQLAlchemyError, OSError, ValueError) as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
        temporary = is_temporary(said)
        raise NotReached(
            address,
            addresses.without_passwords(said, address),
            "Start the database, or wait until it is back" if temporary else "Correct that address",
            temporary=temporary,
        ) from error
