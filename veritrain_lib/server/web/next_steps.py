"""What to do next, for each task: what only people can do first, then what the last report says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.server.web.links import Link, files_of, run_page
from veritrain_lib.server.web.results import result_of
from veritrain_lib.stage_io.annotation import count_waiting
from veritrain_lib.tracking.listing import RunQuery, first_of_each_experiment

if TYPE_CHECKING:
    from veritrain_lib.server.web.running import UnderWay
    from veritrain_lib.server.web.tasks import TaskCard
    from veritrain_lib.tracking.entities import Run


@dataclass(frozen=True)
class NextStep:
    """One thing to do. `command` is typed in a terminal; `urgent` where work stands still until it is done."""

    task: str
    what: str
    why: str = ""
    command: str = ""
    link: Link | None = None
    urgent: bool = False


def next_steps(cards: list[TaskCard], now: UnderWay) -> list[NextStep]:
    """What stands still first, then in the order of the tasks."""
    query = RunQuery(tags={"veritrain.stage": ["report"]}, statuses=["FINISHED"])
    reports = first_of_each_experiment(query, [card.experiment_id for card in cards], limit=1)
    newest = {key: runs[0] for key, (runs, _) in reports.items()}
    found = [
        one
        for card in cards
        for one in (_waiting(card), _failed(card), _reported(card, newest.get(card.experiment_id)))
        if one
    ]
    if now.pending_total:
        count = now.pending_total
        said = "An experiment waits" if count == 1 else f"{count} experiments wait"
        found.append(NextStep("", f"{said} to be started", link=Link("/api/v1/docs", "how to start one")))
    return sorted(found, key=lambda one: not one.urgent)


def _waiting(card: TaskCard) -> NextStep | None:
    try:
        count = count_waiting(card.task) if card.task else 0
    except (OSError, UserError):
        return None
    if not count:
        return None
    said = "1 row waits for an answer" if count == 1 else f"{count} rows wait for an answer"
    return NextStep(
        card.name, said, "Answer in notebooks/label.ipynb; then the loop goes on.",
        f"veritrain loop {card.name}", urgent=True,
    )  # fmt: skip


def _failed(card: TaskCard) -> NextStep | None:
    """The newest round did not finish: what it said, and how to go on."""
    newest = card.rounds[0] if card.rounds else None
    if newest is None or newest.ended not in ("failed", "killed"):
        return None
    return NextStep(
        card.name, f"{newest.name} {'failed' if newest.ended == 'failed' else 'was stopped'}", newest.headline,
        f"veritrain loop {card.name}", Link(newest.href, "open the run"), urgent=newest.ended == "failed",
    )  # fmt: skip


def _reported(card: TaskCard, report: Run | None) -> NextStep | None:
    said = result_of(report) if report else {}
    if report is None or not said.get("next_step"):
        return None
    files = files_of(report, "report")
    link = (
        Link(files[0].href, "read the report") if files else Link(run_page(report), "open the report's run")
    )
    return NextStep(card.name, str(said["next_step"]), str(said.get("next_step_why", "")), link=link)
