"""The system's settings: six sections, each setting with its default and its range."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from veritrain_lib.server.api.casing import Answer, Given

LANGUAGES = ("en", "ja", "zh")
THEMES = ("light", "dark", "auto")


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("no time zone of the IANA database, such as UTC or Asia/Tokyo")
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() | {"UTC"})


def _metric(name: str) -> str:
    from veritrain_lib.core import registry
    from veritrain_lib.server.serializers.metrics import GROUPS

    known = sorted({*registry.names("metrics"), *GROUPS})
    if name not in known:
        raise ValueError(f"no metric; known: {', '.join(known)}")
    return name


class General(Answer):
    """How pages look and speak."""

    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] = "UTC"
    theme: str = Field(default="auto", pattern=f"^({'|'.join(THEMES)}|system)$")
    notifications_enabled: bool = True


class Training(Answer):
    """How models are trained where neither the task nor the experiment says."""

    default_epochs: int = Field(default=3, ge=1, le=1000)
    default_batch_size: int = Field(default=16, ge=1, le=65_536)
    default_learning_rate: float = Field(default=2e-4, gt=0, le=10)
    auto_save_checkpoints: bool = True
    checkpoint_interval: int = Field(default=1, ge=1, le=1_000_000)
    early_stopping_enabled: bool = False
    early_stopping_patience: int = Field(default=3, ge=1, le=10_000)


class Evaluating(Answer):
    """What is measured and shown. `default_metrics`: those that lists show, all when empty."""

    default_metrics: list[Annotated[str, Field(max_length=100), AfterValidator(_metric)]] = Field(
        default=[], max_length=50
    )
    enable_gpt_eval: bool = False
    gpt_model: str = Field(default="", max_length=200)
    enable_human_eval: bool = False
    confidence_threshold: float = Field(default=0.95, ge=0, le=1)


class Storage(Answer):
    """What is kept, and how much. `current_usage_gb` is measured: what is sent of it is not looked at."""

    data_retention_days: int = Field(default=90, ge=1, le=36_500)
    auto_cleanup_enabled: bool = False
    max_storage_gb: float = Field(default=100.0, gt=0, le=1e6)
    current_usage_gb: float = Field(default=0.0, ge=0)


class Api(Answer):
    """How services are asked, and how often this one may be. `rate_limit_per_minute`: requests, 0 for no limit."""

    base_url: str = Field(default="/api/v1", max_length=500)
    timeout_seconds: float = Field(default=10.0, gt=0, le=120)
    retry_attempts: int = Field(default=2, ge=0, le=10)
    rate_limit_per_minute: int = Field(default=0, ge=0, le=1_000_000)


class Security(Answer):
    """How people sign in."""

    two_factor_enabled: bool = False
    session_timeout_minutes: int = Field(default=30, ge=1, le=525_600)
    password_expiry_days: int = Field(default=0, ge=0, le=36_500)
    ip_whitelist: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=1000)


class System(Answer):
    """The system's settings."""

    general: General = General()
    training: Training = Training()
    evaluation: Evaluating = Evaluating()
    storage: Storage = Storage()
    api: Api = Api()
    security: Security = Security()


def _partial(section: type[BaseModel]) -> type[BaseModel]:
    """A section of which any part may be left out; what is null is left out too."""
    fields: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        kind: Any = field.annotation
        for rule in field.metadata:
            kind = Annotated[kind, rule]
        fields[name] = (kind | None, None)
    made: type[BaseModel] = create_model(
        f"{section.__name__}Change", __base__=Given, __doc__=f"Any part of: {section.__doc__}", **fields
    )
    return made


class SystemChange(Given):
    """Any sections, and any part of each."""

    model_config = ConfigDict(extra="forbid")

    general: _partial(General) | None = None  # type: ignore[valid-type]
    training: _partial(Training) | None = None  # type: ignore[valid-type]
    evaluation: _partial(Evaluating) | None = None  # type: ignore[valid-type]
    storage: _partial(Storage) | None = None  # type: ignore[valid-type]
    api: _partial(Api) | None = None  # type: ignore[valid-type]
    security: _partial(Security) | None = None  # type: ignore[valid-type]
