"""A contract that some answer can keep: a valid JSON Schema that allows the task's labels and contradicts itself nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Document, Mistake, Path

PAIRS = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
    ("minimum", "maximum"),
)
"""Keywords of JSON Schema of which the first must not be above the second."""

TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None),
}  # fmt: skip

SHOWN = 5


def contract_mistakes(task: Task, document: Document) -> Iterator[Mistake]:
    """Why no answer, or not every label, can keep the contract."""
    from veritrain_lib.metrics.contract_rate import ContractRate

    try:
        ContractRate(task)
    except UserError as error:
        told = str(error).removeprefix(f"task {task.name}: ").split("\n\nFailed validating")[0]
        yield document.mistake(("contract",), " ".join(told.split()))
        return
    for way, said in contradictions(task.contract):
        yield document.mistake(("contract", *way), f"no answer can keep this: {said}")
    yield from _answers(task, document)


def contradictions(schema: Any, way: Path = ()) -> Iterator[tuple[Path, str]]:
    """Places of a JSON Schema that allow nothing at all, each with the way to it and the reason."""
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from contradictions(part, (*way, number))
    if not isinstance(schema, dict):
        return
    yield from ((way, said) for said in _here(schema))
    for key, part in schema.items():
        if key in ("enum", "const", "default", "examples"):
            continue  # values, no schemas
        if key in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"):
            inner = part.items() if isinstance(part, dict) else ()
            for name, one in inner:
                yield from contradictions(one, (*way, key, name))
        else:
            yield from contradictions(part, (*way, key))


def _here(schema: dict[str, Any]) -> Iterator[str]:
    for low, high in PAIRS:
        if _number(schema.get(low)) and _number(schema.get(high)) and schema[low] > schema[high]:
            yield f"{low} {schema[low]} is above {high} {schema[high]}"
    if schema.get("enum") == []:
        yield "enum is empty"
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    values = schema["enum"] if schema.get("enum") else [schema["const"]] if "const" in schema else []
    if kinds and values and not any(_is_a(value, kind) for value in values for kind in kinds):
        shown = ", ".join(map(repr, values[:SHOWN]))
        yield f"the type is {' or '.join(kinds)}, and none of the allowed values is ({shown})"
    required, properties = schema.get("required", []), schema.get("properties", {})
    if schema.get("additionalProperties") is False and not schema.get("patternProperties"):
        lost = [name for name in required if name not in properties]
        if lost:
            yield f"{', '.join(lost)} is required, and additionalProperties: false forbids it"
    forbidden = [name for name in required if properties.get(name) is False]
    if forbidden:
        yield f"{', '.join(forbidden)} is required and forbidden (false)"


def _answers(task: Task, document: Document) -> Iterator[Mistake]:
    """The answer's own key: every label must be allowed there, or free text."""
    import jsonschema_rs

    properties = task.contract.get("properties")
    key = next((one for one in (task.target.field, "label") if one in (properties or {})), None)
    if key is None or not isinstance(properties, dict):
        return
    part = properties[key]
    whole = {**part, "$defs": task.contract.get("$defs", {})} if isinstance(part, dict) else part
    try:
        validator = jsonschema_rs.validator_for(whole, offline=True, validate_formats=False)
    except ValueError:
        return  # it refers to a place that only the whole schema has
    way = ("contract", "properties", key)
    if task.labels:
        lost = [label for label in task.labels if not validator.is_valid(label)]
        if lost:
            more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
            yield document.mistake(
                way,
                f"{len(lost)} of {len(task.labels)} labels can't keep the contract: {', '.join(map(repr, lost[:SHOWN]))}{more}; "
                f"write target.labels into contract.properties.{key}.enum",
            )
    elif isinstance(part, dict) and "string" not in part.get("type", "string"):
        yield document.mistake(
            way, f"the type is {part['type']}, and the answers of this task are text; set type: string"
        )


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_a(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES.get(kind, object))  # type: ignore[arg-type]
