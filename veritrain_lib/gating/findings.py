"""Running a suite's rules on rows: what each finds, and what breaks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib import registry
from veritrain_lib.gating.engine import Result, evaluate
from veritrain_lib.gating.parameters import checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.gating.context import Context
    from veritrain_lib.gating.suite import Rule


@dataclass
class Findings:
    """Reasons by rule, aligned to the rows' positions, and the rules that broke with what they said."""

    reasons: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def run_checks(
    rows: pd.DataFrame,
    context: Context,
    rules: Sequence[Rule],
    findings: Findings,
    gone: np.ndarray | None = None,
) -> None:
    asked = rows if gone is None else rows[~gone].reset_index(drop=True)
    for rule in rules:
        if rule.meta.check is None:
            continue
        try:
            check = registry.get("checks", rule.meta.check)
            found = check(asked, context, **checked(rule.id, check, rule.meta.parameters))
            reasons = _as_reasons(rule, found, asked)
            if gone is not None:
                answers = iter(reasons)
                reasons = ["" if out else next(answers) for out in gone]
            findings.reasons[rule.id] = reasons
        except Exception as error:  # noqa: BLE001 - any crash of a check must block, and the verdict tells it
            findings.errors[rule.id] = f"{type(error).__name__}: {error}"


def removed_so_far(
    rows: pd.DataFrame, rules: Sequence[Rule], findings: Findings, excused: dict[str, list[bool]]
) -> np.ndarray:
    """Whether each row is removed by what was found so far."""
    import numpy as np

    removing = [rule for rule in rules if rule.meta.action == "quarantine" and rule.id in findings.reasons]
    gone = np.zeros(len(rows), dtype=bool)
    for rule in removing:
        gone |= np.array([bool(r) for r in findings.reasons[rule.id]]) & ~np.array(excused[rule.id])
    return gone


def _as_reasons(rule: Rule, found: pd.Series[str], rows: pd.DataFrame) -> list[str]:
    if not found.index.equals(rows.index):
        raise ValueError(
            f"check {rule.meta.check} answered for {len(found)} other rows than the {len(rows)} asked"
        )
    reasons = found.tolist()
    if not all(isinstance(reason, str) for reason in reasons):
        raise TypeError(
            f"check {rule.meta.check} must answer with text for every row, not nulls or other types"
        )
    return reasons


def excused_rows(rows: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, list[bool]]:
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


def results_of(
    rows: pd.DataFrame, rules: Sequence[Rule], findings: Findings, excused: dict[str, list[bool]]
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
