"""Loops disturbed at random moments: they must end with the result of an undisturbed loop and leave nothing behind.

    python -m benchmarks.kills [--trials 100] [--seed 20] [--jobs 2] [--only KIND]

Kinds, by their share of the trials: the whole tree killed (6 of 10), a kernel, the zygote, the worker that renders pages
killed, Ctrl-C twice or the terminal closed (1 of 10 each). Afterwards the same command is run again, as a person would,
until it succeeds. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.loop_project import Project, copy_of_code

SHARES = {"tree": 60, "kernel": 10, "zygote": 10, "page worker": 10, "Ctrl-C twice": 5, "terminal closed": 5}
"""Of 100 trials."""

NAMES = {"kernel": "vt-kernel", "zygote": "zygote_main.py", "page worker": "vt-worker"}
"""By which a process of the family is known."""

LONGEST_S = 1200.0
AGAIN = 4
"""How often the same command is given again at most."""


@dataclass
class Trial:
    """One disturbed loop."""

    number: int
    kind: str
    moment_s: float
    hit: bool = False
    codes: list[int] = field(default_factory=list)
    same: bool = False
    left: dict[str, list[str]] = field(default_factory=dict)
    tracebacks: int = 0
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Return whether the result and the leftovers are as required."""
        return self.same and not any(self.left.values()) and not self.tracebacks


def kinds(trials: int, chance: random.Random) -> list[str]:
    """Return the kinds of a number of trials, by their shares and each at least once, in random order."""
    found = [kind for kind, share in SHARES.items() for _ in range(max(1, round(share * trials / 100)))]
    while len(found) > trials:
        found.remove(max(SHARES, key=found.count))
    chance.shuffle(found)
    return found


def disturb(project: Project, process: subprocess.Popen[bytes], kind: str) -> bool:
    """Disturb the loop; return whether there was anything to disturb."""
    if process.poll() is not None:
        return False
    family = project.family()
    with contextlib.suppress(ProcessLookupError):
        if kind == "tree":
            for one in [process.pid, *family]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
        elif kind == "Ctrl-C twice":
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.5)
            os.killpg(process.pid, signal.SIGINT)
        elif kind == "terminal closed":
            os.killpg(process.pid, signal.SIGHUP)
        else:
            until = time.monotonic() + 120
            while process.poll() is None and time.monotonic() < until:
                members = [number for number, name in project.family().items() if NAMES[kind] in name]
                if members:
                    os.kill(random.Random(process.pid).choice(members), signal.SIGKILL)
                    return True
                time.sleep(0.05)
            return False
    return True


def run_trial(trial: Trial, folder: Path, code: Path, expected: dict[str, object]) -> Trial:
    """Disturb one loop and resume it until it ends."""
    began = time.monotonic()
    project = Project.make(folder, code)
    try:
        process = project.loop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(trial.moment_s)
        trial.hit = disturb(project, process, trial.kind)
        trial.codes.append(process.wait(LONGEST_S))
        project.wait_until_alone(60)
        while len(trial.codes) <= AGAIN and (trial.codes[-1] != 0 or len(trial.codes) == 1):
            trial.codes.append(project.loop().wait(LONGEST_S))
            project.wait_until_alone(60)
        trial.same = project.outcome() == expected
        trial.left = project.left()
        trial.tracebacks = project.log().count("Traceback (most recent call last)")
    except Exception as error:  # noqa: BLE001  # a trial that fails is told as one
        trial.left = {"the trial itself failed": [f"{type(error).__name__}: {error}"]}
    finally:
        project.end()
    trial.seconds = time.monotonic() - began
    if trial.clean:
        shutil.rmtree(folder, ignore_errors=True)
    return trial


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2, help="trials at once")
    parser.add_argument("--only", default="", choices=["", *SHARES], help="one kind alone")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    scratch = Path(tempfile.mkdtemp(prefix="kills-", dir="/tmp")).resolve()
    code = copy_of_code(scratch / "code")
    calm = Project.make(scratch / "calm", code)
    began = time.monotonic()
    if calm.loop().wait(LONGEST_S) != 0:
        print(calm.log()[-3000:], file=sys.stderr)
        return 1
    alone = time.monotonic() - began
    calm.wait_until_alone(60)
    expected = calm.outcome()
    print(f"an undisturbed loop: {alone:.0f} s, left {calm.left()}", flush=True)
    chosen = [options.only] * options.trials if options.only else kinds(options.trials, chance)
    trials = [Trial(number, kind, chance.uniform(0.03, 0.97) * alone) for number, kind in enumerate(chosen)]
    with ThreadPoolExecutor(options.jobs) as pool:
        for trial in pool.map(lambda one: run_trial(one, scratch / f"t{one.number}", code, expected), trials):
            print(
                f"{trial.number:>3} {trial.kind:<16} at {trial.moment_s:>5.1f} s, hit {trial.hit!s:<5} codes {trial.codes} "
                f"same {trial.same} {'clean' if trial.clean else trial.left} {trial.seconds:.0f} s",
                flush=True,
            )
    left = {
        name: sum(len(trial.left.get(name, [])) for trial in trials)
        for name in ("running", "untrue_reasons", "done_twice", "files", "sockets", "processes")
    }
    print(
        json.dumps(
            {
                "trials": len(trials),
                "hit": sum(trial.hit for trial in trials),
                "by_kind": {kind: sum(trial.kind == kind for trial in trials) for kind in SHARES},
                "same": sum(trial.same for trial in trials),
                "left": left,
                "tracebacks": sum(trial.tracebacks for trial in trials),
                "clean": sum(trial.clean for trial in trials),
                "seed": options.seed,
            }
        )
    )
    if all(trial.clean for trial in trials):
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
