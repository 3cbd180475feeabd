"""Running a suite's rules on rows: what each finds, and what breaks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.errors import Infrastructure, Refused
from veritrain_lib.quality.check_parameters import checked
from veritrain_lib.quality.dataset_metric import Measured, judged
from veritrain_lib.quality.gx_runner import Result, evaluate
from veritrain_lib.quality.prepared_texts import pass_on
from veritrain_lib.quality.sampled_result import Sampled
from veritrain_lib.quality.side_process import checks_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Rule


@dataclass
class Findings:
    """Reasons by rule, aligned to the rows' positions, and the rules that broke with what they said. `sampled`
    holds, by rule, what a check said that looked at a sample only; its `looked` counts the rows it looked at.
    `measured` holds what rules about the dataset as a whole found."""

    reasons: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    sampled: dict[str, Sampled] = field(default_factory=dict)
    measured: dict[str, Measured] = field(default_factory=dict)

    def decides(self, rule_id: str) -> bool:
        """Whether what a rule found may remove rows and block."""
        return rule_id not in self.sampled or self.sampled[rule_id].decides


def run_checks(
    rows: pd.DataFrame,
    context: Context,
    rules: Sequence[Rule],
    findings: Findings,
    gone: np.ndarray | None = None,
    *,
    beside: bool = True,
) -> None:
    """Ask the rules' checks of the rows that are not `gone`, of very many rows in two processes if `beside`."""
    import numpy as np

    asked = rows
    if gone is not None:
        asked = rows[~gone].reset_index(drop=True)
        pass_on(rows, asked, np.flatnonzero(~gone))
    asking = [rule for rule in rules if rule.meta.check is not None and not rule.measures]
    with checks_beside(asked, context, asking if beside and gone is None else []) as elsewhere:
        theirs = elsewhere.rules if elsewhere else frozenset()
        for rule in asking:
            if rule.id not in theirs:
                _ask(rule, asked, context, findings, gone)
        if elsewhere and not elsewhere.finish(findings):
            for rule in asking:
                if rule.id in theirs:
                    _ask(rule, asked, context, findings, gone)


def _ask(
    rule: Rule, asked: pd.DataFrame, context: Context, findings: Findings, gone: np.ndarray | None
) -> None:
    try:
        check = registry.get("checks", str(rule.meta.check))
        found = check(_shown(check, asked), context, **checked(rule.id, check, rule.meta.parameters))
        if isinstance(found, Sampled):
            findings.sampled[rule.id] = found
            found = found.reasons
        reasons = _as_reasons(rule, found, asked)
        if gone is not None:
            answers = iter(reasons)
            reasons = ["" if out else next(answers) for out in gone]
        findings.reasons[rule.id] = reasons
    except (Refused, Infrastructure):
        # The money or the service ran out, which says nothing of the data: no verdict may be stored.
        raise
    except Exception as error:  # noqa: BLE001 - any crash of a check must block, and the verdict tells it
        findings.errors[rule.id] = f"{type(error).__name__}: {error}"


def run_measures(
    rows: pd.DataFrame, context: Context, rules: Sequence[Rule], findings: Findings, gone: np.ndarray
) -> None:
    """Ask the rules about the dataset as a whole, of the rows that the row checks leave."""
    left = rows[~gone].reset_index(drop=True)
    for rule in rules:
        if not rule.measures or rule.meta.check is None:
            continue
        try:
            check = registry.get("checks", rule.meta.check)
            found = check(_shown(check, left), context, **checked(rule.id, check, rule.meta.parameters))
            if not isinstance(found, Measured):
                raise TypeError(
                    f"check {rule.meta.check} must answer with one Measured for the whole dataset"
                )
            findings.measured[rule.id] = found
        except (Refused, Infrastructure):
            raise
        except Exception as error:  # noqa: BLE001 - any crash of a check must block, and the verdict tells it
            findings.errors[rule.id] = f"{type(error).__name__}: {error}"


def _shown(check: Callable[..., Any], rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as a check gets them: a check that is not ours gets a copy, so that what it changes changes no row."""
    return rows if check.__module__.startswith("veritrain_lib.") else rows.copy()


def removed_so_far(
    rows: pd.DataFrame, rules: Sequence[Rule], findings: Findings, excused: dict[str, np.ndarray]
) -> np.ndarray:
    """Whether each row is removed by what was found so far."""
    import numpy as np

    removing = [rule for rule in rules if rule.meta.action == "quarantine" and rule.id in findings.reasons]
    gone = np.zeros(len(rows), dtype=bool)
    for rule in removing:
        if not findings.decides(rule.id):
            continue
        gone |= hits(findings.reasons[rule.id]) & ~excused[rule.id]
    return gone


def hits(reasons: Sequence[str]) -> np.ndarray:
    """Which rows have a reason."""
    import numpy as np

    return np.fromiter(map(bool, reasons), dtype=bool, count=len(reasons))


def _as_reasons(rule: Rule, found: pd.Series[str], rows: pd.DataFrame) -> list[str]:
    if not found.index.equals(rows.index):
        raise ValueError(
            f"check {rule.meta.check} answered for {len(found)} other rows than the {len(rows)} asked"
        )
    reasons = found.tolist()
    if not all(issubclass(kind, str) for kind in set(map(type, reasons))):
        raise TypeError(
            f"check {rule.meta.check} must answer with text for every row, not nulls or other types"
        )
    return reasons


def excused_rows(rows: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, np.ndarray]:
    """For each rule, whether each row keeps its place whatever the rule finds."""
    import numpy as np

    human = (rows["source"] == "human").to_numpy(dtype=bool)
    provenance = rows["provenance"].to_numpy(dtype=object)  # pandas' own texts are slow to walk through
    uncertain = np.array([_chosen_by(text) == "uncertainty" for text in provenance], dtype=bool)
    return {rule.id: human | uncertain if rule.meta.on_uncertain == "warn" else human for rule in rules}


def _chosen_by(provenance: object) -> str:
    if not isinstance(provenance, str) or not provenance.startswith("{"):
        return ""
    if "chosen_by" not in provenance and "\\" not in provenance:  # nor can an escape stand for it
        return ""
    try:
        return str(json.loads(provenance).get("chosen_by", ""))
    except json.JSONDecodeError:
        return ""


def results_of(
    rows: pd.DataFrame, rules: Sequence[Rule], findings: Findings, excused: dict[str, np.ndarray]
) -> dict[str, Result]:
    """Results by rule id; the reasons of stock expectations are added to the findings."""
    if not len(rows):
        return {rule.id: Result(rule.id, False, 0, None, "there are no rows to judge") for rule in rules}
    frame = rows.copy()
    for rule in rules:
        if rule.id in findings.measured:
            frame[rule.column] = findings.measured[rule.id].low
        elif rule.id in findings.reasons:
            frame[f"ok_{rule.id}"] = ~hits(findings.reasons[rule.id]) | excused[rule.id]
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
        elif rule.measures and result.error is None:
            results[rule.id] = judged(rule, findings.measured[rule.id], result)
        elif rule.meta.check is not None and result.error is None:
            ours = len(rows) - int(frame[f"ok_{rule.id}"].sum())
            if ours != result.rejected:
                said = f"Great Expectations counted {result.rejected} rejected rows, the check {ours}"
                results[rule.id] = Result(rule.id, False, ours, None, said)
            elif rule.id in findings.sampled:
                sample = findings.sampled[rule.id]
                looked = int(sample.looked.sum())
                good = ours <= rule.limit * looked
                results[rule.id] = Result(rule.id, good, ours, looked=looked, decides=sample.decides)
    for rule_id, said in findings.errors.items():
        results[rule_id] = Result(rule_id, False, 0, None, said)
    return results
