"""The same question twice: does the same answer come?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probing.repeated_questions import Again, ask_again

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probing.extra_questions import Asking

NAME = "stability"
SECOND = 1
"""The sample index of the second time; without it a stored answer would be compared with itself."""


def stability(asking: Asking, task: Task, rows: pd.DataFrame, first: Mapping[Any, Response]) -> Again:
    """Share of rows with the same best answer both times."""
    return ask_again(asking, task, NAME, rows, first, sample=SECOND)
