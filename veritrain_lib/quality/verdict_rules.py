"""What a gate's rules add up to: the table of rules, and the reasons to block a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.gx_expectations import is_row_rule
from veritrain_lib.quality.verdict import RULE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.gx_runner import Result
    from veritrain_lib.quality.rule_results import Findings
    from veritrain_lib.quality.suite import Suite

HARD_LEAK = "leakage:exact_test"
"""The one reason that people's rows are not excused for: an exact copy of a sealed test row."""


def rule_table(suite: Suite, results: dict[str, Result], count: int, findings: Findings) -> pd.DataFrame:
    import pandas as pd

    from veritrain_lib.statistics.intervals import agresti_coull

    lines = []
    for rule in suite.rules:
        result = results[rule.id]
        judged = 0 if result.error else (count if result.looked is None else result.looked)
        interval = agresti_coull(result.rejected if judged else 0, judged)
        kind = "rows" if is_row_rule(rule) else "dataset"
        if result.error:
            outcome = "error"
        elif result.success:
            outcome = "passed"
        else:
            outcome = "failed" if rule.severity == "critical" and result.decides else "warned"
        share = result.rejected / judged if judged else 0.0
        low, high = interval.low, interval.high
        found = findings.measured.get(rule.id)
        if found is not None and not result.error:
            judged, share, low, high = found.n, found.value, found.low, found.high
        lines.append([rule.id, rule.meta.check or rule.type, rule.severity, judged, result.rejected, share,
                      low, high, rule.limit, outcome, kind])  # fmt: skip
    return pd.DataFrame(lines, columns=RULE_COLUMNS)


def block_reasons(
    suite: Suite,
    results: dict[str, Result],
    table: pd.DataFrame,
    rows: pd.DataFrame,
    accepted: pd.DataFrame,
    context: Context,
    findings: Findings,
) -> list[str]:
    if not len(rows):
        return ["no rows: there is nothing to judge"]
    reasons = []
    for rule, line in zip(suite.rules, table.to_dict("records"), strict=True):
        if line["outcome"] == "error":
            reasons.append(f"{rule.id}: error, the rule could not be evaluated: {results[rule.id].error}")
        elif line["outcome"] == "failed" and rule.measures:
            note = findings.measured[rule.id].note
            reasons.append(
                f"{rule.id}: failed, {line['share']:.3f} (95 % interval {line['low']:.3f} to {line['high']:.3f}, n = "
                f"{line['checked']}), limit {line['limit']:.3f}{': ' if note else ''}{note}"
            )
        elif line["outcome"] == "failed" and results[rule.id].positions is None and rule.meta.check is None:
            observed = results[rule.id].observed
            saw = "" if observed is None else f"; it saw {str(observed)[:200]}"
            reasons.append(
                f"{rule.id}: failed, {rule.type} does not hold for the {line['checked']} rows{saw}"
            )
        elif line["outcome"] == "failed":
            reasons.append(
                f"{rule.id}: failed, {line['rejected']} of {line['checked']} rows rejected, share "
                f"{line['share']:.3f} (95 % interval {line['low']:.3f} to {line['high']:.3f}), limit {line['limit']:.3f}"
            )
    return [*reasons, *_dataset_reasons(suite, rows, accepted, context), *_leaks(rows, findings)]


def _dataset_reasons(suite: Suite, rows: pd.DataFrame, accepted: pd.DataFrame, context: Context) -> list[str]:
    from veritrain_lib.statistics.intervals import agresti_coull

    rules, reasons = suite.dataset, []
    if len(accepted) < rules.minimum_rows:
        reasons.append(f"minimum_rows: {len(accepted)} rows accepted, {rules.minimum_rows} needed")
    share = len(accepted) / len(rows)
    if share < rules.minimum_accepted_share:
        interval = agresti_coull(len(accepted), len(rows))
        reasons.append(
            f"minimum_accepted_share: {len(accepted)} of {len(rows)} rows accepted, share {share:.3f} (95 % interval "
            f"{interval.low:.3f} to {interval.high:.3f}), needed {rules.minimum_accepted_share:.3f}"
        )
    target = context.task.target.field
    have = accepted[target].value_counts().to_dict()
    if len(context.trusted):
        for label, count in context.trusted[target].value_counts().items():
            have[label] = have.get(label, 0) + int(count)
    short = {label: int(have.get(label, 0)) for label in context.task.labels
             if have.get(label, 0) < rules.minimum_rows_per_label}  # fmt: skip
    if short:
        shown = ", ".join(f"{label} has {count}" for label, count in list(short.items())[:10])
        reasons.append(
            f"coverage: {len(short)} of {len(context.task.labels)} labels have fewer than "
            f"{rules.minimum_rows_per_label} accepted or trusted rows: {shown}"
        )
    return reasons


def _leaks(rows: pd.DataFrame, findings: Findings) -> list[str]:
    human = [number for number, source in enumerate(rows["source"].tolist()) if source == "human"]
    found = [
        str(rows["id"].iloc[number])
        for reasons in findings.reasons.values()
        for number in human
        if reasons[number].startswith(HARD_LEAK)
    ]
    if not found:
        return []
    return [
        f"leakage: {len(found)} row(s) written by people are exact copies of sealed test rows: ids "
        f"{', '.join(found[:5])}; take them out of the test set or of the data"
    ]
