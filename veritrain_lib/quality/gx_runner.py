"""Evaluation of a gate suite's rules by Great Expectations, with its results matched by rule id.

Great Expectations fails open (an unregistered type is dropped, an error inside a metric is just `success=False`,
nulls are skipped), so its output is compared with the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.gx_expectations import expectation, gx, is_row_rule, judged_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from veritrain_lib.quality.suite import Rule

# These expectations are about nulls themselves; every other one skips them.
ABOUT_NULLS = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")


@dataclass(frozen=True)
class ExpectationResult:
    """Result of one gate rule as Great Expectations evaluated it.

    Attributes:
        rule: Id of the rule.
        success: Whether the rule passed.
        rejected: Number of rejected rows.
        positions: Positions (from 0) of the rejected rows; None if only their count was requested or the expectation is
            about the whole table.
        error: Why the rule could not be evaluated; None if it could.
        examined: Number of rows that a check on a sample examined; None for all rows.
        decides: Whether the rule may reject rows and block the dataset; with False it only warns.
        observed: Value that an expectation about the whole table observed; None for others.
    """

    rule: str
    success: bool
    rejected: int
    positions: tuple[int, ...] | None = None
    error: str | None = None
    examined: int | None = None
    decides: bool = True
    observed: Any = None


def evaluate(rules: Sequence[Rule], frame: pd.DataFrame) -> dict[str, ExpectationResult]:
    """Evaluate gate rules on a DataFrame with Great Expectations.

    For rules that name a check, whose results are already in a column, rejected rows are only counted (result format
    BASIC). Great Expectations' own expectations on raw columns also report which rows they reject (COMPLETE), and a
    null is then a rejected row, not a skipped one.

    Args:
        rules: Rules to evaluate.
        frame: Rows with the columns that the checks filled; at least one row.

    Returns:
        Results by rule id.

    Raises:
        RuntimeError: Great Expectations judged another number of rows, or there is not exactly one result for each
            rule.
    """
    frame = frame.reset_index(drop=True)
    stock_rules = [rule for rule in rules if rule.meta.check is None]
    results = _validate([rule for rule in rules if rule.meta.check is not None], frame, "BASIC")
    for result in _validate(stock_rules, frame, "COMPLETE").values():
        rule = next(candidate for candidate in stock_rules if candidate.id == result.rule)
        results[result.rule] = _with_nulls(rule, result, frame)
    if set(results) != {rule.id for rule in rules}:
        raise RuntimeError(
            f"Great Expectations judged {sorted(results)}, not {sorted(rule.id for rule in rules)}"
        )
    return results


def _validate(rules: Sequence[Rule], frame: pd.DataFrame, result_format: str) -> dict[str, ExpectationResult]:
    if not rules:
        return {}
    library = gx()
    context = library.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("rows").get_batch(
        batch_parameters={"dataframe": frame}
    )
    suite = library.ExpectationSuite(name="gate", expectations=[expectation(rule) for rule in rules])
    outcome = batch.validate(suite, result_format=result_format)
    evaluated = outcome.statistics["evaluated_expectations"]
    if evaluated != len(rules) or len(outcome.results) != len(rules):
        raise RuntimeError(f"Great Expectations evaluated {evaluated} of {len(rules)} expectations")
    results = {}
    for reported in outcome.results:
        result = _result(reported)
        element_count = reported.result.get("element_count")
        if result.error is None and element_count is not None and element_count != len(frame):
            raise RuntimeError(
                f"rule {result.rule}: Great Expectations saw {element_count} of {len(frame)} rows"
            )
        results[result.rule] = result
    return results


def _result(reported: Any) -> ExpectationResult:
    rule = str(reported.expectation_config.meta["rule"])
    error = _error(reported.exception_info or {})
    positions = reported.result.get("unexpected_index_list")
    return ExpectationResult(
        rule=rule,
        success=bool(reported.success) and error is None,
        rejected=int(reported.result.get("unexpected_count") or 0),
        positions=None if positions is None else tuple(int(number) for number in positions),
        error=error,
        observed=reported.result.get("observed_value"),
    )


def _error(info: dict[str, Any]) -> str | None:
    # One flat dict, or one dict for each metric that failed.
    parts = [info] if "raised_exception" in info else list(info.values())
    broken = [str(part.get("exception_message")) for part in parts if part.get("raised_exception")]
    return "; ".join(dict.fromkeys(broken)) or None


def _with_nulls(rule: Rule, result: ExpectationResult, frame: pd.DataFrame) -> ExpectationResult:
    if result.error or not is_row_rule(rule) or result.positions is None:
        # Some row expectations check only the column's type and name no row: their outcome is kept.
        error_message = result.error or _only_nulls(rule, frame)
        if error_message is None and is_row_rule(rule) and result.rejected:
            error_message = f"{result.rejected} rows rejected but none named"
        return ExpectationResult(
            rule.id,
            result.success and error_message is None,
            0,
            None,
            error_message,
            observed=result.observed,
        )
    positions = set(result.positions or ())
    if len(positions) != result.rejected:
        return ExpectationResult(
            rule.id, False, 0, None, f"{result.rejected} rows rejected but {len(positions)} named"
        )
    if rule.type not in ABOUT_NULLS:
        missing = frame[judged_columns(rule)].isna().any(axis=1).to_numpy()
        positions |= {number for number, null in enumerate(missing) if null}
    success = len(positions) / len(frame) <= rule.limit
    return ExpectationResult(rule.id, success, len(positions), tuple(sorted(positions)))


def _only_nulls(rule: Rule, frame: pd.DataFrame) -> str | None:
    """Return an error message if a column expectation had no value to judge and would pass unnoticed; else None."""
    if "null" in rule.type or rule.type == "expect_column_to_exist":
        return None
    empty = [name for name in judged_columns(rule) if name in frame.columns and frame[name].isna().all()]
    return f"the column(s) {', '.join(empty)} hold no value, so there was nothing to judge" if empty else None
