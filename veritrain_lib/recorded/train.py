"""Train in the record: a passed dataset in, a registered model out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from veritrain_lib import digest
from veritrain_lib.recorded import sources
from veritrain_lib.recorded.binding import Inputs
from veritrain_lib.recorded.defaults import passed_dataset
from veritrain_lib.stages import train
from veritrain_lib.task import Task
from veritrain_lib.tracking import datasets, models, runs


class Train:
    """Binding of the train stage."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"dataset": "", "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """`dataset`: what to train on; empty means the newest that passed."""
        dataset = passed_dataset(task, parameters["dataset"])
        content = {
            "dataset": dataset.digest,
            "status": dataset.status,
            "task": task.digest("inputs", "target", "contract", "trainer", "metrics"),
            "data": task.data_digest("development"),
        }
        return Inputs({"dataset": dataset.reference}, content, {"dataset": dataset})

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> train.TrainResult:
        """Train, measure on development rows, register."""
        dataset = inputs.things["dataset"]
        development = sources.development_rows(task)
        result, fitted = train.run(train.TrainConfig(seed=parameters["seed"]), task, dataset, development)
        datasets.use(run_id, dataset, "training")
        # A model is what its rows, trainer, parameters, seed and code make it, not the version it gets.
        made_of = [
            digest.of_code("trainers", "models"),
            task.digest("inputs", "target", "trainer"),
            dataset.digest,
            parameters["seed"],
        ]
        model = models.register(
            task,
            run_id,
            fitted,
            model_digest=digest.of_json(made_of),
            dataset=dataset.reference,
            example=development.head(2),
            measures={name: measure.value or 0.0 for name, measure in result.measures.items()},
        )
        if models.by_alias(task, models.CHAMPION) is None:
            # The first model has nobody to beat.
            models.set_alias(task, model.version, models.CHAMPION)
        runs.log(
            run_id,
            metrics=result.metrics(),
            model_id=model.id or None,
            dataset=("development", task.data_digest("development")[:12]),
        )
        runs.log_table(run_id, result.tables["predictions"], "predictions.json")
        runs.tag(run_id, {"veritrain.model": model.uri})
        return result.model_copy(
            update={
                "model": model.uri,
                "model_digest": model.digest,
                "headline": f"{model.uri}: {result.headline}",
            }
        )

    def result_class(self) -> type[train.TrainResult]:
        """The class of the stored result."""
        return train.TrainResult


BINDING = Train()
