"""What a stage takes when a name is left empty: the latest state, or made now from the seed rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Refused, WaitingForPeople
from veritrain_lib.tracking import datasets, models

if TYPE_CHECKING:
    from veritrain_lib.core.records import Dataset
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.result import StageResult


def model_or_seed(task: Task, given: str) -> str:
    """An address with its version fixed: the given one, else the champion, the newest, or a seed model."""
    if given:
        return models.describe(task, given).uri if given.startswith("models:/") else given
    champion = models.by_alias(task, models.CHAMPION)
    if champion is not None:
        return champion.uri
    if not models.listing(task):
        ahead(task, "train", dataset=seed_dataset(task).reference)
    return models.listing(task)[-1].uri


def seed_dataset(task: Task) -> Dataset:
    """The seed rows, passed by the gate; the gate is run when nobody has yet.

    Raises Refused when the gate blocks them.
    """
    result, run_id = ahead(task, "gate", dataset=SEED)
    made = datasets.of_run(run_id)
    if made is None or made.status != "passed":
        raise Refused(f"the gate blocked the seed rows: {result.headline} Mend the seed file, or the suite.")
    return made


SEED = "seed"
"""The dataset name that means the task's seed file, before any version of it is stored."""


def passed_dataset(task: Task, given: str) -> Dataset:
    """The dataset given, else the newest that passed, else the seed rows."""
    if given:
        return datasets.load(task, given)
    return datasets.latest(task, "passed") or seed_dataset(task)


def draft_dataset(task: Task, given: str) -> Dataset:
    """The dataset given, else the newest draft, else one that the generate stage makes now."""
    found = datasets.load(task, given) if given else datasets.latest(task, "draft")
    if found is None:
        result, run_id = ahead(task, "generate")
        found = datasets.of_run(run_id)
        if found is None:
            raise WaitingForPeople(result.headline)
    return found


def ahead(task: Task, stage: str, **parameters: Any) -> tuple[StageResult, str]:
    """Run a stage that another one stands on, in this process and in the record. Gives result and run id."""
    from veritrain_lib.stage_io.stage import prepare

    before = prepare(stage, {"task": str(task.path), **parameters}, inner=True)
    result = before.run()
    before.close()
    return result, before.run_id
