"""Gate suite of a task whose answers are free texts, but not translations of its inputs."""

from __future__ import annotations

import json

from veritrain_lib.core import project
from veritrain_lib.new_task.task_template import SUITE

__all__ = ["SUITE", "text_suite"]

TRANSLATION_CHECKS = ("alignment",)
"""Checks that compare a text with its translation and need the languages of both."""


def text_suite(name: str) -> str:
    """Return the suite `translation` without its rules about translations, as JSON.

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
