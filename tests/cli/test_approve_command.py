"""`veritrain approve`: what a model holds is shown, and a digest is approved, listed, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import hostile_models
from tests.stages.tiny_task import write_tiny
from tests.tracking.test_stored_model import filed
from veritrain_lib.cli.main import cli
from veritrain_lib.stages.inputs.tasks import find_task


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main(["approve", *arguments])
    shown = capsys.readouterr()
    assert ended.value.code == code, shown
    return shown.out + shown.err


def test_from_the_look_to_the_approval_and_back(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = find_task(str(write_tiny(home / "task")))
    (tmp_path / "m").mkdir()
    hostile_models.code(tmp_path / "m", tmp_path / "ran")
    uri = filed(task, tmp_path / "m")
    assert "Nothing is approved" in said(capsys)
    looked = said(capsys, uri)
    held = json.loads(said(capsys, uri, "--json"))
    assert "code/evil_loader.py" in looked
    assert f"To let it run: veritrain approve {held['digest']}" in looked
    assert held["approved"] is False
    assert "may run on this machine" in said(capsys, held["digest"], "--note", "seen")
    assert json.loads(said(capsys, "--json"))["note"] == "seen"
    assert "It is approved." in said(capsys, uri)
    assert "may no longer run" in said(capsys, held["digest"], "--revoke")
    assert "was not approved" in said(capsys, held["digest"], "--revoke")
    assert not (tmp_path / "ran").exists()


def test_what_is_neither_a_digest_nor_a_model_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not a digest" in said(capsys, "abc", code=2)
    assert "names no model of the MLflow store" in said(capsys, "student:/etc", code=2)
    assert "there is no model models:/none/1" in said(capsys, "models:/none/1", code=2)
