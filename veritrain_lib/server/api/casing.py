"""Keys in both casings: page clients write camelCase, backend clients snake_case, and both must be understood.

Input models derive from `Given`: every field is accepted as `base_model_id` and as `baseModelId`. Answers derive
from `Answer` (snake_case) and are sent by `both` (every multi-word key twice), `camel` or as they are; a `TwofoldAnswer`
sends itself with every multi-word key twice, and its schema says so.
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


class Given(BaseModel):
    """What a client sends. Unknown keys are refused by their name, and text that no database keeps by its place."""

    model_config = ConfigDict(
        extra="forbid",
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(name, to_camel(name))),
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, given: Any) -> Any:
        """Refuse NUL and halves of a surrogate pair, in keys and in values."""
        check_text(given)
        return given


class Answer(BaseModel):
    """What is answered; fields are named in snake_case."""

    model_config = ConfigDict(protected_namespaces=())


class TwofoldAnswer(Answer):
    """An answer that carries every multi-word key in both casings, in what it sends and in its schema."""

    @model_serializer(mode="wrap")
    def _twice(self, plain: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        # Without a return type the schema stays that of the fields. Answers inside are doubled by themselves already.
        found = {
            name: both(one) if isinstance(getattr(self, name, None), dict) else one
            for name, one in plain(self).items()
        }
        return found | {to_camel(name): one for name, one in found.items() if _is_name(name)}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema of the fields, with the camelCase form of each beside it."""
        made = handler.resolve_ref_schema(handler(core))
        fields = made.get("properties", {})
        twins = {name: to_camel(name) for name in fields if _is_name(name)}
        made["properties"] = fields | {twin: dict(fields[name]) for name, twin in twins.items()}
        needed = made.get("required", [])
        made["required"] = [*needed, *(twins[name] for name in needed if name in twins)]
        return made


def check_text(value: Any, *place: str | int) -> None:
    """Raise ValidationError, with its place, for a string in a JSON value that holds what no database keeps: NUL, or
    half a surrogate pair."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= mark <= "\udfff" for mark in value):
            wrong = PydanticCustomError(
                "unkeepable_text", "holds a NUL or half of a surrogate pair, which can't be stored"
            )
            # The value itself is left out: an answer could not carry it either.
            details = InitErrorDetails(type=wrong, loc=place, input="")
            raise ValidationError.from_exception_data("text", [details])
    elif isinstance(value, dict):
        for key, one in value.items():
            check_text(key, *place)
            check_text(one, *place, key)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            check_text(one, *place, number)


class CamelAnswer(Answer):
    """An answer that is sent by `camel`: its documentation shows the keys in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


def camel(value: Any) -> Any:
    """A JSON value with the keys of the API in camelCase, all the way down."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return {to_camel(key) if _is_name(key) else key: camel(one) for key, one in value.items()}
    if isinstance(value, list):
        return [camel(one) for one in value]
    return value


def both(value: Any) -> Any:
    """A JSON value with every multi-word key in both casings, all the way down."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, one in value.items():
            own = both(one)
            found[key] = own
            if _is_name(key):
                found.setdefault(to_camel(key), own)
        return found
    if isinstance(value, list):
        return [both(one) for one in value]
    return value


def snake_keys(value: Any) -> Any:
    """Keys of a JSON value that a client sent, in snake_case, all the way down."""
    if isinstance(value, dict):
        return {to_snake(str(key)): snake_keys(one) for key, one in value.items()}
    if isinstance(value, list):
        return [snake_keys(one) for one in value]
    return value


def _is_name(key: str) -> bool:
    """Whether a key is a field's name, and not data such as a label or a slice."""
    return key.isidentifier() and key.islower() and "_" in key.strip("_")
