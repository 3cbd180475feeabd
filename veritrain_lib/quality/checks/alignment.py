"""Gate check for wrong translation pairs: another row's target, a copy of the source, other numbers or placeholders.

A lexicon (which words translate which) is learned from the accepted pairs and the new ones, see
`quality/translation/lexicon.py` and `quality/translation/alignment_classifier.py`. It needs no dictionary and works for
any two languages. On Tanaka (Japanese to English) with a tenth of the pairs shuffled, the check flags 93 % of the
shuffled pairs and 1.5 % of the right ones (`make bench-gate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.applicability import not_applicable_if
from veritrain_lib.quality.translation.alignment_classifier import misalignment_probabilities
from veritrain_lib.quality.translation.translation_checks import translation_issue

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def not_applicable_reason(task: Task) -> str:
    """Return why the check `alignment` can't judge a task's rows; "" if it can.

    Returns:
        The reason, such as that the task's answers are labels, not translations; "" if there is none.
    """
    if task.labels:
        return "it compares a text with its translation, and the answers of this task are labels"
    try:
        fields(task)
    except UserError as error:
        return str(error)
    return ""


@not_applicable_if(not_applicable_reason)
def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    certainty: Annotated[float, Field(gt=0, lt=1)] = 0.3,
    expected: Annotated[float, Field(gt=0, lt=1)] = 0.05,
) -> pd.Series[str]:
    """Flag rows whose target is not a translation of their source.

    Reasons: `alignment:source_in_target` if the target is the source or a piece of it, `alignment:placeholders` and
    `alignment:numbers` if these differ, `alignment:other_text=<probability>` if source and target hardly match. The
    last one needs 200 pairs for its lexicon, accepted and judged ones together. Rows without source or target get no
    reason here; the check `contract` flags them. In a task that translates in both directions (`target.direction`) each
    row is judged in its own direction, and all rows train one lexicon.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        certainty: Probability (0 to 1) that a pair is wrong from which it is rejected.
        expected: Smallest share (0 to 1) of wrong pairs that is assumed; a larger one is assumed if the pairs suggest
            it.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: The task declares no language for its target or for any input field, and no direction.
    """
    import numpy as np
    import pandas as pd

    source, target = fields(context.task)
    reasons = pd.Series("", index=rows.index, dtype=object)
    source_texts, target_texts = (rows[name].fillna("").astype(str) for name in (source, target))
    complete = ((source_texts.str.strip() != "") & (target_texts.str.strip() != "")).to_numpy()
    languages = _languages(rows, context.task)
    issues = [
        translation_issue(source_text, target_text, pair_languages) if is_complete else ""
        for source_text, target_text, pair_languages, is_complete in zip(
            source_texts, target_texts, languages, complete, strict=True
        )
    ]
    pairs = _language_sides(
        source_texts[complete],
        target_texts[complete],
        [
            pair_languages
            for pair_languages, is_complete in zip(languages, complete, strict=True)
            if is_complete
        ],
    )
    wrong_probability = np.zeros(len(rows))
    wrong_probability[complete] = _wrong_probabilities(*pairs, context, expected)
    for number, (issue, probability) in enumerate(zip(issues, wrong_probability, strict=True)):
        if issue:
            reasons.iloc[number] = f"alignment:{issue}"
        elif probability >= certainty:
            reasons.iloc[number] = f"alignment:other_text={probability:.2f}"
    return reasons


def _wrong_probabilities(
    sources: list[str], targets: list[str], context: Context, expected: float
) -> np.ndarray:
    """Return the probability (0 to 1) that each pair is wrong, by a lexicon learned from accepted and judged pairs."""
    import numpy as np

    accepted = context.accepted_rows
    if len(accepted):
        source, target = fields(context.task)
        accepted_sides = _language_sides(
            accepted[source].astype(str), accepted[target].astype(str), _languages(accepted, context.task)
        )
        sources, targets = accepted_sides[0] + sources, accepted_sides[1] + targets
    is_accepted = np.arange(len(sources)) < len(accepted)
    probabilities = misalignment_probabilities(
        sources, targets, is_accepted, expected=expected, seed=context.seed
    )
    return probabilities[len(accepted) :]


def _languages(rows: pd.DataFrame, task: Task) -> list[tuple[str, str]]:
    """Return the language codes of source and target of each row, from the row's direction or the task."""
    column = task.target.direction
    directions = rows[column].tolist() if column and column in rows.columns else [None] * len(rows)
    by_direction = {
        direction: tuple(map(str, task.languages_of(direction))) for direction in dict.fromkeys(directions)
    }
    return [(by_direction[direction][0], by_direction[direction][1]) for direction in directions]


def _language_sides(
    sources: Iterable[str], targets: Iterable[str], languages: Iterable[tuple[str, str]]
) -> tuple[list[str], list[str]]:
    """Return the texts sorted by language, so that rows of both translation directions train one lexicon.

    Args:
        sources: Source text of each row.
        targets: Target text of each row.
        languages: Language codes of source and target of each row.

    Returns:
        The texts in the language whose code sorts first, and the texts in the other language.
    """
    pairs = [
        (left, right) if pair_languages[0] <= pair_languages[1] else (right, left)
        for left, right, pair_languages in zip(sources, targets, languages, strict=True)
    ]
    return [left for left, _ in pairs], [right for _, right in pairs]


def fields(task: Task) -> tuple[str, str]:
    """Return the input field that is translated and the field with its translation.

    Returns:
        The first input field with a language (in a task with directions simply the first one), and the target field.

    Raises:
        UserError: A language is not declared, and no direction implies it.
    """
    if task.target.direction:
        return next(iter(task.inputs)), task.target.field
    source = next((name for name, field in task.inputs.items() if field.language), None)
    if source is None or task.target.language is None:
        raise UserError(
            "alignment compares a text with its translation: declare `language` for an input field and for the "
            "target (or `target.direction`), or remove the rule from the suite"
        )
    return source, task.target.field
