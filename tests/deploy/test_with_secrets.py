"""`with-secrets.sh`, run for real: files become variables, and a first start makes its own key once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.deploy.compose import DEPLOY

SHOW = "import os, sys; print([os.environ.get(name) for name in sys.argv[1:]])"


def shown(home: Path, *names: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", str(DEPLOY / "with-secrets.sh"), sys.executable, "-c", SHOW, *names],
        env={"PATH": path, "VERITRAIN_HOME": str(home), **variables}, capture_output=True, text=True,
    )  # fmt: skip


def test_files_become_variables_and_their_names_are_gone(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40 + "\n", encoding="utf-8")
    (tmp_path / "empty").write_text("", encoding="utf-8")
    done = shown(
        tmp_path, "SECRET_KEY", "SECRET_KEY_FILE", "OPENAI_API_KEY", "REDIS_URL",
        SECRET_KEY_FILE=str(tmp_path / "key"), OPENAI_API_KEY_FILE=str(tmp_path / "empty"), REDIS_URL="redis://r/0",
    )  # fmt: skip
    assert done.stdout == f"['{'k' * 40}', None, '', 'redis://r/0']\n"
    assert not (tmp_path / ".secret_key").exists()


def test_a_secret_that_is_not_mounted_is_a_refusal_that_names_it(tmp_path: Path) -> None:
    done = shown(tmp_path, "SECRET_KEY", DATABASE_URL_FILE="/run/secrets/nowhere")
    assert done.returncode == 2
    assert "DATABASE_URL_FILE names /run/secrets/nowhere" in done.stderr
    assert done.stdout == ""


def test_without_a_key_one_is_made_once_even_by_services_that_start_together(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        starts = list(pool.map(lambda _: shown(tmp_path, "SECRET_KEY"), range(8)))
    keys = {done.stdout for done in starts}
    assert len(keys) == 1, [done.stderr for done in starts]
    [key] = keys
    assert len(key.strip("[]'\n")) >= 32
    assert stat.S_IMODE((tmp_path / ".secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".secret_key"]
