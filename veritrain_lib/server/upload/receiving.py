"""The body of `POST /datasets`: a file as multipart, or a description as JSON, within its size."""

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

from veritrain_lib.server.api.dataset_schemas import DatasetGiven, UploadGiven
from veritrain_lib.server.environment import environment

MEGABYTE = 1_048_576
LONGEST_FIELD, MOST_FIELDS, LONGEST_JSON = 16_384, 12, 65_536


@dataclass(frozen=True)
class Received:
    """What came: either a file (`name`, `content`) with what a form said of it, or `description`."""

    name: str = ""
    content: bytes = b""
    form: UploadGiven = field(default_factory=UploadGiven)
    description: DatasetGiven | None = None


async def received(request: Request) -> Received:
    """Read the body.

    Raises HTTPException 413 for more than VERITRAIN_UPLOAD_MB, 415 for another kind of body, 422 (as any wrong body)
    for a form without `file` or fields that can't be.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return Received(description=_json(await _whole(request, LONGEST_JSON)))
    if kind != "multipart/form-data":
        raise HTTPException(415, "send multipart/form-data with the part `file`, or application/json")
    most = environment().upload_mb * MEGABYTE
    try:
        parser = MultiPartParser(
            request.headers, _limited(request, most), max_files=1, max_fields=MOST_FIELDS,
            max_part_size=LONGEST_FIELD,
        )  # fmt: skip
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise _wrong("file", f"the form can't be read: {error}") from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise _wrong("file", "the part `file` is missing")
        fields = {key: value for key, value in form.items() if isinstance(value, str) and value != ""}
        return Received(file.filename or "upload", await file.read(), _form(fields))
    finally:
        await form.close()


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise HTTPException(
                413, f"more than {most / MEGABYTE:g} MB; split it, or raise VERITRAIN_UPLOAD_MB"
            )
        yield chunk


async def _whole(request: Request, most: int) -> bytes:
    return b"".join([chunk async for chunk in _limited(request, most)])


def _json(content: bytes) -> DatasetGiven:
    try:
        return DatasetGiven.model_validate(json.loads(content))
    except ValidationError as error:
        raise _invalid(error) from error
    except (ValueError, RecursionError) as error:
        raise _wrong("", "the body is no JSON") from error


def _form(fields: dict[str, str]) -> UploadGiven:
    try:
        return UploadGiven.model_validate(fields)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> RequestValidationError:
    return RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()])


def _wrong(field: str, message: str) -> RequestValidationError:
    where = ("body", field) if field else ("body",)
    return RequestValidationError([{"loc": where, "msg": message, "type": "value_error"}])
