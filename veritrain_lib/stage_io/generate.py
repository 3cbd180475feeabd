"""Generate in the record: a passed dataset and a model in, a draft dataset of new rows out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core import digest
from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.annotation import hand_out
from veritrain_lib.stage_io.defaults import model_or_seed, passed_dataset
from veritrain_lib.stage_io.gate import context, suite_of
from veritrain_lib.stage_io.open_models import opened_for
from veritrain_lib.stage_io.privacy import hold_back
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stage_io.students import quick_trainer
from veritrain_lib.stages import generate
from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column
from veritrain_lib.tracking import datasets, models, prompts, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.models.base import Model, Scorer
    from veritrain_lib.teachers.base import Preview


class Generate:
    """Binding of the generate stage.

    0 rows or batch, an empty teacher, choose or prompt, and money 0 mean the task's own.
    """

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "dataset": "",
        "model": "",
        "teacher": "",
        "choose": "",
        "rows": 0,
        "batch": 0,
        "money": 0.0,
        "prompt": "",
        "seed": 0,
    }

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """`dataset`: what there is so far (empty: the newest passed); `model`: whose errors make the plan."""
        dataset = passed_dataset(task, parameters["dataset"])
        uri = model_or_seed(task, parameters["model"])
        config = self._config(task, parameters)
        prompt = generate.prompt_of(config, task)
        content = {
            "dataset": dataset.digest,
            "model": models.identity(task, uri),
            "suite": suite_of(task).digest,
            "task": task.digest("inputs", "target", "glossary", "metrics", "slices", "teacher", "trainer"),
            # The prompt counts by its text; how much may be spent changes no row.
            "config": config.model_dump_json(exclude={"money", "prompt"}),
            "prompt": prompt.digest if prompt else "",
            "data": task.data_digest("development", "test", "pool"),
            "set_aside": sources.all_set_aside(task),
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
            money=float(parameters["money"] or task.budget.money),
            prompt=parameters["prompt"],
        )

    def is_paid(self, task: Task, parameters: Mapping[str, Any]) -> bool:
        """Whether the teacher asks a paid model."""
        return generate.prompt_of(self._config(task, parameters), task) is not None

    def preview(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, model: Model
    ) -> Preview | None:
        """What a teacher that pays would ask and pay for `model`, which plans; None for one that costs nothing."""
        config = self._config(task, parameters)
        return generate.preview(config, task, self._around(task, parameters, inputs, model))

    def work(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> generate.GenerateResult:
        """Plan and write. Rows that people must answer first are handed out to the labels file."""
        from veritrain_lib.stage_io.progress import ProgressLine
        from veritrain_lib.teachers.base import PaidTeacher
        from veritrain_lib.tracking.traces import Traces

        parent: Dataset = inputs.things["dataset"]
        config = self._config(task, parameters)
        teacher = generate.teacher_of(config, task)
        if isinstance(teacher, PaidTeacher):
            hold_back(task, parent.rows, f"the teacher {teacher.endpoint().address}")
        with contextlib.ExitStack() as around:
            model = around.enter_context(opened_for(task, inputs.names["model"], run_id))
            things = self._around(task, parameters, inputs, model)
            if isinstance(teacher, PaidTeacher):
                prompt = teacher.prompt(task, config.prompt)
                prompts.use(run_id, prompt, prompts.register(task, prompt))
                runs.tag(run_id, {"veritrain.account": things.account})
                traces = around.enter_context(Traces(task, teacher.endpoint(), run_id=run_id))
                things = replace(things, on_progress=ProgressLine().show, on_reply=traces)
            result = generate.run(config, task, things)
        datasets.use(run_id, parent, "trusted")
        runs.log_table(run_id, result.tables["plan"], "plan.json")
        if "endings" in result.tables:
            runs.log_table(run_id, result.tables["endings"], "endings.json")
        if result.outcome == "waiting":
            hand_out(task, result.tables["waiting"])
        else:
            datasets.save(task, run_id, result.tables["rows"], status="draft", parent=parent.reference)
        return result

    def _around(
        self,
        task: Task,
        parameters: Mapping[str, Any],
        inputs: Inputs,
        model: Model,
    ) -> generate.Surroundings:
        from veritrain_lib.quality.gate import screen

        parent: Dataset = inputs.things["dataset"]
        suite = suite_of(task)
        surroundings = context(task, parent.rows, parameters["seed"])
        trainer = quick_trainer(task)

        def fit(rows: pd.DataFrame) -> Scorer:
            scorer: Scorer = trainer.train(task, rows, seed=parameters["seed"]).model
            return scorer

        return generate.Surroundings(
            errors=_errors(task, model),
            trusted=parent.rows,
            used=frozenset(_seen(task, parent)),
            known=sources.human_labels(task),
            fit=fit,
            screen=lambda rows: screen(rows, surroundings, suite),
            account=task.name,
        )

    def result_class(self) -> type[generate.GenerateResult]:
        """The class of the stored result."""
        return generate.GenerateResult


def _errors(task: Task, model: Model) -> pd.DataFrame:
    from veritrain_lib.metrics.base import primary_metric, references_of, row_scores
    from veritrain_lib.stages.measuring import graded

    development = sources.development_rows(task)
    grades = row_scores(primary_metric(task), references_of(task, development), model.answer(development))
    column = slice_column(task)
    slices = development[column].tolist() if column else [ALL_ROWS] * len(development)
    return graded(slices, grades.tolist())


def _seen(task: Task, dataset: Dataset | None) -> set[str]:
    """Ids of every row that this dataset or one it grew from was offered, also those the gate turned down."""
    seen: set[str] = set()
    while dataset is not None:
        seen |= set(dataset.rows["id"])
        dataset = datasets.load(task, dataset.parent) if dataset.parent else None
    return seen


BINDING = Generate()
