"""The gate stage in MLflow: it reads a draft dataset and stores a new version of it, passed or blocked.

Open this to see what the gate's checks get to work with (`context`) and what the run stores: accepted rows, quarantine,
rule results and data docs.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import SEED, resolve_draft_dataset
from veritrain_lib.stage_io.open_models import open_judge_for
from veritrain_lib.stage_io.privacy import may_leave
from veritrain_lib.stage_io.stage_spec import Inputs
from veritrain_lib.stage_io.students import quick_trainer
from veritrain_lib.stages import gate
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.judging.sampling import JudgedSample
    from veritrain_lib.models.base import Scorer
    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Suite


def suite_of(task: Task, name: str = "") -> Suite:
    """Load a suite by its name in `gates/` or its path; the task's suite if the name is empty."""
    from veritrain_lib.quality import task_suite

    return task_suite.suite_of(task, name)


def context(task: Task, accepted: pd.DataFrame, seed: int, judge: Judge | None = None) -> Context:
    """Return what the checks may use beside the rows they judge.

    Args:
        task: The task.
        accepted: The rows accepted so far, with answers.
        seed: Seed of every random choice.
        judge: The task's judge, where a rule of the suite asks one.
    """
    from veritrain_lib.quality.context import Context

    trainer = quick_trainer(task)
    development = sources.development_rows(task)

    def fit(rows: pd.DataFrame) -> Scorer:
        scorer: Scorer = trainer.train(task, rows, seed=seed).model
        return scorer

    return Context(
        task=task,
        accepted_rows=accepted,
        development=development,
        test_inputs=sources.test_inputs(task),
        fit=fit,
        judge=_sample_judge(judge, development, seed) if judge else None,
        seed=seed,
    )


def uses_judge(suite: Suite) -> bool:
    """Return whether a rule of the suite shows rows to the task's judge."""
    return any(rule.meta.check == "judge_sample" for rule in suite.rules)


def _sample_judge(
    judge: Judge, development: pd.DataFrame, seed: int
) -> Callable[[pd.DataFrame, int], JudgedSample]:
    from veritrain_lib.judging.sampling import judge_sample

    return lambda rows, count: judge_sample(
        judge, rows, development, count=count, seed=seed, may_leave=may_leave(judge.task, rows)
    )


class GateSpec:
    """Specification of the gate stage. The dataset name `seed` means the task's seed file."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"dataset": "", "suite": "", "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the dataset to judge, if not named the newest draft, and its parent, whose rows are accepted already."""
        suite = suite_of(task, parameters["suite"])
        data = {
            "suite": suite.digest,
            "task": task.digest("inputs", "target", "contract", "trainer"),
            "data": task.data_digest("development", "test"),
            "set_aside": sources.all_set_aside(task),
        }
        if uses_judge(suite):
            data["judge"] = task.digest("judge", "description")
        if parameters["dataset"] == SEED:
            return Inputs({"dataset": SEED}, {"dataset": task.data_digest("seed"), **data}, {"suite": suite})
        draft = resolve_draft_dataset(task, parameters["dataset"])
        parent = datasets.load(task, draft.parent) if draft.parent else None
        content = {"dataset": draft.digest, "parent": parent.digest if parent else "", **data}
        return Inputs(
            {"dataset": draft.reference}, content, {"suite": suite, "draft": draft, "parent": parent}
        )

    def execute(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str
    ) -> gate.GateResult:
        """Judge the rows, and store the accepted ones together with those of the parent as the next version."""
        import pandas as pd

        draft: Dataset | None = inputs.resolved.get("draft")
        parent: Dataset | None = inputs.resolved.get("parent")
        rows = draft.rows if draft else sources.seed_rows(task)
        accepted = parent.rows if parent else rows.iloc[:0]
        config = gate.GateConfig(suite=parameters["suite"], seed=parameters["seed"])
        suite: Suite = inputs.resolved["suite"]
        with contextlib.ExitStack() as stack:
            # A missing key is an error before anything is judged.
            judge = stack.enter_context(open_judge_for(task, run_id)) if uses_judge(suite) else None
            result = gate.run(config, rows, context(task, accepted, parameters["seed"], judge), suite)
        if draft:
            datasets.log_input(run_id, draft, "judged")
        self._store(run_id, result)
        all_rows = pd.concat([accepted, result.tables["accepted"][list(rows.columns)]], ignore_index=True)
        status: Any = result.status
        datasets.save(task, run_id, all_rows, status=status, parent=draft.reference if draft else None)
        return result

    def _store(self, run_id: str, result: gate.GateResult) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "data_docs.html").write_text(result.data_docs, encoding="utf-8")
            for name in ("accepted", "quarantine", "warnings", "rules", "removed", "groups"):
                result.tables[name].to_csv(path / f"{name}.csv", index=False)
            runs.log_folder(run_id, path, "gate")
        runs.log_table(run_id, result.tables["rules"], "rules.json")

    def result_class(self) -> type[gate.GateResult]:
        """Return the class of the stored result."""
        return gate.GateResult


SPEC = GateSpec()
