"""The same question in capitals, with typing errors, reworded by rule: does the same answer come?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probing.changes import CHANGES, changed_rows
from veritrain_lib.stages.probing.repeated_questions import Again, ask_again

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probing.extra_questions import Asking


def robustness(
    asking: Asking, task: Task, rows: pd.DataFrame, first: Mapping[Any, Response], seed: int
) -> dict[str, Again]:
    """For each change the share of rows whose best answer stayed, of the rows that it could change.

    Of a model that answers at random even the same question, `stability` is the most that can be hoped for.
    """
    return {
        name: ask_again(asking, task, name, changed_rows(task, rows, name, seed), first) for name in CHANGES
    }
