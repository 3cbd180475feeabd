"""Two workers beside one, and loops on them while workers, PostgreSQL, Redis and connections are killed.

    python -m benchmarks.machines [--trials 20] [--rounds 24] [--jobs 20] [--seed 20]

It starts a PostgreSQL and a Redis of its own, and is skipped with a reason where one of them is not installed. A round
is a gate and a training of a small task; each worker has one core. What Celery adds to a job is the time of a job whose
stage takes none. The last line is one JSON object; None stands for what was not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import machine_trials
from benchmarks.loop_project import Project, copy_of_code
from benchmarks.machine_rounds import added_per_job, rounds_per_minute
from benchmarks.machine_services import NotInstalled, services
from benchmarks.machine_trials import Trial


def trials(folder: Path, code: Path, running: machine_trials.Services, number: int, seed: int) -> list[Trial]:
    """Disturb loops on two workers, each over an empty record, and print how each ended."""
    calm = Project.make(folder / "calm", code)
    began = time.monotonic()
    if calm.loop().wait() != 0:
        raise SystemExit(calm.log()[-3000:])
    calm_s = time.monotonic() - began
    calm.wait_until_alone(60)
    expected = calm.outcome()
    print(f"an undisturbed loop on this machine alone: {calm_s:.0f} s", flush=True)
    chance = random.Random(seed)
    ended = []
    for index in range(number):
        kind = machine_trials.KINDS[index % len(machine_trials.KINDS)]
        trial = Trial(index, kind, chance.uniform(5, calm_s + 20))
        with machine_trials.cluster(folder / f"trial-{index}", code, running, f"trial_{index}") as made:
            machine_trials.run_trial(trial, made, expected, chance)
        print(
            f"{trial.number:>3} {trial.kind:<16} at {trial.moment_s:>5.1f} s, hit {trial.hit or 'nothing'}: exit code "
            f"{trial.code}, same {trial.same}, {'clean' if trial.clean else trial.left} {trial.seconds:.0f} s",
            flush=True,
        )
        ended.append(trial)
    return ended


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run all parts and return the last line."""
    code = copy_of_code(folder / "code")
    with services(folder) as running:
        added = speed = None
        if options.jobs:
            with machine_trials.cluster(folder / "added", code, running, "added", workers=1) as made:
                added = statistics.median(added_per_job(made, options.jobs))
            print(f"a job through Celery takes {added:.2f} s more (median of {options.jobs})", flush=True)
        if options.rounds:
            per_minute = {}
            for workers in (1, 2):
                name = f"rounds_{workers}"
                with machine_trials.cluster(folder / name, code, running, name, workers=workers) as made:
                    per_minute[workers] = rounds_per_minute(made, options.rounds)
                print(f"{workers} workers: {per_minute[workers]:.1f} rounds a minute", flush=True)
            speed = per_minute[2] / per_minute[1]
        ended = trials(folder, code, running, options.trials, options.seed) if options.trials else []
    return {
        "speedup_2_workers": speed and round(speed, 2),
        "added_per_job_s": added and round(added, 3),
        "trials": len(ended),
        "hit": sum(bool(trial.hit) for trial in ended),
        "clean": sum(trial.clean for trial in ended),
        "lost": sum(trial.code != 0 or not trial.same for trial in ended),
        "done_twice": sum(len(trial.left.get("done_twice", [])) for trial in ended),
        "deaf_workers": sum(trial.deaf_workers for trial in ended),
        "looks_over_budget": sum(trial.looks_over_budget for trial in ended),
        "tracebacks": sum(trial.tracebacks for trial in ended),
        "cores": os.cpu_count(),
        "seed": options.seed,
    }


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="machines-", dir="/tmp")).resolve()
    folder.chmod(0o755)  # PostgreSQL runs as another account where this one is root
    try:
        result = measure(folder, options)
    except NotInstalled as missing:
        print(json.dumps({"skipped": str(missing)}))
        return 0
    print(json.dumps(result))
    if result["clean"] == result["trials"]:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"the folders of the trials are kept: {folder}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
