"""Unix sockets by which the processes of one server (uvicorn workers) forward Socket.IO requests to each other."""

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
"""Maximum length of a Unix socket's path in bytes; Linux accepts 107, macOS 103."""


def socket_path(worker: str) -> Path:
    """Return the path of the Unix socket on which one process of the server listens.

    It is in `.veritrain/running/` or, if that path is too long, in a folder of the system's temporary directory that
    only this user can enter.

    Args:
        worker: Id of the process.
    """
    path = project.state("running", f"live-{worker}.sock")
    if len(os.fsencode(path)) <= MAX_PATH_BYTES:
        return path
    name = hashlib.sha256(os.fsencode(project.root())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"veritrain-{os.getuid()}-{name}" / path.name


@contextlib.contextmanager
def listening_socket(path: Path) -> Iterator[socket.socket]:
    """Open a listening Unix socket at a path, to which only this user can connect; remove it at the end of the context.

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
    """Remove the Unix socket files of server processes that were killed."""
    for path in socket_path("x").parent.glob("live-*.sock"):
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                continue  # slow, or just removed: leave it
