"""`backup.sh`, run for real: what it writes can be restored, old backups go, and a failure is said."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.deploy.compose import DEPLOY
from tests.server.postgres import new_database

pytestmark = pytest.mark.skipif(
    not (shutil.which("pg_dump") and shutil.which("pg_restore")),
    reason="PostgreSQL's client programs are not here",
)


def back_up(folder: Path, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {"PATH": os.environ["PATH"], "BACKUP_FOLDER": str(folder), "VERITRAIN_HOME": str(home)}
    script = ["/bin/sh", str(DEPLOY / "backup.sh")]
    return subprocess.run(script, env={**own, **variables}, capture_output=True, text=True)


def test_a_backup_is_restored_into_an_empty_database_with_its_files(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "backups"
    (home / "mlruns" / "1").mkdir(parents=True)
    (home / "mlruns" / "1" / "model.bin").write_bytes(b"weights")
    (home / ".veritrain").mkdir()
    (home / ".veritrain" / "ledger.db").write_bytes(b"paid")
    (home / ".veritrain" / "running").mkdir()
    folder.mkdir()
    with new_database() as address, new_database() as empty:
        with create_engine(address).begin() as database:
            database.execute(text("CREATE TABLE runs (name TEXT)"))
            database.execute(text("INSERT INTO runs VALUES ('first')"))
        (tmp_path / "database_url").write_text(address + "\n", encoding="utf-8")
        done = back_up(folder, home, DATABASE_URL_FILE=str(tmp_path / "database_url"))
        assert done.returncode == 0, done.stderr
        [backup] = folder.iterdir()
        subprocess.run(
            ["pg_restore", "--no-owner", f"--dbname={empty}", str(backup / "record.dump")], check=True
        )
        with create_engine(empty).begin() as database:
            assert database.execute(text("SELECT name FROM runs")).all() == [("first",)]
    with tarfile.open(backup / "files.tar.gz") as files:
        files.extractall(tmp_path / "restored", filter="data")
    assert (tmp_path / "restored" / "mlruns" / "1" / "model.bin").read_bytes() == b"weights"
    assert (tmp_path / "restored" / ".veritrain" / "ledger.db").read_bytes() == b"paid"
    assert not (tmp_path / "restored" / ".veritrain" / "running").exists()


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    for day in (1, 2, 3):
        (folder / f"2020010{day}T000000Z").mkdir(parents=True)
    with new_database() as address:
        assert back_up(folder, tmp_path, DATABASE_URL=address, BACKUP_KEEP="2").returncode == 0
    kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) == 2
    assert kept[0] == "20200103T000000Z"


def test_a_database_that_is_away_is_a_failure_and_leaves_older_backups(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    (folder / "20200101T000000Z").mkdir(parents=True)
    done = back_up(
        folder, tmp_path, DATABASE_URL="postgresql://nobody:secret0@127.0.0.1:1/nothing", BACKUP_KEEP="1"
    )
    assert done.returncode == 1
    assert "backup: failed" in done.stderr
    assert "secret0" not in done.stderr + done.stdout
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == ["20200101T000000Z"]
