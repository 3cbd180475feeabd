"""Next steps that the home page suggests for each task: what only people can do, then the advice of the last report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.server.web.links import PageLink, file_links, run_page
from veritrain_lib.server.web.results import stage_result
from veritrain_lib.stages.generate.annotation import count_waiting
from veritrain_lib.tracking.listing import RunQuery, first_of_each_experiment

if TYPE_CHECKING:
    from veritrain_lib.server.web.running import ActiveRuns
    from veritrain_lib.server.web.tasks import TaskCard
    from veritrain_lib.tracking.entities import Run


@dataclass(frozen=True)
class NextStepItem:
    """Next step that the home page suggests.

    Attributes:
        task: Name of the task; empty if the step belongs to none.
        title: What to do.
        reason: Why.
        command: Command to type in a terminal; empty if there is none.
        link: Page to open; None if there is none.
        urgent: Whether the improvement loop can't go on before this step is done.
    """

    task: str
    title: str
    reason: str = ""
    command: str = ""
    link: PageLink | None = None
    urgent: bool = False


def next_steps(cards: list[TaskCard], now: ActiveRuns) -> list[NextStepItem]:
    """Return the next steps for the home page, urgent ones first, then in the order of the tasks.

    Args:
        cards: Tasks on the home page.
        now: Running and pending runs.
    """
    query = RunQuery(tags={"veritrain.stage": ["report"]}, statuses=["FINISHED"])
    reports = first_of_each_experiment(query, [card.experiment_id for card in cards], limit=1)
    newest = {key: runs[0] for key, (runs, _) in reports.items()}
    steps = [
        step
        for card in cards
        for step in (_waiting(card), _failed(card), _reported(card, newest.get(card.experiment_id)))
        if step
    ]
    if now.pending_total:
        count = now.pending_total
        text = "An experiment waits" if count == 1 else f"{count} experiments wait"
        steps.append(
            NextStepItem("", f"{text} to be started", link=PageLink("/api/v1/docs", "how to start one"))
        )
    return sorted(steps, key=lambda step: not step.urgent)


def _waiting(card: TaskCard) -> NextStepItem | None:
    """Return the next step that asks people to label rows of a task; None if no row waits for an answer."""
    try:
        count = count_waiting(card.task) if card.task else 0
    except (OSError, UserError):
        return None
    if not count:
        return None
    title = "1 row waits for an answer" if count == 1 else f"{count} rows wait for an answer"
    return NextStepItem(
        card.name, title, "Answer in notebooks/label.ipynb; then the loop goes on.",
        f"veritrain loop {card.name}", urgent=True,
    )  # fmt: skip


def _failed(card: TaskCard) -> NextStepItem | None:
    """Return the next step that tells how to resume a task's newest round of the improvement loop.

    Returns:
        None if that round neither failed nor was stopped.
    """
    newest = card.rounds[0] if card.rounds else None
    if newest is None or newest.outcome not in ("failed", "killed"):
        return None
    return NextStepItem(
        card.name, f"{newest.name} {'failed' if newest.outcome == 'failed' else 'was stopped'}", newest.headline,
        f"veritrain loop {card.name}", PageLink(newest.href, "open the run"), urgent=newest.outcome == "failed",
    )  # fmt: skip


def _reported(card: TaskCard, report: Run | None) -> NextStepItem | None:
    """Return the next step that a task's last report suggests; None if there is no report or it suggests none."""
    result = stage_result(report) if report else {}
    if report is None or not result.get("next_step"):
        return None
    files = file_links(report, "report")
    link = (
        PageLink(files[0].href, "read the report")
        if files
        else PageLink(run_page(report), "open the report's run")
    )
    return NextStepItem(card.name, str(result["next_step"]), str(result.get("next_step_why", "")), link=link)
