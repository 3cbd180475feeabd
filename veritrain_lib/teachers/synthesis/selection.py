"""Which candidates become examples: no copies, nothing that the rules turn down, and the least certain first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.models.base import Scorer
from veritrain_lib.teachers import selection_strategies

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.teachers.base import Request
    from veritrain_lib.teachers.synthesis.answers import Candidate, Endings

KeptBy = Literal["smallest margin", "novelty"]


def without_copies(request: Request, came: Sequence[Candidate], endings: Endings) -> list[Candidate]:
    """Candidates whose letters and digits are not those of a trusted row or an earlier candidate, and whose
    id is not used."""
    used = {*request.used, *request.trusted["id"]}
    inputs = list(request.task.inputs)
    taken = {_bare(row, inputs) for row in request.trusted[inputs].to_dict("records")}
    fresh = []
    for one in came:
        text = _bare(one.fields, inputs)
        if one.id in used or text in taken:
            endings.add(one.ask.slice, "done", "dropped: a copy of a row at hand or of another candidate")
            continue
        taken.add(text)
        fresh.append(one)
    return fresh


def _bare(fields: Mapping[Any, object], inputs: Sequence[str]) -> str:
    whole = "\n".join(str(fields[name]).casefold() for name in inputs)
    # A text of symbols alone has no letters to go by: then the text itself counts.
    return "".join(mark for mark in whole if mark.isalnum()) or whole


def as_rows(task: Task, came: Sequence[Candidate]) -> pd.DataFrame:
    """Candidates as rows, source `synthetic`, provenance still empty; the index is their place."""
    import pandas as pd

    columns = ["id", *task.columns, "source", "provenance"]
    rows = [{"id": one.id, **one.fields, "source": "synthetic", "provenance": "{}"} for one in came]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def allowed(request: Request, came: Sequence[Candidate], endings: Endings) -> list[Candidate]:
    """Candidates that the rules which need no answer let pass."""
    if not came:
        return []
    rows = as_rows(request.task, came)
    rows[request.task.target.field] = ""
    good = request.screen(rows).tolist()
    for one, passes in zip(came, good, strict=True):
        if not passes:
            endings.add(one.ask.slice, "done", "dropped: turned down by a rule of the gate")
    return [one for one, passes in zip(came, good, strict=True) if passes]


def least_certain(
    request: Request, came: Sequence[Candidate], quotas: Mapping[str, int], endings: Endings
) -> tuple[list[tuple[Candidate, float]], KeptBy]:
    """For each slice as many candidates as its quota, best first, with what ranked them; and by what.

    With labels and a student that scores: the smallest margin between its two best scores first. Otherwise
    novelty: one after another the candidate that is least like the trusted rows and those taken so far,
    with its greatest likeness (0 to 1). A slice with too few candidates gets fewer: the shares hold.
    """
    if not came:
        return [], "smallest margin"
    rows = as_rows(request.task, came)
    student = request.fit(request.trusted) if request.task.labels else None
    if isinstance(student, Scorer):
        kept_by: KeptBy = "smallest margin"
        ranks = selection_strategies.margins(student.scores(rows)).tolist()
        order = sorted(range(len(came)), key=lambda at: (ranks[at], came[at].id))
    else:
        kept_by = "novelty"
        order, ranks = _newest_first(request, rows)
    left = dict(quotas)
    kept = []
    for at in order:
        one = came[at]
        if left.get(one.ask.slice, 0) > 0:
            left[one.ask.slice] -= 1
            kept.append((one, float(ranks[at])))
            endings.add(one.ask.slice, "done", "kept")
        else:
            endings.add(one.ask.slice, "done", f"dropped: enough rows with less {_ground(kept_by)}")
    return kept, kept_by


def _ground(kept_by: KeptBy) -> str:
    return "certainty" if kept_by == "smallest margin" else "likeness"


def _newest_first(request: Request, rows: pd.DataFrame) -> tuple[list[int], list[float]]:
    """Farthest-first order (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance") by the
    cosine of character 2-4-grams, and for each place its greatest likeness to what came before it."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    inputs = list(request.task.inputs)
    whole = [
        "\n".join(map(str, values))
        for frame in (request.trusted, rows)
        for values in frame[inputs].itertuples(index=False)
    ]
    # Not `char_wb`, which needs blanks between words: some languages have none.
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 4), dtype=np.float32).fit_transform(whole)
    old, new = vectors[: len(request.trusted)], vectors[len(request.trusted) :]
    likeness = (new @ old.T).max(axis=1).toarray().ravel() if len(request.trusted) else np.zeros(len(rows))
    order: list[int] = []
    ranks = [0.0] * len(rows)
    open_places = np.ones(len(rows), dtype=bool)
    for _ in range(len(rows)):
        at = int(np.argmin(np.where(open_places, likeness, np.inf)))
        ranks[at] = float(likeness[at])
        order.append(at)
        open_places[at] = False
        likeness = np.maximum(likeness, (new @ new[at].T).toarray().ravel())
    return order, ranks
