"""Fields that clients of the API contract send and this server does not obey.

They are accepted, so that such clients work, and every response names them. Settings keep their defaults; a field of an
experiment is stored and returned as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veritrain_lib.server.http.problems import WrongField

UNSUPPORTED_SETTINGS: dict[str, str] = {
    "general.notifications_enabled": "a client receives the events that it subscribes to",
    "training.default_epochs": "the task's trainer sets it",
    "training.default_batch_size": "the task's trainer sets it",
    "training.default_learning_rate": "the task's trainer sets it",
    "training.auto_save_checkpoints": "a long training always keeps checkpoints",
    "training.checkpoint_interval": "the trainer chooses it",
    "training.early_stopping_enabled": "a training always runs to its end",
    "training.early_stopping_patience": "a training always runs to its end",
    "evaluation.enable_gpt_eval": "the task's judge sets it",
    "evaluation.gpt_model": "the task's judge sets it",
    "evaluation.enable_human_eval": "people review samples of a gate: veritrain review",
    "evaluation.confidence_threshold": "intervals are at 95 %, promotion at the level of the task's looks",
    "storage.auto_cleanup_enabled": "clean up with POST /settings/cleanup-storage",
    "api.base_url": "the API is always served at /api/v1",
    "api.rate_limit_per_minute": "VERITRAIN_RATE_LIMIT sets it when the server starts",
    "security.two_factor_enabled": "sign-in has one factor",
    "security.session_timeout_minutes": "the server sets the lifetime of access tokens",
    "security.password_expiry_days": "passwords do not expire",
    "security.ip_whitelist": "ALLOWED_HOSTS and the network decide who can reach the server",
}
"""Path of the setting, and what applies instead."""

UNSUPPORTED_PREFERENCES: dict[str, str] = {
    "email_notifications": "the server sends no mail",
    "weekly_summary": "the server sends no mail",
}


def refuse_unsupported(field: str, reason: str, value: Any, default: Any) -> None:
    """Raise WrongField if an unsupported setting would get a value other than its default."""
    if value != default:
        raise WrongField(f"body.{field}", f"{field} is not supported and stays {default!r}: {reason}")


SUPPORTED_CONFIG_KEYS = ("training_recipe", "seed", "dataset_version")
"""Keys of an experiment's configuration that are supported; any other key is not."""


def unsupported_in_experiment(
    adapter_id: str | None, config: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Return the names of an experiment's unsupported fields, and of the unsupported keys of its configuration."""
    # No trainer continues an adapter: each starts from its base model.
    fields = ["adapter_id"] if adapter_id else []
    return fields, sorted(key for key in config if key not in SUPPORTED_CONFIG_KEYS)
