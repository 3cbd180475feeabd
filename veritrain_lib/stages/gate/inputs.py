"""Inputs of the gate stage: the dataset to judge, its parent, the suite of rules, rows to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs
from veritrain_lib.stages.inputs import later_answers, sources
from veritrain_lib.stages.inputs.defaults import SEED, resolve_draft_dataset
from veritrain_lib.stages.inputs.privacy import may_leave
from veritrain_lib.stages.inputs.students import quick_trainer
from veritrain_lib.tracking import datasets

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.judging.sampling import JudgedSample
    from veritrain_lib.models.base import Scorer
    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Suite


PARAMETERS: Mapping[str, Any] = {"dataset": "", "suite": "", "seed": 0}


def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find the dataset that the gate is to judge, the dataset that its rows are added to, and the suite of rules.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name. An empty `dataset` means the newest draft, `seed`
            the task's seed file; an empty `suite` means the task's suite.

    Returns:
        The suite, and the draft dataset with its parent (for `seed`, the suite only), with their digests.

    Raises:
        MissingInput: when no dataset is named and the task has no draft.
        UserError: when the named dataset or suite does not exist, or the suite is invalid.
    """
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
    if answers := later_answers.digest_of(task):
        content["second_answers"] = answers
    return Inputs({"dataset": draft.reference}, content, {"suite": suite, "draft": draft, "parent": parent})


def rows_of(task: Task, inputs: Inputs) -> pd.DataFrame:
    """Return the rows that the gate judges.

    They are the rows that a notebook's cell passed; without such rows, those of the draft dataset; and without a draft,
    those of the task's seed file.
    """
    if "rows" in inputs.resolved:
        changed: pd.DataFrame = inputs.resolved["rows"]
        return changed
    draft = inputs.resolved.get("draft")
    rows: pd.DataFrame = draft.rows if draft else sources.seed_rows(task)
    return rows


def suite_of(task: Task, name: str = "") -> Suite:
    """Load a gate suite, the rules and limits by which the gate judges rows.

    Args:
        task: The task.
        name: The suite's name in `gates/`, or its path, which may be relative to the task file's folder; empty means
            the task's suite.

    Returns:
        The suite.

    Raises:
        UserError: when the suite, or a file with the user's own rules, is missing or invalid.
        Refused: when one of the files is in `mlruns/`, the folder of MLflow's artifacts.
    """
    from veritrain_lib.quality import task_suite

    return task_suite.suite_of(task, name)


def context(task: Task, accepted: pd.DataFrame, seed: int, judge: Judge | None = None) -> Context:
    """Return all that the gate's checks may use besides the rows they judge, such as accepted and development rows.

    Args:
        task: The task.
        accepted: The rows accepted so far, with answers.
        seed: Seed of every random choice.
        judge: The task's LLM judge; None if no rule of the suite needs one.
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
    """Return whether a rule of the gate suite asks the task's LLM judge about rows."""
    return any(rule.meta.check == "judge_sample" for rule in suite.rules)


def _sample_judge(
    judge: Judge, development: pd.DataFrame, seed: int
) -> Callable[[pd.DataFrame, int], JudgedSample]:
    from veritrain_lib.judging.sampling import judge_sample

    return lambda rows, count: judge_sample(
        judge, rows, development, count=count, seed=seed, may_leave=may_leave(judge.task, rows)
    )
