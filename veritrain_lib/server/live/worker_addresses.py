"""Where the worker processes of a server listen for one another."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure

LONGEST = 100
"""Bytes of a Unix socket's path that every system takes (Linux 107, macOS 103)."""


def socket_of(worker: str) -> Path:
    """The Unix socket of a worker: in `.veritrain/running/`, or where that path is too long, in a folder of the
    temporary directory that only this user can enter."""
    place = project.state("running", f"live-{worker}.sock")
    if len(os.fsencode(place)) <= LONGEST:
        return place
    name = hashlib.sha256(os.fsencode(project.root())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"veritrain-{os.getuid()}-{name}" / place.name


@contextlib.contextmanager
def bound(place: Path) -> Iterator[socket.socket]:
    """A socket that listens there, for this user only. Raises Infrastructure for a folder that is another user's."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.parent.stat().st_uid != os.getuid():
        raise Infrastructure(f"the folder {place.parent} belongs to another user; set TMPDIR, or remove it")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            made.bind(str(place))
        finally:
            os.umask(before)
        made.listen(128)
        made.setblocking(False)
        yield made
    finally:
        made.close()
        place.unlink(missing_ok=True)


def clear_dead() -> None:
    """Remove the sockets of workers that were killed."""
    for place in socket_of("x").parent.glob("live-*.sock"):
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as tried:
            tried.settimeout(1)
            try:
                tried.connect(str(place))
            except ConnectionRefusedError:
                place.unlink(missing_ok=True)
            except OSError:
                continue  # slow, or just gone: not ours to judge
