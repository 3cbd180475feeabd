"""A store of one's own for notebooks that are run, and a look into it that owes nothing to our library."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@dataclass(frozen=True)
class Home:
    """An empty project folder for one test module. `environment` points processes at it."""

    path: Path
    environment: dict[str, str]

    def runs(self, stage: str = "") -> list[str]:
        """How the runs of a stage ended (of every stage, when none is named), oldest first, asked of sqlite."""
        query = (
            "SELECT runs.status FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
            "WHERE tags.key = 'veritrain.stage' AND tags.value LIKE ? ORDER BY runs.start_time"
        )
        return [str(status) for (status,) in self._ask(query, stage or "%")]

    def reason(self, stage: str) -> str:
        """Why the last run of a stage did not finish, as the record tells it."""
        query = (
            "SELECT why.value FROM tags AS why JOIN tags AS what ON what.run_uuid = why.run_uuid "
            "JOIN runs ON runs.run_uuid = why.run_uuid WHERE why.key = 'veritrain.reason' "
            "AND what.key = 'veritrain.stage' AND what.value = ? ORDER BY runs.start_time DESC LIMIT 1"
        )
        return "".join(str(text) for (text,) in self._ask(query, stage))

    def model_versions(self) -> int:
        """How many model versions are registered."""
        return int(self._ask("SELECT COUNT(*) FROM model_versions")[0][0])

    def _ask(self, query: str, *values: str) -> list[tuple[object, ...]]:
        if not (self.path / "mlflow.db").is_file():
            return []
        with sqlite3.connect(self.path / "mlflow.db") as store:
            return store.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The module's project folder; also this process uses its store while the module runs."""
    path = tmp_path_factory.mktemp("home")
    own = {
        "VERITRAIN_HOME": str(path),
        "IPYTHONDIR": str(path / "ipython"),
        "JUPYTER_CONFIG_DIR": str(path / "jupyter"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for name, value in own.items():
            patch.setenv(name, value)
        yield Home(path, dict(os.environ))
