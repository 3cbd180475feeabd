"""Files of a run: nothing outside of its artifacts is given, whatever the path."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.artifacts import local_folder

OUTSIDE = (
    "../../secret.txt", "%2e%2e/%2e%2e/secret.txt", "gate/../../../secret.txt", "..%2f..%2fsecret.txt",
    "/etc/passwd", "%2fetc%2fpasswd", "link.txt", "folder", "gate%00.html", "", ".", "a" * 5000, "%ff",
)  # fmt: skip


def test_no_path_leaves_the_artifacts_of_its_run(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task"))
    run_id = runs.open_run(task, "round 1", kind="round")
    folder = local_folder(runs.get(run_id).info.artifact_uri)
    assert folder is not None
    (folder / "folder").mkdir(parents=True)
    (folder.parent / "secret.txt").write_text("secret", encoding="utf-8")
    (folder.parent.parent / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "here.txt").write_text("here", encoding="utf-8")
    assert server.get(f"/runs/{run_id}/files/here.txt").text == "here"
    for path in OUTSIDE:
        answer = server.get(f"/runs/{run_id}/files/{path}")
        assert answer.status_code in (400, 404, 405), f"{path[:100]!r}: 400 is the gatekeeper's"
        assert "secret" not in answer.text.replace("secret.txt", ""), path


def test_an_unknown_run_has_no_files(server: TestClient) -> None:
    for run_id in ("nothing", "..", "%2e%2e", "0" * 32, "%00"):
        assert server.get(f"/runs/{run_id}/files/gate/rules.csv").status_code in (400, 404), run_id
