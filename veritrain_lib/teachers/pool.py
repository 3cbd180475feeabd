"""The teacher `pool`: it chooses rows from a pool of traffic; a row's answer stays hidden until the row is chosen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples, read_table, single_answers
from veritrain_lib.models.base import Scorer, SupportsConfidence
from veritrain_lib.teachers import selection_strategies
from veritrain_lib.teachers.base import TeacherRequest, TeacherResult

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

Choose = Literal["uncertainty", "random", "balanced", "class_error"]


@dataclass(frozen=True)
class _Chosen:
    """Positions among the remaining rows, and the margin of each (None when nothing was scored)."""

    positions: list[int]
    margins: list[float] | None


class Pool:
    """A teacher that chooses rows in batches, with a refit of the student on the revealed answers between two batches.

    When `request.shares` is given it sets how many rows of each *predicted* label are chosen, whatever `choose` says;
    the order within a label stays that of `choose`.

    Attributes:
        choose: `uncertainty` (smallest margin between the student's two best scores; for a student without labels the
            least certain), `random`, `balanced` (equal numbers of predicted labels) or `class_error` (predicted labels
            in proportion to `request.class_error`). Within a label the last two draw rows at random.
        batch: Rows between two refits, from 1.

    Raises:
        UserError: for an unknown parameter or a value out of range.
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

    def write(self, request: TeacherRequest) -> TeacherResult:
        """Choose up to `request.rows` rows and reveal their answers, in the order in which they were chosen.

        Rows that are used or accepted already (by id) are left out. The others go through `request.screen` before
        anything is chosen, and of rows with the same text only the first stays. The chosen rows are screened again by
        themselves, as the gate will see them: words that are rare among them, and so a sign of a copy, may not be rare in
        the pool. A row that fails there is dropped, and another one is chosen instead.

        An answer comes from `request.human_labels` or else from the pool file. A chosen row without an answer is put
        into `waiting`, and choosing ends with that batch, since the next one would need a refit on its answer.

        Raises:
            UserError: when the task has no pool, when `class_error` is chosen but was not measured, or when a revealed
                answer is not one of the task's labels.
        """
        import numpy as np
        import pandas as pd

        path = request.task.file("pool")
        if path is None:
            raise UserError(
                f"task {request.task.name} has no pool to choose from; set data.pool, or another teacher"
            )
        answers = _HiddenAnswers(request.task, path, request.human_labels)
        pool = read_examples(request.task, path, "pool", answers=False)
        remaining, screened = self._screen_pool(request, pool)
        chosen: list[pd.DataFrame] = []
        waiting = remaining.iloc[:0]
        n_chosen = 0
        while n_chosen < request.rows and len(remaining) and not len(waiting):
            size = min(self.batch, request.rows - n_chosen, len(remaining))
            batch = len(chosen) + 1
            rng = np.random.default_rng([request.seed, batch])
            training_rows = pd.concat([request.accepted_rows, *chosen], ignore_index=True)
            choice = self._pick(request, training_rows, remaining, size, rng)
            rows = self._with_provenance(remaining.iloc[choice.positions], choice, batch)
            rows[request.task.target.field] = answers.reveal(rows)
            unanswered = (rows[request.task.target.field] == "").to_numpy()
            chosen.append(rows[~unanswered])
            waiting = rows[unanswered]
            n_chosen += size
            remaining = remaining.drop(index=rows.index)
            if n_chosen >= request.rows or len(waiting) or not len(remaining):
                chosen, waiting, dropped = self._screen_chosen(request, chosen, waiting)
                n_chosen -= dropped
                if dropped:
                    screened["rules"] = screened.get("rules", 0) + dropped
        chosen_rows = pd.concat(chosen, ignore_index=True) if chosen else remaining.iloc[:0]
        return TeacherResult(chosen_rows, waiting.reset_index(drop=True), screened, len(remaining), len(pool))

    def _screen_chosen(
        self, request: TeacherRequest, chosen: list[pd.DataFrame], waiting: pd.DataFrame
    ) -> tuple[list[pd.DataFrame], pd.DataFrame, int]:
        """Screen the chosen rows by themselves until none is dropped, and return the others with the number dropped.

        It is repeated since a dropped row can make another row the first of its kind.
        """
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
            kept = [part[passes[ends[position] : ends[position + 1]]] for position, part in enumerate(parts)]
            chosen, waiting = kept[:-1], kept[-1]
        return chosen, waiting, dropped

    def _screen_pool(
        self, request: TeacherRequest, pool: pd.DataFrame
    ) -> tuple[pd.DataFrame, dict[str, int]]:
        unused = pool[~pool["id"].isin([*request.used, *request.accepted_rows["id"]])]
        if not len(unused):
            return unused, {}
        allowed = unused[request.screen(unused).to_numpy(dtype=bool)]
        single = allowed.drop_duplicates("id")
        counts = {"rules": len(unused) - len(allowed), "same_text": len(allowed) - len(single)}
        return single, {reason: count for reason, count in counts.items() if count}

    def _pick(
        self,
        request: TeacherRequest,
        training_rows: pd.DataFrame,
        remaining: pd.DataFrame,
        size: int,
        rng: np.random.Generator,
    ) -> _Chosen:
        if self.choose == "random" and not request.shares:
            return _Chosen(selection_strategies.random(len(remaining), rng)[:size].tolist(), None)
        student: object = request.fit(training_rows)
        scores, confidences = _scores_and_confidence(student, remaining)
        by_uncertainty = self.choose == "uncertainty"
        order = (
            selection_strategies.least(confidences, rng)
            if by_uncertainty
            else selection_strategies.random(len(remaining), rng)
        )
        quotas = self._quotas(request, training_rows, size)
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
        return _Chosen(positions, confidences[positions].tolist())

    def _quotas(
        self, request: TeacherRequest, training_rows: pd.DataFrame, size: int
    ) -> dict[str, int] | None:
        if request.shares:
            return selection_strategies.in_proportion(request.shares, size)
        if self.choose == "balanced":
            counts = training_rows[request.task.target.field].value_counts().to_dict()
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

    def _with_provenance(self, rows: pd.DataFrame, choice: _Chosen, batch: int) -> pd.DataFrame:
        notes = []
        for position, provenance in enumerate(rows["provenance"]):
            margin = None if choice.margins is None else round(choice.margins[position], 6)
            note = {"teacher": self.name, "chosen_by": self.choose, "batch": batch, "margin": margin}
            notes.append(json.dumps({**json.loads(provenance), **note}, ensure_ascii=False))
        return rows.assign(provenance=notes)


def _scores_and_confidence(student: object, remaining: pd.DataFrame) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the scores of all labels (None for a student without labels), and the student's confidence in each row."""
    if isinstance(student, Scorer):
        scores = student.scores(remaining)
        return scores, selection_strategies.margins(scores)
    if isinstance(student, SupportsConfidence):
        return None, student.confidence(remaining)
    raise UserError(
        "teacher pool can't choose by uncertainty with a student that doesn't say how sure it is; choose random"
    )


class _HiddenAnswers:
    """The answers of a pool file, which are revealed for named rows only."""

    def __init__(self, task: Task, path: Path, human_labels: dict[str, str]) -> None:
        self._task = task
        self._path = path
        self._known = human_labels
        self._column: pd.Series[str] | None = None

    def reveal(self, rows: pd.DataFrame) -> list[str]:
        """Return the answer of each row, empty where there is none; the rows must have the index of the file."""
        import pandas as pd

        target = self._task.target.field
        if self._column is None:
            table = read_table(self._path)
            self._column = table[target] if target in table.columns else pd.Series("", index=table.index)
        file_answers = self._column
        revealed = [
            self._known.get(name) or str(file_answers[position])
            for position, name in zip(rows.index, rows["id"], strict=True)
        ]
        revealed = [label if label.strip() else "" for label in revealed]
        if self._task.labels:
            shown = pd.Series(revealed, index=rows.index, dtype=str)
            revealed = single_answers(self._task, shown, f"{self._path.name}, of the chosen rows").tolist()
        return revealed
