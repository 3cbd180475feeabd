"""Probe: does a model give several candidates, does it explain, does it keep the output contract?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.models.base import Model
    from veritrain_lib.task import Task


class ProbeConfig(BaseModel):
    """`rows`: how many development rows are asked, 1 or more; they are drawn by `seed`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=240, ge=1)
    seed: int = 0


class ProbeResult(StageResult):
    """Rates with Wilson intervals; table `evidence` has every asked row with its answer and what held.

    Table `confusions` counts wrong answers (expected, answered); `errors` the error by expected answer.
    """

    model: str

    def picture(self) -> Figure:
        """The rates with their intervals."""
        from veritrain_lib.reporting.pictures import rates

        return rates(self.measure_table())


def run(config: ProbeConfig, task: Task, model: Model, development: pd.DataFrame) -> ProbeResult:
    """Ask a model a sample of development rows and measure what it gives back.

    A row that the model failed on counts as: no candidates, no explanation, contract broken, wrong.
    """
    import pandas as pd

    from veritrain_lib.metrics.base import open_metrics
    from veritrain_lib.metrics.contract_rate import ContractRate
    from veritrain_lib.stages.measuring import measure_metric
    from veritrain_lib.statistics.intervals import wilson

    asked = development.sample(n=min(config.rows, len(development)), random_state=config.seed).sort_index()
    responses = model.answer(asked)
    references = asked[task.target.field].tolist()
    kept = ContractRate(task).per_row(references, responses)
    evidence = asked[["id", *task.columns]].assign(
        answer=[response.best or "" for response in responses],
        correct=[response.best == wanted for response, wanted in zip(responses, references, strict=True)],
        several_candidates=[len(response.candidates) > 1 for response in responses],
        explanation=[bool(response.explanation) for response in responses],
        output_contract=kept.astype(bool),
        explanation_text=[response.explanation or "" for response in responses],
        raw=[response.raw for response in responses],
        error=[response.error or "" for response in responses],
    )
    measures = {}
    for name in ("several_candidates", "explanation", "output_contract"):
        held = int(evidence[name].sum())
        interval = wilson(held, len(evidence))
        measures[name] = Measure(
            value=held / len(evidence), low=interval.low, high=interval.high, n=len(evidence)
        )
    for metric in open_metrics(task):
        if metric.name not in ("contract_rate",):
            measures[metric.name] = measure_metric(metric, references, responses, config.seed)
    wrong = evidence[~evidence["correct"]]
    confusions = (
        wrong.groupby([task.target.field, "answer"])
        .size()
        .rename("count")
        .reset_index()
        .set_axis(["expected", "answered", "count"], axis=1)
        .sort_values(["count", "expected", "answered"], ascending=[False, True, True])
    )
    errors = (
        evidence.groupby(task.target.field)["correct"]
        .agg(n="size", right="sum")
        .reset_index()
        .rename(columns={task.target.field: "slice"})
    )
    errors["error"] = 1 - errors["right"] / errors["n"]
    said = ", ".join(
        f"{name.replace('_', ' ')} {measures[name].value:.0%}"
        for name in ("several_candidates", "explanation", "output_contract")
    )
    primary = measures[task.primary.name].value
    headline = f"{model.uri} on {len(asked)} development rows: {said}; {task.primary.name} {primary:.3f}."
    return ProbeResult(
        headline=headline,
        measures=measures,
        model=model.uri,
        tables={"evidence": evidence, "confusions": pd.DataFrame(confusions), "errors": errors},
    )
