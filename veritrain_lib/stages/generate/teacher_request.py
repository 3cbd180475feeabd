"""Input data of the generate stage for its plan and its teacher, and the request that a teacher gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import ChatProgress, ChatRequest, Reply
    from veritrain_lib.models.base import Scorer
    from veritrain_lib.stages.generate.run import GenerateConfig
    from veritrain_lib.teachers.base import Teacher, TeacherRequest


@dataclass(frozen=True)
class GenerateInputs:
    """Input data of the plan and the teacher.

    Attributes:
        errors: The model's development errors by slice: columns slice, n, right.
        accepted_rows: See `teachers.base.TeacherRequest`, as for `used`, `human_labels`, `fit`, `account`, `on_progress`
            and `on_reply`.
        screen: Returns a reason for each row that must not be chosen, and "" for a good one.
        plan: A plan that a person changed, which every teacher then follows; None: it is made from `errors`.
    """

    errors: pd.DataFrame
    accepted_rows: pd.DataFrame
    used: frozenset[str]
    human_labels: Mapping[str, str]
    fit: Callable[[pd.DataFrame], Scorer]
    screen: Callable[[pd.DataFrame], pd.Series[str]]
    plan: pd.DataFrame | None = None
    account: str = ""
    on_progress: Callable[[ChatProgress], None] | None = None
    on_reply: Callable[[ChatRequest, Reply], None] | None = None


def teacher_of(config: GenerateConfig, task: Task) -> Teacher:
    """Create the teacher, with the parameters of the task file if it is the teacher named there."""
    from veritrain_lib.core import registry

    parameters = dict(task.teacher.parameters) if config.teacher == task.teacher.name else {}
    if config.teacher == "pool":
        parameters |= {"choose": config.choose, "batch": config.batch}
    teacher: Teacher = registry.get("teachers", config.teacher)(**parameters)
    return teacher


def request_of(
    config: GenerateConfig,
    task: Task,
    inputs: GenerateInputs,
    plan: pd.DataFrame,
    counts_by_rule: dict[str, int],
    counts_by_reason: dict[str, int] | None = None,
) -> TeacherRequest:
    """Create the request for a teacher.

    Args:
        config: Parameters of the stage.
        task: The task.
        inputs: What the teacher works on.
        plan: The plan, see `stages.plan`.
        counts_by_rule: Filled in with the number of rows that each rule rejects.
        counts_by_reason: Filled in with the number of rows by full reason, such as `language:uk`.
    """
    from veritrain_lib.teachers.base import TeacherRequest

    def passes_rules(rows: pd.DataFrame) -> pd.Series[bool]:
        reasons_of_rows = inputs.screen(rows)
        rejected = reasons_of_rows[reasons_of_rows != ""]
        for reason, count in rejected.str.split("[:;]").str[0].value_counts().items():
            counts_by_rule[str(reason)] = counts_by_rule.get(str(reason), 0) + int(count)
        if counts_by_reason is not None:
            for reason, count in rejected.str.split(";").str[0].value_counts().items():
                counts_by_reason[str(reason)] = counts_by_reason.get(str(reason), 0) + int(count)
        return reasons_of_rows == ""

    return TeacherRequest(
        task=task,
        rows=config.rows,
        accepted_rows=inputs.accepted_rows,
        seed=config.seed,
        fit=inputs.fit,
        screen=passes_rules,
        # Quotas by slice would override the choice by uncertainty, which was measured to be better. A person may want to.
        shares={}
        if config.teacher == "pool" and inputs.plan is None
        else dict(zip(plan["slice"], plan["share"], strict=True)),
        used=inputs.used,
        human_labels=dict(inputs.human_labels),
        class_error=dict(zip(plan["slice"], plan["error"], strict=True)),
        money=config.money,
        account=inputs.account,
        prompt=config.prompt,
        on_progress=inputs.on_progress,
        on_reply=inputs.on_reply,
    )
