"""Code that runs in a process just forked from the fork server (zygote) and turns it into a kernel.

It can also become a background process that calls functions. Everything that a forked process inherits and a freshly
started one does not is reset: descriptors, session, signals, environment, random states, thread limits and module
search path.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from veritrain_lib.fast.shortcuts import is_on
from veritrain_lib.fast.warm.stack import THREADS
from veritrain_lib.kernel_process.main import die_with_parent, enable_crash_traces, run_until_shut_down
from veritrain_lib.kernel_process.redaction import redact_session

PR_SET_NAME = 15
"""Number of Linux's `prctl` option that sets a process's name."""

INLINE = "module://matplotlib_inline.backend_inline"
"""Name of matplotlib's backend for notebooks."""

PREFORK_ARGUMENTS = ("--HistoryManager.hist_file=:memory:",)
"""Arguments of ipykernel for a kernel that is forked before a notebook needs it."""


DESCRIPTOR_TABLE_SIZE = 1024
"""Number of file descriptors for which a forked process makes room at once, in order not to enlarge its table later."""

SPEED_ARGUMENTS = (
    "--IPythonKernel._execute_sleep=0",
    f"--Session.copy_threshold={2**31}",
)
"""Arguments of ipykernel that make every forked kernel faster.

ipykernel pauses for half a millisecond before each reply, for outputs that might come after it; our engine waits for
the status message that comes after all outputs. Sending the first picture without a copy would start a thread, which
takes longer than the copy.
"""


@dataclass(frozen=True)
class ParentInfo:
    """Facts about the fork server (zygote) that a process forked from it needs.

    Attributes:
        pid: Process id of the zygote.
        descriptors: The zygote's file descriptors that the forked process must close.
        set_by_imports: Environment variables that the imported modules have set.
    """

    pid: int
    descriptors: tuple[int, ...]
    set_by_imports: dict[str, str]


@dataclass(frozen=True)
class ForkRequest:
    """Request for a forked process: a kernel, or a background process that calls functions.

    Attributes:
        line: Socket to the process that made the request (the owner).
        stdout: File descriptor that becomes the forked process's standard output.
        stderr: File descriptor that becomes its standard error.
    """

    line: socket.socket
    stdout: int
    stderr: int


def main(parent: ParentInfo, fork_request: ForkRequest) -> NoReturn:
    """Turn this forked process into the kernel or background process that was requested, run it, and end the process.

    The request is a JSON line on the socket: `environment`, `cwd`, and either `argv` (ipykernel's arguments) for a
    kernel or `worker` (true) for a background process, which then gets its calls over the same socket (`_serve_calls`).

    Args:
        parent: Facts about the fork server (zygote).
        fork_request: Socket to the requesting process, and descriptors for the standard streams.
    """

    def body() -> socket.socket | None:
        _take_streams(fork_request, 1, 2)
        with fork_request.line.makefile("r", encoding="utf-8") as requests:
            request = _read_request(fork_request, requests)
            _apply_request(parent, request, errors=2)
            if request.get("worker"):
                send_json(fork_request.line, ready=True)
                _serve_calls(fork_request.line, requests)
                return None
        app = _initialized([*request["argv"], f"--IPKernelApp.parent_handle={parent.pid}"])
        send_json(fork_request.line, ready=True)
        run_until_shut_down(app)
        return fork_request.line

    _run(parent, body)


def prefork(parent: ParentInfo, folder: Path, next_request: Callable[[], ForkRequest | None]) -> NoReturn:
    """Turn this forked process into a kernel in advance, wait for a notebook's request, run, and end the process.

    Args:
        parent: Facts about the fork server (zygote).
        folder: An empty folder for the kernel's sockets, removed by whoever receives the kernel.
        next_request: Function that waits for the request, which has `environment` and `cwd`; it returns None when no
            request will come.
    """

    def body() -> socket.socket | None:
        connection_arguments = {"-f": "kernel.json", "--ip": "channel"}
        argv = [f"{name}={folder / file}" for name, file in connection_arguments.items()]
        environment_before = dict(os.environ)
        app = _initialized(
            [*argv, "--transport=ipc", *PREFORK_ARGUMENTS, f"--IPKernelApp.parent_handle={parent.pid}"]
        )
        set_by_shell = {
            name: value for name, value in os.environ.items() if environment_before.get(name) != value
        }
        fork_request = next_request()
        if fork_request is None:
            return None
        # ipykernel has replaced the descriptors that the request names by pipes of its own.
        output, errors = (
            getattr(stream, "_original_stdstream_copy", plain)
            for stream, plain in ((sys.stdout, 1), (sys.stderr, 2))
        )
        _take_streams(fork_request, output, errors)
        with fork_request.line.makefile("r", encoding="utf-8") as requests:
            _apply_request(parent, _read_request(fork_request, requests), errors=errors)
        os.environ.update(set_by_shell)
        app.shell.starting_dir = os.getcwd()
        connection = {f"{name}_port": port for name, port in app._ports.items()}
        connection |= {"ip": app.ip, "transport": app.transport, "key": app.session.key.decode()}
        send_json(fork_request.line, ready=True, connection=connection)
        run_until_shut_down(app)
        return fork_request.line

    _run(parent, body)


def _run(parent: ParentInfo, body: Callable[[], socket.socket | None]) -> NoReturn:
    """Reset what this process has inherited from the fork server (zygote), run `body`, and end the process.

    Args:
        parent: Facts about the zygote.
        body: The program; it returns the socket on which somebody waits for the process's end, or None.
    """
    code, line, pid = 1, None, os.getpid()
    try:
        os.setsid()  # a process group of its own, so that it is signalled with its children
        die_with_parent(parent.pid)
        for descriptor in parent.descriptors:
            os.close(descriptor)
        _make_room_for_descriptors()
        _set_process_name("vt-spare")
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        # The module search path of a started kernel: ipykernel puts the working directory first.
        sys.path[:] = [entry for entry in sys.path if entry]
        line = body()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001  # the process ends here, and reports why on its error output
        traceback.print_exc(file=sys.__stderr__)
    finally:
        # The owner does not wait for a child that the notebook forked.
        _end(code, line if os.getpid() == pid else None)


def _make_room_for_descriptors() -> None:
    """Enlarge this process's table of file descriptors now, while it has only one thread.

    Linux gives a forked process a table that just fits, 64 descriptors at first, and a kernel needs more. To enlarge it
    when there are several threads, Linux waits until every core has been at rest (`expand_fdtable`), 10 ms and more.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = DESCRIPTOR_TABLE_SIZE if limit == resource.RLIM_INFINITY else min(DESCRIPTOR_TABLE_SIZE, limit)
    with contextlib.suppress(OSError):  # no more are allowed: it grows when needed
        os.close(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, room - 1))


def stream_arguments() -> list[str]:
    """Return the arguments that make ipykernel use our faster `PromptStream`; empty when that is switched off."""
    name = "veritrain_lib.fast.kernel_streams.PromptStream"
    return [f"--IPKernelApp.outstream_class={name}"] if is_on("kernel_streams") else []


def _initialized(argv: list[str]) -> Any:
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *argv]
    app = IPKernelApp.instance()
    app.initialize([*argv, *stream_arguments(), *SPEED_ARGUMENTS])  # type: ignore[no-untyped-call]
    redact_session(app.session)
    return app


def _read_request(fork_request: ForkRequest, requests: IO[str]) -> dict[str, Any]:
    fork_request.line.set_inheritable(
        False
    )  # kept open to the end: programs that the notebook starts must not inherit it
    request: dict[str, Any] = json.loads(requests.readline())
    send_json(fork_request.line, pid=os.getpid())
    return request


def _serve_calls(line: socket.socket, requests: IO[str]) -> None:
    """Make the function calls that are requested over a socket until the other side closes it.

    A call is a JSON line with `call` (`module:function`) and `arguments` (texts). After each call `done` is sent back:
    an empty text, or the error. The error's traceback goes to standard error.
    """
    for call_line in requests:
        request: dict[str, Any] = json.loads(call_line)
        module, _, function = request["call"].partition(":")
        error_text = ""
        try:
            getattr(importlib.import_module(module), function)(*request["arguments"])
        except Exception as error:  # noqa: BLE001  # the owner receives it and raises it
            traceback.print_exc(file=sys.stderr)
            error_text = f"{type(error).__name__}: {error}"
        send_json(line, done=error_text)


def _take_streams(fork_request: ForkRequest, output: int, errors: int) -> None:
    """Redirect output and errors to the descriptors in the request, and standard input to `/dev/null`.

    Args:
        fork_request: The request.
        output: Descriptor to replace with the request's `stdout`.
        errors: Descriptor to replace with the request's `stderr`.
    """
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (fork_request.stdout, output), (fork_request.stderr, errors)):
        os.dup2(source, target)
        os.close(source)


def _apply_request(parent: ParentInfo, request: dict[str, Any], *, errors: int) -> None:
    """Set environment, working directory, random seeds and thread limits of a forked process as its request says.

    Args:
        parent: Facts about the fork server (zygote).
        request: The request, read from the socket.
        errors: Descriptor for the stack that a crashing process writes.
    """
    _set_process_name("vt-worker" if request.get("worker") else "vt-kernel")
    os.environ.clear()
    os.environ.update({**parent.set_by_imports, **request["environment"], "JPY_PARENT_PID": str(parent.pid)})
    if not request.get("worker"):  # as ipykernel does
        os.environ.setdefault("MPLBACKEND", INLINE)
    time.tzset()
    tempfile.tempdir = None  # looked up again in this environment
    os.chdir(request["cwd"])
    random, numpy = sys.modules.get("random"), sys.modules.get("numpy")
    if random is not None:
        random.seed()
    if numpy is not None:
        numpy.random.seed()
    _limit_threads()
    enable_crash_traces(errors)


def _set_process_name(name: str) -> None:
    """Set the name of this process that `ps` and `top` show; Linux uses its first 15 characters."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())


def _limit_threads() -> None:
    """Apply the environment's thread limits to BLAS and OpenMP libraries, which were loaded before they were set."""
    limits = {name: os.environ[name] for name in THREADS if os.environ.get(name, "").isdigit()}
    if not limits:
        return
    from threadpoolctl import threadpool_limits

    openmp = limits.get("OMP_NUM_THREADS")
    blas = next((limits[name] for name in THREADS[1:4] if name in limits), openmp)
    if openmp:
        threadpool_limits(int(openmp), user_api="openmp")
    if blas:
        threadpool_limits(int(blas), user_api="blas")


def send_json(line: socket.socket, **fields: object) -> None:
    """Send the given fields as one JSON object on a line of a socket."""
    line.sendall(json.dumps(fields).encode() + b"\n")


def try_send_json(line: socket.socket, **fields: object) -> None:
    """Send a message as `send_json` does, but ignore an error, such as that the other side has closed the socket."""
    with contextlib.suppress(OSError):
        send_json(line, **fields)


def _end(code: int, line: socket.socket | None) -> NoReturn:
    """End this process as the Python interpreter would, but without freeing the inherited memory object by object.

    The exit code is sent before the memory is released, because that takes 20 ms for a copy of a large process.

    Args:
        code: Exit code.
        line: Socket on which somebody waits for the end; None if nobody does.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for non-daemon threads
        atexit._run_exitfuncs()
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        if line is not None:
            peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try_send_json(line, exit_code=code, peak_kb=peak_kb)
    finally:
        os._exit(code)
