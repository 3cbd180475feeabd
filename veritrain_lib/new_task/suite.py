"""The gate suite of a task whose answers are texts, but no translations of its inputs."""

from __future__ import annotations

import json

from veritrain_lib.core import project
from veritrain_lib.new_task.task_template import SUITE

__all__ = ["SUITE", "text_suite"]

OF_TRANSLATIONS = ("alignment",)
"""Checks that compare a text with its translation, and need the language of both."""


def text_suite(name: str) -> str:
    """The suite `translation` without its rules about translations, as JSON. `name` is the task's."""
    suite = json.loads((project.gates() / "translation.json").read_text(encoding="utf-8"))
    suite["name"] = name
    suite["notes"] = "What gates/translation.json asks of any text: without its rules about translations."
    suite["expectations"] = [
        rule for rule in suite["expectations"] if rule["meta"].get("check") not in OF_TRANSLATIONS
    ]
    return json.dumps(suite, ensure_ascii=False, indent=2) + "\n"
