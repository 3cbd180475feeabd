"""Cases: failing stores, disks and outputs; required is one line that names them, in time, and no run left RUNNING."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults import stores
from benchmarks.faults.case import Case, Seen, veritrain
from benchmarks.faults.stores import with_store

NEVER = ("Traceback", "unexpected ", r"s3cret")

COMMANDS: dict[str, tuple[str, ...]] = {
    "status": ("status",), "loop": ("loop",), "predict": ("predict", "--text", "x"), "gate": ("gate",),
    "train": ("train",), "report": ("report",), "compare": ("compare", "support", "models:/a/1", "models:/a/2"),
    "review": ("review",), "users": ("users", "list"), "serve": ("serve", "--port", "18799"), "migrate": ("migrate",),
    "doctor": ("doctor",),
}  # fmt: skip


def _case(
    name: str, run: Callable[[Path], Seen], *says: str, exit_code: int | None = 3, status: str = ""
) -> Case:
    return Case(f"machine/{name}", run, exit_code=exit_code, says=says, never_says=NEVER, status=status)


def _refused(command: str, scheme: str) -> Case:
    def run(folder: Path) -> Seen:
        address = f"{scheme}://127.0.0.1:{stores.refused_port()}"
        address = address if scheme == "http" else address.replace("://", "://me:s3cret@") + "/record"
        return with_store(folder, address, *COMMANDS[command])

    says = (r"127\.0\.0\.1:\d+", "(?i)refused|needs MLflow's database")
    return _case(f"{scheme} refuses: {command}", run, *says)


def _bad_file(
    name: str, make: Callable[[Path], None], *says: str, command: tuple[str, ...] = ("status",)
) -> Case:
    def run(folder: Path) -> Seen:
        make(folder / "mlflow.db")
        seen = stores.quick(lambda: veritrain(folder, *command), 100.0)
        if not (folder / "mlflow.db").is_dir():
            (folder / "mlflow.db").unlink()  # to open a pipe would wait for its other end
        return seen

    return _case(f"{name}: {command[0]}", run, r"mlflow\.db", *says)


def _service(name: str, status: int, body: bytes, *says: str) -> Case:
    def run(folder: Path) -> Seen:
        with stores.web_service(status, body) as port:
            return with_store(folder, f"http://127.0.0.1:{port}", "status")

    return _case(f"http server {name}", run, r"http://127\.0\.0\.1", *says)


def _silent(scheme: str) -> Case:
    def run(folder: Path) -> Seen:
        with stores.silent_service() as port:
            address = (
                f"http://127.0.0.1:{port}" if scheme == "http" else f"{scheme}://me:s3cret@127.0.0.1:{port}/x"
            )
            return with_store(folder, address, "status")

    return _case(f"{scheme} says nothing", run, "127.0.0.1", "(?i)time")


def _locked(folder: Path) -> Seen:
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as made:
        made.execute("CREATE TABLE t (x)")
    task = stores.write_task(folder / "tiny")
    with stores.locked(folder / "mlflow.db"):
        return stores.quick(lambda: veritrain(folder, "status", str(task)), 100.0)


def _folder_named(name: str) -> Case:
    def run(folder: Path) -> Seen:
        other, own = folder / "we", folder / name
        for one in (other, own):
            one.mkdir()
        seen = veritrain(own, "status", str(stores.write_task(folder / "tiny")))
        there = sorted(str(file.relative_to(folder)) for file in folder.rglob("mlflow.db"))
        also = sorted(one.name for one in folder.iterdir())
        wrong = "" if there == [f"{name}/mlflow.db"] else f"stores at {there}"
        return Seen(
            seen.exit_code,
            seen.text,
            wrong=wrong or ("" if also == sorted(["tiny", "we", name]) else f"made {also}"),
        )

    return _case(f"a folder named {name}", run, "tiny", exit_code=0)


def _full_output(*command: str) -> Case:
    def run(folder: Path) -> Seen:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "veritrain_lib.cli.main", *command], stdout=full, stderr=subprocess.PIPE, text=True,
                cwd=folder, env={**os.environ, "VERITRAIN_HOME": str(folder)}, timeout=100, check=False,
            )  # fmt: skip
        return Seen(done.returncode, done.stderr)

    return _case(f"output on a full disk: {' '.join(command)}", run, "No space left on device")


def _closed_reader(folder: Path) -> Seen:
    process = subprocess.Popen(
        [sys.executable, "-m", "veritrain_lib.cli.main", "status", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=folder, env={**os.environ, "VERITRAIN_HOME": str(folder)},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    return Seen(0 if process.wait() in (0, 3) else process.returncode, said)


def _refused_word(name: str, *command: str, says: str) -> Case:
    def run(folder: Path) -> Seen:
        task = stores.write_task(folder / "tiny")
        return veritrain(folder, command[0], str(task), *command[1:])

    return _case(name, run, says, exit_code=2)


FILED = """
import sys
from pathlib import Path
import pandas as pd
from veritrain_lib.core.task import load_task
from veritrain_lib.core.rows import read_examples
from veritrain_lib.tracking import datasets, runs
task = load_task(Path(sys.argv[1]))
run = runs.open_run(task, "gate", kind="stage")
made = datasets.save(task, run, read_examples(task, task.file("seed"), "human"), status="passed", parent=None)
runs.end_run(run, "FINISHED")
print(run)
"""
"""A passed dataset, filed as the gate files it."""


def _dataset(name: str, spoil: Callable[[Path], None], says: str) -> Case:
    def run(folder: Path) -> Seen:
        task = stores.write_task(folder / "tiny")
        made = stores.python(folder, FILED, str(task))
        if made.returncode:
            return Seen(None, made.stderr, wrong=f"no dataset: {made.stderr[-300:]}")
        (place,) = folder.glob("mlruns/tiny/*/artifacts/dataset")
        spoil(place)
        return veritrain(folder, "train", str(task))

    return _case(f"dataset {name}", run, "tiny@1", says)


def _remove(place: Path) -> None:
    for file in place.iterdir():
        file.unlink()
    place.rmdir()


def _cut(file: str, keep: int) -> Callable[[Path], None]:
    def spoil(place: Path) -> None:
        (place / file).write_bytes((place / file).read_bytes()[:keep])

    return spoil


STAGE = """
import sys
from pathlib import Path
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import runs
task = load_task(Path(sys.argv[1]))
run = runs.open_run(task, "stage", kind="stage")
exec(sys.argv[2])
try:
    runs.log_folder(run, Path(sys.argv[1]).parent, "files")
except Exception as error:
    from veritrain_lib.core.machine_fault import machine_fault
    runs.end_run(run, "FAILED", machine_fault(error) or repr(error))
    raise
runs.end_run(run, "FINISHED")
"""


def _full_disk(place: str) -> Case:
    """Run on a full disk; `place` is the folder of the project that is on it, "" for the entire project."""

    def run(folder: Path) -> Seen:
        home = folder / "home"
        home.mkdir()
        task = stores.write_task(folder / "tiny")
        disk = home / place
        disk.mkdir(exist_ok=True)
        with stores.small_disk(disk, "8m") as mounted:
            if mounted:
                step = f"from benchmarks.faults.stores import fill; fill(Path({str(disk)!r}))"
            else:
                # Where no disk can be mounted, a limit on the size of files stands for it.
                step = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))"
                if not place:
                    step = "raise OSError(28, 'No space left on device')"
            done = stores.python(home, STAGE, str(task), step)
            ((_, status, reason),) = stores.runs_of(home / "mlflow.db")
            return Seen(done.returncode and 3, reason, status)

    return _case(
        f"full disk: {place or 'the whole project'}",
        run,
        "(?i)no space left|disk is full|too large",
        status="FAILED",
    )


def _back_in_time(folder: Path) -> Seen:
    """Make the database unavailable for some seconds while a run is in progress."""
    task = stores.write_task(folder / "tiny")
    step = (
        "import sqlite3, threading, time\n"
        f"other = sqlite3.connect({str(folder / 'mlflow.db')!r}, isolation_level=None, check_same_thread=False)\n"
        "other.execute('BEGIN IMMEDIATE')\n"
        "threading.Timer(24, lambda: other.execute('ROLLBACK')).start()"
    )
    done = stores.python(folder, STAGE, str(task), step)
    ((_, status, _),) = stores.runs_of(folder / "mlflow.db")
    return Seen(done.returncode, done.stderr, status)


def _text(path: Path) -> None:
    path.write_text("this is no database\n" * 50, encoding="utf-8")


def _cut_database(path: Path) -> None:
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (x)")
        made.executemany("INSERT INTO t VALUES (?)", [(f"{number}" * 100,) for number in range(500)])
    path.write_bytes(path.read_bytes()[:6000])


def _restarted(folder: Path) -> Seen:
    """Make PostgreSQL unavailable for 8 seconds during a run; without one, a lock takes its place."""
    task = stores.write_task(folder / "tiny")
    with stores.database_behind_a_door() as found:
        if found is None:
            return _back_in_time(folder)
        address, relay, ask = found

        def restart() -> None:
            for _ in range(1000):
                time.sleep(0.1)
                with contextlib.suppress(Exception):  # MLflow is still making its tables
                    if ask("SELECT 1 FROM runs"):
                        break
            relay.shut()
            time.sleep(8)
            relay.open()

        threading.Thread(target=restart, daemon=True).start()
        own = {"MLFLOW_TRACKING_URI": address}
        done = stores.python(folder, STAGE, str(task), "import time; time.sleep(3)", environment=own)
        ((status,),) = ask("SELECT status FROM runs")
        return Seen(done.returncode, done.stderr, str(status))


CASES = [
    *(_refused(command, "http") for command in COMMANDS),
    *(_refused(command, "postgresql") for command in ("status", "train", "users", "serve", "doctor")),
    *(_bad_file("a folder in the place of the store", lambda path: path.mkdir(), "is a folder", command=COMMANDS[one])
      for one in ("status", "loop", "predict", "users", "serve", "doctor")),
    _bad_file("a text in the place of the store", _text, "not a SQLite database"),
    _bad_file("a pipe in the place of the store", lambda path: os.mkfifo(path), "not a regular file"),
    _bad_file("a store that was cut", _cut_database, "(?i)malformed|damaged|can't be opened"),
    _service("answers 503", 503, b"<html>upstream</html>", "503"),
    _service("answers 502", 502, b"", "502"),
    _service("is another service", 200, b"<html><title>Something else</title></html>", "can't be opened"),
    _service("answers 404", 404, b"not found", "can't be opened"),
    _service("asks for a login", 401, b"who are you?", "401"),
    _silent("http"),
    _silent("postgresql"),
    _case("an unknown host: http", lambda folder: with_store(folder, "http://no-such-host.invalid", "status"), r"no-such-host\.invalid"),
    _case("an unknown host: postgresql", lambda folder: with_store(folder, "postgresql://me:s3cret@no-such-host.invalid/x", "status"), r"no-such-host\.invalid"),
    _case("a driver that is not there", lambda folder: with_store(folder, "mysql+pymysql://me:s3cret@127.0.0.1/x", "status"), "mysql"),
    _case("an address of no kind", lambda folder: with_store(folder, "nonsense://x", "status"), "nonsense"),
    _case("a store that is locked", _locked, "(?s)waiting for the MLflow store .* until .*lock|tiny", exit_code=3),
    *(_folder_named(name) for name in ("we%41ird", "we?x=1", "we ird", "we#ird", "wé日本", "we%")),
    *(_full_output(*one) for one in (("status", "--json"), ("status",), ("--help",), ("--version",))),
    _case("a reader that has gone", _closed_reader, exit_code=0),
    _refused_word("seed -1", "train", "--seed", "-1", says="seed is -1; allowed"),
    _refused_word("a seed of 20 digits", "gate", "--seed", "9" * 20, says="seed is 9+; allowed"),
    _refused_word("about a run that is not there", "report", "--about", "deadbeef", says="no run 'deadbeef'"),
    _refused_word("a dataset that is not there", "train", "--dataset", "tiny@77", says="no dataset tiny@77"),
    _refused_word("a model that is not there", "probe", "--model", "models:/tiny/77", says="no model models:/tiny/77"),
    _dataset("missing", _remove, "is missing"),
    _dataset("cut inside a row", _cut("rows.parquet", 100), "(?i)not as it was stored"),
    _full_disk("mlruns"),
    _full_disk(""),
    _case("a database that is restarted in the middle of a stage", _restarted, "waiting for the MLflow store .* until", exit_code=0, status="FINISHED"),
    _case("a lock of 24 s in the middle of a stage", _back_in_time, "waiting for the MLflow store .* until", exit_code=0, status="FINISHED"),
]  # fmt: skip
