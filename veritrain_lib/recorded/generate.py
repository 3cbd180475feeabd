"""Generate in the record: a passed dataset and a model in, a draft dataset of new rows out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib import digest, registry
from veritrain_lib.models.base import open_model
from veritrain_lib.recorded import sources
from veritrain_lib.recorded.binding import Inputs
from veritrain_lib.recorded.defaults import model_or_seed, passed_dataset
from veritrain_lib.recorded.gate import context, suite_of
from veritrain_lib.recorded.labelling import hand_out
from veritrain_lib.stages import generate
from veritrain_lib.task import Task
from veritrain_lib.tracking import datasets, models, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.models.base import Scorer
    from veritrain_lib.records import Dataset


class Generate:
    """Binding of the generate stage. 0 rows or batch, and an empty teacher or choose, mean the task's own."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "dataset": "",
        "model": "",
        "teacher": "",
        "choose": "",
        "rows": 0,
        "batch": 0,
        "seed": 0,
    }

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """`dataset`: what there is so far (empty: the newest passed); `model`: whose errors make the plan."""
        dataset = passed_dataset(task, parameters["dataset"])
        uri = model_or_seed(task, parameters["model"])
        content = {
            "dataset": dataset.digest,
            "model": models.identity(task, uri),
            "suite": suite_of(task).digest,
            "task": task.digest("inputs", "target", "teacher", "trainer"),
            "config": self._config(task, parameters).model_dump_json(),
            "data": task.data_digest("development", "test", "pool"),
            "set_aside": str(sources.set_aside(task)),
            # The answers, not the file: handing rows out writes to it and changes nothing.
            "labels": digest.of_json(sources.human_labels(task)),
        }
        return Inputs({"dataset": dataset.reference, "model": uri}, content, {"dataset": dataset})

    def _config(self, task: Task, parameters: Mapping[str, Any]) -> generate.GenerateConfig:
        return generate.GenerateConfig(
            rows=parameters["rows"] or task.budget.rows_per_round,
            teacher=parameters["teacher"] or task.teacher.name,
            choose=parameters["choose"] or task.teacher.choose,
            batch=parameters["batch"] or task.teacher.batch,
            seed=parameters["seed"],
        )

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> generate.GenerateResult:
        """Plan and write. Rows that people must answer first are handed out to the labels file."""
        from veritrain_lib.gating.gate import screen

        parent: Dataset = inputs.things["dataset"]
        suite = suite_of(task)
        surroundings = context(task, parent.rows, parameters["seed"])
        trainer = registry.get("trainers", task.trainer.name)(**task.trainer.parameters)

        def fit(rows: pd.DataFrame) -> Scorer:
            scorer: Scorer = trainer.train(task, rows, seed=parameters["seed"]).model
            return scorer

        result = generate.run(
            self._config(task, parameters),
            task,
            errors=_errors(task, inputs.names["model"]),
            trusted=parent.rows,
            used=frozenset(_seen(task, parent)),
            known=sources.human_labels(task),
            fit=fit,
            screen=lambda rows: screen(rows, surroundings, suite),
        )
        datasets.use(run_id, parent, "trusted")
        runs.log_table(run_id, result.tables["plan"], "plan.json")
        if result.outcome == "waiting":
            hand_out(task, result.tables["waiting"])
        else:
            datasets.save(task, run_id, result.tables["rows"], status="draft", parent=parent.reference)
        return result

    def result_class(self) -> type[generate.GenerateResult]:
        """The class of the stored result."""
        return generate.GenerateResult


def _errors(task: Task, uri: str) -> pd.DataFrame:
    import pandas as pd

    development = sources.development_rows(task)
    target = task.target.field
    right = [
        response.best == wanted
        for response, wanted in zip(
            open_model(uri, task).answer(development), development[target], strict=True
        )
    ]
    # A free-text target has no values to plan by: then the task's first slice column, or all rows together.
    column = target if task.labels else (task.slices.by[0] if task.slices.by else None)
    slices = development[column] if column else pd.Series("all rows", index=development.index)
    frame = pd.DataFrame({"slice": slices.to_numpy(), "right": right})
    return frame.groupby("slice")["right"].agg(n="size", right="sum").reset_index()


def _seen(task: Task, dataset: Dataset | None) -> set[str]:
    """Ids of every row that this dataset or one it grew from was offered, also those the gate turned down."""
    seen: set[str] = set()
    while dataset is not None:
        seen |= set(dataset.rows["id"])
        dataset = datasets.load(task, dataset.parent) if dataset.parent else None
    return seen


BINDING = Generate()
