"""The services of both compose files that are ours, started by hand with their settings on real PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose import DEPLOY, environment_of, read
from tests.machines import free_redis
from tests.server.postgres import new_database
from tests.server.served import free_port
from tests.stages.tiny_task import write_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PASSWORD = "a long enough pass phrase"


class Container:
    """A service's processes on this machine: its variables and commands, with the addresses of this machine."""

    def __init__(
        self, home: Path, service: dict[str, Any], port: int, secrets: Path, addresses: dict[str, str]
    ) -> None:
        self.home, self.service, self.port = home, service, port
        variables = {
            name: value.replace("/run/secrets", str(secrets))
            for name, value in environment_of(service).items()
        }
        variables |= {name: value for name, value in addresses.items() if name in variables}
        binaries = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        image = {"VERITRAIN_HOME": str(home), "HOME": str(home), "PATH": binaries, "PYTHONUNBUFFERED": "1"}
        self.environment = {**image, "MLFLOW_DISABLE_TELEMETRY": "true", **variables}

    def start(self, command: list[str], **more: Any) -> subprocess.Popen[str]:
        """Start a command as the image's entry point does."""
        here = [word.replace("8000", str(self.port)).replace("0.0.0.0", "127.0.0.1") for word in command]
        return subprocess.Popen(
            ["/bin/sh", str(DEPLOY / "with-secrets.sh"), *here],
            cwd=self.home, env=self.environment, text=True, start_new_session=True, **more,
        )  # fmt: skip

    def run(self, command: list[str], *, stdin: str = "") -> str:
        """Run a command to its end, as `docker-compose run --rm` does."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = self.start(command, **pipes)
        out, _ = process.communicate(stdin, timeout=300)
        assert process.returncode == 0, out
        return out

    def is_healthy(self) -> bool:
        """Run the health check of the service once."""
        kind, *command = self.service["healthcheck"]["test"]
        assert kind == "CMD"
        here = [word.replace("8000", str(self.port)) for word in command]
        checked = subprocess.run(here, env=self.environment, capture_output=True, timeout=120)
        return checked.returncode == 0

    def wait_until_healthy(self, process: subprocess.Popen[str], log: Path) -> None:
        """Wait until the health check of a service that was started succeeds."""
        until = time.monotonic() + 300
        while not self.is_healthy():
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < until, log.read_text()[-3000:]
            time.sleep(1)


@contextmanager
def up(name: str, tmp_path: Path) -> Iterator[tuple[Container, Container]]:
    """`docker-compose up -d`: the tables are made, then the server starts and becomes healthy."""
    services = read(name, DOMAIN="veritrain.example.org")["services"]
    home, secrets = tmp_path / "data", tmp_path / "secrets"
    home.mkdir()
    secrets.mkdir()
    with new_database() as address, free_redis() as redis_url:
        addresses = {"DATABASE_URL": address, "REDIS_URL": redis_url}
        (secrets / "secret_key").write_text("k" * 40, encoding="utf-8")
        (secrets / "database_url").write_text(address + "\n", encoding="utf-8")
        (secrets / "openai_api_key").write_text("", encoding="utf-8")
        port = free_port()
        migrate, api, worker = (
            Container(home, services[one], port, secrets, addresses)
            for one in ("migrate", "api", "celery_worker")
        )
        assert not api.is_healthy()
        assert "revision" in migrate.run(migrate.service["command"])
        with (tmp_path / "api.log").open("w") as log:
            process = api.start(api.service["command"], stdout=log, stderr=log)
        try:
            api.wait_until_healthy(process, tmp_path / "api.log")
            yield api, worker
        finally:
            # As the engine stops a container: SIGTERM to its first process, which stops the others.
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def ask(url: str, content: dict[str, str] | None = None, token: str = "", host: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Host": host} if host else {}
    body = None if content is None else json.dumps(content).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def logged_in(api: Container, host: str = "") -> dict[str, Any]:
    """The models that the first account sees, made and logged in as docs/deployment.md says."""
    url = f"http://127.0.0.1:{api.port}"
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(f"{url}/api/v1/models")
    assert refused.value.code == 401
    api.environment["VERITRAIN_PASSWORD"] = PASSWORD
    api.run(shlex.split("veritrain users add you@example.org --role admin"))
    login = ask(f"{url}/api/v1/auth/login", {"email": "you@example.org", "password": PASSWORD}, host=host)
    token = next(value for key, value in login.items() if key in ("access_token", "accessToken", "token"))
    return ask(f"{url}/api/v1/models", token=token, host=host)


def test_the_production_stack_starts_is_healthy_and_lets_the_first_account_in(tmp_path: Path) -> None:
    with up("docker-compose.prod.yml", tmp_path) as (api, _):
        assert logged_in(api, "veritrain.example.org")
    assert not api.is_healthy()


def test_the_stack_lets_an_account_in_and_its_worker_does_the_stages_of_a_loop(tmp_path: Path) -> None:
    with up("docker-compose.yml", tmp_path) as (api, worker):
        assert logged_in(api)
        task = write_tiny(worker.home / "task", budget={"rounds": 1, "rows_per_round": 15})
        assert not worker.is_healthy()
        with (tmp_path / "worker.log").open("w") as log:
            process = worker.start(worker.service["command"], stdout=log, stderr=log)
        try:
            worker.wait_until_healthy(process, tmp_path / "worker.log")
            said = worker.run(["veritrain", "loop", str(task), "--runner", "celery"])
            assert "tiny: stopped after 1 round(s)" in said
            assert (tmp_path / "worker.log").read_text().count("veritrain.job") >= 8
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
