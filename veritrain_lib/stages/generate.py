"""Generate: first a plan (how much, where, why), then rows from a teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from veritrain_lib.stages.generate_inputs import GenerateConfig, Surroundings, request_of, teacher_of
from veritrain_lib.stages.plan import make_plan
from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.task import Task
    from veritrain_lib.prompts.prompt import Prompt
    from veritrain_lib.teachers.base import Preview, Written


class GenerateResult(StageResult):
    """Table `rows` are the new examples, `waiting` those that people must answer first, `plan` the plan.

    `screened` counts, by reason, the rows that the suite's label-free rules turned down: of a pool before
    choosing, of a writing teacher before keeping. Table `endings`, of a teacher that pays, says how every row
    that was asked for ended: slice, outcome (done, refused, filtered, invalid, failed), reason, rows. The outcome is
    `blocked` when one rule turned down most of a pool and nothing is left of it.
    """

    asked: int
    left: int | None = None
    screened: dict[str, int] = Field(default_factory=dict)

    def endings(self) -> pd.DataFrame:
        """How rows ended that are not among the new ones: slice, outcome, reason, rows.

        Of a pool: what the suite's rules turned down, by rule.
        """
        import pandas as pd

        if "endings" in self.tables:
            table: pd.DataFrame = self.tables["endings"]
            return table
        lines = [("", "screened out", rule, rows) for rule, rows in sorted(self.screened.items())]
        return pd.DataFrame(lines, columns=["slice", "outcome", "reason", "rows"])

    def picture(self) -> Figure:
        """The plan: where the model fails, and how many rows each slice should get."""
        from veritrain_lib.reporting.pictures import plan

        return plan(self.tables["plan"])


def preview(config: GenerateConfig, task: Task, around: Surroundings) -> Preview | None:
    """What a teacher that pays would ask and pay; None for one that costs nothing. Asks and pays nothing."""
    from veritrain_lib.teachers.base import PaidTeacher

    teacher = teacher_of(config, task)
    if not isinstance(teacher, PaidTeacher):
        return None
    plan = make_plan(around.errors, config.rows)
    return teacher.preview(request_of(config, task, around, plan, {}))


def prompt_of(config: GenerateConfig, task: Task) -> Prompt | None:
    """The prompt of a teacher that asks a model; None for another one."""
    from veritrain_lib.teachers.base import PaidTeacher

    teacher = teacher_of(config, task)
    return teacher.prompt(task, config.prompt) if isinstance(teacher, PaidTeacher) else None


def run(config: GenerateConfig, task: Task, around: Surroundings) -> GenerateResult:
    """Plan, then ask the teacher."""
    from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

    plan = make_plan(around.errors, config.rows)
    counts: dict[str, int] = {}
    reasons: dict[str, int] = {}
    written = teacher_of(config, task).write(request_of(config, task, around, plan, counts, reasons))
    emptied = _emptied(task, written, counts, reasons)
    column = slice_column(task)
    got = written.rows[column].value_counts() if column else {ALL_ROWS: len(written.rows)}
    plan["got"] = plan["slice"].map(got).fillna(0).astype(int)
    waiting = len(written.waiting)
    tables = {
        "plan": plan,
        "rows": written.rows.reset_index(drop=True),
        "waiting": written.waiting.reset_index(drop=True),
    }
    measures = {
        "rows_generated": Measure(value=len(written.rows)),
        "rows_screened_out": Measure(value=sum(counts.values())),
        "rows_waiting": Measure(value=waiting),
    }
    if written.endings is not None:
        tables["endings"] = written.endings
        measures |= _paid_measures(written)
    return GenerateResult(
        outcome="waiting" if waiting else "blocked" if emptied else "done",
        headline=emptied or _headline(config, written, sum(counts.values())),
        measures=measures,
        tables=tables,
        asked=config.rows,
        left=written.left,
        screened=counts,
    )


MOST_OF_A_POOL = 0.5
"""Share of a pool that one rule must have turned down for an empty round to be its doing. Of a pool that was used up,
dirty rows are left, which is no fault."""


def _emptied(task: Task, written: Written, counts: dict[str, int], reasons: dict[str, int]) -> str:
    """What emptied a pool, as a sentence that names the rule and what to change; "" when no rule did."""
    if len(written.rows) or len(written.waiting) or not counts or not written.pool_rows:
        return ""
    rule, turned_down = max(counts.items(), key=lambda item: item[1])
    if turned_down <= MOST_OF_A_POOL * written.pool_rows:
        return ""
    why = ", ".join(
        f"{count} {reason}"
        for reason, count in sorted(reasons.items(), key=lambda item: -item[1])
        if reason.split(":")[0] == rule
    )
    declared = ", ".join(
        f"inputs.{name}.language ({field.language})" for name, field in task.inputs.items() if field.language
    )
    also = f" or {declared} in the task file" if rule == "language" and declared else ""
    others = f"; {sum(counts.values()) - turned_down} by other rules" if len(counts) > 1 else ""
    return (
        f"Blocked: rule {rule} turned down {turned_down} of the {written.pool_rows} rows in the pool ({why[:200]}){others}, "
        f"so there is no row to choose. Correct the rows, the rule in suite {task.gate}{also}."
    )


def _paid_measures(written: Written) -> dict[str, Measure]:
    """`cost` is in US dollars whenever it was paid, `paid_now` the part that this run paid; rows by outcome."""
    assert written.endings is not None
    ended = written.endings.groupby("outcome")["rows"].sum()
    counts = {f"rows_{outcome}": Measure(value=int(rows)) for outcome, rows in ended.items()}
    return {"cost": Measure(value=written.cost), "paid_now": Measure(value=written.paid), **counts}


def _headline(config: GenerateConfig, written: Written, screened: int) -> str:
    said = f"{len(written.rows)} of {config.rows} new rows from teacher {config.teacher}"
    said += f" ({config.choose})" if config.teacher == "pool" else ""
    if written.endings is not None:
        ended = written.endings.groupby("outcome")["rows"].sum().to_dict()
        came = ", ".join(f"{rows} {outcome}" for outcome, rows in ended.items())
        said += f" for {written.cost:.4f} US dollars ({written.paid:.4f} paid now); rows asked for: {came}"
    elif screened:
        said += f"; {screened} pool rows screened out before choosing"
    waiting = len(written.waiting)
    return said + (f"; {waiting} chosen rows wait for people's answers" if waiting else "") + "."


__all__ = [
    "GenerateConfig",
    "GenerateResult",
    "Surroundings",
    "make_plan",
    "preview",
    "prompt_of",
    "run",
    "teacher_of",
]
