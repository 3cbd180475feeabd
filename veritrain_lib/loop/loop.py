"""The closed loop: probe, generate, gate, train, evaluate, report, round after round.

Read this first. Every step is identified by the digest of its inputs, parameters and code, and is looked up in MLflow
before it is done. Running the loop again from the start therefore redoes only what is unfinished, and a killed loop is
resumed by the same command.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims
from veritrain_lib.core.errors import BudgetExceeded
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
from veritrain_lib.loop.stage_job import (
    CompletedStage,
    delete_leftovers,
    finish_background_tasks,
    recover_killed_runs,
)
from veritrain_lib.loop.stage_pages import repair_pages_of
from veritrain_lib.stages.evaluate.inputs import look_limit
from veritrain_lib.stages.inputs import sources, split_overlap
from veritrain_lib.stages.inputs.defaults import SEED
from veritrain_lib.tracking import datasets, looks, models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


log = logging.getLogger("veritrain")


@dataclass
class _LoopState:
    """The state of the loop: what the next round starts from, and why the loop stops."""

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
    """Run rounds until the target is met or the budget is spent, or resume where an earlier call stopped.

    If another process runs the same loop, this one waits and returns its result, or takes over when that process dies.

    Args:
        task: The task.
        runner: The runner of the stage notebooks; by default this machine.
        on_event: Called with each event of the rounds.

    Returns:
        How the loop ended.

    Raises:
        StageFailed: when a stage notebook does not finish. The runs of the stage, the round and the loop are FAILED then.
    """
    tell = on_event or (lambda event: None)

    def on_wait(message: str) -> None:
        tell(Event(-1, "loop", "waits", message))

    with claims.claim(f"loop {loop_digest(task)}", f"loop of task {task.name}", notify=on_wait):
        result = _find_or_run(task, runner or LocalRunner(), tell)
    delete_leftovers()  # of processes that waited for this loop and were killed
    return result


def _find_or_run(task: Task, runner: JobRunner, tell: Callable[[Event], None]) -> LoopResult:
    recover_killed_runs(task)
    runs.close_abandoned(task)
    _check_data(task)
    loop_run = find_loop(task)
    if loop_run is None:
        loop_run = open_loop(task)
    else:
        done = stored_result(task, loop_run)
        if done is not None and done.stopped != "waiting":
            missing = completeness.missing_parts(task, loop_run)
            if not missing:
                if done.report_run:
                    repair_pages_of(done.report_run, task)
                return _with_champion(task, done)
            log.warning("%s", completeness.missing_message(missing))
            completeness.record_alias(task, loop_run)
        runs.resume(loop_run)
    with finish_background_tasks(runner):
        try:
            for line in split_overlap.overlap_warnings(task):
                log.warning("%s", line)
            runs.log(loop_run, parameters=loop_parameters(task))
            return _run_rounds(task, loop_run, runner, tell)
        except KeyboardInterrupt:
            runs.end_run(loop_run, "KILLED", "interrupted from outside; the same command goes on")
            raise
        except BaseException as error:
            runs.end_run(loop_run, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])
            raise


def _check_data(task: Task) -> None:
    """Raise UserError when the task's files overlap, or its plan of looks is wider than the stored one."""
    split_overlap.refuse_overlap(task)
    looks.check_plan(task, sources.held_out_set(task))


def _run_rounds(task: Task, loop_run: str, runner: JobRunner, tell: Callable[[Event], None]) -> LoopResult:
    state = _seed_round(task, loop_run, runner, tell)
    while state.stopped is None:
        state.stopped = _stop_before(task, state)
        if state.stopped is None:
            state.rounds += 1
            _round(task, loop_run, state, runner, tell)
    return _finish(task, loop_run, state, runner, tell)


def _seed_round(task: Task, loop_run: str, runner: JobRunner, tell: Callable[[Event], None]) -> _LoopState:
    """Run round 0: the seed rows through the gate, and the model that everything is measured against."""
    with RoundRun(task, loop_run, 0, runner, tell) as round_run:
        gate = round_run.stage("gate", dataset=SEED, seed=task.seed)
        if gate.result.outcome == "blocked":
            return _LoopState("", "", "", "", stopped="blocked")
        dataset = _dataset(gate)
        train = round_run.stage("train", dataset=dataset, seed=task.seed)
        seed_model = _model(train)
        round_run.log_training_data(dataset)
        round_run.summarize(train.result, f"The seed model {seed_model}, trained on {dataset}.")
    missing = completeness.missing_start(task, loop_run)
    if missing:
        log.warning(
            "What this loop started from is missing: %s. It starts with the seed rows.", ", ".join(missing)
        )
        completeness.reset_start(loop_run)
    # Stored when the loop was first started, so that a resumed loop starts from the same data and models.
    start = runs.get(loop_run).data.tags
    return _LoopState(
        dataset=start.get(f"{START}dataset") or dataset,
        model=start.get(f"{START}model") or seed_model,
        seed_model=seed_model,
        champion=start.get(f"{START}champion") or seed_model,
    )


def _round(
    task: Task, loop_run: str, state: _LoopState, runner: JobRunner, tell: Callable[[Event], None]
) -> None:
    """Run one round, and update the state with its results."""
    seed = task.seed + state.rounds
    with RoundRun(task, loop_run, state.rounds, runner, tell) as round_run:
        round_run.log_parameters(
            champion=state.champion,
            dataset=state.dataset,
            teacher=task.teacher.name,
            choose=task.teacher.choose,
            seed=seed,
        )
        try:
            _run_stages(task, round_run, state, seed)
        except BudgetExceeded as error:
            # The stage's run says what it would have cost; the round just ends here.
            state.stopped = "money"
            round_run.summarize(None, str(error))


def _run_stages(task: Task, round_run: RoundRun, state: _LoopState, seed: int) -> None:
    """Run the stages of one round."""
    _, generate = round_run.stages(
        ("probe", {"model": state.champion, "seed": task.seed}),
        ("generate", {"dataset": state.dataset, "model": state.model, "seed": seed}),
    )
    if generate.result.outcome == "waiting":
        state.stopped = "waiting"
        round_run.mark_waiting(generate.result.headline)
        return
    if generate.result.outcome == "blocked":
        state.stopped, state.reason = "screened", generate.result.headline
        round_run.summarize(None, generate.result.headline)
        return
    if not len(generate.result.tables["rows"]):
        state.stopped = "exhausted"
        round_run.summarize(None, "The teacher had no rows left to give.")
        return
    gate = round_run.stage("gate", dataset=_dataset(generate), seed=seed)
    if gate.result.outcome == "blocked":
        state.stopped = "blocked"
        round_run.stage("report", about=round_run.run_id, seed=task.seed)
        round_run.summarize(None, gate.result.headline)
        return
    state.dataset = _dataset(gate)
    train = round_run.stage("train", dataset=state.dataset, seed=task.seed)
    state.model = _model(train)
    round_run.log_training_data(state.dataset)
    if state.model == state.champion:
        state.stopped = "exhausted"
        round_run.summarize(
            train.result, "No row was accepted, so the challenger would be the champion itself."
        )
        return
    evaluate = round_run.stage("evaluate", champion=state.champion, challenger=state.model, seed=task.seed)
    evaluation: Any = evaluate.result
    state.small_gains = 0 if evaluation.held_out or evaluation.looks_spent else state.small_gains + 1
    # From the verdict, not from the count in the record: a resumed loop finds looks there that its own rounds have not
    # reached yet.
    state.looks_spent = evaluation.looks_spent or (
        evaluation.held_out is not None and evaluation.held_out.look >= look_limit(task, "promotion")
    )
    if evaluation.promote:
        state.champion = state.model
    round_run.stage("report", about=round_run.run_id, seed=task.seed)
    round_run.summarize(
        evaluation,
        evaluation.headline,
        extra_metrics={"training_rows": train.result.measures["training_rows"].value or 0.0},
    )


def _stop_before(task: Task, state: _LoopState) -> Stopped | None:
    """Return why no further round starts, the first reason that holds in this order; None to go on."""
    if task.goal is not None and _reached(task, state.champion):
        return "target"
    if state.rounds >= task.budget.rounds:
        return "budget"
    if state.looks_spent:
        return "looks"
    if state.small_gains >= 2:
        return "plateau"
    return None


def _reached(task: Task, champion: str) -> bool:
    champion_version = models.describe(task, champion)
    value = runs.get(champion_version.run_id).data.metrics.get(task.primary.name)
    if value is None or task.goal is None:
        return False
    return bool(value >= task.goal.at_least if task.primary.higher_is_better else value <= task.goal.at_least)


def _finish(
    task: Task, loop_run: str, state: _LoopState, runner: JobRunner, tell: Callable[[Event], None]
) -> LoopResult:
    """Compare the seed model with the last champion, and end the loop's run."""
    stopped = state.stopped or "budget"
    verdict, report_run = "none", ""
    if stopped not in ("waiting", "blocked") and state.champion != state.seed_model:
        with RoundRun(task, loop_run, None, runner, tell) as round_run:
            final = round_run.stage(
                "evaluate",
                champion=state.seed_model,
                challenger=state.champion,
                purpose="final",
                seed=task.seed,
            )
            evaluation: Any = final.result
            verdict = evaluation.verdict
            round_run.summarize(evaluation, evaluation.headline, steps=False)
            report_run = round_run.stage(
                "report", about=round_run.run_id, scope="loop", seed=task.seed
            ).run_id
    sentence = headline(task, state.rounds, stopped, state.champion, state.seed_model, verdict)
    sentence += f" {state.reason}" if state.reason else ""
    result = LoopResult(
        task.name,
        loop_run,
        stopped,
        state.rounds,
        state.seed_model,
        state.champion,
        verdict,
        sentence,
        report_run=report_run,
    )
    result = _with_champion(task, result)
    close_loop(task, loop_run, result, dataset=state.dataset, model=state.model)
    return result


def _with_champion(task: Task, result: LoopResult) -> LoopResult:
    """Restore the alias of the champion, and return the result, with a note where the alias points elsewhere."""
    result, done = completeness.with_champion(task, result)
    if done:
        log.warning("%s", done)
    return result


def _dataset(done: CompletedStage) -> str:
    dataset = datasets.of_run(done.run_id)
    assert dataset is not None  # generate and gate always make one unless they wait
    return dataset.reference


def _model(done: CompletedStage) -> str:
    result: Any = done.result
    return str(result.model)


__all__ = ["Event", "LoopResult", "run_loop"]
