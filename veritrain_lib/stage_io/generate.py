"""The generate stage in MLflow: it reads a passed dataset and a model, and stores a draft dataset of new rows.

Open this to see what the teacher gets to work with and what the run stores: plan, prompt, traces, draft.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core import digest
from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.annotation import queue_for_annotation
from veritrain_lib.stage_io.defaults import resolve_model, resolve_passed_dataset
from veritrain_lib.stage_io.gate import context, suite_of
from veritrain_lib.stage_io.open_models import open_model_for
from veritrain_lib.stage_io.privacy import refuse_private_rows
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


class GenerateSpec:
    """Specification of the generate stage.

    0 rows or batch, an empty teacher, choose or prompt, and money 0 mean the values of the task file.
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
        """Find the accepted dataset (if not named the newest passed) and the model whose errors the plan is made from."""
        dataset = resolve_passed_dataset(task, parameters["dataset"])
        uri = resolve_model(task, parameters["model"])
        config = self._config(task, parameters)
        prompt = generate.prompt_of(config, task)
        content = {
            "dataset": dataset.digest,
            "model": models.identity(task, uri),
            "suite": suite_of(task).digest,
            "task": task.digest("inputs", "target", "glossary", "metrics", "slices", "teacher", "trainer"),
            # The prompt is identified by its text; how much may be spent changes no row.
            "config": config.model_dump_json(exclude={"money", "prompt"}),
            "prompt": prompt.digest if prompt else "",
            "data": task.data_digest("development", "test", "pool"),
            "set_aside": sources.all_set_aside(task),
            # The answers, not the file: adding rows without an answer to it changes nothing.
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
        """Return whether the teacher asks a paid model."""
        return generate.prompt_of(self._config(task, parameters), task) is not None

    def preview(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, model: Model
    ) -> Preview | None:
        """Preview what a paid teacher would ask and pay.

        Args:
            task: The task.
            parameters: Parameters of the stage.
            inputs: Its resolved inputs.
            model: The model whose errors the plan is made from.

        Returns:
            The preview; None for a teacher that costs nothing.
        """
        config = self._config(task, parameters)
        return generate.preview(config, task, self._generate_inputs(task, parameters, inputs, model))

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> generate.GenerateResult:
        """Plan and generate rows. Rows that people must answer first are added to the labels file."""
        from veritrain_lib.stage_io.progress import ProgressLine
        from veritrain_lib.teachers.base import PaidTeacher
        from veritrain_lib.tracking.traces import Traces

        parent: Dataset = inputs.resolved["dataset"]
        config = self._config(task, parameters)
        teacher = generate.teacher_of(config, task)
        if isinstance(teacher, PaidTeacher):
            refuse_private_rows(task, parent.rows, f"the teacher {teacher.endpoint().address}")
        with contextlib.ExitStack() as stack:
            model = stack.enter_context(open_model_for(task, inputs.names["model"], run_id))
            generate_inputs = self._generate_inputs(task, parameters, inputs, model)
            if isinstance(teacher, PaidTeacher):
                prompt = teacher.prompt(task, config.prompt)
                prompts.log_use(run_id, prompt, prompts.register(task, prompt))
                runs.tag(run_id, {"veritrain.account": generate_inputs.account})
                traces = stack.enter_context(Traces(task, teacher.endpoint(), run_id=run_id))
                generate_inputs = replace(generate_inputs, on_progress=ProgressLine().show, on_reply=traces)
            result = generate.run(config, task, generate_inputs)
        datasets.log_input(run_id, parent, "trusted")
        runs.log_table(run_id, result.tables["plan"], "plan.json")
        if "endings" in result.tables:
            runs.log_table(run_id, result.tables["endings"], "endings.json")
        if result.outcome == "waiting":
            queue_for_annotation(task, result.tables["waiting"])
        else:
            datasets.save(task, run_id, result.tables["rows"], status="draft", parent=parent.reference)
        return result

    def _generate_inputs(
        self,
        task: Task,
        parameters: Mapping[str, Any],
        inputs: Inputs,
        model: Model,
    ) -> generate.GenerateInputs:
        from veritrain_lib.quality.gate import screen

        parent: Dataset = inputs.resolved["dataset"]
        suite = suite_of(task)
        gate_context = context(task, parent.rows, parameters["seed"])
        trainer = quick_trainer(task)

        def fit(rows: pd.DataFrame) -> Scorer:
            scorer: Scorer = trainer.train(task, rows, seed=parameters["seed"]).model
            return scorer

        return generate.GenerateInputs(
            errors=_errors_by_slice(task, model),
            accepted_rows=parent.rows,
            used=frozenset(_offered_ids(task, parent)),
            human_labels=sources.human_labels(task),
            fit=fit,
            screen=lambda rows: screen(rows, gate_context, suite),
            account=task.name,
        )

    def result_class(self) -> type[generate.GenerateResult]:
        """Return the class of the stored result."""
        return generate.GenerateResult


def _errors_by_slice(task: Task, model: Model) -> pd.DataFrame:
    from veritrain_lib.metrics.base import primary_metric, references_of, row_scores
    from veritrain_lib.stages.measuring import grades_by_slice

    development = sources.development_rows(task)
    grades = row_scores(primary_metric(task), references_of(task, development), model.answer(development))
    column = slice_column(task)
    slices = development[column].tolist() if column else [ALL_ROWS] * len(development)
    return grades_by_slice(slices, grades.tolist())


def _offered_ids(task: Task, dataset: Dataset | None) -> set[str]:
    """Return the ids of every row of this dataset and its ancestors, including drafts with rows that the gate rejected."""
    offered: set[str] = set()
    while dataset is not None:
        offered |= set(dataset.rows["id"])
        dataset = datasets.load(task, dataset.parent) if dataset.parent else None
    return offered


SPEC = GenerateSpec()
