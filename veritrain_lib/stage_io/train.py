"""Train in the record: a passed dataset in, a registered model out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from veritrain_lib.core import digest, event_log, registry
from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import passed_dataset
from veritrain_lib.stage_io.open_models import guard_judged_metrics, heard
from veritrain_lib.stage_io.privacy import hold_back
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stages import train
from veritrain_lib.stages.result import Measure
from veritrain_lib.tracking import datasets, models, runs
from veritrain_lib.trainers.openai_tuning_fitted import FittedRemote as Remote


class Train:
    """Binding of the train stage."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"dataset": "", "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """`dataset`: what to train on; empty means the newest that passed."""
        dataset = passed_dataset(task, parameters["dataset"])
        content = {
            "dataset": dataset.digest,
            "status": dataset.status,
            "task": task.digest("inputs", "target", "glossary", "contract", "slices", "trainer", "metrics"),
            "data": task.data_digest("development"),
            "set_aside": sources.all_set_aside(task),
        }
        if is_paid(task):
            # A chat model is trained on what it is asked with.
            content["asked"] = task.digest("description", "prompts")
        content |= ingredients(task)
        return Inputs({"dataset": dataset.reference}, content, {"dataset": dataset})

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> train.TrainResult:
        """Train, measure on development rows, register."""
        dataset = inputs.things["dataset"]
        if is_paid(task):
            hold_back(task, dataset.rows, f"the provider of the trainer {task.trainer.name}")
        guard_judged_metrics(task)
        development = sources.development_rows(task)
        config = train.TrainConfig(seed=parameters["seed"])
        result, fitted = train.run(
            config,
            task,
            dataset,
            development,
            lambda model: heard(task, model, run_id),
            lambda step, numbers: _measured(parameters["round_run"] or run_id, run_id, step, numbers),
        )
        datasets.use(run_id, dataset, "training")
        remote = fitted if isinstance(fitted, Remote) else None
        facts: Mapping[str, Any] = getattr(fitted, "facts", {})
        base = str(getattr(fitted, "base", ""))
        # A model is what its rows, trainer, parameters, seed and code make it, not the version it gets. What was
        # tuned at a provider stays what it is whatever becomes of our code.
        made_of = (
            [remote.address, remote.facts["order"]]
            if remote
            else [
                digest.of_code(*digest.TRAINED_BY),
                task.digest("inputs", "target", "glossary", "trainer"),
                dataset.digest,
                parameters["seed"],
                *ingredients(task).values(),
            ]
        )
        model = models.register(
            task,
            run_id,
            fitted,
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
        """The model that the run registered, if its version or its files are gone."""
        uri = run.data.tags.get("veritrain.model", "")
        if models.fixed(uri) is None:
            return [f"model {uri}"]
        return [f"{name} of model {uri}" for name in models.missing(task, models.describe(task, uri))]

    def result_class(self) -> type[train.TrainResult]:
        """The class of the stored result."""
        return train.TrainResult


def _measured(watched: str, run_id: str, step: int, numbers: Mapping[str, float]) -> None:
    """Numbers of a training's step: metrics of the stage's run, and an event of the run that people watch."""
    runs.log(run_id, metrics=numbers, step=step)
    said = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in numbers.items())
    data: dict[str, Any] = {"stage": "train", "step": step, "metrics": dict(numbers)}
    for name, known in EVENT_NAMES.items():
        if known in numbers:
            data[name] = numbers[known]
    event_log.tell(watched, "progress", f"train: step {step}, {said}", data=data)


EVENT_NAMES = {
    "loss": "training_loss", "epoch": "epoch", "epochs": "epochs", "steps": "steps", "eta": "seconds_left",
    "gpu": "gpu_percent",
}  # fmt: skip
"""Keys of an event's data, and the names under which trainers give these numbers."""


def is_paid(task: Task) -> bool:
    """Whether the task's trainer costs money each time."""
    return bool(getattr(registry.get("trainers", task.trainer.name), "paid", False))


def ingredients(task: Task) -> dict[str, str]:
    """Digests of what the task's trainer says that it depends on beside rows, parameters and code; most on nothing."""
    kind = registry.get("trainers", task.trainer.name)
    if not hasattr(kind, "ingredients"):
        return {}
    found: dict[str, str] = kind(**task.trainer.parameters).ingredients(task)
    return found


def _with_facts(result: train.TrainResult, facts: Mapping[str, Any]) -> train.TrainResult:
    """The result with what the training was and cost: table `job`, and its dollars and tokens as measures."""
    import pandas as pd

    table = pd.DataFrame({"what": list(facts), "value": [str(value) for value in facts.values()]})
    numbers = {"training_dollars": facts.get("dollars"), "trained_tokens": facts.get("trained_tokens")}
    measured = {name: Measure(value=value) for name, value in numbers.items() if value is not None}
    return result.model_copy(
        update={"measures": result.measures | measured, "tables": {**result.tables, "job": table}}
    )


BINDING = Train()
