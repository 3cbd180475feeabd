"""Gate suite of a new task with free-text answers that are not translations of its inputs."""

from __future__ import annotations

import json

from veritrain_lib.core import project
from veritrain_lib.new_task.task_template import SUITE

__all__ = ["SUITE", "text_suite"]

TRANSLATION_CHECKS = ("alignment",)
"""Gate checks that compare a text with its translation, and which other tasks can't use."""


def text_suite(name: str) -> str:
    """Return a gate suite for free-text answers as JSON: the suite `translation` without its translation checks.

    Args:
        name: name of the task, which becomes the name of the suite.
    """
    suite = json.loads((project.gates() / "translation.json").read_text(encoding="utf-8"))
    suite["name"] = name
    suite["notes"] = (
        "The rules of gates/translation.json that apply to any text, without its rules about translations."
    )
    suite["expectations"] = [
        rule for rule in suite["expectations"] if rule["meta"].get("check") not in TRANSLATION_CHECKS
    ]
    return json.dumps(suite, ensure_ascii=False, indent=2) + "\n"
