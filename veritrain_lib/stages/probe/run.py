"""The work of the probe stage: a model answers a sample of development rows, and the answers are measured.

Measured are the task's metrics, the answers' form, stability, robustness, calibration, latency, cost, and resistance to
prompt injection.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.stages.probe.measures.answer_content import NAMES as CONTENT_MEASURES
from veritrain_lib.stages.probe.result import ProbeResult
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model


class ProbeConfig(BaseModel):
    """Parameters of the probe stage.

    Attributes:
        rows: The number of development rows that the model is asked about, at least 1; drawn at random.
        extra_rows: The number of these rows that are asked again to measure stability, robustness and prompt injection;
            0 for none. For a free and quick model it is multiplied by three.
        money: The budget in US dollars for all questions to a paid model, at least 0.
        seed: Seed of every random choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=240, ge=1)
    extra_rows: int = Field(default=40, ge=0)
    money: float = Field(default=0.0, ge=0)
    seed: int = 0


def run(config: ProbeConfig, task: Task, model: Model, development: pd.DataFrame) -> ProbeResult:
    """Probe a model: let it answer a sample of development rows, and measure the answers.

    A row on which the model failed counts against it: no candidates, no explanation, contract broken, wrong answer, not
    stable, not resistant.

    Args:
        config: The parameters of the stage.
        task: The task.
        model: The model.
        development: The development rows.

    Returns:
        The measures with their intervals, and the tables that explain them.
    """
    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores
    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.measuring import measure_all
    from veritrain_lib.stages.probe.measures.card import card_rows
    from veritrain_lib.stages.probe.measures.extra import FirstAnswers, measure_extra
    from veritrain_lib.stages.probe.measures.rate import rate

    sampled = development.sample(n=min(config.rows, len(development)), random_state=config.seed).sort_index()
    start = time.perf_counter()
    responses = model.answer(sampled)
    seconds = time.perf_counter() - start
    references = references_of(task, sampled)
    metrics = open_metrics(task)
    grades = row_scores(metrics[0], references, responses)
    first_answers = FirstAnswers(sampled, responses, seconds, grades.tolist())
    evidence = _evidence(task, sampled, references, responses, grades)
    measures: dict[str, Measure] = {name: rate(evidence[name].tolist()) for name in CONTENT_MEASURES}
    requested_metrics = [
        metric for metric in metrics if metric.name != "contract_rate" or metric is metrics[0]
    ]
    measures |= measure_all(requested_metrics, references, responses, config.seed)
    extra = measure_extra(
        task, model, first_answers, extra_rows=config.extra_rows, money=config.money, seed=config.seed
    )
    measures |= extra.measures
    return ProbeResult(
        headline=_headline(task, model, len(sampled), measures),
        measures=measures,
        model=model.uri,
        notes=tuple(extra.notes),
        tables={
            "evidence": evidence,
            "confusions": confusions(task, references, responses),
            "errors": _errors(task, sampled, grades),
            "again": extra.again,
            "reliability": extra.reliability,
            "card": card_rows(model.uri, measures),
        },
    )


def _evidence(
    task: Task,
    sampled: pd.DataFrame,
    references: Sequence[str],
    responses: Sequence[Response],
    grades: np.ndarray,
) -> pd.DataFrame:
    """Return a table with a line per asked row: the row, the answer, its grade (0 to 1), and its form."""
    from veritrain_lib.stages.probe.measures.answer_content import answer_contents

    contents = answer_contents(task, references, responses).set_axis(sampled.index)
    return sampled[["id", *task.columns]].assign(
        answer=[response.best or "" for response in responses],
        correct=[
            response.best == reference for response, reference in zip(responses, references, strict=True)
        ],
        grade=grades,
        **{name: contents[name] for name in CONTENT_MEASURES},
        explanation_text=[response.explanation or "" for response in responses],
        raw=[response.raw for response in responses],
        error=[response.error or "" for response in responses],
    )


def _errors(task: Task, sampled: pd.DataFrame, grades: np.ndarray) -> pd.DataFrame:
    """Return a table of each slice's error rate: columns slice, n, right (sum of the grades), error (1 - right / n)."""
    from veritrain_lib.stages.measuring import grades_by_slice
    from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

    column = slice_column(task)
    slices = sampled[column].tolist() if column else [ALL_ROWS] * len(sampled)
    errors = grades_by_slice(slices, grades.tolist())
    return errors.assign(error=1 - errors["right"] / errors["n"])


def _headline(task: Task, model: Model, n: int, measures: Mapping[str, Measure]) -> str:
    rates_text = ", ".join(
        f"{name.replace('_', ' ')} {measures[name].value:.0%}" for name in CONTENT_MEASURES
    )
    primary = measures[task.primary.name].value
    return f"{model.uri} on {n} development rows: {rates_text}; {task.primary.name} {primary:.3f}."


def with_other_models(result: ProbeResult, others: list[ProbeResult]) -> ProbeResult:
    """Return a probe's result whose card and notes also show the other probed models."""
    if not others:
        return result
    from veritrain_lib.stages.probe.measures.card import compare_cards

    notes = (*result.notes, *(f"{other.model}: {note}" for other in others for note in other.notes))
    tables = {**result.tables, "card": compare_cards([result, *others]).measures}
    return result.model_copy(update={"tables": tables, "notes": notes})
