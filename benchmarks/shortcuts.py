"""What each short cut of `veritrain_lib/fast/shortcuts.py` gains: `python -m benchmarks.shortcuts`.

A warm round of the six notebooks (the small task of `benchmarks.notebooks`) is run in a fresh process with all short cuts,
with each of them switched off alone, and with none; the processes take turns, so that a machine that becomes slower
slows all of them. Wall time and CPU time of a round are medians over its repeats; the CPU time is that of the loop's
process, its zygote and all kernels. The last line is JSON: for each short cut the share of a round that it saves.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

ALL, NONE = "all on", "all off"


def cpu_seconds() -> float:
    """Return the CPU time used so far by this process, its zygotes, and the kernels that have ended."""
    import psutil

    used = sum(os.times()[:4])
    for child in psutil.Process().children():
        times = child.cpu_times()
        used += times.user + times.system + times.children_user + times.children_system
    return used


def measure_rounds(repeats: int) -> dict[str, list[float]]:
    """Run warm rounds in this process's environment; return the wall and CPU seconds of each, the first one left out."""
    from benchmarks.notebooks import Round, by_notebook, in_this_process, small_task
    from veritrain_lib.execution import LocalRunner, warm_up
    from veritrain_lib.loop.stage_job import run_stage
    from veritrain_lib.tracking import datasets

    task = small_task(Path(os.environ["VERITRAIN_HOME"]) / "task")
    warm_up(f"veritrain_lib.quality.warm_up:load_languages_of={task.path}")
    dataset = datasets.of_run(in_this_process(task, "gate", {"dataset": "seed"}))
    assert dataset is not None
    trained: Any = run_stage(task, "train", {"dataset": dataset.reference}, runner=LocalRunner(warm=True))
    seconds: dict[str, list[float]] = {"wall": [], "cpu": []}
    for seed in range(1, repeats + 2):
        runner = LocalRunner(warm=True)
        one = Round(task, seed, (dataset.reference, str(trained.result.model)))
        used, began = cpu_seconds(), time.perf_counter()
        one.walk(by_notebook(runner), runner.finish)
        if seed > 1:
            seconds["wall"].append(time.perf_counter() - began)
            seconds["cpu"].append(cpu_seconds() - used)
    return seconds


def in_fresh_process(switch: str, repeats: int) -> dict[str, list[float]]:
    """Run `measure_rounds` in a new process and an empty project, with `VERITRAIN_FAST=switch`."""
    with tempfile.TemporaryDirectory(prefix="veritrain-bench-") as home:
        environment = {**os.environ, "VERITRAIN_HOME": home, "VERITRAIN_FAST": switch}
        environment.pop("MLFLOW_TRACKING_URI", None)
        command = [sys.executable, "-m", "benchmarks.shortcuts", "--only", str(repeats)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return seconds


@click.command()
@click.option("--repeats", default=5, help="rounds of one process")
@click.option("--turns", default=2, help="processes of each kind")
@click.option(
    "--only", default=0, hidden=True, help="measure this many rounds in this process and print JSON"
)
def main(repeats: int, turns: int, only: int) -> None:
    """Measure and print a table, and one JSON object as the last line."""
    if only:
        print(json.dumps(measure_rounds(only)))
        return
    from veritrain_lib.fast.shortcuts import SHORTCUTS

    switches = {ALL: "1"} | {one.name: f"-{one.name}" for one in SHORTCUTS} | {NONE: "0"}
    seconds: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu": []} for name in switches}
    for _ in range(turns):
        for name, switch in switches.items():
            for kind, measured in in_fresh_process(switch, repeats).items():
                seconds[name][kind] += measured
    medians = {
        name: {kind: statistics.median(measured) for kind, measured in both.items()}
        for name, both in seconds.items()
    }
    base = medians[ALL]
    print(f"{'switched off':16}{'wall s':>9}{'CPU s':>9}{'saves of wall':>15}{'of CPU':>9}")
    saved = {}
    for name, both in medians.items():
        saved[name] = {kind: 1 - base[kind] / both[kind] for kind in both}
        print(
            f"{name:16}{both['wall']:9.2f}{both['cpu']:9.2f}{saved[name]['wall']:15.1%}{saved[name]['cpu']:9.1%}"
        )
    print(f"n = {repeats * turns} rounds each, from {turns} processes that took turns")
    figures: dict[str, Any] = {name: round(both["wall"], 3) for name, both in saved.items() if name != ALL}
    print(json.dumps({"rounds": repeats * turns, "round_s": round(base["wall"], 2), "saves": figures}))


if __name__ == "__main__":
    main()
