"""The owner's side of a zygote: starts it, asks it for kernels, replaces and ends it."""

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
from veritrain_lib.fast.shortcuts import SWITCH, is_on
from veritrain_lib.fast.warm import stack
from veritrain_lib.fast.warm.forked_process import ForkedProcess
from veritrain_lib.fast.warm.zygote_main import FORK, RETIRE, TAKE

HUGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"
"""Puts what the imports and the language models allocate into pages of 2 MB where Linux has them.

Copying and freeing the tables of small pages takes most of the time of a fork, and of its end.
"""

START_TIMEOUT_S = 120.0
"""Seconds that the stack may take to import."""

MAX_ZYGOTES = 2
"""Zygotes with different environments that one process keeps; each holds about 0.4 GB."""


class ZygoteUnavailable(RuntimeError):
    """There can be no warm kernel here; the message says why.

    Attributes:
        first_time: Whether this reason is reported for the first time in this process.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.first_time = reason not in _reported
        _reported.add(reason)


_reported: set[str] = set()


class Zygote:
    """A zygote process that belongs to this one; usable once `is_ready`.

    Attributes:
        imports: The part of the environment it was started for (`stack.import_environment`).
        code: The state of the code it was started with (`stack.code_state`).
        failure: Why it can fork no kernel; empty when it can, or may be able to later.
        process: The process.
    """

    def __init__(self, environment: Mapping[str, str], prepare: Sequence[str] = ()) -> None:
        """Start the process.

        Args:
            environment: The environment of its kernels.
            prepare: Functions it calls after its imports, as `module:function=argument`.
        """
        self.imports = stack.import_environment(environment)
        self.code = stack.code_state()
        self.failure = ""
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._received = b""
        self._ready = False
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
        # a short name: paths of sockets may have about 107 bytes
        self._folder = str(temporary_folders.create("vt-", "/tmp"))
        self._control, theirs = socket.socketpair()
        full_environment = {name: value for name, value in environment.items() if name not in stack.THREADS}
        # ipykernel would set the first of these before a notebook imports matplotlib; the others keep libraries
        # from starting threads while they are imported.
        full_environment.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        full_environment.pop(
            "PYTEST_CURRENT_TEST", None
        )  # ipykernel would not show what is written outside Python
        full_environment.update(MLFLOW_DISABLE_TELEMETRY="true", GX_ANALYTICS_ENABLED="false")
        full_environment.setdefault(*HUGE_PAGES)
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
                env=full_environment,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def alive(self) -> bool:
        """Return whether the process lives."""
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Return whether kernels can be forked; False while the stack is still being imported.

        Raises:
            ZygoteUnavailable: It ended, takes longer than `START_TIMEOUT_S`, or may not fork since a module that it
                imported started a thread. It is useless then, and raises the same on every further call.
        """
        with self._lock:
            if not self._ready and not self.failure:
                self._receive()
        if self.failure:
            raise ZygoteUnavailable(self.failure)
        return self._ready

    def _receive(self) -> None:
        try:
            received = self._control.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            if time.monotonic() - self._began > START_TIMEOUT_S:
                self._fail(f"its imports took longer than {START_TIMEOUT_S:g} s")
            return
        except OSError as error:
            self._fail(str(error))
            return
        self._received += received
        if self._received.endswith(b"\n"):
            threads = json.loads(self._received)["threads"]
            self._ready = not threads
            if threads:
                self._fail(f"an imported module started a thread ({', '.join(threads)}): not safe to fork")
        elif not received:
            self.process.wait()
            self._fail(f"it ended while it started: {self._last_line()}")

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.process.kill()
        self.process.wait()

    def fork(
        self, request: Mapping[str, Any], stdout: int, stderr: int, *, spare: bool = False
    ) -> ForkedProcess:
        """Request a process and return it while it is still being forked.

        Args:
            request: `environment`, `cwd`, and either `argv` (ipykernel's arguments) for a kernel, or `worker`
                (true) for a worker, see `ForkedProcess.submit`.
            stdout: Target of its file descriptor 1.
            stderr: Target of its file descriptor 2.
            spare: Whether it may be the spare kernel, which has a connection of its own and ignores `argv`.

        Raises:
            ZygoteUnavailable: The zygote has ended.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            try:
                socket.send_fds(self._control, [TAKE if spare else FORK], [theirs.fileno(), stdout, stderr])
            except OSError as error:
                ours.close()
                raise ZygoteUnavailable(f"it has ended: {error}") from error
        with suppress(OSError):  # it died in between: the process's `poll` says so
            ours.sendall(json.dumps(dict(request)).encode() + b"\n")
        return ForkedProcess(ours)

    def retire(self) -> None:
        """Fork no more; the process ends with its last kernel."""
        try:
            self._control.sendall(RETIRE)
        except OSError:  # it has ended already
            return

    def end(self) -> None:
        """End the process, and with it every kernel that still lives."""
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5 if self._ready else 0)
        self.process.kill()  # it may still import; no effect on a process that has ended
        self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._output.close()

    def _last_line(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        # A killed process had no time to report why; its earlier output is about something else.
        killed = (self.process.returncode or 0) < 0
        return lines[-1] if lines and not killed else f"exit code {self.process.returncode}"


_lock = threading.Lock()
_owned: list[Zygote] = []
_retired: list[Zygote] = []
_owner = 0
_prepare: dict[str, None] = {}


def zygote_for(environment: Mapping[str, str]) -> Zygote:
    """Return this process's zygote for kernels with that environment; start one when none is usable.

    A zygote is retired when the library's code, the installed packages or what is read at import has changed since.

    Raises:
        ZygoteUnavailable: Forking is not safe on this platform, or warm kernels are switched off.
    """
    global _owner
    if not is_on("warm_kernels"):
        raise ZygoteUnavailable(f"{SWITCH} switches them off")
    if sys.platform != "linux":
        raise ZygoteUnavailable(f"forking is not safe on {sys.platform}")
    with _lock:
        if _owner != os.getpid():  # a fork of the owner (such as a Celery worker) has zygotes of its own
            _owned.clear()
            _retired.clear()
            _owner = os.getpid()
            atexit.register(end_all, _owner)
        code, imports = stack.code_state(), stack.import_environment(environment)
        for zygote in [
            zygote for zygote in _owned if zygote.code != code or not (zygote.alive() or zygote.failure)
        ]:
            _retire(zygote)
        for zygote in _owned:
            if zygote.imports == imports:
                return zygote
        while len(_owned) >= MAX_ZYGOTES:
            _retire(_owned[0])
        _owned.append(Zygote(environment, tuple(_prepare)))
        return _owned[-1]


def add_preparations(*functions: str) -> None:
    """Have zygotes started from now on call these functions (`module:function=argument`) in advance."""
    _prepare.update(dict.fromkeys(functions))


def _retire(zygote: Zygote) -> None:
    _owned.remove(zygote)
    zygote.retire()
    _retired.append(zygote)
    for retired in [retired for retired in _retired if not retired.alive()]:
        retired.end()
        _retired.remove(retired)


def end_all(owner: int | None = None) -> None:
    """End every zygote of this process; called at its exit.

    Args:
        owner: Process id; nothing happens in a process with another one. None: any process.
    """
    if owner is not None and owner != os.getpid():
        return
    with _lock:
        for zygote in [*_owned, *_retired]:
            zygote.end()
        _owned.clear()
        _retired.clear()
