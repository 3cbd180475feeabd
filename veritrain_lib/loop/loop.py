"""The closed loop: probe, generate, gate, train, evaluate, report, round after round.

Read this first. Every step is named by the digest of its inputs, parameters and code, and is looked up in the
record before it is done: walking the loop again from the start redoes only what is unfinished, so a killed
loop resumes by the same command.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims
from veritrain_lib.core.errors import OutOfMoney
from veritrain_lib.execution.jobs import JobRunner, LocalRunner
from veritrain_lib.loop import completeness
from veritrain_lib.loop.record import (
    START,
    LoopResult,
    Stopped,
    close_loop,
    find_loop,
    headline,
    loop_digest,
    loop_parameters,
    open_loop,
    stored_result,
)
from veritrain_lib.loop.round_run import Event, RoundRun
from veritrain_lib.loop.stage_job import Done, attach_leftovers, finishing
from veritrain_lib.loop.stage_pages import mend_pages_of
from veritrain_lib.stage_io import sources, split_overlap
from veritrain_lib.stage_io.defaults import SEED
from veritrain_lib.stage_io.evaluate import look_limit
from veritrain_lib.tracking import datasets, looks, models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


log = logging.getLogger("veritrain")


@dataclass
class _Walk:
    """Where the loop is: what the next round starts from."""

    dataset: str
    model: str
    seed_model: str
    champion: str
    small_gains: int = 0
    looks_spent: bool = False
    rounds: int = 0
    stopped: Stopped | None = None
    reason: str = ""


def run_loop(
    task: Task, *, runner: JobRunner | None = None, on_event: Callable[[Event], None] | None = None
) -> LoopResult:
    """Go round until the target is met or the budget is spent; take up what an earlier call left.

    A loop that another process goes round is waited for; its result is given, or it is taken over when that one dies.
    Raises StageFailed when a stage notebook does not finish (its run, the round's and the loop's say so).
    """
    tell = on_event or (lambda event: None)

    def waits(said: str) -> None:
        tell(Event(-1, "loop", "waits", said))

    with claims.claim(f"loop {loop_digest(task)}", f"loop of task {task.name}", tell=waits):
        return _find_or_walk(task, runner or LocalRunner(), tell)


def _find_or_walk(task: Task, runner: JobRunner, tell: Callable[[Event], None]) -> LoopResult:
    attach_leftovers(task)
    runs.close_abandoned(task)
    _look_at_data(task)
    loop_run = find_loop(task)
    if loop_run is None:
        loop_run = open_loop(task)
    else:
        done = stored_result(task, loop_run)
        if done is not None and done.stopped != "waiting":
            lost = completeness.gone(task, loop_run)
            if not lost:
                if done.report_run:
                    mend_pages_of(done.report_run, task)
                return _settled(task, done)
            log.warning("%s", completeness.told(lost))
            completeness.note_alias(task, loop_run)
        runs.take_up(loop_run)
    with finishing(runner):
        try:
            for line in split_overlap.told(task):
                log.warning("%s", line)
            runs.log(loop_run, parameters=loop_parameters(task))
            return _walk(task, loop_run, runner, tell)
        except KeyboardInterrupt:
            runs.end_run(loop_run, "KILLED", "interrupted from outside; the same command goes on")
            raise
        except BaseException as error:
            runs.end_run(loop_run, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])
            raise


def _look_at_data(task: Task) -> None:
    """Raise UserError when the task's files are not apart, or its plan of looks is wider than the stored one."""
    split_overlap.refuse_shared(task)
    looks.refuse_wider_plan(task, sources.held_out_set(task))


def _walk(task: Task, loop_run: str, runner: JobRunner, tell: Callable[[Event], None]) -> LoopResult:
    walk = _seed_round(task, loop_run, runner, tell)
    while walk.stopped is None:
        walk.stopped = _stop_before(task, walk)
        if walk.stopped is None:
            walk.rounds += 1
            _round(task, loop_run, walk, runner, tell)
    return _finish(task, loop_run, walk, runner, tell)


def _seed_round(task: Task, loop_run: str, runner: JobRunner, tell: Callable[[Event], None]) -> _Walk:
    """Round 0: the seed rows through the gate, and the model that everything is measured against."""
    with RoundRun(task, loop_run, 0, runner, tell) as here:
        gate = here.stage("gate", dataset=SEED, seed=task.seed)
        if gate.result.outcome == "blocked":
            return _Walk("", "", "", "", stopped="blocked")
        dataset = _dataset(gate)
        train = here.stage("train", dataset=dataset, seed=task.seed)
        seed_model = _model(train)
        here.trained_on(dataset)
        here.summarize(train.result, f"The seed model {seed_model}, trained on {dataset}.")
    lost = completeness.start_gone(task, loop_run)
    if lost:
        log.warning("What this loop began with is gone: %s. It begins with the seed rows.", ", ".join(lost))
        completeness.forget_start(loop_run)
    # Written down when the loop was begun, so that a resumed walk starts where the first one did.
    start = runs.get(loop_run).data.tags
    return _Walk(
        dataset=start.get(f"{START}dataset") or dataset,
        model=start.get(f"{START}model") or seed_model,
        seed_model=seed_model,
        champion=start.get(f"{START}champion") or seed_model,
    )


def _round(task: Task, loop_run: str, walk: _Walk, runner: JobRunner, tell: Callable[[Event], None]) -> None:
    """One trip: what it finds changes the walk."""
    seed = task.seed + walk.rounds
    with RoundRun(task, loop_run, walk.rounds, runner, tell) as here:
        here.parameters(
            champion=walk.champion,
            dataset=walk.dataset,
            teacher=task.teacher.name,
            choose=task.teacher.choose,
            seed=seed,
        )
        try:
            _trip(task, here, walk, seed)
        except OutOfMoney as error:
            # The stage says in its own run what it would have cost; the round just ends here.
            walk.stopped = "money"
            here.summarize(None, str(error))


def _trip(task: Task, here: RoundRun, walk: _Walk, seed: int) -> None:
    """The stages of one round."""
    _, generate = here.stages(
        ("probe", {"model": walk.champion, "seed": task.seed}),
        ("generate", {"dataset": walk.dataset, "model": walk.model, "seed": seed}),
    )
    if generate.result.outcome == "waiting":
        walk.stopped = "waiting"
        here.wait(generate.result.headline)
        return
    if generate.result.outcome == "blocked":
        walk.stopped, walk.reason = "screened", generate.result.headline
        here.summarize(None, generate.result.headline)
        return
    if not len(generate.result.tables["rows"]):
        walk.stopped = "exhausted"
        here.summarize(None, "The teacher had no row left to give.")
        return
    gate = here.stage("gate", dataset=_dataset(generate), seed=seed)
    if gate.result.outcome == "blocked":
        walk.stopped = "blocked"
        here.stage("report", about=here.run_id, seed=task.seed)
        here.summarize(None, gate.result.headline)
        return
    walk.dataset = _dataset(gate)
    train = here.stage("train", dataset=walk.dataset, seed=task.seed)
    walk.model = _model(train)
    here.trained_on(walk.dataset)
    if walk.model == walk.champion:
        walk.stopped = "exhausted"
        here.summarize(train.result, "No row was accepted, so the challenger would be the champion itself.")
        return
    evaluate = here.stage("evaluate", champion=walk.champion, challenger=walk.model, seed=task.seed)
    judged: Any = evaluate.result
    walk.small_gains = 0 if judged.sealed or judged.looks_spent else walk.small_gains + 1
    # From the verdict, not from the count in the record: a resumed loop finds looks there that it has
    # yet to walk past.
    walk.looks_spent = judged.looks_spent or (
        judged.sealed is not None and judged.sealed.look >= look_limit(task, "promotion")
    )
    if judged.promote:
        walk.champion = walk.model
    here.stage("report", about=here.run_id, seed=task.seed)
    here.summarize(
        judged,
        judged.headline,
        also={"training_rows": train.result.measures["training_rows"].value or 0.0},
    )


def _stop_before(task: Task, walk: _Walk) -> Stopped | None:
    """Why not to start another round; None to go on. The first reason that holds, in this order."""
    if task.goal is not None and _reached(task, walk.champion):
        return "target"
    if walk.rounds >= task.budget.rounds:
        return "budget"
    if walk.looks_spent:
        return "looks"
    if walk.small_gains >= 2:
        return "plateau"
    return None


def _reached(task: Task, champion: str) -> bool:
    known = models.describe(task, champion)
    value = runs.get(known.run_id).data.metrics.get(task.primary.name)
    if value is None or task.goal is None:
        return False
    return bool(value >= task.goal.at_least if task.primary.higher_is_better else value <= task.goal.at_least)


def _finish(
    task: Task, loop_run: str, walk: _Walk, runner: JobRunner, tell: Callable[[Event], None]
) -> LoopResult:
    """Compare the seed model with the last champion, and close the loop's run."""
    stopped = walk.stopped or "budget"
    verdict, report_run = "none", ""
    if stopped not in ("waiting", "blocked") and walk.champion != walk.seed_model:
        with RoundRun(task, loop_run, None, runner, tell) as here:
            final = here.stage(
                "evaluate",
                champion=walk.seed_model,
                challenger=walk.champion,
                purpose="final",
                seed=task.seed,
            )
            judged: Any = final.result
            verdict = judged.verdict
            here.summarize(judged, judged.headline, steps=False)
            report_run = here.stage("report", about=here.run_id, scope="loop", seed=task.seed).run_id
    said = headline(task, walk.rounds, stopped, walk.champion, walk.seed_model, verdict)
    said += f" {walk.reason}" if walk.reason else ""
    result = LoopResult(
        task.name,
        loop_run,
        stopped,
        walk.rounds,
        walk.seed_model,
        walk.champion,
        verdict,
        said,
        report_run=report_run,
    )
    result = _settled(task, result)
    close_loop(task, loop_run, result, dataset=walk.dataset, model=walk.model)
    return result


def _settled(task: Task, result: LoopResult) -> LoopResult:
    """The result, with the alias at its champion, or with what is to be said where it is not."""
    result, done = completeness.with_champion(task, result)
    if done:
        log.warning("%s", done)
    return result


def _dataset(done: Done) -> str:
    made = datasets.of_run(done.run_id)
    assert made is not None  # generate and gate always make one unless they wait
    return made.reference


def _model(done: Done) -> str:
    result: Any = done.result
    return str(result.model)


__all__ = ["Event", "LoopResult", "run_loop"]
