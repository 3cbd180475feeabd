"""Every Jupyter program gets warm kernels by the kernel spec `veritrain`; where there can be none, plain ones."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.execution.warm_owners import living, looking, seen, wait_for, write_notebook, zygotes_of
from veritrain_lib.execution import execute_notebook

pytestmark = pytest.mark.timeout(400)

SPEC = "veritrain"


@pytest.fixture
def run(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Run a notebook on what should be a warm kernel; gives its process (`pid`, `parent`)."""
    count = iter(range(1000))

    def execute() -> dict[str, Any]:
        notebook = looking(tmp_path, f"n{next(count)}")
        outcome = execute_notebook(notebook, notebook.with_suffix(".out.ipynb"), warm=True)
        assert outcome.ok, outcome.error
        return seen(tmp_path, notebook.stem)

    return execute


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def is_warm(look: dict[str, Any]) -> bool:
    """Whether the notebook's process was forked from a zygote of this process."""
    return look["parent"] in zygotes_of(os.getpid())


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            "import threading, time\n"
            "threading.Thread(target=time.sleep, args=(99,), daemon=True, name='of a module').start()",
            "an imported module started a thread (of a module): not safe to fork",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "it ended while it started: ",
        ),
        ("raise SystemExit('no licence found')", "it ended while it started: no licence found"),
    ],
    ids=["a thread at import", "killed at import", "exits at import"],
)
def test_where_forking_cannot_be_a_plain_kernel_is_started_with_one_line_of_warning(
    run: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: str,
    why: str,
) -> None:
    (tmp_path / "not_for_forks.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("VERITRAIN_PRELOAD", "not_for_forks")

    assert run()["parent"] == os.getpid()
    assert run()["parent"] == os.getpid()

    [said] = warnings(caplog)
    assert why in said
    assert "\n" not in said
    assert said.endswith("A plain one is started, which takes longer.")
    assert zygotes_of(os.getpid()) == set()


def test_on_a_platform_without_safe_forks_a_plain_kernel_is_started(
    run: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert run()["parent"] == os.getpid()
    assert run()["parent"] == os.getpid()

    assert warnings(caplog) == [
        "No warm kernel: forking is not safe on darwin. A plain one is started, which takes longer."
    ]


def test_nothing_is_said_when_all_is_well(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert is_warm(run())
    assert warnings(caplog) == []


def test_the_kernel_spec_is_installed_beside_the_plain_one() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "kernelspec", "list", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    specs = {name: found["spec"] for name, found in json.loads(listed.stdout)["kernelspecs"].items()}
    assert specs[SPEC]["display_name"] == "Python 3 (Veri-Train, warm)"
    assert specs[SPEC]["metadata"]["kernel_provisioner"]["provisioner_name"] == "veritrain-warm"
    assert "kernel_provisioner" not in specs["python3"]["metadata"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_plain_papermill_uses_it_by_name(tmp_path: Path) -> None:
    import papermill

    notebook = looking(tmp_path, "by_papermill")
    papermill.execute_notebook(
        notebook, tmp_path / "out.ipynb", kernel_name=SPEC, progress_bar=False, cwd=tmp_path
    )
    look = seen(tmp_path, "by_papermill")
    assert is_warm(look)
    assert not living(look["pid"])

    broken = write_notebook(tmp_path / "broken.ipynb", "1 / 0")
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        papermill.execute_notebook(broken, tmp_path / "out.ipynb", kernel_name=SPEC, progress_bar=False)


@pytest.mark.slow
def test_nbval_uses_it_by_name(tmp_path: Path) -> None:
    notebook = looking(
        tmp_path, "by_nbval", "import psutil\nseen['mother'] = psutil.Process().parent().cmdline()[1]"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run(
        [*command, "--nbval", "--nbval-kernel-name", SPEC, str(notebook)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "1 passed" in done.stdout
    look = seen(tmp_path, "by_nbval")
    assert look["mother"].endswith("zygote_main.py")
    wait_for(lambda: not living(look["pid"]) and not living(look["parent"]), seconds=60)


class Client:
    """A kernel client with the few words that these tests need."""

    def __init__(self, manager: Any) -> None:
        self._client = manager.client()
        self._client.start_channels()

    async def ready(self) -> None:
        await self._client.wait_for_ready(timeout=300)

    async def value(self, expression: str) -> Any:
        """What an expression is in the kernel; names of modules are there."""
        asked = {"value": f"__import__('json').dumps({expression})"}
        code = "import os, sys"
        reply = await self._client.execute(code, user_expressions=asked, reply=True, timeout=120)
        shown: str = reply["content"]["user_expressions"]["value"]["data"]["text/plain"]
        return json.loads(shown.strip("'"))

    async def run(self, code: str) -> str:
        """Run code; gives the exception's name, or `ok`.

        ipykernel answers what arrives within some moments after an error with `aborted`, unless it is asked not to.
        """
        reply = await self._client.execute(code, reply=True, timeout=120, stop_on_error=False)
        return str(reply["content"].get("ename") or reply["content"]["status"])

    def close(self) -> None:
        self._client.stop_channels()


def with_a_kernel(manager: Any, work: Callable[[Any, Client], Coroutine[Any, Any, None]]) -> None:
    """Start a kernel, do the work, and end it whatever happened."""

    async def whole() -> None:
        await manager.start_kernel()
        client = Client(manager)
        try:
            await client.ready()
            await work(manager, client)
        finally:
            client.close()
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)

    asyncio.run(whole())


def manager_over_tcp(kind: type[Any] | None = None, **options: Any) -> Any:
    from jupyter_client.manager import AsyncKernelManager

    manager = (kind or AsyncKernelManager)(kernel_name=SPEC, **options)
    assert manager.transport == "tcp"
    return manager


def test_a_running_cell_is_interrupted_and_the_kernel_goes_on(tmp_path: Path) -> None:
    began = tmp_path / "began"

    async def work(manager: Any, client: Client) -> None:
        sleeping = asyncio.ensure_future(
            client.run(f"open({str(began)!r}, 'w').close(); import time; time.sleep(60)")
        )
        while not began.exists():
            await asyncio.sleep(0.02)
        await manager.interrupt_kernel()
        assert await sleeping == "KeyboardInterrupt"
        assert await client.value("1 + 1") == 2

    with_a_kernel(manager_over_tcp(), work)


@pytest.mark.parametrize("now", [True, False])
def test_a_restarted_kernel_has_the_same_address_and_nothing_of_the_old_one(now: bool) -> None:
    async def work(manager: Any, client: Client) -> None:
        first, ports = await client.value("os.getpid()"), manager.ports
        assert await client.value("os.getppid()") in zygotes_of(os.getpid())
        assert await client.run("left_behind = 1; os.environ['LEFT_BEHIND'] = '1'") == "ok"

        await manager.restart_kernel(now=now)
        await client.ready()

        assert manager.ports == ports
        assert await client.value("os.getpid()") != first
        assert await client.value("os.getppid()") in zygotes_of(os.getpid())
        assert await client.value("'left_behind' in globals() or 'LEFT_BEHIND' in os.environ") is False
        assert not living(first)

    with_a_kernel(manager_over_tcp(), work)


@pytest.mark.parametrize("now", [True, False])
def test_a_kernel_that_was_shut_down_leaves_nothing(now: bool) -> None:
    async def work(manager: Any, client: Client) -> None:
        pid = await client.value("os.getpid()")
        children = "__import__('subprocess').Popen(['sleep', '60']).pid"
        child = await client.value(children)
        assert await manager.is_alive()

        await manager.shutdown_kernel(now=now)

        assert not await manager.is_alive()
        assert not living(pid)
        wait_for(lambda: not living(child), seconds=60)
        assert not Path(manager.connection_file).exists()
        names = {process.name() for process in psutil.Process().children(recursive=True)}
        assert "vt-kernel" not in names

    with_a_kernel(manager_over_tcp(), work)


def test_a_kernel_that_was_killed_is_restarted_by_jupyters_own_watch() -> None:
    from jupyter_client.ioloop import AsyncIOLoopKernelManager
    from traitlets.config import Config

    quick = Config({"KernelRestarter": {"time_to_dead": 0.3, "stable_start_time": 1.0}})

    async def work(manager: Any, client: Client) -> None:
        first = await client.value("os.getpid()")
        again = asyncio.Event()
        manager.add_restart_callback(again.set)

        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(again.wait(), 120)

        await client.ready()
        assert await client.value("os.getpid()") != first
        assert await client.value("os.getppid()") in zygotes_of(os.getpid())

    with_a_kernel(manager_over_tcp(AsyncIOLoopKernelManager, config=quick), work)


def test_output_past_jupyter_goes_where_the_owners_does(tmp_path: Path) -> None:
    with (tmp_path / "said").open("w+b") as said:

        async def whole() -> None:
            manager = manager_over_tcp()
            await manager.start_kernel(stdout=said, stderr=said, cwd=str(tmp_path))
            client = Client(manager)
            await client.ready()
            assert await client.value("os.getcwd()") == str(tmp_path)
            await client.run("import os; os.write(2, b''); os.system('echo past Jupyter >&2; true')")
            await client.run("import faulthandler, signal; os.kill(os.getpid(), signal.SIGUSR1)")
            client.close()
            await manager.shutdown_kernel(now=True)

        asyncio.run(whole())
        said.seek(0)
        assert b"most recent call first" in said.read()
