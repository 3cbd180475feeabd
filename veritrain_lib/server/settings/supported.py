"""Settings that clients have but this server does not support: they keep their defaults, and the API says so."""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.api.problems import WrongField

UNSUPPORTED: dict[str, str] = {
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
