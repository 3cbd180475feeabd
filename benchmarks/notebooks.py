"""Overhead of a notebook over calling its stage function: `python -m benchmarks.notebooks`.

The six stages of a small round (a part of the built-in example: a few labels, a few hundred rows) are run repeatedly
in one store: in this process, through warm kernels as the loop does it (probe and generate are independent
and run in parallel), and through plain papermill, each time with another seed, so that no
stored result is reused. The overhead is the total time of a notebook, including MLflow run, HTML page
and upload, minus the time that the stage function alone took in this process. All three ways have the
same bytecode, the same explicit requirements and the same cheap fixes. The last line is JSON; every figure is
a median over the repeats, in seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.core.stage_list import NAMES

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution import Job, NotebookOutcome

LABELS = ("change_plan", "feature_request", "login_problem", "refund_request")
ROWS_A_LABEL = {"seed": 8, "dev": 12, "test": 30, "pool": 30}
LEFT = "pages left"
STEPS = (("probe", "generate"), ("gate",), ("train",), ("evaluate",), ("report",))
"""The stages in the loop's order; those of one step do not need each other, and the loop runs them at once."""


def small_task(folder: Path) -> Task:
    """Build a task over a few labels of the built-in example, with its suite and all its slices."""
    import pandas as pd
    import yaml

    from veritrain_lib.core import project
    from veritrain_lib.core.task import load_task

    example = project.example_task().parent
    content: dict[str, Any] = yaml.safe_load((example / "task.yaml").read_text(encoding="utf-8"))
    content["name"] = "small"
    content["target"]["labels"] = list(LABELS)
    content["target"]["descriptions"] = {}
    content["contract"]["properties"]["label"]["enum"] = list(LABELS)
    content["promotion"]["max_looks"] = 100
    content["budget"] = {"rounds": 1, "rows_per_round": 24}
    content["teacher"]["batch"] = 12
    folder.mkdir(parents=True)
    for name, rows in ROWS_A_LABEL.items():
        table = pd.read_csv(example / f"{name}.csv", dtype=str, keep_default_na=False)
        table[table["label"].isin(LABELS)].groupby("label").head(rows).to_csv(
            folder / f"{name}.csv", index=False
        )
    (folder / "task.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_task(folder / "task.yaml")


class PlainPapermill:
    """A job runner that uses unmodified papermill: its engine and a newly started kernel."""

    def run(
        self,
        jobs: Sequence[Job],
        *,
        on_progress: Any = None,
        on_done: Callable[[Job, NotebookOutcome], None] | None = None,
    ) -> list[NotebookOutcome]:
        """Run the jobs one after another; the job's environment is set while its kernel starts."""
        import papermill

        from veritrain_lib.execution import NotebookOutcome

        outcomes = []
        for job in jobs:
            began = time.perf_counter()
            before = dict(os.environ)
            os.environ.update(job.environment)
            try:
                papermill.execute_notebook(
                    job.notebook, job.output, dict(job.parameters), progress_bar=False, kernel_name="python3"
                )
            finally:
                os.environ.clear()
                os.environ.update(before)
            seconds = time.perf_counter() - began
            outcomes.append(NotebookOutcome("finished", job.output, seconds, None, None, 0, 0))
            if on_done:
                on_done(job, outcomes[-1])
        return outcomes

    def run_in_background(self, function: str, *arguments: str) -> None:
        """Run the function immediately."""
        from veritrain_lib.execution.background_tasks import call_in_process

        call_in_process(function, *arguments)

    def get_ready(self, *functions: str) -> None:
        """Nothing is to be prepared."""

    def finish(self) -> None:
        """Do nothing: no work is pending."""


class Round:
    """One small round, stage by stage, each timed; `do` runs a stage and returns the id of its run."""

    def __init__(self, task: Task, seed: int, start: tuple[str, str]) -> None:
        from veritrain_lib.tracking import runs

        self.task, self.seed = task, seed
        self.dataset, self.champion = start
        self.run_id = runs.open_run(
            task, f"round of seed {seed}", kind="round", tags={"veritrain.round": "1"}
        )
        self.seconds: dict[str, float] = {}

    def walk(self, do: Do, finish: Callable[[], None]) -> None:
        """Run all six stages, step by step, until `finish` returns, when no work is pending."""
        from veritrain_lib.stages.record.history import STAGE_RUN
        from veritrain_lib.stages.record.stored_result import load_result
        from veritrain_lib.tracking import datasets, runs

        made: dict[str, str] = {}
        own: dict[str, Callable[[], dict[str, Any]]] = {
            "probe": lambda: {"model": self.champion},
            "generate": lambda: {"dataset": self.dataset, "model": self.champion},
            "gate": lambda: {"dataset": made["generate"]},
            "train": lambda: {"dataset": made["gate"]},
            "evaluate": lambda: {"champion": self.champion, "challenger": made["train"]},
            "report": lambda: {"about": self.run_id},
        }
        for step in STEPS:
            wanted = {stage: {"round_run": self.run_id, "seed": self.seed, **own[stage]()} for stage in step}
            began = time.perf_counter()
            run_ids = do(self.task, wanted)
            self.seconds[named(step)] = time.perf_counter() - began
            for stage, run_id in zip(step, run_ids, strict=True):
                runs.tag(self.run_id, {STAGE_RUN + stage: run_id})
                if stage in ("generate", "gate"):
                    dataset = datasets.of_run(run_id)
                    assert dataset is not None
                    made[stage] = dataset.reference
                if stage == "train":
                    result: Any = load_result("train", run_id)
                    made[stage] = result.model
        began = time.perf_counter()
        finish()
        self.seconds[LEFT] = time.perf_counter() - began


Do = Callable[["Task", dict[str, dict[str, Any]]], list[str]]
"""Does the stages of a step, given their parameters, and gives the ids of their runs."""


def named(step: tuple[str, ...]) -> str:
    """Return the name of a step in the table."""
    return " + ".join(step)


def one_by_one(task: Task, wanted: dict[str, dict[str, Any]]) -> list[str]:
    """Run a step in this process."""
    return [in_this_process(task, stage, parameters) for stage, parameters in wanted.items()]


def in_this_process(task: Task, stage: str, parameters: dict[str, Any]) -> str:
    """Run and record the stage without a notebook."""
    from veritrain_lib.stages.record.stage_run import prepare
    from veritrain_lib.tracking import runs

    begun = prepare(stage, {"task": str(task.path), **parameters}, inner=True)
    begun.run()
    runs.end_run(begun.run_id, "FINISHED")
    return begun.run_id


def by_notebook(runner: Any) -> Do:
    """Return a step that runs notebooks as the loop does: pages may be rendered beside the next step."""
    from veritrain_lib.loop.stage_job import StageJob, find_completed, run_together

    def do(task: Task, wanted: dict[str, dict[str, Any]]) -> list[str]:
        assert all(find_completed(task, stage, parameters) is None for stage, parameters in wanted.items())
        works = [StageJob(task, stage, parameters) for stage, parameters in wanted.items()]
        return [done.run_id for done in run_together(works, runner=runner)]

    return do


@contextmanager
def stage_functions_timed(into: dict[str, float]) -> Iterator[None]:
    """Record, inside this context, how long every stage function takes."""
    modules: dict[str, Any] = {stage: import_module(f"veritrain_lib.stages.{stage}.run") for stage in NAMES}
    plain = {stage: module.run for stage, module in modules.items()}

    def timed(stage: str) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return plain[stage](*given, **named)
            finally:
                into[stage] = time.perf_counter() - began

        return run

    for stage, module in modules.items():
        module.run = timed(stage)
    try:
        yield
    finally:
        for stage, module in modules.items():
            module.run = plain[stage]


@contextmanager
def phases_timed(into: dict[str, list[float]]) -> Iterator[None]:
    """Record, inside this context, how long the parts of running a notebook take in this process."""
    from unittest.mock import patch

    from veritrain_lib.execution import kernel
    from veritrain_lib.execution.cell_runner import CellRunner
    from veritrain_lib.loop import stage_job

    def plain(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                into[name].append(time.perf_counter() - began)

        return call

    def waiting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return await function(*given, **named)
            finally:
                into[name].append(time.perf_counter() - began)

        return call

    with (
        patch.object(kernel.Kernel, "start", waiting("kernel start", kernel.Kernel.start)),
        patch.object(CellRunner, "_run_cells", waiting("cells", CellRunner._run_cells)),
        patch.object(kernel.Kernel, "end", waiting("kernel end", kernel.Kernel.end)),
        patch.object(kernel.Kernel, "late_messages", waiting("last messages", kernel.Kernel.late_messages)),
        patch.object(kernel.Kernel, "close", waiting("kernel close", kernel.Kernel.close)),
        patch.object(stage_job.StageJob, "close", plain("close in the record", stage_job.StageJob.close)),
        patch.object(stage_job, "find_completed", plain("look in the record", stage_job.find_completed)),
    ):
        yield


@click.command()
@click.option("--repeats", default=7, help="rounds in this process and through warm kernels")
@click.option("--papermill-repeats", default=3, help="rounds through plain papermill; 0 leaves it out")
def main(repeats: int, papermill_repeats: int) -> None:
    """Measure and print a table, and one JSON object as the last line."""
    with tempfile.TemporaryDirectory(prefix="veritrain-bench-") as home:
        os.environ["VERITRAIN_HOME"] = home
        from veritrain_lib.execution import LocalRunner, warm_up
        from veritrain_lib.execution.parallel import capacity
        from veritrain_lib.loop.stage_job import run_stage

        task = small_task(Path(home) / "task")
        warm_up(  # as `veritrain loop` does
            f"veritrain_lib.quality.warm_up:load_languages_of={task.path}",
            f"veritrain_lib.stages.inputs.warm_up:read_files_of={task.path}",
        )
        gate = in_this_process(task, "gate", {"dataset": "seed"})
        from veritrain_lib.tracking import datasets

        dataset = datasets.of_run(gate)
        assert dataset is not None
        train = run_stage(task, "train", {"dataset": dataset.reference}, runner=LocalRunner(warm=True))
        start = (dataset.reference, str(getattr(train.result, "model")))  # noqa: B009

        function: dict[str, list[float]] = defaultdict(list)
        ways: dict[str, list[dict[str, float]]] = defaultdict(list)
        phases: dict[str, list[float]] = defaultdict(list)
        seed = 0
        for repeat in range(-1, max(repeats, papermill_repeats)):  # the first one only warms up
            for way, times, runner in (
                ("in process", repeats, None),
                ("warm", repeats, LocalRunner(warm=True)),
                ("papermill", papermill_repeats, PlainPapermill()),
            ):
                if repeat >= times or (repeat < 0 and way == "papermill"):
                    continue
                seed += 1
                one = Round(task, seed, start)
                bare: dict[str, float] = {}
                spent: dict[str, list[float]] = defaultdict(list)
                with stage_functions_timed(bare), phases_timed(spent):
                    if runner is None:
                        one.walk(one_by_one, lambda: None)
                    else:
                        one.walk(by_notebook(runner), runner.finish)
                if repeat < 0:
                    continue
                ways[way].append(one.seconds)
                if way == "in process":
                    for stage, seconds in bare.items():
                        function[stage].append(seconds)
                if way == "warm":
                    for phase, several in spent.items():
                        phases[phase].append(sum(several) / len(NAMES))
        _print(function, ways, phases, capacity())


def _print(
    function: dict[str, list[float]],
    ways: dict[str, list[dict[str, float]]],
    phases: dict[str, list[float]],
    at_once: int,
) -> None:
    median = statistics.median

    def stage_time(way: str, stage: str) -> float:
        return median(one[stage] for one in ways[way])

    def total(way: str) -> float:
        return median(sum(one.values()) for one in ways[way])

    bare = median(sum(one) for one in zip(*function.values(), strict=True))
    print(
        f"{'seconds':18}{'function':>10}{'recorded':>10}{'warm':>10}{'papermill':>11}{'added':>8}{'ratio':>8}"
    )
    for step in STEPS:
        stage = named(step)
        slow = stage_time("papermill", stage) if ways["papermill"] else float("nan")
        warm, plain = stage_time("warm", stage), sum(median(function[one]) for one in step)
        print(
            f"{stage:18}{plain:10.3f}{stage_time('in process', stage):10.3f}{warm:10.3f}"
            f"{slow:11.2f}{(warm - plain) / len(step):8.3f}{slow / warm:8.1f}"
        )
    slow = total("papermill") if ways["papermill"] else float("nan")
    added = (total("warm") - bare) / len(NAMES)
    left = stage_time("papermill", LEFT) if ways["papermill"] else float("nan")
    print(f"{LEFT:18}{'':20}{stage_time('warm', LEFT):10.3f}{left:11.2f}")
    print(
        f"{'all six':18}{bare:10.3f}{total('in process'):10.3f}{total('warm'):10.3f}{slow:11.2f}"
        f"{added:8.3f}{slow / total('warm'):8.1f}"
    )
    print("\nWhere a warm notebook's time goes, in this process's eyes (seconds a notebook):")
    for phase, seconds in sorted(phases.items(), key=lambda pair: -median(pair[1])):
        print(f"  {phase:22}{median(seconds):8.3f}")
    print(
        f"n = {len(ways['warm'])} rounds warm and in process, {len(ways['papermill'])} through papermill; "
        f"{at_once} notebooks at once at most on this machine"
    )
    figures = {
        "in_process_s": round(bare, 3),
        "recorded_s": round(total("in process"), 3),
        "warm_s": round(total("warm"), 3),
        "papermill_s": round(slow, 2),
        "added_per_notebook_s": round(added, 3),
        "ratio": round(slow / total("warm"), 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
