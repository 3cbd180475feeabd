"""Choice of the sentence encoder that a task's trainer uses, and warnings if it does not know the inputs' languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.encoders.base import open_encoder
from veritrain_lib.encoders.joined import SEPARATOR

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

TRAINER = "encoder_svc"
"""Name of the built-in trainer that reads a sentence encoder's vectors."""

AUTO = "auto"
"""Value of the parameter `encoder` that takes the encoder by the languages of the task's inputs; the default."""

FOR_ENGLISH = "use_multilingual+minilm"
"""Sentence encoder that `auto` takes where all inputs of a task are declared to be English (docs/encoders.md)."""

FOR_OTHERS = "use_multilingual"
"""Sentence encoder that `auto` takes for every other task."""


def encoder_name(task: Task) -> str:
    """Return the name of the sentence encoder that the task's trainer uses; empty if it uses none."""
    if task.trainer.name != TRAINER or task.trainer.file:
        return ""
    return resolved(str(task.trainer.parameters.get("encoder", AUTO)), task)


def resolved(encoder: str, task: Task) -> str:
    """Return the name of the sentence encoder that a trainer's parameter `encoder` selects for a task.

    Args:
        encoder: The parameter's value: the name of an encoder, which is returned unchanged, or `auto` (`AUTO`).
        task: The task. For `auto`, the result is `FOR_ENGLISH` if all its inputs are declared to be English, else
            `FOR_OTHERS`.
    """
    if encoder != AUTO:
        return encoder
    return FOR_ENGLISH if {field.language for field in task.inputs.values()} == {"en"} else FOR_OTHERS


def language_warnings(task: Task) -> list[str]:
    """Return a warning text for each sentence encoder of the task's trainer that does not know the language of an input.

    Args:
        task: The task; inputs without a declared language are ignored.

    Returns:
        The warnings; empty if there is nothing to warn of or the trainer uses no sentence encoder.
    """
    name = encoder_name(task)
    languages = {field.language for field in task.inputs.values() if field.language}
    warnings = []
    for encoder in [open_encoder(part) for part in name.split(SEPARATOR)] if name else []:
        unknown = sorted(languages - encoder.languages) if encoder.languages else []
        if unknown:
            warnings.append(
                f"the sentence encoder {encoder.name} knows only {', '.join(sorted(encoder.languages))}, and inputs are "
                f"in {', '.join(unknown)}, of which its vectors say little. Use another encoder, or the trainer tfidf_svc "
                "(docs/encoders.md)"
            )
    return warnings
