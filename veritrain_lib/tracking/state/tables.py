"""Definitions of Veri-Train's own database tables (SQLAlchemy Core), whose names all begin with `veritrain_state_`."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

PREFIX = "veritrain_state_"
"""Prefix of the names of Veri-Train's own database tables."""

REVISION = "0005"
"""Alembic revision of the tables defined here: that of the newest file in `migrations/versions/`."""

METADATA = MetaData()

VERSIONS = Table(f"{PREFIX}version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Table in which Alembic stores the revision of Veri-Train's own tables, separate from MLflow's and the server's."""

LOOKS = Table(
    f"{PREFIX}looks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("test", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("champion", Text, nullable=False),
    Column("challenger", Text, nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("task", Text, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("at", String(40), nullable=False),
    UniqueConstraint("test", "number", name="uq_veritrain_state_looks_number"),
    UniqueConstraint("test", "champion", "challenger", name="uq_veritrain_state_looks_pair"),
)
"""Looks (comparisons of two models on a held-out test set): one row for each, with the fields of `looks.Look`.

The constraints forbid two looks with one number or one pair of models, whatever the code does.
"""

LOOK_ROWS = Table(
    f"{PREFIX}look_rows",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("test", String(64), nullable=False),
    Column("rows_digest", String(64), nullable=False),
    Column("row_digests", Text, nullable=False),
    UniqueConstraint("test", "rows_digest", name="uq_veritrain_state_look_rows"),
)
"""Test rows that looks (comparisons of models) at a test file have used: their digests, separated by spaces."""

LEASES = Table(
    f"{PREFIX}leases",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("work", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("token", String(32), nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("beat_at", DateTime(timezone=True), nullable=False),
)
"""Leases (claims on work): `id` is the digest of the work's name, `beat_at` the last heartbeat by database time."""

JOBS = Table(
    f"{PREFIX}jobs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("queue", String(40), nullable=False),
    Column("status", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cancel", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("error", String(80), nullable=False),
    Column("progress", JSON, nullable=False),
    Column("message", String(64), nullable=False),
    Column("worker", Text, nullable=False),
    Column("token", String(32), nullable=False),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("beat_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("result", JSON, nullable=False, server_default="{}"),
)
"""Notebook jobs for workers (see `jobs.py`).

`message` is the id of the broker's message, `result` what a called Celery task gave back.
"""

WORKERS = Table(
    f"{PREFIX}workers",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("queues", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("beat_at", DateTime(timezone=True), nullable=False),
)
"""Workers that run (see `workers.py`); `queues` are names separated by commas, `beat_at` is the last sign of life."""

FILES = Table(
    f"{PREFIX}files",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""Files that are sent to workers, in parts, by the SHA-256 digest of their content."""

EVENTS = Table(
    f"{PREFIX}events",
    METADATA,
    Column("run_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("payload", Text, nullable=False),
)
"""Events of runs (see `event_table.py`): `number` counts from 1 in each run, `payload` is level, message and data."""
