"""Measurement of one model of a comparison on the development rows: taken from its training run, or made now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.inputs.open_models import check_judged_metrics, with_privacy_check
from veritrain_lib.stages.record import edited_inputs
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
"""Rates of a model's probe (a test of how it answers) that the comparison shows."""


@dataclass(frozen=True)
class MeasuredModel:
    """One model of a comparison, measured on the development rows.

    Attributes:
        name: Short unique name: `v3` for a registered version of the task's model, otherwise the address.
        uri: Address of the model, with a fixed version.
        measures: The task's metrics with 95 % intervals, from 0 to 1 unless a metric has another scale.
        answers: Table with a row for each development row: id, expected, answer, correct, grade (0 to 1, by the primary
            metric). A row on which the model failed is not correct.
        marks: Aliases that point to the model (champion, challenger).
        trained_on: Name (NAME@VERSION) of the dataset it was trained on; empty if it is not known.
        training_rows: Number of rows of that dataset; None if it is not known.
        card: Rates of its last probe, 0 to 1; empty if it was never probed.
        stored: Whether the measurement of its training run was used, so that the model was not asked now.
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
    """Measure a model on the development rows, or take the measurement of its training run if nothing has changed.

    Args:
        task: The task.
        uri: Address of the model, with a fixed version.
        development: The development rows.

    Returns:
        The model's metrics and its answers to the development rows.

    Raises:
        UserError: There is no model at the address.
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
    """Return whether an alias (champion, challenger) of a task points to a registered version."""
    model = models.by_alias(task, alias)
    return model is not None and model.uri == registered.uri


def _train_result(task: Task, registered: RegisteredVersion) -> Any | None:
    """Return the result of the run that trained a model.

    Returns:
        None if it can't be used: rows, metrics or code have changed since, or its files are missing.
    """
    run = runs.get(registered.run_id) if registered.run_id else None
    if run is None or run.data.tags.get("veritrain.stage") != "train" or not registered.dataset:
        return None
    params = {"task": str(task.path), "dataset": registered.dataset, "seed": int(run.data.params["seed"])}
    is_unchanged = prepare("train", params, inner=True).digest == run.data.tags.get("veritrain.digest")
    is_usable = is_unchanged and not missing_outputs(task, run)
    return load_result("train", registered.run_id) if is_usable else None


def _predict(task: Task, uri: str, development: pd.DataFrame) -> tuple[dict[str, Measure], pd.DataFrame]:
    """Ask a model for its answers to the development rows; return the metrics and the table of answers."""
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
    """Return the number of rows that a model was trained on; None if it is not known."""
    metrics = runs.get(registered.run_id).data.metrics.get("training_rows") if registered.run_id else None
    return None if metrics is None else int(metrics)


def _card(task: Task, uri: str) -> dict[str, float]:
    """Return the rates of a model's last probe (a test of how it answers) on unchanged development rows.

    Returns:
        An empty dict if there is none.
    """
    query = f"tags.`veritrain.stage` = 'probe' AND tags.`veritrain.input.model` = '{uri}'"
    probes = runs.search(task, f"{query} AND attributes.status = 'FINISHED'", limit=50)
    # One whose rows were changed in a cell says nothing about the development rows.
    metrics = next((run.data.metrics for run in probes if edited_inputs.TAG not in run.data.tags), {})
    return {name: metrics[name] for name in CARD if name in metrics}
