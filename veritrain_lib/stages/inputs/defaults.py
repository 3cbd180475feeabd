"""Defaults for inputs that are left empty: the latest dataset or model, or one that is made now from the seed rows.

Open this to see what `dataset=""` or `model=""` of a stage means, and which stages are run first for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import HumanInputRequired, Refused
from veritrain_lib.stages.record.upstream import run_upstream
from veritrain_lib.tracking import datasets, models

if TYPE_CHECKING:
    from veritrain_lib.core.records import Dataset
    from veritrain_lib.core.task import Task


def resolve_model(task: Task, address: str) -> str:
    """Return a model address with a fixed version.

    Args:
        task: The task.
        address: A model address. Empty: the champion, else the newest model, else a seed model that is trained now.
    """
    if address:
        return models.describe(task, address).uri if address.startswith("models:/") else address
    champion = models.by_alias(task, models.CHAMPION)
    if champion is not None:
        return champion.uri
    if not models.listing(task):
        run_upstream(task, "train", dataset=seed_dataset(task).reference)
    return models.listing(task)[-1].uri


def seed_dataset(task: Task) -> Dataset:
    """Return the seed rows as a dataset that passed the gate, which is run now if it was not run before.

    Raises:
        Refused: when the gate blocks them.
    """
    result, run_id = run_upstream(task, "gate", dataset=SEED)
    dataset = datasets.of_run(run_id)
    if dataset is None or dataset.status != "passed":
        raise Refused(
            f"the gate blocked the seed rows: {result.headline} Correct the seed file, or the suite."
        )
    return dataset


SEED = "seed"
"""The dataset name that means the task's seed file, before any version of it is stored."""


def resolve_passed_dataset(task: Task, reference: str) -> Dataset:
    """Return the dataset `reference` (`NAME@VERSION`); if empty the newest that passed, else the seed rows."""
    if reference:
        return datasets.load(task, reference)
    return datasets.latest(task, "passed") or seed_dataset(task)


def resolve_draft_dataset(task: Task, reference: str) -> Dataset:
    """Return the dataset `reference`; if empty the newest draft, else one that the generate stage makes now.

    Raises:
        HumanInputRequired: when the generate stage made no dataset, since its rows need answers of people first.
    """
    dataset = datasets.load(task, reference) if reference else datasets.latest(task, "draft")
    if dataset is None:
        result, run_id = run_upstream(task, "generate")
        dataset = datasets.of_run(run_id)
        if dataset is None:
            raise HumanInputRequired(result.headline)
    return dataset
