"""Protocols of teachers, which supply new training rows, with the types of their request and result.

Open this to write a teacher of your own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import ChatProgress, ChatRequest, Endpoint, Estimate, Message, Reply
    from veritrain_lib.models.base import Scorer
    from veritrain_lib.prompts.prompt import Prompt


@dataclass(frozen=True)
class TeacherRequest:
    """Request to a teacher for new training rows. The last five attributes are for paid teachers.

    Attributes:
        task: The task.
        rows: The number of new rows.
        accepted_rows: The rows that have passed the gate (the rules for new rows) so far; models may be
            trained on them.
        seed: Random seed that makes the choice repeatable.
        fit: Trains a student model (a small model that trains in seconds) on rows and returns it.
        screen: Returns for each row whether the gate's rules that need no answer let it pass.
        shares: The share of the new rows for each slice (for a task with labels: each label); they sum to 1.
            Empty: the teacher decides.
        used: Ids of rows that must not be returned again.
        human_labels: The labels that people gave to pool rows, by row id.
        no_label: Pool rows to which people answered in earlier rounds that no label fits; None for no such rows.
        class_error: The error on the development rows of each slice (for a task with labels: each label).
        money: US dollars that may be spent from `account`.
        account: Name of the account in the ledger; money paid from it earlier counts.
        prompt: A prompt template (its text, or a file beside the task file) that replaces the task's; empty:
            the task's.
        on_progress: Called with the progress of a batch of chat requests; None: not called.
        on_reply: Called with each paid reply and its request; None: not called.
    """

    task: Task
    rows: int
    accepted_rows: pd.DataFrame
    seed: int
    fit: Callable[[pd.DataFrame], Scorer]
    screen: Callable[[pd.DataFrame], pd.Series[bool]]
    shares: dict[str, float] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    human_labels: dict[str, str] = field(default_factory=dict)
    no_label: pd.DataFrame | None = None
    class_error: dict[str, float] = field(default_factory=dict)
    money: float = 0.0
    account: str = ""
    prompt: str = ""
    on_progress: Callable[[ChatProgress], None] | None = None
    on_reply: Callable[[ChatRequest, Reply], None] | None = None


@dataclass(frozen=True)
class TeacherResult:
    """New rows that a teacher supplied, with statistics of the rows that it did not supply.

    Attributes:
        rows: The new rows, with answers.
        waiting: Chosen rows that people must still label: the same columns, with an empty target.
        screened: The number of pool rows that were rejected before the choice, by reason.
        left: The number of rows that remain in the pool and may be chosen; None without a pool.
        no_label: Chosen rows to which people answered that no label fits, with that answer; None without a pool.
        held_back: Pool rows that are held back because no label seems to fit them; None where nothing looks for such rows.
        new_labels: Groups of rows without a label that could be labels of their own; None where nothing looks for them.
        pool_rows: The number of all rows of the pool; None without a pool.
        endings: For a paid teacher the outcomes of all requested rows, as a table with the columns slice,
            outcome, reason and rows. None for other teachers.
        cost: US dollars that the answers cost, whenever they were paid.
        paid: US dollars that were paid this time, which is a part of `cost`.
    """

    rows: pd.DataFrame
    waiting: pd.DataFrame
    screened: dict[str, int] = field(default_factory=dict)
    left: int | None = None
    no_label: pd.DataFrame | None = None
    held_back: pd.DataFrame | None = None
    new_labels: pd.DataFrame | None = None
    pool_rows: int | None = None
    endings: pd.DataFrame | None = None
    cost: float = 0.0
    paid: float = 0.0


@dataclass(frozen=True)
class Preview:
    """Preview of the requests that a paid teacher would send, with their estimated cost.

    Attributes:
        model: The address of the chat model.
        prompt: The prompt.
        messages: The messages of the first request.
        estimate: The estimated cost of all requests.
        spent: US dollars that the teacher's account has spent already.
    """

    model: str
    prompt: Prompt
    messages: tuple[Message, ...]
    estimate: Estimate
    spent: float = 0.0


class Teacher(Protocol):
    """Protocol of a source of new training rows.

    A teacher is constructed as `Teacher(**parameters)` from `teacher.parameters` in the task file.
    """

    name: str

    def write(self, request: TeacherRequest) -> TeacherResult:
        """Return the new training rows that a request asks for; fewer if there are not enough."""
        ...


@runtime_checkable
class PaidTeacher(Teacher, Protocol):
    """Protocol of a teacher that asks a paid chat model and can show its requests and their cost in advance."""

    def endpoint(self) -> Endpoint:
        """Return the endpoint (provider, model, URL) of the chat model that the teacher asks.

        Raises:
            UserError: when no key or URL is set.
        """
        ...

    def prompt(self, task: Task, template: str = "") -> Prompt:
        """Return the prompt that asks for new rows of a task.

        Args:
            task: The task, which may set a template of its own.
            template: A template that replaces the task's; empty: the task's.
        """
        ...

    def preview(self, request: TeacherRequest) -> Preview:
        """Return the teacher's first request and the estimated cost of all requests, without sending any."""
        ...
