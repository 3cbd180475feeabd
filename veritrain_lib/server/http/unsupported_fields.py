"""Lists of request fields that the API contract has and on which this server does not act.

The API contract is the interface for which existing clients were written. Requests with such fields are accepted, so
that these clients work, and each response lists the ignored fields. An unsupported setting keeps its default; an
unsupported field of an experiment is stored and returned unchanged.
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
"""Unsupported settings by `section.name`, each with a text that says what applies instead."""

UNSUPPORTED_PREFERENCES: dict[str, str] = {
    "email_notifications": "the server sends no mail",
    "weekly_summary": "the server sends no mail",
}
"""Unsupported preferences of users by name, each with a text that says why."""


def refuse_unsupported(field: str, reason: str, value: Any, default: Any) -> None:
    """Reject a request that sets an unsupported setting to another value than its default.

    Args:
        field: Path of the setting, such as `training.default_epochs`.
        reason: What applies instead.
        value: Value in the request.
        default: Default of the setting.

    Raises:
        WrongField: The value differs from the default.
    """
    if value != default:
        raise WrongField(f"body.{field}", f"{field} is not supported and stays {default!r}: {reason}")


SUPPORTED_CONFIG_KEYS = ("training_recipe", "seed", "dataset_version")
"""Keys of an experiment's configuration on which this server acts; any other key is stored only."""


def unsupported_in_experiment(
    adapter_id: str | None, config: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Return the parts of a request for an experiment on which this server does not act.

    Args:
        adapter_id: Adapter that the client wants to train further; no trainer does that, each starts from its base
            model.
        config: Configuration of the experiment.

    Returns:
        Names of the unsupported fields, and the unsupported keys of the configuration in alphabetical order.
    """
    # No trainer continues an adapter: each starts from its base model.
    fields = ["adapter_id"] if adapter_id else []
    return fields, sorted(key for key in config if key not in SUPPORTED_CONFIG_KEYS)
