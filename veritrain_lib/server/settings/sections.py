"""Schema of the server's settings: six sections of settings, each setting with its default and its range."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from veritrain_lib.server.http.casing import RequestModel, ResponseModel

THEMES = ("light", "dark", "auto")
"""Appearances of the server's pages; `auto` follows the browser."""

JUDGE_GROUPS = ("gpt_eval_1", "gpt_eval_2")
"""Names under which an evaluation has the scores and errors of an LLM judge; lists show or hide them like a metric."""


def _zone(name: str) -> str:
    """Return the name of a time zone if the IANA database has it; raise ValueError otherwise."""
    if name not in _zones():
        raise ValueError("not a time zone of the IANA database, such as UTC or Asia/Tokyo")
    return name


@cache
def _zones() -> frozenset[str]:
    """Return the names of all time zones of the IANA database."""
    return frozenset(zoneinfo.available_timezones() | {"UTC"})


def _metric(name: str) -> str:
    """Return the name of a metric, or of a group of an LLM judge's scores, if it exists; raise ValueError otherwise."""
    from veritrain_lib.core import registry

    metric_names = sorted({*registry.names("metrics"), *JUDGE_GROUPS})
    if name not in metric_names:
        raise ValueError(f"not a metric; known: {', '.join(metric_names)}")
    return name


class GeneralSettings(ResponseModel):
    """Settings section: language and appearance of the server's pages."""

    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] = "UTC"
    theme: str = Field(default="auto", pattern=f"^({'|'.join(THEMES)}|system)$")
    notifications_enabled: bool = True


class TrainingSettings(ResponseModel):
    """Settings section: default parameters of a training, such as the number of epochs."""

    default_epochs: int = Field(default=3, ge=1, le=1000)
    default_batch_size: int = Field(default=16, ge=1, le=65_536)
    default_learning_rate: float = Field(default=2e-4, gt=0, le=10)
    auto_save_checkpoints: bool = True
    checkpoint_interval: int = Field(default=1, ge=1, le=1_000_000)
    early_stopping_enabled: bool = False
    early_stopping_patience: int = Field(default=3, ge=1, le=10_000)


class EvaluationSettings(ResponseModel):
    """Settings section: evaluation metrics and LLM judge.

    `default_metrics` names the metrics that the API's list of evaluations shows; if it is empty, the list shows all.
    """

    default_metrics: list[Annotated[str, Field(max_length=100), AfterValidator(_metric)]] = Field(
        default=[], max_length=50
    )
    enable_gpt_eval: bool = False
    gpt_model: str = Field(default="", max_length=200)
    enable_human_eval: bool = False
    confidence_threshold: float = Field(default=0.95, ge=0, le=1)


class StorageSettings(ResponseModel):
    """Settings section: retention and disk space.

    `current_usage_gb` is measured; a value that a client sends is ignored.
    """

    data_retention_days: int = Field(default=90, ge=1, le=36_500)
    auto_cleanup_enabled: bool = False
    max_storage_gb: float = Field(default=100.0, gt=0, le=1e6)
    current_usage_gb: float = Field(default=0.0, ge=0)


class ApiSettings(ResponseModel):
    """Settings section: base URL of this server's API, its rate limit, and the connection tests of other services.

    `rate_limit_per_minute` is the maximum number of requests of one user or network address; 0 means no limit.
    `timeout_seconds` and `retry_attempts` apply to a connection test.
    """

    base_url: str = Field(default="/api/v1", max_length=500)
    timeout_seconds: float = Field(default=10.0, gt=0, le=120)
    retry_attempts: int = Field(default=2, ge=0, le=10)
    rate_limit_per_minute: int = Field(default=0, ge=0, le=1_000_000)


class SecuritySettings(ResponseModel):
    """Settings section: sign-in and passwords."""

    two_factor_enabled: bool = False
    session_timeout_minutes: int = Field(default=30, ge=1, le=525_600)
    password_expiry_days: int = Field(default=0, ge=0, le=36_500)
    ip_whitelist: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=1000)


class SystemSettings(ResponseModel):
    """Settings of the server in six sections."""

    general: GeneralSettings = GeneralSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    storage: StorageSettings = StorageSettings()
    api: ApiSettings = ApiSettings()
    security: SecuritySettings = SecuritySettings()


def _partial(section: type[BaseModel]) -> type[BaseModel]:
    """Return a pydantic model of a settings section in which each field is optional; null counts as missing."""
    fields: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        annotation: Any = field.annotation
        for constraint in field.metadata:
            annotation = Annotated[annotation, constraint]
        fields[name] = (annotation | None, None)
    partial_model: type[BaseModel] = create_model(
        f"{section.__name__}Change",
        __base__=RequestModel,
        __doc__=f"Any part of: {section.__doc__}",
        **fields,
    )
    return partial_model


class SystemSettingsUpdate(RequestModel):
    """Changes of the server's settings: any sections, and any settings of each."""

    model_config = ConfigDict(extra="forbid")

    general: _partial(GeneralSettings) | None = None  # type: ignore[valid-type]
    training: _partial(TrainingSettings) | None = None  # type: ignore[valid-type]
    evaluation: _partial(EvaluationSettings) | None = None  # type: ignore[valid-type]
    storage: _partial(StorageSettings) | None = None  # type: ignore[valid-type]
    api: _partial(ApiSettings) | None = None  # type: ignore[valid-type]
    security: _partial(SecuritySettings) | None = None  # type: ignore[valid-type]
