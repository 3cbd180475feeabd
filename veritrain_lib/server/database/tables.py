"""Table definitions (SQLAlchemy). Every name begins with `veritrain_` to keep them apart from MLflow's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

PREFIX = "veritrain_"
VERSION_TABLE = f"{PREFIX}alembic_version"


def is_veritrain_table(
    schema_item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any
) -> bool:
    """Return whether Alembic compares an item of the schema: MLflow's tables are left alone."""
    return kind != "table" or (name or "").startswith(PREFIX)


class UtcTime(TypeDecorator[datetime]):
    """Time stamp with time zone; SQLite stores none, so it is written and read as UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return a time in UTC without a zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return a stored time with the zone UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class BaseTable(DeclarativeBase):
    """Declarative base of the tables."""


class User(BaseTable):
    """Account of a user. `role` is viewer, editor or admin; `password` is an argon2 hash."""

    __tablename__ = f"{PREFIX}users"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


class Token(BaseTable):
    """Refresh or service token that was issued: stored by its id (`jti`), never the token itself.

    Refresh tokens of one login are a `family`: each is used once, and one that comes twice revokes them all.
    """

    __tablename__ = f"{PREFIX}tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(f"{PREFIX}users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    family: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class Setting(BaseTable):
    """Section of the system's settings, as JSON; an absent section has its defaults."""

    __tablename__ = f"{PREFIX}settings"

    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcTime, default=now, onupdate=now)


class Preference(BaseTable):
    """Preferences of a user. `user_id` is `local` where nobody signs in."""

    __tablename__ = f"{PREFIX}preferences"

    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcTime, default=now, onupdate=now)
