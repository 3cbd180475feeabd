"""Reader of the body of `POST /datasets`: a file as multipart form data, or a JSON description, within size limits."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from veritrain_lib.server.environment import environment
from veritrain_lib.server.resources.datasets.requests import DatasetCreateRequest, UploadForm

MEGABYTE = 1_048_576
MAX_FIELD_BYTES, MAX_FIELDS, MAX_JSON_BYTES = 16_384, 12, 65_536


@dataclass(frozen=True)
class DatasetBody:
    """Body of `POST /datasets`: either a file (`name`, `content`) with its form fields, or a JSON `description`."""

    name: str = ""
    content: bytes = b""
    form: UploadForm = field(default_factory=UploadForm)
    description: DatasetCreateRequest | None = None


async def read_dataset_body(request: Request) -> DatasetBody:
    """Read the body of `POST /datasets`.

    Raises:
        HTTPException: 413, a form is larger than `VERITRAIN_UPLOAD_MB` or a JSON body than `MAX_JSON_BYTES`; 415, the
            body is neither a form nor JSON.
        RequestValidationError: 422, the body can't be parsed, the form has no part `file`, or a field is not valid.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        return DatasetBody(description=_parse_json(await _read_json(request)))
    if content_type != "multipart/form-data":
        raise HTTPException(415, "send multipart/form-data with the part `file`, or application/json")
    max_bytes = environment().upload_mb * MEGABYTE
    try:
        parser = MultiPartParser(
            request.headers, _limited(request, max_bytes, "split the file, or raise VERITRAIN_UPLOAD_MB"), max_files=1, max_fields=MAX_FIELDS,
            max_part_size=MAX_FIELD_BYTES,
        )  # fmt: skip
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise _field_error("file", f"the form can't be read: {error}") from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise _field_error("file", "the part `file` is missing")
        fields = {key: value for key, value in form.items() if isinstance(value, str) and value != ""}
        return DatasetBody(file.filename or "upload", await file.read(), _parse_form(fields))
    finally:
        await form.close()


async def _limited(request: Request, max_bytes: int, remedy: str) -> AsyncGenerator[bytes, None]:
    """Yield the parts of a request's body; raise HTTPException (413) once there are more than `max_bytes` bytes."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise HTTPException(413, f"the body has more than {max_bytes:,} bytes; {remedy}")
        yield chunk


async def _read_json(request: Request) -> bytes:
    """Return the whole JSON body of a request; raise HTTPException (413) if it has more than `MAX_JSON_BYTES` bytes."""
    remedy = "send rows as a file, in multipart/form-data with the part `file`"
    return b"".join([chunk async for chunk in _limited(request, MAX_JSON_BYTES, remedy)])


def _parse_json(content: bytes) -> DatasetCreateRequest:
    """Return the description of a dataset in a JSON body; raise RequestValidationError (422) if it is not valid."""
    try:
        return DatasetCreateRequest.model_validate(json.loads(content))
    except ValidationError as error:
        raise _invalid(error) from error
    except (ValueError, RecursionError) as error:
        raise _field_error("", "the body is not JSON") from error


def _parse_form(fields: dict[str, str]) -> UploadForm:
    """Return the checked fields of an upload's form; raise RequestValidationError (422) if one is not valid."""
    try:
        return UploadForm.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> RequestValidationError:
    """Return a pydantic error as the one with which FastAPI reports a wrong request body (422)."""
    return RequestValidationError(
        [{**details, "loc": ("body", *details["loc"])} for details in error.errors()]
    )


def _field_error(field: str, message: str) -> RequestValidationError:
    """Return the error (422) that reports one wrong field of the request body; an empty name means the whole body."""
    location = ("body", field) if field else ("body",)
    return RequestValidationError([{"loc": location, "msg": message, "type": "value_error"}])
