"""Several notebooks at once: as many as the machine bears, its threads divided, all of them stopped together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import psutil
import pytest

from tests.execution.test_interrupted_runs import hears_signals
from tests.execution.warm_owners import below, living, looking, seen, wait_for
from tests.execution.zoo_of_notebooks import ROOT
from veritrain_lib.execution import Job, LocalRunner, NotebookOutcome, NotebookProgress
from veritrain_lib.execution.parallel import MEMORY_PER_KERNEL, capacity, execute_all
from veritrain_lib.execution.prepared_notebook import PreparedNotebook

pytestmark = pytest.mark.timeout(400)

SLEEPS = "import time\ntime.sleep(60)"
OVERLAPS = """
import time
from pathlib import Path
seen["began"] = time.monotonic()
Path("{place}", "began-" + str(time.monotonic_ns())).touch()
while len(list(Path("{place}").glob("began-*"))) < {company} and time.monotonic() < seen["began"] + 60:
    time.sleep(0.01)
time.sleep(0.2)
seen["ended"] = time.monotonic()
"""
"""A notebook that waits for company, so that how slowly the others start is no matter; then for more than it wants."""
LIMITS = """
import os, numpy
from threadpoolctl import threadpool_info
seen["said"] = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
seen["used"] = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
"""

Prepare = Callable[..., PreparedNotebook]


@pytest.fixture(autouse=True)
def _no_limit_of_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make test` gives each of its processes one thread."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def a_small_zygote(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is there in a moment."""
    monkeypatch.setenv("VERITRAIN_PRELOAD", "numpy")


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    """A notebook, ready to run, that tells which process it is in and what code put into `seen`."""

    def make(name: str, code: str = "", after: str = "", **options: Any) -> PreparedNotebook:
        notebook = looking(tmp_path, name, code, after)
        return PreparedNotebook(notebook, notebook.with_suffix(".out.ipynb"), {}, **{"warm": True, **options})

    return make


def cores(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(number)))


def most_at_once(looks: list[Mapping[str, Any]]) -> int:
    return max(sum(one["began"] <= other["began"] < one["ended"] for one in looks) for other in looks)


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (2, 2), (9, 4)])
def test_no_more_than_asked_for_run_at_once(
    prepare: Prepare, tmp_path: Path, at_once: int, most: int
) -> None:
    code = OVERLAPS.format(place=tmp_path, company=most)
    outcomes = execute_all([prepare(f"n{place}", code) for place in range(4)], at_once=at_once)

    looks = [seen(tmp_path, f"n{place}") for place in range(4)]
    assert [outcome.ok for outcome in outcomes] == [True] * 4
    assert [outcome.executed.name for outcome in outcomes] == [f"n{place}.out.ipynb" for place in range(4)]
    assert most_at_once(looks) == most
    assert len({look["pid"] for look in looks}) == 4
    assert len({look["parent"] for look in looks}) == 1


@pytest.mark.parametrize(
    ("number", "kernels_in_memory", "expected"), [(16, 5.5, 5), (3, 100, 3), (16, 0.4, 1), (1, 9, 1)]
)
def test_the_machine_bears_as_many_as_it_has_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, number: int, kernels_in_memory: float, expected: int
) -> None:
    cores(monkeypatch, number)
    free = SimpleNamespace(available=int(kernels_in_memory * MEMORY_PER_KERNEL))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)

    assert capacity() == expected


def test_unasked_it_runs_what_the_machine_bears(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores(monkeypatch, 16)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2.5 * MEMORY_PER_KERNEL))

    code = OVERLAPS.format(place=tmp_path, company=2)
    execute_all([prepare(f"n{place}", code) for place in range(3)])

    assert most_at_once([seen(tmp_path, f"n{place}") for place in range(3)]) == 2


@pytest.mark.parametrize("warm", [True, False])
def test_the_cores_are_divided_among_the_notebooks(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    cores(monkeypatch, 2)

    execute_all([prepare(f"n{place}", LIMITS, warm=warm) for place in range(2)], at_once=2)

    for place in range(2):
        look = seen(tmp_path, f"n{place}")
        assert look["said"] == {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        assert set(look["used"]) == {1}


def test_a_share_is_at_least_one_thread_and_rounded_down(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores(monkeypatch, 7)
    execute_all([prepare(f"n{place}", LIMITS) for place in range(3)], at_once=3)
    assert {seen(tmp_path, f"n{place}")["said"]["OMP_NUM_THREADS"] for place in range(3)} == {"2"}

    cores(monkeypatch, 1)
    execute_all([prepare(f"m{place}", LIMITS) for place in range(2)], at_once=2)
    assert {seen(tmp_path, f"m{place}")["said"]["OMP_NUM_THREADS"] for place in range(2)} == {"1"}


def test_one_notebook_alone_may_use_them_all(prepare: Prepare, tmp_path: Path) -> None:
    execute_all([prepare("alone", LIMITS)], at_once=4)

    look = seen(tmp_path, "alone")
    assert set(look["said"].values()) == {None}
    assert set(look["used"]) == {min(len(os.sched_getaffinity(0)), psutil.cpu_count() or 1)}


def test_a_limit_of_the_users_own_is_kept(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores(monkeypatch, 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    execute_all(
        [prepare("plain", LIMITS), prepare("own", LIMITS, environment={"OPENBLAS_NUM_THREADS": "1"})],
        at_once=2,
    )

    assert seen(tmp_path, "plain")["said"] == {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "4"}
    assert seen(tmp_path, "own")["said"] == {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "1"}


def test_callbacks_come_in_the_calling_thread_each_in_its_notebooks_order(prepare: Prepare) -> None:
    told: list[tuple[int, str]] = []
    threads = set()

    def moved(place: int, progress: NotebookProgress) -> None:
        threads.add(threading.get_ident())
        told.append((place, f"cell {progress.cell}"))

    def ended(place: int, outcome: NotebookOutcome) -> None:
        threads.add(threading.get_ident())
        told.append((place, outcome.status))

    execute_all(
        [prepare(f"n{place}", after="1 + 1") for place in range(3)],
        at_once=2,
        on_progress=moved,
        on_done=ended,
    )

    assert threads == {threading.get_ident()}
    for place in range(3):
        assert [what for where, what in told if where == place] == ["cell 1", "cell 2", "finished"]


def test_a_notebook_that_fails_or_dies_does_not_stop_the_others(prepare: Prepare) -> None:
    done: list[tuple[int, str]] = []
    notebooks = [
        prepare("slow", "import time; time.sleep(1)"),
        prepare("fails", after="1 / 0"),
        prepare("dies", after="import os; os.kill(os.getpid(), 9)"),
        prepare("good"),
    ]

    outcomes = execute_all(
        notebooks, at_once=2, on_done=lambda place, outcome: done.append((place, outcome.status))
    )

    assert [outcome.status for outcome in outcomes] == ["finished", "failed", "died", "finished"]
    assert sorted(done) == [(0, "finished"), (1, "failed"), (2, "died"), (3, "finished")]
    assert done[0] == (1, "failed")


def test_a_runner_tells_which_job_it_speaks_of(tmp_path: Path) -> None:
    jobs = [
        Job(name, looking(tmp_path, name, after=code), tmp_path / f"{name}.out.ipynb")
        for name, code in (("one", ""), ("two", "1 / 0"))
    ]
    done: dict[str, str] = {}
    cells: list[str] = []

    runner = LocalRunner(warm=True, at_once=2)
    outcomes = runner.run(
        jobs,
        on_progress=lambda job, progress: cells.append(f"{job.name} {progress.cell}"),
        on_done=lambda job, outcome: done.update({job.name: outcome.status}),
    )

    runner.finish()

    assert [outcome.status for outcome in outcomes] == ["finished", "failed"]
    assert done == {"one": "finished", "two": "failed"}
    assert sorted(cells) == ["one 1", "two 1", "two 2"]


@pytest.mark.parametrize("callback", ["on_progress", "on_done"])
def test_a_callback_that_raises_stops_all(prepare: Prepare, tmp_path: Path, callback: str) -> None:
    def refuse(place: int, what: object) -> None:
        if place == 1:
            wait_for((tmp_path / "first.json").exists)
            raise RuntimeError("the store is full")

    # The third one sleeps too: the fourth must not get its place while the callback still waits for the first.
    sleeping = [prepare(name, after=SLEEPS) for name in ("first", "third")]
    notebooks = [sleeping[0], prepare("second"), sleeping[1], prepare("fourth")]
    with pytest.raises(RuntimeError, match="the store is full"):
        execute_all(notebooks, at_once=2, **{callback: refuse})  # type: ignore[arg-type]

    assert not living(seen(tmp_path, "first")["pid"])
    assert nbformat.read(tmp_path / "first.out.ipynb", 4).metadata.veritrain.status == "interrupted"
    assert not (tmp_path / "fourth.out.ipynb").exists()


OWNER = """
import sys
from pathlib import Path
from veritrain_lib.execution.parallel import execute_all
from veritrain_lib.execution.prepared_notebook import PreparedNotebook
folder = Path(sys.argv[1])
try:
    execute_all([PreparedNotebook(folder / f"{n}.ipynb", folder / f"{n}.out.ipynb", {}, warm=sys.argv[2] == "warm")
                 for n in sys.argv[3:]], at_once=2)
except KeyboardInterrupt as stopped:
    print("KeyboardInterrupt", stopped)
"""


@pytest.mark.parametrize("kernels", ["warm", "cold"])
def test_an_interrupt_stops_all_and_leaves_no_kernel(tmp_path: Path, kernels: str) -> None:
    names = ["one", "two", "three"]
    for name in names:
        looking(tmp_path, name, after=SLEEPS)
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), kernels, *names],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=hears_signals,
    )
    try:
        running = [seen(tmp_path, name)["pid"] for name in names[:2]]
        family = {one.pid for one in below(process.pid)}
        assert set(running) <= family
        time.sleep(0.3)  # the next cell has begun

        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=300)
    finally:
        process.kill()
        process.wait()

    assert said == "KeyboardInterrupt SIGINT\n"
    wait_for(lambda: not any(living(pid) for pid in family), seconds=60)
    for name in names[:2]:
        executed = json.loads((tmp_path / f"{name}.out.ipynb").read_text(encoding="utf-8"))
        assert executed["metadata"]["veritrain"]["status"] == "interrupted"
        assert "KeyboardInterrupt" in [output["ename"] for output in executed["cells"][1]["outputs"]]
    assert not (tmp_path / "three.out.ipynb").exists()
    assert not (tmp_path / "three.json").exists()
