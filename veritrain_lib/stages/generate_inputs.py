"""What the generate stage asks of a teacher: its settings, what it works on, and the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import ChatProgress, ChatRequest, Reply
    from veritrain_lib.models.base import Scorer
    from veritrain_lib.teachers.base import Request, Teacher


class GenerateConfig(BaseModel):
    """`rows` new examples are asked of `teacher`; a pool is chosen from as `choose` says, in batches.

    `money` is how many US dollars a teacher that pays may spend, and `prompt` the template it asks with (a
    text, or a file beside the task file; empty: the task's own, else the built-in one).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=150, ge=1)
    teacher: str = "pool"
    choose: Literal["uncertainty", "random", "balanced", "class_error"] = "uncertainty"
    batch: int = Field(default=50, ge=1)
    seed: int = 0
    money: float = Field(default=0.0, ge=0)
    prompt: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What the plan and the teacher work on.

    `errors` are the development errors by slice of the student at hand (slice, n, right); `screen` gives a
    reason for each row that must not be chosen ("" for a good one). For the rest see `teachers.base.Request`.
    """

    errors: pd.DataFrame
    trusted: pd.DataFrame
    used: frozenset[str]
    known: Mapping[str, str]
    fit: Callable[[pd.DataFrame], Scorer]
    screen: Callable[[pd.DataFrame], pd.Series[str]]
    account: str = ""
    on_progress: Callable[[ChatProgress], None] | None = None
    on_reply: Callable[[ChatRequest, Reply], None] | None = None


def teacher_of(config: GenerateConfig, task: Task) -> Teacher:
    """The teacher, made with the task's parameters when it is the task's own."""
    from veritrain_lib.core import registry

    parameters = dict(task.teacher.parameters) if config.teacher == task.teacher.name else {}
    if config.teacher == "pool":
        parameters |= {"choose": config.choose, "batch": config.batch}
    made: Teacher = registry.get("teachers", config.teacher)(**parameters)
    return made


def request_of(
    config: GenerateConfig,
    task: Task,
    around: Surroundings,
    plan: pd.DataFrame,
    counts: dict[str, int],
    reasons: dict[str, int] | None = None,
) -> Request:
    """What the teacher is asked for; rows that the rules turn down are counted in `counts` by rule, and in `reasons`
    by the whole reason, such as `language:uk`."""
    from veritrain_lib.teachers.base import Request

    def may_be_chosen(rows: pd.DataFrame) -> pd.Series[bool]:
        found = around.screen(rows)
        turned_down = found[found != ""]
        for reason, count in turned_down.str.split("[:;]").str[0].value_counts().items():
            counts[str(reason)] = counts.get(str(reason), 0) + int(count)
        if reasons is not None:
            for reason, count in turned_down.str.split(";").str[0].value_counts().items():
                reasons[str(reason)] = reasons.get(str(reason), 0) + int(count)
        return found == ""

    return Request(
        task=task,
        rows=config.rows,
        trusted=around.trusted,
        seed=config.seed,
        fit=around.fit,
        screen=may_be_chosen,
        # Quotas by slice would overrule a choice by uncertainty, which was measured to be the better one.
        shares={} if config.teacher == "pool" else dict(zip(plan["slice"], plan["share"], strict=True)),
        used=around.used,
        known=dict(around.known),
        class_error=dict(zip(plan["slice"], plan["error"], strict=True)),
        money=config.money,
        account=around.account,
        prompt=config.prompt,
        on_progress=around.on_progress,
        on_reply=around.on_reply,
    )
