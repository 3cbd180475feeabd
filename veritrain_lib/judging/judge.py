"""The judge: three questions about answers. A row that it failed on gets a rating that says so, never none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.judging import prompts
from veritrain_lib.judging.settings import settings_of
from veritrain_lib.llm.answers import storable
from veritrain_lib.llm.records import ChatRequest

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import JudgeChoice, Task
    from veritrain_lib.llm.base import Chat
    from veritrain_lib.llm.records import ChatProgress, Reply

Row = Mapping[str, str]


@dataclass(frozen=True)
class Rating:
    """One verdict of the judge.

    `value` is what it said: True or False for right or wrong, whole points, or 1, 0, -1 for a preference (1: the
    second answer is better). None when it failed, and then `failed` says why. `swapped` says that the two
    orders of a pair disagreed, which makes a tie.
    """

    value: int | bool | None
    reason: str = ""
    failed: str = ""
    swapped: bool = False


class Judge:
    """Asks a chat model about answers. `cost` counts US dollars paid so far for what was not stored already;
    `on_progress` hears how far a batch is."""

    def __init__(
        self,
        task: Task,
        chat: Chat,
        settings: JudgeChoice | None = None,
        on_progress: Callable[[ChatProgress], None] | None = None,
    ) -> None:
        self.task = task
        self.settings = settings if settings is not None else settings_of(task)
        self.cost = 0.0
        self._chat, self._on_progress = chat, on_progress

    @property
    def name(self) -> str:
        """The judge's address."""
        return self._chat.endpoint.address

    def right(self, rows: Sequence[Row], answers: Sequence[str]) -> list[Rating]:
        """Is each answer right for its row? `value` is True or False."""
        asked = [
            prompts.right(self.task, self.settings, row, answer)
            for row, answer in zip(rows, answers, strict=True)
        ]
        return [
            _rating(reply, "verdict", {prompts.RIGHT: True, prompts.WRONG: False}.get)
            for reply in self.ask(asked)
        ]

    def points(self, rows: Sequence[Row], answers: Sequence[str]) -> list[Rating]:
        """How many points does each answer get? `value` is a whole number on the task's scale."""
        asked = [
            prompts.points(self.task, self.settings, row, answer)
            for row, answer in zip(rows, answers, strict=True)
        ]
        scale = {points: points for points in self.settings.points}
        return [_rating(reply, "points", scale.get) for reply in self.ask(asked)]

    def prefer(self, rows: Sequence[Row], first: Sequence[str], second: Sequence[str]) -> list[Rating]:
        """Which answer is better? Each pair is asked in both orders; where they disagree it is a tie."""
        pairs = list(zip(rows, first, second, strict=True))
        asked = [prompts.prefer(self.task, self.settings, row, one, two) for row, one, two in pairs]
        turned = [prompts.prefer(self.task, self.settings, row, two, one) for row, one, two in pairs]
        replies = self.ask([*asked, *turned])
        said = {prompts.FIRST: -1, prompts.TIE: 0, prompts.SECOND: 1}
        ratings = [_rating(reply, "better", said.get) for reply in replies]
        return [
            _both(one, other) for one, other in zip(ratings[: len(pairs)], ratings[len(pairs) :], strict=True)
        ]

    def ask(self, asked: Sequence[tuple[Any, dict[str, Any]]]) -> list[Reply]:
        """One reply a question, each with its messages and the JSON Schema of its answer."""
        requests = [
            ChatRequest(
                messages=messages,
                temperature=self.settings.temperature,
                max_tokens=self.settings.max_tokens,
                schema=schema,
                purpose="judge",
            )
            for messages, schema in asked
        ]
        replies = self._chat.ask(requests, on_progress=self._on_progress) if requests else []
        self.cost += sum(reply.cost for reply in replies if not reply.stored)
        return replies


def records_of(rows: pd.DataFrame) -> list[Row]:
    """Rows as the judge reads them: text by column name."""
    return [{str(name): str(value) for name, value in row.items()} for row in rows.to_dict("records")]


def open_judge(
    task: Task,
    settings: JudgeChoice | None = None,
    *,
    on_reply: Callable[[ChatRequest, Reply], None] | None = None,
    on_progress: Callable[[ChatProgress], None] | None = None,
) -> Judge:
    """The task's judge behind ledger, pace and the task's cap of money. Nothing is asked yet; `on_reply` will
    hear every answer that is paid for. `settings` take the place of the task's own, for a metric with a rubric of
    its own.

    Raises UserError when the task has no judge.
    """
    settings = settings if settings is not None else settings_of(task)
    from veritrain_lib.llm.chat import open_chat

    chat = open_chat(settings.model, money=task.budget.money, account=task.name, on_reply=on_reply)
    return Judge(task, chat, settings, on_progress)


def _rating(reply: Reply, key: str, meaning: Callable[[Any], int | bool | None]) -> Rating:
    if not reply.texts:
        return Rating(None, failed=f"{reply.outcome}: {reply.reason}" if reply.reason else reply.outcome)
    try:
        said = json.loads(reply.texts[0])
    except (ValueError, RecursionError):
        return Rating(None, failed="invalid: the judge's answer is no JSON")
    given = said.get(key) if isinstance(said, dict) else None
    # True == 1 in Python: a boolean must not pass for a point, nor a list break the look-up.
    value = meaning(given) if isinstance(given, int | str) and not isinstance(given, bool) else None
    if value is None:
        return Rating(None, failed=f"invalid: the judge's answer has no allowed {key!r}")
    return Rating(value, storable(str(said.get("reason", ""))))


def _both(straight: Rating, turned: Rating) -> Rating:
    if straight.value is None or turned.value is None:
        return Rating(None, failed=straight.failed or turned.failed)
    if straight.value == -turned.value:
        return Rating(straight.value, straight.reason)
    return Rating(0, f"{straight.reason} / swapped: {turned.reason}", swapped=True)
