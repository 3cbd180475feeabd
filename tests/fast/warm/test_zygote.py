"""A zygote lives as long as it is wanted: it ends with its owner, is renewed when stale, and is shared by threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.execution.warm_owners import below, living, looking, seen, wait_for, zygotes_of
from tests.execution.zoo_of_notebooks import ROOT
from veritrain_lib.execution import NotebookOutcome, execute_notebook, warm_up
from veritrain_lib.fast.warm import stack

pytestmark = pytest.mark.timeout(400)

OWNER = """
import sys, time
from pathlib import Path
from veritrain_lib.execution import execute_notebook, warm_up
from veritrain_lib.fast.warm import stack
stack.code_state = lambda: "as it was"  # whoever edits the library meanwhile
folder = Path(sys.argv[1])
warm_up()
for name in sys.argv[2:]:
    print(execute_notebook(folder / f"{name}.ipynb", folder / f"{name}.out.ipynb", warm=True).status, flush=True)
if not sys.argv[2:]:
    print("started", flush=True)
    sys.stdin.readline()
"""

SLEEPS = "import time\ntime.sleep(60)"

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run code in a warm notebook; gives its process (`pid`, `parent`) and what the code put into `seen`."""
    count = iter(range(1000))

    def execute(code: str = "", **options: Any) -> dict[str, Any]:
        name = f"n{next(count)}"
        outcome = start(tmp_path, looking(tmp_path, name, code).stem, **options)
        assert outcome.ok, outcome.error
        return seen(tmp_path, name)

    return execute


def start(folder: Path, name: str, **options: Any) -> NotebookOutcome:
    return execute_notebook(folder / f"{name}.ipynb", folder / f"{name}.out.ipynb", warm=True, **options)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start another process that warms up and runs notebooks of the test's folder; without any, it waits."""
    started: list[subprocess.Popen[str]] = []

    def launch(*names: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(tmp_path), *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def all_end(pids: set[int], seconds: float = 10) -> None:
    wait_for(lambda: not any(living(pid) for pid in pids), seconds)


def test_a_zygote_ends_when_its_owner_exits(owner, tmp_path: Path) -> None:
    process = owner(
        looking(tmp_path, "first").stem, looking(tmp_path, "last", after="import time; time.sleep(0.3)").stem
    )
    zygote = seen(tmp_path, "last")["parent"]
    family = {one.pid for one in below(process.pid)}
    assert zygotes_of(process.pid) == {zygote} == {seen(tmp_path, "first")["parent"]}

    assert process.wait(20) == 0

    all_end(family, seconds=60)
    assert process.stdout.read() == "finished\nfinished\n"


def test_a_zygote_and_its_kernels_end_when_the_owner_is_killed(owner, tmp_path: Path) -> None:
    process = owner(looking(tmp_path, "sleeping", after=SLEEPS).stem)
    kernel = seen(tmp_path, "sleeping")
    family = {one.pid for one in below(process.pid)}
    assert {kernel["pid"], kernel["parent"]} <= family

    process.kill()
    process.wait()

    all_end(family, seconds=60)


def test_a_zygote_that_still_imports_ends_when_the_owner_is_killed(owner, tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text(SLEEPS, encoding="utf-8")
    process = owner(VERITRAIN_PRELOAD="slow_to_import", PYTHONPATH=f"{ROOT}:{tmp_path}")
    assert heard(process) == "started"
    family = zygotes_of(process.pid)
    assert len(family) == 1
    time.sleep(1)  # it is in the midst of it

    process.kill()
    process.wait()

    all_end(family, seconds=60)


def test_an_owner_that_exits_while_the_zygote_imports_does_not_wait_for_it(owner, tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text(SLEEPS, encoding="utf-8")
    process = owner(VERITRAIN_PRELOAD="slow_to_import", PYTHONPATH=f"{ROOT}:{tmp_path}")
    assert heard(process) == "started"
    family = zygotes_of(process.pid)
    asked = time.monotonic()

    process.stdin.write("\n")
    process.stdin.flush()

    assert process.wait(55) == 0
    assert time.monotonic() - asked < 50  # the import takes 60 s
    all_end(family, seconds=60)


def test_a_killed_zygote_ends_its_notebook_as_died_and_the_next_gets_a_new_one(
    run: Run, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(start, tmp_path, looking(tmp_path, "sleeping", after=SLEEPS).stem)
        kernel = seen(tmp_path, "sleeping")
        wait_for(lambda: '"running"' in (tmp_path / "sleeping.out.ipynb").read_text())
        time.sleep(0.3)

        os.kill(kernel["parent"], signal.SIGKILL)
        outcome = running.result(20)

    assert outcome.status == "died"
    assert "SIGKILL" in outcome.error
    assert outcome.cells_run == 1
    assert not living(kernel["pid"])
    assert run()["parent"] not in (kernel["parent"], os.getpid())


def test_notebooks_one_after_another_come_from_one_zygote(run: Run) -> None:
    first, second = run(), run()

    assert first["parent"] == second["parent"]
    assert first["pid"] != second["pid"]
    assert zygotes_of(os.getpid()) == {first["parent"]}


def test_a_change_of_the_library_renews_it_and_the_old_one_ends_with_its_last_kernel(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    wait = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(start, tmp_path, looking(tmp_path, "long", after=wait).stem)
        old = seen(tmp_path, "long")

        monkeypatch.setattr(stack, "code_state", lambda: "edited")
        new = run()

        assert new["parent"] != old["parent"]
        time.sleep(0.5)
        assert living(old["parent"])
        assert living(old["pid"])
        go.touch()
        assert running.result(20).status == "finished"
        all_end({old["parent"], old["pid"]})
    assert run()["parent"] == new["parent"]


def test_a_file_of_the_library_that_changes_changes_its_state(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.undo()
    package = tmp_path / "veritrain_lib"
    (package / "fast" / "warm").mkdir(parents=True)
    for name in ("__init__.py", "fast/warm/stack.py", "suite.json", "notes.txt"):
        (package / name).touch()
    monkeypatch.setattr(stack, "__file__", str(package / "fast" / "warm" / "stack.py"))
    before = stack.code_state()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "kept.py").touch()
    assert stack.code_state() == before

    states = {before}
    (package / "__init__.py").write_text("VERSION = 2\n", encoding="utf-8")
    states.add(stack.code_state())
    os.utime(package / "suite.json", ns=(0, 0))
    states.add(stack.code_state())
    (package / "new.py").touch()
    states.add(stack.code_state())

    assert len(states) == 4


def test_what_is_read_at_import_makes_a_zygote_of_its_own(run: Run) -> None:
    code = "seen['hash'] = hash('a word'); seen['said'] = os.environ.get('GREETING')"
    code = f"import os\n{code}"
    plain = run(code)
    fixed = run(code, environment={"PYTHONHASHSEED": "7"})
    again = run(code, environment={"PYTHONHASHSEED": "7", "GREETING": "hello"})

    expected = subprocess.run(
        [sys.executable, "-c", "print(hash('a word'))"],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert fixed["parent"] != plain["parent"]
    assert fixed["hash"] == again["hash"] == int(expected.stdout)
    assert again["parent"] == fixed["parent"]
    assert again["said"] == "hello"
    assert run(code)["parent"] == plain["parent"]


def test_only_two_zygotes_are_kept(run: Run) -> None:
    parents = [run(environment={"PYTHONHASHSEED": str(number)})["parent"] for number in (1, 2, 3)]

    assert len(set(parents)) == 3
    wait_for(lambda: zygotes_of(os.getpid()) == set(parents[1:]), seconds=60)


FORKS = """
import multiprocessing, os, sys
from pathlib import Path
from veritrain_lib.execution import execute_notebook
from veritrain_lib.fast.warm import stack
stack.code_state = lambda: "as it was"  # whoever edits the library meanwhile
folder = Path(sys.argv[1])

def run(name):
    outcome = execute_notebook(folder / f"{name}.ipynb", folder / f"{name}.out.ipynb", warm=True)
    print(name, outcome.status, os.getpid(), flush=True)

run("before")
child = os.fork()
if child == 0:
    run("in_a_fork")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
worker = multiprocessing.get_context("fork").Process(target=run, args=("in_a_worker",))
worker.start()
worker.join()
assert worker.exitcode == 0
run("after")
"""


@pytest.mark.slow
def test_a_fork_of_the_owner_has_a_zygote_of_its_own(tmp_path: Path) -> None:
    names = ["before", "in_a_fork", "in_a_worker", "after"]
    for name in names:
        looking(tmp_path, name, "import psutil; seen['owner'] = psutil.Process().parent().ppid()")

    done = subprocess.run(
        [sys.executable, "-c", FORKS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [(name, status) for name, status, _ in lines] == [(name, "finished") for name in names]
    looks = {name: seen(tmp_path, name) for name in names}
    assert {name: looks[name]["owner"] for name in names} == {name: int(pid) for name, _, pid in lines}
    assert looks["before"]["parent"] == looks["after"]["parent"]
    zygotes = {one["parent"] for one in looks.values()}
    assert len(zygotes) == 3
    all_end(zygotes, seconds=60)


def test_threads_that_ask_at_the_same_time_share_one(run: Run) -> None:
    with ThreadPoolExecutor(3) as pool:
        looks = list(pool.map(lambda _: run("import time; time.sleep(0.3)"), range(3)))

    assert len({one["parent"] for one in looks}) == 1
    assert len({one["pid"] for one in looks}) == 3
    assert zygotes_of(os.getpid()) == {looks[0]["parent"]}


def test_warming_up_starts_it_ahead(run: Run) -> None:
    warm_up()
    wait_for(lambda: len(zygotes_of(os.getpid())) == 1)
    [zygote] = zygotes_of(os.getpid())

    assert run()["parent"] == zygote


LOADED = "import sys; seen['loaded'] = sorted({'colorsys', 'wave', 'pandas', 'mlflow'} & set(sys.modules))"


def test_modules_named_in_the_environment_replace_the_stack(run: Run, monkeypatch) -> None:
    monkeypatch.setenv("VERITRAIN_PRELOAD", "wave, colorsys")

    look = run(LOADED)

    assert look["loaded"] == ["colorsys", "wave"]
    assert look["parent"] != os.getpid()


def test_after_a_plus_they_are_added(run: Run, monkeypatch) -> None:
    monkeypatch.setenv("VERITRAIN_PRELOAD", "+colorsys")
    whole = stack.plan(os.environ, ())["modules"]
    monkeypatch.setattr(stack, "MODULES", ("wave",))
    monkeypatch.setattr(stack, "entry_points", lambda group: [])

    assert run(LOADED)["loaded"] == ["colorsys", "wave"]
    assert whole[-1] == "colorsys"
    assert {"pandas", "mlflow", "veritrain_lib"} <= set(whole)


def test_a_module_that_is_not_there_or_fails_is_passed_over(
    run: Run, tmp_path: Path, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken_module.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("VERITRAIN_PRELOAD", "no_such_module,broken_module,colorsys")

    look = run(LOADED)

    assert look["loaded"] == ["colorsys"]
    assert look["parent"] != os.getpid()
    assert caplog.records == []


def test_it_holds_no_thread_of_python_and_no_file_of_its_owners(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "open in the owner").open("w"):
        zygote = psutil.Process(run()["parent"])
        assert zygote.num_threads() == 1
        assert [file.path for file in zygote.open_files() if str(tmp_path) in file.path] == []
