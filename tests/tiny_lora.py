"""A tiny checkpoint over the words of the tiny task, and what a test needs to tune it in seconds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

from tests.stages.tiny_task import FILLERS, LABELS, WORDS
from veritrain_lib.core.task import Task

NEEDS_LORA = pytest.mark.skipif(find_spec("torch") is None, reason="the extra `lora` is not installed")

QUICK: dict[str, Any] = {
    "base": "base",
    "epochs": 4,
    "batch_size": 8,
    "learning_rate": 5e-3,
    "also": ["lm_head"],
    "every": 5,
    "held_out": 0.2,
    "max_input_tokens": 128,
    "max_answer_tokens": 16,
}
"""Parameters of a training that takes a second."""

DESCRIPTION = "Sort the message."


def write_base(folder: Path, kind: Literal["causal", "seq2seq"] = "causal", *, chat: bool = True) -> Path:
    """Write the checkpoint to `folder/base`. Its sums are too small to share between threads."""
    import torch

    from benchmarks.tiny_checkpoint import make_tiny

    torch.set_num_threads(1)
    words = sorted({*FILLERS, *(word for own in WORDS.values() for word in own)})
    texts = [f"{first} {second}" for first in words for second in words[:20]]
    return make_tiny(
        folder / "base", [*texts, *LABELS, DESCRIPTION], kind=kind, chat=chat, words=200, width=32
    )


def task_in(folder: Path, **parts: Any) -> Task:
    """A task with labels whose files stand in a folder (they are not needed to train)."""
    task = Task.model_validate(
        {
            "version": 1,
            "name": "tiny",
            "description": DESCRIPTION,
            "inputs": {"text": {}},
            "target": {"field": "label", "labels": list(LABELS)},
            "contract": {"type": "object", "required": ["label", "candidates", "explanation"]},
            "metrics": [{"name": "accuracy"}],
            "data": {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv"},
            **parts,
        }
    )
    task._path = folder / "task.yaml"
    return task


def rows_of(count: int = 60) -> pd.DataFrame:
    """Rows whose words give their label away; no two alike."""
    records = []
    for at in range(count):
        label = LABELS[at % 3]
        words = WORDS[label]
        text = f"{words[at % 12]} {words[(at // 12 + at) % 12]} {FILLERS[at % len(FILLERS)]}"
        records.append({"id": f"row{at}", "text": text, "label": label})
    return pd.DataFrame(records)
