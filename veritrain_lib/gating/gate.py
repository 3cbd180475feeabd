"""The gate: runs a suite's checks on rows and says which rows go on, and whether the dataset may.

`judge` is the whole flow. Row checks fill one column `ok_<rule>` each, which is never null; Great Expectations
judges those columns against the suite's limits; whatever can't be evaluated blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.errors import UserError
from veritrain_lib.gating.blocking import block_reasons, rule_table
from veritrain_lib.gating.findings import Findings, excused_rows, removed_so_far, results_of, run_checks
from veritrain_lib.gating.overview import overview
from veritrain_lib.gating.verdict import SEPARATOR, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.gating.context import Context
    from veritrain_lib.gating.suite import Suite


def judge(rows: pd.DataFrame, context: Context, suite: Suite) -> Verdict:
    """Judge rows with answers (columns as `records` says; the index does not count).

    A row that a rule with action `quarantine` rejects goes to quarantine. People's rows (source `human`) are
    never removed: what is wrong with them is a warning, and so is what a rule finds on a row that was chosen
    for its uncertainty when the rule says `on_uncertain: warn`. Such rows do not count as rejected. Rules that
    need a label look at the rows that the other checks leave: garbage would teach a student nonsense.

    The dataset is blocked when a critical rule's rejected share passes its limit, when any rule could not be
    evaluated, when too few rows or too small a share of them is accepted, when a label has too few rows, or
    when a row of people is an exact copy of a test row.

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
    results = results_of(rows, suite.rules, findings, excused)

    removing: list[list[str]] = [[] for _ in range(len(rows))]
    warning: list[list[str]] = [[] for _ in range(len(rows))]
    for rule in suite.rules:
        for number, reason in enumerate(findings.reasons.get(rule.id, [])):
            if reason:
                kept = rule.meta.action == "warn" or excused[rule.id][number]
                (warning if kept else removing)[number].append(reason)

    removed = _mask([bool(found) for found in removing])
    warned = _mask([bool(found) for found in warning]) & ~removed
    accepted = rows[~removed].reset_index(drop=True)
    table = rule_table(suite, results, len(rows))
    blocks = block_reasons(suite, results, table, rows, accepted, context, findings)
    return Verdict(
        status="blocked" if blocks else "passed",
        block_reasons=blocks,
        rules=table,
        accepted=accepted,
        quarantine=_with_reasons(rows, [*map(list.__add__, removing, warning)], removed),
        warnings=_with_reasons(rows, warning, warned),
        overview=overview(rows, accepted, int(warned.sum()), context.task),
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
    import pandas as pd

    _need_columns(rows, context, list(context.task.inputs))
    rules = [rule for rule in suite.rules if not rule.meta.needs_label and rule.meta.action == "quarantine"]
    clean = rows.reset_index(drop=True)
    findings = Findings()
    if len(clean):
        run_checks(clean, context, rules, findings)
        results = results_of(clean, rules, findings, {rule.id: [False] * len(clean) for rule in rules})
        findings.errors.update({one.rule: one.error for one in results.values() if one.error})
    if findings.errors:
        broken = SEPARATOR.join(f"{rule}: {error}" for rule, error in findings.errors.items())
        raise UserError(f"the pool could not be screened, so nothing may be chosen from it: {broken}")
    joined = [
        SEPARATOR.join(
            found for rule in rules if (found := findings.reasons.get(rule.id, [""] * len(clean))[number])
        )
        for number in range(len(clean))
    ]
    return pd.Series(joined, index=rows.index, dtype=object)


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


def _mask(values: list[bool]) -> np.ndarray:
    import numpy as np

    return np.array(values, dtype=bool)


def _with_reasons(rows: pd.DataFrame, reasons: list[list[str]], chosen: np.ndarray) -> pd.DataFrame:
    table = rows[chosen].copy()
    table["reasons"] = [SEPARATOR.join(found) for found, keep in zip(reasons, chosen, strict=True) if keep]
    return table.reset_index(drop=True)
