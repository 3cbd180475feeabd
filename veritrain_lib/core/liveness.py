"""Unique names of processes, by which it can be found out later whether a process is still alive.

A name is HOST/PID/START. On Linux START is BOOT.NAMESPACE.TICKS: the machine's boot id, the PID namespace that the PID
belongs to, and the start of the process in clock ticks since that boot. None of them changes when the clock is set, and
a container with the same host name has another namespace. On other systems START is the start time.

A process can't see processes of another PID namespace. Therefore a process that has given its name keeps a file in the
project's folder locked while it lives, called its lease; the lock ends with the process.
"""

from __future__ import annotations

import contextlib
import os
import socket
from functools import cache
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.lock_file import LockFile, is_locked

PROC = Path("/proc")
"""Folder of Linux's process information."""

START_TICKS, STATE = 19, 0
"""Positions of start time and state among the fields of `/proc/PID/stat` that follow the process's name."""

CLOCK_TOLERANCE_S = 2.0
"""Seconds by which two readings of a process's start may differ on systems where it is read from the wall clock."""

SLASH_SUBSTITUTE = "~"
"""Character that replaces `/` where a process's name becomes a file name."""


def current_process_name() -> str:
    """Return the name of this process, and lock a file in the project's folder by which others see that it is alive."""
    name = process_name(os.getpid())
    lease = _lease_file(name)
    if lease not in _leases:
        _acquire_lease(lease)
    return name


def process_name(pid: int) -> str:
    """Return the name of the process with a PID that this process can see.

    Raises:
        ProcessLookupError: There is no such process.
    """
    return f"{socket.gethostname()}/{pid}/{_start(pid)}"


def is_alive(name: str) -> bool | None:
    """Return whether the process with this name is alive; None when that can't be known, as for one on another machine."""
    host, pid, start = _split_name(name)
    if pid is None:
        return None
    own_scope = _boot_and_namespace()
    scope = start.rpartition(".")[0]
    if own_scope is None or not scope:
        return _is_same_process(pid, start) if host == socket.gethostname() else None
    if scope == own_scope:
        return _is_same_process(pid, start)
    lease = _lease_file(name)
    if lease.exists():
        return is_locked(lease)
    # A name from before a restart of this machine is dead; of another namespace nothing is known.
    restarted = scope.partition(".")[0] != own_scope.partition(".")[0] and host == socket.gethostname()
    return False if restarted else None


def local_pid(name: str) -> int | None:
    """Return the PID by which this process can send signals to the process with this name.

    It is None when that process is dead or in another PID namespace.
    """
    _, pid, start = _split_name(name)
    own_scope = _boot_and_namespace()
    is_visible = own_scope is None or start.rpartition(".")[0] == own_scope
    return pid if is_visible and pid is not None and is_alive(name) else None


def describe(name: str) -> str:
    """Return a phrase for people, such as `process 123 on HOST`, for the name of a process."""
    host, pid, _ = _split_name(name)
    return f"process {pid} on {host}" if pid is not None else name


def clear_leases() -> None:
    """Delete the lease files of dead processes in the project's folder.

    A file is kept if only its lock can tell whether its process is alive.
    """
    for file in project.state("living").glob("*"):
        name = file.name.replace(SLASH_SUBSTITUTE, "/")
        own_scope, scope = _boot_and_namespace(), _split_name(name)[2].rpartition(".")[0]
        other_namespace_same_boot = (
            own_scope is not None and scope != own_scope and scope.split(".")[0] == own_scope.split(".")[0]
        )
        if not other_namespace_same_boot and is_alive(name) is False:
            file.unlink(missing_ok=True)


_leases: dict[Path, LockFile | None] = {}
"""Lease of this process in each project that it has worked in; None where the file could not be locked."""


def _acquire_lease(lease: Path) -> None:
    _leases[lease] = None
    with contextlib.suppress(
        OSError
    ):  # a folder that can't be written: for others this process's state is then unknown
        lease.parent.mkdir(parents=True, exist_ok=True)
        _leases[lease] = LockFile.acquire(lease)


def _lease_file(name: str) -> Path:
    return project.state("living", name.replace("/", SLASH_SUBSTITUTE))


def _split_name(name: str) -> tuple[str, int | None, str]:
    host, pid, start = [*name.rsplit("/", 2), "", ""][:3]
    return host, int(pid) if pid.isdecimal() else None, start


@cache
def _boot_and_namespace() -> str | None:
    """Return `BOOT.NAMESPACE` of this process; None on systems that have no such information."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot.replace('-', '')[:12]}.{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _start(pid: int) -> str:
    own_scope = _boot_and_namespace()
    if own_scope is None:
        return f"{_clock_start(pid):.0f}"
    return f"{own_scope}.{_stat_fields(pid)[START_TICKS]}"


def _is_same_process(pid: int, start: str) -> bool:
    """Return whether the process with this PID exists, is not a zombie, and started at `start`.

    Args:
        pid: The PID.
        start: The last part of a process's name.
    """
    try:
        if _boot_and_namespace() is not None:
            fields = _stat_fields(pid)
            return fields[STATE] not in ("Z", "X") and fields[START_TICKS] == start.rpartition(".")[2]
        return abs(_clock_start(pid) - float(start)) <= CLOCK_TOLERANCE_S
    except (ProcessLookupError, ValueError):
        return False


def _stat_fields(pid: int) -> list[str]:
    """Return the fields of `/proc/PID/stat` that follow the process's name, beginning with its state.

    The name itself is skipped, because it may hold any character.

    Raises:
        ProcessLookupError: There is no such process.
    """
    try:
        return (
            (PROC / str(pid) / "stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()
        )
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessLookupError(f"there is no process {pid}") from error


def _clock_start(pid: int) -> float:
    import psutil

    try:
        process_info = psutil.Process(pid)
        if process_info.status() == psutil.STATUS_ZOMBIE:
            raise ProcessLookupError(f"process {pid} has ended")
        return float(process_info.create_time())
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(f"there is no process {pid}") from error
