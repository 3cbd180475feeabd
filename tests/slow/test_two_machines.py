"""Two loops on one task at once on two "machines": namespaces of their own for network, processes and host name.

They have project folders of their own and one record in PostgreSQL, which both reach by its socket and by nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.machines import VERITRAIN
from tests.server.postgres import new_database
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.tracking import models, runs
from veritrain_lib.tracking.state import database, look_table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SOCKETS = Path("/var/run/postgresql")
"""Folder of the sockets of Debian's PostgreSQL."""

MACHINE = 'hostname "$0" && ip link set lo up && exec "$@"'
"""Shell command that makes a namespace a machine with a name, whose only network is its own loopback."""


def _own_namespaces() -> list[str]:
    command = ["unshare", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this account may not make namespaces")
    if not list(SOCKETS.glob(".s.PGSQL.5432")):
        pytest.skip(f"no PostgreSQL has its socket in {SOCKETS}")
    return command


def _loop_on(machine: str, home: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start the loop of the task in a machine's project folder."""
    task_file = write_tiny(home / "tiny", budget={"rounds": 1, "rows_per_round": 15})
    return subprocess.Popen(
        [*_own_namespaces(), "sh", "-c", MACHINE, machine, VERITRAIN, "loop", str(task_file)],
        env={**environment, "VERITRAIN_HOME": str(home)}, cwd=home, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip


def _finished(task: Task, stage: str) -> list[runs.Run]:
    return runs.search(task, f"tags.`veritrain.stage` = '{stage}' AND attributes.status = 'FINISHED'")


def test_two_machines_make_one_champion_and_take_no_look_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_database() as address:
        by_socket = f"postgresql://postgres@/{urlsplit(address).path.strip('/')}?host={SOCKETS}"
        monkeypatch.setenv("DATABASE_URL", by_socket)
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path / "a"))
        loops = [_loop_on(f"machine-{name}", tmp_path / name, dict(os.environ)) for name in ("a", "b")]
        outputs = [loop.communicate(timeout=500)[0] for loop in loops]
        assert [loop.returncode for loop in loops] == [0, 0], "\n\n".join(outputs)
        task = load_task(tmp_path / "a" / "tiny" / "task.yaml")
        waited = [output for output in outputs if "machine-" in output]
        assert len(waited) == 1, "one of them worked, and the other said which machine it waited for"
        assert "loop" in waited[0]
        ended = runs.search(task, "tags.`veritrain.kind` = 'loop'")
        assert [run.info.status for run in ended] == ["FINISHED"], "it is one loop"
        champion = models.by_alias(task, models.CHAMPION)
        assert champion is not None
        assert champion.uri == ended[0].data.tags["veritrain.champion"]
        for stage in ("probe", "generate", "gate", "train", "evaluate"):
            works = [run.data.tags["veritrain.digest"] for run in _finished(task, stage)]
            assert len(works) == len(set(works)), f"{stage}: no work was done twice"
        taken = look_table.read().looks
        assert 1 <= len(taken) <= task.promotion.max_looks
        assert len({(look["champion"], look["challenger"]) for look in taken}) == len(taken)
        database.engine().dispose()
