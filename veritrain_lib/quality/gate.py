"""The gate: runs a suite's checks on rows and says which rows go on, and whether the dataset may.

`judge` is the whole flow. Row checks fill one column `ok_<rule>` each, which is never null; Great Expectations
judges those columns against the suite's limits; whatever can't be evaluated blocks.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.duplicates.groups import duplicate_groups
from veritrain_lib.quality.removed_shares import removed_by_group, too_much_removed
from veritrain_lib.quality.rule_results import (
    Findings,
    excused_rows,
    hits,
    removed_so_far,
    results_of,
    run_checks,
    run_measures,
)
from veritrain_lib.quality.verdict import SEPARATOR, Verdict
from veritrain_lib.quality.verdict_rules import block_reasons, rule_table
from veritrain_lib.quality.verdict_summary import overview

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Suite

Reasons = dict[int, list[str]]
"""What was found of rows, by their number: hardly any row of a million has a reason."""


def judge(rows: pd.DataFrame, context: Context, suite: Suite) -> Verdict:
    """Judge rows with answers (columns as `records` says; the index does not count).

    A row that a rule with action `quarantine` rejects goes to quarantine. People's rows (source `human`) are
    never removed: what is wrong with them is a warning, and so is what a rule finds on a row that was chosen
    for its uncertainty when the rule says `on_uncertain: warn`. Such rows do not count as rejected. Rules that
    need a label look at the rows that the other checks leave: garbage would teach a student nonsense.

    The dataset is blocked when a critical rule's rejected share passes its limit, when any rule could not be
    evaluated, when too few rows or too small a share of them is accepted, when a label has too few rows, when too
    large a share of one label or slice is removed, or when a row of people is an exact copy of a test row.

    Raises UserError when a column is missing.
    """
    _need_columns(rows, context, context.task.columns)
    rows = rows.reset_index(drop=True)
    findings = Findings()
    excused = excused_rows(rows, suite.rules)
    if len(rows):
        run_checks(rows, context, [rule for rule in suite.rules if not rule.meta.needs_label], findings)
        gone = removed_so_far(rows, suite.rules, findings, excused)
        run_checks(rows, context, [rule for rule in suite.rules if rule.meta.needs_label], findings, gone)
        gone = removed_so_far(rows, suite.rules, findings, excused)
        run_measures(rows, context, suite.rules, findings, gone)
    results = results_of(rows, suite.rules, findings, excused)

    removing, warning = _sorted_out(suite, findings, excused)
    removed = _mask(removing, len(rows))
    warned = _mask(warning, len(rows)) & ~removed
    accepted = rows[~removed].reset_index(drop=True)
    table = rule_table(suite, results, len(rows), findings)
    by_group = removed_by_group(rows, removed, removing, context.task, suite.dataset.maximum_removed_share)
    blocks = block_reasons(suite, results, table, rows, accepted, context, findings)
    blocks += too_much_removed(by_group)
    quarantine = _with_reasons(rows, [removing, warning], removed)
    warnings = _with_reasons(rows, [warning], warned)
    said = [*quarantine["reasons"], *warnings["reasons"]]
    return Verdict(
        status="blocked" if blocks else "passed",
        block_reasons=blocks,
        rules=table,
        accepted=accepted,
        quarantine=quarantine,
        warnings=warnings,
        removed=by_group,
        groups=duplicate_groups([quarantine, warnings], [accepted, context.trusted], context.task),
        overview=overview(rows, accepted, int(warned.sum()), context.task, said) | _remarks(findings),
        suite=suite.name,
        suite_version=suite.version,
        suite_digest=suite.digest,
    )


def screen(rows: pd.DataFrame, context: Context, suite: Suite) -> pd.Series[str]:
    """Why each row of a pool may not be chosen: the reasons of all rules that need no label, "" for a good row.

    Aligned to `rows.index`. Of copies within the pool the first stays. Only rules with action `quarantine`
    screen; limits and dataset rules do not apply to a pool.

    Raises UserError when a column is missing or a rule could not be evaluated: a pool that was not screened
    must not be chosen from.
    """
    import numpy as np
    import pandas as pd

    _need_columns(rows, context, list(context.task.inputs))
    rules = [rule for rule in suite.rules if not rule.meta.needs_label and rule.meta.action == "quarantine"]
    clean = rows.reset_index(drop=True)
    findings = Findings()
    if len(clean):
        run_checks(clean, context, rules, findings)
        nobody = np.zeros(len(clean), dtype=bool)
        results = results_of(clean, rules, findings, {rule.id: nobody for rule in rules})
        findings.errors.update({one.rule: one.error for one in results.values() if one.error})
    if findings.errors:
        broken = SEPARATOR.join(f"{rule}: {error}" for rule, error in findings.errors.items())
        raise UserError(f"the pool could not be screened, so nothing may be chosen from it: {broken}")
    joined: Reasons = defaultdict(list)
    for rule in rules:
        _add(joined, findings.reasons.get(rule.id, []))
    told = [SEPARATOR.join(joined.get(number, [])) for number in range(len(rows))]
    return pd.Series(told, index=rows.index, dtype=object)


def _sorted_out(suite: Suite, findings: Findings, excused: dict[str, np.ndarray]) -> tuple[Reasons, Reasons]:
    """Reasons to take rows out, and reasons to warn of them, by the number of the row."""
    import numpy as np

    removing: Reasons = defaultdict(list)
    warning: Reasons = defaultdict(list)
    for rule in suite.rules:
        reasons = findings.reasons.get(rule.id, [])
        kept = excused[rule.id]
        if rule.meta.action == "warn" or not findings.decides(rule.id):
            kept = np.ones(len(kept), dtype=bool)
        _add(warning, reasons, kept)
        _add(removing, reasons, ~kept)
    return removing, warning


def _add(told: Reasons, reasons: list[str], asked: np.ndarray | None = None) -> None:
    import numpy as np

    found = hits(reasons)
    for number in np.flatnonzero(found if asked is None or not len(found) else found & asked).tolist():
        told[number].append(reasons[number])


def _remarks(findings: Findings) -> dict[str, Any]:
    """What checks on a sample say of themselves: `notes` by rule, and `numbers` by name; `measured` is what rules about
    the dataset as a whole say. Nothing empty is kept."""
    notes = {rule: sample.note for rule, sample in findings.sampled.items() if sample.note}
    told = {rule: one.note for rule, one in findings.measured.items() if one.note}
    numbers = {name: one for sample in findings.sampled.values() for name, one in sample.numbers.items()}
    parts = {"notes": notes, "numbers": numbers, "measured": told}
    return {name: part for name, part in parts.items() if part}


def _need_columns(rows: pd.DataFrame, context: Context, own: list[str]) -> None:
    for what, frame, names in (
        ("rows to judge", rows, ["id", *own, "source", "provenance"]),
        ("trusted rows", context.trusted, ["id", *context.task.columns, "source"]),
        ("development rows", context.development, ["id", *context.task.inputs]),
        ("test rows", context.test_inputs, ["id", *context.task.inputs]),
    ):
        absent = [name for name in names if name not in frame.columns]
        if absent and (len(frame) or what == "rows to judge"):
            raise UserError(
                f"the {what} lack the column(s) {', '.join(absent)}; they have: {', '.join(frame.columns)}"
            )


def _mask(told: Reasons, count: int) -> np.ndarray:
    import numpy as np

    found = np.zeros(count, dtype=bool)
    found[list(told)] = True
    return found


def _with_reasons(rows: pd.DataFrame, reasons: list[Reasons], chosen: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    table = rows[chosen].copy()
    said = [
        SEPARATOR.join(reason for told in reasons for reason in told.get(number, []))
        for number in np.flatnonzero(chosen).tolist()
    ]
    # Without a row the column would become one of numbers.
    table["reasons"] = pd.Series(said, index=table.index, dtype=object)
    return table.reset_index(drop=True)
