"""Gate: a suite of checks decides which rows are accepted and whether the dataset passes (`run_gate`).

`run_gate` is the whole flow. Each row check fills one column `ok_<rule>`, which is never null; Great Expectations
compares these columns with the suite's limits; a rule that can't be evaluated blocks the dataset.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.duplicates.groups import duplicate_groups
from veritrain_lib.quality.removed_shares import removed_by_group, too_much_removed
from veritrain_lib.quality.rule_results import (
    RuleResults,
    excused_rows,
    has_reason,
    removed_so_far,
    results_of,
    run_checks,
    run_measures,
    uncounted_rows,
)
from veritrain_lib.quality.verdict import SEPARATOR, GateVerdict
from veritrain_lib.quality.verdict_rules import block_reasons, rule_table
from veritrain_lib.quality.verdict_summary import overview

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Suite

Reasons = dict[int, list[str]]
"""Reasons of the flagged rows by row number, from 0; rows without a reason are left out."""


def run_gate(rows: pd.DataFrame, context: Context, suite: Suite) -> GateVerdict:
    """Judge rows with answers by a gate suite and return the verdict.

    A row that is rejected by a rule with action `quarantine` goes to quarantine. Rows that people wrote (source
    `human`) are never removed; a rule that rejects one only warns. If a rule says `on_uncertain: warn`, it also only
    warns of rows that were chosen because a model was uncertain about them. Rows that are only warned of do not count
    as rejected, nor do rows that `on_uncertain: set_aside` removes. Rules that need a label check only the rows that
    the other checks leave, because garbage would spoil the training of a student (a small model). A rule that judges
    the rows accepted earlier again removes those that it rejects now (`GateVerdict.withdrawn`).

    The dataset is blocked if a critical rule's rejected share exceeds its limit, if any rule could not be evaluated,
    if too few rows or too small a share of them is accepted, if a label has too few rows, if too large a share of
    one label or slice is removed, or if a row that people wrote is an exact copy of a test row.

    Args:
        rows: Rows to judge with the columns of `core.records`; the index is ignored.
        context: Task, reference data and services.
        suite: The suite.

    Returns:
        The verdict with accepted, quarantined and warned rows.

    Raises:
        UserError: A column is missing; or a check's budget is spent (`Refused`) or its service fails (`Infrastructure`).
    """
    _need_columns(rows, context, context.task.columns)
    rows = rows.reset_index(drop=True)
    excused = excused_rows(rows, suite.rules)
    rule_results = _run_rules(rows, context, suite, excused)
    results = results_of(rows, suite.rules, rule_results, uncounted_rows(rows, suite.rules, excused))

    removal_reasons, warning_reasons = _removals_and_warnings(suite, rule_results, excused)
    removed = _mask(removal_reasons, len(rows))
    warned = _mask(warning_reasons, len(rows)) & ~removed
    accepted = rows[~removed].reset_index(drop=True)
    table = rule_table(suite, results, len(rows), rule_results)
    by_group = removed_by_group(
        rows, removed, removal_reasons, context.task, suite.dataset.maximum_removed_share
    )
    blocks = block_reasons(suite, results, table, rows, accepted, context, rule_results)
    blocks += too_much_removed(by_group)
    quarantine = _with_reasons(rows, [removal_reasons, warning_reasons], removed)
    warnings = _with_reasons(rows, [warning_reasons], warned)
    all_reasons = [*quarantine["reasons"], *warnings["reasons"]]
    return GateVerdict(
        status="blocked" if blocks else "passed",
        block_reasons=blocks,
        rules=table,
        accepted=accepted,
        quarantine=quarantine,
        warnings=warnings,
        withdrawn=_withdrawn(suite, rule_results, context.accepted_rows),
        removed=by_group,
        groups=duplicate_groups([quarantine, warnings], [accepted, context.accepted_rows], context.task),
        overview=overview(rows, accepted, int(warned.sum()), context.task, all_reasons)
        | _notes_and_numbers(rule_results),
        suite=suite.name,
        suite_version=suite.version,
        suite_digest=suite.digest,
    )


def _run_rules(
    rows: pd.DataFrame, context: Context, suite: Suite, excused: dict[str, np.ndarray]
) -> RuleResults:
    """Run all checks of a suite in three steps and return their results.

    First run the checks that need no label, then those that need one on the rows that are left, then the measures of
    the whole dataset on the rows that are left then.
    """
    rule_results = RuleResults()
    if not len(rows):
        return rule_results
    run_checks(rows, context, [rule for rule in suite.rules if not rule.meta.needs_label], rule_results)
    removed = removed_so_far(rows, suite.rules, rule_results, excused)
    needing_label = [rule for rule in suite.rules if rule.meta.needs_label]
    run_checks(rows, context, needing_label, rule_results, removed)
    removed = removed_so_far(rows, suite.rules, rule_results, excused)
    run_measures(rows, context, suite.rules, rule_results, removed)
    return rule_results


def _withdrawn(suite: Suite, rule_results: RuleResults, accepted: pd.DataFrame) -> pd.DataFrame:
    """Return the rows accepted earlier that a rule with action `quarantine` rejects now.

    Rows that people wrote are never among them.
    """
    reasons: Reasons = defaultdict(list)
    human = (accepted["source"] == "human").to_numpy(dtype=bool) if len(accepted) else None
    for rule in suite.rules:
        if rule.meta.action == "quarantine" and rule_results.decides(rule.id):
            judged = rule_results.accepted_reasons.get(rule.id, [])
            _add(reasons, judged, None if human is None else ~human)
    return _with_reasons(accepted, [reasons], _mask(reasons, len(accepted)))


def screen(rows: pd.DataFrame, context: Context, suite: Suite) -> pd.Series[str]:
    """Return for each row of a pool (candidate rows without answers) the reasons why the gate's rules reject it.

    A row with a reason must not be chosen for a dataset. Of duplicates within the pool the first is kept. Only rules
    with action `quarantine` that need no label apply; limits and rules about the whole dataset do not.

    Args:
        rows: Rows of the pool, without answers.
        context: Task, reference data and services.
        suite: The suite.

    Returns:
        The reasons of all rules for each row, joined and aligned to `rows.index`; "" for a good row.

    Raises:
        UserError: A column is missing, or a rule could not be evaluated: nothing may be chosen from a pool that was not
            screened.
        Refused, Infrastructure: A check's budget is spent, or a service that it needs has failed.
    """
    import numpy as np
    import pandas as pd

    _need_columns(rows, context, list(context.task.inputs))
    rules = [rule for rule in suite.rules if not rule.meta.needs_label and rule.meta.action == "quarantine"]
    indexed = rows.reset_index(drop=True)
    rule_results = RuleResults()
    if len(indexed):
        run_checks(indexed, context, rules, rule_results)
        none_excused = np.zeros(len(indexed), dtype=bool)
        results = results_of(indexed, rules, rule_results, {rule.id: none_excused for rule in rules})
        rule_results.errors.update({result.rule: result.error for result in results.values() if result.error})
    if rule_results.errors:
        failures = SEPARATOR.join(f"{rule}: {error}" for rule, error in rule_results.errors.items())
        raise UserError(f"the pool could not be screened, so nothing may be chosen from it: {failures}")
    reasons: Reasons = defaultdict(list)
    for rule in rules:
        _add(reasons, rule_results.reasons.get(rule.id, []))
    reasons_by_row = [SEPARATOR.join(reasons.get(number, [])) for number in range(len(rows))]
    return pd.Series(reasons_by_row, index=rows.index, dtype=object)


def _removals_and_warnings(
    suite: Suite, rule_results: RuleResults, excused: dict[str, np.ndarray]
) -> tuple[Reasons, Reasons]:
    """Return the reasons to remove rows and the reasons to warn of rows, each by row number."""
    import numpy as np

    removal_reasons: Reasons = defaultdict(list)
    warning_reasons: Reasons = defaultdict(list)
    for rule in suite.rules:
        rule_reasons = rule_results.reasons.get(rule.id, [])
        warn_only = excused[rule.id]
        if rule.meta.action == "warn" or not rule_results.decides(rule.id):
            warn_only = np.ones(len(warn_only), dtype=bool)
        _add(warning_reasons, rule_reasons, warn_only)
        _add(removal_reasons, rule_reasons, ~warn_only)
    return removal_reasons, warning_reasons


def _add(collected: Reasons, reasons: list[str], mask: np.ndarray | None = None) -> None:
    import numpy as np

    flagged = has_reason(reasons)
    for number in np.flatnonzero(flagged if mask is None or not len(flagged) else flagged & mask).tolist():
        collected[number].append(reasons[number])


def _notes_and_numbers(rule_results: RuleResults) -> dict[str, Any]:
    """Return the messages and numbers of checks for the verdict's overview.

    Returns:
        Up to three entries: `notes` (by rule) and `numbers` (by name) from checks on a sample, and `measured` (messages
        by rule) from rules about the dataset as a whole. Empty ones are left out.
    """
    notes = {rule: sample.note for rule, sample in rule_results.sampled.items() if sample.note}
    metric_notes = {rule: metric.note for rule, metric in rule_results.dataset_metrics.items() if metric.note}
    numbers = {
        name: number for sample in rule_results.sampled.values() for name, number in sample.numbers.items()
    }
    parts = {"notes": notes, "numbers": numbers, "measured": metric_notes}
    return {name: part for name, part in parts.items() if part}


def _need_columns(rows: pd.DataFrame, context: Context, task_columns: list[str]) -> None:
    for description, frame, names in (
        ("rows to judge", rows, ["id", *task_columns, "source", "provenance"]),
        ("accepted rows", context.accepted_rows, ["id", *context.task.columns, "source"]),
        ("development rows", context.development, ["id", *context.task.inputs]),
        ("test rows", context.test_inputs, ["id", *context.task.inputs]),
    ):
        missing = [name for name in names if name not in frame.columns]
        if missing and (len(frame) or description == "rows to judge"):
            raise UserError(
                f"the {description} lack the column(s) {', '.join(missing)}; they have: {', '.join(frame.columns)}"
            )


def _mask(reasons: Reasons, count: int) -> np.ndarray:
    import numpy as np

    mask = np.zeros(count, dtype=bool)
    mask[list(reasons)] = True
    return mask


def _with_reasons(rows: pd.DataFrame, reasons: list[Reasons], mask: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    table = rows[mask].copy()
    texts = [
        SEPARATOR.join(reason for by_row in reasons for reason in by_row.get(number, []))
        for number in np.flatnonzero(mask).tolist()
    ]
    # Without rows pandas would infer a numeric column.
    table["reasons"] = pd.Series(texts, index=table.index, dtype=object)
    return table.reset_index(drop=True)
