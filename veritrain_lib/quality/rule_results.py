"""Running of a gate suite's rules on rows, and the collection of their results and errors.

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
from veritrain_lib.quality.rejudged_result import RejudgedResult
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
    """Results of the rules of a gate suite, each a dictionary by rule id.

    Attributes:
        reasons: One text for each row, in the rows' order; "" for a row that passes.
        errors: Messages of rules that could not be evaluated.
        accepted_reasons: One text for each row accepted earlier, from checks that judge these rows again; "" if it
            passes.
        sampled: Results of checks that examined only a sample.
        dataset_metrics: Numbers that the rules about the dataset as a whole measured.
    """

    reasons: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    accepted_reasons: dict[str, list[str]] = field(default_factory=dict)
    sampled: dict[str, SampledResult] = field(default_factory=dict)
    dataset_metrics: dict[str, DatasetMetric] = field(default_factory=dict)

    def decides(self, rule_id: str) -> bool:
        """Return whether a gate rule may remove rows and block the dataset; False for a sample check that only warns.

        Args:
            rule_id: Id of the rule.
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
    """Run the gate's checks of single rows and add their reasons to the results.

    Args:
        rows: Rows to check.
        context: Context of the gate.
        rules: Rules; those without a check or about the whole dataset are skipped.
        rule_results: Results, to which the reasons and errors are added.
        removed: Mask of rows that earlier rules removed and that are not checked; None: all rows are checked.
        parallel: Whether some checks may run in a second process if there are very many rows.

    Raises:
        Refused, Infrastructure: A check's budget is spent, or a service that it needs has failed. Any other error of a
            check is added to `rule_results`.
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
        elif isinstance(answer, RejudgedResult):
            rule_results.accepted_reasons[rule.id] = _as_reasons(
                rule, answer.accepted_reasons, context.accepted_rows
            )
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
    """Run the gate's rules about the dataset as a whole on the rows that no check of single rows removed.

    Args:
        rows: All rows.
        context: Context of the gate.
        rules: Rules; those about single rows are skipped.
        rule_results: Results, to which the numbers and errors are added.
        removed: Mask of rows that the row checks removed.

    Raises:
        Refused, Infrastructure: A check's budget is spent, or a service that it needs has failed. Any other error of a
            check is added to `rule_results`.
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
    """Return the rows to pass to a check: the rows themselves, or a copy for a check that is not part of this package.

    The copy ensures that foreign code can't change the rows.
    """
    return rows if check.__module__.startswith("veritrain_lib.") else rows.copy()


def removed_so_far(
    rows: pd.DataFrame, rules: Sequence[Rule], rule_results: RuleResults, excused: dict[str, np.ndarray]
) -> np.ndarray:
    """Return which rows the gate's results so far remove.

    Args:
        rows: All rows.
        rules: Rules of the suite.
        rule_results: Results so far.
        excused: For each rule id the mask of rows that the rule never removes.

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
    """Return which rows have a reason for their rejection.

    Args:
        reasons: One text a row, "" for none.

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
    """Return which rows each gate rule never removes.

    Args:
        rows: All rows.
        rules: Rules of the suite.

    Returns:
        For each rule id the mask of rows that people wrote and, if the rule says `on_uncertain: warn`, of rows that
        were chosen because a model was uncertain about them.
    """
    return _masks(rows, rules, "warn")


def uncounted_rows(
    rows: pd.DataFrame, rules: Sequence[Rule], excused: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return which rows never count as rejected by a gate rule.

    Args:
        rows: All rows.
        rules: Rules of the suite.
        excused: The masks of `excused_rows`.

    Returns:
        For each rule id the mask of the rows in `excused` and, if the rule says `on_uncertain: set_aside`, of rows that
        were chosen because a model was uncertain about them; the rule removes such rows without counting them.
    """
    set_aside = _masks(rows, rules, "set_aside")
    return {rule: mask | set_aside[rule] for rule, mask in excused.items()}


def _masks(rows: pd.DataFrame, rules: Sequence[Rule], on_uncertain: str) -> dict[str, np.ndarray]:
    """Return for each rule id the mask of rows that people wrote and, for some rules, of uncertain rows.

    Uncertain rows, which were chosen because a model was uncertain about them, are included for rules whose
    `on_uncertain` has the given value.
    """
    import numpy as np

    human = (rows["source"] == "human").to_numpy(dtype=bool)
    provenance = rows["provenance"].to_numpy(dtype=object)  # pandas' string arrays are slow to iterate
    uncertain = np.array([_chosen_by(text) == "uncertainty" for text in provenance], dtype=bool)
    return {rule.id: human | uncertain if rule.meta.on_uncertain == on_uncertain else human for rule in rules}


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
    """Evaluate the gate's rules with Great Expectations and return their results by rule id.

    For Great Expectations' own expectations on raw columns, the reasons of the rejected rows are added to
    `rule_results`.

    Args:
        rows: All rows.
        rules: Rules of the suite.
        rule_results: Results of the checks.
        excused: For each rule id the mask of rows that do not count as rejected, see `uncounted_rows`.

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
            rule_results.reasons[rule.id], results[rule.id] = _stock_result(
                rule, result.positions, excused[rule.id]
            )
        elif rule.measures and result.error is None:
            results[rule.id] = verified_result(rule, rule_results.dataset_metrics[rule.id], result)
        elif rule.meta.check is not None and result.error is None:
            rejected = len(rows) - int(frame[f"ok_{rule.id}"].sum())
            results[rule.id] = _check_result(rule, result, rejected, rule_results.sampled.get(rule.id))
    for rule_id, message in rule_results.errors.items():
        results[rule_id] = ExpectationResult(rule_id, False, 0, None, message)
    return results


def _stock_result(
    rule: Rule, positions: Sequence[int], excused: np.ndarray
) -> tuple[list[str], ExpectationResult]:
    """Return the reasons and the result of a rule that is one of Great Expectations' own expectations on a raw column.

    Args:
        rule: The rule.
        positions: Positions of the rows that it rejects.
        excused: Mask of rows that do not count as rejected, shape (rows,).

    Returns:
        One text a row, "" for a row that passes, and the result.
    """
    rejected = set(positions)
    reasons = [f"{rule.id}:rejected" if n in rejected else "" for n in range(len(excused))]
    counted = [n for n in rejected if not excused[n]]
    success = len(counted) / len(excused) <= rule.limit
    return reasons, ExpectationResult(rule.id, success, len(counted), tuple(sorted(rejected)))


def _check_result(
    rule: Rule, result: ExpectationResult, rejected: int, sample: SampledResult | None
) -> ExpectationResult:
    """Return the result of a row check after comparing Great Expectations' count of rejected rows with the check's own.

    For a check on a sample, the share of rejected rows is that of the rows examined.
    """
    if rejected != result.rejected:
        message = f"Great Expectations counted {result.rejected} rejected rows, the check {rejected}"
        return ExpectationResult(rule.id, False, rejected, None, message)
    if sample is None:
        return result
    examined = int(sample.examined.sum())
    success = rejected <= rule.limit * examined
    return ExpectationResult(rule.id, success, rejected, examined=examined, decides=sample.decides)
