"""Storage of uploaded rows as a draft dataset in MLflow's tracking store, in a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.loop.task_bundle import publish_if_shared
from veritrain_lib.server.resources.datasets.record import EDITION_TAG, PARENT_ID_TAG
from veritrain_lib.stages.inputs.tasks import remember
from veritrain_lib.tracking import datasets, runs
from veritrain_lib.tracking.dataset_listing import TITLE_TAG
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

RUN_KIND = "upload"
"""Value of the tag `veritrain.kind` of an MLflow run that stores rows from a client."""


@dataclass(frozen=True)
class DraftMetadata:
    """Metadata of an uploaded dataset; an empty text is derived from the task and the rows.

    Attributes:
        title: Name for people.
        user_name: User who sent the rows.
        type: human, synthetic or mixed.
        direction: Language direction.
        scene: meeting or written.
        edition: Version number for clients, from 1.
        parent_id: API id of the dataset that this is a version of.
        parent_reference: Name (NAME@VERSION) of the accepted rows to which the draft's rows are added.
        description: Note for people.
    """

    title: str
    user_name: str
    type: str = ""
    direction: str = ""
    scene: str = ""
    edition: int = 1
    parent_id: str = ""
    parent_reference: str = ""
    description: str = ""

    def tags(self) -> Mapping[str, str]:
        """Return the metadata as tags for the dataset's MLflow run; empty values are left out."""
        values = {
            TITLE_TAG: self.title, EDITION_TAG: str(self.edition), PARENT_ID_TAG: self.parent_id,
            f"{PREFIX}type": self.type, f"{PREFIX}direction": self.direction, f"{PREFIX}scene": self.scene,
            runs.NOTE_TAG: self.description,
        }  # fmt: skip
        return {name: value for name, value in values.items() if value}


def store_draft(task: Task, rows: pd.DataFrame, metadata: DraftMetadata) -> str:
    """Store rows as the next draft dataset of a task in a new MLflow run, and return the run's id.

    The task is registered in the tracking store if it is not yet. The run ends as FINISHED; if the rows can't be stored,
    it ends as FAILED and the error is raised.
    """
    run_id = runs.open_run(
        remember(task),
        f"upload · {metadata.title}",
        kind=RUN_KIND,
        tags={"mlflow.user": metadata.user_name, "veritrain.by": metadata.user_name},
    )
    try:
        parent = metadata.parent_reference
        sources = [datasets.load(task, parent)] if parent and datasets.is_intact(task, parent) else []
        datasets.save(task, run_id, rows, status="draft", parent=parent or None, sources=sources)
        runs.tag(run_id, metadata.tags())
    except BaseException as error:
        runs.end_run(run_id, "FAILED", f"{type(error).__name__}: the draft could not be stored")
        raise
    publish_if_shared(task)
    runs.end_run(run_id, "FINISHED")
    return run_id


def empty_table(task: Task) -> pd.DataFrame:
    """Return a table without rows that has the columns of a task's examples."""
    import pandas as pd

    return pd.DataFrame(columns=["id", *task.columns, "source", "provenance"], dtype=str)
