"""The zygote: imports the stack once, then only forks kernels and watches them.

It never runs a notebook's code, a thread or a loop of Python's, so it is always there to see that its owner
has gone. Spoken to over one socket that the owner hands down; a byte on it comes with the descriptors of the
kernel to be (see `zygote`).

Run as a file, so that `-m` puts no folder in front of the module search path.
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

from veritrain_lib.execution.warm import post_fork

FORK, TAKE, RETIRE = b"f", b"t", b"r"
"""From the owner: fork a process; the same, or take the spare, which has a connection of its own; no more forks."""

GO, READY = b"g", b"y"
"""To a spare: here is your order. From a spare: I am ready."""

OWN = "veritrain_lib"
"""Imported with all that is below it."""

NOT_IMPORTED = ("_main", "__main__")
"""Modules that are programs."""

NOT_FOR_KERNELS = f"{OWN}.server"
"""A room that no notebook enters."""

LOOK_EVERY_S = 0.5
"""How often the owner is looked for during the imports."""

SPARES = 2
"""Kernels that are kept forked ahead; each holds about 0.1 GB of its own."""

SPARE_AFTER_S = 0.1
"""How long after an order no spare is forked: the kernel and its owner, who greet each other, need the cores."""

NEW_OBJECTS = 50_000
"""After how many new objects a fork's collector looks for garbage. With Python's own 700 it looks 17 to 49 times in a
notebook of a stage, 10 ms in all, and finds nothing worth it."""

END_GRACE_S = 2.0
"""How long a kernel whose owner let go of it may take before it is killed."""


def import_stack(names: list[str]) -> list[str]:
    """Import modules by name; gives those that could not be, with why."""
    # jsonschema loads this grammar for seconds when it is there, for a format that nothing here checks.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    missing = []
    for name in names:
        try:
            found = importlib.import_module(name)
            if name == OWN:
                for module in pkgutil.walk_packages(found.__path__, f"{name}."):
                    if not module.name.endswith(NOT_IMPORTED) and not module.name.startswith(NOT_FOR_KERNELS):
                        importlib.import_module(module.name)
        except Exception as error:  # noqa: BLE001  # the notebook that needs it will say so itself
            missing.append(f"{name}: {type(error).__name__}: {error}")
    return missing


@contextlib.contextmanager
def ending_with(owner: int) -> Iterator[None]:
    """While imports keep the loop from looking, look now and then whether the owner is still there."""

    def look(number: int, frame: object) -> None:
        if os.getppid() != owner:
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.siginterrupt(signal.SIGALRM, False)  # reads of what is imported go on
    signal.setitimer(signal.ITIMER_REAL, LOOK_EVERY_S, LOOK_EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def prepare(names: list[str]) -> list[str]:
    """Call functions (`module:function`, or `module:function=argument`) that do work ahead for every kernel.

    Gives those that failed, with why: the notebook will do that work itself, or say what is wrong.
    """
    failed = []
    for name in names:
        place, equals, argument = name.partition("=")
        module, _, function = place.partition(":")
        try:
            getattr(importlib.import_module(module), function)(*([argument] if equals else []))
        except Exception as error:  # noqa: BLE001  # see above
            failed.append(f"{name}: {type(error).__name__}: {error}")
    return failed


def give_back_free_memory() -> None:
    """Let go of what the imports have used and freed: a fork that used it again would first copy what is of no use."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)


@dataclass
class Fork:
    """A forked process as the zygote knows it."""

    pid: int
    ended: int
    """pidfd: readable once the process has ended."""
    line: socket.socket
    """To its owner: hears the exit code; hung up when nobody wants the process any more. A spare's: to itself."""
    ready: bool = True
    """Whether an order can be given to it; a spare is ready when its sockets are bound."""
    place: Path | None = None
    """A spare's folder, if it was not taken away by who took the spare."""


class Zygote:
    """The serving loop.

    `control` is the owner's socket, `owner` the owner's process id, `folder` where the sockets of spares go
    (removed at the end, also when the owner was killed), `set_by_imports` the environment variables
    that modules of the stack set when they were imported.
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
        self.forks: dict[int, Fork] = {}  # by both of its descriptors
        self.spares: list[Fork] = []
        self.overdue: dict[int, float] = {}
        self.retired = False
        self.spares_die = False
        self.spares_from = 0.0
        """When spares may be forked again (`time.monotonic`)."""
        self.folder = folder
        self.places = 0
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        self.poll.register(self.owner_ended, select.POLLIN)

    def serve(self) -> None:
        """Fork on request until the owner has gone, or, when retired, until the last process has ended."""
        while not (self.retired and not self.forks):
            self._fork_spares()
            for descriptor, event in self.poll.poll(self._patience_ms()):
                if descriptor == self.owner_ended:
                    return
                if descriptor == self.control.fileno():
                    if not self._hear():
                        return
                elif descriptor in self.forks:
                    self._look_at(self.forks[descriptor], descriptor, event)
            self._kill_overdue()

    def end(self) -> None:
        """Kill what is left: nobody is there to want it."""
        for fork in self.forks.values():
            _signal_group(fork.pid, signal.SIGKILL)

    def _look_at(self, fork: Fork, descriptor: int, event: int) -> None:
        if descriptor == fork.ended:
            self._bury(fork)
        elif fork in self.spares:
            fork.ready = fork.line.recv(1) == READY
            self.poll.modify(fork.line, 0)
        elif event & (select.POLLHUP | select.POLLERR):
            self._let_go(fork)

    def _hear(self) -> bool:
        word, descriptors, _, _ = socket.recv_fds(self.control, 1, 8)
        if word in (FORK, TAKE) and len(descriptors) == 3:
            self.spares_from = time.monotonic() + SPARE_AFTER_S
            line, stdout, stderr = descriptors
            if not (word == TAKE and self._hand_to_spare(line, stdout, stderr)):
                self._fork_one(line, stdout, stderr)
            os.close(stdout)
            os.close(stderr)
        elif word == RETIRE:
            self.retired = True
            for spare in self.spares:
                _signal_group(spare.pid, signal.SIGKILL)
        return word != b""

    def _hand_to_spare(self, line: int, stdout: int, stderr: int) -> bool:
        """Give the order to a spare, if there is one that is ready."""
        spare = next((one for one in self.spares if one.ready), None)
        if spare is None:
            return False
        try:
            socket.send_fds(spare.line, [GO], [line, stdout, stderr])
        except OSError:  # it has just ended
            return False
        self.spares.remove(spare)
        self._forget_line(spare)
        spare.line.close()
        spare.line = socket.socket(fileno=line)
        self._watch_line(spare, 0)
        return True

    def _fork_one(self, line: int, stdout: int, stderr: int) -> None:
        """Fork a process for an order."""
        owned = socket.socket(fileno=line)
        pid = self._fork(
            lambda origin: post_fork.live(origin, post_fork.Order(owned, stdout, stderr)), {line}
        )
        if pid is None:
            owned.close()
        else:
            self._know(Fork(pid, os.pidfd_open(pid), owned), 0)

    def _fork_spares(self) -> None:
        """See that there are `SPARES`; one gets ready at a time, so that it takes one core at most."""
        if self._lacks_spares() and time.monotonic() >= self.spares_from:
            self._fork_spare()

    def _lacks_spares(self) -> bool:
        waiting = any(not spare.ready for spare in self.spares)
        return len(self.spares) < SPARES and not (waiting or self.retired or self.spares_die)

    def _patience_ms(self) -> float | None:
        """How long to wait for news at most, in milliseconds; None for as long as it takes."""
        waits = [200.0] if self.overdue else []
        if self._lacks_spares():
            waits.append(max(0.0, self.spares_from - time.monotonic()) * 1000 + 1)
        return min(waits, default=None)

    def _fork_spare(self) -> None:
        ours, theirs = socket.socketpair()
        self.places += 1
        place = self.folder / str(self.places)
        place.mkdir(mode=0o700)

        def next_order() -> post_fork.Order | None:
            theirs.sendall(READY)
            word, descriptors, _, _ = socket.recv_fds(theirs, 1, 3)
            theirs.close()
            if word != GO:
                return None
            line, stdout, stderr = descriptors
            return post_fork.Order(socket.socket(fileno=line), stdout, stderr)

        with theirs:
            pid = self._fork(
                lambda origin: post_fork.live_ahead(origin, place, next_order),
                {theirs.fileno()},
                also_closed={ours.fileno()},
            )
        if pid is None:
            self.spares_die = True
            ours.close()
            return
        self.spares.append(Fork(pid, os.pidfd_open(pid), ours, ready=False, place=place))
        self._know(self.spares[-1], select.POLLIN)

    def _fork(
        self,
        life: Callable[[post_fork.Origin], NoReturn],
        kept: set[int],
        also_closed: set[int] = frozenset(),  # type: ignore[assignment]
    ) -> int | None:
        inherited = {self.control.fileno(), self.owner_ended, *self.forks, *also_closed} - kept
        origin = post_fork.Origin(os.getpid(), tuple(inherited), self.set_by_imports)
        try:
            pid = os.fork()
        except OSError as error:  # out of memory or of processes: this one can't be, others still may
            print(f"Nothing could be forked: {error}", file=sys.stderr, flush=True)
            return None
        return pid or life(origin)

    def _know(self, fork: Fork, events: int) -> None:
        self.forks[fork.ended] = fork
        self.poll.register(fork.ended, select.POLLIN)
        self._watch_line(fork, events)

    def _watch_line(self, fork: Fork, events: int) -> None:
        self.forks[fork.line.fileno()] = fork
        # An owner writes there for the process, not for us: of its line only that it was hung up.
        self.poll.register(fork.line, events)

    def _bury(self, fork: Fork) -> None:
        _, status, used = os.wait4(fork.pid, 0)
        if fork in self.spares:
            # One that ends before its order would only be followed by others that do.
            self.spares.remove(fork)
            self.spares_die = True
        else:
            post_fork.tell_if_there(
                fork.line, exit_code=os.waitstatus_to_exitcode(status), peak_kb=used.ru_maxrss
            )
        if fork.place is not None:
            shutil.rmtree(fork.place, ignore_errors=True)
        self.poll.unregister(fork.ended)
        self._forget_line(fork)
        del self.forks[fork.ended]
        os.close(fork.ended)
        fork.line.close()
        self.overdue.pop(fork.pid, None)

    def _let_go(self, fork: Fork) -> None:
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
    """`zygote_main.py CONTROL_DESCRIPTOR OWNER_PID FOLDER PLAN`; the plan is JSON (see `stack.plan`)."""
    control = socket.socket(fileno=int(sys.argv[1]))
    owner, folder, plan = int(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
    del sys.path[0]  # the folder of this file
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the owner, which then ends us
    before = dict(os.environ)
    with ending_with(owner):
        missing = import_stack(plan["modules"]) + prepare(plan["prepare"])
    set_by_imports = {name: value for name, value in os.environ.items() if before.get(name) != value}
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    gc.collect()
    gc.freeze()  # the collector of a fork must not touch, and so copy, every page
    gc.set_threshold(NEW_OBJECTS)
    give_back_free_memory()
    post_fork.tell_if_there(control, ready=not threads, threads=threads, missing=missing)
    try:
        if not threads:
            zygote = Zygote(control, owner, folder, set_by_imports)
            try:
                zygote.serve()
            finally:
                zygote.end()
    except ProcessLookupError:  # the owner has gone in the meantime
        print("The owner has gone.", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
