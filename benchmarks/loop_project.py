"""A small project in a separate folder, with loops in it as processes, their results and leftovers, for benchmarks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.stages.tiny_task import write_tiny

ROOT = Path(__file__).resolve().parents[1]

PREFIXES = ("VERITRAIN_", "MLFLOW_", "OPENAI_", "AZURE_", "DATABASE_URL", "REDIS_URL", "PYTEST_")

_reading = threading.Lock()


def copy_of_code(folder: Path) -> Path:
    """Copy the library with its notebooks and suites.

    An edit during the benchmark would change the code digest, so that finished stages would run again.
    """
    for name in ("veritrain_lib", "notebooks", "gates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


def _as_from_a_terminal() -> None:
    """Restore the signals that a benchmark in the background ignores, and that its child processes would ignore too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True)
class Project:
    """A folder with a task, a tracking store and a folder for temporary files.

    Attributes:
        home: The folder.
        code: The copy of the library that its loops run.
        task_file: Its task.
        members: Names of the processes that were seen working in it (`core/liveness.py`), by which their leftovers in
            the system's temporary folder are told from those of other programs on the machine.
        settings: Environment variables of its loops, such as `DATABASE_URL`.
    """

    home: Path
    code: Path
    task_file: Path
    members: set[str] = field(default_factory=set)
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, home: Path, code: Path, settings: Mapping[str, str] | None = None) -> Project:
        """Create a new project."""
        (home / "tmp").mkdir(parents=True)
        budget = {"rounds": 1, "rows_per_round": 15}
        return cls(home, code, write_tiny(home / "task", budget=budget), settings=settings or {})

    def loop(self) -> subprocess.Popen[bytes]:
        """Start `veritrain loop` in a new session; its output goes to the file `log`."""
        return self.start("loop", str(self.task_file))

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a command of `veritrain` in a new session; its output goes to the file `log`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
        given = {
            **kept,
            "VERITRAIN_HOME": str(self.home),
            "PYTHONPATH": str(self.code),
            "TMPDIR": str(self.home / "tmp"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            **self.settings,
        }
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "veritrain_lib.cli.main", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home, env=given, start_new_session=True,
                preexec_fn=_as_from_a_terminal,
            )  # fmt: skip

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Make this project's record the one that this process reads, one project at a time."""
        given = {"VERITRAIN_HOME": str(self.home), "DATABASE_URL": self.settings.get("DATABASE_URL", "")}
        with _reading:
            os.environ.update(given)
            yield

    def family(self) -> dict[int, str]:
        """Return the living processes that work in this project, by process id, with their names."""
        from veritrain_lib.core import liveness

        found = {}
        for process in psutil.process_iter():
            try:
                here = process.environ().get("VERITRAIN_HOME") == str(self.home)
                if here and process.status() != psutil.STATUS_ZOMBIE:
                    found[process.pid] = " ".join([process.name(), *process.cmdline()[1:3]])
                    self.members.add(liveness.process_name(process.pid))
            except (psutil.Error, ProcessLookupError):
                continue
        return found

    def end(self) -> None:
        """Kill all processes that still work in it."""
        for process in self.family():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def outcome(self) -> dict[str, Any]:
        """Return the result of the loop: models, datasets, looks, figures and stop reason, by content."""
        from veritrain_lib.core.task import load_task
        from veritrain_lib.stages.inputs import sources
        from veritrain_lib.tracking import datasets, looks, models, runs

        with self.opened():
            task = load_task(self.task_file)
            champion = models.by_alias(task, models.CHAMPION)
            loops = runs.search(task, "tags.`veritrain.kind` = 'loop'")
            rounds = runs.search(task, "tags.`veritrain.kind` = 'round' AND attributes.status = 'FINISHED'")
            names = ("veritrain.stopped", "veritrain.rounds", "veritrain.verdict", "veritrain.champion")
            return {
                "champion": champion.digest if champion else "",
                "alias": champion.uri if champion else "",
                "models": [item.digest for item in models.listing(task)],
                "datasets": [(item.reference, item.status, item.digest) for item in datasets.listing(task)],
                "looks": [
                    (look.number, look.champion) for look in looks.list_looks(sources.held_out_set(task))
                ],
                "loops": [[run.data.tags.get(name, "") for name in names] for run in loops],
                "figures": [
                    (
                        sorted(run.data.metrics.items()),
                        run.data.tags.get("veritrain.verdict"),
                    )
                    for run in sorted(rounds, key=lambda run: run.data.tags.get("veritrain.round", ""))
                ],
            }

    def left(self) -> dict[str, list[str]]:
        """Return leftovers that should not exist: runs RUNNING or with a wrong reason, files, sockets, processes."""
        from veritrain_lib.core import liveness
        from veritrain_lib.core.task import load_task
        from veritrain_lib.tracking import runs

        with self.opened():
            every = runs.search(load_task(self.task_file))
            open_runs = [run.info.run_id for run in every if run.info.status in ("RUNNING", "SCHEDULED")]
            untrue = [
                run.info.run_id
                for run in every
                if run.info.status == "FINISHED" and run.data.tags.get("veritrain.reason")
            ]
            works = [
                run.data.tags["veritrain.digest"]
                for run in every
                if run.info.status == "FINISHED" and "veritrain.digest" in run.data.tags
            ]
            state = self.home / ".veritrain"
            files = [
                str(path.relative_to(self.home))
                for folder in (state / "running", state / "claims", state / "living", self.home / "tmp")
                if folder.is_dir()
                for path in folder.rglob("*")
                if not path.is_dir()
            ]
            files += [str(path) for path in (self.home / "tmp").glob("*") if path.is_dir()]
            for owner in Path("/tmp").glob("vt-*/owner"):
                who = owner.read_text(encoding="utf-8")
                if who in self.members and liveness.is_alive(who) is False:
                    files.append(str(owner.parent))
            sockets = [name for name in files if name.endswith((".sock", "channel")) or "channel-" in name]
        return {
            "running": open_runs,
            "untrue_reasons": untrue,
            "done_twice": sorted({work for work in works if works.count(work) > 1}),
            "files": files,
            "sockets": sockets,
            "processes": list(self.family().values()),
        }

    def wait_until_alone(self, seconds: float) -> None:
        """Wait until no process works in the project, or for that time."""
        until = time.monotonic() + seconds
        while self.family() and time.monotonic() < until:
            time.sleep(0.2)

    def log(self) -> str:
        """Return the output of its loops."""
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")
