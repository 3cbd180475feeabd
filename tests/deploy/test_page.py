"""docs/deployment.md: its commands that prepare files are run, and its compose commands name what is there."""

from __future__ import annotations

import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

from click import Context, Group

from tests.deploy.compose import ROOT, read
from veritrain_lib.cli.main import cli

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for language, block in BLOCKS if not language for line in block.splitlines()]
COMPOSE = [shlex.split(line)[1:] for line in COMMANDS if line.startswith("docker-compose ")]
HERE = [line for line in COMMANDS if not line.startswith("docker-compose ")]
VERBS = {
    "up": {"-d"},
    "ps": set(),
    "logs": {"-f"},
    "run": {"--rm", "-e"},
    "build": set(),
    "pull": set(),
    "cp": set(),
    "exec": set(),
}


def test_the_commands_that_prepare_files_make_what_the_compose_files_ask_for(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".env.example", tmp_path)
    done = subprocess.run(["/bin/sh", "-ec", "\n".join(HERE)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".env").read_bytes() == (ROOT / ".env.example").read_bytes()
    folder = tmp_path / "deploy" / "secrets"
    wanted = read("docker-compose.prod.yml", DOMAIN="veritrain.example.org")["secrets"]
    assert {path.name for path in folder.iterdir()} == set(wanted)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secrets = {path.name: path.read_text(encoding="utf-8").strip() for path in folder.iterdir()}
    assert len(secrets["secret_key"]) >= 32
    assert (
        secrets["database_url"] == f"postgresql://veritrain:{secrets['postgres_password']}@postgres/veritrain"
    )
    assert secrets["openai_api_key"] == ""


def test_every_compose_command_names_services_and_commands_that_are_there() -> None:
    assert COMPOSE
    services = set(read("docker-compose.prod.yml", DOMAIN="d")["services"])
    for verb, *words in COMPOSE:
        ours = words
        if verb in ("run", "exec"):
            at = next(position for position, word in enumerate(words) if word in services)
            ours, command = words[:at], words[at + 1 :]
            if command and command[0] == "veritrain":
                assert options_of(command[1:]) >= {word for word in command if word.startswith("--")}
            elif command:
                assert command[:3] == ["celery", "-A", "veritrain_lib.celery_app"]
        assert {word for word in ours if word.startswith("-")} <= VERBS[verb], (verb, words)


def options_of(command: list[str]) -> set[str]:
    """The options of a command of ours, or of a command of a group."""
    found = cli.get_command(Context(cli), command[0])
    if isinstance(found, Group):
        found = found.get_command(Context(found), command[1])
    assert found is not None, command
    return {option for parameter in found.params for option in parameter.opts}
