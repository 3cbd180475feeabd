"""The compose files as a container engine would read them: variables replaced, anchors merged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
FILES = ("docker-compose.yml", "docker-compose.prod.yml")

VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")
"""A variable of the Compose specification: `${NAME}`, `${NAME:-default}` or `${NAME:?message}`."""


def read(name: str, **variables: str) -> dict[str, Any]:
    """Return the content of a compose file with its variables replaced; a required one that is missing is an error."""

    def value(found: re.Match[str]) -> str:
        named, kind, text = found.groups()
        if variables.get(named):
            return variables[named]
        if kind == ":?":
            raise KeyError(f"{named}: {text}")
        return text or ""

    content: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, (DEPLOY / name).read_text(encoding="utf-8")))
    return content


def variables_of(name: str) -> set[str]:
    """Return the names of the variables that a compose file uses."""
    return {found.group(1) for found in VARIABLE.finditer((DEPLOY / name).read_text(encoding="utf-8"))}


def environment_of(service: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that a service sets."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}
