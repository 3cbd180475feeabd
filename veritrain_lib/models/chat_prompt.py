"""What a chat model is asked: the prompt `answer`, filled in with the task and one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.prompts.lookup import find_prompt

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Message

NAME = "answer"
"""The prompt's name: a task's `prompts.answer` takes the place of the built-in one."""


class AnswerPrompt:
    """The messages for each row of a task. A trainer that fine-tunes a chat model shows it rows in this form too.

    The template may use `description`, `fields` (name, description), `target`, `labels` (name, description;
    empty for free text), `contract` (JSON Schema), `glossary` (term to translation) and `row` (field to text). The built-in one gives the row as
    JSON: a text can't close its own quotation marks, so what stands in a field stays in it.

    Raises UserError when the task's own template is missing or can't be read.
    """

    def __init__(self, task: Task) -> None:
        self.prompt = find_prompt(task, NAME)
        self._inputs = list(task.inputs)
        self._values = values_of(task)

    @property
    def digest(self) -> str:
        """SHA-256 of the template and all that the task fills into it: the same for every row."""
        return digest.of_json([self.prompt.digest, self._values])

    def messages(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        """The turns for one row, which must have every input field. Raises UserError for a bad template."""
        fields = {name: str(row[name]) for name in self._inputs}
        return self.prompt.render(**self._values, row=fields)


def values_of(task: Task) -> dict[str, Any]:
    """What a task fills into a prompt that asks a model for answers: the same for every row."""
    about = task.target.descriptions
    return {
        "description": task.description,
        "fields": [{"name": name, "description": field.description} for name, field in task.inputs.items()],
        "target": task.target.field,
        "labels": [{"name": label, "description": about.get(label, "")} for label in task.labels],
        "contract": task.contract,
        "glossary": dict(task.glossary),
    }
