"""Defaults for inputs that are left empty: the latest dataset or model. Nothing is made here; a missing one is an error.

Open this to see what `dataset=""` or `model=""` of a stage means, and which stages make what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.stages.base import MissingInput, Step
from veritrain_lib.stages.record.upstream import finished_run
from veritrain_lib.tracking import datasets, models
from veritrain_lib.tracking.runs import NOTE_TAG

if TYPE_CHECKING:
    from veritrain_lib.core.records import Dataset
    from veritrain_lib.core.task import Task

SEED = "seed"
"""The dataset name that means the task's seed file, before any version of it is stored."""


def resolve_model(task: Task, address: str) -> str:
    """Return a model address with a fixed version.

    Args:
        task: The task.
        address: A model address. Empty: the champion, else the newest model.

    Raises:
        MissingInput: when the address is empty and the task has no model.
    """
    if address:
        return models.describe(task, address).uri if address.startswith("models:/") else address
    champion = models.by_alias(task, models.CHAMPION)
    if champion is not None:
        return champion.uri
    registered = models.listing(task)
    if not registered:
        seed = find_seed_dataset(task)
        gate = [] if seed else [Step("gate", {"dataset": SEED})]
        train = Step("train", {"dataset": seed.reference} if seed else {})
        raise MissingInput(task.name, "no model", *gate, train)
    return registered[-1].uri


def find_seed_dataset(task: Task) -> Dataset | None:
    """Return the seed rows as a dataset that passed the gate; None where the gate has not judged them yet.

    Raises:
        Refused: when the gate blocks them.
    """
    run = finished_run(task, "gate", dataset=SEED)
    if run is None:
        return None
    dataset = datasets.of_run(run.info.run_id)
    if dataset is None or dataset.status != "passed":
        headline = run.data.tags.get(NOTE_TAG, "")
        raise Refused(f"the gate blocked the seed rows: {headline} Correct the seed file, or the suite.")
    return dataset


def resolve_passed_dataset(task: Task, reference: str) -> Dataset:
    """Return the dataset `reference` (`NAME@VERSION`); if empty the newest that passed, else the seed rows.

    Raises:
        MissingInput: when the reference is empty and no dataset of the task has passed the gate.
    """
    if reference:
        return datasets.load(task, reference)
    dataset = datasets.latest(task, "passed") or find_seed_dataset(task)
    if dataset is None:
        raise MissingInput(task.name, "no dataset that passed the gate", Step("gate", {"dataset": SEED}))
    return dataset


def resolve_draft_dataset(task: Task, reference: str) -> Dataset:
    """Return the dataset `reference`; if empty the newest draft.

    Raises:
        MissingInput: when the reference is empty and the task has no draft.
    """
    dataset = datasets.load(task, reference) if reference else datasets.latest(task, "draft")
    if dataset is None:
        raise MissingInput(task.name, "no draft dataset", Step("generate"))
    return dataset


def champion_uri(task: Task) -> str:
    """Return the address of the champion.

    Raises:
        UserError: when there is no champion; the message names the models that there are.
    """
    champion = models.by_alias(task, models.CHAMPION)
    if champion is not None:
        return champion.uri
    registered = models.listing(task)
    if registered:
        raise UserError(
            f"the alias champion of {task.name} points nowhere, though there are models: "
            f"{', '.join(model.uri for model in registered[-5:])}. Name one with --model, or have the loop set it: "
            f"veritrain loop {task.path}"
        )
    raise UserError(f"task {task.name} has no champion yet; run: veritrain loop {task.path}")
