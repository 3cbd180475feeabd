"""What a tuned model is asked for a row: prompt `tuned`, kept with the adapter as it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.prompts.prompt import Prompt

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Message

NAME = "tuned"
"""The prompt's name: a task's `prompts.tuned` takes the place of the built-in one."""


@dataclass(frozen=True)
class Asking:
    """A prompt's template, what the task fills into it, and the columns that each row fills in.

    An adapter answers well only to what it was trained on, so it brings this along: a later edit of the task's
    description changes nothing for a model that is already there.

    The template may use what prompt `answer` may, and `direction` (the name of the column that says it, or
    empty) and `terms` (glossary terms that stand in the row, each with what it becomes).
    """

    template: str
    columns: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    glossary: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Task) -> Asking:
        """As the task asks now. Raises UserError when its own template is missing or can't be read."""
        from veritrain_lib.models.chat_prompt import values_of
        from veritrain_lib.prompts.lookup import find_prompt

        direction = task.target.direction or ""
        columns = list(dict.fromkeys([*task.inputs, *([direction] if direction else [])]))
        values = {**values_of(task), "direction": direction}
        return cls(find_prompt(task, NAME).text, columns, values, dict(task.glossary))

    def messages(self, row: Mapping[str, Any]) -> tuple[Message, ...]:
        """The turns for one row, which must have every column. Raises UserError for a bad template."""
        fields = {name: str(row[name]) for name in self.columns}
        return Prompt(NAME, self.template, "kept with the adapter").render(
            **self.values, row=fields, terms=self._terms(fields)
        )

    def _terms(self, fields: Mapping[str, str]) -> dict[str, str]:
        text = "\n".join(fields[one["name"]] for one in self.values["fields"])
        there = {term: kept for term, kept in self.glossary.items() if term in text}
        # Where the direction may turn round, the terms do too.
        back = {kept: term for term, kept in self.glossary.items() if kept in text}
        return {**there, **(back if self.values["direction"] else {})}
