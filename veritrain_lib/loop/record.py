"""What the record knows of a loop: its run, what it began with, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.core import digest
from veritrain_lib.stage_io.gate import suite_of
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

Stopped = Literal[
    "target", "budget", "looks", "plateau", "exhausted", "money", "blocked", "screened", "waiting"
]

EXIT_CODES: dict[str, int] = {"blocked": 1, "screened": 1, "money": 1, "waiting": 4}

WHY: dict[Stopped, str] = {
    "target": "the target is met",
    "budget": "the declared rounds are done",
    "looks": "the looks at the sealed test set are spent",
    "plateau": "two rounds in a row gained less than can be detected",
    "exhausted": "the teacher has no rows left",
    "money": "budget.money does not allow what comes next",
    "blocked": "the gate blocked the data",
    "screened": "a rule of the gate turned down the pool",
    "waiting": "rows wait for people's answers",
}

THAN: dict[str, str] = {
    "better": "better than",
    "not better": "not better than",
    "inconclusive": "not shown to differ from",
}

START, LAST = "veritrain.start.", "veritrain.last."
"""Prefixes of the tags of a loop's run: what it began with, and what it left for the next loop."""


@dataclass(frozen=True)
class LoopResult:
    """How a loop ended. `verdict` compares the seed model with the last champion on the sealed test set
    (`none` when no challenger was ever promoted). `note` says when the champion is another model now.
    """

    task: str
    run_id: str
    stopped: Stopped
    rounds: int
    seed_model: str
    champion: str
    verdict: str
    headline: str
    again: bool = False
    report_run: str = ""
    note: str = ""

    @property
    def exit_code(self) -> int:
        """0 done, 1 blocked by a gate or by the cap of money, 4 waiting for people."""
        return EXIT_CODES.get(self.stopped, 0)


def loop_digest(task: Task) -> str:
    """Names a loop: the task with its data and suite, and the code. People's labels grow while it runs."""
    data = task.data_digest("seed", "development", "test", "pool")
    return digest.of_json([digest.of_code(), task.digest(), data, suite_of(task).digest])


def find_loop(task: Task) -> str | None:
    """The run of this very loop, whatever its state; None when it was never begun."""
    where = f"tags.`veritrain.digest` = '{loop_digest(task)}' AND tags.`veritrain.kind` = 'loop'"
    found = runs.search(task, where, limit=1)
    return found[0].info.run_id if found else None


def open_loop(task: Task) -> str:
    """Begin a loop: what it starts from is written down in one call with its run, so that a kill can't lose it."""
    tags = {"veritrain.digest": loop_digest(task), **_left_before(task)}
    return runs.open_run(task, f"loop {task.name}", kind="loop", tags=tags)


def _left_before(task: Task) -> dict[str, str]:
    """What an earlier loop on the same seed rows left: its champion, and its accepted data, which stay."""
    champion = models.by_alias(task, models.CHAMPION)
    seed = task.data_digest("seed")
    where = (
        f"tags.`veritrain.kind` = 'loop' AND attributes.status = 'FINISHED' AND tags.`{START}seed` = '{seed}'"
    )
    last = next(
        (run.data.tags for run in runs.search(task, where) if run.data.tags.get(f"{LAST}dataset")), {}
    )
    return {
        f"{START}seed": seed,
        f"{START}champion": champion.uri if champion else "",
        f"{START}dataset": last.get(f"{LAST}dataset", ""),
        f"{START}model": last.get(f"{LAST}model", ""),
    }


def close_loop(task: Task, loop_run: str, result: LoopResult, *, dataset: str, model: str) -> None:
    """File how the loop ended; `dataset` and `model` are the newest it made, where the next loop starts."""
    keep = result.stopped != "waiting"
    runs.tag(
        loop_run,
        {
            "veritrain.stopped": result.stopped,
            "veritrain.rounds": str(result.rounds),
            "veritrain.verdict": result.verdict,
            "veritrain.champion": result.champion,
            "veritrain.seed_model": result.seed_model,
            "veritrain.headline": result.headline,
            "veritrain.run.report": result.report_run,
            f"{LAST}dataset": dataset if keep else "",
            f"{LAST}model": model if keep else "",
            "mlflow.note.content": result.headline,
        },
    )
    runs.end_run(loop_run, "FINISHED")


def stored_result(task: Task, loop_run: str) -> LoopResult | None:
    """How a loop ended, from the record; None while it has not."""
    run = runs.get(loop_run)
    tags = run.data.tags
    if run.info.status != "FINISHED" or "veritrain.stopped" not in tags:
        return None
    stopped: Any = tags["veritrain.stopped"]
    return LoopResult(
        task.name,
        loop_run,
        stopped,
        int(tags["veritrain.rounds"]),
        tags["veritrain.seed_model"],
        tags["veritrain.champion"],
        tags["veritrain.verdict"],
        tags["veritrain.headline"],
        True,
        tags.get("veritrain.run.report", ""),
    )


def headline(task: Task, rounds: int, stopped: Stopped, champion: str, seed_model: str, verdict: str) -> str:
    """One sentence for people on how a loop ended."""
    said = (
        f"{task.name}: stopped after {rounds} round(s) because {WHY[stopped]}. Champion: {champion or 'none'}"
    )
    return said + (
        f", {THAN[verdict]} the seed model {seed_model} on the sealed test set." if verdict in THAN else "."
    )


def loop_parameters(task: Task) -> dict[str, Any]:
    """What the loop's run shows as its parameters."""
    return {
        "task": task.name,
        "rounds": task.budget.rounds,
        "rows_per_round": task.budget.rows_per_round,
        "teacher": task.teacher.name,
        "choose": task.teacher.choose,
        "batch": task.teacher.batch,
        "trainer": task.trainer.name,
        "max_looks": task.promotion.max_looks,
        "alpha": task.promotion.alpha,
        "spending": task.promotion.spending,
        "goal": task.goal.at_least if task.goal else "none",
        "seed": task.seed,
    }
