"""Rows whose label a model contradicts, with their second and third human answers: settled, undecided, to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.core.rows import is_none_of_these
from veritrain_lib.quality.labels.settled import MOST_ANSWERS, settle, with_answers
from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

RULE = "label_disagreement"
"""Name of the gate check that finds labels which models contradict; its rows are asked of another person."""

COLUMNS = ("id", "first", "second", "third", "label")


def _none(ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {}


@dataclass(frozen=True)
class LaterAnswers:
    """Second and third human answers to rows whose label a model contradicts.

    Attributes:
        of: Function that takes row ids and returns, by row id, the later answers in order; a row without any is
            missing.
        waiting: Rows that were removed in an earlier round and have later answers now, with their first answer; None
            for no such rows.
    """

    of: Callable[[Sequence[str]], Mapping[str, Sequence[str]]] = _none
    waiting: pd.DataFrame | None = field(default=None, repr=False)


def contradicted_rows(quarantine: pd.DataFrame, withdrawn: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that the gate removed only because models contradict their label.

    Args:
        quarantine: New rows that the gate rejected, with their `reasons`.
        withdrawn: Rows accepted in an earlier round that the gate removed now, with their `reasons`.
    """
    import pandas as pd

    alone = [
        all(reason.startswith(f"{RULE}:") for reason in text.split(SEPARATOR))
        for text in quarantine["reasons"]
    ]
    parts = [part for part in (quarantine[alone], withdrawn) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else quarantine[:0]
    return rows.drop(columns="reasons")


def settle_rows(
    task: Task, contradicted: pd.DataFrame, later: LaterAnswers
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Settle doubtful labels, those that a model contradicts, by the answers of other people.

    A label is settled when two people agree on it, one of whom may have given the first answer. If the first two
    differ, a third person is asked. The model that contradicted the label has no vote.

    Args:
        task: The task.
        contradicted: Rows with their first answer.
        later: The second and third answers.

    Returns:
        Two tables. The first holds the settled rows with their label, and with all answers in `provenance`; rows for
        which two people answered that no label fits are left out. The second lists all contradicted rows with the
        columns `COLUMNS`; its `label` is empty where no two people agree.
    """
    import pandas as pd

    target = task.target.field
    parts = [part for part in (contradicted, later.waiting) if part is not None and len(part)]
    rows = pd.concat(parts, ignore_index=True).drop_duplicates("id") if parts else contradicted
    others = later.of(rows["id"].tolist())
    answers = [
        [first, *others.get(row, ())][:MOST_ANSWERS]
        for row, first in zip(rows["id"], rows[target], strict=True)
    ]
    labels = [settle(given) for given in answers]
    table = pd.DataFrame(
        [
            (row, *given, *[""] * (MOST_ANSWERS - len(given)), label)
            for row, given, label in zip(rows["id"], answers, labels, strict=True)
        ],
        columns=list(COLUMNS),
        dtype=str,
    )
    settled = rows.assign(**{target: labels})
    settled["provenance"] = [
        with_answers(text, given) for text, given in zip(rows["provenance"], answers, strict=True)
    ]
    is_none = settled[target].map(lambda label: is_none_of_these(task, label)).astype(bool)
    settled = settled[(settled[target] != "") & ~is_none]
    return settled.reset_index(drop=True), table


def rows_to_ask(table: pd.DataFrame) -> dict[str, int]:
    """Return the ids of rows that need another person's answer, each with the number of that answer (2 or 3).

    Args:
        table: The second table that `settle_rows` returns.
    """
    undecided = table[(table["label"] == "") & (table["third"] == "")]
    return {
        row: 2 if second == "" else 3
        for row, second in zip(undecided["id"], undecided["second"], strict=True)
    }


def sentence(withdrawn: int, table: pd.DataFrame, asked: int = 0) -> str:
    """Return a sentence that counts the labels that models contradict, and those settled by people; empty for none.

    Args:
        withdrawn: The number of rows that were accepted earlier and are removed now.
        table: The second table that `settle_rows` returns.
        asked: The number of rows that people are asked about again.
    """
    if not len(table):
        return ""
    settled, changed = table["label"] != "", (table["label"] != "") & (table["label"] != table["first"])
    text = (
        f"Labels contradicted: {len(table)} row(s), {withdrawn} of them accepted earlier; {int(settled.sum())} settled by "
        f"other people's answers ({int(changed.sum())} with another label), {int((~settled).sum())} left out"
    )
    return text + (f", of which {asked} are asked again" if asked else "")
