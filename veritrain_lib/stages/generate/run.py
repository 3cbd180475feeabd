"""The work of the generate stage: planning the number of rows per slice, and getting them from a teacher.

Open this for the tables of its result, or to see when a round ends because a rule rejected most of the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.core.rows import NONE_OF_THESE
from veritrain_lib.stages.generate.plan import make_plan
from veritrain_lib.stages.generate.result import GenerateResult
from veritrain_lib.stages.generate.teacher_request import GenerateInputs, request_of, teacher_of
from veritrain_lib.stages.stage_result import Measure
from veritrain_lib.teachers.out_of_scope.hold_back import share_held_back

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.prompts.prompt import Prompt
    from veritrain_lib.teachers.base import Preview, TeacherResult


class GenerateConfig(BaseModel):
    """Parameters of the generate stage.

    Attributes:
        rows: The number of new rows to request, at least 1.
        teacher: The name of the teacher, such as `pool`, `augment` or `llm`.
        choose: The strategy by which the teacher `pool` chooses rows.
        batch: The number of rows that the teacher `pool` chooses before the student is trained again.
        seed: Seed of every random choice.
        money: The budget of a paid teacher in US dollars.
        prompt: The prompt template of a paid teacher: a text, or the name of a file beside the task file. Empty means
            the task's template, or else the built-in one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=150, ge=1)
    teacher: str = "pool"
    choose: Literal["uncertainty", "random", "balanced", "class_error"] = "uncertainty"
    batch: int = Field(default=50, ge=1)
    seed: int = 0
    money: float = Field(default=0.0, ge=0)
    prompt: str = ""


def preview(config: GenerateConfig, task: Task, inputs: GenerateInputs) -> Preview | None:
    """Return the requests of a paid teacher and their estimated cost, without sending any; None for a free teacher.

    Args:
        config: The parameters of the stage.
        task: The task.
        inputs: The rows and models that the plan and the teacher use.
    """
    from veritrain_lib.teachers.base import PaidTeacher

    teacher = teacher_of(config, task)
    if not isinstance(teacher, PaidTeacher):
        return None
    plan = _plan(config, inputs)
    return teacher.preview(request_of(config, task, inputs, plan, {}))


def _plan(config: GenerateConfig, inputs: GenerateInputs) -> pd.DataFrame:
    return make_plan(inputs.errors, config.rows) if inputs.plan is None else inputs.plan.copy()


def prompt_of(config: GenerateConfig, task: Task) -> Prompt | None:
    """Return the prompt of a teacher that asks a chat model; None for other teachers."""
    from veritrain_lib.teachers.base import PaidTeacher

    teacher = teacher_of(config, task)
    return teacher.prompt(task, config.prompt) if isinstance(teacher, PaidTeacher) else None


def run(config: GenerateConfig, task: Task, inputs: GenerateInputs) -> GenerateResult:
    """Plan how many new rows each slice gets, and get them from the teacher (the source of new rows).

    Args:
        config: The parameters of the stage.
        task: The task.
        inputs: The rows and models that the plan and the teacher use.

    Returns:
        The plan, the new rows, and the outcome of each requested row.
    """
    from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

    plan = _plan(config, inputs)
    counts_by_rule: dict[str, int] = {}
    counts_by_reason: dict[str, int] = {}
    written = teacher_of(config, task).write(
        request_of(config, task, inputs, plan, counts_by_rule, counts_by_reason)
    )
    empty_pool_reason = _empty_pool_reason(task, written, counts_by_rule, counts_by_reason)
    column = slice_column(task)
    rows_by_slice = written.rows[column].value_counts() if column else {ALL_ROWS: len(written.rows)}
    plan["got"] = plan["slice"].map(rows_by_slice).fillna(0).astype(int)
    waiting = len(written.waiting)
    tables = {
        "plan": plan,
        "rows": written.rows.reset_index(drop=True),
        "waiting": written.waiting.reset_index(drop=True),
    }
    measures = {
        "rows_generated": Measure(value=len(written.rows)),
        "rows_screened_out": Measure(value=sum(counts_by_rule.values())),
        "rows_waiting": Measure(value=waiting),
    }
    no_label_tables, no_label_measures = _no_label(written)
    tables |= no_label_tables
    measures |= no_label_measures
    if written.endings is not None:
        tables["endings"] = written.endings
        measures |= _paid_measures(written)
    return GenerateResult(
        outcome="waiting" if waiting else "blocked" if empty_pool_reason else "done",
        headline=empty_pool_reason or _headline(config, written, sum(counts_by_rule.values())),
        measures=measures,
        tables=tables,
        asked=config.rows,
        left=written.left,
        screened=counts_by_rule,
    )


def _no_label(written: TeacherResult) -> tuple[dict[str, pd.DataFrame], dict[str, Measure]]:
    """Return the tables and measures on rows that no label fits; empty for a teacher that does not look for them."""
    tables = {
        name: table
        for name, table in (("no_label", written.no_label), ("new_labels", written.new_labels))
        if table is not None
    }
    counts = {"rows_held_back": None if written.held_back is None else len(written.held_back)}
    if written.no_label is not None:
        counts["rows_no_label"] = len(written.no_label) or None
    return tables, {name: Measure(value=count) for name, count in counts.items() if count is not None}


EMPTYING_SHARE = 0.5
"""Share of the pool that one rule must reject before it is named as the reason that no row could be chosen: 0.5.

Below it, the pool is probably used up, so that mostly bad rows are left.
"""


def _empty_pool_reason(
    task: Task, written: TeacherResult, counts_by_rule: dict[str, int], counts_by_reason: dict[str, int]
) -> str:
    """Return a sentence that names the rule which rejected most of the pool, and what to correct.

    Args:
        task: The task.
        written: The rows that the teacher gave.
        counts_by_rule: The number of rows that each rule rejected.
        counts_by_reason: The number of rows by full reason, such as `language:uk`.

    Returns:
        The sentence; empty if there are new rows, or no rule rejected most of the pool.
    """
    if len(written.rows) or len(written.waiting) or not counts_by_rule or not written.pool_rows:
        return ""
    rule, rejected = max(counts_by_rule.items(), key=lambda item: item[1])
    if rejected <= EMPTYING_SHARE * written.pool_rows:
        return ""
    why = ", ".join(
        f"{count} {reason}"
        for reason, count in sorted(counts_by_reason.items(), key=lambda item: -item[1])
        if reason.split(":")[0] == rule
    )
    language_keys = ", ".join(
        f"inputs.{name}.language ({field.language})" for name, field in task.inputs.items() if field.language
    )
    language_hint = f" or {language_keys} in the task file" if rule == "language" and language_keys else ""
    other_rules = (
        f"; {sum(counts_by_rule.values()) - rejected} by other rules" if len(counts_by_rule) > 1 else ""
    )
    return (
        f"Blocked: rule {rule} rejected {rejected} of the {written.pool_rows} rows in the pool ({why[:200]}){other_rules}, "
        f"so there is no row to choose. Correct the rows, the rule in suite {task.gate}{language_hint}."
    )


def _paid_measures(written: TeacherResult) -> dict[str, Measure]:
    """Return measures of a paid teacher: US dollars, and the number of requested rows by outcome.

    `cost` is what the answers cost when they were first paid; `paid_now` is the part that was paid in this run.
    """
    assert written.endings is not None
    rows_by_outcome = written.endings.groupby("outcome")["rows"].sum()
    row_measures = {f"rows_{outcome}": Measure(value=int(rows)) for outcome, rows in rows_by_outcome.items()}
    return {"cost": Measure(value=written.cost), "paid_now": Measure(value=written.paid), **row_measures}


def _headline(config: GenerateConfig, written: TeacherResult, screened: int) -> str:
    headline = f"{len(written.rows)} of {config.rows} new rows from teacher {config.teacher}"
    headline += f" ({config.choose})" if config.teacher == "pool" else ""
    if written.endings is not None:
        rows_by_outcome = written.endings.groupby("outcome")["rows"].sum().to_dict()
        outcomes = ", ".join(f"{rows} {outcome}" for outcome, rows in rows_by_outcome.items())
        headline += (
            f" for {written.cost:.4f} US dollars ({written.paid:.4f} paid now); rows asked for: {outcomes}"
        )
    elif screened:
        headline += f"; {screened} pool rows screened out before choosing"
    held_back = 0 if written.held_back is None else len(written.held_back)
    if held_back:
        share = share_held_back(held_back, written.left)
        headline += (
            f"; {held_back} pool rows ({share:.0%} of those left) held back, since no label seems to fit them"
        )
    if written.no_label is not None and len(written.no_label):
        headline += f"; {len(written.no_label)} chosen rows were answered “{NONE_OF_THESE}”"
    waiting = len(written.waiting)
    return headline + (f"; {waiting} chosen rows wait for people's answers" if waiting else "") + "."


__all__ = [
    "GenerateConfig",
    "GenerateInputs",
    "GenerateResult",
    "make_plan",
    "preview",
    "prompt_of",
    "run",
    "teacher_of",
]
