"""Work that follows notebooks goes to one forked worker, in order; what fails is said, and nothing is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.execution.warm_owners import wait_for
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.execution import warm_up
from veritrain_lib.execution.background_tasks import MAX_CALLS_PER_WORKER, BackgroundTasks
from veritrain_lib.fast.warm.zygote import zygote_for

pytestmark = pytest.mark.timeout(400)

HERE = "tests.fast.warm.test_workers"


def write_down(file: str, text: str) -> None:
    """What a worker is asked for here: a line with its process id."""
    with Path(file).open("a", encoding="utf-8") as opened:
        opened.write(f"{os.getpid()} {text}\n")


def wait_and_write(file: str, go: str) -> None:
    """As `write_down`, once there is a file `go`."""
    wait_for(Path(go).exists, seconds=60)
    write_down(file, "waited")


def fail(text: str) -> None:
    """It can't."""
    raise ValueError(text)


def die() -> None:
    """The process goes without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(file: str) -> None:
    """The first process goes without a word, the next one writes."""
    mark = Path(file).with_suffix(".died")
    if not mark.exists():
        mark.touch()
        die()
    write_down(file, "once more")


def remember(file: str, name: str) -> None:
    """An environment variable as the worker sees it."""
    write_down(file, os.environ.get(name, "nothing"))


@pytest.fixture
def tasks() -> BackgroundTasks:
    warm_up()
    wait_for(lambda: zygote_for(os.environ).is_ready(), seconds=60)
    return BackgroundTasks(warm=True)


def lines(file: Path) -> list[tuple[int, str]]:
    found = [line.split(" ", 1) for line in file.read_text(encoding="utf-8").splitlines()]
    return [(int(number), text) for number, text in found]


def test_one_worker_does_all_in_order_and_ends(tasks: BackgroundTasks, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for number in range(5):
        tasks.call(f"{HERE}:write_down", str(file), f"line {number}")
    tasks.finish()
    seen = lines(file)
    assert [text for _, text in seen] == [f"line {number}" for number in range(5)]
    (worker,) = {process for process, _ in seen}
    assert worker != os.getpid()
    wait_for(lambda: not psutil.pid_exists(worker))


def test_a_call_returns_before_its_work_is_done(tasks: BackgroundTasks, tmp_path: Path) -> None:
    file, go = tmp_path / "file", tmp_path / "go"
    tasks.call(f"{HERE}:wait_and_write", str(file), str(go))
    assert not file.exists()
    go.touch()
    tasks.finish()
    assert [text for _, text in lines(file)] == ["waited"]


def test_what_fails_is_said_after_the_rest_is_done(tasks: BackgroundTasks, tmp_path: Path) -> None:
    file = tmp_path / "file"
    tasks.call(f"{HERE}:fail", "no paper")
    tasks.call(f"{HERE}:write_down", str(file), "done all the same")
    with pytest.raises(Infrastructure, match=r"fail\(no paper\) failed: ValueError: no paper"):
        tasks.finish()
    assert [text for _, text in lines(file)] == ["done all the same"]
    tasks.finish()  # said once


def test_a_worker_that_dies_is_no_success_and_the_next_call_gets_another(
    tasks: BackgroundTasks, tmp_path: Path
) -> None:
    tasks.call(f"{HERE}:die")
    with pytest.raises(Infrastructure, match=r"die\(\) failed: its process ended with exit code -9"):
        tasks.finish()
    tasks.call(f"{HERE}:write_down", str(tmp_path / "file"), "alive")
    tasks.finish()
    assert [text for _, text in lines(tmp_path / "file")] == ["alive"]


def test_what_a_killed_worker_left_is_done_by_another(tasks: BackgroundTasks, tmp_path: Path) -> None:
    file = tmp_path / "file"
    tasks.call(f"{HERE}:die_once", str(file))
    tasks.call(f"{HERE}:write_down", str(file), "after it")
    tasks.finish()
    assert [text for _, text in lines(file)] == ["once more", "after it"]


def test_a_worker_has_the_environment_of_the_call(
    tasks: BackgroundTasks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    for word in ("one", "two"):
        monkeypatch.setenv("A_WORD", word)
        tasks.call(f"{HERE}:remember", str(file), "A_WORD")
    tasks.finish()
    assert sorted(text for _, text in lines(file)) == ["one", "two"]


def test_a_worker_is_followed_by_another_before_it_gets_old(tasks: BackgroundTasks, tmp_path: Path) -> None:
    file = tmp_path / "file"
    for number in range(MAX_CALLS_PER_WORKER + 1):
        tasks.call(f"{HERE}:write_down", str(file), str(number))
    tasks.finish()
    seen = lines(file)
    assert sorted(int(text) for _, text in seen) == list(range(MAX_CALLS_PER_WORKER + 1))
    assert len({process for process, _ in seen}) == 2


def test_without_a_zygote_the_work_is_done_here(tmp_path: Path) -> None:
    cold = BackgroundTasks(warm=False)
    cold.call(f"{HERE}:write_down", str(tmp_path / "file"), "here")
    assert lines(tmp_path / "file") == [(os.getpid(), "here")]
    cold.finish()
