"""The pages of commands and of task keys are what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from veritrain_lib.cli.main import COMMANDS
from veritrain_lib.cli.reference import commands_page
from veritrain_lib.cli.task_reference import MEANINGS, task_file_keys, task_page

DOCS = Path(__file__).resolve().parents[2] / "docs"
MEND = "generated anew by: python -m veritrain_lib.cli.reference"


@pytest.mark.parametrize(("name", "page"), [("commands.md", commands_page), ("task.md", task_page)])
def test_the_page_is_what_the_code_says(name: str, page: object) -> None:
    assert callable(page)
    assert (DOCS / name).read_text(encoding="utf-8") == page(), f"docs/{name} is {MEND}"


def test_every_command_is_on_the_page() -> None:
    page = commands_page()
    assert all(f"\n## veritrain {name}\n" in page for name in COMMANDS)


def test_every_key_of_a_task_file_has_a_meaning_and_no_meaning_is_left_over() -> None:
    assert [key for key, _ in task_file_keys()] == list(MEANINGS)
