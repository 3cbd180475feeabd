"""Gate in the record: a draft in, a new version out: passed or blocked, with its quarantine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib import registry
from veritrain_lib.recorded import sources
from veritrain_lib.recorded.binding import Inputs
from veritrain_lib.recorded.defaults import SEED, draft_dataset
from veritrain_lib.stages import gate
from veritrain_lib.task import Task
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context
    from veritrain_lib.gating.suite import Suite
    from veritrain_lib.models.base import Scorer
    from veritrain_lib.records import Dataset


def suite_of(task: Task, given: str = "") -> Suite:
    """The suite: a name in `gates/`, a path, or the task's own."""
    from veritrain_lib.gating.suite import load_suite

    name = given or task.gate
    beside = task.path.parent / name
    return load_suite(beside if beside.is_file() else name)


def context(task: Task, trusted: pd.DataFrame, seed: int) -> Context:
    """What the checks may look at beside the rows they judge."""
    from veritrain_lib.gating.context import Context

    trainer = registry.get("trainers", task.trainer.name)(**task.trainer.parameters)

    def fit(rows: pd.DataFrame) -> Scorer:
        scorer: Scorer = trainer.train(task, rows, seed=seed).model
        return scorer

    return Context(
        task=task,
        trusted=trusted,
        development=sources.development_rows(task),
        test_inputs=sources.test_inputs(task),
        fit=fit,
        seed=seed,
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
            "set_aside": str(sources.set_aside(task)),
        }
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
        result = gate.run(config, rows, context(task, trusted, parameters["seed"]), inputs.things["suite"])
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
            for name in ("quarantine", "warnings", "rules"):
                result.tables[name].to_csv(place / f"{name}.csv", index=False)
            runs.log_folder(run_id, place, "gate")
        runs.log_table(run_id, result.tables["rules"], "rules.json")

    def result_class(self) -> type[gate.GateResult]:
        """The class of the stored result."""
        return gate.GateResult


BINDING = Gate()
