"""Schemas of the system settings: six sections, each setting with its default and its range."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from veritrain_lib.server.http.casing import RequestModel, ResponseModel

LANGUAGES = ("en", "ja", "zh")
THEMES = ("light", "dark", "auto")

JUDGE_GROUPS = ("gpt_eval_1", "gpt_eval_2")
"""Groups of an LLM judge's scores and errors in an evaluation, which lists show or hide like a metric."""


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("not a time zone of the IANA database, such as UTC or Asia/Tokyo")
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() | {"UTC"})


def _metric(name: str) -> str:
    from veritrain_lib.core import registry

    metric_names = sorted({*registry.names("metrics"), *JUDGE_GROUPS})
    if name not in metric_names:
        raise ValueError(f"not a metric; known: {', '.join(metric_names)}")
    return name


class GeneralSettings(ResponseModel):
    """Language and appearance of pages."""

    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] = "UTC"
    theme: str = Field(default="auto", pattern=f"^({'|'.join(THEMES)}|system)$")
    notifications_enabled: bool = True


class TrainingSettings(ResponseModel):
    """Training defaults if neither the task nor the experiment sets them."""

    default_epochs: int = Field(default=3, ge=1, le=1000)
    default_batch_size: int = Field(default=16, ge=1, le=65_536)
    default_learning_rate: float = Field(default=2e-4, gt=0, le=10)
    auto_save_checkpoints: bool = True
    checkpoint_interval: int = Field(default=1, ge=1, le=1_000_000)
    early_stopping_enabled: bool = False
    early_stopping_patience: int = Field(default=3, ge=1, le=10_000)


class EvaluationSettings(ResponseModel):
    """Measured and displayed metrics. `default_metrics`: metrics that lists show; all if empty."""

    default_metrics: list[Annotated[str, Field(max_length=100), AfterValidator(_metric)]] = Field(
        default=[], max_length=50
    )
    enable_gpt_eval: bool = False
    gpt_model: str = Field(default="", max_length=200)
    enable_human_eval: bool = False
    confidence_threshold: float = Field(default=0.95, ge=0, le=1)


class StorageSettings(ResponseModel):
    """Retention and storage limits. `current_usage_gb` is measured: a value that is sent is ignored."""

    data_retention_days: int = Field(default=90, ge=1, le=36_500)
    auto_cleanup_enabled: bool = False
    max_storage_gb: float = Field(default=100.0, gt=0, le=1e6)
    current_usage_gb: float = Field(default=0.0, ge=0)


class ApiSettings(ResponseModel):
    """Timeouts for calling services, and the rate limit of this one.

    `rate_limit_per_minute`: requests, 0 for no limit.
    """

    base_url: str = Field(default="/api/v1", max_length=500)
    timeout_seconds: float = Field(default=10.0, gt=0, le=120)
    retry_attempts: int = Field(default=2, ge=0, le=10)
    rate_limit_per_minute: int = Field(default=0, ge=0, le=1_000_000)


class SecuritySettings(ResponseModel):
    """Sign-in settings."""

    two_factor_enabled: bool = False
    session_timeout_minutes: int = Field(default=30, ge=1, le=525_600)
    password_expiry_days: int = Field(default=0, ge=0, le=36_500)
    ip_whitelist: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=1000)


class SystemSettings(ResponseModel):
    """System settings in six sections."""

    general: GeneralSettings = GeneralSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    storage: StorageSettings = StorageSettings()
    api: ApiSettings = ApiSettings()
    security: SecuritySettings = SecuritySettings()


def _partial(section: type[BaseModel]) -> type[BaseModel]:
    """Return a model of a section with optional fields; null counts as missing."""
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
    """Any sections, and any part of each."""

    model_config = ConfigDict(extra="forbid")

    general: _partial(GeneralSettings) | None = None  # type: ignore[valid-type]
    training: _partial(TrainingSettings) | None = None  # type: ignore[valid-type]
    evaluation: _partial(EvaluationSettings) | None = None  # type: ignore[valid-type]
    storage: _partial(StorageSettings) | None = None  # type: ignore[valid-type]
    api: _partial(ApiSettings) | None = None  # type: ignore[valid-type]
    security: _partial(SecuritySettings) | None = None  # type: ignore[valid-type]
