"""Requests to MLflow that change what loop and server decide by: for them and for admins.

Tags named `veritrain.*`, the aliases of champion and challenger, the files and figures of runs and models that were made
here, and where a version's files come from. A request says so in its body, its query or its path; all three are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.types import Scope

from veritrain_lib.tracking.models import CHALLENGER, CHAMPION
from veritrain_lib.tracking.ownership import RESERVED, is_ours

API = re.compile(r"/(?:ajax-)?api/\d+\.\d+/?(?P<rest>.*)")

FILES = re.compile(r"mlflow-artifacts/.*|mlflow/upload-artifact")
"""Requests whose body is a file."""

SOURCES = re.compile(
    r"models:/m-[0-9a-f]{32}|models:/[^/:@?#%\\]+/\d+|runs:/[0-9a-f]{32}(/[^:?#%\\]*)?"
    r"|mlflow-artifacts:/[^/:?#%\\][^:?#%\\]*|prompt-template|dummy-source"
)
"""What an editor's version may be made of: files of the record, named by it. The last two are MLflow's for prompts."""

PLACE = re.compile(r"|mlflow-artifacts:/[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""Where an editor's experiment may keep its artifacts: where the server puts them, or a folder of `mlruns/`."""

ALSO_RESERVED = ("mlflow.artifactLocation",)
"""A trace's: the server would read what lies there, on whatever machine."""

KEYS = ("key", "tagkey")
IDS = ("runid", "runuuid", "runids", "modelid", "modelids")

FIGURES = re.compile(
    r"mlflow/(runs/(?!create$|search$|set-tag$|delete-tag$).*|logged-models/.+|upload-artifact|artifacts/presigned-upload-url)"
    r"|mlflow-artifacts/.*"
)
"""Requests that change files, figures or the ending of a run or a model. Tags and notes are anybody's who edits."""

ADMINS = re.compile(r"mlflow/(registered-models/(delete|rename)|model-versions/delete|experiments/update)")
"""Names by which a task finds its record, its looks and its champion. Our API deletes versions, but no champion."""


def reads_body(scope: Scope) -> bool:
    """Whether the body tells more than the path: any but a file."""
    found = API.fullmatch(scope["path"])
    return found is not None and not FILES.fullmatch(found["rest"])


def decides(scope: Scope, body: bytes) -> str:
    """Why a writing request to MLflow's API is for admins; empty when it isn't.

    A body that can't be read counts as one that does. Asks the record whose a run is.
    """
    found = API.fullmatch(scope["path"])
    rest = found["rest"].rstrip("/") if found else ""
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    said: Any = None
    if reads_body(scope) and body.strip():
        try:
            said = json.loads(body)
            while isinstance(said, str):  # as older clients of MLflow's send it
                said = json.loads(said)
        except (ValueError, RecursionError):
            return "its body can't be read"
    if ADMINS.fullmatch(rest):
        return "by this name a task finds its record and its champion"
    pairs = [*_pairs(said), *((_plain(name), text) for name, text in query)]
    steps = [unquote(step) for step in rest.split("/")]
    for name, value in pairs:
        if _reserved(name) or (name in KEYS and _reserved(value)):
            return f"tags named {RESERVED}* are set by the loop"
    if any(_reserved(step) for step in steps):
        return f"tags named {RESERVED}* are set by the loop"
    if rest == "mlflow/registered-models/alias" and any(
        name == "alias" and str(value).strip().casefold() in (CHAMPION, CHALLENGER) for name, value in pairs
    ):
        return f"the aliases {CHAMPION} and {CHALLENGER} are moved by the loop"
    if rest == "mlflow/model-versions/create" and not _comes_from_the_record(pairs):
        return "the files of a version come from the record (models:/, runs:/ or mlflow-artifacts:/)"
    if rest == "mlflow/experiments/create" and not _lies_in_the_record(pairs):
        return "the server chooses where artifacts lie"
    if FIGURES.fullmatch(rest):
        named = {str(value) for name, value in pairs if name in IDS} | set(steps)
        named |= {step for name, value in query if name == "path" for step in value.split("/")}
        if is_ours({one for one in named if 0 < len(one) <= 64}):
            return "files and figures of runs that were made here are written by the loop"
    return ""


def _pairs(said: Any) -> Iterator[tuple[str, Any]]:
    """Every name with every value that stands anywhere under it, names as MLflow takes them for equal."""
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for name, value in one.items():
                if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
                    yield from ((_plain(name), part) for part in value or [None])
                elif not isinstance(value, dict):
                    yield _plain(name), value
                else:
                    yield _plain(name), None
                waiting.append(value)
        elif isinstance(one, list):
            waiting += one


def _plain(name: str) -> str:
    """`run_id` and `runId` are one field to MLflow; a tag's own name stays what it is."""
    return name if _reserved(name) else name.replace("_", "").lower()


def _reserved(name: Any) -> bool:
    text = str(name).strip().casefold()
    return text.startswith(RESERVED) or any(text == one.casefold() for one in ALSO_RESERVED)


def _comes_from_the_record(pairs: list[tuple[str, Any]]) -> bool:
    sources = [value for name, value in pairs if name == "source"]
    return bool(sources) and all(
        isinstance(one, str) and SOURCES.fullmatch(one) and ".." not in one.split("/") for one in sources
    )


def _lies_in_the_record(pairs: list[tuple[str, Any]]) -> bool:
    places = [value for name, value in pairs if name == "artifactlocation"]
    return all(
        one is None
        or (isinstance(one, str) and PLACE.fullmatch(one) is not None and not urlsplit(one).netloc)
        for one in places
    )
