"""Settings that the clients know and nothing here obeys: they keep their defaults, and say so."""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.api.problems import WrongField

UNSUPPORTED: dict[str, str] = {
    "general.notifications_enabled": "a client is told what it subscribes to",
    "training.default_epochs": "the task's trainer says it",
    "training.default_batch_size": "the task's trainer says it",
    "training.default_learning_rate": "the task's trainer says it",
    "training.auto_save_checkpoints": "a long training always keeps checkpoints",
    "training.checkpoint_interval": "the trainer chooses it",
    "training.early_stopping_enabled": "a training goes to its end",
    "training.early_stopping_patience": "a training goes to its end",
    "evaluation.enable_gpt_eval": "the task's judge says it",
    "evaluation.gpt_model": "the task's judge says it",
    "evaluation.enable_human_eval": "people review samples of a gate: veritrain review",
    "evaluation.confidence_threshold": "intervals are at 95 %, promotion at the level of the task's looks",
    "storage.auto_cleanup_enabled": "clean up by POST /settings/cleanup-storage",
    "api.base_url": "the API is served where it is",
    "api.rate_limit_per_minute": "VERITRAIN_RATE_LIMIT says it when the server starts",
    "security.two_factor_enabled": "sign-in has one factor",
    "security.session_timeout_minutes": "access tokens live as long as the server says",
    "security.password_expiry_days": "passwords do not expire",
    "security.ip_whitelist": "ALLOWED_HOSTS and the network say who reaches the server",
}
"""Path of the setting: what holds in its place."""

UNSUPPORTED_PREFERENCES: dict[str, str] = {
    "email_notifications": "the server sends no mail",
    "weekly_summary": "the server sends no mail",
}


def refuse(field: str, why: str, wanted: Any, default: Any) -> None:
    """Raise WrongField when an unsupported setting would leave its default."""
    if wanted != default:
        raise WrongField(f"body.{field}", f"{field} is not supported and stays {default!r}: {why}")
