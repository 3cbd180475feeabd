"""One model on the development rows: as its train run measured it, or asked now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.stage_io.open_models import guard_judged_metrics, guarded
from veritrain_lib.stage_io.stage import load_result, prepare
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.result import Measure
    from veritrain_lib.tracking.models import Registered

CARD = ("several_candidates", "explanation", "output_contract")
"""The rates of a probe that make up a model's card."""


@dataclass(frozen=True)
class Side:
    """One model on the development rows.

    Attributes:
        name: short and distinct: `v3` for a registered version of the task, else the address.
        uri: the address, its version fixed.
        measures: each of the task's metrics, 0..1 unless the metric says otherwise, with 95 % intervals.
        answers: id, expected, answer, correct, grade (0..1 by the primary metric); a line a development row. A row
            it failed on is not correct.
        marks: which aliases point at it, of champion and challenger.
        trained_on: the dataset reference, empty when the record does not know.
        training_rows: rows of that dataset, None when the record does not know.
        card: the rates of its last probe, 0..1; empty when it was never probed.
        stored: its train run had measured this very model on these very rows, so it was not asked again.
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


def measure_side(task: Task, uri: str, development: pd.DataFrame) -> Side:
    """Measure the model at an address whose version is fixed. Raises UserError when it is not there."""
    known = models.describe(task, uri) if uri.startswith("models:/") else None
    if known is None:
        measures, answers = _ask(task, uri, development)
        return Side(uri, uri, measures, answers, card=_card(task, uri))
    train = _train_result(task, known)
    measures, answers = (
        (train.measures, train.tables["predictions"]) if train else _ask(task, uri, development)
    )
    return Side(
        name=f"v{known.version}" if known.name == task.name else uri,
        uri=uri,
        measures={name: measure for name, measure in measures.items() if name != "training_rows"},
        answers=answers,
        marks=tuple(
            alias for alias in (models.CHAMPION, models.CHALLENGER) if _has_alias(task, known, alias)
        ),
        trained_on=known.dataset,
        training_rows=_training_rows(known),
        card=_card(task, uri),
        stored=train is not None,
    )


def _has_alias(task: Task, known: Registered, alias: str) -> bool:
    pointed = models.by_alias(task, alias)
    return pointed is not None and pointed.uri == known.uri


def _train_result(task: Task, known: Registered) -> Any | None:
    """What the model's train run measured, if it would come out the same today: same rows, metrics and code."""
    run = runs.get(known.run_id) if known.run_id else None
    if run is None or run.data.tags.get("veritrain.stage") != "train" or not known.dataset:
        return None
    given = {"task": str(task.path), "dataset": known.dataset, "seed": int(run.data.params["seed"])}
    same = prepare("train", given, inner=True).digest == run.data.tags.get("veritrain.digest")
    return load_result("train", known.run_id) if same else None


def _ask(task: Task, uri: str, development: pd.DataFrame) -> tuple[dict[str, Measure], pd.DataFrame]:
    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores
    from veritrain_lib.models.base import open_model
    from veritrain_lib.stages.measuring import measure_all

    guard_judged_metrics(task)
    responses = guarded(task, open_model(uri, task)).answer(development)
    expected, metrics = references_of(task, development), open_metrics(task)
    measures = measure_all(metrics, expected, responses, task.seed)
    answers = (
        development[["id", task.target.field]].reset_index(drop=True).set_axis(["id", "expected"], axis=1)
    )
    answers["answer"] = [response.best or "" for response in responses]
    answers["correct"] = answers["answer"] == answers["expected"]
    answers["grade"] = row_scores(metrics[0], expected, responses)
    return measures, answers


def _training_rows(known: Registered) -> int | None:
    logged = runs.get(known.run_id).data.metrics.get("training_rows") if known.run_id else None
    return None if logged is None else int(logged)


def _card(task: Task, uri: str) -> dict[str, float]:
    where = f"tags.`veritrain.stage` = 'probe' AND tags.`veritrain.input.model` = '{uri}'"
    found = runs.search(task, f"{where} AND attributes.status = 'FINISHED'", limit=1)
    logged = found[0].data.metrics if found else {}
    return {name: logged[name] for name in CARD if name in logged}
