"""Which prompt a task uses, and that an edited prompt is other work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.small_task import write_task
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.prompts.lookup import built_in_names, find_prompt


def task_with(folder: Path, **changes: Any) -> Task:
    file = write_task(folder)
    content = {**yaml.safe_load(file.read_text(encoding="utf-8")), **changes}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_task(file)


def free_text(folder: Path) -> Task:
    return task_with(folder, target={"field": "label"})


def test_the_built_in_prompt_fits_the_kind_of_answer(tmp_path: Path) -> None:
    labels, free = (
        find_prompt(task_with(tmp_path / "a"), "write"),
        find_prompt(free_text(tmp_path / "b"), "write"),
    )
    assert (labels.origin, free.origin) == ("built in", "built in")
    assert labels.digest != free.digest
    assert "write" in built_in_names()


def test_the_tasks_own_wins_and_one_given_here_wins_over_it(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "write.jinja").write_text("From a file: {{ number }}", encoding="utf-8")
    task = task_with(tmp_path, prompts={"write": "prompts/write.jinja", "judge": "Inline {{ x }}"})
    assert find_prompt(task, "write").text == "From a file: {{ number }}"
    assert find_prompt(task, "write").origin == "prompts/write.jinja"
    assert find_prompt(task, "judge").text == "Inline {{ x }}"
    assert find_prompt(task, "judge").origin == "task file"
    here = find_prompt(task, "write", "Here\n{{ number }}")
    assert (here.text, here.origin) == ("Here\n{{ number }}", "given here")


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ({"write": "gone.jinja"}, r"prompts.write: no prompt file 'gone.jinja'"),
        ({"write": ""}, r"prompts.write: no prompt file ''"),
        ({"write": "empty.jinja"}, r"prompts.write: empty.jinja is empty"),
        ({"write": "latin.jinja"}, r"latin.jinja is not UTF-8 \(byte 1\)"),
        ({"Write me": "{{ x }}"}, r"prompts.Write me"),
    ],
)
def test_a_prompt_that_is_not_there_is_told_when_the_task_is_read(
    tmp_path: Path, prompts: dict[str, str], said: str
) -> None:
    (tmp_path / "empty.jinja").write_text(" \n", encoding="utf-8")
    (tmp_path / "latin.jinja").write_bytes("aé".encode("latin-1"))
    with pytest.raises(UserError, match=said):
        task_with(tmp_path, prompts=prompts)


def test_a_misspelled_or_unknown_name_is_told(tmp_path: Path) -> None:
    task = task_with(tmp_path, prompts={"wirte": "{{ x }}"})
    with pytest.raises(UserError, match=r"prompts\.wirte is unknown; did you mean 'write'"):
        find_prompt(task, "write")
    with pytest.raises(UserError, match=r"no prompt named 'sing'; built in: .*write"):
        find_prompt(task_with(tmp_path), "sing")


def test_an_edited_prompt_changes_the_digest_and_no_prompt_leaves_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.jinja"
    file.write_text("one {{ a }}", encoding="utf-8")
    task = task_with(tmp_path, prompts={"write": "mine.jinja"})
    inline = task_with(tmp_path, prompts={"write": "one {{ a }}"})
    assert task.digest() == inline.digest(), "where a prompt stands is no difference"
    file.write_text("two {{ a }}", encoding="utf-8")
    assert task.digest() != inline.digest()
    assert task.digest("inputs") == inline.digest("inputs")
    # What a task does not have is no part of its digest.
    from veritrain_lib.core.digest import of_json

    bare = task_with(tmp_path)
    whole = bare.model_dump(mode="json")
    assert (whole.pop("prompts"), whole.pop("glossary"), whole.pop("gate_rules")) == ({}, {}, [])
    assert whole.pop("judge") is None
    assert {choice.pop("file") for choice in (whole["trainer"], *whole["metrics"])} == {None}
    assert bare.digest() == of_json(whole)
