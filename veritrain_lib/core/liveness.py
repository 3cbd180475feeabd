"""Who works on something, and whether that process still lives, told without the wall clock.

A process is named HOST/NUMBER/START. On Linux START is BOOT.NAMESPACE.TICKS: the boot of the machine, the namespace that
the number counts in, and when the process started, in clock ticks since that boot. None of them moves when the clock is
set, and a container with the same host name has another namespace. Elsewhere START is the time at which it started.

A process of another namespace can't be looked at. It is known by its lease: a file of the project's folder that it keeps
locked (by a lock that ends with the process, whatever ends it) from the first time that it gives its name.
"""

from __future__ import annotations

import contextlib
import os
import socket
from functools import cache
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.lock_file import HeldFile, is_held

PROC = Path("/proc")

START_TICKS, STATE = 19, 0
"""Places of the start time and the state among the fields of `/proc/PID/stat` that follow the process's name."""

CLOCK_TOLERANCE_S = 2.0
"""How far apart two readings of one process's start may be where only the wall clock tells it, in seconds."""

BETWEEN = "~"
"""Stands for `/` where a process's name becomes part of a file's."""


def name() -> str:
    """Who this process is. From now on others can see that it lives, if they share the project's folder."""
    who = name_of(os.getpid())
    lease = _lease_file(who)
    if lease not in _leases:
        _take(lease)
    return who


def name_of(process: int) -> str:
    """As `name`, of another process that this one can see. Raises ProcessLookupError when there is none."""
    return f"{socket.gethostname()}/{process}/{_start(process)}"


def alive(who: str) -> bool | None:
    """Whether the process of a name still lives; None when that can't be told from here, as of another machine."""
    host, process, start = _parts(who)
    if process is None:
        return None
    here = _boot_and_namespace()
    there = start.rpartition(".")[0]
    if here is None or not there:
        return _same_start(process, start) if host == socket.gethostname() else None
    if there == here:
        return _same_start(process, start)
    lease = _lease_file(who)
    if lease.exists():
        return is_held(lease)
    # A name of this host from before the machine was started anew; of a namespace beside this one nothing is known.
    restarted = there.partition(".")[0] != here.partition(".")[0] and host == socket.gethostname()
    return False if restarted else None


def number_here(who: str) -> int | None:
    """The number by which this process can signal the one of a name; None when it is gone, or not to be seen here."""
    _, process, start = _parts(who)
    here = _boot_and_namespace()
    seen = here is None or start.rpartition(".")[0] == here
    return process if seen and process is not None and alive(who) else None


def told(who: str) -> str:
    """A process's name for people."""
    host, process, _ = _parts(who)
    return f"process {process} on {host}" if process is not None else who


def clear_leases() -> None:
    """Remove the leases of processes that are known to be dead without them."""
    for file in project.state("living").glob("*"):
        who = file.name.replace(BETWEEN, "/")
        here, there = _boot_and_namespace(), _parts(who)[2].rpartition(".")[0]
        other_room_same_boot = (
            here is not None and there != here and there.split(".")[0] == here.split(".")[0]
        )
        if not other_room_same_boot and alive(who) is False:
            file.unlink(missing_ok=True)


_leases: dict[Path, HeldFile | None] = {}
"""The lease of this process in each project that it worked in; None where it could not be had."""


def _take(lease: Path) -> None:
    _leases[lease] = None
    with contextlib.suppress(
        OSError
    ):  # a folder that can't be written: others can't tell, and leave it alone
        lease.parent.mkdir(parents=True, exist_ok=True)
        _leases[lease] = HeldFile.take(lease)


def _lease_file(who: str) -> Path:
    return project.state("living", who.replace("/", BETWEEN))


def _parts(who: str) -> tuple[str, int | None, str]:
    host, process, start = [*who.rsplit("/", 2), "", ""][:3]
    return host, int(process) if process.isdecimal() else None, start


@cache
def _boot_and_namespace() -> str | None:
    """`BOOT.NAMESPACE` of this process; None where the system does not tell them."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot.replace('-', '')[:12]}.{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _start(process: int) -> str:
    here = _boot_and_namespace()
    if here is None:
        return f"{_clock_start(process):.0f}"
    return f"{here}.{_fields(process)[START_TICKS]}"


def _same_start(process: int, start: str) -> bool:
    """Whether the process of this number is there, is no zombie, and started then."""
    try:
        if _boot_and_namespace() is not None:
            fields = _fields(process)
            return fields[STATE] not in ("Z", "X") and fields[START_TICKS] == start.rpartition(".")[2]
        return abs(_clock_start(process) - float(start)) <= CLOCK_TOLERANCE_S
    except (ProcessLookupError, ValueError):
        return False


def _fields(process: int) -> list[str]:
    """The fields of a process's `stat` from its state on; the name before them may hold anything."""
    try:
        return (
            (PROC / str(process) / "stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()
        )
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessLookupError(f"there is no process {process}") from error


def _clock_start(process: int) -> float:
    import psutil

    try:
        found = psutil.Process(process)
        if found.status() == psutil.STATUS_ZOMBIE:
            raise ProcessLookupError(f"process {process} has ended")
        return float(found.create_time())
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(f"there is no process {process}") from error
