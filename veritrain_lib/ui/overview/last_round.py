"""The last trip round the loop, in a few words for each box of its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stage_io import history
from veritrain_lib.stage_io.stage import load_result
from veritrain_lib.stages import NAMES
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


@dataclass(frozen=True)
class Trip:
    """The newest round with its loop's run, or, where no loop has run, the last stages done by hand.

    `stages` are the run ids of the finished stages by name.
    """

    round: history.Round | None
    loop_run: str
    stages: dict[str, str]

    def words(self, task: Task) -> dict[str, str]:
        """A short text for each box of `reporting.pictures.loop`; empty when nothing was done yet."""
        if not self.stages:
            return {}
        results = {name: load_result(name, run_id) for name, run_id in self.stages.items()}
        texts = {"title": f"{task.name}: {f'round {self.round.number}' if self.round else 'the last stages'}"}
        for name, result in results.items():
            texts |= _TELL[name](task, result)
        champion = models.by_alias(task, models.CHAMPION)
        return texts | ({"champion": f"v{champion.version} now"} if champion else {})

    def next_step(self) -> str:
        """What the last report says to do next; empty without a report."""
        if "report" not in self.stages:
            return ""
        report: Any = load_result("report", self.stages["report"])
        return str(report.next_step)


def last_trip(task: Task) -> Trip:
    """The newest round, else the newest finished run of each stage."""
    latest = history.latest_round(task)
    if latest is not None:
        done = {
            name: run for name, run in latest[0].stages.items() if runs.get(run).info.status == "FINISHED"
        }
        return Trip(latest[0], latest[1], done)
    found = {}
    for name in NAMES:
        where = f"tags.`veritrain.stage` = '{name}' AND attributes.status = 'FINISHED'"
        for run in runs.search(task, where, limit=1):
            found[name] = run.info.run_id
    return Trip(None, "", found)


def _value(task: Task, result: Any) -> str:
    measure = result.measures.get(task.primary.name)
    return "" if measure is None or measure.value is None else f"{task.primary.name} {measure.value:.3f}"


def _probe(task: Task, result: Any) -> dict[str, str]:
    kept = result.measures["output_contract"].value
    return {"probe": f"{_value(task, result)} contract {kept:.0%}"}


def _generate(task: Task, result: Any) -> dict[str, str]:
    if result.outcome == "waiting":
        return {"generate": f"{len(result.tables['waiting'])} rows wait for people"}
    plan = result.tables["plan"]
    told = f"{int(plan['rows'].sum())} rows for {len(plan)} slices"
    return {"plan": told, "generate": f"{len(result.tables['rows'])} new rows"}


def _gate(task: Task, result: Any) -> dict[str, str]:
    accepted, removed = len(result.tables["accepted"]), len(result.tables["quarantine"])
    return {"gate": f"{result.status}: {accepted} rows", "quarantine": f"{removed} rows with reasons"}


def _train(task: Task, result: Any) -> dict[str, str]:
    return {"train": f"{result.rows} rows, {_value(task, result)}"}


def _evaluate(task: Task, result: Any) -> dict[str, str]:
    gain = result.sealed.difference if result.sealed else result.development_gain
    return {"evaluate": f"{result.verdict} {gain:+.3f} {'sealed' if result.sealed else 'dev.'}"}


def _report(task: Task, result: Any) -> dict[str, str]:
    return {"report": result.next_step}


_TELL = {
    "probe": _probe,
    "generate": _generate,
    "gate": _gate,
    "train": _train,
    "evaluate": _evaluate,
    "report": _report,
}
