"""Two, then four loops on one task in parallel: each stage must run once, and all must report the same champion.

    python -m benchmarks.together [--tries 20] [--seed 20]

In every second try one of the loops, chosen at random, is killed while it runs. The last line is one JSON object.
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
from pathlib import Path

from benchmarks.loop_project import Project, copy_of_code

LONGEST_S = 1800.0


def one_try(
    project: Project, loops: int, kill_after_s: float | None, chance: random.Random
) -> dict[str, object]:
    """Run several loops in parallel; return their results."""
    started = []
    for _ in range(loops):
        started.append(project.loop())
        time.sleep(chance.uniform(0.0, 3.0))
    if kill_after_s is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            started[0].wait(kill_after_s)
        victim = chance.choice(started)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
    codes = [process.wait(LONGEST_S) for process in started]
    project.wait_until_alone(60)
    outcome, left = project.outcome(), project.left()
    said = {
        line.partition("Champion: ")[2].split(",")[0]
        for line in project.log().splitlines()
        if "Champion: " in line
    }
    killed = sum(code == -signal.SIGKILL for code in codes)
    return {
        "loops": loops,
        "killed": killed,
        "codes": codes,
        "ended_well": sum(code == 0 for code in codes) == loops - killed,
        "one_run_of_the_loop": len(outcome["loops"]) == 1,
        "each_stage_once": not left["done_twice"],
        "alias_is_what_was_said": said == {outcome["alias"]},
        "looks": len(outcome["looks"]),
        "waited": project.log().count("waiting for process"),
        "left": {name: len(found) for name, found in left.items() if found and name != "done_twice"},
        "outcome": outcome,
    }


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    scratch = Path(tempfile.mkdtemp(prefix="together-", dir="/tmp")).resolve()
    code = copy_of_code(scratch / "code")
    calm = Project.make(scratch / "calm", code)
    began = time.monotonic()
    if calm.loop().wait(LONGEST_S) != 0:
        print(calm.log()[-3000:], file=sys.stderr)
        return 1
    alone = time.monotonic() - began
    calm.wait_until_alone(60)
    expected = calm.outcome()
    good = 0
    wrong: list[int] = []
    for number in range(options.tries):
        project = Project.make(scratch / f"t{number}", code)
        try:
            kill = chance.uniform(0.1, 0.9) * alone if number % 2 else None
            found = one_try(project, 2 if number < options.tries / 2 else 4, kill, chance)
        finally:
            project.end()
        same = found.pop("outcome") == expected
        checks = ("ended_well", "one_run_of_the_loop", "each_stage_once", "alias_is_what_was_said")
        fine = same and all(found[name] for name in checks) and not found["left"]
        good += fine
        wrong += [] if fine else [number]
        print(f"{number:>3} {'as it must be' if fine else 'WRONG'}: same {same}, {found}", flush=True)
        if fine:
            shutil.rmtree(project.home, ignore_errors=True)
    print(
        json.dumps(
            {"tries": options.tries, "as_they_must_be": good, "wrong": wrong, "looks": len(expected["looks"])}
        )
    )
    if not wrong:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
