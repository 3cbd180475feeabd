"""Run a suite's rules on rows and collect their results and errors.

Open this to see how checks are called, how their answers are validated, and how they are matched with the results of
Great Expectations.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.errors import Infrastructure, Refused
from veritrain_lib.quality.check_parameters import validated_parameters
from veritrain_lib.quality.dataset_metric import DatasetMetric, verified_result
from veritrain_lib.quality.gx_runner import ExpectationResult, evaluate
from veritrain_lib.quality.prepared_texts import share_with_subset
from veritrain_lib.quality.sampled_result import SampledResult
from veritrain_lib.quality.side_process import checks_in_side_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Rule


@dataclass
class RuleResults:
    """Results of the rules of a suite, by rule id.

    Attributes:
        reasons: One text a row, aligned to the rows' positions; "" for a row that passes.
        errors: Messages of rules that could not be evaluated.
        sampled: Results of checks that examined a sample only.
        dataset_metrics: Numbers of the rules about the dataset as a whole.
    """

    reasons: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    sampled: dict[str, SampledResult] = field(default_factory=dict)
    dataset_metrics: dict[str, DatasetMetric] = field(default_factory=dict)

    def decides(self, rule_id: str) -> bool:
        """Return whether the result of a rule may remove rows and block the dataset.

        Args:
            rule_id: Id of the rule.

        Returns:
            False for a check on a sample that may only warn.
        """
        return rule_id not in self.sampled or self.sampled[rule_id].decides


def run_checks(
    rows: pd.DataFrame,
    context: Context,
    rules: Sequence[Rule],
    rule_results: RuleResults,
    removed: np.ndarray | None = None,
    *,
    parallel: bool = True,
) -> None:
    """Run the row checks of rules and add their reasons to the results.

    Args:
        rows: Rows to check.
        context: Context of the gate.
        rules: Rules; those without a check or about the whole dataset are skipped.
        rule_results: Receives the reasons and errors.
        removed: Mask of rows that earlier rules removed and that are not checked; None for none.
        parallel: Whether some checks may run in a second process when there are very many rows.
    """
    import numpy as np

    checked_rows = rows
    if removed is not None:
        checked_rows = rows[~removed].reset_index(drop=True)
        share_with_subset(rows, checked_rows, np.flatnonzero(~removed))
    row_rules = [rule for rule in rules if rule.meta.check is not None and not rule.measures]
    with checks_in_side_process(
        checked_rows, context, row_rules if parallel and removed is None else []
    ) as side_process:
        their_rules = side_process.rules if side_process else frozenset()
        for rule in row_rules:
            if rule.id not in their_rules:
                _run_check(rule, checked_rows, context, rule_results, removed)
        if side_process and not side_process.finish(rule_results):
            for rule in row_rules:
                if rule.id in their_rules:
                    _run_check(rule, checked_rows, context, rule_results, removed)


def _run_check(
    rule: Rule,
    checked_rows: pd.DataFrame,
    context: Context,
    rule_results: RuleResults,
    removed: np.ndarray | None,
) -> None:
    try:
        check = registry.get("checks", str(rule.meta.check))
        answer = check(
            _rows_for(check, checked_rows),
            context,
            **validated_parameters(rule.id, check, rule.meta.parameters),
        )
        if isinstance(answer, SampledResult):
            rule_results.sampled[rule.id] = answer
            answer = answer.reasons
        reasons = _as_reasons(rule, answer, checked_rows)
        if removed is not None:
            answers = iter(reasons)
            reasons = ["" if skipped else next(answers) for skipped in removed]
        rule_results.reasons[rule.id] = reasons
    except (Refused, Infrastructure):
        # The budget or the service ran out, which says nothing about the data: no verdict may be stored.
        raise
    except Exception as error:  # noqa: BLE001 - any crash of a check must block, and the verdict reports it
        rule_results.errors[rule.id] = f"{type(error).__name__}: {error}"


def run_measures(
    rows: pd.DataFrame,
    context: Context,
    rules: Sequence[Rule],
    rule_results: RuleResults,
    removed: np.ndarray,
) -> None:
    """Run the rules about the dataset as a whole on the rows that the row checks leave.

    Args:
        rows: All rows.
        context: Context of the gate.
        rules: Rules; those about single rows are skipped.
        rule_results: Receives the numbers and errors.
        removed: Mask of rows that the row checks removed.
    """
    remaining = rows[~removed].reset_index(drop=True)
    for rule in rules:
        if not rule.measures or rule.meta.check is None:
            continue
        try:
            check = registry.get("checks", rule.meta.check)
            metric = check(
                _rows_for(check, remaining),
                context,
                **validated_parameters(rule.id, check, rule.meta.parameters),
            )
            if not isinstance(metric, DatasetMetric):
                raise TypeError(
                    f"check {rule.meta.check} must return one DatasetMetric for the whole dataset"
                )
            rule_results.dataset_metrics[rule.id] = metric
        except (Refused, Infrastructure):
            raise
        except Exception as error:  # noqa: BLE001 - any crash of a check must block, and the verdict reports it
            rule_results.errors[rule.id] = f"{type(error).__name__}: {error}"


def _rows_for(check: Callable[..., Any], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows for a check: one of ours gets them, any other a copy, so that it can change none."""
    return rows if check.__module__.startswith("veritrain_lib.") else rows.copy()


def removed_so_far(
    rows: pd.DataFrame, rules: Sequence[Rule], rule_results: RuleResults, excused: dict[str, np.ndarray]
) -> np.ndarray:
    """Return the mask of rows that the results so far remove.

    Args:
        rows: All rows.
        rules: Rules of the suite.
        rule_results: Results so far.
        excused: For each rule id the mask of rows that it never removes.

    Returns:
        Boolean array of shape (rows,).
    """
    import numpy as np

    removing = [
        rule for rule in rules if rule.meta.action == "quarantine" and rule.id in rule_results.reasons
    ]
    removed = np.zeros(len(rows), dtype=bool)
    for rule in removing:
        if not rule_results.decides(rule.id):
            continue
        removed |= has_reason(rule_results.reasons[rule.id]) & ~excused[rule.id]
    return removed


def has_reason(reasons: Sequence[str]) -> np.ndarray:
    """Return the mask of rows that have a reason.

    Args:
        reasons: One text a row.

    Returns:
        Boolean array of the same length.
    """
    import numpy as np

    return np.fromiter(map(bool, reasons), dtype=bool, count=len(reasons))


def _as_reasons(rule: Rule, answer: pd.Series[str], rows: pd.DataFrame) -> list[str]:
    if not answer.index.equals(rows.index):
        raise ValueError(
            f"check {rule.meta.check} returned {len(answer)} reasons that do not match the {len(rows)} rows it was given"
        )
    reasons = answer.tolist()
    if not all(issubclass(kind, str) for kind in set(map(type, reasons))):
        raise TypeError(f"check {rule.meta.check} must return text for every row, not nulls or other types")
    return reasons


def excused_rows(rows: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, np.ndarray]:
    """Return the rows that each rule never removes.

    Args:
        rows: All rows.
        rules: Rules of the suite.

    Returns:
        For each rule id the mask of rows written by people, and of rows chosen for their uncertainty where the rule says
        `on_uncertain: warn`.
    """
    import numpy as np

    human = (rows["source"] == "human").to_numpy(dtype=bool)
    provenance = rows["provenance"].to_numpy(dtype=object)  # pandas' string arrays are slow to iterate
    uncertain = np.array([_chosen_by(text) == "uncertainty" for text in provenance], dtype=bool)
    return {rule.id: human | uncertain if rule.meta.on_uncertain == "warn" else human for rule in rules}


def _chosen_by(provenance: object) -> str:
    if not isinstance(provenance, str) or not provenance.startswith("{"):
        return ""
    if "chosen_by" not in provenance and "\\" not in provenance:  # no escape can hide the key either
        return ""
    try:
        return str(json.loads(provenance).get("chosen_by", ""))
    except json.JSONDecodeError:
        return ""


def results_of(
    rows: pd.DataFrame, rules: Sequence[Rule], rule_results: RuleResults, excused: dict[str, np.ndarray]
) -> dict[str, ExpectationResult]:
    """Evaluate the rules with Great Expectations and return their results by rule id.

    The reasons of stock expectations are added to `rule_results`.

    Args:
        rows: All rows.
        rules: Rules of the suite.
        rule_results: Results of the checks.
        excused: For each rule id the mask of rows that do not count as rejected.

    Returns:
        One result a rule; rules that could not be evaluated have an `error`.
    """
    if not len(rows):
        return {
            rule.id: ExpectationResult(rule.id, False, 0, None, "there are no rows to judge")
            for rule in rules
        }
    frame = rows.copy()
    for rule in rules:
        if rule.id in rule_results.dataset_metrics:
            frame[rule.column] = rule_results.dataset_metrics[rule.id].low
        elif rule.id in rule_results.reasons:
            frame[f"ok_{rule.id}"] = ~has_reason(rule_results.reasons[rule.id]) | excused[rule.id]
    ready = [rule for rule in rules if rule.id not in rule_results.errors]
    try:
        results = evaluate(ready, frame)
    except Exception as error:  # noqa: BLE001 - a suite that could not be run blocks the dataset, rule by rule
        message = f"{type(error).__name__}: {error}"
        results = {rule.id: ExpectationResult(rule.id, False, 0, None, message) for rule in ready}
    for rule in ready:
        result = results[rule.id]
        if rule.meta.check is None and result.positions is not None:
            rejected_positions = set(result.positions)
            rule_results.reasons[rule.id] = [
                f"{rule.id}:rejected" if n in rejected_positions else "" for n in range(len(rows))
            ]
            counted = [n for n in rejected_positions if not excused[rule.id][n]]
            success = len(counted) / len(rows) <= rule.limit
            results[rule.id] = ExpectationResult(
                rule.id, success, len(counted), tuple(sorted(rejected_positions))
            )
        elif rule.measures and result.error is None:
            results[rule.id] = verified_result(rule, rule_results.dataset_metrics[rule.id], result)
        elif rule.meta.check is not None and result.error is None:
            rejected = len(rows) - int(frame[f"ok_{rule.id}"].sum())
            if rejected != result.rejected:
                message = f"Great Expectations counted {result.rejected} rejected rows, the check {rejected}"
                results[rule.id] = ExpectationResult(rule.id, False, rejected, None, message)
            elif rule.id in rule_results.sampled:
                sample = rule_results.sampled[rule.id]
                examined = int(sample.examined.sum())
                success = rejected <= rule.limit * examined
                results[rule.id] = ExpectationResult(
                    rule.id, success, rejected, examined=examined, decides=sample.decides
                )
    for rule_id, message in rule_results.errors.items():
        results[rule_id] = ExpectationResult(rule_id, False, 0, None, message)
    return results
