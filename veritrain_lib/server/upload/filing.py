"""Rows from outside become a draft in the record, by a run of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.server.serializers.dataset import EDITION, PARENT_ID
from veritrain_lib.stage_io.tasks import remember
from veritrain_lib.tracking import datasets, runs
from veritrain_lib.tracking.dataset_listing import TITLE
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

KIND = "upload"
"""`veritrain.kind` of a run that brought rows from outside."""


@dataclass(frozen=True)
class Filing:
    """What is said of a draft. Empty texts are told from the task and the rows.

    `edition` is its number among those of the same title, `parent_id` the dataset that it is an edition of, `trusted`
    the reference of rows that it comes on top of, `by` who brought it.
    """

    title: str
    by: str
    type: str = ""
    direction: str = ""
    scene: str = ""
    edition: int = 1
    parent_id: str = ""
    trusted: str = ""
    description: str = ""

    def tags(self) -> Mapping[str, str]:
        """Tags of the run; what rows and task tell stands where nothing is said."""
        said = {
            TITLE: self.title, EDITION: str(self.edition), PARENT_ID: self.parent_id,
            f"{PREFIX}type": self.type, f"{PREFIX}direction": self.direction, f"{PREFIX}scene": self.scene,
            runs.NOTE: self.description,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}


def file_draft(task: Task, rows: pd.DataFrame, filing: Filing) -> str:
    """Store rows as the next draft of a task, which the record knows from now on. Gives the id of its run, which has
    ended."""
    run_id = runs.open_run(
        remember(task),
        f"upload · {filing.title}",
        kind=KIND,
        tags={"mlflow.user": filing.by, "veritrain.by": filing.by},
    )
    try:
        datasets.save(task, run_id, rows, status="draft", parent=filing.trusted or None)
        runs.tag(run_id, filing.tags())
    except BaseException as error:
        runs.end_run(run_id, "FAILED", f"{type(error).__name__}: the draft could not be stored")
        raise
    runs.end_run(run_id, "FINISHED")
    return run_id


def no_rows(task: Task) -> pd.DataFrame:
    """A table of the task without a row."""
    import pandas as pd

    return pd.DataFrame(columns=["id", *task.columns, "source", "provenance"], dtype=str)
