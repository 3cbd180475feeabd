"""The work of the report stage: sentences, tables and measures on changes, cost and time, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.report.annotator_agreement import agreement_by_label
from veritrain_lib.stages.report.annotator_agreement import sentence as agreement_sentence
from veritrain_lib.stages.report.batch_table import empty_batches
from veritrain_lib.stages.report.batch_table import sentence as batch_sentence
from veritrain_lib.stages.report.facts import Facts
from veritrain_lib.stages.report.gain_forecast import forecast_of
from veritrain_lib.stages.report.gain_forecast import sentence as expected_gain
from veritrain_lib.stages.report.label_recall import recall_by_label
from veritrain_lib.stages.report.label_recall import sentence as recall_sentence
from veritrain_lib.stages.report.next_step import NextStep, next_step
from veritrain_lib.stages.report.no_label import new_labels
from veritrain_lib.stages.report.no_label import sentence as no_label_sentence
from veritrain_lib.stages.report.result import ReportResult
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.evaluate.result import EvaluateResult
    from veritrain_lib.stages.gate.result import GateResult
    from veritrain_lib.stages.generate.result import GenerateResult


class ReportConfig(BaseModel):
    """Parameters of the report stage.

    Attributes:
        scope: `round` for one round, or `loop` for the whole loop, which compares the seed model with the last
            champion.
        seed: Seed of the statistics.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: Literal["round", "loop"] = "round"
    seed: int = 0


def run(config: ReportConfig, task: Task, facts: Facts) -> ReportResult:
    """Write the report of a round, or of a whole loop, as sentences, tables and pictures.

    Args:
        config: The parameters of the stage.
        task: The task.
        facts: All that the report states, read from MLflow.

    Returns:
        The report, with its tables and the measured numbers.
    """
    import pandas as pd

    evaluate = facts.evaluate
    empty = pd.DataFrame()
    slices = evaluate.tables.get("held_out_slices", evaluate.tables["slices"]) if evaluate else empty
    step = next_step(task, facts)
    verdict = _verdict(facts)
    tables = {
        "rounds": facts.rounds,
        "slices": slices,
        "improved": _with_bound(slices, "low", above=True),
        "regressed": _with_bound(slices, "high", above=False),
        "unclear": slices[slices["verdict"] == "can't tell"] if len(slices) else empty,
        "confusions": evaluate.tables["confusions"] if evaluate else empty,
        "rules": _rules(facts),
        "screened": _sum_counts([_screened(round_facts) for round_facts in _generated(facts)], ["reason"]),
        "endings": _sum_counts(
            [_outcome_counts(round_facts) for round_facts in _generated(facts)], ["outcome", "reason"]
        ),
        "added_data": _added_data(facts, config.seed),
        "label_recall": recall_by_label(task, facts.train),
        "agreement": agreement_by_label(task, _gates(facts)),
        "new_labels": new_labels(_generated(facts)),
        "batches": empty_batches() if facts.batches is None else facts.batches,
    }
    result = ReportResult(
        outcome="done",
        headline=f"{facts.title}: {verdict}. {_short_result(task, evaluate)}{step.action}",
        measures=_measures(task, facts),
        tables=tables,
        title=facts.title,
        metric=task.primary.name,
        goal=task.goal.at_least if task.goal else None,
        next_step=step.action,
        next_step_why=step.why,
        changed=_changed(task, facts, tables),
        verdict=verdict,
        made_by=facts.made_by,
        remarks=facts.remarks,
        graded=evaluate.graded if evaluate else "",
        scope=config.scope,
        slices_of=(
            "held-out rows" if evaluate and "held_out_slices" in evaluate.tables else "development rows"
        ),
    )
    # The stored picture of a gate is about one round.
    for stage in (None if facts.by_round else facts.gate, facts.evaluate):
        result.reuse_pictures(stage)
    return result


def _verdict(facts: Facts) -> str:
    """Return the verdict on the challenger, or else whether the gate blocked the data."""
    if facts.evaluate:
        return facts.evaluate.verdict
    return "blocked" if facts.gate and facts.gate.status == "blocked" else "none"


def _measures(task: Task, facts: Facts) -> dict[str, Measure]:
    """Return the report's measures: those of the evaluation or else of the training, time, money, expected gain."""
    stage = facts.evaluate or facts.train
    measures = dict(stage.measures) if stage else {}
    measures["seconds"] = Measure(value=float(facts.rounds["seconds"].sum()) if len(facts.rounds) else 0.0)
    measures["money"] = Measure(value=facts.money)
    forecast = forecast_of(task, facts.rounds)
    if forecast is not None:
        interval = forecast.interval
        measures["expected_gain"] = Measure(value=forecast.gain, low=interval.low, high=interval.high)
    return measures


def _short_result(task: Task, evaluate: EvaluateResult | None) -> str:
    if evaluate is None:
        return ""
    if evaluate.held_out:
        held_out = evaluate.held_out
        moved = f"{held_out.champion:.3f} to {held_out.challenger:.3f}"
        return f"{task.primary.name.capitalize()} on {held_out.n} held-out test rows {moved}. "
    return f"Development gain {evaluate.development_gain:+.3f}; the held-out test set stayed locked. "


def _with_bound(slices: pd.DataFrame, bound: str, *, above: bool) -> pd.DataFrame:
    if not len(slices):
        return slices
    return slices[slices[bound] > 0] if above else slices[slices[bound] < 0]


def _changed(task: Task, facts: Facts, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    lines = _round_lines(facts) or [
        result.headline for result in (facts.generate, facts.gate, facts.train) if result
    ]
    evaluate = facts.evaluate
    if evaluate and evaluate.held_out:
        held_out = evaluate.held_out
        lines.append(
            f"Held-out test set, look {held_out.look} of {task.promotion.max_looks} "
            f"(level {held_out.look_alpha:.4f}): "
            f"{held_out.champion:.3f} to {held_out.challenger:.3f}, change {held_out.difference:+.3f} "
            f"({held_out.low:+.3f} to {held_out.high:+.3f} at level {held_out.level:.3f}), p = {held_out.p:.2g}, "
            f"n = {held_out.n}."
        )
        if held_out.detectable is not None:
            lines.append(
                f"Stated detectable difference: {held_out.detectable:.3f} "
                "(a true gain of this size is promoted 80 % of the time)."
            )
    elif evaluate:
        lines.append(evaluate.why)
    batches = facts.batches_note if facts.batches is None else batch_sentence(facts.batches)
    expected = expected_gain(task, forecast_of(task, facts.rounds))
    recall, agreement = recall_sentence(tables["label_recall"]), agreement_sentence(tables["agreement"])
    no_label = no_label_sentence(_generated(facts))
    lines += [line for line in (expected, batches, agreement, recall, no_label) if line]
    if facts.champion:
        lines.append(f"Champion now: {facts.champion}.")
    return lines


def _round_lines(facts: Facts) -> list[str]:
    """Return a sentence on each round of a loop, and one on all rounds together; empty for a report on one round."""
    active_rounds = [
        round_facts
        for round_facts in facts.by_round
        if round_facts.generate or (round_facts.gate and round_facts.number)
    ]
    if not active_rounds:
        return [round_facts.gate.headline for round_facts in facts.by_round if round_facts.gate]
    lines = [
        f"Round {round_facts.number}: "
        + " ".join(stage.headline for stage in (round_facts.generate, round_facts.gate) if stage)
        for round_facts in active_rounds
    ]
    new = sum(round_facts.generate.row_count("rows") for round_facts in active_rounds if round_facts.generate)
    accepted = sum(
        round_facts.gate.row_count("accepted") for round_facts in active_rounds if round_facts.gate
    )
    quarantined = sum(
        round_facts.gate.row_count("quarantine") for round_facts in active_rounds if round_facts.gate
    )
    lines.append(
        f"All {len(active_rounds)} round(s): {new} new rows, {accepted} of them accepted, {quarantined} in quarantine."
    )
    return lines


def _generated(facts: Facts) -> list[GenerateResult | None]:
    return [round_facts.generate for round_facts in facts.by_round] if facts.by_round else [facts.generate]


def _gates(facts: Facts) -> list[GateResult | None]:
    return [round_facts.gate for round_facts in facts.by_round] if facts.by_round else [facts.gate]


def _sum_counts(tables: list[pd.DataFrame], by: list[str]) -> pd.DataFrame:
    """Add up tables of counts of several rounds.

    Args:
        tables: Tables with a column `rows`, the count.
        by: The columns that identify what is counted.
    """
    import pandas as pd

    if len(tables) == 1:
        return tables[0]
    all_tables = pd.concat(tables) if tables else pd.DataFrame(columns=[*by, "rows"])
    counts = all_tables.groupby(by, sort=True)[["rows"]].sum().reset_index()
    return counts.sort_values(["rows", *by], ascending=[False, *[True] * len(by)], ignore_index=True)


def _rules(facts: Facts) -> pd.DataFrame:
    """Return the table of the gate's rule results for the report.

    For a loop, it holds the rules about single rows, with the counts of all rounds added up.
    """
    import pandas as pd

    gates = [round_facts.gate for round_facts in facts.by_round if round_facts.gate and round_facts.number]
    if not gates:
        return facts.gate.tables["rules"] if facts.gate else pd.DataFrame()
    from veritrain_lib.statistics.intervals import wilson

    tables = [gate.tables["rules"] for gate in gates]
    if len(tables) == 1:
        only: pd.DataFrame = tables[0]
        return only
    all_tables = pd.concat(tables, ignore_index=True)
    all_tables = all_tables[all_tables["kind"] == "rows"]
    lines = []
    for _, of_rule in all_tables.groupby("rule", sort=False):
        line = of_rule.iloc[-1].to_dict()
        checked, rejected = int(of_rule["checked"].sum()), int(of_rule["rejected"].sum())
        interval = wilson(rejected, checked)
        line |= {"checked": checked, "rejected": rejected, "share": rejected / checked if checked else 0.0}
        line |= {"low": interval.low, "high": interval.high}
        lines.append(line)
    return pd.DataFrame(lines, columns=tables[0].columns)


def _screened(generate: GenerateResult | None) -> pd.DataFrame:
    import pandas as pd

    # The reasons why generated rows were rejected are in the table `endings`.
    counts = generate.screened if generate and "endings" not in generate.tables else {}
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(rows, columns=["reason", "rows"])


def _outcome_counts(generate: GenerateResult | None) -> pd.DataFrame:
    """Return the outcomes of rows asked of a paid teacher, added up over slices: columns outcome, reason, rows."""
    import pandas as pd

    if generate is None or "endings" not in generate.tables:
        return pd.DataFrame(columns=["outcome", "reason", "rows"])
    counts = generate.endings().groupby(["outcome", "reason"])[["rows"]].sum().reset_index()
    return counts.sort_values(["rows", "outcome", "reason"], ascending=[False, True, True], ignore_index=True)


def _added_data(facts: Facts, seed: int) -> pd.DataFrame:
    """Compare the models trained with and without the round's rows, on the same development rows.

    Returns:
        The table of `added_rows_effect.effect_of_added_rows`; without rows if one of the two models is missing.
    """
    from veritrain_lib.stages.added_rows_effect import effect_of_added_rows, empty_effect

    if facts.train is None or facts.without is None:
        return empty_effect()
    with_rows, without = facts.train, facts.without
    return effect_of_added_rows(
        without.tables["predictions"],
        with_rows.tables["predictions"],
        without.rows,
        with_rows.rows,
        seed=seed,
    )


__all__ = ["Facts", "NextStep", "ReportConfig", "ReportResult", "run"]
