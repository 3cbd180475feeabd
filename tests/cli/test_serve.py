"""`veritrain serve` refuses what can't be, in words and with exit code 2, before anything is started."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from veritrain_lib.cli import main
from veritrain_lib.server.environment import environment
from veritrain_lib.server.supervise import supervise as run_supervised


@pytest.fixture(autouse=True)
def _never_really(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be started here."""

    def started(*_: object) -> None:
        raise AssertionError("it was started")

    monkeypatch.setattr("os.execvpe", started)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    environment.cache_clear()


def _serve(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main.cli, ["serve", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org"])
def test_without_a_secret_it_listens_here_only(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.cli.main(["serve", "--host", host])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert host in said
    assert "SECRET_KEY" in said


def test_a_taken_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            main.cli.main(["serve", "--port", str(port)])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert str(port) in said
    assert "in use" in said
    assert "--port" in said


def test_an_address_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    environment.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main.cli.main(["serve", "--host", "203.0.113.7"])
    assert ended.value.code == 2
    assert "no address of this machine" in capsys.readouterr().err
    environment.cache_clear()


def test_the_database_password_is_not_on_the_command_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from veritrain_lib.tracking import mlflow_server

    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:very-secret@db/x")
    line = mlflow_server.command("127.0.0.1", 8000, 2, uvicorn_options="")
    assert "very-secret" not in " ".join(line)
    assert "very-secret" in mlflow_server.command_environment()["MLFLOW_BACKEND_STORE_URI"]


def test_an_ended_command_gives_its_exit_code() -> None:
    assert run_supervised([sys.executable, "-c", "raise SystemExit(7)"]) == 7


def test_the_printed_link_holds_the_token_that_the_command_line_does_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from veritrain_lib.server import link_token

    asked: list[list[str]] = []

    def noted(program: str, line: list[str], environment: dict[str, str]) -> None:
        asked.append(line)

    monkeypatch.setattr("os.execvpe", noted)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, said = _serve("--port", str(port))
    token = link_token.link_token()
    assert f"http://127.0.0.1:{port}/home?token={token} " in said
    assert token not in " ".join(asked[0])
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    environment.cache_clear()
    _, said = _serve("--port", str(port))
    assert "token=" not in said
    environment.cache_clear()
