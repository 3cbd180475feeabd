"""LLM judge: a chat model that is asked whether answers are right, how good they are, or which is better.

Each row gets one rating. If the judge failed on a row, its rating says so, and the number of ratings still equals the
number of rows.
"""

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
    """LLM judge's verdict on one answer or on one pair of answers.

    Attributes:
        value: True or False for right or wrong; a whole number of points; or 1, 0, -1 for a preference (1: the second
            answer is better, 0: a tie). None when the judge failed.
        reason: The judge's reason.
        failed: Why the judge failed; empty otherwise.
        swapped: Whether the judge's verdict changed when the two answers of a pair were swapped, which makes a tie.
    """

    value: int | bool | None
    reason: str = ""
    failed: str = ""
    swapped: bool = False


class Judge:
    """Chat model that judges the answers of other models.

    Attributes:
        task: The task whose answers are judged.
        settings: The judge's settings: model, rubric, scale.
        cost: US dollars paid so far; an answer that was found in the ledger of paid answers costs nothing.
    """

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
        """The address of the judge's chat model, such as `openai:/MODEL`."""
        return self._chat.endpoint.address

    def right(self, rows: Sequence[Row], answers: Sequence[str]) -> list[Rating]:
        """Ask the LLM judge whether each answer is right for its row.

        Args:
            rows: The rows: text by column name.
            answers: The answers, one a row.

        Returns:
            One rating a row, whose `value` is True for right and False for wrong.
        """
        questions = [
            prompts.right(self.task, self.settings, row, answer)
            for row, answer in zip(rows, answers, strict=True)
        ]
        return [
            _rating(reply, "verdict", {prompts.RIGHT: True, prompts.WRONG: False}.get)
            for reply in self.ask(questions)
        ]

    def points(self, rows: Sequence[Row], answers: Sequence[str]) -> list[Rating]:
        """Ask the LLM judge how many points each answer gets.

        Args:
            rows: The rows: text by column name.
            answers: The answers, one a row.

        Returns:
            One rating a row, whose `value` is a whole number on the task's scale.
        """
        questions = [
            prompts.points(self.task, self.settings, row, answer)
            for row, answer in zip(rows, answers, strict=True)
        ]
        scale = {points: points for points in self.settings.points}
        return [_rating(reply, "points", scale.get) for reply in self.ask(questions)]

    def prefer(self, rows: Sequence[Row], first: Sequence[str], second: Sequence[str]) -> list[Rating]:
        """Ask the LLM judge which of two answers to each row is better, in both orders of the two answers.

        Args:
            rows: The rows: text by column name.
            first: The first answer to each row.
            second: The second answer to each row.

        Returns:
            One rating a row, whose `value` is -1 (the first answer is better), 0 (a tie) or 1 (the second). It is a
            tie, too, if the verdicts of the two orders contradict each other.
        """
        pairs = list(zip(rows, first, second, strict=True))
        questions = [
            prompts.prefer(self.task, self.settings, row, first_answer, second_answer)
            for row, first_answer, second_answer in pairs
        ]
        swapped_order = [
            prompts.prefer(self.task, self.settings, row, second_answer, first_answer)
            for row, first_answer, second_answer in pairs
        ]
        replies = self.ask([*questions, *swapped_order])
        values = {prompts.FIRST: -1, prompts.TIE: 0, prompts.SECOND: 1}
        ratings = [_rating(reply, "better", values.get) for reply in replies]
        return [
            _combine_orders(rating, swapped)
            for rating, swapped in zip(ratings[: len(pairs)], ratings[len(pairs) :], strict=True)
        ]

    def ask(self, questions: Sequence[tuple[Any, dict[str, Any]]]) -> list[Reply]:
        """Send questions to the judge's chat model and return one reply for each.

        Args:
            questions: For each question the messages and the JSON Schema that the answer must follow.
        """
        requests = [
            ChatRequest(
                messages=messages,
                temperature=self.settings.temperature,
                max_tokens=self.settings.max_tokens,
                schema=schema,
                purpose="judge",
            )
            for messages, schema in questions
        ]
        replies = self._chat.ask(requests, on_progress=self._on_progress) if requests else []
        self.cost += sum(reply.cost for reply in replies if not reply.stored)
        return replies


def records_of(rows: pd.DataFrame) -> list[Row]:
    """Convert a DataFrame to the rows that the LLM judge reads: one dictionary per row with text by column name."""
    return [{str(name): str(value) for name, value in row.items()} for row in rows.to_dict("records")]


def open_judge(
    task: Task,
    settings: JudgeChoice | None = None,
    *,
    on_reply: Callable[[ChatRequest, Reply], None] | None = None,
    on_progress: Callable[[ChatProgress], None] | None = None,
) -> Judge:
    """Open the task's LLM judge with the ledger of paid answers, rate limits and the task's budget.

    Args:
        task: The task.
        settings: Settings that replace those of the task, for a metric with a rubric of its own; None: the task's.
        on_reply: Function that is called with the request and the reply of every answer that is paid for; None to
            report none.
        on_progress: Function that is called repeatedly while a batch of questions is answered; None to report none.

    Returns:
        The judge, which has not been asked anything yet.

    Raises:
        UserError: The task has no judge.
    """
    settings = settings if settings is not None else settings_of(task)
    from veritrain_lib.llm.chat import open_chat

    chat = open_chat(settings.model, money=task.budget.money, account=task.name, on_reply=on_reply)
    return Judge(task, chat, settings, on_progress)


def _rating(reply: Reply, key: str, value_of: Callable[[Any], int | bool | None]) -> Rating:
    if not reply.texts:
        return Rating(None, failed=f"{reply.outcome}: {reply.reason}" if reply.reason else reply.outcome)
    try:
        content = json.loads(reply.texts[0])
    except (ValueError, RecursionError):
        return Rating(None, failed="invalid: the judge's answer is no JSON")
    raw_value = content.get(key) if isinstance(content, dict) else None
    # True == 1 in Python: a boolean must not count as a point, and a list must not break the lookup.
    value = (
        value_of(raw_value) if isinstance(raw_value, int | str) and not isinstance(raw_value, bool) else None
    )
    if value is None:
        return Rating(None, failed=f"invalid: the judge's answer has no allowed {key!r}")
    return Rating(value, storable(str(content.get("reason", ""))))


def _combine_orders(original_order: Rating, swapped_order: Rating) -> Rating:
    if original_order.value is None or swapped_order.value is None:
        return Rating(None, failed=original_order.failed or swapped_order.failed)
    if original_order.value == -swapped_order.value:
        return Rating(original_order.value, original_order.reason)
    return Rating(0, f"{original_order.reason} / swapped: {swapped_order.reason}", swapped=True)
