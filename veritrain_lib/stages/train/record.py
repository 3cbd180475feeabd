"""Train stage in MLflow: reads a dataset that passed the gate, and registers the trained model.

Open this to see what identifies a trained model, and what its run stores: metrics, predictions, facts of a paid job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.core.records import Dataset
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
from veritrain_lib.tracking import datasets, event_log, models, runs
from veritrain_lib.trainers.base import Fitted
from veritrain_lib.trainers.openai_tuning_fitted import FittedRemote as Remote

ENCODER_FACTS = ("encoder", "encoder_digest")
"""Names of a trained model's facts about its sentence encoder; they become tags of the registered version."""


class TrainSpec(StageSpec):
    """Specification of the train stage: how it finds its inputs, runs, and loads its result; see `StageSpec`."""

    PARAMETERS = train_inputs.PARAMETERS
    resolve = staticmethod(train_inputs.resolve)
    RESULT = TrainResult
    EDITABLE = ("trainer",)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what the notebook can display before its run.

        These are the training `rows`, the `trainer` with its parameters, and the `development` rows. A cell can't
        replace the training rows, because only rows that the gate has judged are trained on.

        The arguments are those of `StageSpec.offers`.
        """
        return {
            "rows": lambda: inputs.resolved["dataset"].rows.copy(),
            "trainer": lambda: settings_of(task),
            "development": lambda: sources.development_rows(task).copy(),
        }

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Return the train stage's inputs with trainer parameters that a notebook's cell changed.

        The checks of the parameters are in `train.trainer_settings`.

        The arguments are those of `StageSpec.edit`.

        Raises:
            UserError: when the parameters can't be used.
        """
        return with_settings(task, inputs, value)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> TrainResult:
        """Train a challenger, measure it on development rows, and register it in MLflow.

        The arguments are those of `StageSpec.execute`.

        Returns:
            The new model and its measures.

        Raises:
            Refused: when the dataset has not passed the gate, or rows must not be sent to the provider of a paid trainer.
        """
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
        model = models.register(
            task,
            run_id,
            trained,
            model_digest=_model_digest(task, dataset, parameters["seed"], remote),
            dataset=dataset.reference,
            example=development.head(2),
            measures={name: measure.value or 0.0 for name, measure in result.measures.items()},
            base=trained.base,
            remote=remote is not None,
            facts=_version_tags(trained, remote),
        )
        runs.log(
            run_id,
            metrics=result.metrics(),
            model_id=model.id or None,
            dataset=("development", task.data_digest("development")[:12]),
            tags={"veritrain.model": model.uri},
        )
        runs.log_table(run_id, result.tables["predictions"], "predictions.json")
        if trained.facts:
            address = {"address": remote.address} if remote else {}
            result = _with_facts(result, {**address, "base": trained.base, **trained.facts})
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
        """List the outputs of a finished train run that MLflow no longer has: the model version, or files of it.

        Args:
            task: The task.
            tags: The tags of the MLflow run.

        Returns:
            A description of each missing output; empty if everything exists.
        """
        uri = tags.get("veritrain.model", "")
        if models.resolve_version_uri(uri) is None:
            return [f"model {uri}"]
        return [f"{name} of model {uri}" for name in models.missing(task, models.describe(task, uri))]


def _version_tags(trained: Fitted, remote: Remote | None) -> dict[str, str]:
    """Return tags for the registered model version: address and job of a provider's model, or the sentence encoder.

    Args:
        trained: What the trainer returned.
        remote: The same if the model is at a provider; None for a local model.
    """
    if remote:
        return {"address": remote.address, "job": str(remote.facts["job"])}
    return {name: str(trained.facts[name]) for name in ENCODER_FACTS if name in trained.facts}


def _model_digest(task: Task, dataset: Dataset, seed: int, remote: Remote | None) -> str:
    """Return the digest that identifies a trained model: of its rows, trainer, parameters, seed and code.

    A model that was tuned at a provider is identified by its address and job, whatever changes in our code. The version
    number in the registry is in neither digest.

    Args:
        task: The task.
        dataset: The training data.
        seed: The random seed of the training.
        remote: The model at a provider; None for a local model.
    """
    if remote:
        return digest.of_json([remote.address, remote.facts["order"]])
    return digest.of_json(
        [
            digest.of_code(*digest.MODEL_CODE),
            task.digest("inputs", "target", "glossary", "trainer"),
            dataset.digest,
            seed,
            *train_inputs.ingredients(task).values(),
        ]
    )


def _log_step(watched_run: str, run_id: str, step: int, numbers: Mapping[str, float]) -> None:
    """Log a training step's numbers as metrics of the stage's MLflow run, and as an event for users who watch.

    Args:
        watched_run: The run whose events people follow: the round's, or the stage's own without a round.
        run_id: The id of the stage's run.
        step: The number of the step.
        numbers: The trainer's numbers by name, such as `training_loss`.
    """
    runs.log(run_id, metrics=numbers, step=step)
    summary = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in numbers.items())
    data: dict[str, Any] = {"stage": "train", "step": step, "metrics": dict(numbers)}
    for name, metric in EVENT_NAMES.items():
        if metric in numbers:
            data[name] = numbers[metric]
    event_log.append(watched_run, "progress", f"train: step {step}, {summary}", data=data)


EVENT_NAMES = {
    "loss": "training_loss", "epoch": "epoch", "epochs": "epochs", "steps": "steps", "eta": "seconds_left",
    "gpu": "gpu_percent",
}  # fmt: skip
"""Keys of a training event's data, each with the name under which trainers report the number."""


def _with_facts(result: TrainResult, facts: Mapping[str, Any]) -> TrainResult:
    """Add the facts of a training job to the result: all in the table `job`, its cost and tokens as measures."""
    import pandas as pd

    table = pd.DataFrame({"what": list(facts), "value": [str(value) for value in facts.values()]})
    numbers = {"training_dollars": facts.get("dollars"), "trained_tokens": facts.get("trained_tokens")}
    measured = {name: Measure(value=value) for name, value in numbers.items() if value is not None}
    return result.model_copy(
        update={"measures": result.measures | measured, "tables": {**result.tables, "job": table}}
    )


SPEC = TrainSpec()
