"""Where Great Expectations is called: rules in, results matched by rule id out.

Great Expectations fails open (an unregistered type is dropped, an error inside a metric is just
`success=False`, nulls are skipped), so what comes back is compared with what went in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.gx_arguments import read_at_once
from veritrain_lib.quality.gx_expectations import expectation, gx, is_row_rule, judged_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from veritrain_lib.quality.suite import Rule

# These expectations are about nulls themselves; every other one skips them.
ABOUT_NULLS = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")


@dataclass(frozen=True)
class Result:
    """What Great Expectations said of one rule.

    `positions` are the numbers (from 0) of the rows it rejects, None when only their count was asked for or
    the expectation is about the whole table; `error` says that it could not be evaluated. `looked` is how many
    rows a check on a sample looked at (None: all); with `decides` False the rule only warns. `observed` is what an
    expectation about the whole table saw.
    """

    rule: str
    success: bool
    rejected: int
    positions: tuple[int, ...] | None = None
    error: str | None = None
    looked: int | None = None
    decides: bool = True
    observed: Any = None


def evaluate(rules: Sequence[Rule], frame: pd.DataFrame) -> dict[str, Result]:
    """Results by rule id of judging a frame of at least one row.

    Rules with a check only count (BASIC); stock expectations on raw columns also say which rows (COMPLETE),
    and there a null is a rejected row, not a skipped one.

    Raises RuntimeError when the frame that was judged is not the one given, or when the results are not one
    for each rule.
    """
    frame = frame.reset_index(drop=True)
    stock = [rule for rule in rules if rule.meta.check is None]
    results = _validate([rule for rule in rules if rule.meta.check is not None], frame, "BASIC")
    for result in _validate(stock, frame, "COMPLETE").values():
        rule = next(one for one in stock if one.id == result.rule)
        results[result.rule] = _with_nulls(rule, result, frame)
    if set(results) != {rule.id for rule in rules}:
        raise RuntimeError(
            f"Great Expectations judged {sorted(results)}, not {sorted(rule.id for rule in rules)}"
        )
    return results


def _validate(rules: Sequence[Rule], frame: pd.DataFrame, result_format: str) -> dict[str, Result]:
    if not rules:
        return {}
    library = gx()
    read_at_once()
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
    for one in outcome.results:
        result = _result(one)
        counted = one.result.get("element_count")
        if result.error is None and counted is not None and counted != len(frame):
            raise RuntimeError(f"rule {result.rule}: Great Expectations saw {counted} of {len(frame)} rows")
        results[result.rule] = result
    return results


def _result(one: Any) -> Result:
    rule = str(one.expectation_config.meta["rule"])
    error = _error(one.exception_info or {})
    positions = one.result.get("unexpected_index_list")
    return Result(
        rule=rule,
        success=bool(one.success) and error is None,
        rejected=int(one.result.get("unexpected_count") or 0),
        positions=None if positions is None else tuple(int(number) for number in positions),
        error=error,
        observed=one.result.get("observed_value"),
    )


def _error(info: dict[str, Any]) -> str | None:
    # One flat dict, or one dict for each metric that broke.
    parts = [info] if "raised_exception" in info else list(info.values())
    broken = [str(part.get("exception_message")) for part in parts if part.get("raised_exception")]
    return "; ".join(dict.fromkeys(broken)) or None


def _with_nulls(rule: Rule, result: Result, frame: pd.DataFrame) -> Result:
    if result.error or not is_row_rule(rule) or result.positions is None:
        # Some row expectations look at the column's type alone and name no row: what they say stands.
        said = result.error or _only_nulls(rule, frame)
        if said is None and is_row_rule(rule) and result.rejected:
            said = f"{result.rejected} rows rejected but none named"
        return Result(rule.id, result.success and said is None, 0, None, said, observed=result.observed)
    positions = set(result.positions or ())
    if len(positions) != result.rejected:
        return Result(rule.id, False, 0, None, f"{result.rejected} rows rejected but {len(positions)} named")
    if rule.type not in ABOUT_NULLS:
        missing = frame[judged_columns(rule)].isna().any(axis=1).to_numpy()
        positions |= {number for number, null in enumerate(missing) if null}
    success = len(positions) / len(frame) <= rule.limit
    return Result(rule.id, success, len(positions), tuple(sorted(positions)))


def _only_nulls(rule: Rule, frame: pd.DataFrame) -> str | None:
    """What is wrong when an expectation about a whole column had no value to look at: it would pass unseen."""
    if "null" in rule.type or rule.type == "expect_column_to_exist":
        return None
    empty = [name for name in judged_columns(rule) if name in frame.columns and frame[name].isna().all()]
    return f"the column(s) {', '.join(empty)} hold no value, so there was nothing to judge" if empty else None
