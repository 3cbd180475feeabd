"""Metadata of a saved LoRA adapter, stored in `lora.json` beside its weights."""

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
class AdapterCard:
    """Metadata of a LoRA adapter: its base model, its prompt and its training.

    Attributes:
        base: folder of the base model's checkpoint.
        base_digest: digest of the checkpoint's content.
        weights_digest: digest of the adapter's weights file.
        asking: the fields of `AdapterPrompt`.
        inputs: names of the task's input columns.
        target: name of the task's target column.
        max_input_tokens: token limit of a question.
        max_answer_tokens: token limit of an answer.
        candidates: number of answers to each row.
        parameters: parameters of the trainer.
        seed: random seed of the training.
        facts: statistics of the training for people, such as rows, steps and losses.
        versions: versions of the libraries that it was trained with.
        type: always `adapter`.
        format_version: version of the file format.
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
        """Write the adapter's metadata as `lora.json` into a folder."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> AdapterCard:
    """Read the metadata of a saved LoRA adapter and verify the digest of its weights.

    Raises:
        UserError: the folder has no adapter, the format version is another one, or a file is damaged.
        Refused: the adapter's settings name code that peft would run.
    """
    file, weights = folder / CARD, folder / WEIGHTS
    for required_file in (file, weights, folder / SETTINGS):
        if not required_file.is_file():
            raise UserError(f"no {required_file.name} in {folder}: no adapter was saved there")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        version = content.get("format_version")
        card = AdapterCard(**content) if version == FORMAT_VERSION else None
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{file} is damaged: {error}") from error
    if card is None:
        raise UserError(f"{file} has format version {version}, not {FORMAT_VERSION}; train again")
    _refuse_code(folder / SETTINGS)
    weights_digest = digest.of_file(weights)
    if weights_digest != card.weights_digest:
        raise UserError(
            f"{weights} is damaged: its digest is {weights_digest[:12]}, it was saved with {card.weights_digest[:12]}"
        )
    return card


NAMES_CODE = ("auto_mapping", "megatron_config")
"""Settings of an adapter that make peft import whatever module the file names; files with them are refused."""


def _refuse_code(settings: Path) -> None:
    try:
        content = json.loads(settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{settings} is damaged: {error}") from error
    code_settings = [name for name in NAMES_CODE if not isinstance(content, dict) or content.get(name)]
    if code_settings:
        raise Refused(
            f"the adapter in {settings.parent} is not opened: {', '.join(code_settings)} in its {SETTINGS} may name code that would "
            "be run. No adapter that was trained here has it; train again"
        )
