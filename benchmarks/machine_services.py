"""PostgreSQL and Redis of a benchmark's own, in a folder of its own and on free ports, which it may kill and restart."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
"""Where PostgreSQL's programs are when they are not in the search path."""

START_S = 60.0
"""Seconds that a service may take to answer."""


class NotInstalled(Exception):
    """A program that the benchmark needs is not on this machine."""


def program(name: str) -> str:
    """Return the path of a program.

    Raises:
        NotInstalled: there is none.
    """
    places = [shutil.which(name)]
    for folder in POSTGRES_FOLDERS:
        places += sorted(map(str, Path("/").glob(f"{folder[1:]}/{name}")), reverse=True)
    for place in places:
        if place:
            return place
    raise NotInstalled(f"{name} is not installed on this machine")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(port: int) -> None:
    until = time.monotonic() + START_S
    while not _answers(port):
        if time.monotonic() > until:
            raise TimeoutError(f"nothing answers on port {port}")
        time.sleep(0.05)


@dataclass
class Postgres:
    """A PostgreSQL server of our own; as root it runs as the account `postgres`, since it refuses root.

    Attributes:
        folder: Its data.
        port: Its port on 127.0.0.1.
    """

    folder: Path
    port: int

    def _run(self, *command: str) -> None:
        as_account = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_account, *command], check=True, cwd="/", stdout=subprocess.DEVNULL)

    def make(self) -> None:
        """Create the data and start the server."""
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run(program("initdb"), "-D", str(self.folder), "-U", "postgres", "-A", "trust", "-N")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        log = str(self.folder / "log")
        self._run(program("pg_ctl"), "-D", str(self.folder), "-l", log, "-w", "-o", settings, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop the server: `fast` ends its sessions, `immediate` is a crash."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run(program("pg_ctl"), "-D", str(self.folder), "-w", "-m", how, "stop")

    def database(self, name: str) -> str:
        """Create an empty database and return its address."""
        self._run(
            program("createdb"),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-T",
            "template0",
            name,
        )
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"


@dataclass
class Redis:
    """A Redis of our own, which stores nothing: when it is killed, every message in it is lost.

    Attributes:
        folder: Where it runs.
        port: Its port on 127.0.0.1.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [program("redis-server"), *settings],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        _wait(self.port)

    def kill(self) -> None:
        """Kill it, with all messages that are in it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def cut_connections(self) -> None:
        """Cut the connection of every client, as `redis-cli CLIENT KILL TYPE normal` does."""
        import redis

        with contextlib.suppress(redis.RedisError):
            redis.Redis.from_url(self.url).client_kill_filter(_type="normal", skipme=True)


@contextlib.contextmanager
def services(folder: Path) -> Iterator[tuple[Postgres, Redis]]:
    """Start both, and stop them at the end.

    Raises:
        NotInstalled: one of them is not on this machine.
    """
    for name in ("initdb", "pg_ctl", "createdb", "redis-server"):
        program(name)
    postgres, redis = Postgres(folder / "postgres", free_port()), Redis(folder / "redis", free_port())
    try:
        postgres.make()
        redis.start()
        yield postgres, redis
    finally:
        redis.kill()
        postgres.stop("immediate")
