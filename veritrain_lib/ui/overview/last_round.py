"""Results of a task's last round, in a few words for each box of the picture of the improvement loop."""

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
    """Last round of a task's loop or, if no loop has run, the newest finished run of each stage.

    Attributes:
        round: The round; None if no loop has run.
        loop_run: Run id of the improvement loop; empty if no loop has run.
        stages: Run id of each finished stage, by the name of the stage.
    """

    round: history.Round | None
    loop_run: str
    stages: dict[str, str]

    def box_texts(self, task: Task) -> dict[str, str]:
        """Return the text for each box of the picture of the improvement loop: the round's results in a few words.

        Returns:
            Texts by the name of the box; empty if no stage has finished.
        """
        if not self.stages:
            return {}
        results = {name: load_result(name, run_id) for name, run_id in self.stages.items()}
        texts = {"title": f"{task.name}: {f'round {self.round.number}' if self.round else 'the last stages'}"}
        for result in results.values():
            texts |= result.box_texts(task.primary.name)
        champion = models.by_alias(task, models.CHAMPION)
        return texts | ({"champion": f"v{champion.version} now"} if champion else {})

    def next_step(self) -> str:
        """Return the next step that the report of this round recommends; an empty string if there is no report."""
        if "report" not in self.stages:
            return ""
        report: Any = load_result("report", self.stages["report"])
        return str(report.next_step)


def find_last_round(task: Task) -> LastRound:
    """Return the last round of a task; if no loop has run, the newest finished run of each stage."""
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
