"""Unix sockets on which the worker processes of a server listen for one another."""

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

MAX_PATH_BYTES = 100
"""Bytes of a Unix socket's path that every system accepts (Linux 107, macOS 103)."""


def socket_path(worker: str) -> Path:
    """Return the path of a worker's Unix socket.

    It lies in `.veritrain/running/` or, if that path is too long, in a folder of the temporary directory that only this
    user can enter.
    """
    path = project.state("running", f"live-{worker}.sock")
    if len(os.fsencode(path)) <= MAX_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(project.root())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"veritrain-{os.getuid()}-{name}" / path.name


@contextlib.contextmanager
def listening_socket(path: Path) -> Iterator[socket.socket]:
    """Yield a Unix socket that listens at a path, for this user only.

    Raises:
        Infrastructure: The folder belongs to another user.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise Infrastructure(f"the folder {path.parent} belongs to another user; set TMPDIR, or remove it")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        previous_umask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(previous_umask)
        listener.listen(128)
        listener.setblocking(False)
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


def remove_dead_sockets() -> None:
    """Remove the sockets of workers that were killed."""
    for path in socket_path("x").parent.glob("live-*.sock"):
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                continue  # slow, or just removed: leave it
