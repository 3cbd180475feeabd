"""A model that was fine-tuned at a provider: nothing of it is here but its address."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.trainers.base import empty_place

if TYPE_CHECKING:
    from pathlib import Path

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model

CARD = "model.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class FittedRemote:
    """A fine-tuned model (the protocol `Fitted`), registered as an adapter of its base.

    `address` is what `open_model` opens; `base` the address of the model that was tuned; `facts` what people want
    to know of the job: job, file, trained tokens, epochs, cost in US dollars.
    """

    task: Task = field(repr=False)
    address: str
    base: str
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def model(self) -> Model:
        """The tuned model, opened; nothing is asked yet."""
        from veritrain_lib.models.base import open_model

        return open_model(self.address, self.task)

    def save(self, folder: Path) -> None:
        """Write `model.json`, which names the model at the provider. Raises UserError for a folder with anything in
        it."""
        empty_place(folder).mkdir(parents=True, exist_ok=True)
        card = {
            "format_version": FORMAT_VERSION,
            "type": "adapter",
            "address": self.address,
            "base": self.base,
            "facts": self.facts,
        }
        (folder / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_card(folder: Path) -> dict[str, Any]:
    """What `save` wrote. Raises UserError for a folder without a card, a damaged one or another version."""
    file = folder / CARD
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} can't be read: {error}") from error
    if not isinstance(card, dict) or card.get("format_version") != FORMAT_VERSION or not card.get("address"):
        raise UserError(f"{file} is no model card of format version {FORMAT_VERSION}; train again")
    return card
