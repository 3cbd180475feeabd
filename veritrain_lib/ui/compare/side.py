"""Measurement of one model on the development rows, reused from its train run or computed now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.inputs.open_models import check_judged_metrics, with_privacy_check
from veritrain_lib.stages.record.finished_work import missing_outputs
from veritrain_lib.stages.record.stage_run import prepare
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import Measure
    from veritrain_lib.tracking.models import RegisteredVersion

CARD = ("several_candidates", "explanation", "output_contract")
"""Rates of a probe that are shown for each model."""


@dataclass(frozen=True)
class MeasuredModel:
    """One model measured on the development rows.

    Attributes:
        name: short unique name: `v3` for a registered version of the task, else the address.
        uri: the model address with a fixed version.
        measures: each of the task's metrics, 0..1 unless the metric says otherwise, with 95 % intervals.
        answers: one row per development row: id, expected, answer, correct, grade (0..1 by the primary metric). A
            row on which the model failed is not correct.
        marks: the aliases that point at the model (champion, challenger).
        trained_on: the dataset reference; empty when it was not recorded.
        training_rows: number of rows of that dataset; None when it was not recorded.
        card: the rates of the last probe, 0..1; empty when the model was never probed.
        stored: whether the train run had already measured this model on these rows, so that it was not run again.
    """

    name: str
    uri: str
    measures: dict[str, Measure]
    answers: pd.DataFrame = field(repr=False)
    marks: tuple[str, ...] = ()
    trained_on: str = ""
    training_rows: int | None = None
    card: dict[str, float] = field(default_factory=dict)
    stored: bool = False


def measure_model(task: Task, uri: str, development: pd.DataFrame) -> MeasuredModel:
    """Measure a model on the development rows, reusing the measurement of its train run where it still holds.

    Args:
        task: the task.
        uri: a model address with a fixed version.
        development: the development rows.

    Raises:
        UserError: there is no model at the address.
    """
    registered = models.describe(task, uri) if uri.startswith("models:/") else None
    if registered is None:
        measures, answers = _predict(task, uri, development)
        return MeasuredModel(uri, uri, measures, answers, card=_card(task, uri))
    train = _train_result(task, registered)
    measures, answers = (
        (train.measures, train.tables["predictions"]) if train else _predict(task, uri, development)
    )
    return MeasuredModel(
        name=f"v{registered.version}" if registered.name == task.name else uri,
        uri=uri,
        measures={name: measure for name, measure in measures.items() if name != "training_rows"},
        answers=answers,
        marks=tuple(
            alias for alias in (models.CHAMPION, models.CHALLENGER) if _has_alias(task, registered, alias)
        ),
        trained_on=registered.dataset,
        training_rows=_training_rows(registered),
        card=_card(task, uri),
        stored=train is not None,
    )


def _has_alias(task: Task, registered: RegisteredVersion, alias: str) -> bool:
    model = models.by_alias(task, alias)
    return model is not None and model.uri == registered.uri


def _train_result(task: Task, registered: RegisteredVersion) -> Any | None:
    """Return the result of the model's train run, or None if rows, metrics or code changed or files of it are missing."""
    run = runs.get(registered.run_id) if registered.run_id else None
    if run is None or run.data.tags.get("veritrain.stage") != "train" or not registered.dataset:
        return None
    params = {"task": str(task.path), "dataset": registered.dataset, "seed": int(run.data.params["seed"])}
    is_unchanged = prepare("train", params, inner=True).digest == run.data.tags.get("veritrain.digest")
    is_usable = is_unchanged and not missing_outputs(task, run)
    return load_result("train", registered.run_id) if is_usable else None


def _predict(task: Task, uri: str, development: pd.DataFrame) -> tuple[dict[str, Measure], pd.DataFrame]:
    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores
    from veritrain_lib.models.base import open_model
    from veritrain_lib.stages.measuring import measure_all

    check_judged_metrics(task)
    responses = with_privacy_check(task, open_model(uri, task)).answer(development)
    expected, metrics = references_of(task, development), open_metrics(task)
    measures = measure_all(metrics, expected, responses, task.seed)
    answers = (
        development[["id", task.target.field]].reset_index(drop=True).set_axis(["id", "expected"], axis=1)
    )
    answers["answer"] = [response.best or "" for response in responses]
    answers["correct"] = answers["answer"] == answers["expected"]
    answers["grade"] = row_scores(metrics[0], expected, responses)
    return measures, answers


def _training_rows(registered: RegisteredVersion) -> int | None:
    metrics = runs.get(registered.run_id).data.metrics.get("training_rows") if registered.run_id else None
    return None if metrics is None else int(metrics)


def _card(task: Task, uri: str) -> dict[str, float]:
    query = f"tags.`veritrain.stage` = 'probe' AND tags.`veritrain.input.model` = '{uri}'"
    probes = runs.search(task, f"{query} AND attributes.status = 'FINISHED'", limit=1)
    metrics = probes[0].data.metrics if probes else {}
    return {name: metrics[name] for name in CARD if name in metrics}
