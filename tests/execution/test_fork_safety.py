"""A forked kernel is like a started one: what a fork inherits and a fresh process does not, is set right.

One notebook looks at everything at once, in a started kernel and in forked ones; the tests compare what it saw.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import nbformat
import pytest

from veritrain_lib.execution import execute_notebook

pytestmark = [pytest.mark.timeout(400), pytest.mark.slow]  # each starts a process that imports the real stack

STACK = "numpy,sklearn.ensemble,sklearn.linear_model,matplotlib.pyplot,sqlite3,multiprocessing,joblib"
"""A real part of the stack: what leaves native threads and random states behind."""

Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Run code in a notebook; it fills the dictionary `seen`, which comes back with the cell's outputs."""
    monkeypatch.setenv("VERITRAIN_PRELOAD", STACK)
    count = iter(range(1000))

    def run(code: str, *, warm: bool = True, **options: Any) -> dict[str, Any]:
        name = tmp_path / f"look{next(count)}"
        # ipykernel behaves differently under a test
        monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
        source = f"seen = {{}}\n{code}\nimport json; open({str(name)!r}, 'w').write(json.dumps(seen))"
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, f"{name}.ipynb")
        outcome = execute_notebook(
            Path(f"{name}.ipynb"), Path(f"{name}.out.ipynb"), warm=warm, cwd=tmp_path, **options
        )
        assert outcome.ok, outcome.error
        executed = nbformat.read(f"{name}.out.ipynb", 4)
        return {**json.loads(name.read_text()), "outputs": executed.cells[0].outputs}

    return run


def test_each_notebook_has_a_process_and_a_namespace_of_its_own(look: Look) -> None:
    code = """
import os
seen["pid"], seen["leader"], seen["names"] = os.getpid(), os.getpgid(0) == os.getpid(), sorted(globals())
left_behind = 1; import math; math.left_behind = 2; os.environ["LEFT_BEHIND"] = "3"
"""
    first, second = look(code), look(code + 'seen["math"] = dir(math); seen["env"] = "LEFT" in os.environ')

    assert first["pid"] != second["pid"]
    assert first["leader"]
    assert second["leader"]
    assert "left_behind" not in second["names"]
    assert first["names"] == look(code, warm=False)["names"]


def test_what_surrounds_a_notebook_is_as_in_a_started_kernel(look: Look) -> None:
    code = """
import os, sys, signal, locale, threading
import sklearn, threadpoolctl  # part of the zygote's stack, and set variables when they are imported
own = {"JPY_PARENT_PID", "MARKS"}
seen["environment"] = {name: value for name, value in os.environ.items() if name not in own}
seen["cwd"], seen["path"], seen["umask"] = os.getcwd(), sys.path, os.umask(0o22)
seen["signals"] = {int(number): str(signal.getsignal(number)).split(" at ")[0] for number in (2, 10, 13, 15, 17)}
seen["blocked"] = [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
seen["main"] = [__name__, sys.modules["__main__"].__dict__ is globals(), hasattr(sys.modules["__main__"], "__file__")]
seen["locale"], seen["encoding"] = locale.getlocale(), sys.stdout.encoding
seen["flags"], seen["warnings"] = list(sys.flags), sys.warnoptions
seen["threads"] = sorted(type(thread).__name__ for thread in threading.enumerate())
seen["stdin"] = os.read(0, 1).decode()
seen["session"] = os.getsid(0) == os.getpid()
"""
    cold = look(code, warm=False, environment={"GREETING": "hello"})
    warm = look(code, environment={"GREETING": "hello"})

    assert warm["environment"]["GREETING"] == "hello"
    for name in cold.keys() - {"outputs"}:
        assert warm[name] == cold[name], name


def test_a_kernel_holds_no_descriptor_of_the_zygote_or_of_another_kernel(look: Look, tmp_path: Path) -> None:
    # Which, not how many: how many sockets a kernel has depends on how far the other side's connections have come.
    code = """
import os, time
from pathlib import Path

def held(pid):
    names = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.add(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:  # that of the listing itself, or closed meanwhile
            pass
    return sorted(name for name in names if name.startswith(("socket:", "pipe:", "anon_inode:[pidfd]")))

Path(PLACE, str(os.getpid())).touch()
while len(os.listdir(PLACE)) < 3:  # the three live at the same time
    time.sleep(0.01)
seen["own"], seen["parent"], seen["zygote"] = held("self"), held(os.getppid()), os.getppid()
Path(PLACE, f"seen{os.getpid()}").touch()
while len(os.listdir(PLACE)) < 6:
    time.sleep(0.01)
"""
    place = tmp_path / "alive"
    place.mkdir()
    with ThreadPoolExecutor(3) as pool:
        kernels = list(pool.map(lambda _: look(f"PLACE = {str(place)!r}\n{code}"), range(3)))

    assert len({kernel["zygote"] for kernel in kernels}) == 1
    for kernel in kernels:
        shared = set(kernel["own"]) & set(kernel["parent"])
        # The line on which the owner is told how this kernel ended, and nothing else: no pidfd, no other line.
        assert len(shared) == 1
        assert shared.pop().startswith("socket:")
    for one, other in combinations(kernels, 2):
        assert not set(one["own"]) & set(other["own"])


def open_descriptors() -> set[tuple[str, str]]:
    """Number and target of each; a socket's or a pipe's target is its own (`pipe:[INODE]`)."""
    targets = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            targets.add((number, os.readlink(f"/proc/self/fd/{number}")))
    return targets


def test_notebooks_leave_no_descriptor_in_the_process_that_runs_them(look: Look) -> None:
    look("pass")
    gc.disable()  # nothing may wait for the collector
    try:
        before = open_descriptors()
        for _ in range(3):
            look("pass")
        # ZeroMQ's own thread closes the descriptors of closed sockets a little later: one that leaks is never closed.
        deadline = time.monotonic() + 30
        while not open_descriptors() <= before and time.monotonic() < deadline:
            time.sleep(0.05)
        # Not their count: what earlier tests of this process left open may be closed meanwhile.
        assert open_descriptors() <= before
    finally:
        gc.enable()


def test_a_kernel_has_room_for_descriptors_before_it_has_threads(look: Look) -> None:
    room = look('seen["room"] = [line.split()[1] for line in open("/proc/self/status") if "FDSize" in line]')
    assert int(room["room"][0]) >= 1024


def test_what_is_written_comes_whole_and_in_order(look: Look) -> None:
    code = """
import sys, threading
for number in range(300):
    print(number)
    if number % 50 == 0:
        sys.stdout.flush()
written = threading.Thread(target=lambda: print("from a thread"))
written.start(); written.join()
print("told", file=sys.stderr)
print("the end", flush=True)
"""
    outputs = look(code)["outputs"]
    said = "".join(one["text"] for one in outputs if one.get("name") == "stdout")
    assert said.splitlines() == [*map(str, range(300)), "from a thread", "the end"]
    assert [one["text"] for one in outputs if one.get("name") == "stderr"] == ["told\n"]


def test_random_states_are_fresh_in_each_notebook_and_obey_a_seed(look: Look) -> None:
    fresh = """
import random, uuid, os, tempfile, numpy as np
from sklearn.utils import check_random_state
seen["drawn"] = [random.random(), float(np.random.random()), float(np.random.default_rng().random()),
                 uuid.uuid4().hex, float(check_random_state(None).rand())]
"""
    seeded = """
import random, numpy as np
random.seed(7); np.random.seed(7)
seen["drawn"] = [random.random(), float(np.random.random()), float(np.random.default_rng(7).random())]
"""
    one, two = look(fresh)["drawn"], look(fresh)["drawn"]

    assert all(a != b for a, b in zip(one, two, strict=True))
    assert look(seeded)["drawn"] == look(seeded)["drawn"] == look(seeded, warm=False)["drawn"]


def test_native_threads_work_in_a_fork_and_give_the_same_numbers(look: Look) -> None:
    code = """
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info
chance = np.random.default_rng(0)
rows, labels = chance.normal(size=(600, 12)), chance.integers(0, 3, 600)
product = chance.normal(size=(500, 500)) @ chance.normal(size=(500, 500))
seen["product"] = float(product.sum())
seen["boosted"] = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(rows, labels).predict_proba(rows).sum(0).tolist()
seen["forest"] = RandomForestClassifier(8, n_jobs=2, random_state=0).fit(rows, labels).predict_proba(rows).sum(0).tolist()
seen["linear"] = LogisticRegression().fit(rows, labels).coef_.tolist()
seen["threads"] = sorted({(pool["user_api"], pool["num_threads"]) for pool in threadpool_info()})
"""
    cold, warm = look(code, warm=False), look(code)

    assert {name: warm[name] for name in cold if name != "outputs"} == {
        name: cold[name] for name in cold if name != "outputs"
    }


@pytest.mark.parametrize("warm", [False, True])
def test_thread_limits_in_the_environment_hold_for_libraries_loaded_before(look: Look, warm: bool) -> None:
    code = """
import numpy, sklearn.ensemble
from threadpoolctl import threadpool_info
seen["threads"] = sorted({(pool["user_api"], pool["num_threads"]) for pool in threadpool_info()})
"""
    one = look(code, warm=warm, environment={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})

    assert one["threads"] == [["blas", 1], ["openmp", 1]]


@pytest.mark.slow
def test_multiprocessing_works_inside_a_notebook(look: Look) -> None:
    code = """
import multiprocessing, joblib, math, os
for way in ("fork", "spawn", "forkserver"):
    with multiprocessing.get_context(way).Pool(2) as pool:
        seen[way] = pool.map(math.factorial, range(5))
seen["loky"] = joblib.Parallel(n_jobs=2)(joblib.delayed(math.factorial)(n) for n in range(5))
def in_a_child(line): line.send(os.getppid())
ours, theirs = multiprocessing.Pipe()
child = multiprocessing.get_context("fork").Process(target=in_a_child, args=(theirs,)); child.start(); child.join()
seen["child of this process"] = ours.recv() == os.getpid()
"""
    expected = [1, 1, 2, 6, 24]
    seen = look(code)

    assert [seen[way] for way in ("fork", "spawn", "forkserver", "loky")] == [expected] * 4
    assert seen["child of this process"]


def test_a_figure_is_shown_as_in_a_started_kernel(look: Look) -> None:
    code = """
import matplotlib, matplotlib.pyplot as plt
plt.plot([1, 3, 2]); plt.title("a figure")
seen["backend"] = matplotlib.get_backend()
"""
    cold, warm = look(code, warm=False), look(code)

    assert warm["backend"] == cold["backend"]
    pictures = [
        [out.data.get("image/png") for out in one["outputs"] if "data" in out] for one in (cold, warm)
    ]
    assert pictures[0] == pictures[1]
    assert any(pictures[1])


def test_a_progress_bar_looks_as_in_a_started_kernel(look: Look) -> None:
    code = "from tqdm.auto import tqdm\nseen['bar'] = tqdm.__module__"

    assert look(code)["bar"] == look(code, warm=False)["bar"]


def test_databases_are_written_by_several_forks_at_once(look: Look, tmp_path: Path) -> None:
    import sqlite3

    place = tmp_path / "shared.db"
    with sqlite3.connect(place) as database:
        database.execute("create table seen (pid)")
    code = f"""
import os, sqlite3
for _ in range(20):
    with sqlite3.connect({str(place)!r}, timeout=300) as database:
        database.execute("insert into seen values (?)", (os.getpid(),))
"""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: look(code), range(3)))

    with sqlite3.connect(place) as database:
        counts = database.execute("select count(*) from seen group by pid").fetchall()
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert counts == [(20,)] * 3
