"""The prompt that asks a chat model to answer a row: the template `answer`, filled in with the task and the row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.prompts.lookup import find_prompt

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Message

NAME = "answer"
"""Name of the prompt template; a task's setting `prompts.answer` replaces the built-in template."""


class AnswerPrompt:
    """Prompt of a task for chat models, which renders the messages for each row.

    A trainer that fine-tunes a chat model formats its training rows with the same prompt.

    The template may use `description`, `fields` (name, description), `target`, `labels` (name, description;
    empty for free text), `contract` (JSON Schema), `glossary` (term to translation) and `row` (field to
    text). The built-in template renders the row as JSON, in which quotation marks are escaped, so that the
    content of a field can't be mistaken for a part of the prompt.

    Raises:
        UserError: the task's template is missing or can't be read.
    """

    def __init__(self, task: Task) -> None:
        self.prompt = find_prompt(task, NAME)
        self._inputs = list(task.inputs)
        self._values = prompt_values(task)

    @property
    def digest(self) -> str:
        """The SHA-256 of the prompt's template and of the values from the task, which are the same for every row."""
        return digest.of_json([self.prompt.digest, self._values])

    def messages(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        """Render the chat messages that ask for the answer to one row.

        Args:
            row: the row's values by column; every input field of the task must be present.

        Raises:
            UserError: the template is invalid.
        """
        fields = {name: str(row[name]) for name in self._inputs}
        return self.prompt.render(**self._values, row=fields)


def prompt_values(task: Task) -> dict[str, Any]:
    """Return the values from the task that fill a chat model's prompt template; they are the same for every row."""
    descriptions = task.target.descriptions
    return {
        "description": task.description,
        "fields": [{"name": name, "description": field.description} for name, field in task.inputs.items()],
        "target": task.target.field,
        "labels": [{"name": label, "description": descriptions.get(label, "")} for label in task.labels],
        "contract": task.contract,
        "glossary": dict(task.glossary),
    }
