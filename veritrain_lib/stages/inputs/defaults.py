"""Default inputs of stages: the dataset or model that is used where a notebook parameter is left empty.

Open this to see what `dataset=""` or `model=""` means, and which stages make an input that is missing. Nothing here
runs a stage: a missing input raises `MissingInput`.
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
"""The dataset name `seed`, which means the rows of the task's seed file before they are stored as a dataset."""


def resolve_model(task: Task, address: str) -> str:
    """Return the address of the model that a stage is to use, with a fixed version.

    Args:
        task: The task.
        address: A model address, such as `models:/support@champion`. Empty means the champion, or else the newest model
            of the task.

    Raises:
        MissingInput: when the address is empty and the task has no model.
        UserError: when the address names a registered model that does not exist.
        Refused: when the address is empty, the task has no model, and the gate blocked the seed rows.
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
    """Return the dataset of the task's seed rows that passed the gate; None if the gate has not judged them yet.

    Raises:
        Refused: when the gate blocked the seed rows.
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
    """Return the dataset that a stage is to use, which must have passed the gate unless it is named.

    Args:
        task: The task.
        reference: `NAME@VERSION`. Empty means the newest dataset that passed the gate, or else the judged seed rows.

    Raises:
        MissingInput: when the reference is empty and no dataset of the task has passed the gate.
        UserError: when there is no dataset with this reference.
        Refused: when the reference is empty, and the gate blocked the seed rows of a task without any passed dataset.
    """
    if reference:
        return datasets.load(task, reference)
    dataset = datasets.latest(task, "passed") or find_seed_dataset(task)
    if dataset is None:
        raise MissingInput(task.name, "no dataset that passed the gate", Step("gate", {"dataset": SEED}))
    return dataset


def resolve_draft_dataset(task: Task, reference: str) -> Dataset:
    """Return the dataset that the gate is to judge.

    Args:
        task: The task.
        reference: `NAME@VERSION`. Empty means the newest draft, which the generate stage made.

    Raises:
        MissingInput: when the reference is empty and the task has no draft.
        UserError: when there is no dataset with this reference.
    """
    dataset = datasets.load(task, reference) if reference else datasets.latest(task, "draft")
    if dataset is None:
        raise MissingInput(task.name, "no draft dataset", Step("generate"))
    return dataset


def champion_uri(task: Task) -> str:
    """Return the address of the task's champion (the best model so far) with its version, such as `models:/support/2`.

    Raises:
        UserError: when the task has no champion; if it has other models, the message lists the newest five.
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
