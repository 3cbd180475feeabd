"""MLflow's own server: its ASGI application, which runs behind ours, and the command that starts it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import store
from veritrain_lib.tracking.address import sqlite_path

APP_NAME = "veritrain"
"""Our name in the entry point group `mlflow.app`."""


def application(hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> Any:
    """Return MLflow's ASGI application for the store: its UI, its REST API and its artifacts.

    Args:
        hosts: Host names that the server in front accepts beside the loopback ones.
        origins: Origins that it accepts beside the loopback ones.

    Raises:
        Infrastructure: `mlflow server` was started with another store.
    """
    for name, value in _allowed_hosts_and_origins(hosts, origins).items():
        os.environ.setdefault(name, value)  # MLflow's server reads them at its import
    _check_same_store()
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    from mlflow.server import app as flask_app
    from mlflow.server.fastapi_app import create_fastapi_app

    return create_fastapi_app(flask_app)


def _check_same_store() -> None:
    from mlflow.server.constants import BACKEND_STORE_URI_ENV_VAR

    backend_uri = os.environ.get(BACKEND_STORE_URI_ENV_VAR)
    if backend_uri and _canonical_uri(backend_uri) != _canonical_uri(store.uri()):
        raise Infrastructure(
            "mlflow server was started with another store; start it in the project's folder, "
            "pass the project's tracking URI with --backend-store-uri, or set DATABASE_URL; or run: veritrain serve"
        )


def _canonical_uri(uri: str) -> str:
    """Normalize a URI so that equal URIs mean the same store."""
    path = sqlite_path(uri)
    return uri if path is None else str(path.resolve())


def rules() -> list[str]:
    """Return the path rules of MLflow's application, such as `/api/2.0/mlflow/runs/get`."""
    from mlflow.server import app as flask_app

    return sorted({rule.rule for rule in flask_app.url_map.iter_rules()})


def environment() -> dict[str, str]:
    """Return the environment variables by which MLflow's own command configures its server."""
    from mlflow.server.constants import (
        ARTIFACT_ROOT_ENV_VAR,
        ARTIFACTS_DESTINATION_ENV_VAR,
        BACKEND_STORE_URI_ENV_VAR,
        REGISTRY_STORE_URI_ENV_VAR,
        SERVE_ARTIFACTS_ENV_VAR,
    )

    root = project.artifacts().as_uri()
    return {
        BACKEND_STORE_URI_ENV_VAR: store.uri(),
        REGISTRY_STORE_URI_ENV_VAR: store.uri(),
        ARTIFACT_ROOT_ENV_VAR: "mlflow-artifacts:/",
        ARTIFACTS_DESTINATION_ENV_VAR: root,
        SERVE_ARTIFACTS_ENV_VAR: "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _allowed_hosts_and_origins(hosts: Sequence[str], origins: Sequence[str]) -> dict[str, str]:
    """Return the variables for MLflow's own check of hosts and origins.

    MLflow must accept what our server accepts.

    MLflow does not know "same origin", so the pages of each host are listed too. Without hosts and origins of its own a
    server keeps MLflow's defaults, which accept the loopback ones.
    """
    if not hosts and not origins:
        return {}
    host_names = [f"[{host}]" if host.count(":") > 1 and "[" not in host else host for host in hosts]
    # A bracket has a meaning in patterns: hosts are matched as file name patterns, origins as regular expressions.
    patterns = {name: name.replace("[", "[[]") for name in ("localhost", "127.0.0.1", "[::1]", *host_names)}
    allowed_hosts = [entry for name, pattern in patterns.items() for entry in (name, f"{pattern}:*")]
    allowed_origins = [
        entry
        for scheme in ("http", "https")
        for name in host_names
        for entry in (f"{scheme}://{name}", f"{scheme}://{patterns[name]}:*")
    ]
    return {
        "MLFLOW_SERVER_ALLOWED_HOSTS": "*" if "*" in hosts else ",".join(allowed_hosts),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(
            ["*"] if "*" in (*hosts, *origins) else [*allowed_origins, *origins]
        ),
    }


def command(host: str, port: int, workers: int, *, uvicorn_options: str) -> list[str]:
    """Return the command line of MLflow's server with our application in front.

    The database's URI is not part of it: it may hold a password, and anybody may list a machine's processes.
    """
    return [
        sys.executable, "-m", "mlflow", "server", "--app-name", APP_NAME,
        "--host", host, "--port", str(port), "--workers", str(workers),
        "--artifacts-destination", project.artifacts().as_uri(), "--uvicorn-opts", uvicorn_options,
    ]  # fmt: skip


def command_environment() -> dict[str, str]:
    """Return the environment of that command. MLflow's loggers follow uvicorn's logging settings."""
    return {
        **environment(),
        "MLFLOW_BACKEND_STORE_URI": store.uri(),
        "MLFLOW_REGISTRY_STORE_URI": store.uri(),
        "MLFLOW_CONFIGURE_LOGGING": "false",
    }
