"""The owner's side of a zygote: started, asked for kernels, renewed and ended."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from veritrain_lib.core import temporary_folders
from veritrain_lib.execution.warm import stack
from veritrain_lib.execution.warm.forked_process import ForkedProcess
from veritrain_lib.execution.warm.zygote_main import FORK, RETIRE, TAKE

HUGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"
"""Lets what the imports and the models of the language check allocate lie in pages of 2 MB where Linux has them: to
copy and to give back the tables of small pages takes most of the time of a fork, and of its end."""

START_TIMEOUT_S = 120.0
"""How long the stack may take to import."""

MOST = 2
"""Zygotes with different environments that one process keeps; each holds about 0.4 GB."""


class NoZygote(RuntimeError):
    """There can be no warm kernel here; the message says why, and `first` whether it was not said before."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.first = reason not in _said
        _said.add(reason)


_said: set[str] = set()


class Zygote:
    """A zygote process that belongs to this one. It is usable once `is_ready`."""

    def __init__(self, environment: Mapping[str, str], prepare: Sequence[str] = ()) -> None:
        """Start it. `prepare`: functions it calls after its imports, as `module:function=argument`."""
        self.imports = stack.import_environment(environment)
        self.code = stack.code_state()
        self.failure = ""
        """Why it can fork no kernel; empty when it can, or may yet."""
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._heard = b""
        self._ready = False
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
        # a short name: paths of sockets may have about 107 bytes
        self._folder = str(temporary_folders.make("vt-", "/tmp"))
        self._control, theirs = socket.socketpair()
        whole = {name: value for name, value in environment.items() if name not in stack.THREADS}
        # ipykernel would set the first of these before a notebook imports matplotlib; the others keep libraries
        # from starting threads while they are imported.
        whole.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        whole.pop("PYTEST_CURRENT_TEST", None)  # ipykernel would not show what is written past Python
        whole.update(MLFLOW_DISABLE_TELEMETRY="true", GX_ANALYTICS_ENABLED="false")
        whole.setdefault(*HUGE_PAGES)
        main = Path(__file__).with_name("zygote_main.py")
        with theirs:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(main),
                    str(theirs.fileno()),
                    str(os.getpid()),
                    self._folder,
                    json.dumps(stack.plan(environment, prepare)),
                ],
                env=whole,
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def alive(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Whether kernels can be forked; False while the stack is still being imported.

        Raises:
            NoZygote: It ended, takes longer than `START_TIMEOUT_S`, or may not fork since a module that it
                imported started a thread. It is of no use then, and says the same when asked again.
        """
        with self._lock:
            if not self._ready and not self.failure:
                self._hear()
        if self.failure:
            raise NoZygote(self.failure)
        return self._ready

    def _hear(self) -> None:
        try:
            told = self._control.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            if time.monotonic() - self._began > START_TIMEOUT_S:
                self._fail(f"its imports took longer than {START_TIMEOUT_S:g} s")
            return
        except OSError as error:
            self._fail(str(error))
            return
        self._heard += told
        if self._heard.endswith(b"\n"):
            threads = json.loads(self._heard)["threads"]
            self._ready = not threads
            if threads:
                self._fail(f"an imported module started a thread ({', '.join(threads)}): not safe to fork")
        elif not told:
            self.process.wait()
            self._fail(f"it ended while it started: {self._last_line()}")

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.process.kill()
        self.process.wait()

    def fork(
        self, request: Mapping[str, Any], stdout: int, stderr: int, *, spare: bool = False
    ) -> ForkedProcess:
        """Ask for a process; it is on its way when this returns.

        Args:
            request: `environment`, `cwd`, and either `argv` (ipykernel's arguments) for a kernel, or `worker`
                (true) for a worker, see `ForkedProcess.ask`.
            stdout: Where its file descriptor 1 goes.
            stderr: Where its file descriptor 2 goes.
            spare: Whether it may be the spare kernel, which has a connection of its own and heeds no `argv`.

        Raises:
            NoZygote: The zygote has gone.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            try:
                socket.send_fds(self._control, [TAKE if spare else FORK], [theirs.fileno(), stdout, stderr])
            except OSError as error:
                ours.close()
                raise NoZygote(f"it has gone: {error}") from error
        with suppress(OSError):  # it died in between: the process's `poll` says so
            ours.sendall(json.dumps(dict(request)).encode() + b"\n")
        return ForkedProcess(ours)

    def retire(self) -> None:
        """Fork no more; the process ends with its last kernel."""
        try:
            self._control.sendall(RETIRE)
        except OSError:  # it has gone already
            return

    def end(self) -> None:
        """End the process, and with it every kernel that still lives."""
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5 if self._ready else 0)
        self.process.kill()  # it still imports; nothing happens to one that has ended
        self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._said.close()

    def _last_line(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        # Killed, it had no time to say why, and what it said before is about something else.
        killed = (self.process.returncode or 0) < 0
        return lines[-1] if lines and not killed else f"exit code {self.process.returncode}"


_lock = threading.Lock()
_owned: list[Zygote] = []
_retired: list[Zygote] = []
_owner = 0
_prepare: dict[str, None] = {}


def zygote_for(environment: Mapping[str, str]) -> Zygote:
    """This process's zygote for kernels with that environment; started when there is none that is still fit.

    One made before the library's code, the installed packages or what is read at import changed is retired.
    Raises NoZygote on a platform where forking is not safe.
    """
    global _owner
    if sys.platform != "linux":
        raise NoZygote(f"forking is not safe on {sys.platform}")
    with _lock:
        if _owner != os.getpid():  # a fork of the owner (such as a Celery worker) is an owner of its own
            _owned.clear()
            _retired.clear()
            _owner = os.getpid()
            atexit.register(end_all, _owner)
        code, imports = stack.code_state(), stack.import_environment(environment)
        for zygote in [one for one in _owned if one.code != code or not (one.alive() or one.failure)]:
            _dismiss(zygote)
        for zygote in _owned:
            if zygote.imports == imports:
                return zygote
        while len(_owned) >= MOST:
            _dismiss(_owned[0])
        _owned.append(Zygote(environment, tuple(_prepare)))
        return _owned[-1]


def also_prepare(*functions: str) -> None:
    """Have zygotes that are started from now on call these functions (`module:function=argument`) ahead."""
    _prepare.update(dict.fromkeys(functions))


def _dismiss(zygote: Zygote) -> None:
    _owned.remove(zygote)
    zygote.retire()
    _retired.append(zygote)
    for one in [one for one in _retired if not one.alive()]:
        one.end()
        _retired.remove(one)


def end_all(owner: int | None = None) -> None:
    """End every zygote of this process; called at its exit."""
    if owner is not None and owner != os.getpid():
        return
    with _lock:
        for zygote in [*_owned, *_retired]:
            zygote.end()
        _owned.clear()
        _retired.clear()
