"""The gate stage in MLflow: it reads a draft dataset and stores a new version of it, passed or blocked.

Open this to see what the run stores: accepted rows, quarantine, rule results and data docs.
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
from veritrain_lib.stages.gate import edits
from veritrain_lib.stages.gate import inputs as gate_inputs
from veritrain_lib.stages.gate import run as gate
from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.inputs.open_models import open_judge_for
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from veritrain_lib.core.records import Dataset
    from veritrain_lib.quality.suite import Suite


class GateSpec(StageSpec):
    """Specification of the gate stage. The dataset name `seed` means the task's seed file."""

    PARAMETERS = gate_inputs.PARAMETERS
    RESULT = GateResult
    EDITABLE = ("rows", "suite")

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, see `gate.inputs.resolve`."""
        return gate_inputs.resolve(task, parameters)

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Offer the rows to judge, and the suite."""
        return {
            "rows": lambda: gate_inputs.rows_of(task, inputs).copy(),
            "suite": lambda: inputs.resolved["suite"],
        }

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Judge other rows, or judge by another suite, see `gate.edits`."""
        if name == "suite":
            return edits.with_suite(task, inputs, value)
        return edits.with_rows(task, inputs, gate_inputs.rows_of(task, inputs), value)

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> GateResult:
        """Judge the rows, and store the accepted ones together with those of the parent as the next version."""
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
                config, rows, gate_inputs.context(task, accepted, parameters["seed"], judge), suite
            )
        if draft:
            judged = (
                replace(draft, rows=rows, digest=digest.of_rows(rows)) if "rows" in inputs.edits else draft
            )
            datasets.log_input(run_id, judged, "judged")
        self._store(run_id, result, suite if "suite" in inputs.edits else None)
        all_rows = pd.concat([accepted, result.tables["accepted"][list(rows.columns)]], ignore_index=True)
        status: Any = result.status
        datasets.save(task, run_id, all_rows, status=status, parent=draft.reference if draft else None)
        return result

    def _store(self, run_id: str, result: GateResult, edited_suite: Suite | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "data_docs.html").write_text(result.data_docs, encoding="utf-8")
            for name in ("accepted", "quarantine", "warnings", "rules", "removed", "groups"):
                result.tables[name].to_csv(path / f"{name}.csv", index=False)
            if edited_suite is not None:
                # There is no file of it yet: this one can be copied to gates/.
                content = json.dumps(edited_suite.content(), ensure_ascii=False, indent=2)
                (path / "suite.json").write_text(content, encoding="utf-8")
            runs.log_folder(run_id, path, "gate")
        runs.log_table(run_id, result.tables["rules"], "rules.json")


SPEC = GateSpec()
