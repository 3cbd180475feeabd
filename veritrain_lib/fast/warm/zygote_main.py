"""Program of the fork server (zygote): it imports the libraries once, then only forks kernels and supervises them.

Its owner is the process that started it. It never runs a notebook's code, a Python thread or an event loop, so it
always notices that its owner has ended. The owner controls it over one socket: each command is one byte, sent with the
file descriptors for the new kernel (see `zygote`).

It is run as a file, because `-m` would put a folder in front of the module search path.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from veritrain_lib.fast.shortcuts import is_on
from veritrain_lib.fast.warm import post_fork

FORK, TAKE, RETIRE = b"f", b"t", b"r"
"""Commands to the fork server: fork a process; give out a kernel forked in advance, if any, else fork; fork no more."""

ASSIGN, READY = b"g", b"y"
"""Messages to and from a kernel forked in advance: a notebook's request follows; the kernel is ready for a request."""

PACKAGE = "veritrain_lib"
"""Package that the fork server imports with all its modules."""

NOT_IMPORTED = ("_main", "__main__")
"""Endings of the names of modules that the fork server does not import because they are programs."""

NOT_FOR_KERNELS = f"{PACKAGE}.server"
"""Package that the fork server does not import because no notebook uses it."""

OWNER_CHECK_INTERVAL_S = 0.5
"""Seconds between two checks, while libraries are imported, whether the process that started this one still lives."""

SPARES = 2
"""Number of kernels that are forked in advance; each holds about 0.1 GB of its own."""

SPARE_DELAY_S = 0.1
"""Seconds after a request in which no kernel is forked in advance, so that the requested one has the cores."""

GC_THRESHOLD = 50_000
"""Number of new objects after which Python's garbage collector runs in a forked process.

With Python's default of 700 it would run 17 to 49 times in a stage's notebook, which takes 10 ms and frees too little.
"""

END_GRACE_S = 2.0
"""Seconds that a kernel nobody wants any more may take to end before it is killed."""


def import_stack(names: list[str]) -> list[str]:
    """Import the libraries that forked kernels need.

    Args:
        names: Names of the modules.

    Returns:
        One text for each module that could not be imported: its name and the error.
    """
    # jsonschema loads this grammar for seconds when it is there, for a format that nothing here checks.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    missing = []
    for name in names:
        try:
            package = importlib.import_module(name)
            if name == PACKAGE:
                for module in pkgutil.walk_packages(package.__path__, f"{name}."):
                    if not module.name.endswith(NOT_IMPORTED) and not module.name.startswith(NOT_FOR_KERNELS):
                        importlib.import_module(module.name)
        except Exception as error:  # noqa: BLE001  # the notebook that needs it will report it itself
            missing.append(f"{name}: {type(error).__name__}: {error}")
    return missing


@contextlib.contextmanager
def exit_with_owner(owner: int) -> Iterator[None]:
    """End the fork server if the process that started it ends while the `with` block runs; check that at intervals.

    It is needed while libraries are imported, when the main loop does not run yet.

    Args:
        owner: Process id of the process that started it.
    """

    def check_owner(number: int, frame: object) -> None:
        if os.getppid() != owner:
            os._exit(1)

    signal.signal(signal.SIGALRM, check_owner)
    signal.siginterrupt(signal.SIGALRM, False)  # reads during imports continue
    signal.setitimer(signal.ITIMER_REAL, OWNER_CHECK_INTERVAL_S, OWNER_CHECK_INTERVAL_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def prepare(names: list[str]) -> list[str]:
    """Call the functions of the group `veritrain.warm_up`, so that their work is done for every kernel forked later.

    Args:
        names: The functions, as texts `module:function` or `module:function=ARGUMENT`.

    Returns:
        One text for each function that failed: its name and the error. The notebook will do that work itself.
    """
    failed = []
    for name in names:
        target, equals, argument = name.partition("=")
        module, _, function = target.partition(":")
        try:
            getattr(importlib.import_module(module), function)(*([argument] if equals else []))
        except Exception as error:  # noqa: BLE001  # see above
            failed.append(f"{name}: {type(error).__name__}: {error}")
    return failed


def release_free_memory() -> None:
    """Return memory that the imports have freed to the system, since forked processes would copy its pages."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)


@dataclass
class Fork:
    """Forked kernel or background process, as the fork server keeps track of it.

    Attributes:
        pid: Process id.
        ended: Descriptor (pidfd) that is readable once the process has ended.
        line: Socket to whoever requested the process; it gets the exit code, and its other side is closed to end the
            process. For a kernel forked in advance that nobody has requested, socket to the kernel itself.
        ready: Whether the process can be given a request; a kernel forked in advance is ready when its sockets are
            bound.
        folder: Folder of the sockets of a kernel forked in advance; None for any other process.
    """

    pid: int
    ended: int
    line: socket.socket
    ready: bool = True
    folder: Path | None = None


class ZygoteServer:
    """Main loop of the fork server (zygote), which forks on request and watches the forked processes.

    Its owner is the process that started it; spares are kernels forked in advance.

    Attributes:
        control: Socket to the owner.
        set_by_imports: Environment variables that the imported modules have set.
        owner_ended: Descriptor (pidfd) of the owner that is readable once it has ended.
        forks: Forked processes, by each of their two descriptors.
        spares: Kernels that wait for a request.
        overdue: Deadline, in seconds of `time.monotonic`, after which a process that should end is killed, by process
            id.
        retired: Whether the owner wants no more forks.
        spares_disabled: Whether spares are given up, because one ended by itself or could not be forked.
        spares_allowed_from: Time from which spares may be forked again, in seconds of `time.monotonic`.
        folder: Folder for the sockets of spares, removed at the end even if the owner was killed.
    """

    def __init__(
        self,
        control: socket.socket,
        owner: int,
        folder: Path,
        set_by_imports: dict[str, str],
    ) -> None:
        self.control = control
        self.set_by_imports = set_by_imports
        self.owner_ended = os.pidfd_open(owner)
        self.forks: dict[int, Fork] = {}  # by both of their descriptors
        self.spares: list[Fork] = []
        self.overdue: dict[int, float] = {}
        self.retired = False
        self.spares_disabled = False
        self.spares_allowed_from = 0.0
        self.folder = folder
        self.folder_count = 0
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        self.poll.register(self.owner_ended, select.POLLIN)

    def serve(self) -> None:
        """Fork on request until the owner (the process that started this one) has ended.

        If the owner has asked for no more forks, the loop ends as soon as the last forked process has ended.
        """
        while not (self.retired and not self.forks):
            self._fork_spares()
            for descriptor, event in self.poll.poll(self._poll_timeout_ms()):
                if descriptor == self.owner_ended:
                    return
                if descriptor == self.control.fileno():
                    if not self._receive():
                        return
                elif descriptor in self.forks:
                    self._handle_event(self.forks[descriptor], descriptor, event)
            self._kill_overdue()

    def end(self) -> None:
        """Kill all forked processes that are still alive, which nobody needs any more."""
        for fork in self.forks.values():
            _signal_group(fork.pid, signal.SIGKILL)

    def _handle_event(self, fork: Fork, descriptor: int, event: int) -> None:
        if descriptor == fork.ended:
            self._reap(fork)
        elif fork in self.spares:
            fork.ready = fork.line.recv(1) == READY
            self.poll.modify(fork.line, 0)
        elif event & (select.POLLHUP | select.POLLERR):
            self._detach(fork)

    def _receive(self) -> bool:
        command, descriptors, _, _ = socket.recv_fds(self.control, 1, 8)
        if command in (FORK, TAKE) and len(descriptors) == 3:
            self.spares_allowed_from = time.monotonic() + SPARE_DELAY_S
            line, stdout, stderr = descriptors
            if not (command == TAKE and self._assign_spare(line, stdout, stderr)):
                self._fork_for_request(line, stdout, stderr)
            os.close(stdout)
            os.close(stderr)
        elif command == RETIRE:
            self.retired = True
            for spare in self.spares:
                _signal_group(spare.pid, signal.SIGKILL)
        return command != b""

    def _assign_spare(self, line: int, stdout: int, stderr: int) -> bool:
        """Give a request to a kernel that was forked in advance; return whether one was ready.

        Args:
            line: Descriptor of the socket to the requesting process.
            stdout: Descriptor for standard output.
            stderr: Descriptor for standard error.
        """
        spare = next((spare for spare in self.spares if spare.ready), None)
        if spare is None:
            return False
        try:
            socket.send_fds(spare.line, [ASSIGN], [line, stdout, stderr])
        except OSError:  # it has just ended
            return False
        self.spares.remove(spare)
        self._forget_line(spare)
        spare.line.close()
        spare.line = socket.socket(fileno=line)
        self._watch_line(spare, 0)
        return True

    def _fork_for_request(self, line: int, stdout: int, stderr: int) -> None:
        """Fork a new process for a request.

        Args:
            line: Descriptor of the socket to the requesting process.
            stdout: Descriptor for standard output.
            stderr: Descriptor for standard error.
        """
        owned = socket.socket(fileno=line)
        pid = self._fork(
            lambda parent: post_fork.main(parent, post_fork.ForkRequest(owned, stdout, stderr)), {line}
        )
        if pid is None:
            owned.close()
        else:
            self._register(Fork(pid, os.pidfd_open(pid), owned), 0)

    def _fork_spares(self) -> None:
        """Fork a kernel in advance if fewer than `SPARES` wait, one at a time, so that this takes one core at most."""
        if self._lacks_spares() and time.monotonic() >= self.spares_allowed_from:
            self._fork_spare()

    def _lacks_spares(self) -> bool:
        waiting = any(not spare.ready for spare in self.spares)
        spares = SPARES if is_on("spare_kernels") else 0
        return len(self.spares) < spares and not (waiting or self.retired or self.spares_disabled)

    def _poll_timeout_ms(self) -> float | None:
        """Return the maximum time to wait for events in milliseconds; None for no limit."""
        timeouts = [200.0] if self.overdue else []
        if self._lacks_spares():
            timeouts.append(max(0.0, self.spares_allowed_from - time.monotonic()) * 1000 + 1)
        return min(timeouts, default=None)

    def _fork_spare(self) -> None:
        ours, theirs = socket.socketpair()
        self.folder_count += 1
        folder = self.folder / str(self.folder_count)
        folder.mkdir(mode=0o700)

        def next_request() -> post_fork.ForkRequest | None:
            theirs.sendall(READY)
            command, descriptors, _, _ = socket.recv_fds(theirs, 1, 3)
            theirs.close()
            if command != ASSIGN:
                return None
            line, stdout, stderr = descriptors
            return post_fork.ForkRequest(socket.socket(fileno=line), stdout, stderr)

        with theirs:
            pid = self._fork(
                lambda parent: post_fork.prefork(parent, folder, next_request),
                {theirs.fileno()},
                also_closed={ours.fileno()},
            )
        if pid is None:
            self.spares_disabled = True
            ours.close()
            return
        self.spares.append(Fork(pid, os.pidfd_open(pid), ours, ready=False, folder=folder))
        self._register(self.spares[-1], select.POLLIN)

    def _fork(
        self,
        body: Callable[[post_fork.ParentInfo], NoReturn],
        kept: set[int],
        also_closed: set[int] = frozenset(),  # type: ignore[assignment]
    ) -> int | None:
        inherited = {self.control.fileno(), self.owner_ended, *self.forks, *also_closed} - kept
        parent = post_fork.ParentInfo(os.getpid(), tuple(inherited), self.set_by_imports)
        try:
            pid = os.fork()
        except OSError as error:  # out of memory or of processes: later forks may still work
            print(f"Fork failed: {error}", file=sys.stderr, flush=True)
            return None
        return pid or body(parent)

    def _register(self, fork: Fork, events: int) -> None:
        self.forks[fork.ended] = fork
        self.poll.register(fork.ended, select.POLLIN)
        self._watch_line(fork, events)

    def _watch_line(self, fork: Fork, events: int) -> None:
        self.forks[fork.line.fileno()] = fork
        # What an owner writes is for the process, not for the zygote, which only watches for a hang-up.
        self.poll.register(fork.line, events)

    def _reap(self, fork: Fork) -> None:
        _, status, used = os.wait4(fork.pid, 0)
        if fork in self.spares:
            # Further spares would probably end before their request, too.
            self.spares.remove(fork)
            self.spares_disabled = True
        else:
            post_fork.try_send_json(
                fork.line, exit_code=os.waitstatus_to_exitcode(status), peak_kb=used.ru_maxrss
            )
        if fork.folder is not None:
            shutil.rmtree(fork.folder, ignore_errors=True)
        self.poll.unregister(fork.ended)
        self._forget_line(fork)
        del self.forks[fork.ended]
        os.close(fork.ended)
        fork.line.close()
        self.overdue.pop(fork.pid, None)

    def _detach(self, fork: Fork) -> None:
        self._forget_line(fork)
        _signal_group(fork.pid, signal.SIGTERM)
        self.overdue[fork.pid] = time.monotonic() + END_GRACE_S

    def _forget_line(self, fork: Fork) -> None:
        if self.forks.pop(fork.line.fileno(), None) is not None:
            self.poll.unregister(fork.line)

    def _kill_overdue(self) -> None:
        for pid, deadline in self.overdue.items():
            if time.monotonic() > deadline:
                _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    for send in (os.killpg, os.kill):
        try:
            send(pid, number)
        except ProcessLookupError:  # ended already, or has no group of its own yet
            continue


def main() -> None:
    """Run the fork server as `zygote_main.py CONTROL_DESCRIPTOR OWNER_PID FOLDER PLAN`.

    The plan is JSON (see `stack.plan`).
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    owner, folder, plan = int(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
    del sys.path[0]  # the folder of this file
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the owner, which then ends the zygote
    environment_before = dict(os.environ)
    with exit_with_owner(owner):
        missing = import_stack(plan["modules"]) + prepare(plan["prepare"])
    set_by_imports = {
        name: value for name, value in os.environ.items() if environment_before.get(name) != value
    }
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    gc.collect()
    gc.freeze()  # the collector of a fork must not touch, and so copy, every page
    gc.set_threshold(GC_THRESHOLD)
    release_free_memory()
    post_fork.try_send_json(control, ready=not threads, threads=threads, missing=missing)
    try:
        if not threads:
            zygote = ZygoteServer(control, owner, folder, set_by_imports)
            try:
                zygote.serve()
            finally:
                zygote.end()
    except ProcessLookupError:  # the owner has ended in the meantime
        print("The owner has ended.", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
