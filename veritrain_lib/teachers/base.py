"""The protocol of a teacher, which generates or chooses rows, with its request and its result.

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
    """The request to a teacher. The last five attributes are for paid teachers.

    Attributes:
        task: The task.
        rows: The number of new examples.
        accepted_rows: The rows accepted so far, which may be learned from.
        seed: Seed that makes the choice repeatable.
        fit: Trains a student on rows, for refits between batches.
        screen: Returns for each row, given without an answer, whether it may be chosen.
        shares: The share of the new rows for each slice value of the target (sums to 1); empty: the teacher's choice.
        used: Ids of rows that must not be returned again.
        human_labels: The labels that people gave to pool rows, by row id.
        class_error: The development error of each slice.
        money: US dollars that may be spent under `account`.
        account: A name in the ledger; what was paid under it earlier counts.
        prompt: A template (its text, or a file beside the task file) that replaces the task's; empty: the task's.
        on_progress: Called as a batch of requests is answered.
        on_reply: Called with each paid answer.
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
    class_error: dict[str, float] = field(default_factory=dict)
    money: float = 0.0
    account: str = ""
    prompt: str = ""
    on_progress: Callable[[ChatProgress], None] | None = None
    on_reply: Callable[[ChatRequest, Reply], None] | None = None


@dataclass(frozen=True)
class TeacherResult:
    """The result of a teacher.

    Attributes:
        rows: The new examples, with answers.
        waiting: Chosen rows whose answer people must still give: the same columns, with an empty target.
        screened: Pool rows that rules rejected before choosing, counted by reason.
        left: How many more rows the teacher could give; None without a pool.
        pool_rows: How many rows the pool has; None without a pool.
        endings: Of a paid teacher the outcome of every requested row: columns slice, outcome, reason, rows.
        cost: What the answers cost in US dollars, whenever they were paid.
        paid: The part of the cost that was paid now.
    """

    rows: pd.DataFrame
    waiting: pd.DataFrame
    screened: dict[str, int] = field(default_factory=dict)
    left: int | None = None
    pool_rows: int | None = None
    endings: pd.DataFrame | None = None
    cost: float = 0.0
    paid: float = 0.0


@dataclass(frozen=True)
class Preview:
    """A preview of what a paid teacher would do.

    Attributes:
        model: The address of its model.
        prompt: Its prompt.
        messages: Its first request.
        estimate: What all requests would cost.
        spent: What is spent of its account already, in US dollars.
    """

    model: str
    prompt: Prompt
    messages: tuple[Message, ...]
    estimate: Estimate
    spent: float = 0.0


class Teacher(Protocol):
    """A source of examples. Created as `Teacher(**parameters)` from the part `teacher` of the task file."""

    name: str

    def write(self, request: TeacherRequest) -> TeacherResult:
        """Return the requested rows, fewer when there are no more."""
        ...


@runtime_checkable
class PaidTeacher(Teacher, Protocol):
    """A teacher that asks a paid model. It can preview its requests and what they would cost."""

    def endpoint(self) -> Endpoint:
        """Return the endpoint of its model.

        Raises:
            UserError: when no key or endpoint is set.
        """
        ...

    def prompt(self, task: Task, template: str = "") -> Prompt:
        """Return the prompt for a task; `template` replaces it, see `TeacherRequest.prompt`."""
        ...

    def preview(self, request: TeacherRequest) -> Preview:
        """Preview its requests and their cost, without asking or paying."""
        ...
