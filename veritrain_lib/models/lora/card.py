"""What an adapter says about itself, in `lora.json` beside its weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import Refused, UserError

FORMAT_VERSION = 1
CARD = "lora.json"
WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"


@dataclass(frozen=True)
class Card:
    """An adapter: of which base, how it is asked, and how it came to be.

    `base` is the folder of the checkpoint and `base_digest` its content's; `weights_digest` is that of the
    adapter's own file. `asking` is what `Asking` holds; `inputs` and `target` are the task's columns. Tokens of a
    question and of an answer are bounded by `max_input_tokens` and `max_answer_tokens`; `candidates` is how many
    answers it gives. `facts` are what people want to know of the training: rows, steps, losses.
    """

    base: str
    base_digest: str
    weights_digest: str
    asking: dict[str, Any]
    inputs: list[str]
    target: str
    max_input_tokens: int
    max_answer_tokens: int
    candidates: int
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    type: str = "adapter"
    format_version: int = FORMAT_VERSION

    def write(self, folder: Path) -> None:
        """Write `lora.json` into a folder."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The card of a saved adapter, whose weights are there and are those it was saved with.

    Raises UserError for a folder without an adapter, another format version, or a damaged file.
    """
    file, weights = folder / CARD, folder / WEIGHTS
    for one in (file, weights, folder / SETTINGS):
        if not one.is_file():
            raise UserError(f"no {one.name} in {folder}: no adapter was saved there")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        version = content.get("format_version")
        card = Card(**content) if version == FORMAT_VERSION else None
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{file} is damaged: {error}") from error
    if card is None:
        raise UserError(f"{file} has format version {version}, not {FORMAT_VERSION}; train again")
    _refuse_code(folder / SETTINGS)
    found = digest.of_file(weights)
    if found != card.weights_digest:
        raise UserError(
            f"{weights} is damaged: its digest is {found[:12]}, it was saved with {card.weights_digest[:12]}"
        )
    return card


NAMES_CODE = ("auto_mapping", "megatron_config")
"""Settings by which peft imports whatever module the file names."""


def _refuse_code(settings: Path) -> None:
    try:
        content = json.loads(settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{settings} is damaged: {error}") from error
    named = [name for name in NAMES_CODE if not isinstance(content, dict) or content.get(name)]
    if named:
        raise Refused(
            f"the adapter in {settings.parent} is not opened: {', '.join(named)} in its {SETTINGS} may name code that would "
            "be run. None that was trained here has it; train again"
        )
