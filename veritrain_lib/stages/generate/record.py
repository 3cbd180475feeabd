"""Generate stage in MLflow: reads a passed dataset and a model, and stores new rows as a draft dataset.

Open this to see what the teacher gets, and what the run stores: plan, prompt, traces of paid calls, draft.
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
from veritrain_lib.stages.record.batches import lineage, offered_ids
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column
from veritrain_lib.tracking import datasets, prompts, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.models.base import Model, Scorer
    from veritrain_lib.teachers.base import Preview


NO_LABEL = "veritrain.no_label"
"""MLflow tag of a generate run: how many of the rows that it chose were answered that no label fits; only if there are any."""


class GenerateSpec(StageSpec):
    """Specification of the generate stage: how it finds its inputs, runs, and loads its result; see `StageSpec`.

    A notebook parameter that is empty or 0 means the value of the task file.
    """

    PARAMETERS = stage_inputs.PARAMETERS
    resolve = staticmethod(stage_inputs.resolve)
    RESULT = GenerateResult
    EDITABLE = ("plan",)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what the notebook can display before its run: `rows` and `plan`.

        `rows` are the rows that the gate has accepted so far, `plan` is the number of new rows for each slice.

        The arguments are those of `StageSpec.offers`.
        """
        return {
            "rows": lambda: inputs.resolved["dataset"].rows.copy(),
            "plan": lambda: _own_plan(task, parameters, inputs),
        }

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Return the generate stage's inputs with the plan replaced by one from a notebook's cell.

        The checks of the plan are in `generate.edits`.

        The arguments are those of `StageSpec.edit`.

        Raises:
            UserError: when the plan can't be used.
        """
        teacher = stage_inputs.config_of(task, parameters).teacher
        return edits.with_plan(task, inputs, teacher, _own_plan(task, parameters, inputs), value)

    def preview(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, model: Model
    ) -> Preview | None:
        """Return the requests that a paid teacher would send, and their estimated cost, without sending any.

        Args:
            task: The task.
            parameters: The values of the notebook parameters, by name.
            inputs: The stage's inputs.
            model: The model whose errors decide the plan.

        Returns:
            The preview; None for a teacher that costs nothing.
        """
        config = _config_of(task, parameters, inputs)
        return generate.preview(config, task, self._generate_inputs(task, parameters, inputs, model))

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> GenerateResult:
        """Plan and generate new rows, and store them as a draft dataset.

        If people must answer some of the rows first, these are added to the labels file and no dataset is stored.

        The arguments are those of `StageSpec.execute`.

        Returns:
            The plan, the new rows, and the rows that wait for people.

        Raises:
            Refused: when rows must not be sent to the provider of a paid teacher.
        """
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
        if "no_label" in result.tables and len(result.tables["no_label"]):
            runs.tag(run_id, {NO_LABEL: str(len(result.tables["no_label"]))})
        if result.outcome == "waiting":
            queue_for_annotation(task, result.tables["waiting"])
        else:
            draft = datasets.save(
                task,
                run_id,
                result.tables["rows"],
                status="draft",
                parent=parent.reference,
                sources=[parent],
            )
            result.refer_to(draft.rows)
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

        ancestors = lineage(task, parent)
        no_label = _no_label_rows(ancestors)
        used = offered_ids(ancestors) | (set() if no_label is None else set(no_label["id"]))
        return generate.GenerateInputs(
            errors=_errors_by_slice(task, model, inputs),
            plan=inputs.resolved.get("plan"),
            accepted_rows=parent.rows,
            used=frozenset(used),
            no_label=no_label,
            human_labels=sources.human_labels(task),
            fit=fit,
            screen=lambda rows: screen(rows, gate_context, suite),
            account=task.name,
        )


def _no_label_rows(ancestors: list[Dataset]) -> pd.DataFrame | None:
    """Return the rows to which people answered in earlier rounds that no label fits; None for no such rows.

    Args:
        ancestors: The accepted dataset and its ancestors, see `lineage`.
    """
    import pandas as pd

    parts = []
    for dataset in ancestors:
        if dataset.status == "draft" and dataset.made_by and NO_LABEL in runs.get(dataset.made_by).data.tags:
            parts.append(load_result("generate", dataset.made_by).tables["no_label"])
    return pd.concat(parts, ignore_index=True).drop_duplicates("id") if parts else None


def _config_of(task: Task, parameters: Mapping[str, Any], inputs: Inputs) -> generate.GenerateConfig:
    """Return the parameters of the generate stage; if a cell changed the plan, the plan decides the number of rows."""
    config = stage_inputs.config_of(task, parameters)
    plan = inputs.resolved.get("plan")
    return config if plan is None else config.model_copy(update={"rows": int(plan["rows"].sum())})


def _own_plan(task: Task, parameters: Mapping[str, Any], inputs: Inputs) -> pd.DataFrame:
    """Return the stage's own plan; a plan without rows if it must be made from answers of a paid model."""
    from veritrain_lib.models.base import open_model
    from veritrain_lib.models.chat import ChatModel

    model = open_model(inputs.names["model"], task)
    config = stage_inputs.config_of(task, parameters)
    if isinstance(model, ChatModel):
        import pandas as pd

        return pd.DataFrame(columns=["slice", "n", "error", "low", "high", "share", "rows", "why"])
    return generate.make_plan(_errors_by_slice(task, model, inputs), config.rows)


_measured: dict[str, pd.DataFrame] = {}
"""The errors by slice that were measured last, by digest of task and inputs.

They are kept because a notebook first displays the plan and then runs the stage with it.
"""


def _errors_by_slice(task: Task, model: Model, inputs: Inputs) -> pd.DataFrame:
    """Measure a model's errors on the development rows by slice.

    Returns:
        Columns `slice`, `n` (rows), `right` (sum of their grades, each 0 to 1).
    """
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


SPEC = GenerateSpec()
