"""Gate stage in MLflow: reads a draft dataset, and stores the accepted rows as a dataset that is passed or blocked.

Open this to see what the run stores: dataset, quarantine, results of the rules, and the HTML page of the verdict.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, StageSpec
from veritrain_lib.stages.edited_rows import with_rows
from veritrain_lib.stages.gate import edits
from veritrain_lib.stages.gate import inputs as gate_inputs
from veritrain_lib.stages.gate import run as gate
from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.inputs.defaults import SEED
from veritrain_lib.stages.inputs.later_answers import later_answers
from veritrain_lib.stages.inputs.open_models import open_judge_for
from veritrain_lib.stages.inputs.reannotation import queue_for_reannotation
from veritrain_lib.stages.record.batches import lineage
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from veritrain_lib.core.records import Dataset
    from veritrain_lib.quality.suite import Suite


class GateSpec(StageSpec):
    """Specification of the gate stage: how it finds its inputs, runs, and loads its result; see `StageSpec`.

    The dataset name `seed` means the rows of the task's seed file.
    """

    PARAMETERS = gate_inputs.PARAMETERS
    resolve = staticmethod(gate_inputs.resolve)
    RESULT = GateResult
    EDITABLE = ("rows", "suite")

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what the notebook can display before its run: `rows` and `suite`.

        `rows` are the rows to judge, `suite` holds the rules.

        The arguments are those of `StageSpec.offers`.
        """
        return {
            "rows": lambda: gate_inputs.rows_of(task, inputs).copy(),
            "suite": lambda: inputs.resolved["suite"],
        }

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Return the gate's inputs with the rows or the suite of rules replaced by those from a notebook's cell.

        The checks are in `gate.edits` (suite) and `stages/edited_rows.py` (rows).

        The arguments are those of `StageSpec.edit`.

        Raises:
            UserError: when the rows or the suite can't be used.
        """
        if name == "suite":
            return edits.with_suite(task, inputs, value)
        return with_rows(task, inputs, "rows", gate_inputs.rows_of(task, inputs), value)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> GateResult:
        """Judge the rows of a draft or of the seed file, and store those that are kept as a new dataset version.

        The new version holds the accepted rows, the rows of the draft's parent without those whose label a model now
        contradicts, and rows that people's second answers brought back. It is stored as passed or blocked.

        The arguments are those of `StageSpec.execute`.

        Returns:
            The verdict, with the accepted and rejected rows.

        Raises:
            UserError: when a rule needs the LLM judge and no API key is set.
        """
        import pandas as pd

        draft: Dataset | None = inputs.resolved.get("draft")
        parent: Dataset | None = inputs.resolved.get("parent")
        rows = gate_inputs.rows_of(task, inputs)
        accepted = parent.rows if parent else rows.iloc[:0]
        config = gate.GateConfig(suite=parameters["suite"], seed=parameters["seed"])
        suite: Suite = inputs.resolved["suite"]
        with contextlib.ExitStack() as stack:
            # A missing key is an error before anything is judged.
            judge = (
                stack.enter_context(open_judge_for(task, run_id)) if gate_inputs.uses_judge(suite) else None
            )
            result = gate.run(
                config,
                rows,
                gate_inputs.context(task, accepted, parameters["seed"], judge),
                suite,
                later_answers(task, lineage(task, draft)) if draft else None,
            )
        if draft:
            judged = (
                replace(draft, rows_or_reader=rows, digest=digest.of_rows(rows))
                if "rows" in inputs.edits
                else draft
            )
            datasets.log_input(run_id, judged, "judged")
        self._store(run_id, result, suite if "suite" in inputs.edits else None)
        columns = list(rows.columns)
        kept = accepted[~accepted["id"].isin(result.tables["withdrawn"]["id"])]
        parts = [kept, result.tables["accepted"][columns], result.tables["settled"][columns]]
        all_rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        if parameters["dataset"] != SEED:
            queue_for_reannotation(task, result)
        status: Any = result.status
        made = datasets.save(
            task,
            run_id,
            all_rows,
            status=status,
            parent=draft.reference if draft else None,
            sources=[dataset for dataset in (draft, parent) if dataset],
        )
        result.refer_to(made.rows)
        return result

    def _store(self, run_id: str, result: GateResult, edited_suite: Suite | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "data_docs.html").write_text(result.data_docs, encoding="utf-8")
            for name in (
                "quarantine",
                "rules",
                "removed",
                "groups",
                "withdrawn",
                "second_answers",
            ):
                result.tables[name].to_csv(path / f"{name}.csv", index=False)
            # The accepted rows are in the dataset: `veritrain rows` writes them.
            result.tables["warnings"][["id", "reasons"]].to_csv(path / "warnings.csv", index=False)
            if edited_suite is not None:
                # There is no file of it yet: this one can be copied to gates/.
                content = json.dumps(edited_suite.content(), ensure_ascii=False, indent=2)
                (path / "suite.json").write_text(content, encoding="utf-8")
            runs.log_folder(run_id, path, "gate")
        runs.log_table(run_id, result.tables["rules"], "rules.json")


SPEC = GateSpec()
