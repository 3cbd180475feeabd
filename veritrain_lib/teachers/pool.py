"""The teacher `pool`: it chooses rows from a pool of traffic; a row's answer stays hidden until the row is chosen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import (
    is_none_of_these,
    read_examples,
    read_table,
    single_answers_or_none,
)
from veritrain_lib.models.base import Scorer, SupportsConfidence
from veritrain_lib.teachers import selection_strategies
from veritrain_lib.teachers.base import TeacherRequest, TeacherResult
from veritrain_lib.teachers.out_of_scope.hold_back import HoldBack, share_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

Choose = Literal["uncertainty", "random", "balanced", "class_error"]


@dataclass(frozen=True)
class _Chosen:
    """Rows chosen in one batch: their positions among the remaining pool rows, and the margin of each.

    The margin says how certain the student model is of its answer to the row; None if no model was used.
    """

    positions: list[int]
    margins: list[float] | None


class Pool:
    """Teacher that chooses pool rows in batches; between batches a student model is trained on all answers so far.

    The student model is a small model that trains in seconds. If `request.shares` is given, it sets the
    number of rows for each *predicted* label, whatever `choose` is; the order within a label is still that of
    `choose`.

    Attributes:
        choose: `uncertainty` (rows with the smallest margin between the student model's two best scores
            first; for a model without scores of labels, those with the lowest confidence first), `random`,
            `balanced` (equal numbers of predicted labels) or `class_error` (predicted labels in proportion to
            `request.class_error`). The last two draw rows at random within a label.
        batch: The number of rows that are chosen between two trainings of the student model, from 1.

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
        """Choose up to `request.rows` rows of the pool, reveal their answers, and return them in the order of choice.

        Pool rows whose id is used or accepted already are left out. The others must pass `request.screen`
        before anything is chosen, and of rows with the same text only the first stays. The chosen rows are
        screened once more on their own, as the gate will check them: words that are frequent in the whole
        pool may be rare among the chosen rows, and shared rare words are a sign of copies. A row that fails
        this second screening is replaced by another one.

        A row's answer comes from `request.human_labels`, or else from the pool file. A chosen row without an
        answer goes into `waiting`, and no further batch is chosen, because the student model would have to be
        trained on the missing answer first.

        Rows that seem to have none of the task's labels are held back (see `out_of_scope.hold_back`). A chosen row that is
        answered `NONE_OF_THESE` is one of the rows asked for, but no new training row.

        Raises:
            UserError: when the task has no pool, when `class_error` is chosen but was not measured, or when a
                revealed answer is not one of the task's labels.
        """
        import pandas as pd

        path = request.task.file("pool")
        if path is None:
            raise UserError(
                f"task {request.task.name} has no pool to choose from; set data.pool, or another teacher"
            )
        answers = _HiddenAnswers(request.task, path, request.human_labels)
        pool = read_examples(request.task, path, "pool", answers=False)
        remaining, screened = self._screen_pool(request, pool)
        no_label = remaining.iloc[:0] if request.no_label is None else request.no_label
        hold_back = HoldBack(
            request.task,
            request.accepted_rows,
            remaining,
            no_label,
            share=share_of(request.task),
            seed=request.seed,
        )
        chosen, waiting, unfit, remaining = self._choose(request, remaining, hold_back, answers, screened)
        return TeacherResult(
            pd.concat(chosen, ignore_index=True) if chosen else remaining.iloc[:0],
            waiting.reset_index(drop=True),
            screened,
            len(hold_back.may_be_chosen(remaining)),
            no_label=unfit.reset_index(drop=True),
            held_back=hold_back.held_back(remaining),
            new_labels=hold_back.new_labels(remaining, pd.concat([no_label, unfit]), request.seed),
            pool_rows=len(pool),
        )

    def _choose(
        self,
        request: TeacherRequest,
        remaining: pd.DataFrame,
        hold_back: HoldBack,
        answers: _HiddenAnswers,
        screened: dict[str, int],
    ) -> tuple[list[pd.DataFrame], pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Choose rows batch by batch; add the rows that the second screening drops to `screened`.

        Returns:
            The rows with a label, a table a batch; those without an answer; those that no label fits; and the rest of the
            pool.
        """
        import numpy as np
        import pandas as pd

        chosen: list[pd.DataFrame] = []
        waiting = unfit = remaining.iloc[:0]
        n_chosen = 0
        while n_chosen < request.rows and not len(waiting):
            choosable = hold_back.may_be_chosen(remaining)
            if not len(choosable):
                break
            size = min(self.batch, request.rows - n_chosen, len(choosable))
            batch = len(chosen) + 1
            rng = np.random.default_rng([request.seed, batch])
            training_rows = pd.concat([request.accepted_rows, *chosen], ignore_index=True)
            choice = self._pick(request, training_rows, choosable, size, rng)
            rows = self._with_provenance(choosable.iloc[choice.positions], choice, batch)
            labelled, none, waiting = _by_answer(request.task, rows, answers.reveal(rows))
            chosen.append(labelled)
            unfit = pd.concat([unfit, none])
            hold_back.learn(labelled, none)
            n_chosen += size
            remaining = remaining.drop(index=rows.index)
            if n_chosen >= request.rows or len(waiting) or not len(hold_back.may_be_chosen(remaining)):
                chosen, waiting, dropped = self._screen_chosen(request, chosen, waiting)
                n_chosen -= dropped
                if dropped:
                    screened["rules"] = screened.get("rules", 0) + dropped
        return chosen, waiting, unfit, remaining

    def _screen_chosen(
        self, request: TeacherRequest, chosen: list[pd.DataFrame], waiting: pd.DataFrame
    ) -> tuple[list[pd.DataFrame], pd.DataFrame, int]:
        """Screen the chosen rows on their own, again and again until none is dropped.

        It is repeated because the loss of one row can change the result for another one.

        Args:
            request: The request to the teacher, with `screen`.
            chosen: Chosen rows with answers, one frame per batch.
            waiting: Chosen rows without an answer.

        Returns:
            The remaining chosen rows, the remaining waiting rows, and the number of dropped rows.
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
        best_labels, confidences = _best_labels_and_confidence(student, remaining)
        by_uncertainty = self.choose == "uncertainty"
        order = (
            selection_strategies.least(confidences, rng)
            if by_uncertainty
            else selection_strategies.random(len(remaining), rng)
        )
        quotas = self._quotas(request, training_rows, size)
        if quotas is None:
            positions = order[:size].tolist()
        elif best_labels is not None:
            positions = selection_strategies.fill(order, best_labels, quotas, size)
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


def _by_answer(
    task: Task, rows: pd.DataFrame, answers: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return rows with their answers, in three tables: with a label, with the answer that no label fits, and unanswered."""
    answered = rows.assign(**{task.target.field: answers})
    given = answered[task.target.field]
    none = given.map(lambda answer: is_none_of_these(task, answer)).astype(bool)
    return answered[~none & (given != "")], answered[none], answered[given == ""]


SCORED_AT_ONCE = 10_000
"""Number of pool rows that a student model scores at a time, to save memory.

The scores of a million rows with 150 labels would take gigabytes.
"""


def _best_labels_and_confidence(
    student: object, remaining: pd.DataFrame
) -> tuple[list[str] | None, np.ndarray]:
    """Return the student model's best label for each row, and its confidence in it.

    The rows are scored in parts of `SCORED_AT_ONCE`, to save memory.

    Args:
        student: The student model.
        remaining: The rows.

    Returns:
        The labels (None for a model that scores no labels), and an array of shape (rows,) in which higher is
        more confident.

    Raises:
        UserError: when the model gives neither scores nor a confidence.
    """
    import numpy as np

    if not isinstance(student, Scorer):
        if isinstance(student, SupportsConfidence):
            return None, student.confidence(remaining)
        raise UserError(
            "teacher pool can't choose by uncertainty with a student that doesn't say how sure it is; choose random"
        )
    best_labels: list[str] = []
    confidences = np.empty(len(remaining))
    for start in range(0, len(remaining), SCORED_AT_ONCE):
        scores = student.scores(remaining.iloc[start : start + SCORED_AT_ONCE])
        best_labels += [student.labels[best] for best in scores.argmax(axis=1)]
        confidences[start : start + len(scores)] = selection_strategies.margins(scores)
    return best_labels, confidences


class _HiddenAnswers:
    """Answers in a pool file, which stay hidden except for those rows that are passed to `reveal`."""

    def __init__(self, task: Task, path: Path, human_labels: dict[str, str]) -> None:
        self._task = task
        self._path = path
        self._known = human_labels
        self._column: pd.Series[str] | None = None

    def reveal(self, rows: pd.DataFrame) -> list[str]:
        """Return the answer of each given row, as a text that is empty where there is no answer.

        Args:
            rows: Pool rows; their index must be the position in the pool file.

        Raises:
            UserError: when an answer is not one of the task's labels.
        """
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
            revealed = single_answers_or_none(
                self._task, shown, f"{self._path.name}, of the chosen rows"
            ).tolist()
        return revealed
