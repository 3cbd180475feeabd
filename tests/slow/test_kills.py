"""The whole loop by real notebooks, killed at any moment, comes to the champion of an undisturbed one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.recorded.tiny_task import write_tiny
from veritrain_lib.recorded import sources
from veritrain_lib.task import Task, load_task
from veritrain_lib.tracking import datasets, looks, models, runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500), pytest.mark.xdist_group("kills")]

KILLS = 5
LONGEST_SECONDS = 900.0
ROOT = Path(__file__).resolve().parents[2]

LOOP = """
import sys
from veritrain_lib.loop import run_loop
from veritrain_lib.recorded.tasks import find_task
import veritrain_lib
print(veritrain_lib.__file__, run_loop(find_task(sys.argv[1])).headline)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code: an edit in the checkout meanwhile would make every finished stage other work."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("veritrain_lib", "notebooks", "gates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


def start(task: Path, log: Path, checkout: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", LOOP, str(task)],
            stdout=out,
            stderr=out,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
        )


def family(home: Path) -> set[int]:
    """Living processes that work in this project: the loop and its kernels."""
    found = set()
    for process in psutil.process_iter():
        try:
            works_here = process.environ().get("VERITRAIN_HOME") == str(home)
            if works_here and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.fixture
def project(new_home: Callable[[Path], Path], tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes projects; whatever still runs in them is ended afterwards."""
    homes: list[Path] = []

    def make(name: str) -> Path:
        homes.append(new_home(tmp_path / name))
        return homes[-1]

    yield make
    for home in homes:
        for process in family(home):
            os.kill(process, signal.SIGKILL)


def outcome(task: Task) -> dict[str, object]:
    champion = models.by_alias(task, models.CHAMPION)
    assert champion is not None
    return {
        "champion": champion.digest,
        "models": [one.digest for one in models.listing(task)],
        "datasets": [(one.status, one.digest) for one in datasets.listing(task)],
        "looks": [
            (look.number, look.champion, look.challenger)
            for look in looks.all_looks(sources.held_out_set(task))
        ],
        "stopped": [
            (
                run.data.tags["veritrain.stopped"],
                run.data.tags["veritrain.rounds"],
                run.data.tags["veritrain.verdict"],
            )
            for run in runs.search(task, "tags.`veritrain.kind` = 'loop'")
        ],
    }


def test_a_loop_killed_five_times_ends_as_an_undisturbed_one(
    project: Callable[[str], Path], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    calm = project("calm")
    file = write_tiny(calm / "task")
    assert start(file, calm / "log", checkout).wait(LONGEST_SECONDS) == 0, (calm / "log").read_text()[-2000:]
    whole = time.monotonic() - began
    task = load_task(file)
    expected = outcome(task)
    assert str(checkout) in (calm / "log").read_text(), "the copy is what ran"
    assert not family(calm)

    stormy = project("stormy")
    file = write_tiny(stormy / "task")
    task = load_task(file)
    chance = random.Random(20)
    # All lives together are shorter than the loop, with room for a machine that was slower in the calm one.
    lives = [chance.uniform(0.08, 0.2) * whole for _ in range(KILLS)]
    killed_at: list[str] = []
    code: int | None = None
    for life in [*lives, LONGEST_SECONDS]:
        process = start(file, stormy / "log", checkout)
        try:
            code = process.wait(life)
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            time.sleep(2)
            assert not family(stormy), "a kernel outlived its loop"
            open_runs = runs.search(task, "attributes.status = 'RUNNING'")
            killed_at.append("+".join(sorted(run.data.tags["mlflow.runName"] for run in open_runs)))
    with capsys.disabled():
        shown = [round(life) for life in lives]
        print(f"\nkills: loop alone {whole:.0f} s, lives {shown} s, open at death: {killed_at}")
    assert code == 0, (stormy / "log").read_text()[-2000:]
    assert len(killed_at) == KILLS

    assert outcome(task) == expected
    everything = runs.search(task)
    assert {run.info.status for run in everything} <= {"FINISHED", "KILLED"}, (
        "none is RUNNING, none is said to have failed"
    )
    finished = [
        run.data.tags["veritrain.digest"]
        for run in everything
        if run.info.status == "FINISHED" and "veritrain.digest" in run.data.tags
    ]
    assert len(finished) == len(set(finished)), "finished work was done twice"
    assert list((stormy / ".veritrain" / "running").iterdir()) == []
    assert not family(stormy)
