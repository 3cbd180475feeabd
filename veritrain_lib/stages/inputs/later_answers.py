"""Second and third human answers to rows whose label a model contradicts, from labels file or pool columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_table, single_answers_or_none
from veritrain_lib.quality.labels.settled import is_settled
from veritrain_lib.stages.gate.second_answers import LaterAnswers
from veritrain_lib.stages.inputs import sources

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.core.task import Task


def digest_of(task: Task) -> str:
    """Return a digest of all second and third human answers to the task's rows; empty if there are none yet."""
    columns = task.data.second_answers
    if columns:
        return digest.of_json([columns, task.data_digest("pool")])
    answers = sources.later_human_labels(task)
    return digest.of_json(answers) if answers else ""


def later_answers(task: Task, ancestors: Sequence[Dataset]) -> LaterAnswers:
    """Return the second and third human answers to the rows of a dataset, by which the gate settles doubtful labels.

    Args:
        task: The task.
        ancestors: The dataset itself and the datasets that it was made from, the newest first.

    Raises:
        UserError: when the pool lacks a column that `data.second_answers` names, or the labels file is unusable.
    """
    if task.data.second_answers:
        return LaterAnswers(lambda ids: _from_pool(task, ids))
    answers = sources.later_human_labels(task)
    if not answers:
        return LaterAnswers()
    return LaterAnswers(lambda ids: answers, _left_out(ancestors, set(answers)))


def _left_out(ancestors: Sequence[Dataset], answered: set[str]) -> pd.DataFrame | None:
    """Return rows that people answered again after the gate removed them, so that it can judge them anew.

    A row that is in the dataset or in its parent, or on whose label several people have agreed already, is not
    returned.

    Args:
        ancestors: The dataset itself and the datasets that it was made from, the newest first.
        answered: Ids of the rows with a second or third answer.

    Returns:
        The rows as the oldest dataset holds them, with their first answer.
    """
    import pandas as pd

    present = set(ancestors[0].rows["id"])
    for dataset in ancestors[1:2]:  # the draft's parent: the accepted rows
        present |= set(dataset.rows["id"])
    parts = []
    for dataset in ancestors:
        rows = dataset.rows[dataset.rows["id"].isin(answered - present)]
        settled = is_settled(rows["provenance"])
        present |= set(rows["id"][settled])
        parts.append(rows[~settled])
    rows = pd.concat(parts[::-1], ignore_index=True).drop_duplicates("id")
    return rows[~rows["id"].isin(present)].reset_index(drop=True)


def _from_pool(task: Task, ids: Sequence[str]) -> Mapping[str, list[str]]:
    """Return the second and third answers to some rows, read from the pool columns that `data.second_answers` names.

    Args:
        task: The task.
        ids: The ids of the rows.

    Returns:
        Answers by row id, in the order of the columns up to the first empty cell; rows without any answer are left out.

    Raises:
        UserError: when the task has no pool, or the pool lacks one of the columns.
    """
    file = task.file("pool")
    if file is None:
        raise UserError(
            f"task {task.name} names data.second_answers, but no pool; set data.pool, or remove the key"
        )
    table = read_table(file)
    missing = [name for name in task.data.second_answers if name not in table.columns]
    if missing:
        raise UserError(
            f"{file.name} lacks the column(s) {', '.join(missing)} that data.second_answers names; it has "
            f"{', '.join(table.columns)}"
        )
    wanted = set(ids)
    chosen = [(position, row) for position, row in enumerate(sources.ids_of(task, "pool")) if row in wanted]
    found: dict[str, list[str]] = {row: [] for _, row in chosen}
    open_rows = dict(chosen)
    for name in task.data.second_answers:
        column = table[name].iloc[list(open_rows)]
        answers = (
            single_answers_or_none(task, column.astype(str), f"{file.name}, column {name}")
            if task.labels
            else column
        )
        for (position, row), answer in zip(list(open_rows.items()), answers.tolist(), strict=True):
            if answer.strip():
                found[row].append(answer)
            else:
                del open_rows[position]
    return {row: answers for row, answers in found.items() if answers}
