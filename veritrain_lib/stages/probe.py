"""Probe: what does a model give back, how steady, sure, fast and costly is it, and can its input order it about?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.stages.probing.answer_content import NAMES as GIVEN
from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.reporting.probe_card import ProbeCard


class ProbeConfig(BaseModel):
    """How a model is probed.

    `rows`: how many development rows are asked, 1 or more; they are drawn by `seed`. `extra_rows`: how many of
    them are asked again for stability, robustness and hidden orders, 0 or more (0: none); of a free and quick
    model three times as many. `money`: US dollars that all of it may cost with a paid model, 0 or more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=240, ge=1)
    extra_rows: int = Field(default=40, ge=0)
    money: float = Field(default=0.0, ge=0)
    seed: int = 0


class ProbeResult(StageResult):
    """Rates with Agresti-Coull intervals; table `evidence` has every asked row with its answer and what held.

    Table `confusions` counts mistakes (expected, answered); `errors` the error by label or slice;
    `again` has the rows asked once more; `reliability` the bins of the calibration; `card` the measures of
    this model and of those it was probed beside. `notes` say what was not measured, and why.
    """

    model: str
    notes: tuple[str, ...] = ()

    def card(self) -> ProbeCard:
        """The probe card: every measure with its interval, a column a model."""
        from veritrain_lib.reporting.probe_card import ProbeCard

        return ProbeCard(self.tables["card"], self.notes)

    def picture(self) -> Figure:
        """The rates with their intervals."""
        from veritrain_lib.reporting.pictures import rates

        own = self.tables["card"]
        own = own[(own["model"] == self.model) & (own["unit"] == "rate")]
        names = own["title"] + own["lower_is_better"].map({True: " (low is good)", False: ""})
        return rates(own.assign(name=names)[["name", "value", "low", "high", "n"]].reset_index(drop=True))

    def reliability(self) -> Figure:
        """How often the model was right where it was how sure."""
        from veritrain_lib.reporting.pictures.reliability import reliability

        return reliability(self.tables["reliability"])


def run(config: ProbeConfig, task: Task, model: Model, development: pd.DataFrame) -> ProbeResult:
    """Ask a model a sample of development rows and measure what it gives back.

    A row that the model failed on counts as: no candidates, no explanation, contract broken, wrong, not the
    same, not resisted.
    """
    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores
    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.measuring import graded, measure_all
    from veritrain_lib.stages.probing.answer_content import what_is_given
    from veritrain_lib.stages.probing.card import card_rows
    from veritrain_lib.stages.probing.extra import First, measure_extra
    from veritrain_lib.stages.probing.rate import rate
    from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

    asked = development.sample(n=min(config.rows, len(development)), random_state=config.seed).sort_index()
    start = time.perf_counter()
    responses = model.answer(asked)
    seconds = time.perf_counter() - start
    references = references_of(task, asked)
    metrics = open_metrics(task)
    grades = row_scores(metrics[0], references, responses)
    first = First(asked, responses, seconds, grades.tolist())
    given = what_is_given(task, references, responses).set_axis(asked.index)
    evidence = asked[["id", *task.columns]].assign(
        answer=[response.best or "" for response in responses],
        correct=[response.best == wanted for response, wanted in zip(responses, references, strict=True)],
        grade=grades,
        **{name: given[name] for name in GIVEN},
        explanation_text=[response.explanation or "" for response in responses],
        raw=[response.raw for response in responses],
        error=[response.error or "" for response in responses],
    )
    measures: dict[str, Measure] = {name: rate(evidence[name].tolist()) for name in GIVEN}
    wanted = [metric for metric in metrics if metric.name != "contract_rate" or metric is metrics[0]]
    measures |= measure_all(wanted, references, responses, config.seed)
    extra = measure_extra(
        task, model, first, extra_rows=config.extra_rows, money=config.money, seed=config.seed
    )
    measures |= extra.measures
    by = slice_column(task)
    errors = graded(asked[by].tolist() if by else [ALL_ROWS] * len(asked), grades.tolist())
    said = ", ".join(f"{name.replace('_', ' ')} {measures[name].value:.0%}" for name in GIVEN)
    primary = measures[task.primary.name].value
    headline = f"{model.uri} on {len(asked)} development rows: {said}; {task.primary.name} {primary:.3f}."
    return ProbeResult(
        headline=headline,
        measures=measures,
        model=model.uri,
        notes=tuple(extra.notes),
        tables={
            "evidence": evidence,
            "confusions": confusions(task, references, responses),
            "errors": errors.assign(error=1 - errors["right"] / errors["n"]),
            "again": extra.again,
            "reliability": extra.reliability,
            "card": card_rows(model.uri, measures),
        },
    )


def beside(result: ProbeResult, others: list[ProbeResult]) -> ProbeResult:
    """The same result, its card showing the other models too, with what could not be measured of them."""
    if not others:
        return result
    from veritrain_lib.stages.probing.card import compare_cards

    notes = (*result.notes, *(f"{other.model}: {note}" for other in others for note in other.notes))
    tables = {**result.tables, "card": compare_cards([result, *others]).measures}
    return result.model_copy(update={"tables": tables, "notes": notes})
