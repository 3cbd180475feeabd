"""Report: what changed, improved, regressed; what the added data did; cost, time; the next step and why."""

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
    from veritrain_lib.reporting.document import Document
    from veritrain_lib.reporting.stored_picture import StoredPicture
    from veritrain_lib.stages.evaluate import EvaluateResult
    from veritrain_lib.stages.gate import GateResult
    from veritrain_lib.stages.generate import GenerateResult
    from veritrain_lib.stages.train import TrainResult


class ReportConfig(BaseModel):
    """`scope`: one round, or the whole loop (seed model against the last champion)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: Literal["round", "loop"] = "round"
    seed: int = 0


@dataclass(frozen=True)
class RoundFacts:
    """What one round of a loop made and took out."""

    number: int
    generate: GenerateResult | None = None
    gate: GateResult | None = None


@dataclass(frozen=True)
class Facts:
    """What the record knows, gathered for a report.

    `rounds` has one line a round: round, rows, value, low, high (development, primary metric), verdict,
    promoted, gain (development), sealed_gain, seconds. `without` is the training result before this round's
    rows were added (of a whole loop: the seed model's). `by_round` has every round of a whole loop, and is empty for a
    report on one round. Stages that did not run are None. `money` is what is paid for the task so far, in US dollars.
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
    """Tables: `rounds`, `improved`, `regressed`, `unclear` (slices), `added_data` (with against without),
    what the pictures need: `slices`, `confusions`, `rules`; `screened` (of a pool) and `endings` (of a paid
    teacher): how rows ended that are not among the new ones.
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

    def take_over(self, stage: StageResult | None) -> None:
        """Show the pictures that a stage has drawn and stored as they are: to draw them takes as long as all else."""
        from veritrain_lib.reporting.stored_picture import StoredPicture

        for name in ("slices", "confused", "removed"):
            content = stage.stored_picture(name) if stage else None
            if content is not None:
                self._figures[name] = StoredPicture(content)

    def learning_curve(self) -> Figure:
        """The primary metric on development rows over the rounds."""
        from veritrain_lib.reporting.pictures import learning_curve

        return self._once(
            "learning_curve", lambda: learning_curve(self.tables["rounds"], self.metric, self.goal)
        )

    def slices(self) -> Figure | StoredPicture | None:
        """The change in every slice; None when nothing was evaluated."""
        from veritrain_lib.reporting.pictures import slice_changes

        rows = self.tables["slices"]
        return self._once("slices", lambda: slice_changes(rows)) if len(rows) else None

    def confused(self) -> Figure | StoredPicture | None:
        """The most confused pairs of answers; None when nothing was evaluated."""
        from veritrain_lib.reporting.pictures import confused_pairs

        rows = self.tables["confusions"]
        return self._once("confused", lambda: confused_pairs(rows)) if len(rows) else None

    def removed(self) -> Figure | StoredPicture | None:
        """What the gate removed; None when no gate ran."""
        from veritrain_lib.reporting.pictures import removed

        rows = self.tables["rules"]
        return self._once("removed", lambda: removed(rows)) if len(rows) else None

    def pictures(self) -> dict[str, Figure | StoredPicture]:
        """The pictures that there are, by name."""
        figures = {
            "learning_curve": self.learning_curve(),
            "slices": self.slices(),
            "confused": self.confused(),
            "removed": self.removed(),
        }
        return {name: figure for name, figure in figures.items() if figure is not None}

    def document(self, drawn: Mapping[str, bytes] | None = None) -> Document:
        """The report as blocks, for the HTML page and the PDF; `drawn`: its pictures, where they are PNG files already."""
        from veritrain_lib.stages.report_document import build

        return build(self, self.pictures() if drawn is None else drawn)


def run(config: ReportConfig, task: Task, facts: Facts) -> ReportResult:
    """Put the facts of a round, or of the whole loop, into words, tables and pictures."""
    import pandas as pd

    evaluate = facts.evaluate
    empty = pd.DataFrame()
    slices = evaluate.tables.get("sealed_slices", evaluate.tables["slices"]) if evaluate else empty
    step = next_step(task, facts)
    verdict = (
        evaluate.verdict
        if evaluate
        else ("blocked" if facts.gate and facts.gate.status == "blocked" else "none")
    )
    tables = {
        "rounds": facts.rounds,
        "slices": slices,
        "improved": _where(slices, "low", above=True),
        "regressed": _where(slices, "high", above=False),
        "unclear": slices[slices["verdict"] == "can't tell"] if len(slices) else empty,
        "confusions": evaluate.tables["confusions"] if evaluate else empty,
        "rules": _rules(facts),
        "screened": _added([_screened(one) for one in _generated(facts)], ["reason"]),
        "endings": _added([_endings(one) for one in _generated(facts)], ["outcome", "reason"]),
        "added_data": _added_data(facts, config.seed),
    }
    measures = dict(evaluate.measures) if evaluate else (dict(facts.train.measures) if facts.train else {})
    measures["seconds"] = Measure(value=float(facts.rounds["seconds"].sum()) if len(facts.rounds) else 0.0)
    measures["money"] = Measure(value=facts.money)
    result = ReportResult(
        outcome="done",
        headline=f"{facts.title}: {verdict}. {_in_short(task, evaluate)}{step.action}",
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
            "held-out rows" if evaluate and "sealed_slices" in evaluate.tables else "development rows"
        ),
    )
    # The stored picture of a gate is about one round.
    for stage in (None if facts.by_round else facts.gate, facts.evaluate):
        result.take_over(stage)
    return result


def _in_short(task: Task, evaluate: EvaluateResult | None) -> str:
    if evaluate is None:
        return ""
    if evaluate.sealed:
        sealed = evaluate.sealed
        moved = f"{sealed.champion:.3f} to {sealed.challenger:.3f}"
        return f"{task.primary.name.capitalize()} on {sealed.n} sealed rows {moved}. "
    return f"Development gain {evaluate.development_gain:+.3f}; the sealed set stayed closed. "


def _where(slices: pd.DataFrame, bound: str, *, above: bool) -> pd.DataFrame:
    if not len(slices):
        return slices
    return slices[slices[bound] > 0] if above else slices[slices[bound] < 0]


def _changed(task: Task, facts: Facts) -> list[str]:
    lines = _of_each_round(facts) or [
        result.headline for result in (facts.generate, facts.gate, facts.train) if result
    ]
    evaluate = facts.evaluate
    if evaluate and evaluate.sealed:
        sealed = evaluate.sealed
        lines.append(
            f"Sealed test set, look {sealed.look} of {task.promotion.max_looks} "
            f"(level {sealed.look_alpha:.4f}): "
            f"{sealed.champion:.3f} to {sealed.challenger:.3f}, change {sealed.difference:+.3f} "
            f"({sealed.low:+.3f} to {sealed.high:+.3f} at level {sealed.level:.3f}), p = {sealed.p:.2g}, "
            f"n = {sealed.n}."
        )
        if sealed.detectable is not None:
            lines.append(
                f"Stated detectable difference: {sealed.detectable:.3f} "
                "(a true gain of this size is promoted 80 % of the time)."
            )
    elif evaluate:
        lines.append(evaluate.why)
    if facts.champion:
        lines.append(f"Champion now: {facts.champion}.")
    return lines


def _of_each_round(facts: Facts) -> list[str]:
    """What every round of a loop made and took out, a line each, and all of it in one; empty for one round."""
    made = [one for one in facts.by_round if one.generate or (one.gate and one.number)]
    if not made:
        return [one.gate.headline for one in facts.by_round if one.gate]
    lines = [
        f"Round {one.number}: " + " ".join(stage.headline for stage in (one.generate, one.gate) if stage)
        for one in made
    ]
    new = sum(len(one.generate.tables["rows"]) for one in made if one.generate)
    accepted = sum(len(one.gate.tables["accepted"]) for one in made if one.gate)
    quarantined = sum(len(one.gate.tables["quarantine"]) for one in made if one.gate)
    lines.append(
        f"All {len(made)} round(s): {new} new rows, {accepted} of them accepted, {quarantined} in quarantine."
    )
    return lines


def _generated(facts: Facts) -> list[GenerateResult | None]:
    return [one.generate for one in facts.by_round] if facts.by_round else [facts.generate]


def _added(tables: list[pd.DataFrame], by: list[str]) -> pd.DataFrame:
    """Tables of counts (`rows`) of several rounds as one."""
    import pandas as pd

    if len(tables) == 1:
        return tables[0]
    whole = pd.concat(tables) if tables else pd.DataFrame(columns=[*by, "rows"])
    counts = whole.groupby(by, sort=True)[["rows"]].sum().reset_index()
    return counts.sort_values(["rows", *by], ascending=[False, *[True] * len(by)], ignore_index=True)


def _rules(facts: Facts) -> pd.DataFrame:
    """What the gate found by rule; of a loop, over the drafts of all rounds (rules about rows only)."""
    import pandas as pd

    gates = [one.gate for one in facts.by_round if one.gate and one.number]
    if not gates:
        return facts.gate.tables["rules"] if facts.gate else pd.DataFrame()
    from veritrain_lib.statistics.intervals import wilson

    tables = [gate.tables["rules"] for gate in gates]
    if len(tables) == 1:
        only: pd.DataFrame = tables[0]
        return only
    whole = pd.concat(tables, ignore_index=True)
    whole = whole[whole["kind"] == "rows"]
    lines = []
    for _, of_rule in whole.groupby("rule", sort=False):
        line = of_rule.iloc[-1].to_dict()
        judged, rejected = int(of_rule["checked"].sum()), int(of_rule["rejected"].sum())
        interval = wilson(rejected, judged)
        line |= {"checked": judged, "rejected": rejected, "share": rejected / judged if judged else 0.0}
        line |= {"low": interval.low, "high": interval.high}
        lines.append(line)
    return pd.DataFrame(lines, columns=tables[0].columns)


def _screened(generate: GenerateResult | None) -> pd.DataFrame:
    import pandas as pd

    # What a writing teacher's rows were turned down for is among its endings.
    counts = generate.screened if generate and "endings" not in generate.tables else {}
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(rows, columns=["reason", "rows"])


def _endings(generate: GenerateResult | None) -> pd.DataFrame:
    """How the rows that were asked of a paid teacher ended, over all slices: outcome, reason, rows."""
    import pandas as pd

    if generate is None or "endings" not in generate.tables:
        return pd.DataFrame(columns=["outcome", "reason", "rows"])
    counts = generate.endings().groupby(["outcome", "reason"])[["rows"]].sum().reset_index()
    return counts.sort_values(["rows", "outcome", "reason"], ascending=[False, True, True], ignore_index=True)


def _added_data(facts: Facts, seed: int) -> pd.DataFrame:
    """The same trainer with the round's rows against without them, on the same development rows."""
    from veritrain_lib.stages.with_without import no_comparison, with_against_without

    if facts.train is None or facts.without is None:
        return no_comparison()
    with_rows, without = facts.train, facts.without
    return with_against_without(
        without.tables["predictions"],
        with_rows.tables["predictions"],
        without.rows,
        with_rows.rows,
        seed=seed,
    )


__all__ = ["Facts", "NextStep", "ReportConfig", "ReportResult", "run"]
