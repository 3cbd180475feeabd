"""The train stage in MLflow: it reads a passed dataset and stores a registered model.

Open this to see what identifies a trained model and what its run stores: metrics, predictions, facts of a paid job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from veritrain_lib.core import digest, event_log
from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import resolve_passed_dataset
from veritrain_lib.stage_io.open_models import check_judged_metrics, traced
from veritrain_lib.stage_io.privacy import refuse_private_rows
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stages import train
from veritrain_lib.stages.result import Measure
from veritrain_lib.tracking import datasets, models, runs
from veritrain_lib.trainers.base import trainer_type
from veritrain_lib.trainers.openai_tuning_fitted import FittedRemote as Remote


class TrainSpec:
    """Specification of the train stage."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"dataset": "", "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the dataset to train on; if not named the newest that passed."""
        dataset = resolve_passed_dataset(task, parameters["dataset"])
        content = {
            "dataset": dataset.digest,
            "status": dataset.status,
            "task": task.digest("inputs", "target", "glossary", "contract", "slices", "trainer", "metrics"),
            "data": task.data_digest("development"),
            "set_aside": sources.all_set_aside(task),
        }
        if is_paid(task):
            # A chat model is trained on the prompts that it is later asked with.
            content["asked"] = task.digest("description", "prompts")
        content |= ingredients(task)
        return Inputs({"dataset": dataset.reference}, content, {"dataset": dataset})

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> train.TrainResult:
        """Train a model, measure it on development rows, and register it."""
        dataset = inputs.resolved["dataset"]
        if is_paid(task):
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
        facts: Mapping[str, Any] = getattr(trained, "facts", {})
        base = str(getattr(trained, "base", ""))
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
                *ingredients(task).values(),
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

    def missing(self, task: Task, run: runs.Run) -> list[str]:
        """List the model that the run registered, if its version is missing, else the missing files of that model."""
        uri = run.data.tags.get("veritrain.model", "")
        if models.resolve_version_uri(uri) is None:
            return [f"model {uri}"]
        return [f"{name} of model {uri}" for name in models.missing(task, models.describe(task, uri))]

    def result_class(self) -> type[train.TrainResult]:
        """Return the class of the stored result."""
        return train.TrainResult


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


def is_paid(task: Task) -> bool:
    """Return whether each training with the task's trainer costs money."""
    return bool(getattr(trainer_type(task), "paid", False))


def ingredients(task: Task) -> dict[str, str]:
    """Return digests of what the task's trainer depends on beside rows, parameters and code; empty for most trainers."""
    trainer_class = trainer_type(task)
    if not hasattr(trainer_class, "ingredients"):
        return {}
    digests: dict[str, str] = trainer_class(**task.trainer.parameters).ingredients(task)
    return digests


def _with_facts(result: train.TrainResult, facts: Mapping[str, Any]) -> train.TrainResult:
    """Add the facts of the training job to the result: table `job`, and its cost and tokens as measures."""
    import pandas as pd

    table = pd.DataFrame({"what": list(facts), "value": [str(value) for value in facts.values()]})
    numbers = {"training_dollars": facts.get("dollars"), "trained_tokens": facts.get("trained_tokens")}
    measured = {name: Measure(value=value) for name, value in numbers.items() if value is not None}
    return result.model_copy(
        update={"measures": result.measures | measured, "tables": {**result.tables, "job": table}}
    )


SPEC = TrainSpec()
