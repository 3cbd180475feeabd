"""The MLflow run of a loop: its tags, what the loop started from and left, why it stopped, and its result.

Open this for the reasons why a loop stops, and for the exit codes of `veritrain loop`.
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
"""Prefixes of MLflow tags of a loop's run: for what the loop started from, and for what it left for the next loop."""


@dataclass(frozen=True)
class LoopResult:
    """Outcome of a loop: why it stopped, its champion, and the number of rounds.

    Attributes:
        task: The task's name.
        run_id: The id of the loop's MLflow run.
        stopped: The reason why it stopped; `STOP_REASONS` has a phrase for each.
        rounds: The number of rounds, without round 0 which trains the seed model.
        seed_model: The address of the seed model.
        champion: The address of the last champion.
        verdict: The verdict on the last champion against the seed model on the held-out test set; `none` if they were
            not compared, for example because no challenger was promoted.
        headline: One sentence that tells people the outcome.
        again: Whether the loop had ended before, so that this result was read from MLflow.
        report_run: The run id of the report on the whole loop; empty for none.
        note: A sentence for people if the alias `champion` points at another model now; else empty.
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
        """Exit code of `veritrain loop`: 0 done, 1 blocked by gate or budget, 4 waiting for people's answers."""
        return EXIT_CODES.get(self.stopped, 0)


def loop_digest(task: Task) -> str:
    """Return the digest that identifies a loop: of the task, its data files, its gate suite, and the code.

    The labels file is not part of it, since people add to it while the loop runs.
    """
    data = task.data_digest("seed", "development", "test", "pool")
    return digest.of_json([digest.of_code(), task.digest(), data, suite_of(task).digest])


def find_loop(task: Task) -> str | None:
    """Return the id of the MLflow run of the task's loop, whatever its status; None if it was never started."""
    where = f"tags.`veritrain.digest` = '{loop_digest(task)}' AND tags.`veritrain.kind` = 'loop'"
    matches = runs.search(task, where, limit=1)
    return matches[0].info.run_id if matches else None


def open_loop(task: Task) -> str:
    """Open a loop's MLflow run, with tags that say which models and dataset the loop starts from.

    One call does both, so that a process that is killed never leaves a run without these tags.

    Args:
        task: The task.

    Returns:
        The id of the run.
    """
    tags = {"veritrain.digest": loop_digest(task), **_earlier_loop_tags(task)}
    return runs.open_run(task, f"loop {task.name}", kind="loop", tags=tags)


def _earlier_loop_tags(task: Task) -> dict[str, str]:
    """Return MLflow tags for what a new loop starts from: the champion, and dataset and model of the last loop.

    Only a loop that started from the same seed rows counts. Values are empty if there is none.
    """
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
    """Store the outcome of a loop in its MLflow run, and end the run as FINISHED.

    Args:
        task: The task.
        loop_run: The id of the loop's run.
        result: The outcome.
        dataset: The reference of the newest dataset, from which the next loop starts.
        model: The address of the newest model, from which the next loop starts.
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
    """Return the outcome of a loop from its MLflow run; None while the loop has not ended."""
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
    """Return one sentence that tells people how a loop ended.

    Args:
        task: The task.
        rounds: The number of rounds.
        stopped: The reason why the loop stopped.
        champion: The address of the last champion; empty for none.
        seed_model: The address of the seed model.
        verdict: The verdict on the last champion against the seed model; `none` if they were not compared.
    """
    sentence = f"{task.name}: stopped after {rounds} round(s) because {STOP_REASONS[stopped]}. Champion: {champion or 'none'}"
    return sentence + (
        f", {VERDICT_PHRASES[verdict]} the seed model {seed_model} on the held-out test set."
        if verdict in VERDICT_PHRASES
        else "."
    )


def loop_parameters(task: Task) -> dict[str, Any]:
    """Return the settings of the task that the loop's MLflow run shows as its parameters, by name."""
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
