"""MLflow's own server: its application, to stand behind ours, and the command that starts it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import store
from veritrain_lib.tracking.address import file_of

APP_NAME = "veritrain"
"""Our name in the entry point group `mlflow.app`."""


def application(hosts: Sequence[str] = (), origins: Sequence[str] = ()) -> Any:
    """MLflow's ASGI application over the record: its UI, its REST API, its artifacts.

    `hosts` and `origins` are those that the server in front lets through beside the loopback ones.
    Raises Infrastructure when `mlflow server` was started over another store than the record's.
    """
    for name, value in _doors(hosts, origins).items():
        os.environ.setdefault(name, value)  # before anything of MLflow's server is imported, which reads them
    _refuse_other_store()
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    from mlflow.server import app as flask_app
    from mlflow.server.fastapi_app import create_fastapi_app

    return create_fastapi_app(flask_app)


def _refuse_other_store() -> None:
    from mlflow.server.constants import BACKEND_STORE_URI_ENV_VAR

    given = os.environ.get(BACKEND_STORE_URI_ENV_VAR)
    if given and _place(given) != _place(store.uri()):
        raise Infrastructure(
            "mlflow server was started over another store than the record's; start it in the project's folder, "
            "give --backend-store-uri the record's address, or set DATABASE_URL; or run: veritrain serve"
        )


def _place(address: str) -> str:
    """An address such that equal ones mean the same store."""
    file = file_of(address)
    return address if file is None else str(file.resolve())


def rules() -> list[str]:
    """The path rules of MLflow's application, such as `/api/2.0/mlflow/runs/get` or `/static-files/<path:path>`."""
    from mlflow.server import app as flask_app

    return sorted({rule.rule for rule in flask_app.url_map.iter_rules()})


def environment() -> dict[str, str]:
    """What MLflow's server must know, in the variables by which its own command hands it on."""
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


def _doors(hosts: Sequence[str], origins: Sequence[str]) -> dict[str, str]:
    """MLflow looks at hosts and origins itself, behind us: it must not refuse what was let through.

    It knows no "same origin", so that the pages of each host are named too. Without hosts and origins of its own
    a server keeps MLflow's defaults, which let the loopback ones through.
    """
    if not hosts and not origins:
        return {}
    names = [f"[{host}]" if host.count(":") > 1 and "[" not in host else host for host in hosts]
    # A bracket is a sign of patterns; and each is read as a file name's pattern here, as a regular expression there.
    quoted = {name: name.replace("[", "[[]") for name in ("localhost", "127.0.0.1", "[::1]", *names)}
    known = [text for name, pattern in quoted.items() for text in (name, f"{pattern}:*")]
    pages = [
        text
        for scheme in ("http", "https")
        for name in names
        for text in (f"{scheme}://{name}", f"{scheme}://{quoted[name]}:*")
    ]
    return {
        "MLFLOW_SERVER_ALLOWED_HOSTS": "*" if "*" in hosts else ",".join(known),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(
            ["*"] if "*" in (*hosts, *origins) else [*pages, *origins]
        ),
    }


def command(host: str, port: int, workers: int, *, uvicorn_options: str) -> list[str]:
    """The command line of MLflow's server with our application in front.

    The database's address is not in it: it may hold a password, and anybody may list a machine's processes.
    """
    return [
        sys.executable, "-m", "mlflow", "server", "--app-name", APP_NAME,
        "--host", host, "--port", str(port), "--workers", str(workers),
        "--artifacts-destination", project.artifacts().as_uri(), "--uvicorn-opts", uvicorn_options,
    ]  # fmt: skip


def command_environment() -> dict[str, str]:
    """What that command reads from its environment. MLflow's loggers keep to what uvicorn was told of logs."""
    return {
        **environment(),
        "MLFLOW_BACKEND_STORE_URI": store.uri(),
        "MLFLOW_REGISTRY_STORE_URI": store.uri(),
        "MLFLOW_CONFIGURE_LOGGING": "false",
    }
