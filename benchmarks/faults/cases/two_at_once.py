"""Cases: two processes on the same work, and processes that die or seem to; one result, and a line on who waits for whom."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.case import Case, Seen
from benchmarks.faults.finished import finished, process, script

HOLD_LOOP = """
import sys, time
from veritrain_lib.core import claims
from veritrain_lib.loop.record import loop_digest
from veritrain_lib.core.task import load_task
task = load_task(sys.argv[1])
claim = claims.claim(f"loop {loop_digest(task)}", "the loop")
print("held", flush=True)
sys.stdin.readline()
claim.release()
"""

HOLD = """
import sys
from veritrain_lib.core import claims
claim = claims.claim(sys.argv[1], "the work")
print("held", flush=True)
sys.stdin.readline()
claim.release()
"""

WANT = """
import sys
from veritrain_lib.core import claims
with claims.claim(sys.argv[1], "the work"):
    print("had it")
"""

TASK = """
import pathlib, sys
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import load_task
folder = pathlib.Path(sys.argv[1])
task = load_task(folder / "task" / "task.yaml" if (folder / "task").exists() else write_tiny(folder / "task"))
"""

PRELUDE = TASK + "from veritrain_lib.tracking import datasets, looks, models, prompts, runs, store\n"


def _held(holder: subprocess.Popen[str]) -> None:
    assert holder.stdout is not None
    if holder.stdout.readline().strip() != "held":
        raise RuntimeError(f"the first process failed: {holder.stdout.read()[-1000:]}")


CLI = "import sys; from veritrain_lib.cli.main import main; sys.argv[0] = 'veritrain'; main()"


def _waits(
    first: str, second: str, then: str, project: Callable[[Path], list[str]]
) -> Callable[[Path], Seen]:
    """Let a second process wait for the first one's lock; once it reports waiting, the first releases it or dies."""

    def run(folder: Path) -> Seen:
        arguments = project(folder)
        with process(folder, first, arguments[-1]) as holder:
            _held(holder)
            with process(folder, second, *arguments) as waiting:
                assert waiting.stdout is not None
                lines = []
                for line in waiting.stdout:
                    lines.append(line)
                    if "waiting for process" in line:
                        _let_go(holder, then)
            named = f"process {holder.pid} on " in "".join(lines)
        left = list((folder / ".veritrain/claims").iterdir())
        wrong = "" if named else "it does not say for whom it waits"
        return Seen(waiting.returncode, "".join(lines), wrong=wrong or (f"left: {left}" if left else ""))

    return run


def _let_go(holder: subprocess.Popen[str], then: str) -> None:
    if then == "kill":
        holder.kill()
        holder.wait()
    elif holder.stdin is not None:
        holder.stdin.write("\n")
        holder.stdin.flush()


def _loop_waits(then: str) -> Callable[[Path], Seen]:
    return _waits(HOLD_LOOP, CLI, then, lambda folder: ["loop", str(finished(folder))])


def _claim_waits(then: str) -> Callable[[Path], Seen]:
    return _waits(HOLD, WANT, then, lambda folder: ["work"])


def _at_once(code: str, judge: str, count: int = 2) -> Callable[[Path], Seen]:
    """Run several processes of `code` in parallel in one project; then `judge` prints the result."""

    def run(folder: Path) -> Seen:
        script(folder, PRELUDE + "runs.search(task)", str(folder))
        several = [process(folder, PRELUDE + code, str(folder), str(number)) for number in range(count)]
        said = [one.communicate(timeout=900)[0] for one in several]
        wrong = next((text[-500:] for one, text in zip(several, said, strict=True) if one.returncode), "")
        return Seen(0, script(folder, PRELUDE + judge, str(folder)), wrong=wrong)

    return run


DATASETS = """
import pandas as pd
run = runs.open_run(task, "made", kind="stage")
rows = pd.DataFrame([{"id": sys.argv[2], "text": sys.argv[2], "label": "billing", "source": "human"}])
datasets.save(task, run, rows, status="passed", parent=None)
runs.end_run(run, "FINISHED")
"""

EXPERIMENTS = "store.experiment(task)\n"

PROMPTS = """
from veritrain_lib.prompts.prompt import Prompt
prompts.register(task, Prompt("ask", "Say something of {{ text }}", "test"))
"""

MODELS = """
from veritrain_lib.stages.inputs import sources
from veritrain_lib.trainers.base import *
from veritrain_lib.stages.inputs.students import quick_trainer
run = runs.open_run(task, "train", kind="stage")
rows = sources.seed_rows(task)
fitted = quick_trainer(task).train(task, rows, seed=0)
models.register(task, run, fitted, model_digest="one and the same", dataset="tiny@1", example=rows.head(2), measures={})
runs.end_run(run, "FINISHED")
"""

LOOKS = """
from veritrain_lib.stages.inputs import sources
looks.record_look(task, sources.held_out_set(task), "champion", "challenger " + sys.argv[2], limit=2)
"""


def _left_running(folder: Path) -> Seen:
    """Kill the owner of a run: the run is closed, resumed and finished, and keeps no wrong reason."""
    code = (
        PRELUDE + "print('held', runs.open_run(task, 'open', kind='stage'), flush=True); sys.stdin.readline()"
    )
    with process(folder, code, str(folder)) as owner:
        assert owner.stdout is not None
        run = owner.stdout.readline().split()[1]
        owner.kill()
    judge = (
        "run = sys.argv[2]; runs.close_abandoned(task); first = runs.get(run); print(first.info.status, first.data.tags['veritrain.reason'])\n"
        "runs.resume(run); runs.end_run(run, 'FINISHED'); now = runs.get(run); print(now.info.status, 'reason:', now.data.tags.get('veritrain.reason'))"
    )
    said = script(folder, PRELUDE + judge, str(folder), run)
    return Seen(None, said, said.split()[-3] if said.split() else "")


def _clock(folder: Path) -> Seen:
    """Set the wall clock by a second (and the boot time that psutil reads): no process may count as dead."""
    code = PRELUDE + "print('held', runs.owner(), flush=True); sys.stdin.readline()"
    with process(folder, code, str(folder)) as owner:
        assert owner.stdout is not None
        who = owner.stdout.readline().split()[1]
        step = (
            "import psutil, sys, time\nwas = psutil.Process.create_time\n"
            "psutil.Process.create_time = lambda self: was(self) + 1\npsutil.boot_time = lambda: 1.0\n"
            "time.time = lambda: 5.0\nfrom veritrain_lib.llm.owner import is_alive\nfrom veritrain_lib.tracking import runs\n"
            "print('alive', runs.is_alive(sys.argv[1]), is_alive(sys.argv[1] + '/0'))"
        )
        said = script(folder, step, who)
        owner.kill()
    return Seen(None, said)


def _namespace(kill: bool) -> Callable[[Path], Seen]:
    def run(folder: Path) -> Seen:
        unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
        possible = (
            shutil.which("unshare")
            and subprocess.run([*unshare, "true"], capture_output=True).returncode == 0
        )
        if not possible:
            return Seen(None, f"alive {not kill} (namespaces can't be made here)")
        import sys

        from benchmarks.faults.finished import ROOT

        code = "import sys; from veritrain_lib.core import liveness; print(liveness.current_process_name(), flush=True); sys.stdin.readline()"
        environment = {**os.environ, "VERITRAIN_HOME": str(folder)}
        with subprocess.Popen(
            [*unshare, sys.executable, "-c", code], env=environment, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as there:  # fmt: skip
            assert there.stdout is not None
            who = there.stdout.readline().strip()
            if kill:
                there.kill()
                there.wait()
                time.sleep(1)
            said = script(
                folder,
                "import sys; from veritrain_lib.core import liveness; print('alive', liveness.is_alive(sys.argv[1]), liveness.local_pid(sys.argv[1]))",
                who,
            )
            there.kill()
        return Seen(None, said)

    return run


def _killed_leaves(folder: Path) -> Seen:
    """Check that leftovers of killed processes (temporary folders, claims, leases) are gone after the next start."""
    temporary = folder / "tmp"
    temporary.mkdir()
    code = (
        "import os, sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from veritrain_lib.core import claims, liveness, temporary_folders\n"
        "(temporary_folders.create() / 'kernel.json').write_text('key'); temporary_folders.redirect_tempfile(); open(tempfile.mkstemp()[1], 'w')\n"
        "claims.claim('work', 'x'); print('held', flush=True); sys.stdin.readline()"
    )
    with process(folder, code, str(temporary)) as killed:
        _held(killed)
        os.kill(killed.pid, signal.SIGKILL)
    before = len([*temporary.iterdir(), *(folder / ".veritrain").rglob("*.json")])
    clear = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from veritrain_lib.core import claims, liveness, temporary_folders; claims.clear(); liveness.clear_leases(); temporary_folders.clear()"
    )
    script(folder, clear, str(temporary))
    after = [
        *temporary.iterdir(),
        *(folder / ".veritrain/claims").iterdir(),
        *(folder / ".veritrain/living").iterdir(),
    ]
    return Seen(None, json.dumps({"before": before, "after": [str(one) for one in after]}))


def _promotion(code: str) -> Callable[[Path], Seen]:
    def run(folder: Path) -> Seen:
        finished(folder)
        return Seen(None, script(folder, PRELUDE + code, str(folder)))

    return run


SEED, BEST = "models.identity(task, 'models:/tiny/1')", "models.identity(task, 'models:/tiny/2')"

SAME_MODEL_TWICE = f"""
import sqlite3
with sqlite3.connect(pathlib.Path(sys.argv[1]) / "mlflow.db") as opened:
    for table in ("model_versions", "model_version_tags"):
        columns = [row[1] for row in opened.execute(f"PRAGMA table_info({{table}})")]
        chosen = ", ".join("3" if name == "version" else name for name in columns)
        opened.execute(f"INSERT INTO {{table}} ({{', '.join(columns)}}) SELECT {{chosen}} FROM {{table}} WHERE version = 1")
    opened.execute("UPDATE registered_model_aliases SET version = 3 WHERE alias = 'champion'")
print("refused:", models.promote(task, {SEED}, "models:/tiny/2") or "nothing", models.by_alias(task, "champion").uri)
"""

CASES = [
    Case(
        "two_at_once/loop_waits",
        _loop_waits("release"),
        0,
        ["waiting for process", "since 20", "Nothing is left to do"],
    ),
    Case(
        "two_at_once/loop_holder_dies",
        _loop_waits("kill"),
        0,
        ["waiting for process", "Nothing is left to do"],
    ),
    Case("two_at_once/work_waits", _claim_waits("release"), 0, ["waiting for process", "had it"]),
    Case("two_at_once/work_holder_dies", _claim_waits("kill"), 0, ["waiting for process", "had it"]),
    Case(
        "two_at_once/dataset_versions",
        _at_once(DATASETS, "print(sorted(one.version for one in datasets.listing(task)))"),
        0,
        [r"\[1, 2\]"],
    ),
    Case(
        "two_at_once/one_experiment",
        _at_once(EXPERIMENTS, "print([one.name for one in store.experiments()].count('tiny'))"),
        0,
        [r"^1$"],
    ),
    Case(
        "two_at_once/one_prompt",
        _at_once(PROMPTS, "print([one.version for one in prompts.versions(task, 'ask')])"),
        0,
        [r"\[1\]"],
    ),
    Case(
        "two_at_once/one_model",
        _at_once(
            MODELS,
            "print([one.version for one in models.listing(task)], models.by_alias(task, 'champion').version)",
        ),
        0,
        [r"\[1\] 1"],
    ),
    Case(
        "two_at_once/looks_within_the_plan",
        _at_once(
            LOOKS,
            "from veritrain_lib.stages.inputs import sources\n"
            "print([one.number for one in looks.list_looks(sources.held_out_set(task))])",
            count=3,
        ),
        0,
        [r"\[1, 2\]"],
    ),
    Case(
        "two_at_once/no_untrue_reason",
        _left_running,
        None,
        ["KILLED the process that owned this run died", "FINISHED reason: None"],
        status="FINISHED",
    ),
    Case("two_at_once/a_step_of_the_clock", _clock, None, ["alive True True"]),
    Case("two_at_once/another_namespace_lives", _namespace(False), None, ["alive True"]),
    Case("two_at_once/another_namespace_killed", _namespace(True), None, ["alive False"]),
    Case("two_at_once/killed_leaves_nothing", _killed_leaves, None, [r'"before": [3-9]', r'"after": \[\]']),
    Case(
        "two_at_once/promotion_by_what_models_are",
        _promotion(SAME_MODEL_TWICE),
        None,
        ["refused: nothing models:/tiny/2"],
    ),
    Case(
        "two_at_once/promotion_refused_is_said",
        _promotion(
            f"print('refused:', models.promote(task, {BEST} + 'x', 'models:/tiny/1'), models.by_alias(task, 'champion').uri)"
        ),
        None,
        [
            "refused: the alias champion points at models:/tiny/2, another model",
            "veritrain evaluate",
            r"models:/tiny/2$",
        ],
    ),
]
