"""Storage of rows from outside as a draft in the record, with a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.server.resources.datasets.record import EDITION_TAG, PARENT_ID_TAG
from veritrain_lib.stages.inputs.tasks import remember
from veritrain_lib.tracking import datasets, runs
from veritrain_lib.tracking.dataset_listing import TITLE_TAG
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

RUN_KIND = "upload"
"""`veritrain.kind` of a run that stores rows from outside."""


@dataclass(frozen=True)
class DraftMetadata:
    """Metadata of a draft. Empty texts are inferred from the task and the rows.

    Attributes:
        title: Name for people.
        user_name: Name of the user who sent the rows.
        type: human, synthetic or mixed.
        direction: Language direction.
        scene: meeting or written.
        edition: Number among the drafts of the same title.
        parent_id: Dataset that this is an edition of.
        parent_reference: Reference of the accepted rows that the draft is added to.
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
        """Return the tags of the run.

        An empty value is omitted, so that the one inferred from rows and task stays.
        """
        values = {
            TITLE_TAG: self.title, EDITION_TAG: str(self.edition), PARENT_ID_TAG: self.parent_id,
            f"{PREFIX}type": self.type, f"{PREFIX}direction": self.direction, f"{PREFIX}scene": self.scene,
            runs.NOTE_TAG: self.description,
        }  # fmt: skip
        return {name: value for name, value in values.items() if value}


def store_draft(task: Task, rows: pd.DataFrame, metadata: DraftMetadata) -> str:
    """Store rows as the next draft of a task and return the id of the finished run.

    The task is registered in the record.
    """
    run_id = runs.open_run(
        remember(task),
        f"upload · {metadata.title}",
        kind=RUN_KIND,
        tags={"mlflow.user": metadata.user_name, "veritrain.by": metadata.user_name},
    )
    try:
        datasets.save(task, run_id, rows, status="draft", parent=metadata.parent_reference or None)
        runs.tag(run_id, metadata.tags())
    except BaseException as error:
        runs.end_run(run_id, "FAILED", f"{type(error).__name__}: the draft could not be stored")
        raise
    runs.end_run(run_id, "FINISHED")
    return run_id


def empty_table(task: Task) -> pd.DataFrame:
    """Return a table with the columns of a task and no rows."""
    import pandas as pd

    return pd.DataFrame(columns=["id", *task.columns, "source", "provenance"], dtype=str)
