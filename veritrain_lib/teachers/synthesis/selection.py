"""Functions that select among the rows which a chat model wrote: copies and rejected rows are dropped first.

Of the rest, those are kept about which the student model is least certain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.models.base import Scorer
from veritrain_lib.teachers import selection_strategies

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.teachers.base import TeacherRequest
    from veritrain_lib.teachers.synthesis.answers import GeneratedExample, RowOutcomes

KeptBy = Literal["smallest margin", "novelty"]


def drop_copies(
    request: TeacherRequest, generated: Sequence[GeneratedExample], endings: RowOutcomes
) -> list[GeneratedExample]:
    """Return the generated examples, in order, without those that copy an accepted row or an earlier example.

    An example is a copy if it has the same letters and digits, regardless of case, as an accepted row or an earlier example, or
    the id of an accepted row or of one in `request.used`.

    Args:
        request: The request to the teacher, with the accepted rows.
        generated: The examples.
        endings: Counter of outcomes, in which each dropped example is counted with the reason.
    """
    used = {*request.used, *request.accepted_rows["id"]}
    inputs = list(request.task.inputs)
    known_texts = {
        _letters_and_digits(row, inputs) for row in request.accepted_rows[inputs].to_dict("records")
    }
    kept_examples = []
    for example in generated:
        text = _letters_and_digits(example.fields, inputs)
        if example.id in used or text in known_texts:
            endings.add(
                example.request.slice, "done", "dropped: a copy of an accepted row or of another example"
            )
            continue
        known_texts.add(text)
        kept_examples.append(example)
    return kept_examples


def _letters_and_digits(fields: Mapping[Any, object], inputs: Sequence[str]) -> str:
    texts = "\n".join(str(fields[name]).casefold() for name in inputs)
    # A text of symbols alone has no letters or digits: then the text itself is compared.
    return "".join(character for character in texts if character.isalnum()) or texts


def as_rows(task: Task, generated: Sequence[GeneratedExample]) -> pd.DataFrame:
    """Convert generated examples to a data frame of rows with source `synthetic` and an empty provenance."""
    import pandas as pd

    columns = ["id", *task.columns, "source", "provenance"]
    rows = [
        {"id": example.id, **example.fields, "source": "synthetic", "provenance": "{}"}
        for example in generated
    ]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def drop_rejected(
    request: TeacherRequest, generated: Sequence[GeneratedExample], endings: RowOutcomes
) -> list[GeneratedExample]:
    """Return the generated examples, in order, that pass all gate rules (the rules for new rows) which need no answer.

    Args:
        request: The request to the teacher, which screens the rows.
        generated: The examples.
        endings: Counter of outcomes, in which each dropped example is counted with the reason.
    """
    if not generated:
        return []
    rows = as_rows(request.task, generated)
    rows[request.task.target.field] = ""
    passes_rules = request.screen(rows).tolist()
    for example, passes in zip(generated, passes_rules, strict=True):
        if not passes:
            endings.add(example.request.slice, "done", "dropped: rejected by a rule of the gate")
    return [example for example, passes in zip(generated, passes_rules, strict=True) if passes]


def select_least_certain(
    request: TeacherRequest,
    generated: Sequence[GeneratedExample],
    quotas: Mapping[str, int],
    endings: RowOutcomes,
) -> tuple[list[tuple[GeneratedExample, float]], KeptBy]:
    """Select as many generated examples for each slice as its quota, those with the least certain answers first.

    For labels and a student model with scores, examples with the smallest margin between its two best scores
    come first. Otherwise the example that is least similar to the accepted rows and to those before it comes
    first; its value is its greatest similarity to them (0 to 1). A slice with too few examples gets fewer
    rows, and no other slice gets more instead.

    Args:
        request: The request to the teacher.
        generated: The examples.
        quotas: The number of rows to keep for each slice.
        endings: The counter of outcomes, which counts kept and dropped examples.

    Returns:
        The selected examples with their margin or similarity, and the name of the criterion.
    """
    if not generated:
        return [], "smallest margin"
    rows = as_rows(request.task, generated)
    student = request.fit(request.accepted_rows) if request.task.labels else None
    if isinstance(student, Scorer):
        kept_by: KeptBy = "smallest margin"
        ranks = selection_strategies.margins(student.scores(rows)).tolist()
        order = sorted(range(len(generated)), key=lambda position: (ranks[position], generated[position].id))
    else:
        kept_by = "novelty"
        order, ranks = _farthest_first(request, rows)
    left = dict(quotas)
    kept = []
    for position in order:
        example = generated[position]
        if left.get(example.request.slice, 0) > 0:
            left[example.request.slice] -= 1
            kept.append((example, float(ranks[position])))
            endings.add(example.request.slice, "done", "kept")
        else:
            endings.add(
                example.request.slice, "done", f"dropped: enough rows with less {_criterion(kept_by)}"
            )
    return kept, kept_by


def _criterion(kept_by: KeptBy) -> str:
    return "certainty" if kept_by == "smallest margin" else "similarity"


def _farthest_first(request: TeacherRequest, rows: pd.DataFrame) -> tuple[list[int], list[float]]:
    """Order rows so that each next one is least similar to the accepted rows and to all rows before it.

    This is farthest-first traversal (Gonzalez 1985, "Clustering to minimize the maximum intercluster
    distance"). The similarity is the cosine of TF-IDF vectors of character 2- to 4-grams.

    Returns:
        The positions of the rows in this order, and for each row (by position) its greatest similarity to
        those before it.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    inputs = list(request.task.inputs)
    texts = [
        "\n".join(map(str, values))
        for frame in (request.accepted_rows, rows)
        for values in frame[inputs].itertuples(index=False)
    ]
    # Not `char_wb`, which needs spaces between words: some languages have none.
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 4), dtype=np.float32).fit_transform(texts)
    old, new = vectors[: len(request.accepted_rows)], vectors[len(request.accepted_rows) :]
    similarity = (
        (new @ old.T).max(axis=1).toarray().ravel() if len(request.accepted_rows) else np.zeros(len(rows))
    )
    order: list[int] = []
    ranks = [0.0] * len(rows)
    remaining = np.ones(len(rows), dtype=bool)
    for _ in range(len(rows)):
        position = int(np.argmin(np.where(remaining, similarity, np.inf)))
        ranks[position] = float(similarity[position])
        order.append(position)
        remaining[position] = False
        similarity = np.maximum(similarity, (new @ new[position].T).toarray().ravel())
    return order, ranks
