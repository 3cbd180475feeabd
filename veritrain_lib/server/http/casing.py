"""Base classes and conversions for JSON keys in both camelCase and snake_case.

Page clients write camelCase and backend clients write snake_case, so both must be understood. Request models derive
from `RequestModel`: every field is accepted as `base_model_id` and as `baseModelId`. Response models derive from
`ResponseModel` (snake_case) and are sent by `dual_case` (every multi-word key twice), by `camel_case`, or as they are.
A `DualCaseResponse` serializes every multi-word key twice by itself, and its schema says so.
"""

from __future__ import annotations

from typing import Any

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError


class RequestModel(BaseModel):
    """Base class of request bodies.

    Unknown keys are rejected by name; text that no database can store is rejected with its path.
    """

    model_config = ConfigDict(
        extra="forbid",
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(name, to_camel(name))),
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, value: Any) -> Any:
        """Reject NUL characters and unpaired surrogates in keys and in values."""
        check_text(value)
        return value


class ResponseModel(BaseModel):
    """Base class of responses; its fields are named in snake_case."""

    model_config = ConfigDict(protected_namespaces=())


class DualCaseResponse(ResponseModel):
    """Response that has every multi-word key in both casings, in its JSON and in its schema."""

    @model_serializer(mode="wrap")
    def _twice(self, serialize: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        # Without a return type the schema stays that of the fields. Nested responses already have both casings.
        values = {
            name: dual_case(value) if isinstance(getattr(self, name, None), dict) else value
            for name, value in serialize(self).items()
        }
        return values | {to_camel(name): value for name, value in values.items() if _is_name(name)}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the fields, each multi-word one in both casings."""
        schema = handler.resolve_ref_schema(handler(core))
        fields = schema.get("properties", {})
        camel_names = {name: to_camel(name) for name in fields if _is_name(name)}
        schema["properties"] = fields | {
            camel_name: dict(fields[name]) for name, camel_name in camel_names.items()
        }
        required = schema.get("required", [])
        schema["required"] = [*required, *(camel_names[name] for name in required if name in camel_names)]
        return schema


def check_text(value: Any, *path: str | int) -> None:
    """Raise an error if a string in a JSON value can't be stored in a database.

    Args:
        value: A JSON value; it is searched recursively, keys included.
        *path: Keys and indexes that lead to `value`.

    Raises:
        ValidationError: A string contains NUL or an unpaired surrogate; the error names its path.
    """
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            error = PydanticCustomError(
                "unkeepable_text", "contains a NUL character or an unpaired surrogate, which can't be stored"
            )
            # The value itself is omitted: a response could not contain it either.
            details = InitErrorDetails(type=error, loc=path, input="")
            raise ValidationError.from_exception_data("text", [details])
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key, *path)
            check_text(item, *path, key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            check_text(item, *path, number)


class CamelCaseResponse(ResponseModel):
    """Response that is sent by `camel_case`; its documentation shows the keys in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


def camel_case(value: Any) -> Any:
    """Return a JSON value with the API's keys in camelCase, recursively."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return {to_camel(key) if _is_name(key) else key: camel_case(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camel_case(item) for item in value]
    return value


def dual_case(value: Any) -> Any:
    """Return a JSON value with every multi-word key in both casings, recursively."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        doubled: dict[str, Any] = {}
        for key, item in value.items():
            value_in_both = dual_case(item)
            doubled[key] = value_in_both
            if _is_name(key):
                doubled.setdefault(to_camel(key), value_in_both)
        return doubled
    if isinstance(value, list):
        return [dual_case(item) for item in value]
    return value


def to_snake_case(value: Any) -> Any:
    """Return a JSON value of a client with its keys in snake_case, recursively."""
    if isinstance(value, dict):
        return {to_snake(str(key)): to_snake_case(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_snake_case(item) for item in value]
    return value


def _is_name(key: str) -> bool:
    """Return whether a key is the name of a field rather than data such as a label or a slice."""
    return key.isidentifier() and key.islower() and "_" in key.strip("_")
