"""The generate stage in MLflow: it reads a passed dataset and a model, and stores a draft dataset of new rows.

Open this to see what the teacher gets to work with and what the run stores: plan, prompt, traces, draft.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.gate.inputs import context, suite_of
from veritrain_lib.stages.generate import edits
from veritrain_lib.stages.generate import inputs as stage_inputs
from veritrain_lib.stages.generate import run as generate
from veritrain_lib.stages.generate.annotation import queue_for_annotation
from veritrain_lib.stages.generate.result import GenerateResult
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.open_models import open_model_for
from veritrain_lib.stages.inputs.privacy import refuse_private_rows
from veritrain_lib.stages.inputs.students import quick_trainer
from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column
from veritrain_lib.tracking import datasets, prompts, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.models.base import Model, Scorer
    from veritrain_lib.teachers.base import Preview


class GenerateSpec(StageSpec):
    """Specification of the generate stage.

    0 rows or batch, an empty teacher, choose or prompt, and money 0 mean the values of the task file.
    """

    PARAMETERS = stage_inputs.PARAMETERS
    RESULT = GenerateResult
    EDITABLE = ("plan",)

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, see `generate.inputs.resolve`."""
        return stage_inputs.resolve(task, parameters)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Offer the rows accepted so far, and the plan."""
        return {
            "rows": lambda: inputs.resolved["dataset"].rows.copy(),
            "plan": lambda: _own_plan(task, parameters, inputs),
        }

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Follow another plan, see `generate.edits`."""
        teacher = stage_inputs.config_of(task, parameters).teacher
        return edits.with_plan(task, inputs, teacher, _own_plan(task, parameters, inputs), value)

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
        config = _config_of(task, parameters, inputs)
        return generate.preview(config, task, self._generate_inputs(task, parameters, inputs, model))

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> GenerateResult:
        """Plan and generate rows. Rows that people must answer first are added to the labels file."""
        from veritrain_lib.stages.record.progress import ProgressLine
        from veritrain_lib.teachers.base import PaidTeacher
        from veritrain_lib.tracking.traces import Traces

        parent: Dataset = inputs.resolved["dataset"]
        config = _config_of(task, parameters, inputs)
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
            errors=_errors_by_slice(task, model, inputs),
            plan=inputs.resolved.get("plan"),
            accepted_rows=parent.rows,
            used=frozenset(_offered_ids(task, parent)),
            human_labels=sources.human_labels(task),
            fit=fit,
            screen=lambda rows: screen(rows, gate_context, suite),
            account=task.name,
        )


def _config_of(task: Task, parameters: Mapping[str, Any], inputs: Inputs) -> generate.GenerateConfig:
    """Return the stage's config; a plan that a cell changed says how many rows are asked for."""
    config = stage_inputs.config_of(task, parameters)
    plan = inputs.resolved.get("plan")
    return config if plan is None else config.model_copy(update={"rows": int(plan["rows"].sum())})


def _own_plan(task: Task, parameters: Mapping[str, Any], inputs: Inputs) -> pd.DataFrame:
    """Return the stage's plan; without rows where the answers that it is made from cost money."""
    from veritrain_lib.models.base import open_model
    from veritrain_lib.models.chat import ChatModel

    model = open_model(inputs.names["model"], task)
    config = stage_inputs.config_of(task, parameters)
    if isinstance(model, ChatModel):
        import pandas as pd

        return pd.DataFrame(columns=["slice", "n", "error", "low", "high", "share", "rows", "why"])
    return generate.make_plan(_errors_by_slice(task, model, inputs), config.rows)


_measured: dict[str, pd.DataFrame] = {}
"""Errors by slice of the model measured last, by what they depend on: a cell shows the plan, and the run follows it."""


def _errors_by_slice(task: Task, model: Model, inputs: Inputs) -> pd.DataFrame:
    """Return the model's development errors by slice: columns slice, n, right."""
    from veritrain_lib.models.chat import ChatModel

    if isinstance(model, ChatModel):
        return _measure_errors(
            task, model
        )  # its answers are in the ledger, and its calls are traced to the run
    key = digest.of_json([str(task.path), inputs.names, inputs.digest])
    if key not in _measured:
        _measured.clear()
        _measured[key] = _measure_errors(task, model)
    return _measured[key]


def _measure_errors(task: Task, model: Model) -> pd.DataFrame:
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
