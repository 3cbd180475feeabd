"""The prompt `tuned` of fine-tuned local models, saved with the adapter as it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.prompts.prompt import Prompt

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Message

NAME = "tuned"
"""Name of the prompt: a task's `prompts.tuned` replaces the built-in one."""


@dataclass(frozen=True)
class AdapterPrompt:
    """A prompt template with the values that come from the task and the columns that come from each row.

    An adapter answers well only to the prompt it was trained with, so the prompt is saved with it: a later edit of
    the task's description does not affect an existing model.

    The template may use all that prompt `answer` may, and `direction` (name of the column with the translation
    direction, or empty) and `terms` (glossary terms that occur in the row, with their translation).

    Attributes:
        template: the Jinja template.
        columns: the columns that each row fills in.
        values: the template values that come from the task.
        glossary: terms with their translation.
    """

    template: str
    columns: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    glossary: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Task) -> AdapterPrompt:
        """Build the prompt of a task as it is now.

        Raises:
            UserError: the task's template is missing or can't be read.
        """
        from veritrain_lib.models.chat_prompt import prompt_values
        from veritrain_lib.prompts.lookup import find_prompt

        direction = task.target.direction or ""
        columns = list(dict.fromkeys([*task.inputs, *([direction] if direction else [])]))
        values = {**prompt_values(task), "direction": direction}
        return cls(find_prompt(task, NAME).text, columns, values, dict(task.glossary))

    def messages(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        """Render the messages for one row, which must have every column.

        Raises:
            UserError: the template is invalid.
        """
        fields = {name: str(row[name]) for name in self.columns}
        return Prompt(NAME, self.template, "saved with the adapter").render(
            **self.values, row=fields, terms=self._terms(fields)
        )

    def _terms(self, fields: Mapping[str, str]) -> dict[str, str]:
        text = "\n".join(fields[field["name"]] for field in self.values["fields"])
        forward = {term: translation for term, translation in self.glossary.items() if term in text}
        # When rows may go in both directions, the glossary applies in both directions.
        backward = {translation: term for term, translation in self.glossary.items() if translation in text}
        return {**forward, **(backward if self.values["direction"] else {})}
