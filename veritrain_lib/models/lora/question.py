"""The prompt of local language models with an adapter (template `tuned`), saved with the adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.prompts.prompt import Prompt

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Message

NAME = "tuned"
"""Name of the prompt template; a task's setting `prompts.tuned` replaces the built-in template."""


@dataclass(frozen=True)
class AdapterPrompt:
    """Prompt with which a LoRA adapter was trained: the template and all values that fill it.

    An adapter answers well only to the prompt it was trained with. The prompt is therefore saved with the
    adapter, and a later edit of the task's description does not affect an existing model.

    The template may use everything that the prompt `answer` may use, and in addition `direction` (name of the
    column with the translation direction, or empty) and `terms` (the glossary terms that occur in the row,
    with their translations).

    Attributes:
        template: the Jinja template.
        columns: names of the columns whose values each row fills in.
        values: the template values that come from the task.
        glossary: terms with their translations.
    """

    template: str
    columns: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    glossary: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Task) -> AdapterPrompt:
        """Return the prompt for training an adapter on a task, from the current task file.

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
        """Render the chat messages that ask for the answer to one row.

        Args:
            row: the row's values by column; every column in `columns` must be present.

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
