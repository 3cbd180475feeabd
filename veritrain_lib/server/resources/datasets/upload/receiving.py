"""Body of `POST /datasets`: a file as multipart form data, or a description as JSON, within its size limit."""

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
    """Request body: either a file (`name`, `content`) with its form fields, or a `description`."""

    name: str = ""
    content: bytes = b""
    form: UploadForm = field(default_factory=UploadForm)
    description: DatasetCreateRequest | None = None


async def read_dataset_body(request: Request) -> DatasetBody:
    """Return the request body.

    Raises:
        HTTPException: 413 for more than VERITRAIN_UPLOAD_MB, 415 for another kind of body.
        RequestValidationError: 422, as for any wrong body: a form without `file`, or with invalid fields.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        return DatasetBody(description=_parse_json(await _read_all(request, MAX_JSON_BYTES)))
    if content_type != "multipart/form-data":
        raise HTTPException(415, "send multipart/form-data with the part `file`, or application/json")
    max_bytes = environment().upload_mb * MEGABYTE
    try:
        parser = MultiPartParser(
            request.headers, _limited(request, max_bytes), max_files=1, max_fields=MAX_FIELDS,
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


async def _limited(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise HTTPException(
                413, f"more than {max_bytes / MEGABYTE:g} MB; split it, or raise VERITRAIN_UPLOAD_MB"
            )
        yield chunk


async def _read_all(request: Request, max_bytes: int) -> bytes:
    return b"".join([chunk async for chunk in _limited(request, max_bytes)])


def _parse_json(content: bytes) -> DatasetCreateRequest:
    try:
        return DatasetCreateRequest.model_validate(json.loads(content))
    except ValidationError as error:
        raise _invalid(error) from error
    except (ValueError, RecursionError) as error:
        raise _field_error("", "the body is not JSON") from error


def _parse_form(fields: dict[str, str]) -> UploadForm:
    try:
        return UploadForm.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> RequestValidationError:
    return RequestValidationError(
        [{**details, "loc": ("body", *details["loc"])} for details in error.errors()]
    )


def _field_error(field: str, message: str) -> RequestValidationError:
    location = ("body", field) if field else ("body",)
    return RequestValidationError([{"loc": location, "msg": message, "type": "value_error"}])
