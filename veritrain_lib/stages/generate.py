"""Generate: first a plan (how much, where, why), then rows from a teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.models.base import Scorer
    from veritrain_lib.task import Task


class GenerateConfig(BaseModel):
    """`rows` new examples are asked of `teacher`; a pool is chosen from as `choose` says, in batches."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=150, ge=1)
    teacher: str = "pool"
    choose: Literal["uncertainty", "random", "balanced", "class_error"] = "uncertainty"
    batch: int = Field(default=50, ge=1)
    seed: int = 0


class GenerateResult(StageResult):
    """Table `rows` are the new examples, `waiting` those that people must answer first, `plan` the plan.

    `screened` counts, by reason, the pool rows that the suite's label-free rules turned down before choosing.
    """

    asked: int
    left: int | None = None
    screened: dict[str, int] = Field(default_factory=dict)

    def picture(self) -> Figure:
        """The plan: where the model fails, and how many rows each slice should get."""
        from veritrain_lib.reporting.pictures import plan

        return plan(self.tables["plan"])


def make_plan(errors: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Share rows out in proportion to the error that each slice could still have.

    `errors` has slice, n, right. A slice weighs by the upper end of the Wilson interval of its error, so that
    a slice measured on few rows is not taken for perfect. Columns of the answer: slice, n, error, low, high,
    share, rows, why. `rows` adds up to the number asked for (largest remainders).
    """
    import numpy as np

    from veritrain_lib.statistics.intervals import wilson

    plan = errors[["slice", "n"]].copy()
    wrong = (errors["n"] - errors["right"]).astype(int)
    intervals = [wilson(int(count), int(n)) for count, n in zip(wrong, errors["n"], strict=True)]
    plan["error"] = wrong / errors["n"]
    plan["low"] = [interval.low for interval in intervals]
    plan["high"] = [interval.high for interval in intervals]
    plan["share"] = plan["high"] / plan["high"].sum()
    exact = plan["share"] * rows
    whole = np.floor(exact).astype(int)
    order = np.argsort(-(exact - whole).to_numpy(), kind="stable")
    whole.iloc[order[: rows - int(whole.sum())]] += 1
    plan["rows"] = whole
    plan["why"] = [
        f"{count} of {n} development rows wrong (up to {high:.0%})"
        for count, n, high in zip(wrong, plan["n"], plan["high"], strict=True)
    ]
    return plan.sort_values(["rows", "slice"], ascending=[False, True]).reset_index(drop=True)


def run(
    config: GenerateConfig,
    task: Task,
    *,
    errors: pd.DataFrame,
    trusted: pd.DataFrame,
    used: frozenset[str],
    known: Mapping[str, str],
    fit: Callable[[pd.DataFrame], Scorer],
    screen: Callable[[pd.DataFrame], pd.Series[str]],
) -> GenerateResult:
    """Plan, then ask the teacher.

    `errors` are the development errors by slice of the student at hand (slice, n, right); `screen` gives a
    reason for each row that must not be chosen ("" for a good one). For the rest see `teachers.base.Request`.
    """
    from veritrain_lib import registry
    from veritrain_lib.teachers.base import Request

    plan = make_plan(errors, config.rows)
    counts: dict[str, int] = {}

    def may_be_chosen(rows: pd.DataFrame) -> pd.Series[bool]:
        reasons = screen(rows)
        for reason, count in reasons[reasons != ""].str.split("[:;]").str[0].value_counts().items():
            counts[str(reason)] = int(count)
        return reasons == ""

    parameters = dict(task.teacher.parameters) if config.teacher == task.teacher.name else {}
    if config.teacher == "pool":
        parameters |= {"choose": config.choose, "batch": config.batch}
    teacher = registry.get("teachers", config.teacher)(**parameters)
    written = teacher.write(
        Request(
            task=task,
            rows=config.rows,
            trusted=trusted,
            seed=config.seed,
            fit=fit,
            screen=may_be_chosen,
            # Quotas by slice would overrule a choice by uncertainty, which was measured to be the better one.
            shares={} if config.teacher == "pool" else dict(zip(plan["slice"], plan["share"], strict=True)),
            used=used,
            known=dict(known),
            class_error=dict(zip(plan["slice"], plan["error"], strict=True)),
        )
    )
    got = written.rows[task.target.field].value_counts()
    plan["got"] = plan["slice"].map(got).fillna(0).astype(int)
    waiting = len(written.waiting)
    headline = f"{len(written.rows)} of {config.rows} new rows from teacher {config.teacher}"
    headline += f" ({config.choose})" if config.teacher == "pool" else ""
    headline += f"; {sum(counts.values())} pool rows screened out before choosing" if counts else ""
    headline += f"; {waiting} chosen rows wait for people's answers" if waiting else ""
    return GenerateResult(
        outcome="waiting" if waiting else "done",
        headline=headline + ".",
        measures={
            "rows_generated": Measure(value=len(written.rows)),
            "rows_screened_out": Measure(value=sum(counts.values())),
            "rows_waiting": Measure(value=waiting),
        },
        tables={
            "plan": plan,
            "rows": written.rows.reset_index(drop=True),
            "waiting": written.waiting.reset_index(drop=True),
        },
        asked=config.rows,
        left=written.left,
        screened=counts,
    )
