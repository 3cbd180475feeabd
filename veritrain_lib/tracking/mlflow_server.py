"""MLflow's own server: its ASGI application, which runs behind Veri-Train's, and the command that starts both."""

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
"""Name of our application in the entry point group `mlflow.app`, by which `mlflow server --app-name` finds it."""


def application(hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> Any:
    """Return MLflow's ASGI application for the project's store: its UI, its REST API and its artifacts.

    Args:
        hosts: Host names that our server in front accepts in addition to the loopback ones.
        origins: Origins of browser requests that it accepts in addition to the loopback ones.

    Raises:
        Infrastructure: `mlflow server` was started with another store than the project's.
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
    """Return a tracking URI in a form that is equal for the same store: the path of a SQLite file becomes absolute."""
    path = sqlite_path(uri)
    return uri if path is None else str(path.resolve())


def rules() -> list[str]:
    """Return the path templates of the routes of MLflow's Flask server, such as `/api/2.0/mlflow/runs/get`, sorted."""
    from mlflow.server import app as flask_app

    return sorted({rule.rule for rule in flask_app.url_map.iter_rules()})


def environment() -> dict[str, str]:
    """Return the environment variables from which MLflow's server application reads its stores and its settings."""
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
    """Return the environment variables that make MLflow's check of hosts and origins accept what our server accepts.

    MLflow has no rule for requests of the same origin, so the origins of each host's own pages are listed too.

    Args:
        hosts: Accepted host names; `*` accepts all.
        origins: Accepted origins; `*` accepts all.

    Returns:
        The variables. They are none if both arguments are empty: MLflow's defaults accept the loopback hosts.
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
    """Return the command line that starts MLflow's server with our application in front.

    The database's URI is passed by an environment variable instead: it may hold a password, and everybody on a machine
    can read command lines.

    Args:
        host: Address at which the server listens.
        port: Port at which it listens.
        workers: Number of server processes.
        uvicorn_options: Further options for uvicorn, as one text.
    """
    return [
        sys.executable, "-m", "mlflow", "server", "--app-name", APP_NAME,
        "--host", host, "--port", str(port), "--workers", str(workers),
        "--artifacts-destination", project.artifacts().as_uri(), "--uvicorn-opts", uvicorn_options,
    ]  # fmt: skip


def command_environment() -> dict[str, str]:
    """Return the environment variables for the command that starts MLflow's server with our application in front."""
    return {
        **environment(),
        "MLFLOW_BACKEND_STORE_URI": store.uri(),
        "MLFLOW_REGISTRY_STORE_URI": store.uri(),
        "MLFLOW_CONFIGURE_LOGGING": "false",
    }
