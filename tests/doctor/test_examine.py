"""Each check finds what it is there to find."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from veritrain_lib.core import project, registry
from veritrain_lib.doctor import installation, parts, place
from veritrain_lib.doctor.check import HealthCheck
from veritrain_lib.doctor.examine import CHECKS, examine
from veritrain_lib.tracking import runs


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def test_this_installation_passes_the_quick_checks() -> None:
    quick = (
        installation.python,
        installation.extensions,
        place.disk,
        place.writing,
        parts.example,
        parts.suites,
        parts.notebooks,
        parts.browser,
    )
    assert set(quick) < set(CHECKS)
    assert [(one.name, one.state) for one in examine(quick) if one.state != "ok"] == []


def test_a_kernel_runs() -> None:
    assert parts.kernel().state == "ok"


def test_another_python_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert installation.python().state == "fail"


def test_a_lock_is_compared_with_what_is_installed() -> None:
    click = version("click")
    lock = f"click=={click} \\\n    --hash=sha256:00\npandas==0.1 \\\nno-such-thing==1.0\nother==1 ; sys_platform == 'nowhere'\n# note==2\n"
    assert installation.differences(lock) == {
        "pandas": ("0.1", version("pandas")),
        "no-such-thing": ("1.0", None),
    }


@pytest.mark.parametrize(("line", "state"), [("pandas==0.1", "fail"), ("pytest==0.1", "warn")])
def test_only_a_dependency_of_ours_fails_the_check(home: Path, line: str, state: str) -> None:
    (home / "requirements.lock").write_text(line + "\n", encoding="utf-8")
    found = installation.versions()
    assert found.state == state
    assert "make setup" in found.mend


def test_a_package_that_cant_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "FRAGILE_PACKAGES", ("json", "no_such_package"))
    found = installation.imports()
    assert found.state == "fail"
    assert "no_such_package (ModuleNotFoundError" in found.found
    assert "json" not in found.found


def test_a_broken_extension_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(kind: str, name: str) -> object:
        if name == "accuracy":
            raise ImportError("gone")
        return object()

    monkeypatch.setattr(registry, "get", get)
    assert "metrics 'accuracy' (ImportError: gone)" in installation.extensions().found


def test_little_room_warns_and_none_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    for gigabytes, state in ((50.0, "ok"), (1.0, "warn"), (0.1, "fail")):
        monkeypatch.setattr(place, "COMFORTABLE_FREE_GB", 2.0)
        monkeypatch.setattr(
            place.shutil, "disk_usage", lambda folder, free=gigabytes: type("Usage", (), {"free": free * 1e9})
        )
        assert place.disk().state == state


def test_a_place_that_cant_be_written_fails(home: Path) -> None:
    (home / "mlruns").write_text("a file where a folder should be", encoding="utf-8")
    found = place.writing()
    assert found.state == "fail"
    assert str(home / "mlruns") in found.found


def test_a_store_that_cant_be_opened_fails(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "broken.db").write_bytes(b"this is no database" * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'broken.db'}")
    (found,) = examine((place.store,))
    assert found.state == "fail"


def test_leftovers_of_killed_processes_are_counted(home: Path) -> None:
    from tests.small_task import write_task
    from veritrain_lib.stages.inputs.tasks import find_task

    assert place.leftovers().state == "ok"
    task = find_task(str(write_task(home / "task")))
    host = runs.owner().partition("/")[0]
    runs.open_run(task, "gate", kind="stage", tags={runs.OWNER_TAG: f"{host}/4194304/1"})
    runs.open_run(task, "train", kind="stage")
    found = place.leftovers()
    assert found.state == "warn"
    assert found.found.startswith("1 run(s) say RUNNING")


def test_a_broken_suite_is_named(home: Path) -> None:
    (home / "gates").mkdir()
    assert parts.suites().state == "fail"
    (home / "gates" / "mine.json").write_text(json.dumps({"name": "mine"}), encoding="utf-8")
    found = parts.suites()
    assert found.state == "fail"
    assert "mine.json" in found.found


def test_missing_notebooks_fail(home: Path) -> None:
    (home / "notebooks").mkdir()
    assert parts.notebooks().state == "fail"


def test_an_example_that_does_not_load_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "example_task", lambda name: home / "none.yaml")
    assert parts.example().state == "fail"


def test_a_check_that_breaks_is_a_failed_check_and_not_the_end() -> None:
    def breaks() -> HealthCheck:
        raise RuntimeError("oh\nno")

    def works() -> HealthCheck:
        return HealthCheck("works", "ok", "yes")

    assert [(one.name, one.state) for one in examine((breaks, works))] == [
        ("breaks", "fail"),
        ("works", "ok"),
    ]
