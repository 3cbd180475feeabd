"""Requests to MLflow that only the loop and admins may send, since decisions are based on their data.

These are tags named `veritrain.*`, the aliases of champion and challenger, the files and metrics of runs and models
that were made here, and the source of a model version. A request may name these in its body, its query or its path;
all three are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.types import Scope

from veritrain_lib.tracking.models import CHALLENGER, CHAMPION
from veritrain_lib.tracking.ownership import RESERVED_TAG_PREFIX, is_managed

API_PATH = re.compile(r"/(?:ajax-)?api/\d+\.\d+/?(?P<rest>.*)")

FILE_UPLOAD = re.compile(r"mlflow-artifacts/.*|mlflow/upload-artifact")
"""Requests whose body is a file."""

VERSION_SOURCE = re.compile(
    r"models:/m-[0-9a-f]{32}|models:/[^/:@?#%\\]+/\d+|runs:/[0-9a-f]{32}(/[^:?#%\\]*)?"
    r"|mlflow-artifacts:/[^/:?#%\\][^:?#%\\]*|prompt-template|dummy-source"
)
"""Sources of a model version that an editor may create: files of the record. The last two are MLflow's for prompts."""

ARTIFACT_LOCATION = re.compile(r"|mlflow-artifacts:/[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""Artifact locations of an experiment that an editor may create: the server's default, or a folder of `mlruns/`."""

OTHER_RESERVED_TAGS = ("mlflow.artifactLocation",)
"""Tag of a trace: the server would read the files at that location, on any machine."""

TAG_KEY_FIELDS = ("key", "tagkey")
ID_FIELDS = ("runid", "runuuid", "runids", "modelid", "modelids")

RESULT_WRITE = re.compile(
    r"mlflow/(runs/(?!create$|search$|set-tag$|delete-tag$).*|logged-models/.+|upload-artifact|artifacts/presigned-upload-url)"
    r"|mlflow-artifacts/.*"
)
"""Requests that change files, metrics or the status of a run or a model. Any editor may change tags and notes."""

ADMIN_ONLY = re.compile(
    r"mlflow/(registered-models/(delete|rename)|model-versions/delete|experiments/update)"
)
"""Requests that change names by which a task finds its record, its looks (test-set evaluations) and its champion."""


def needs_body(scope: Scope) -> bool:
    """Return whether a request's body must be read: every body except a file."""
    match = API_PATH.fullmatch(scope["path"])
    return match is not None and not FILE_UPLOAD.fullmatch(match["rest"])


def admin_only_reason(scope: Scope, body: bytes) -> str:
    """Return why a writing request to MLflow's API needs the role admin; empty if it does not.

    A body that can't be parsed needs it too. This function asks the record to which task a run belongs.

    Args:
        scope: ASGI scope of the request.
        body: Body of the request; empty if `needs_body` is false.
    """
    match = API_PATH.fullmatch(scope["path"])
    endpoint = match["rest"].rstrip("/") if match else ""
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    document: Any = None
    if needs_body(scope) and body.strip():
        try:
            document = json.loads(body)
            while isinstance(document, str):  # older MLflow clients encode the body twice
                document = json.loads(document)
        except (ValueError, RecursionError):
            return "its body can't be read"
    if ADMIN_ONLY.fullmatch(endpoint):
        return "by this name a task finds its record and its champion"
    pairs = [*_pairs(document), *((_normalized_field(name), text) for name, text in query)]
    segments = [unquote(segment) for segment in endpoint.split("/")]
    for name, value in pairs:
        if _is_reserved_tag(name) or (name in TAG_KEY_FIELDS and _is_reserved_tag(value)):
            return f"tags named {RESERVED_TAG_PREFIX}* are set by the loop"
    if any(_is_reserved_tag(segment) for segment in segments):
        return f"tags named {RESERVED_TAG_PREFIX}* are set by the loop"
    if endpoint == "mlflow/registered-models/alias" and any(
        name == "alias" and str(value).strip().casefold() in (CHAMPION, CHALLENGER) for name, value in pairs
    ):
        return f"the aliases {CHAMPION} and {CHALLENGER} are moved by the loop"
    if endpoint == "mlflow/model-versions/create" and not _has_recorded_source(pairs):
        return "the files of a version come from the record (models:/, runs:/ or mlflow-artifacts:/)"
    if endpoint == "mlflow/experiments/create" and not _has_recorded_location(pairs):
        return "the server chooses where artifacts are stored"
    if RESULT_WRITE.fullmatch(endpoint):
        ids = {str(value) for name, value in pairs if name in ID_FIELDS} | set(segments)
        ids |= {segment for name, value in query if name == "path" for segment in value.split("/")}
        if is_managed({run_or_model_id for run_or_model_id in ids if 0 < len(run_or_model_id) <= 64}):
            return "files and figures of runs that were made here are written by the loop"
    return ""


def _pairs(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every field name with every value below it, with names normalized as MLflow treats them."""
    pending = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for name, value in node.items():
                if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
                    yield from ((_normalized_field(name), item) for item in value or [None])
                elif not isinstance(value, dict):
                    yield _normalized_field(name), value
                else:
                    yield _normalized_field(name), None
                pending.append(value)
        elif isinstance(node, list):
            pending += node


def _normalized_field(name: str) -> str:
    """Return a field name so that `run_id` and `runId` are equal, as they are to MLflow; keep the name of a tag."""
    return name if _is_reserved_tag(name) else name.replace("_", "").lower()


def _is_reserved_tag(name: Any) -> bool:
    text = str(name).strip().casefold()
    return text.startswith(RESERVED_TAG_PREFIX) or any(text == tag.casefold() for tag in OTHER_RESERVED_TAGS)


def _has_recorded_source(pairs: list[tuple[str, Any]]) -> bool:
    sources = [value for name, value in pairs if name == "source"]
    return bool(sources) and all(
        isinstance(source, str) and VERSION_SOURCE.fullmatch(source) and ".." not in source.split("/")
        for source in sources
    )


def _has_recorded_location(pairs: list[tuple[str, Any]]) -> bool:
    locations = [value for name, value in pairs if name == "artifactlocation"]
    return all(
        location is None
        or (
            isinstance(location, str)
            and ARTIFACT_LOCATION.fullmatch(location) is not None
            and not urlsplit(location).netloc
        )
        for location in locations
    )
