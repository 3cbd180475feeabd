"""The train stage in MLflow: it reads a passed dataset and stores a registered model.

Open this to see what identifies a trained model and what its run stores: metrics, predictions, facts of a paid job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.core import digest, event_log
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.open_models import check_judged_metrics, traced
from veritrain_lib.stages.inputs.privacy import refuse_private_rows
from veritrain_lib.stages.stage_result import Measure
from veritrain_lib.stages.train import inputs as train_inputs
from veritrain_lib.stages.train import run as train
from veritrain_lib.stages.train.result import TrainResult
from veritrain_lib.stages.train.trainer_settings import edited_task, settings_of, with_settings
from veritrain_lib.tracking import datasets, models, runs
from veritrain_lib.trainers.openai_tuning_fitted import FittedRemote as Remote


class TrainSpec(StageSpec):
    """Specification of the train stage."""

    PARAMETERS = train_inputs.PARAMETERS
    RESULT = TrainResult
    EDITABLE = ("trainer",)

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, see `train.inputs.resolve`."""
        return train_inputs.resolve(task, parameters)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Offer the training rows, the trainer with its parameters, and the development rows.

        The rows can't be changed here: only rows that the gate has judged are trained on.
        """
        return {
            "rows": lambda: inputs.resolved["dataset"].rows.copy(),
            "trainer": lambda: settings_of(task),
            "development": lambda: sources.development_rows(task).copy(),
        }

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Train with other parameters, see `train.trainer_settings`."""
        return with_settings(task, inputs, value)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> TrainResult:
        """Train a model, measure it on development rows, and register it."""
        dataset = inputs.resolved["dataset"]
        task = edited_task(task, inputs)
        if train_inputs.is_paid(task):
            refuse_private_rows(task, dataset.rows, f"the provider of the trainer {task.trainer.name}")
        check_judged_metrics(task)
        development = sources.development_rows(task)
        config = train.TrainConfig(seed=parameters["seed"])
        result, trained = train.run(
            config,
            task,
            dataset,
            development,
            lambda model: traced(task, model, run_id),
            lambda step, numbers: _log_step(parameters["round_run"] or run_id, run_id, step, numbers),
        )
        datasets.log_input(run_id, dataset, "training")
        remote = trained if isinstance(trained, Remote) else None
        facts, base = trained.facts, trained.base
        # A model is identified by its rows, trainer, parameters, seed and code, not by the version it gets. A model
        # that was tuned at a provider stays the same whatever changes in our code.
        made_of = (
            [remote.address, remote.facts["order"]]
            if remote
            else [
                digest.of_code(*digest.MODEL_CODE),
                task.digest("inputs", "target", "glossary", "trainer"),
                dataset.digest,
                parameters["seed"],
                *train_inputs.ingredients(task).values(),
            ]
        )
        model = models.register(
            task,
            run_id,
            trained,
            model_digest=digest.of_json(made_of),
            dataset=dataset.reference,
            example=development.head(2),
            measures={name: measure.value or 0.0 for name, measure in result.measures.items()},
            base=base,
            remote=remote is not None,
            facts={"address": remote.address, "job": str(remote.facts["job"])} if remote else None,
        )
        runs.log(
            run_id,
            metrics=result.metrics(),
            model_id=model.id or None,
            dataset=("development", task.data_digest("development")[:12]),
            tags={"veritrain.model": model.uri},
        )
        runs.log_table(run_id, result.tables["predictions"], "predictions.json")
        if facts:
            address = {"address": remote.address} if remote else {}
            result = _with_facts(result, {**address, "base": base, **facts})
        if remote:
            runs.tag(run_id, {"veritrain.address": remote.address, "veritrain.job": str(remote.facts["job"])})
        return result.model_copy(
            update={
                "model": model.uri,
                "model_digest": model.digest,
                "headline": f"{model.uri}: {result.headline}",
            }
        )

    def missing(self, task: Task, tags: Mapping[str, str]) -> list[str]:
        """List the model that the run registered, if its version is missing, else the missing files of that model."""
        uri = tags.get("veritrain.model", "")
        if models.resolve_version_uri(uri) is None:
            return [f"model {uri}"]
        return [f"{name} of model {uri}" for name in models.missing(task, models.describe(task, uri))]


def _log_step(watched_run: str, run_id: str, step: int, numbers: Mapping[str, float]) -> None:
    """Log the numbers of a training step as metrics of the stage's run, and as an event of the run that people watch."""
    runs.log(run_id, metrics=numbers, step=step)
    summary = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in numbers.items())
    data: dict[str, Any] = {"stage": "train", "step": step, "metrics": dict(numbers)}
    for name, metric in EVENT_NAMES.items():
        if metric in numbers:
            data[name] = numbers[metric]
    event_log.append_or_warn(watched_run, "progress", f"train: step {step}, {summary}", data=data)


EVENT_NAMES = {
    "loss": "training_loss", "epoch": "epoch", "epochs": "epochs", "steps": "steps", "eta": "seconds_left",
    "gpu": "gpu_percent",
}  # fmt: skip
"""Keys of an event's data, with the names under which trainers report these numbers."""


def _with_facts(result: TrainResult, facts: Mapping[str, Any]) -> TrainResult:
    """Add the facts of the training job to the result: table `job`, and its cost and tokens as measures."""
    import pandas as pd

    table = pd.DataFrame({"what": list(facts), "value": [str(value) for value in facts.values()]})
    numbers = {"training_dollars": facts.get("dollars"), "trained_tokens": facts.get("trained_tokens")}
    measured = {name: Measure(value=value) for name, value in numbers.items() if value is not None}
    return result.model_copy(
        update={"measures": result.measures | measured, "tables": {**result.tables, "job": table}}
    )


SPEC = TrainSpec()
