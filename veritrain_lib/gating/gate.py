"""The gate: runs a suite's checks on rows and says which rows go on, and whether the dataset may.

`judge` is the whole flow. Row checks fill one column `ok_<rule>` each, which is never null; Great Expectations
judges those columns against the suite's limits; whatever can't be evaluated blocks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib import registry
from veritrain_lib.errors import UserError
from veritrain_lib.gating.engine import Result, evaluate, is_row_rule
from veritrain_lib.gating.overview import overview
from veritrain_lib.gating.parameters import checked
from veritrain_lib.gating.verdict import RULE_COLUMNS, SEPARATOR, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.gating.context import Context
    from veritrain_lib.gating.suite import Rule, Suite

HARD_LEAK = "leakage:exact_test"
"""The one reason that people's rows are not excused for: an exact copy of a sealed test row."""


@dataclass
class _Findings:
    """Reasons by rule, aligned to the rows' positions, and the rules that broke with what they said."""

    reasons: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def judge(rows: pd.DataFrame, context: Context, suite: Suite) -> Verdict:
    """Judge rows with answers (columns as `records` says; the index does not count).

    A row that a rule with action `quarantine` rejects goes to quarantine. People's rows (source `human`) are
    never removed: what is wrong with them is a warning, and so is what a rule finds on a row that was chosen
    for its uncertainty when the rule says `on_uncertain: warn`. Such rows do not count as rejected.

    The dataset is blocked when a critical rule's rejected share passes its limit, when any rule could not be
    evaluated, when too few rows or too small a share of them is accepted, when a label has too few rows, or
    when a row of people is an exact copy of a test row.

    Raises UserError when a column is missing.
    """
    _need_columns(rows, context, context.task.columns)
    rows = rows.reset_index(drop=True)
    findings = _Findings()
    if len(rows):
        _run_checks(rows, context, suite.rules, findings)
    excused = _excused(rows, suite.rules)
    results = _results(rows, suite.rules, findings, excused)

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
    table = _rule_table(suite, results, len(rows))
    blocks = _block_reasons(suite, results, table, rows, accepted, context, findings)
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
    findings = _Findings()
    if len(clean):
        _run_checks(clean, context, rules, findings)
        results = _results(clean, rules, findings, {rule.id: [False] * len(clean) for rule in rules})
        findings.errors.update({one.rule: one.error for one in results.values() if one.error})
    if findings.errors:
        broken = SEPARATOR.join(f"{rule}: {error}" for rule, error in findings.errors.items())
        raise UserError(f"the pool could not be screened, so nothing may be chosen from it: {broken}")
    joined = [
        SEPARATOR.join(found for rule in rules if (found := findings.reasons.get(rule.id, [""] * len(clean))[number]))
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
            raise UserError(f"the {what} lack the column(s) {', '.join(absent)}; they have: {', '.join(frame.columns)}")


def _run_checks(rows: pd.DataFrame, context: Context, rules: Sequence[Rule], findings: _Findings) -> None:
    for rule in rules:
        if rule.meta.check is None:
            continue
        try:
            check = registry.get("checks", rule.meta.check)
            found = check(rows, context, **checked(rule.id, check, rule.meta.parameters))
            findings.reasons[rule.id] = _as_reasons(rule, found, rows)
        except Exception as error:  # noqa: BLE001 - any crash of a check must block, and the verdict tells it
            findings.errors[rule.id] = f"{type(error).__name__}: {error}"


def _as_reasons(rule: Rule, found: pd.Series[str], rows: pd.DataFrame) -> list[str]:
    if not found.index.equals(rows.index):
        raise ValueError(f"check {rule.meta.check} answered for {len(found)} other rows than the {len(rows)} asked")
    reasons = found.tolist()
    if not all(isinstance(reason, str) for reason in reasons):
        raise TypeError(f"check {rule.meta.check} must answer with text for every row, not nulls or other types")
    return reasons


def _excused(rows: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, list[bool]]:
    """For each rule, whether each row keeps its place whatever the rule finds."""
    human = (rows["source"] == "human").tolist()
    uncertain = [_chosen_by(text) == "uncertainty" for text in rows["provenance"]]
    return {
        rule.id: [
            person or (doubt and rule.meta.on_uncertain == "warn")
            for person, doubt in zip(human, uncertain, strict=True)
        ]
        for rule in rules
    }


def _chosen_by(provenance: object) -> str:
    if not isinstance(provenance, str) or not provenance.startswith("{"):
        return ""
    try:
        return str(json.loads(provenance).get("chosen_by", ""))
    except json.JSONDecodeError:
        return ""


def _results(
    rows: pd.DataFrame, rules: Sequence[Rule], findings: _Findings, excused: dict[str, list[bool]]
) -> dict[str, Result]:
    """Results by rule id; the reasons of stock expectations are added to the findings."""
    if not len(rows):
        return {rule.id: Result(rule.id, False, 0, None, "there are no rows to judge") for rule in rules}
    frame = rows.copy()
    for rule in rules:
        if rule.id in findings.reasons:
            pairs = zip(findings.reasons[rule.id], excused[rule.id], strict=True)
            frame[f"ok_{rule.id}"] = [reason == "" or kept for reason, kept in pairs]
    ready = [rule for rule in rules if rule.id not in findings.errors]
    try:
        results = evaluate(ready, frame)
    except Exception as error:  # noqa: BLE001 - a suite that could not be run blocks, rule by rule
        said = f"{type(error).__name__}: {error}"
        results = {rule.id: Result(rule.id, False, 0, None, said) for rule in ready}
    for rule in ready:
        result = results[rule.id]
        if rule.meta.check is None and result.positions is not None:
            hit = set(result.positions)
            findings.reasons[rule.id] = [f"{rule.id}:rejected" if n in hit else "" for n in range(len(rows))]
            counted = [n for n in hit if not excused[rule.id][n]]
            success = len(counted) / len(rows) <= rule.limit
            results[rule.id] = Result(rule.id, success, len(counted), tuple(sorted(hit)))
        elif rule.meta.check is not None and result.error is None:
            ours = len(rows) - int(frame[f"ok_{rule.id}"].sum())
            if ours != result.rejected:
                said = f"Great Expectations counted {result.rejected} rejected rows, the check {ours}"
                results[rule.id] = Result(rule.id, False, ours, None, said)
    for rule_id, said in findings.errors.items():
        results[rule_id] = Result(rule_id, False, 0, None, said)
    return results


def _rule_table(suite: Suite, results: dict[str, Result], count: int) -> pd.DataFrame:
    import pandas as pd

    from veritrain_lib.statistics.intervals import wilson

    lines = []
    for rule in suite.rules:
        result = results[rule.id]
        judged = 0 if result.error else count
        interval = wilson(result.rejected if judged else 0, judged)
        if result.error:
            outcome = "error"
        elif result.success:
            outcome = "passed"
        else:
            outcome = "failed" if rule.severity == "critical" else "warned"
        share = result.rejected / judged if judged else 0.0
        lines.append([rule.id, rule.meta.check or rule.type, rule.severity, judged, result.rejected, share,
                      interval.low, interval.high, rule.limit, outcome])  # fmt: skip
    return pd.DataFrame(lines, columns=RULE_COLUMNS)


def _block_reasons(
    suite: Suite,
    results: dict[str, Result],
    table: pd.DataFrame,
    rows: pd.DataFrame,
    accepted: pd.DataFrame,
    context: Context,
    findings: _Findings,
) -> list[str]:
    if not len(rows):
        return ["no rows: there is nothing to judge"]
    reasons = []
    for rule, line in zip(suite.rules, table.to_dict("records"), strict=True):
        if line["outcome"] == "error":
            reasons.append(f"{rule.id}: error, the rule could not be evaluated: {results[rule.id].error}")
        elif line["outcome"] == "failed" and not is_row_rule(rule):
            reasons.append(f"{rule.id}: failed, {rule.type} does not hold for the {line['checked']} rows")
        elif line["outcome"] == "failed":
            reasons.append(
                f"{rule.id}: failed, {line['rejected']} of {line['checked']} rows rejected, share "
                f"{line['share']:.3f} (95 % interval {line['low']:.3f} to {line['high']:.3f}), limit {line['limit']:.3f}"
            )
    return [*reasons, *_dataset_reasons(suite, rows, accepted, context), *_leaks(rows, findings)]


def _dataset_reasons(suite: Suite, rows: pd.DataFrame, accepted: pd.DataFrame, context: Context) -> list[str]:
    from veritrain_lib.statistics.intervals import wilson

    rules, reasons = suite.dataset, []
    if len(accepted) < rules.minimum_rows:
        reasons.append(f"minimum_rows: {len(accepted)} rows accepted, {rules.minimum_rows} needed")
    share = len(accepted) / len(rows)
    if share < rules.minimum_accepted_share:
        interval = wilson(len(accepted), len(rows))
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


def _leaks(rows: pd.DataFrame, findings: _Findings) -> list[str]:
    human = (rows["source"] == "human").tolist()
    found = [
        str(rows["id"].iloc[number])
        for reasons in findings.reasons.values()
        for number, reason in enumerate(reasons)
        if human[number] and reason.startswith(HARD_LEAK)
    ]
    if not found:
        return []
    return [
        f"leakage: {len(found)} row(s) written by people are exact copies of sealed test rows: ids "
        f"{', '.join(found[:5])}; take them out of the test set or of the data"
    ]


def _mask(values: list[bool]) -> np.ndarray:
    import numpy as np

    return np.array(values, dtype=bool)


def _with_reasons(rows: pd.DataFrame, reasons: list[list[str]], chosen: np.ndarray) -> pd.DataFrame:
    table = rows[chosen].copy()
    table["reasons"] = [SEPARATOR.join(found) for found, keep in zip(reasons, chosen, strict=True) if keep]
    return table.reset_index(drop=True)
