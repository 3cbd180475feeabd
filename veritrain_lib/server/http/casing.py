"""JSON keys of the REST API in camelCase and snake_case: base classes of its models, and conversions.

Clients in web pages use camelCase and clients in backends use snake_case, so the API understands both. Request models
derive from `RequestModel`, which accepts each field as `base_model_id` and as `baseModelId`. Response models derive
from `ResponseModel` (snake_case keys); `dual_case` sends each multi-word key in both forms, `camel_case` in camelCase
only. A `DualCaseResponse` sends both forms by itself, and its JSON schema lists both.
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
    """Base class of request bodies of the REST API; keys may be in camelCase or snake_case.

    Unknown keys are rejected with their name, and text that no database can store is rejected with its path.
    """

    model_config = ConfigDict(
        extra="forbid",
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(name, to_camel(name))),
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, value: Any) -> Any:
        """Reject NUL characters and unpaired surrogates in keys and values, which no database can store."""
        check_text(value)
        return value


class ResponseModel(BaseModel):
    """Base class of responses of the REST API with snake_case keys."""

    model_config = ConfigDict(protected_namespaces=())


class DualCaseResponse(ResponseModel):
    """Base class of REST API responses that contain each multi-word key twice: in snake_case and in camelCase."""

    @model_serializer(mode="wrap")
    def _twice(self, serialize: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        """Return the JSON object of the response with each multi-word key in both casings."""
        # Without a return type the schema stays that of the fields. Nested responses already have both casings.
        values = {
            name: dual_case(value) if isinstance(getattr(self, name, None), dict) else value
            for name, value in serialize(self).items()
        }
        return values | {to_camel(name): value for name, value in values.items() if _is_name(name)}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON schema of the response, in which each multi-word field appears in both casings."""
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
    """Check that all strings of a JSON value can be stored in a database.

    Args:
        value: A JSON value from a client; keys and nested values are checked too.
        *path: Keys and indexes that lead to `value`, for the error message.

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
    """Base class of responses of the REST API with camelCase keys; `camel_case` converts them when they are sent."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


def camel_case(value: Any) -> Any:
    """Return a JSON value or a pydantic model as JSON with its field names in camelCase, nested ones included.

    Keys that are data rather than field names, such as labels, stay as they are.
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return {to_camel(key) if _is_name(key) else key: camel_case(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camel_case(item) for item in value]
    return value


def dual_case(value: Any) -> Any:
    """Return a JSON value or a pydantic model as JSON, with each multi-word field name in both casings.

    Nested objects are converted too. Keys that are data rather than field names, such as labels, stay as they are.
    """
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
    """Return a JSON value with all its keys in snake_case, nested ones included."""
    if isinstance(value, dict):
        return {to_snake(str(key)): to_snake_case(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_snake_case(item) for item in value]
    return value


def _is_name(key: str) -> bool:
    """Return whether a JSON key is a multi-word field name in snake_case, and not data such as a label."""
    return key.isidentifier() and key.islower() and "_" in key.strip("_")
