"""Check for wrong translation pairs: another row's target, a copy of the source, other numbers or placeholders.

A lexicon is learned from the pairs themselves, accepted ones first (`quality/translation/lexicon.py`,
`quality/translation/alignment_classifier.py`): it needs no dictionary and works for any two languages. On Tanaka
(Japanese to English) with a tenth of the pairs shuffled it finds 93 % of them at 1.5 % of right pairs
(`make bench-gate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.fitness import unfit_for
from veritrain_lib.quality.translation.alignment_classifier import misalignment_probabilities
from veritrain_lib.quality.translation.translation_checks import translation_issue

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def unfit(task: Task) -> str:
    """Return why the check can't judge a task's rows.

    Args:
        task: The task.

    Returns:
        The reason, "" when it can.
    """
    if task.labels:
        return "it compares a text with its translation, and the answers of this task are labels"
    try:
        fields(task)
    except UserError as error:
        return str(error)
    return ""


@unfit_for(unfit)
def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    certainty: Annotated[float, Field(gt=0, lt=1)] = 0.3,
    expected: Annotated[float, Field(gt=0, lt=1)] = 0.05,
) -> pd.Series[str]:
    """Flag rows whose target is no translation of their source.

    Reasons: `alignment:source_in_target` where the target is the source or a piece of it, `alignment:placeholders` and
    `alignment:numbers` where these differ, `alignment:other_text=<probability>` where source and target hardly match.

    The lexicon needs 200 pairs, accepted and judged ones together; with fewer only the other reasons apply. Rows without
    source or target are left to `contract`. In a task whose rows go both ways (`target.direction`) each row is judged in its
    own direction, and all of them train one lexicon.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        certainty: Probability (0 to 1) that a pair is wrong from which it is rejected.
        expected: Share (0 to 1) of wrong pairs that is assumed at least; more when the pairs suggest it.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: When the task has no language for its target or for any input field, and no direction.
    """
    import numpy as np
    import pandas as pd

    source, target = fields(context.task)
    reasons = pd.Series("", index=rows.index, dtype=object)
    source_texts, target_texts = (rows[name].fillna("").astype(str) for name in (source, target))
    complete = ((source_texts.str.strip() != "") & (target_texts.str.strip() != "")).to_numpy()
    accepted = context.accepted_rows
    languages = _languages(rows, context.task)
    issues = [
        translation_issue(source_text, target_text, pair_languages) if is_complete else ""
        for source_text, target_text, pair_languages, is_complete in zip(
            source_texts, target_texts, languages, complete, strict=True
        )
    ]
    sources, targets = _language_sides(
        source_texts[complete],
        target_texts[complete],
        [
            pair_languages
            for pair_languages, is_complete in zip(languages, complete, strict=True)
            if is_complete
        ],
    )
    if len(accepted):
        accepted_sides = _language_sides(
            accepted[source].astype(str), accepted[target].astype(str), _languages(accepted, context.task)
        )
        sources, targets = accepted_sides[0] + sources, accepted_sides[1] + targets
    is_accepted = np.arange(len(sources)) < len(accepted)
    wrong_probability = np.zeros(len(rows))
    wrong_probability[complete] = misalignment_probabilities(
        sources, targets, is_accepted, expected=expected, seed=context.seed
    )[len(accepted) :]
    for number, (issue, probability) in enumerate(zip(issues, wrong_probability, strict=True)):
        if issue:
            reasons.iloc[number] = f"alignment:{issue}"
        elif probability >= certainty:
            reasons.iloc[number] = f"alignment:other_text={probability:.2f}"
    return reasons


def _languages(rows: pd.DataFrame, task: Task) -> list[tuple[str, str]]:
    """Return the languages of source and target of each row, from its direction or the task."""
    column = task.target.direction
    directions = rows[column].tolist() if column and column in rows.columns else [None] * len(rows)
    by_direction = {
        direction: tuple(map(str, task.languages_of(direction))) for direction in dict.fromkeys(directions)
    }
    return [(by_direction[direction][0], by_direction[direction][1]) for direction in directions]


def _language_sides(
    sources: Iterable[str], targets: Iterable[str], languages: Iterable[tuple[str, str]]
) -> tuple[list[str], list[str]]:
    """Return the texts with one language on each side, so that both directions train one lexicon."""
    pairs = [
        (left, right) if pair_languages[0] <= pair_languages[1] else (right, left)
        for left, right, pair_languages in zip(sources, targets, languages, strict=True)
    ]
    return [left for left, _ in pairs], [right for _, right in pairs]


def fields(task: Task) -> tuple[str, str]:
    """Return the input field that is translated and the field with its translation.

    Args:
        task: The task.

    Returns:
        The first input field with a language (with a direction the first input field), and the target field.

    Raises:
        UserError: When a language is not declared, and no direction implies it.
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
