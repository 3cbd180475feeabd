"""Chooses rows from a pool of traffic; a row's answer stays hidden until the row is chosen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import listed_answers, read_examples, read_table
from veritrain_lib.models.base import Scorer, Sure
from veritrain_lib.teachers import selection_strategies
from veritrain_lib.teachers.base import Request, Written

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

Choose = Literal["uncertainty", "random", "balanced", "class_error"]


@dataclass(frozen=True)
class _Chosen:
    """Positions in the rows still there, and each position's margin (None when nothing was scored)."""

    positions: list[int]
    margins: list[float] | None


class Pool:
    """Chooses the rows asked for in batches, with a refit on the revealed answers between two batches.

    `choose`: `uncertainty` (smallest margin between the student's two best scores; of a student without labels, least
    certain), `random`, `balanced`
    (predicted labels brought to equal numbers) or `class_error` (predicted labels in proportion to
    `request.class_error`); within the last two, rows are drawn at random. `batch` is rows between refits,
    from 1. When `request.shares` is given it sets how many rows of each *predicted* label come, whatever
    `choose` says; the order within a label stays that of `choose`.

    Raises UserError for an unknown parameter or a value out of range.
    """

    name = "pool"

    def __init__(self, choose: Choose = "uncertainty", batch: int = 50, **unknown: Any) -> None:
        if unknown:
            raise UserError(
                f"teacher pool has no parameter {', '.join(sorted(unknown))}; allowed: choose, batch"
            )
        if choose not in get_args(Choose):
            raise UserError(
                f"teacher pool can't choose by {choose!r}; allowed: {', '.join(get_args(Choose))}"
            )
        if type(batch) is not int or batch < 1:
            raise UserError(f"teacher pool: batch must be a whole number from 1, not {batch!r}")
        self.choose = choose
        self.batch = batch

    def write(self, request: Request) -> Written:
        """Choose up to `request.rows` rows and reveal their answers, the first chosen first.

        Rows that are used or at hand already (by id) don't count; the rest goes through `request.screen`
        before anything is chosen, and of rows with one text only the first stays. What was chosen goes through it
        again by itself, as the gate will see it: what is rare in it, and so a sign of a copy, may not be rare in the
        pool. A row that fails there is not kept, and another one is chosen in its place. An answer comes from
        `request.known` (what people said) or else from the pool file. A chosen row that has none is put into
        `waiting`, and choosing ends with that batch: the next one would need a refit on its answer.

        Raises UserError when the task has no pool, when `class_error` is asked for without any, or when a
        revealed answer is not one of the task's labels.
        """
        import numpy as np
        import pandas as pd

        path = request.task.file("pool")
        if path is None:
            raise UserError(
                f"task {request.task.name} has no pool to choose from; set data.pool, or another teacher"
            )
        answers = _HiddenAnswers(request.task, path, request.known)
        pool = read_examples(request.task, path, "pool", answers=False)
        there, screened = self._screened(request, pool)
        chosen: list[pd.DataFrame] = []
        waiting = there.iloc[:0]
        number = 0
        while number < request.rows and len(there) and not len(waiting):
            size = min(self.batch, request.rows - number, len(there))
            batch = len(chosen) + 1
            rng = np.random.default_rng([request.seed, batch])
            learnt = pd.concat([request.trusted, *chosen], ignore_index=True)
            picked = self._pick(request, learnt, there, size, rng)
            rows = self._noted(there.iloc[picked.positions], picked, batch)
            rows[request.task.target.field] = answers.reveal(rows)
            unanswered = (rows[request.task.target.field] == "").to_numpy()
            chosen.append(rows[~unanswered])
            waiting = rows[unanswered]
            number += size
            there = there.drop(index=rows.index)
            if number >= request.rows or len(waiting) or not len(there):
                chosen, waiting, dropped = self._judged_alone(request, chosen, waiting)
                number -= dropped
                if dropped:
                    screened["rules"] = screened.get("rules", 0) + dropped
        whole = pd.concat(chosen, ignore_index=True) if chosen else there.iloc[:0]
        return Written(whole, waiting.reset_index(drop=True), screened, len(there), len(pool))

    def _judged_alone(
        self, request: Request, chosen: list[pd.DataFrame], waiting: pd.DataFrame
    ) -> tuple[list[pd.DataFrame], pd.DataFrame, int]:
        """What `request.screen` leaves of the chosen rows by themselves, and how many rows it took. What it took can
        make another row the first of its kind, so it is asked until it takes none."""
        import pandas as pd

        dropped = 0
        while sum(map(len, chosen)) + len(waiting):
            parts = [*chosen, waiting]
            passes = request.screen(pd.concat(parts, ignore_index=True)).to_numpy(dtype=bool)
            if passes.all():
                break
            dropped += int((~passes).sum())
            ends = [0]
            for part in parts:
                ends.append(ends[-1] + len(part))
            kept = [part[passes[ends[at] : ends[at + 1]]] for at, part in enumerate(parts)]
            chosen, waiting = kept[:-1], kept[-1]
        return chosen, waiting, dropped

    def _screened(self, request: Request, pool: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
        fresh = pool[~pool["id"].isin([*request.used, *request.trusted["id"]])]
        if not len(fresh):
            return fresh, {}
        allowed = fresh[request.screen(fresh).to_numpy(dtype=bool)]
        single = allowed.drop_duplicates("id")
        counts = {"rules": len(fresh) - len(allowed), "same_text": len(allowed) - len(single)}
        return single, {reason: count for reason, count in counts.items() if count}

    def _pick(
        self, request: Request, learnt: pd.DataFrame, there: pd.DataFrame, size: int, rng: np.random.Generator
    ) -> _Chosen:
        if self.choose == "random" and not request.shares:
            return _Chosen(selection_strategies.random(len(there), rng)[:size].tolist(), None)
        student: object = request.fit(learnt)
        scores, gaps = _judged(student, there)
        by_doubt = self.choose == "uncertainty"
        order = (
            selection_strategies.least(gaps, rng)
            if by_doubt
            else selection_strategies.random(len(there), rng)
        )
        quotas = self._quotas(request, learnt, size)
        if quotas is None:
            positions = order[:size].tolist()
        elif isinstance(student, Scorer) and scores is not None:
            predicted = [student.labels[best] for best in scores.argmax(axis=1)]
            positions = selection_strategies.fill(order, predicted, quotas, size)
        else:
            raise UserError(
                f"teacher pool can't choose by {self.choose} with a student that scores no labels; choose "
                "uncertainty or random"
            )
        return _Chosen(positions, gaps[positions].tolist())

    def _quotas(self, request: Request, learnt: pd.DataFrame, size: int) -> dict[str, int] | None:
        if request.shares:
            return selection_strategies.in_proportion(request.shares, size)
        if self.choose == "balanced":
            counts = learnt[request.task.target.field].value_counts().to_dict()
            labels = request.task.labels or sorted(str(label) for label in counts)
            return selection_strategies.balanced(
                {str(label): int(count) for label, count in counts.items()}, labels, size
            )
        if self.choose == "class_error":
            if not request.class_error:
                raise UserError(
                    "choosing by class_error needs the error of each class, and none was measured yet"
                )
            return selection_strategies.in_proportion(request.class_error, size)
        return None

    def _noted(self, rows: pd.DataFrame, picked: _Chosen, batch: int) -> pd.DataFrame:
        notes = []
        for at, was in enumerate(rows["provenance"]):
            margin = None if picked.margins is None else round(picked.margins[at], 6)
            note = {"teacher": self.name, "chosen_by": self.choose, "batch": batch, "margin": margin}
            notes.append(json.dumps({**json.loads(was), **note}, ensure_ascii=False))
        return rows.assign(provenance=notes)


def _judged(student: object, there: pd.DataFrame) -> tuple[np.ndarray | None, np.ndarray]:
    """Scores of every label, None of a student that has none; and how sure it is of each row."""
    if isinstance(student, Scorer):
        scores = student.scores(there)
        return scores, selection_strategies.margins(scores)
    if isinstance(student, Sure):
        return None, student.certainty(there)
    raise UserError(
        "teacher pool can't choose by uncertainty with a student that doesn't say how sure it is; choose random"
    )


class _HiddenAnswers:
    """The answers of a pool file, given out for named rows only."""

    def __init__(self, task: Task, path: Path, known: dict[str, str]) -> None:
        self._task = task
        self._path = path
        self._known = known
        self._column: pd.Series[str] | None = None

    def reveal(self, rows: pd.DataFrame) -> list[str]:
        """The answer of each row, the empty text where there is none; the rows' index is that of the file."""
        import pandas as pd

        target = self._task.target.field
        if self._column is None:
            table = read_table(self._path)
            self._column = table[target] if target in table.columns else pd.Series("", index=table.index)
        hidden = self._column
        told = [
            self._known.get(name) or str(hidden[at]) for at, name in zip(rows.index, rows["id"], strict=True)
        ]
        told = [label if label.strip() else "" for label in told]
        if self._task.labels:
            shown = pd.Series(told, index=rows.index, dtype=str)
            told = listed_answers(self._task, shown, f"{self._path.name}, of the chosen rows").tolist()
        return told
