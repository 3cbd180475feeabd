"""Fork server of notebook kernels (zygote), as seen by the process that owns it: start, requests, replacement, end."""

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
"""Name and value of an environment variable that makes glibc use memory pages of 2 MB where Linux offers them.

Copying and freeing the page tables of small pages takes most of the time of a fork, and of a forked process's end.
"""

START_TIMEOUT_S = 120.0
"""Seconds within which the fork server (zygote) must have imported all libraries."""

MAX_ZYGOTES = 2
"""Maximum number of fork servers (zygotes) of one process, for different environments; each holds about 0.4 GB."""


class ZygoteUnavailable(RuntimeError):
    """Error: kernels can't be forked here; the message says why.

    Attributes:
        first_time: Whether this reason is reported for the first time in this process.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.first_time = reason not in _reported
        _reported.add(reason)


_reported: set[str] = set()


class Zygote:
    """Fork server: a child process that has imported the libraries and forks notebook kernels.

    Attributes:
        imports: Environment variables for which it was started (`stack.import_environment`).
        code: State of the code with which it was started (`stack.code_state`).
        failure: Reason why it can never fork a kernel; empty otherwise.
        process: The process.
    """

    def __init__(self, environment: Mapping[str, str], prepare: Sequence[str] = ()) -> None:
        """Start the process, which begins to import the libraries; `is_ready` says when it can fork.

        Args:
            environment: Environment of the kernels to be forked.
            prepare: Functions that it calls after its imports, as texts `module:function` or
                `module:function=ARGUMENT`.
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
        """Return whether the fork server's process has not ended."""
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Return whether the fork server can fork kernels; False while it is still importing libraries.

        Raises:
            ZygoteUnavailable: It has ended, needs longer than `START_TIMEOUT_S`, or must not fork because an imported
                module has started a thread. Every further call raises the same error.
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
        """Request a forked process from the fork server and return it at once, while it is still being forked.

        Args:
            request: `environment`, `cwd`, and either `argv` (ipykernel's arguments) for a kernel or `worker` (true) for
                a background process, see `ForkedProcess.submit`.
            stdout: File descriptor that becomes the process's standard output.
            stderr: File descriptor that becomes its standard error.
            spare: Whether a kernel forked in advance will do, which has sockets of its own and ignores `argv`.

        Raises:
            ZygoteUnavailable: The fork server has ended.
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
        """Tell the fork server to fork no more; it ends when its last kernel has ended."""
        try:
            self._control.sendall(RETIRE)
        except OSError:  # it has ended already
            return

    def end(self) -> None:
        """End the fork server and every kernel that it has forked and that still lives."""
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
    """Return this process's fork server (zygote) for kernels with a given environment; start one if there is none.

    It is replaced when the library's code, the installed packages or a variable read at import has changed.

    Raises:
        ZygoteUnavailable: Forking is not safe on this platform, or is switched off by `VERITRAIN_FAST`.
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
    """Register functions that every fork server (zygote) started from now on calls before it forks kernels.

    Args:
        functions: The functions, as texts `module:function` or `module:function=ARGUMENT`.
    """
    _prepare.update(dict.fromkeys(functions))


def _retire(zygote: Zygote) -> None:
    _owned.remove(zygote)
    zygote.retire()
    _retired.append(zygote)
    for retired in [retired for retired in _retired if not retired.alive()]:
        retired.end()
        _retired.remove(retired)


def end_all(owner: int | None = None) -> None:
    """End every fork server (zygote) that this process has started; it is called at the exit of the process.

    Args:
        owner: Process id in which this has an effect, so that forked processes do nothing; None for any process.
    """
    if owner is not None and owner != os.getpid():
        return
    with _lock:
        for zygote in [*_owned, *_retired]:
            zygote.end()
        _owned.clear()
        _retired.clear()
