"""How a fork becomes a process of its own: a kernel, or a worker that calls functions.

What a process inherits by a fork, and a freshly started one does not, is set right here: descriptors, session,
signals, environment, random states, threads' limits, module search path.
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

from veritrain_lib.execution.kernel_main import die_with_parent, leave_last_words, run_until_shut_down
from veritrain_lib.execution.kernel_redaction import hide_secrets
from veritrain_lib.execution.warm.stack import THREADS

PR_SET_NAME = 15

INLINE = "module://matplotlib_inline.backend_inline"
"""Matplotlib's backend in a notebook."""

OWN_ARGUMENTS = ("--HistoryManager.hist_file=:memory:",)
"""ipykernel's arguments of a kernel that is forked ahead."""


DESCRIPTORS = 1024
"""Descriptors that fit into a fork's table without its growing: as many as a process may commonly have."""

QUICK = (
    "--IPKernelApp.outstream_class=veritrain_lib.execution.warm.streams.PromptStream",
    "--IPythonKernel._execute_sleep=0",
    f"--Session.copy_threshold={2**31}",
)
"""ipykernel's arguments of every warm kernel. Its pause of half a millisecond before each reply is for outputs that
might come behind it; our engine waits for the word that comes behind all outputs. And not to copy the first picture
that is sent would start a thread, which takes longer than to copy it."""


@dataclass(frozen=True)
class Origin:
    """What a fork knows of the zygote: its process id, descriptors of its that are none of our business, and the
    environment variables that modules of the stack set when they were imported."""

    pid: int
    descriptors: tuple[int, ...]
    set_by_imports: dict[str, str]


@dataclass(frozen=True)
class Order:
    """What the process is to be: the line to its owner, and where file descriptors 1 and 2 go."""

    line: socket.socket
    stdout: int
    stderr: int


def live(origin: Origin, order: Order) -> NoReturn:
    """Be what the order's request says, then end this process.

    The request is a JSON line: `environment`, `cwd`, and either `argv` (ipykernel's arguments) for a kernel or
    `worker` (true) for a worker, which is then asked over the same line (`_serve`).
    """

    def life() -> socket.socket | None:
        _take_streams(order, 1, 2)
        with order.line.makefile("r", encoding="utf-8") as asked:
            request = _request(order, asked)
            _become(origin, request, errors=2)
            if request.get("worker"):
                tell(order.line, ready=True)
                _serve(order.line, asked)
                return None
        app = _initialized([*request["argv"], f"--IPKernelApp.parent_handle={origin.pid}"])
        tell(order.line, ready=True)
        run_until_shut_down(app)
        return order.line

    _run(origin, life)


def live_ahead(origin: Origin, folder: Path, next_order: Callable[[], Order | None]) -> NoReturn:
    """Be a kernel ahead of its order, with a connection of its own; then end this process.

    Args:
        origin: The zygote.
        folder: An empty folder for the sockets, which whoever takes the kernel clears away.
        next_order: Waits for the order, whose request has `environment` and `cwd`; None when there will be none.
    """

    def life() -> socket.socket | None:
        own = {"-f": "kernel.json", "--ip": "channel"}
        argv = [f"{name}={folder / file}" for name, file in own.items()]
        before = dict(os.environ)
        app = _initialized(
            [*argv, "--transport=ipc", *OWN_ARGUMENTS, f"--IPKernelApp.parent_handle={origin.pid}"]
        )
        set_by_shell = {name: value for name, value in os.environ.items() if before.get(name) != value}
        order = next_order()
        if order is None:
            return None
        # ipykernel has put pipes of its own in front of the descriptors that the order is about.
        output, errors = (
            getattr(stream, "_original_stdstream_copy", plain)
            for stream, plain in ((sys.stdout, 1), (sys.stderr, 2))
        )
        _take_streams(order, output, errors)
        with order.line.makefile("r", encoding="utf-8") as asked:
            _become(origin, _request(order, asked), errors=errors)
        os.environ.update(set_by_shell)
        app.shell.starting_dir = os.getcwd()
        connection = {f"{name}_port": port for name, port in app._ports.items()}
        connection |= {"ip": app.ip, "transport": app.transport, "key": app.session.key.decode()}
        tell(order.line, ready=True, connection=connection)
        run_until_shut_down(app)
        return order.line

    _run(origin, life)


def _run(origin: Origin, life: Callable[[], socket.socket | None]) -> NoReturn:
    """Live, then end. `life` gives the line on which the owner waits to hear of the end, if there is one."""
    code, line, own = 1, None, os.getpid()
    try:
        os.setsid()  # a process group of its own, so that it is signalled with its children
        die_with_parent(origin.pid)
        for descriptor in origin.descriptors:
            os.close(descriptor)
        _make_room_for_descriptors()
        _call_itself("vt-spare")
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        # A module search path as of a started kernel: ipykernel puts the working directory first.
        sys.path[:] = [place for place in sys.path if place]
        line = life()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001  # a process ends here, and says why on its error output
        traceback.print_exc(file=sys.__stderr__)
    finally:
        # A child that the notebook forked is not the one whose end the owner waits for.
        _end(code, line if os.getpid() == own else None)


def _make_room_for_descriptors() -> None:
    """Have the table of descriptors grow now, while there is one thread.

    Linux copies to a fork a table that just fits, 64 at first. To let it grow when there are threads it waits until
    every core has been seen at rest (`expand_fdtable`), 10 ms and more, and a kernel needs more than 64.
    """
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = DESCRIPTORS if most == resource.RLIM_INFINITY else min(DESCRIPTORS, most)
    with contextlib.suppress(OSError):  # no more are allowed: it grows when it must
        os.close(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, room - 1))


def _initialized(argv: list[str]) -> Any:
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *argv]
    app = IPKernelApp.instance()
    app.initialize([*argv, *QUICK])  # type: ignore[no-untyped-call]
    hide_secrets(app.session)
    return app


def _request(order: Order, asked: IO[str]) -> dict[str, Any]:
    order.line.set_inheritable(False)  # kept to the end: no program that the notebook starts should have it
    request: dict[str, Any] = json.loads(asked.readline())
    tell(order.line, pid=os.getpid())
    return request


def _serve(line: socket.socket, asked: IO[str]) -> None:
    """Call what is asked, a JSON line each with `call` (`module:function`) and `arguments` (texts), until no more is.

    After each the owner is told `done`: an empty text, or why it failed, whose traceback goes to the error output.
    """
    for wish in asked:
        request: dict[str, Any] = json.loads(wish)
        module, _, function = request["call"].partition(":")
        why = ""
        try:
            getattr(importlib.import_module(module), function)(*request["arguments"])
        except Exception as error:  # noqa: BLE001  # the owner hears it and raises it
            traceback.print_exc(file=sys.stderr)
            why = f"{type(error).__name__}: {error}"
        tell(line, done=why)


def _take_streams(order: Order, output: int, errors: int) -> None:
    """Let descriptors point to where the order says, and standard input to nothing."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, place in ((nothing, 0), (order.stdout, output), (order.stderr, errors)):
        os.dup2(given, place)
        os.close(given)


def _become(origin: Origin, request: dict[str, Any], *, errors: int) -> None:
    """Take on the request's environment and working directory, and fresh random states."""
    _call_itself("vt-worker" if request.get("worker") else "vt-kernel")
    os.environ.clear()
    os.environ.update({**origin.set_by_imports, **request["environment"], "JPY_PARENT_PID": str(origin.pid)})
    if not request.get("worker"):  # as ipykernel does
        os.environ.setdefault("MPLBACKEND", INLINE)
    time.tzset()
    tempfile.tempdir = None  # found anew in this environment
    os.chdir(request["cwd"])
    random, numpy = sys.modules.get("random"), sys.modules.get("numpy")
    if random is not None:
        random.seed()
    if numpy is not None:
        numpy.random.seed()
    _limit_threads()
    leave_last_words(errors)


def _call_itself(name: str) -> None:
    """The process's name for `ps` and `top`, at most 15 characters (Linux)."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())


def _limit_threads() -> None:
    """Apply what the environment says on threads to libraries that were loaded without it."""
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


def tell(line: socket.socket, **what: object) -> None:
    """Send a JSON object as a line."""
    line.sendall(json.dumps(what).encode() + b"\n")


def tell_if_there(line: socket.socket, **what: object) -> None:
    """As `tell`; another side that has gone needs no answer."""
    with contextlib.suppress(OSError):
        tell(line, **what)


def _end(code: int, line: socket.socket | None) -> NoReturn:
    """End as the interpreter would, without taking a copied heap apart object by object.

    All is done but to give the memory back, which takes a copy of a large process 20 ms: the owner hears now.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are no daemons
        atexit._run_exitfuncs()
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        if line is not None:
            peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            tell_if_there(line, exit_code=code, peak_kb=peak_kb)
    finally:
        os._exit(code)
