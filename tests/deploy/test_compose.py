"""The compose files: valid by the specification's schema, complete, and without a secret."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose import DEPLOY, FILES, ROOT, environment_of, read, variables_of

OURS = ("api", "migrate", "celery_worker")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.fixture(params=FILES)
def services(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = read(request.param, DOMAIN="veritrain.example.org")["services"]
    return found


def test_both_files_are_valid_by_the_schema_of_the_compose_specification() -> None:
    tool = [
        str(Path(sys.executable).with_name("check-jsonschema")),
        "--builtin-schema",
        "vendor.compose-spec",
    ]
    checked = subprocess.run([*tool, *(str(DEPLOY / name) for name in FILES)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_the_schema_refuses_a_key_that_the_specification_does_not_know(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(
        (DEPLOY / FILES[0]).read_text(encoding="utf-8").replace("healthcheck:", "healthchek:"), "utf-8"
    )
    tool = [
        str(Path(sys.executable).with_name("check-jsonschema")),
        "--builtin-schema",
        "vendor.compose-spec",
    ]
    assert subprocess.run([*tool, str(broken)], capture_output=True).returncode == 1


@pytest.mark.parametrize("name", FILES)
def test_every_variable_is_in_the_example_file(name: str) -> None:
    named = set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert variables_of(name) - named == set()


def test_the_example_file_names_a_compose_file_for_commands_typed_in_the_root() -> None:
    [name] = re.findall(r"^COMPOSE_FILE=(.+)$", EXAMPLE, re.MULTILINE)
    assert (ROOT / name).is_file()
    others = re.findall(r"^# COMPOSE_FILE=(.+)$", EXAMPLE, re.MULTILINE)
    assert {(ROOT / other).name for other in [name, *others]} == set(FILES)


def test_without_a_domain_the_server_for_others_does_not_start() -> None:
    with pytest.raises(KeyError, match="DOMAIN"):
        read("docker-compose.prod.yml")


def test_the_services_wait_for_what_they_need(services: dict[str, Any]) -> None:
    assert {"api", "migrate", "celery_worker", "postgres", "redis"} <= set(services)
    assert services["api"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["migrate"]["restart"] == "no"
    for name, service in services.items():
        waits_for = service.get("depends_on", {})
        healthy = [other for other, how in waits_for.items() if how["condition"] == "service_healthy"]
        assert all("healthcheck" in services[other] for other in healthy), name


def test_ours_are_started_by_commands_of_ours_through_the_script_that_reads_secrets(
    services: dict[str, Any],
) -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert 'ENTRYPOINT ["/bin/sh", "/app/deploy/with-secrets.sh"]' in dockerfile
    for name in OURS:
        assert services[name]["command"][0] == "veritrain"
        assert "entrypoint" not in services[name]


def test_on_one_machine_the_port_is_this_machines_only() -> None:
    assert read("docker-compose.yml")["services"]["api"]["ports"] == ["127.0.0.1:8000:8000"]


def test_for_others_only_the_proxy_has_ports_and_everything_has_limits_and_restarts() -> None:
    services = read("docker-compose.prod.yml", DOMAIN="veritrain.example.org")["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    for name, service in services.items():
        assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"]), name
        assert service["restart"] == ("no" if name == "migrate" else "always"), name
    for name in OURS:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]


def test_for_others_secrets_come_from_files_alone() -> None:
    content = read("docker-compose.prod.yml", DOMAIN="veritrain.example.org")
    for name, service in content["services"].items():
        for variable, value in environment_of(service).items():
            assert not re.search(r"PASSWORD$|_KEY$|^DATABASE_URL$", variable), (name, variable)
            if variable.endswith("_FILE"):
                assert Path(value).name in service["secrets"], (name, variable)
    assert set(content["secrets"]) == {"secret_key", "database_url", "postgres_password", "openai_api_key"}
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"deploy/secrets/", "deploy/backups/", ".env"} <= set(ignored)
    left_out = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert {".env", ".git", "deploy/secrets", ".veritrain", "mlflow.db*"} <= set(left_out)


def test_the_image_is_built_from_the_lock_in_two_stages_and_runs_without_rights() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("FROM ") for line in lines) == 2
    assert any("--require-hashes" in line and "requirements.lock" in line for line in lines)
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 10001:10001" in last_stage
    assert not any("apt-get" in line for line in last_stage)
