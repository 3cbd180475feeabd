"""The command line from the outside: a process, its streams and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from veritrain_lib import __version__
from veritrain_lib.cli import error_exit
from veritrain_lib.cli.main import COMMANDS, cli
from veritrain_lib.core.errors import HumanInputRequired, Infrastructure, Refused, UserError

BUDGET_S = 0.3
"""What `--help` may take in processor time; a table of contents must not make one wait."""


def _process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "veritrain_lib.cli.main", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300
    )


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    before = os.times()
    said = _process("--help")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert said.returncode == 0
    assert all(f"\n  {name} " in said.stdout for name in COMMANDS)
    assert used < 3 * BUDGET_S, f"--help used {used:.2f} s of processor time"


def test_version_is_said() -> None:
    said = _process("--version")
    assert (said.returncode, said.stdout, said.stderr) == (0, f"veritrain, version {__version__}\n", "")


def test_a_users_mistake_is_one_line_on_standard_error(tmp_path: Path) -> None:
    said = _process("status", str(tmp_path / "none.yaml"), VERITRAIN_HOME=str(tmp_path))
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.splitlines() == [
        f"veritrain: no task file at {tmp_path / 'none.yaml'}. Write one with: veritrain new-task --from rows.csv"
    ]


def test_a_mistake_with_json_leaves_one_document(tmp_path: Path) -> None:
    said = _process("status", str(tmp_path / "none.yaml"), "--json", VERITRAIN_HOME=str(tmp_path))
    error = json.loads(said.stdout)["error"]
    assert (said.returncode, error["exit_code"], error["kind"]) == (2, 2, "UserError")
    assert error["message"] in said.stderr


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["gate", "--nonsense"], ["new-task"], ["predict", "a", "b"]]
)
def test_wrong_usage_ends_with_2_and_says_so_on_standard_error(arguments: list[str]) -> None:
    said = CliRunner().invoke(cli, arguments)
    assert (said.exit_code, said.stdout) == (2, "")
    assert "Usage: veritrain" in said.stderr


def test_every_command_is_loaded_under_its_own_name_with_a_help_text() -> None:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert command.name == name
        assert command.help
        assert command.short_help
        assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    "error", [UserError("u"), Refused("r"), Infrastructure("i"), HumanInputRequired("w")]
)
def test_each_kind_of_users_error_has_its_exit_code_and_never_a_traceback(
    error: UserError, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(error_exit.DEBUG_VARIABLE, "1")
    assert error_exit.explain(error, []) == {"u": 2, "r": 1, "i": 3, "w": 4}[str(error)]
    assert capsys.readouterr().err == f"veritrain: {error}\n"


@pytest.mark.parametrize("debug", ["", "0", "1"])
def test_an_unexpected_error_is_one_line_until_a_traceback_is_asked_for(
    debug: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(error_exit.DEBUG_VARIABLE, debug)
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("first line\nsecond line")
    assert error_exit.explain(caught.value, []) == 3
    said = capsys.readouterr().err
    assert ("Traceback" in said) == (debug == "1")
    assert "veritrain: unexpected ZeroDivisionError: first line" in said
    if debug != "1":
        assert said.count("\n") == 1
        assert "VERITRAIN_DEBUG=1" in said


def test_an_interrupt_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_exit.explain(click.exceptions.Abort(), ["loop", "my task.yaml"]) == 130
    assert capsys.readouterr().err.endswith("go on with: veritrain loop 'my task.yaml'\n")
