"""Result of the trainer `openai`: a model that stays at the provider; only its URI is stored here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.trainers.base import require_empty_folder

if TYPE_CHECKING:
    from pathlib import Path

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.trainers.base import ServingSpec

CARD = "model.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class FittedRemote:
    """Model that was fine-tuned at a provider (protocol `Fitted`), registered as an adapter of its base model.

    Attributes:
        task: the task.
        address: URI with which `open_model` opens the model.
        base: URI of the model that was tuned.
        facts: statistics of the job for people: job, file, trained tokens, epochs, cost in US dollars.
    """

    task: Task = field(repr=False)
    address: str
    base: str
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def model(self) -> Model:
        """The fine-tuned model, opened without sending a request."""
        from veritrain_lib.models.base import open_model

        return open_model(self.address, self.task)

    @property
    def served(self) -> ServingSpec | None:
        """None: model servers can't serve a provider's model; only `open_model` opens it."""
        return None

    def save(self, folder: Path) -> None:
        """Write the file `model.json` into an empty folder; it names the fine-tuned model at the provider.

        Raises:
            UserError: the folder is not empty.
        """
        require_empty_folder(folder).mkdir(parents=True, exist_ok=True)
        card = {
            "format_version": FORMAT_VERSION,
            "type": "adapter",
            "address": self.address,
            "base": self.base,
            "facts": self.facts,
        }
        (folder / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_card(folder: Path) -> dict[str, Any]:
    """Read the file `model.json`, which names a fine-tuned model at its provider.

    Raises:
        UserError: the file is missing or damaged, or has another format version.
    """
    file = folder / CARD
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} can't be read: {error}") from error
    if not isinstance(card, dict) or card.get("format_version") != FORMAT_VERSION or not card.get("address"):
        raise UserError(f"{file} is not a model card of format version {FORMAT_VERSION}; train again")
    return card
