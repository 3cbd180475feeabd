"""Inputs of the generate stage's work, and the request for new rows that is made from them for a teacher."""

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
    """Rows, models and functions that the generate stage needs to plan new rows and to get them from a teacher.

    Attributes:
        errors: The model's errors on development rows: columns `slice`, `n` (rows), `right` (sum of their grades).
        accepted_rows: The rows that the gate has accepted so far.
        used: Ids of rows that must not be returned again.
        human_labels: The labels that people gave to pool rows, by row id.
        fit: Function that trains a student (a small model) on rows.
        screen: Function that returns, for each row, the reason why it must not be chosen; "" for a good row.
        plan: A plan that a person changed, which every teacher follows; None to make the plan from `errors`.
        no_label: Pool rows to which people answered in earlier rounds that no label fits; None for no such rows.
        account: Name of the account in the ledger of paid answers that a paid teacher spends from.
        on_progress: Function that is called with the progress of chat requests; None to report none.
        on_reply: Function that is called with each chat request and its reply; None to report none.
    """

    errors: pd.DataFrame
    accepted_rows: pd.DataFrame
    used: frozenset[str]
    human_labels: Mapping[str, str]
    fit: Callable[[pd.DataFrame], Scorer]
    screen: Callable[[pd.DataFrame], pd.Series[str]]
    plan: pd.DataFrame | None = None
    no_label: pd.DataFrame | None = None
    account: str = ""
    on_progress: Callable[[ChatProgress], None] | None = None
    on_reply: Callable[[ChatRequest, Reply], None] | None = None


def teacher_of(config: GenerateConfig, task: Task) -> Teacher:
    """Create the teacher, the source of new rows, that the stage's parameters name.

    The task file's parameters of the teacher are used only if the task file names the same teacher.

    Args:
        config: The parameters of the stage, with the teacher's name.
        task: The task.

    Returns:
        The teacher, which has done nothing yet.
    """
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
    """Create the request for new rows that is passed to a teacher.

    Args:
        config: The parameters of the stage.
        task: The task.
        inputs: The rows, models and functions of the stage.
        plan: The plan, see `generate.plan.make_plan`.
        counts_by_rule: A dict to which the number of rows that each rule rejects is added while the teacher works.
        counts_by_reason: The same by full reason, such as `language:uk`; None to count none.

    Returns:
        The request.
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
        no_label=inputs.no_label,
        class_error=dict(zip(plan["slice"], plan["error"], strict=True)),
        money=config.money,
        account=inputs.account,
        prompt=config.prompt,
        on_progress=inputs.on_progress,
        on_reply=inputs.on_reply,
    )
