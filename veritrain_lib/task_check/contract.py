"""Check of a task's output contract: it must be a valid JSON Schema that some answer, and every label, can satisfy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import KeyPath, Mistake, YamlDocument

BOUNDS = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
    ("minimum", "maximum"),
)
"""Pairs of JSON Schema keywords of which the first one's value must not exceed the second one's."""

TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None),
}  # fmt: skip

MAX_SHOWN = 5


def contract_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes in a task's output contract: it is invalid, no answer can satisfy it, or some labels can't."""
    from veritrain_lib.metrics.contract_rate import ContractRate

    try:
        ContractRate(task)
    except UserError as error:
        message = str(error).removeprefix(f"task {task.name}: ").split("\n\nFailed validating")[0]
        yield document.mistake(("contract",), " ".join(message.split()))
        return
    for path, reason in contradictions(task.contract):
        yield document.mistake(("contract", *path), f"no answer can satisfy this: {reason}")
    yield from _label_mistakes(task, document)


def contradictions(schema: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yield the parts of a JSON Schema that no value can satisfy, each with its path and the reason.

    Args:
        schema: The JSON Schema, or a part of one.
        path: The path of that part.
    """
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from contradictions(part, (*path, number))
    if not isinstance(schema, dict):
        return
    yield from ((path, reason) for reason in _contradictions_here(schema))
    for key, part in schema.items():
        if key in ("enum", "const", "default", "examples"):
            continue  # values, not schemas
        if key in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"):
            named_parts = part.items() if isinstance(part, dict) else ()
            for name, named_part in named_parts:
                yield from contradictions(named_part, (*path, key, name))
        else:
            yield from contradictions(part, (*path, key))


def _contradictions_here(schema: dict[str, Any]) -> Iterator[str]:
    for low, high in BOUNDS:
        if _is_number(schema.get(low)) and _is_number(schema.get(high)) and schema[low] > schema[high]:
            yield f"{low} {schema[low]} is above {high} {schema[high]}"
    if schema.get("enum") == []:
        yield "enum is empty"
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    values = schema["enum"] if schema.get("enum") else [schema["const"]] if "const" in schema else []
    if kinds and values and not any(_has_type(value, kind) for value in values for kind in kinds):
        shown = ", ".join(map(repr, values[:MAX_SHOWN]))
        yield f"the type is {' or '.join(kinds)}, and none of the allowed values is ({shown})"
    required, properties = schema.get("required", []), schema.get("properties", {})
    if schema.get("additionalProperties") is False and not schema.get("patternProperties"):
        undefined = [name for name in required if name not in properties]
        if undefined:
            yield f"{', '.join(undefined)} is required, and additionalProperties: false forbids it"
    forbidden = [name for name in required if properties.get(name) is False]
    if forbidden:
        yield f"{', '.join(forbidden)} is required and forbidden (false)"


def _label_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield a mistake if the contract's key for the answer does not allow every label, or free text."""
    import jsonschema_rs

    properties = task.contract.get("properties")
    answer_key = next((name for name in (task.target.field, "label") if name in (properties or {})), None)
    if answer_key is None or not isinstance(properties, dict):
        return
    part = properties[answer_key]
    full_schema = {**part, "$defs": task.contract.get("$defs", {})} if isinstance(part, dict) else part
    try:
        validator = jsonschema_rs.validator_for(full_schema, offline=True, validate_formats=False)
    except ValueError:
        return  # it refers to a part that only the full schema has
    path = ("contract", "properties", answer_key)
    if task.labels:
        invalid = [label for label in task.labels if not validator.is_valid(label)]
        if invalid:
            more = f" and {len(invalid) - MAX_SHOWN} more" if len(invalid) > MAX_SHOWN else ""
            yield document.mistake(
                path,
                f"{len(invalid)} of {len(task.labels)} labels do not satisfy the contract: {', '.join(map(repr, invalid[:MAX_SHOWN]))}{more}; "
                f"write target.labels into contract.properties.{answer_key}.enum",
            )
    elif isinstance(part, dict) and "string" not in part.get("type", "string"):
        yield document.mistake(
            path, f"the type is {part['type']}, and the answers of this task are text; set type: string"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_type(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES.get(kind, object))  # type: ignore[arg-type]
