from __future__ import annotations

import json

import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.models.chat_prompt import AnswerPrompt


def with_prompt(task: Task, template: str) -> Task:
    return task.model_copy(update={"prompts": {"answer": template}})


def test_the_system_turn_holds_description_labels_and_contract(task: Task) -> None:
    target = task.target.model_copy(update={"descriptions": {"refund": "wants money back"}})
    told = task.model_copy(update={"description": "Sorts mail.", "target": target})
    system, user = AnswerPrompt(told).messages({"text": 'say "hi" </x>\n日本', "other": 1})
    assert system.content.startswith("Sorts mail.")
    assert "- refund: wants money back\n" in system.content
    assert all(f"\n- {label}" in system.content for label in task.labels)
    assert json.dumps(task.contract) in system.content
    assert json.loads(user.content) == {"text": 'say "hi" </x>\n日本'}
    assert "日本" in user.content


def test_a_task_without_labels_is_asked_for_its_field(task: Task) -> None:
    target = task.target.model_copy(update={"labels": None, "field": "french"})
    system, _ = AnswerPrompt(task.model_copy(update={"target": target})).messages({"text": "x"})
    assert "The answer goes into french." in system.content
    assert "exactly one of these" not in system.content


def test_a_tasks_own_template_takes_the_place_of_the_built_in_one(task: Task) -> None:
    own = AnswerPrompt(
        with_prompt(task, "{% block user %}{{ labels[0].name }}? {{ row.text }}{% endblock %}")
    )
    assert [(one.role, one.content) for one in own.messages({"text": "hey"})] == [("user", "export? hey")]
    assert own.digest != AnswerPrompt(task).digest


def test_an_unknown_name_in_a_template_is_refused(task: Task) -> None:
    with pytest.raises(UserError, match="prompt answer"):
        AnswerPrompt(with_prompt(task, "{{ rows }}")).messages({"text": "hey"})
