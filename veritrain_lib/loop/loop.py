"""`run_loop`: the closed loop of a task: probe, generate, gate, train, evaluate, report, round after round.

Read this first. Every step is identified by the digest of its inputs, parameters and code, and is looked up in MLflow
before it is done. Running the loop again from the start therefore does only what is unfinished, and the same command
resumes a killed loop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import BudgetExceeded
from veritrain_lib.encoders.of_task import language_warnings
from veritrain_lib.execution.jobs import JobRunner
from veritrain_lib.execution.runner_choice import notebook_runner
from veritrain_lib.execution.workers.remote_runner import RemoteRunner
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
from veritrain_lib.stages.record import batches
from veritrain_lib.tracking import datasets, looks, models, runs
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


Runner = JobRunner | RemoteRunner
"""Type of an object that runs stage notebooks: on this machine (`JobRunner`) or on Celery workers (`RemoteRunner`)."""

log = logging.getLogger("veritrain")


@dataclass
class _LoopState:
    """State of a running loop: what the next round starts from, and the reason to stop.

    Attributes:
        dataset: The reference of the newest dataset that passed the gate.
        model: The address of the newest model.
        seed_model: The address of the model that was trained on the seed rows alone.
        champion: The address of the best model so far.
        small_gains: The number of consecutive rounds whose gain was too small to be worth a look at the test set.
        looks_spent: Whether no look at the held-out test set is left for promotion.
        rounds: The number of the current round.
        stopped: The reason why the loop stops; None while it goes on.
        reason: A sentence that adds to the reason; empty for none.
    """

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
    task: Task, *, runner: Runner | None = None, on_event: Callable[[Event], None] | None = None
) -> LoopResult:
    """Run rounds of a task until the goal is met or the budget is spent, or resume where an earlier call stopped.

    If another process runs the same loop, this one waits and returns its result, or takes over when that process dies.

    Args:
        task: The task.
        runner: The runner of the stage notebooks; None runs them on this machine.
        on_event: Function that is called with each event of the rounds; None to report none.

    Returns:
        The outcome of the loop.

    Raises:
        StageFailed: when a stage notebook does not finish. The MLflow runs of stage, round and loop then end as FAILED.
    """
    tell = on_event or (lambda event: None)

    def on_wait(message: str) -> None:
        tell(Event(-1, "loop", "waits", message))

    with claims.claim(f"loop {loop_digest(task)}", f"loop of task {task.name}", notify=on_wait):
        result = _find_or_run(task, runner or notebook_runner(warm=False), tell)
    delete_leftovers()  # of processes that waited for this loop and were killed
    return result


def _find_or_run(task: Task, runner: Runner, tell: Callable[[Event], None]) -> LoopResult:
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
            for line in [*split_overlap.overlap_warnings(task), *language_warnings(task)]:
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
    """Raise a UserError if the task's data files overlap, or its plan of looks is wider than the stored one.

    The plan limits the number of looks at the held-out test set, and their common error budget.
    """
    split_overlap.refuse_overlap(task)
    looks.check_plan(task, sources.held_out_set(task))


def _run_rounds(task: Task, loop_run: str, runner: Runner, tell: Callable[[Event], None]) -> LoopResult:
    state = _seed_round(task, loop_run, runner, tell)
    while state.stopped is None:
        state.stopped = _stop_before(task, state)
        if state.stopped is None:
            state.rounds += 1
            _round(task, loop_run, state, runner, tell)
    return _finish(task, loop_run, state, runner, tell)


def _seed_round(task: Task, loop_run: str, runner: Runner, tell: Callable[[Event], None]) -> _LoopState:
    """Run round 0: judge the seed rows by the gate, and train the seed model that later models are measured against.

    Returns:
        The state that round 1 starts from. If an earlier loop left a champion, a dataset and a model, it starts from
        these. If the gate blocked the seed rows, the state says that the loop stops.
    """
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
    task: Task, loop_run: str, state: _LoopState, runner: Runner, tell: Callable[[Event], None]
) -> None:
    """Run one round in an MLflow run of its own, and change `state` to what the next round starts from."""
    seed = task.seed + state.rounds
    # People may have taken a batch out of it since (`veritrain drop-batch`).
    state.dataset = batches.current(task, state.dataset)
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
    """Run the stages of one round in order, and change `state` to what the next round starts from.

    Args:
        task: The task.
        round_run: The round's run.
        state: The state of the loop.
        seed: The random seed of the stages generate and gate in this round.
    """
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
    if not generate.result.row_count("rows"):
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
    """Return the reason why no further round starts; None to go on.

    The reasons are checked in this order: `target`, `budget`, `looks`, `plateau`; see `record.STOP_REASONS`.
    """
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
    task: Task, loop_run: str, state: _LoopState, runner: Runner, tell: Callable[[Event], None]
) -> LoopResult:
    """Compare the seed model with the last champion on the test set, report on the loop, and end the loop's run."""
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
    """Restore a missing alias `champion`, and return the result, with a note if it points at another model."""
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
