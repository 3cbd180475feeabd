"""What writes or chooses data: one protocol."""

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
class Request:
    """What a teacher is asked for.

    `rows` new examples; `shares` says how many of them each slice value of the target should get (sums to 1;
    empty: the teacher's choice); `trusted` are the rows at hand that may be learnt from (the accepted data so
    far); `used` are ids that must not come again; `known` maps the id of a pool row to the label that people
    gave it; `fit` trains a student on rows (a refit between batches); `screen` takes rows without answers and
    says for each whether it may be chosen; `seed` makes the choice repeatable.

    For a teacher that pays: `money` is how many US dollars may be spent under `account` (a name in the ledger;
    what was paid under it earlier counts); `prompt`, when not empty, wins over the task's own (a template's
    text, or a file beside the task file); `on_progress` hears how far it is, `on_reply` each paid answer.
    """

    task: Task
    rows: int
    trusted: pd.DataFrame
    seed: int
    fit: Callable[[pd.DataFrame], Scorer]
    screen: Callable[[pd.DataFrame], pd.Series[bool]]
    shares: dict[str, float] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    known: dict[str, str] = field(default_factory=dict)
    class_error: dict[str, float] = field(default_factory=dict)
    money: float = 0.0
    account: str = ""
    prompt: str = ""
    on_progress: Callable[[ChatProgress], None] | None = None
    on_reply: Callable[[ChatRequest, Reply], None] | None = None


@dataclass(frozen=True)
class Written:
    """What a teacher hands back.

    `rows` are whole examples; `waiting` are chosen rows whose answer people must still give (same columns,
    empty target); `screened` counts, by reason, pool rows that the rules turned down before choosing; `left`
    is how many more rows the teacher could still give, and `pool_rows` how many rows the whole pool has (None without
    a pool). Of a teacher that pays, `endings` says how every row
    that was asked for ended (columns: slice, outcome, reason, rows), `cost` is what the answers cost in US
    dollars whenever they were paid, and `paid` the part of it that was paid now.
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
    """What a teacher that pays would do, before it does: model, prompt, its first request, what all of them
    would cost, and what is spent of its account already (US dollars)."""

    model: str
    prompt: Prompt
    messages: tuple[Message, ...]
    estimate: Estimate
    spent: float = 0.0


class Teacher(Protocol):
    """Writes examples. Made by `Teacher(**parameters)` from the task's `teacher` part."""

    name: str

    def write(self, request: Request) -> Written:
        """Give the rows asked for, fewer when there are no more."""
        ...


@runtime_checkable
class PaidTeacher(Teacher, Protocol):
    """A teacher that asks a paid model: it can say before what it would ask, and what that would cost."""

    def endpoint(self) -> Endpoint:
        """Where its model is reached. Raises UserError when no key or endpoint is set."""
        ...

    def prompt(self, task: Task, given: str = "") -> Prompt:
        """The prompt that it uses for a task; `given` as `Request.prompt`."""
        ...

    def preview(self, request: Request) -> Preview:
        """What it would ask and pay. Asks nothing, pays nothing."""
        ...
