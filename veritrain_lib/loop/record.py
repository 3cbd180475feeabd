"""A loop's run in MLflow: what it started from, how it ended, and the sentence that says so.

Open this for the reasons why a loop stops, its exit codes, and the tags of its run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.core import digest
from veritrain_lib.stages.gate.inputs import suite_of
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

Stopped = Literal[
    "target", "budget", "looks", "plateau", "exhausted", "money", "blocked", "screened", "waiting"
]

EXIT_CODES: dict[str, int] = {"blocked": 1, "screened": 1, "money": 1, "waiting": 4}

STOP_REASONS: dict[Stopped, str] = {
    "target": "the target is met",
    "budget": "the declared rounds are done",
    "looks": "the looks at the held-out test set are spent",
    "plateau": "two rounds in a row gained less than can be detected",
    "exhausted": "the teacher has no rows left",
    "money": "budget.money does not allow what comes next",
    "blocked": "the gate blocked the data",
    "screened": "a rule of the gate rejected the pool",
    "waiting": "rows wait for people's answers",
}

VERDICT_PHRASES: dict[str, str] = {
    "better": "better than",
    "not better": "not better than",
    "inconclusive": "not shown to differ from",
}

START, LAST = "veritrain.start.", "veritrain.last."
"""Prefixes of tags of a loop's run: what it started from, and what it left for the next loop."""


@dataclass(frozen=True)
class LoopResult:
    """The outcome of a loop.

    Attributes:
        task: The task's name.
        run_id: The loop's run.
        stopped: Why it stopped; `STOP_REASONS` has a phrase for each.
        rounds: The number of rounds after the seed model.
        seed_model: The address of the seed model.
        champion: The address of the last champion.
        verdict: The seed model compared with the last champion on the held-out test set; `none` when no challenger was
            ever promoted.
        headline: One sentence for people.
        again: Whether the result was read from the record, since the loop had ended before.
        report_run: The run of the loop's report, empty for none.
        note: Says when the champion is another model now.
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
        """Exit code of the command: 0 done, 1 blocked by a gate or by the budget, 4 waiting for people."""
        return EXIT_CODES.get(self.stopped, 0)


def loop_digest(task: Task) -> str:
    """Return the digest of a loop: the task with its data and suite, and the code.

    The labels of people are not part of it, since they grow while the loop runs.
    """
    data = task.data_digest("seed", "development", "test", "pool")
    return digest.of_json([digest.of_code(), task.digest(), data, suite_of(task).digest])


def find_loop(task: Task) -> str | None:
    """Find the run of this loop, whatever its status; None when it was never started."""
    where = f"tags.`veritrain.digest` = '{loop_digest(task)}' AND tags.`veritrain.kind` = 'loop'"
    matches = runs.search(task, where, limit=1)
    return matches[0].info.run_id if matches else None


def open_loop(task: Task) -> str:
    """Open a loop's run, with what it starts from in its tags, in one call so that a kill can't lose it.

    Returns:
        The run id.
    """
    tags = {"veritrain.digest": loop_digest(task), **_earlier_loop_tags(task)}
    return runs.open_run(task, f"loop {task.name}", kind="loop", tags=tags)


def _earlier_loop_tags(task: Task) -> dict[str, str]:
    """Return tags with what the last loop on the same seed rows left: its dataset and model, and the champion."""
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
    """Store how the loop ended, and end its run.

    Args:
        task: The task.
        loop_run: The loop's run.
        result: How it ended.
        dataset: The newest dataset that it made, from which the next loop starts.
        model: The newest model that it made, from which the next loop starts.
    """
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
    """Read from MLflow how a loop ended; None while it has not."""
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
    """Write one sentence for people on how a loop ended."""
    sentence = f"{task.name}: stopped after {rounds} round(s) because {STOP_REASONS[stopped]}. Champion: {champion or 'none'}"
    return sentence + (
        f", {VERDICT_PHRASES[verdict]} the seed model {seed_model} on the held-out test set."
        if verdict in VERDICT_PHRASES
        else "."
    )


def loop_parameters(task: Task) -> dict[str, Any]:
    """Return the parameters that the loop's run shows."""
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
