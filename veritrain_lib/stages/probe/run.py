"""The probe stage: a model answers a sample of development rows, and its behavior is measured.

Measured are the content of its answers, metrics, stability, robustness, calibration, latency, cost, and resistance to
prompt injection.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.stages.probe.measures.answer_content import NAMES as CONTENT_MEASURES
from veritrain_lib.stages.probe.result import ProbeResult
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model


class ProbeConfig(BaseModel):
    """Parameters of the probe stage.

    Attributes:
        rows: The number of development rows that are asked, from 1; drawn by `seed`.
        extra_rows: How many of them are asked again for stability, robustness and prompt injection, from 0 (none); three
            times as many for a free and quick model.
        money: US dollars that all questions to a paid model may cost, from 0.
        seed: Seed of every random choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=240, ge=1)
    extra_rows: int = Field(default=40, ge=0)
    money: float = Field(default=0.0, ge=0)
    seed: int = 0


def run(config: ProbeConfig, task: Task, model: Model, development: pd.DataFrame) -> ProbeResult:
    """Ask a model a sample of development rows and measure its answers.

    A row that the model failed on counts as: no candidates, no explanation, contract broken, wrong, not stable, not
    resistant.

    Args:
        config: Parameters of the stage.
        task: The task.
        model: The model.
        development: The development rows.
    """
    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores
    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.measuring import grades_by_slice, measure_all
    from veritrain_lib.stages.probe.measures.answer_content import answer_contents
    from veritrain_lib.stages.probe.measures.card import card_rows
    from veritrain_lib.stages.probe.measures.extra import FirstAnswers, measure_extra
    from veritrain_lib.stages.probe.measures.rate import rate
    from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

    sampled = development.sample(n=min(config.rows, len(development)), random_state=config.seed).sort_index()
    start = time.perf_counter()
    responses = model.answer(sampled)
    seconds = time.perf_counter() - start
    references = references_of(task, sampled)
    metrics = open_metrics(task)
    grades = row_scores(metrics[0], references, responses)
    first_answers = FirstAnswers(sampled, responses, seconds, grades.tolist())
    contents = answer_contents(task, references, responses).set_axis(sampled.index)
    evidence = sampled[["id", *task.columns]].assign(
        answer=[response.best or "" for response in responses],
        correct=[
            response.best == requested_metrics
            for response, requested_metrics in zip(responses, references, strict=True)
        ],
        grade=grades,
        **{name: contents[name] for name in CONTENT_MEASURES},
        explanation_text=[response.explanation or "" for response in responses],
        raw=[response.raw for response in responses],
        error=[response.error or "" for response in responses],
    )
    measures: dict[str, Measure] = {name: rate(evidence[name].tolist()) for name in CONTENT_MEASURES}
    requested_metrics = [
        metric for metric in metrics if metric.name != "contract_rate" or metric is metrics[0]
    ]
    measures |= measure_all(requested_metrics, references, responses, config.seed)
    extra = measure_extra(
        task, model, first_answers, extra_rows=config.extra_rows, money=config.money, seed=config.seed
    )
    measures |= extra.measures
    column = slice_column(task)
    errors = grades_by_slice(
        sampled[column].tolist() if column else [ALL_ROWS] * len(sampled), grades.tolist()
    )
    rates_text = ", ".join(
        f"{name.replace('_', ' ')} {measures[name].value:.0%}" for name in CONTENT_MEASURES
    )
    primary = measures[task.primary.name].value
    headline = (
        f"{model.uri} on {len(sampled)} development rows: {rates_text}; {task.primary.name} {primary:.3f}."
    )
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


def with_other_models(result: ProbeResult, others: list[ProbeResult]) -> ProbeResult:
    """Return the result with the other models on its card, and with their notes on what was not measured."""
    if not others:
        return result
    from veritrain_lib.stages.probe.measures.card import compare_cards

    notes = (*result.notes, *(f"{other.model}: {note}" for other in others for note in other.notes))
    tables = {**result.tables, "card": compare_cards([result, *others]).measures}
    return result.model_copy(update={"tables": tables, "notes": notes})
