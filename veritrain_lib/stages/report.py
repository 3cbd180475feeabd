"""The report stage: what changed, improved and regressed, the effect of added data, cost, time, and the next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.next_step import NextStep, next_step
from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.task import Task
    from veritrain_lib.reporting.document import ReportDocument
    from veritrain_lib.reporting.stored_picture import StoredPicture
    from veritrain_lib.stages.evaluate import EvaluateResult
    from veritrain_lib.stages.gate import GateResult
    from veritrain_lib.stages.generate import GenerateResult
    from veritrain_lib.stages.train import TrainResult


class ReportConfig(BaseModel):
    """Parameters of the report stage.

    Attributes:
        scope: One round, or the whole loop (the seed model compared with the last champion).
        seed: Seed of the statistics.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: Literal["round", "loop"] = "round"
    seed: int = 0


@dataclass(frozen=True)
class RoundFacts:
    """The generated and the judged rows of one round of a loop."""

    number: int
    generate: GenerateResult | None = None
    gate: GateResult | None = None


@dataclass(frozen=True)
class Facts:
    """The facts from MLflow that a report is made of. Stages that did not run are None.

    Attributes:
        title: The title of the report.
        rounds: One row per round: round, rows, value, low, high (development, primary metric), verdict, promoted, gain
            (development), held_out_gain (held-out test set), seconds.
        generate: The result of the generate stage.
        gate: The result of the gate stage.
        train: The result of the train stage.
        without: The training result before this round's rows were added; for a whole loop that of the seed model.
        evaluate: The result of the evaluate stage.
        by_round: Every round of a whole loop; empty for a report on one round.
        champion: The champion's address.
        stopped: Why the loop stopped.
        looks_used: The number of looks at the held-out test set so far.
        money: US dollars paid for the task so far.
        made_by: The provenance of the report: task, code, data, seed and runs.
    """

    title: str
    rounds: pd.DataFrame
    generate: GenerateResult | None = None
    gate: GateResult | None = None
    train: TrainResult | None = None
    without: TrainResult | None = None
    evaluate: EvaluateResult | None = None
    by_round: tuple[RoundFacts, ...] = ()
    champion: str = ""
    stopped: str = ""
    looks_used: int = 0
    money: float = 0.0
    made_by: dict[str, str] = field(default_factory=dict)


class ReportResult(StageResult):
    """The result of the report stage.

    Tables: `rounds`; `improved`, `regressed` and `unclear` (slices); `added_data` (training with the added rows compared
    with without them); `slices`, `confusions` and `rules` for the pictures; `screened` (pool rows that rules rejected)
    and `endings` (outcomes of the rows requested from a paid teacher).
    """

    title: str
    metric: str
    goal: float | None
    next_step: str
    next_step_why: str
    changed: list[str]
    verdict: str
    made_by: dict[str, str]
    graded: str = ""
    scope: Literal["round", "loop"] = "round"
    slices_of: str = "development rows"

    def reuse_pictures(self, stage: StageResult | None) -> None:
        """Reuse the pictures that a stage has stored, since drawing them takes as long as everything else."""
        from veritrain_lib.reporting.stored_picture import StoredPicture

        for name in ("slices", "confused", "removed"):
            content = stage.stored_picture(name) if stage else None
            if content is not None:
                self._figures[name] = StoredPicture(content)

    def learning_curve(self) -> Figure:
        """Draw the primary metric on development rows over the rounds."""
        from veritrain_lib.reporting.pictures import learning_curve

        return self._cached_figure(
            "learning_curve", lambda: learning_curve(self.tables["rounds"], self.metric, self.goal)
        )

    def slices(self) -> Figure | StoredPicture | None:
        """Draw the change in every slice; None when nothing was evaluated."""
        from veritrain_lib.reporting.pictures import slice_changes

        rows = self.tables["slices"]
        return self._cached_figure("slices", lambda: slice_changes(rows)) if len(rows) else None

    def confused(self) -> Figure | StoredPicture | None:
        """Draw the most confused pairs of answers; None when nothing was evaluated."""
        from veritrain_lib.reporting.pictures import confused_pairs

        rows = self.tables["confusions"]
        return self._cached_figure("confused", lambda: confused_pairs(rows)) if len(rows) else None

    def removed(self) -> Figure | StoredPicture | None:
        """Draw what the gate removed; None when no gate ran."""
        from veritrain_lib.reporting.pictures import removed

        rows = self.tables["rules"]
        return self._cached_figure("removed", lambda: removed(rows)) if len(rows) else None

    def pictures(self) -> dict[str, Figure | StoredPicture]:
        """Return the pictures that there are, by name."""
        figures = {
            "learning_curve": self.learning_curve(),
            "slices": self.slices(),
            "confused": self.confused(),
            "removed": self.removed(),
        }
        return {name: figure for name, figure in figures.items() if figure is not None}

    def document(self, drawn: Mapping[str, bytes] | None = None) -> ReportDocument:
        """Return the report as blocks, for the HTML page and the PDF.

        Args:
            drawn: Its pictures as PNG files, by name, if they were drawn before.
        """
        from veritrain_lib.stages.report_document import build

        return build(self, self.pictures() if drawn is None else drawn)


def run(config: ReportConfig, task: Task, facts: Facts) -> ReportResult:
    """Write the report of a round, or of the whole loop, as words, tables and pictures."""
    import pandas as pd

    evaluate = facts.evaluate
    empty = pd.DataFrame()
    slices = evaluate.tables.get("held_out_slices", evaluate.tables["slices"]) if evaluate else empty
    step = next_step(task, facts)
    verdict = (
        evaluate.verdict
        if evaluate
        else ("blocked" if facts.gate and facts.gate.status == "blocked" else "none")
    )
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
    }
    measures = dict(evaluate.measures) if evaluate else (dict(facts.train.measures) if facts.train else {})
    measures["seconds"] = Measure(value=float(facts.rounds["seconds"].sum()) if len(facts.rounds) else 0.0)
    measures["money"] = Measure(value=facts.money)
    result = ReportResult(
        outcome="done",
        headline=f"{facts.title}: {verdict}. {_short_result(task, evaluate)}{step.action}",
        measures=measures,
        tables=tables,
        title=facts.title,
        metric=task.primary.name,
        goal=task.goal.at_least if task.goal else None,
        next_step=step.action,
        next_step_why=step.why,
        changed=_changed(task, facts),
        verdict=verdict,
        made_by=facts.made_by,
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


def _changed(task: Task, facts: Facts) -> list[str]:
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
    if facts.champion:
        lines.append(f"Champion now: {facts.champion}.")
    return lines


def _round_lines(facts: Facts) -> list[str]:
    """Return a line on each round of a loop, and one on all of them; empty for a report on one round."""
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
    new = sum(
        len(round_facts.generate.tables["rows"]) for round_facts in active_rounds if round_facts.generate
    )
    accepted = sum(
        len(round_facts.gate.tables["accepted"]) for round_facts in active_rounds if round_facts.gate
    )
    quarantined = sum(
        len(round_facts.gate.tables["quarantine"]) for round_facts in active_rounds if round_facts.gate
    )
    lines.append(
        f"All {len(active_rounds)} round(s): {new} new rows, {accepted} of them accepted, {quarantined} in quarantine."
    )
    return lines


def _generated(facts: Facts) -> list[GenerateResult | None]:
    return [round_facts.generate for round_facts in facts.by_round] if facts.by_round else [facts.generate]


def _sum_counts(tables: list[pd.DataFrame], by: list[str]) -> pd.DataFrame:
    """Sum tables of counts (column `rows`) of several rounds."""
    import pandas as pd

    if len(tables) == 1:
        return tables[0]
    all_tables = pd.concat(tables) if tables else pd.DataFrame(columns=[*by, "rows"])
    counts = all_tables.groupby(by, sort=True)[["rows"]].sum().reset_index()
    return counts.sort_values(["rows", *by], ascending=[False, *[True] * len(by)], ignore_index=True)


def _rules(facts: Facts) -> pd.DataFrame:
    """Return the rule results of the gate; for a loop, summed over the drafts of all rounds (rules about rows only)."""
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
    """Return the outcomes of rows requested from a paid teacher, over all slices: outcome, reason, rows."""
    import pandas as pd

    if generate is None or "endings" not in generate.tables:
        return pd.DataFrame(columns=["outcome", "reason", "rows"])
    counts = generate.endings().groupby(["outcome", "reason"])[["rows"]].sum().reset_index()
    return counts.sort_values(["rows", "outcome", "reason"], ascending=[False, True, True], ignore_index=True)


def _added_data(facts: Facts, seed: int) -> pd.DataFrame:
    """Compare the same trainer with and without the round's rows, on the same development rows."""
    from veritrain_lib.stages.with_without import empty_comparison, with_against_without

    if facts.train is None or facts.without is None:
        return empty_comparison()
    with_rows, without = facts.train, facts.without
    return with_against_without(
        without.tables["predictions"],
        with_rows.tables["predictions"],
        without.rows,
        with_rows.rows,
        seed=seed,
    )


__all__ = ["Facts", "NextStep", "ReportConfig", "ReportResult", "run"]
