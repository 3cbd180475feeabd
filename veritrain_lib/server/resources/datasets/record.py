"""Lookup of datasets in the tracking store by their API id, and the name of the rows that may be trained on."""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.http.ids import RUN_ID
from veritrain_lib.server.http.problems import Conflict, NotFound
from veritrain_lib.tracking import dataset_listing
from veritrain_lib.tracking.dataset_listing import GATE_ERROR_TAG, TITLE_TAG, DatasetItem
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.entities import Run

EDITION_TAG, PARENT_ID_TAG = f"{PREFIX}edition", f"{PREFIX}parent_id"


def find_dataset(dataset_id: str) -> DatasetItem:
    """Return the dataset of an API id, with the newest run of the quality gate on it.

    Raises:
        NotFound: There is no such dataset.
    """
    datasets = dataset_listing.read_datasets([dataset_id]) if RUN_ID.fullmatch(dataset_id) else {}
    if dataset_id not in datasets:
        raise NotFound(f"there is no dataset {dataset_id[:80]!r}")
    return datasets[dataset_id]


def training_reference(run: Run) -> str:
    """Return the name (NAME@VERSION) of the rows to train on, given the MLflow run that made a dataset.

    They are the rows that the newest run of the quality gate accepted.

    Raises:
        NotFound: The run made no dataset.
        Conflict: The dataset has no rows, or the quality gate has blocked it (the message has the reasons) or has not
            run on it yet.
    """
    item = find_dataset(run.info.run_id)
    name = item.run.data.tags.get(TITLE_TAG) or item.reference
    if item.gate is None:
        gate_error = item.run.data.tags.get(GATE_ERROR_TAG)
        rows = int(item.run.data.tags.get(f"{PREFIX}rows", 0))
        reason = (
            f"the gate could not be run: {gate_error}" if gate_error else "the gate has not run on it yet"
        )
        raise Conflict(f"dataset {name!r} can't be used: {reason if rows else 'it has no rows'}")
    if item.status != "passed":
        raise Conflict(f"dataset {name!r} can't be used: {'; '.join(block_reasons(item.gate))}")
    tags = item.gate.data.tags
    return f"{tags[f'{PREFIX}name']}@{tags[f'{PREFIX}version']}"


def block_reasons(gate: Run) -> list[str]:
    """Return the reasons why a run of the quality gate blocked its dataset; an empty list if the dataset passed."""
    from veritrain_lib.stages.record.stored_result import load_result

    result: Any = load_result("gate", gate.info.run_id)
    return list(result.block_reasons)
