"""A JupyterLab without a browser runs notebooks on warm kernels: start, run, interrupt, restart, end."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.execution.warm_owners import living, wait_for
from tests.execution.zoo_of_notebooks import kernels_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TOKEN = "for-this-test-only"


class Lab:
    """A running JupyterLab, spoken to as its own pages do."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """A request to its REST interface."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            method=method,
            data=json.dumps(body).encode() if body else (b"" if method == "POST" else None),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.loads(answer.read() or b"null")

    def run(self, kernel: str, code: str, *, interrupt_when: Path | None = None) -> dict[str, Any]:
        """Run code through the kernel's WebSocket; gives the content of the reply, with what was printed."""
        return asyncio.run(self._run(kernel, code, interrupt_when))

    async def _run(self, kernel: str, code: str, interrupt_when: Path | None) -> dict[str, Any]:
        from tornado.websocket import websocket_connect

        place = f"ws://127.0.0.1:{self.port}/api/kernels/{kernel}/channels?token={TOKEN}"
        line = await websocket_connect(place)
        asked = uuid.uuid4().hex
        header = {
            "msg_id": asked,
            "msg_type": "execute_request",
            "username": "",
            "session": asked,
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "allow_stdin": False, "stop_on_error": True}
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        await line.write_message(json.dumps(message))
        if interrupt_when is not None:
            while not interrupt_when.exists():
                await asyncio.sleep(0.05)
            await asyncio.to_thread(self.ask, "POST", f"kernels/{kernel}/interrupt")
        printed, reply, idle = "", None, False
        while reply is None or not idle:
            told = json.loads(str(await asyncio.wait_for(line.read_message(), 60)))
            if told["parent_header"].get("msg_id") != asked:
                continue
            if told["msg_type"] == "stream":
                printed += told["content"]["text"]
            idle = idle or (told["msg_type"] == "status" and told["content"]["execution_state"] == "idle")
            if told["msg_type"] == "execute_reply":
                reply = told["content"]
        line.close()
        return {**reply, "printed": printed}


@pytest.fixture(scope="module")
def lab(home: Any) -> Iterator[Lab]:
    """A JupyterLab in the module's folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home.path}",
    ]  # fmt: skip
    own = {"JUPYTER_RUNTIME_DIR": str(home.path / "runtime"), "VERITRAIN_PRELOAD": "numpy"}
    with (home.path / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**home.environment, **own}, stdout=log, stderr=log, cwd=home.path
        )
        running = Lab(process, port)
        try:
            wait_for(lambda: _is_up(running), seconds=120)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=300)


def _is_up(lab: Lab) -> bool:
    assert lab.process.poll() is None, "JupyterLab ended"
    try:
        return bool(lab.ask("GET", "status"))
    except OSError:
        time.sleep(0.5)
        return False


@pytest.fixture
def kernel(lab: Lab) -> Iterator[str]:
    """A warm kernel's id."""
    name = lab.ask("POST", "kernels", name="veritrain")["id"]
    yield name
    lab.ask("DELETE", f"kernels/{name}")
    wait_for(lambda: kernels_of(psutil.Process(lab.process.pid)) == [], seconds=60)


def test_jupyterlab_offers_the_warm_kernel(lab: Lab) -> None:
    specs = lab.ask("GET", "kernelspecs")
    assert specs["default"] == "python3"
    assert specs["kernelspecs"]["veritrain"]["spec"]["display_name"] == "Python 3 (Veri-Train, warm)"


def test_a_cell_runs_in_a_fork_and_a_running_one_is_interrupted(
    lab: Lab, kernel: str, tmp_path: Path
) -> None:
    pid = int(lab.run(kernel, "import os; print(os.getpid())")["printed"])
    assert [process.pid for process in kernels_of(psutil.Process(lab.process.pid))] == [pid]
    assert psutil.Process(pid).name() == "vt-kernel"

    began = tmp_path / "began"
    sleeping = f"open({str(began)!r}, 'w').close(); import time; time.sleep(60)"
    assert lab.run(kernel, sleeping, interrupt_when=began)["ename"] == "KeyboardInterrupt"
    assert int(lab.run(kernel, "print(os.getpid())")["printed"]) == pid


def test_restart_gives_a_new_process_and_an_empty_namespace(lab: Lab, kernel: str) -> None:
    first = int(lab.run(kernel, "import os; left_behind = 1; print(os.getpid())")["printed"])

    lab.ask("POST", f"kernels/{kernel}/restart")

    reply = lab.run(kernel, "import os; print(os.getpid(), 'left_behind' in globals())")
    second, left = reply["printed"].split()
    assert int(second) != first
    assert left == "False"
    assert not living(first)


def test_a_kernel_that_is_killed_is_started_again(lab: Lab, kernel: str) -> None:
    first = int(lab.run(kernel, "import os; print(os.getpid())")["printed"])
    psutil.Process(first).kill()

    wait_for(
        lambda: [p.pid for p in kernels_of(psutil.Process(lab.process.pid))] not in ([], [first]), seconds=60
    )

    wait_for(
        lambda: lab.ask("GET", f"kernels/{kernel}")["execution_state"] in ("idle", "starting"), seconds=60
    )
    assert int(lab.run(kernel, "import os; print(os.getpid())")["printed"]) != first
