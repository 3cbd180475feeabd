from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from tests.tiny_lora import DESCRIPTION, task_in
from veritrain_lib.core.errors import UserError
from veritrain_lib.models.lora.question import AdapterPrompt

TEXT = {"target": {"field": "translation", "language": "en"}}


def test_one_field_is_asked_bare_and_several_by_name(tmp_path: Path) -> None:
    one = AdapterPrompt.of(task_in(tmp_path)).messages({"text": "hello {{ friend }}"})
    assert [(turn.role, turn.content) for turn in one] == [
        ("system", DESCRIPTION),
        ("user", "hello {{ friend }}"),
    ]
    two = AdapterPrompt.of(task_in(tmp_path, inputs={"text": {}, "context": {}}, description=""))
    assert [turn.content for turn in two.messages({"text": "a", "context": "b"})] == ["text: a\ncontext: b"]


def test_terms_of_the_glossary_stand_in_the_question_when_the_row_has_them(tmp_path: Path) -> None:
    task = task_in(tmp_path, glossary={"定例会": "regular meeting", "議事録": "minutes"}, **TEXT)
    user = AdapterPrompt.of(task).messages({"text": "定例会は明日です"})[-1]
    assert user.content == "定例会は明日です\n定例会 = regular meeting"
    assert (
        AdapterPrompt.of(task).messages({"text": "The minutes, please."})[-1].content
        == "The minutes, please."
    )


def test_where_the_direction_turns_round_the_terms_do_too(tmp_path: Path) -> None:
    target = {"field": "translation", "direction": "direction"}
    task = task_in(tmp_path, glossary={"議事録": "minutes"}, target=target)
    asking = AdapterPrompt.of(task)
    assert asking.columns == ["text", "direction"]
    user = asking.messages({"text": "The minutes, please.", "direction": "en-ja"})[-1]
    assert user.content == "en-ja\nThe minutes, please.\nminutes = 議事録"


def test_it_asks_as_it_was_trained_whatever_the_task_says_later(tmp_path: Path) -> None:
    kept = AdapterPrompt(**asdict(AdapterPrompt.of(task_in(tmp_path))))
    assert kept.messages({"text": "a"}) == AdapterPrompt.of(task_in(tmp_path)).messages({"text": "a"})
    later = AdapterPrompt.of(task_in(tmp_path, description="Otherwise."))
    assert kept.messages({"text": "a"}) != later.messages({"text": "a"})


def test_the_tasks_own_prompt_takes_the_place_of_the_built_in_one(tmp_path: Path) -> None:
    task = task_in(tmp_path, prompts={"tuned": "Translate: {{ row.text }}"})
    assert [turn.content for turn in AdapterPrompt.of(task).messages({"text": "a"})] == ["Translate: a"]
    wrong = task_in(tmp_path, prompts={"tuned": "Translate: {{ row.texts }}"})
    with pytest.raises(UserError, match=r"prompt tuned .*can't be filled in"):
        AdapterPrompt.of(wrong).messages({"text": "a"})
