"""Gate's verdict from the results of its rules: the table of rules, and the reasons to block a dataset.

Open this to see when a dataset is blocked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.gx_expectations import is_row_rule
from veritrain_lib.quality.verdict import RULE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.gx_runner import ExpectationResult
    from veritrain_lib.quality.rule_results import RuleResults
    from veritrain_lib.quality.suite import Suite

HARD_LEAK = "leakage:exact_test"
"""Beginning of the reason of a row that is an exact copy of a held-out test row.

Such a row blocks the dataset even if a person wrote it.
"""


def rule_table(
    suite: Suite, results: dict[str, ExpectationResult], count: int, rule_results: RuleResults
) -> pd.DataFrame:
    """Return the table of the gate's rules with the shares of rejected rows, intervals and outcomes.

    Args:
        suite: The suite.
        results: Results by rule id.
        count: Number of rows judged.
        rule_results: Results of the checks.

    Returns:
        One line a rule, with the columns of `GateVerdict.rules`.
    """
    import pandas as pd

    from veritrain_lib.statistics.intervals import agresti_coull

    lines = []
    for rule in suite.rules:
        result = results[rule.id]
        checked = 0 if result.error else (count if result.examined is None else result.examined)
        interval = agresti_coull(result.rejected if checked else 0, checked)
        kind = "rows" if is_row_rule(rule) else "dataset"
        if result.error:
            outcome = "error"
        elif result.success:
            outcome = "passed"
        else:
            outcome = "failed" if rule.severity == "critical" and result.decides else "warned"
        share = result.rejected / checked if checked else 0.0
        low, high = interval.low, interval.high
        metric = rule_results.dataset_metrics.get(rule.id)
        if metric is not None and not result.error:
            checked, share, low, high = metric.n, metric.value, metric.low, metric.high
        lines.append([rule.id, rule.meta.check or rule.type, rule.severity, checked, result.rejected, share,
                      low, high, rule.limit, outcome, kind])  # fmt: skip
    return pd.DataFrame(lines, columns=RULE_COLUMNS)


def block_reasons(
    suite: Suite,
    results: dict[str, ExpectationResult],
    table: pd.DataFrame,
    rows: pd.DataFrame,
    accepted: pd.DataFrame,
    context: Context,
    rule_results: RuleResults,
) -> list[str]:
    """Return the gate's reasons to block a dataset, one sentence each; empty if it passes.

    Args:
        suite: The suite.
        results: Results by rule id.
        table: Table of rules from `rule_table`.
        rows: All rows.
        accepted: Rows that were not removed.
        context: Context of the gate.
        rule_results: Results of the checks.

    Returns:
        Reasons by rule in the order of the suite, then those of the limits of the whole dataset, then leaks of test
        rows.
    """
    if not len(rows):
        return ["no rows: there is nothing to judge"]
    reasons = []
    for rule, line in zip(suite.rules, table.to_dict("records"), strict=True):
        if line["outcome"] == "error":
            reasons.append(f"{rule.id}: error, the rule could not be evaluated: {results[rule.id].error}")
        elif line["outcome"] == "failed" and rule.measures:
            note = rule_results.dataset_metrics[rule.id].note
            reasons.append(
                f"{rule.id}: failed, {line['share']:.3f} (95 % interval {line['low']:.3f} to {line['high']:.3f}, n = "
                f"{line['checked']}), limit {line['limit']:.3f}{': ' if note else ''}{note}"
            )
        elif line["outcome"] == "failed" and results[rule.id].positions is None and rule.meta.check is None:
            observed = results[rule.id].observed
            observation = "" if observed is None else f"; observed: {str(observed)[:200]}"
            reasons.append(
                f"{rule.id}: failed, {rule.type} does not hold for the {line['checked']} rows{observation}"
            )
        elif line["outcome"] == "failed":
            reasons.append(
                f"{rule.id}: failed, {line['rejected']} of {line['checked']} rows rejected, share "
                f"{line['share']:.3f} (95 % interval {line['low']:.3f} to {line['high']:.3f}), limit {line['limit']:.3f}"
            )
    return [*reasons, *_dataset_reasons(suite, rows, accepted, context), *_leaks(rows, rule_results)]


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
    counts = accepted[target].value_counts().to_dict()
    if len(context.accepted_rows):
        for label, count in context.accepted_rows[target].value_counts().items():
            counts[label] = counts.get(label, 0) + int(count)
    missing = {label: int(counts.get(label, 0)) for label in context.task.labels
             if counts.get(label, 0) < rules.minimum_rows_per_label}  # fmt: skip
    if missing:
        listed = ", ".join(f"{label} has {count}" for label, count in list(missing.items())[:10])
        reasons.append(
            f"coverage: {len(missing)} of {len(context.task.labels)} labels have fewer than "
            f"{rules.minimum_rows_per_label} accepted rows: {listed}"
        )
    return reasons


def _leaks(rows: pd.DataFrame, rule_results: RuleResults) -> list[str]:
    human = [number for number, source in enumerate(rows["source"].tolist()) if source == "human"]
    leaked_ids = [
        str(rows["id"].iloc[number])
        for reasons in rule_results.reasons.values()
        for number in human
        if reasons[number].startswith(HARD_LEAK)
    ]
    if not leaked_ids:
        return []
    return [
        f"leakage: {len(leaked_ids)} row(s) written by people are exact copies of held-out test rows: ids "
        f"{', '.join(leaked_ids[:5])}; remove them from the test set or from the data"
    ]
