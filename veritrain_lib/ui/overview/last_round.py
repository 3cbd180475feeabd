"""Results of the last round, summarized in a few words for each box of the loop picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages import NAMES
from veritrain_lib.stages.record import history
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


@dataclass(frozen=True)
class LastRound:
    """The newest round of a loop or, if no loop has run, the newest stages run by hand.

    Attributes:
        round: the round; None if no loop has run.
        loop_run: run id of the loop; empty if no loop has run.
        stages: run id of each finished stage, by stage name.
    """

    round: history.Round | None
    loop_run: str
    stages: dict[str, str]

    def box_texts(self, task: Task) -> dict[str, str]:
        """Return a short text for each box of `reporting.pictures.loop`; empty when no stage has finished yet."""
        if not self.stages:
            return {}
        results = {name: load_result(name, run_id) for name, run_id in self.stages.items()}
        texts = {"title": f"{task.name}: {f'round {self.round.number}' if self.round else 'the last stages'}"}
        for name, result in results.items():
            texts |= _SUMMARIES[name](task, result)
        champion = models.by_alias(task, models.CHAMPION)
        return texts | ({"champion": f"v{champion.version} now"} if champion else {})

    def next_step(self) -> str:
        """Return the next step that the last report recommends; empty without a report."""
        if "report" not in self.stages:
            return ""
        report: Any = load_result("report", self.stages["report"])
        return str(report.next_step)


def find_last_round(task: Task) -> LastRound:
    """Return the newest round of a task, or else the newest finished run of each stage."""
    latest = history.latest_round(task)
    if latest is not None:
        finished = {
            name: run for name, run in latest[0].stages.items() if runs.get(run).info.status == "FINISHED"
        }
        return LastRound(latest[0], latest[1], finished)
    stages = {}
    for name in NAMES:
        query = f"tags.`veritrain.stage` = '{name}' AND attributes.status = 'FINISHED'"
        for run in runs.search(task, query, limit=1):
            stages[name] = run.info.run_id
    return LastRound(None, "", stages)


def _value(task: Task, result: Any) -> str:
    measure = result.measures.get(task.primary.name)
    return "" if measure is None or measure.value is None else f"{task.primary.name} {measure.value:.3f}"


def _probe(task: Task, result: Any) -> dict[str, str]:
    contract = result.measures["output_contract"].value
    return {"probe": f"{_value(task, result)} contract {contract:.0%}"}


def _generate(task: Task, result: Any) -> dict[str, str]:
    if result.outcome == "waiting":
        return {"generate": f"{len(result.tables['waiting'])} rows wait for people"}
    plan = result.tables["plan"]
    summary = f"{int(plan['rows'].sum())} rows for {len(plan)} slices"
    return {"plan": summary, "generate": f"{len(result.tables['rows'])} new rows"}


def _gate(task: Task, result: Any) -> dict[str, str]:
    accepted, removed = len(result.tables["accepted"]), len(result.tables["quarantine"])
    return {"gate": f"{result.status}: {accepted} rows", "quarantine": f"{removed} rows with reasons"}


def _train(task: Task, result: Any) -> dict[str, str]:
    return {"train": f"{result.rows} rows, {_value(task, result)}"}


def _evaluate(task: Task, result: Any) -> dict[str, str]:
    gain = result.held_out.difference if result.held_out else result.development_gain
    return {"evaluate": f"{result.verdict} {gain:+.3f} {'test' if result.held_out else 'dev.'}"}


def _report(task: Task, result: Any) -> dict[str, str]:
    return {"report": result.next_step}


_SUMMARIES = {
    "probe": _probe,
    "generate": _generate,
    "gate": _gate,
    "train": _train,
    "evaluate": _evaluate,
    "report": _report,
}
