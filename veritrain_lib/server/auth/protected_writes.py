"""Rules for the writing requests to MLflow's API that only an admin may send, because promotion relies on their data.

Protected are tags named `veritrain.*`, the aliases `champion` and `challenger`, the files and metrics of runs and
models that Veri-Train made, and the source of a model version. Such a name can stand in the body, the query or the path
of a request; all three are searched. The improvement loop writes the same data directly, not through these requests.
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
"""Regular expression for paths of MLflow's REST API; its group `rest` is the endpoint, such as `mlflow/runs/update`."""

FILE_UPLOAD = re.compile(r"mlflow-artifacts/.*|mlflow/upload-artifact")
"""Regular expression for endpoints whose request body is a file."""

VERSION_SOURCE = re.compile(
    r"models:/m-[0-9a-f]{32}|models:/[^/:@?#%\\]+/\d+|runs:/[0-9a-f]{32}(/[^:?#%\\]*)?"
    r"|mlflow-artifacts:/[^/:?#%\\][^:?#%\\]*|prompt-template|dummy-source"
)
"""Regular expression for sources (URIs of the files) with which an editor may create a model version.

All lie in MLflow's tracking store. MLflow itself uses `prompt-template` and `dummy-source` for prompts.
"""

ARTIFACT_LOCATION = re.compile(r"|mlflow-artifacts:/[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""Regular expression for artifact locations with which an editor may create an experiment.

They are none (the default) and a folder of `mlruns/`.
"""

OTHER_RESERVED_TAGS = ("mlflow.artifactLocation",)
"""Tags besides `veritrain.*` that only an admin may set.

The tag `mlflow.artifactLocation` of a trace names a location from which the server reads files, on any machine.
"""

TAG_KEY_FIELDS = ("key", "tagkey")
"""Names of request fields that hold the name of a tag, in lower case without underscores."""
ID_FIELDS = ("runid", "runuuid", "runids", "modelid", "modelids")
"""Names of request fields that hold ids of runs or models, in lower case without underscores."""

RESULT_WRITE = re.compile(
    r"mlflow/(runs/(?!create$|search$|set-tag$|delete-tag$).*|logged-models/.+|upload-artifact|artifacts/presigned-upload-url)"
    r"|mlflow-artifacts/.*"
)
"""Regular expression for endpoints that change files, metrics or the status of a run or model.

Endpoints that change tags and notes, which editors may change, do not match.
"""

ADMIN_ONLY = re.compile(
    r"mlflow/(registered-models/(delete|rename)|model-versions/delete|experiments/update)"
)
"""Regular expression for endpoints that rename or delete what a task finds by name.

That is its runs, its model and its count of evaluations on the held-out test set.
"""


def needs_body(scope: Scope) -> bool:
    """Return whether the body of a request to MLflow must be read to decide if the request is allowed.

    This is not so for an uploaded file.
    """
    match = API_PATH.fullmatch(scope["path"])
    return match is not None and not FILE_UPLOAD.fullmatch(match["rest"])


def admin_only_reason(scope: Scope, body: bytes) -> str:
    """Return why a writing request to MLflow's API needs the role admin; an empty string if it does not.

    A body that is not valid JSON needs it too. This function reads the database to see whether Veri-Train made a run.

    Args:
        scope: ASGI scope of the request.
        body: Body of the request; empty if `needs_body` is False.
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
    """Yield each field name of a JSON document, nested ones included, with its value.

    Names are in lower case without underscores, except those of reserved tags. A list of plain values yields one pair
    for each value, and a field that holds an object yields None as its value.
    """
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
    """Return a field name in lower case without underscores, since MLflow reads `run_id` and `runId` alike.

    The name of a reserved tag is returned unchanged.
    """
    return name if _is_reserved_tag(name) else name.replace("_", "").lower()


def _is_reserved_tag(name: Any) -> bool:
    """Return whether a text is the name of a tag that only the improvement loop or an admin may set."""
    text = str(name).strip().casefold()
    return text.startswith(RESERVED_TAG_PREFIX) or any(text == tag.casefold() for tag in OTHER_RESERVED_TAGS)


def _has_recorded_source(pairs: list[tuple[str, Any]]) -> bool:
    """Return whether a new model version has a source and all its sources are files of MLflow's tracking store."""
    sources = [value for name, value in pairs if name == "source"]
    return bool(sources) and all(
        isinstance(source, str) and VERSION_SOURCE.fullmatch(source) and ".." not in source.split("/")
        for source in sources
    )


def _has_recorded_location(pairs: list[tuple[str, Any]]) -> bool:
    """Return whether a new experiment's artifacts go to the server's default location or to a folder of `mlruns/`."""
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
