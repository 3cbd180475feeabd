"""Quick check whether the MLflow store can be reached, with an error message of one sentence.

MLflow itself would retry for minutes. `check_reachable` raises `StoreUnreachable` for a server that refuses
connections, a database that is down or missing, and a file that is locked or can't be written. The error's attribute
`temporary` says whether waiting may help.
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

CONNECT_TIMEOUT_S = 5
"""Seconds within which a connection to a database must be made."""
RESPONSE_TIMEOUT_S = 10
"""Seconds within which an MLflow server must send its response."""

UNAVAILABLE_STATUSES = (502, 503, 504, 429)
"""HTTP statuses with which an MLflow server, or a gateway in front of it, says that it is not ready."""

TEMPORARY_ERRORS = (
    "refused", "timeout", "timed out", "starting up", "shutting down", "too many clients", "too many connections",
    "recovery mode", "closed the connection", "connection is closed", "connection reset", "terminating connection",
    "remaining connection slots", "network is unreachable", "no route to host", "name resolution", "is locked",
    "connection failed", "connection is lost", "not yet accepting connections", "broken pipe",
)  # fmt: skip
"""Parts of library messages that mean the store can't be reached now but may be reachable soon."""

PERMANENT_ERRORS = (
    "does not exist",
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "certificate",
)
"""Parts of library messages that mean waiting won't help, even if a part of `TEMPORARY_ERRORS` is there as well."""


class StoreUnreachable(Infrastructure):
    """Error: the MLflow store can't be reached.

    `reason` is the cause in words. `temporary` is True if the store may soon be reachable, as after a restart.
    """

    def __init__(self, address: str, reason: str, remedy: str, *, temporary: bool) -> None:
        self.reason, self.temporary = reason, temporary
        super().__init__(
            f"the MLflow store {addresses.masked(address)} can't be opened: {reason}. {remedy}; "
            "check MLFLOW_TRACKING_URI or run: veritrain doctor"
        )


def check_reachable(address: str) -> None:
    """Check that the MLflow store at a tracking URI can be opened, which takes some milliseconds if it can.

    Raises:
        StoreUnreachable: The store can't be opened.
    """
    if address.startswith(("http://", "https://")):
        _check_server(address)
    elif address.startswith("sqlite:"):
        file = addresses.sqlite_path(address)
        if file is not None:
            _check_file(address, file)
    else:
        _check_database(address)


def is_temporary_error(message: str) -> bool:
    """Return whether a library's error message means that the MLflow store may soon be reachable again."""
    lowered = message.lower()
    return not any(part in lowered for part in PERMANENT_ERRORS) and any(
        part in lowered for part in TEMPORARY_ERRORS
    )


def _check_file(address: str, file: Path) -> None:
    def unreachable(reason: str, remedy: str, temporary: bool = False) -> StoreUnreachable:
        return StoreUnreachable(address, reason, remedy, temporary=temporary)

    if file.is_dir():
        raise unreachable(f"{file} is a folder, not a database", "Move that folder away")
    if not file.exists():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unreachable(machine_fault(error) or str(error), "Make that folder") from error
        return
    if not file.is_file():
        raise unreachable(f"{file} is not a regular file", "Move it away")
    try:
        # Only SQLite itself may open the file: closing any other descriptor would drop the locks of this process's
        # connections, and another process could then remove their write-ahead log (WAL).
        with closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        if "not a database" in str(error):
            raise unreachable(f"{file} is not a SQLite database", "Move that file away") from error
        if "locked" in str(error):
            raise unreachable(
                "another process holds the lock of this database", "End that process, or wait for it", True
            ) from error
        raise unreachable(
            f"{file}: {error}", machine_fault(error) or "Look at the file and its folder"
        ) from error
    except OSError as error:
        raise unreachable(machine_fault(error) or str(error), "Look at the file and its folder") from error


def _check_server(address: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    send: Any = http_request
    credentials: Any = get_default_host_creds
    try:
        response = send(
            credentials(address),
            "/health",
            "GET",
            timeout=RESPONSE_TIMEOUT_S,
            max_retries=0,
            raise_on_status=False,
        )
    except MlflowException as error:
        fault = (machine_fault(error) or str(error).splitlines()[0]).split(". ")[0]
        raise StoreUnreachable(
            address,
            addresses.mask_passwords(fault, address),
            "Start that server, or wait until it is back",
            temporary="certificate" not in fault,
        ) from error
    if response.status_code in UNAVAILABLE_STATUSES:
        raise StoreUnreachable(
            address, f"it answers HTTP {response.status_code}", "Look at that server's log", temporary=True
        )


def _check_database(address: str) -> None:
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    os.environ.setdefault("PGCONNECT_TIMEOUT", str(CONNECT_TIMEOUT_S))
    try:
        engine = sqlalchemy.create_engine(address, poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))
    except ModuleNotFoundError as error:
        raise StoreUnreachable(
            address, f"the driver {error.name} is not installed", f"Install it: pip install {error.name}",
            temporary=False,
        ) from error  # fmt: skip
    except (sqlalchemy.exc.SQLAlchemyError, OSError, ValueError) as error:
        message = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
        temporary = is_temporary_error(message)
        raise StoreUnreachable(
            address,
            addresses.mask_passwords(message, address),
            "Start the database, or wait until it is back" if temporary else "Correct that address",
            temporary=temporary,
        ) from error
