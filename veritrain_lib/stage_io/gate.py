"""Gate in the record: a draft in, a new version out: passed or blocked, with its quarantine."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core.task import Task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.defaults import SEED, draft_dataset
from veritrain_lib.stage_io.open_models import judge_for
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


def suite_of(task: Task, given: str = "") -> Suite:
    """The suite: a name in `gates/`, a path, or the task's own."""
    from veritrain_lib.quality import task_suite

    return task_suite.suite_of(task, given)


def context(task: Task, trusted: pd.DataFrame, seed: int, judge: Judge | None = None) -> Context:
    """What the checks may look at beside the rows they judge; `judge` only where a rule of the suite asks one."""
    from veritrain_lib.quality.context import Context

    trainer = quick_trainer(task)
    development = sources.development_rows(task)

    def fit(rows: pd.DataFrame) -> Scorer:
        scorer: Scorer = trainer.train(task, rows, seed=seed).model
        return scorer

    return Context(
        task=task,
        trusted=trusted,
        development=development,
        test_inputs=sources.test_inputs(task),
        fit=fit,
        judge=_sampler(judge, development, seed) if judge else None,
        seed=seed,
    )


def asks_judge(suite: Suite) -> bool:
    """Whether a rule of the suite shows rows to the task's judge."""
    return any(rule.meta.check == "judge_sample" for rule in suite.rules)


def _sampler(
    judge: Judge, development: pd.DataFrame, seed: int
) -> Callable[[pd.DataFrame, int], JudgedSample]:
    from veritrain_lib.judging.sampling import judge_sample

    return lambda rows, count: judge_sample(
        judge, rows, development, count=count, seed=seed, may_leave=may_leave(judge.task, rows)
    )


class Gate:
    """Binding of the gate stage. `dataset` `seed` means the task's seed file."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {"dataset": "", "suite": "", "seed": 0}

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """`dataset`: what is judged (empty: the newest draft); rows of its parent are trusted."""
        suite = suite_of(task, parameters["suite"])
        data = {
            "suite": suite.digest,
            "task": task.digest("inputs", "target", "contract", "trainer"),
            "data": task.data_digest("development", "test"),
            "set_aside": sources.all_set_aside(task),
        }
        if asks_judge(suite):
            data["judge"] = task.digest("judge", "description")
        if parameters["dataset"] == SEED:
            return Inputs({"dataset": SEED}, {"dataset": task.data_digest("seed"), **data}, {"suite": suite})
        draft = draft_dataset(task, parameters["dataset"])
        parent = datasets.load(task, draft.parent) if draft.parent else None
        content = {"dataset": draft.digest, "parent": parent.digest if parent else "", **data}
        return Inputs(
            {"dataset": draft.reference}, content, {"suite": suite, "draft": draft, "parent": parent}
        )

    def work(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> gate.GateResult:
        """Judge; store the accepted rows together with the trusted ones as the next version."""
        import pandas as pd

        draft: Dataset | None = inputs.things.get("draft")
        parent: Dataset | None = inputs.things.get("parent")
        rows = draft.rows if draft else sources.seed_rows(task)
        trusted = parent.rows if parent else rows.iloc[:0]
        config = gate.GateConfig(suite=parameters["suite"], seed=parameters["seed"])
        suite: Suite = inputs.things["suite"]
        with contextlib.ExitStack() as around:
            # A missing key is an error before anything is judged.
            judge = around.enter_context(judge_for(task, run_id)) if asks_judge(suite) else None
            result = gate.run(config, rows, context(task, trusted, parameters["seed"], judge), suite)
        if draft:
            datasets.use(run_id, draft, "judged")
        self._file(run_id, result)
        whole = pd.concat([trusted, result.tables["accepted"][list(rows.columns)]], ignore_index=True)
        status: Any = result.status
        datasets.save(task, run_id, whole, status=status, parent=draft.reference if draft else None)
        return result

    def _file(self, run_id: str, result: gate.GateResult) -> None:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "data_docs.html").write_text(result.data_docs, encoding="utf-8")
            for name in ("accepted", "quarantine", "warnings", "rules", "removed", "groups"):
                result.tables[name].to_csv(place / f"{name}.csv", index=False)
            runs.log_folder(run_id, place, "gate")
        runs.log_table(run_id, result.tables["rules"], "rules.json")

    def result_class(self) -> type[gate.GateResult]:
        """The class of the stored result."""
        return gate.GateResult


BINDING = Gate()
