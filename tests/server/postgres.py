"""A PostgreSQL database of a test's own, on the server that TEST_POSTGRES names."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

SERVER = os.environ.get("TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")


def is_there() -> bool:
    """Whether a PostgreSQL server lets us in."""
    admin = create_engine(f"{SERVER}/postgres", connect_args={"connect_timeout": 3})
    try:
        admin.connect().close()
    except OperationalError:
        return False
    finally:
        admin.dispose()
    return True


@contextmanager
def new_database() -> Iterator[str]:
    """The address of an empty database, which is dropped at the end. Skips the test where there is no server."""
    admin = create_engine(
        f"{SERVER}/postgres", isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )
    name = f"test_{uuid.uuid4().hex[:12]}"
    try:
        with admin.connect() as opened:
            opened.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        pytest.skip("no PostgreSQL lets us in on this machine; TEST_POSTGRES names one that does")
    try:
        yield f"{SERVER}/{name}"
    finally:
        with admin.connect() as opened:
            opened.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
