"""Schemas and answers drawn by a fixed seed, in seven levels of difficulty."""

from __future__ import annotations

import json
import random
import re
from typing import Any

LEVELS = 7
EACH = 20

_NAMES = ("a", "b", "label", "Größe", "名前", "x_1", "")
_WORDS = ("", "a", "billing", "höflich", "👍", "日本語", "a b", "AB12", "-", "e\u0301", "x" * 40)
_PATTERNS = ("^[a-z]+$", "[0-9]", r"^\d{2}$", "^.{1,3}$", "b", r"^\w*$", "ä|日", "^$")
_NUMBERS = (0, 1, -1, 2, 3, 10, 0.5, 0.1, 0.3, -2.5, 100, 2**53, 2**53 + 1, 10**20, 1.0, 1e-7)


def schemas() -> list[tuple[int, Any]]:
    """(level, schema), `EACH` a level; the same at every call."""
    found: dict[str, tuple[int, Any]] = {}
    for level in range(1, LEVELS + 1):
        for number in range(1000):
            drawn = schema(random.Random(f"{level}/{number}"), level)
            found.setdefault(json.dumps(drawn, sort_keys=True), (level, drawn))
            if len(found) == level * EACH:
                break
    return list(found.values())


def schema(chance: random.Random, level: int) -> Any:
    """Level 1: types, const, enum. 2: numbers and strings. 3: arrays. 4: objects. 5: combined and negated. 6:
    conditions and dependencies. 7: references and what is left unevaluated. Each has those before it inside."""
    makers = (_plain, _number, _text, _array, _object, _combined, _conditional, _referring)
    first = {1: 0, 2: 1, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7}[level]
    return makers[first](chance, level)


def _part(chance: random.Random, level: int, easier: int = 1) -> Any:
    below = max(1, level - easier - chance.randrange(2))
    if below == 1:
        return chance.choice((_plain, _number, _text))(chance, 1)
    return schema(chance, below)


def _plain(chance: random.Random, level: int) -> Any:
    kind = chance.randrange(5)
    if kind == 0:
        return {"type": chance.choice(("string", "number", "integer", "boolean", "null", "array", "object"))}
    if kind == 1:
        return {"type": chance.sample(("string", "number", "integer", "boolean", "null"), 2)}
    if kind == 2:
        return {"const": value(chance, 1)}
    if kind == 3:
        return {"enum": [value(chance, 1) for _ in range(3)]}
    return chance.choice((True, {}, {"type": "string", "format": "date"}, {"not": {"type": "null"}}))


def _number(chance: random.Random, level: int) -> Any:
    found: dict[str, Any] = {"type": chance.choice(("number", "integer"))}
    for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if chance.random() < 0.35:
            found[name] = chance.choice(_NUMBERS)
    if chance.random() < 0.4:
        found["multipleOf"] = chance.choice((1, 2, 3, 0.1, 0.5, 0.01, 7, 1e-7))
    if chance.random() < 0.2:
        del found["type"]
    return found or {"multipleOf": 2}


def _text(chance: random.Random, level: int) -> Any:
    found: dict[str, Any] = {"type": "string"}
    if chance.random() < 0.5:
        found["minLength"] = chance.randrange(4)
    if chance.random() < 0.5:
        found["maxLength"] = chance.randrange(1, 6)
    if chance.random() < 0.5:
        found["pattern"] = chance.choice(_PATTERNS)
    return found


def _array(chance: random.Random, level: int) -> Any:
    found: dict[str, Any] = {"type": "array"}
    if chance.random() < 0.4:
        found["prefixItems"] = [_part(chance, level) for _ in range(chance.randrange(1, 3))]
    if chance.random() < 0.7:
        found["items"] = chance.choice((False, _part(chance, level), _part(chance, level)))
    if chance.random() < 0.4:
        found["contains"] = _part(chance, level)
        if chance.random() < 0.5:
            found["minContains"] = chance.randrange(3)
        if chance.random() < 0.5:
            found["maxContains"] = chance.randrange(1, 3)
    if chance.random() < 0.4:
        found["uniqueItems"] = True
    if chance.random() < 0.4:
        found["minItems"] = chance.randrange(3)
    if chance.random() < 0.4:
        found["maxItems"] = chance.randrange(1, 5)
    return found


def _object(chance: random.Random, level: int) -> Any:
    names = chance.sample(_NAMES, 3)
    found: dict[str, Any] = {"type": "object", "properties": {name: _part(chance, level) for name in names}}
    if chance.random() < 0.7:
        found["required"] = names[: chance.randrange(3)]
    if chance.random() < 0.4:
        found["patternProperties"] = {chance.choice(_PATTERNS): _part(chance, level)}
    if chance.random() < 0.5:
        found["additionalProperties"] = chance.choice((False, _part(chance, level)))
    if chance.random() < 0.3:
        found["propertyNames"] = {"maxLength": chance.randrange(1, 6)}
    if chance.random() < 0.3:
        found["minProperties"] = chance.randrange(3)
    if chance.random() < 0.3:
        found["maxProperties"] = chance.randrange(1, 4)
    return found


def _combined(chance: random.Random, level: int) -> Any:
    found: dict[str, Any] = {}
    for name in chance.sample(("allOf", "anyOf", "oneOf", "anyOf"), chance.randrange(1, 3)):
        parts = [_part(chance, level) for _ in range(2)]
        # Two parts that are drawn apart seldom agree on a value; the second one then only tightens.
        found[name] = [parts[0], {"maxLength": 4, "maximum": 5, "maxItems": 2}] if name == "allOf" else parts
    if chance.random() < 0.4:
        found["not"] = _part(chance, level, 3)
    return found


def _conditional(chance: random.Random, level: int) -> Any:
    names = chance.sample(_NAMES, 3)
    found: dict[str, Any] = {"properties": {name: _part(chance, level, 2) for name in names}}
    found["if"] = {"required": [names[0]], "properties": {names[0]: _part(chance, level, 4)}}
    found["then"] = {"required": [names[1]]}
    if chance.random() < 0.6:
        found["else"] = {"properties": {names[2]: _part(chance, level, 3)}}
    if chance.random() < 0.6:
        found["dependentRequired"] = {names[1]: [names[2]]}
    if chance.random() < 0.5:
        found["dependentSchemas"] = {names[2]: {"maxProperties": 2}}
    return found


def _referring(chance: random.Random, level: int) -> Any:
    names = chance.sample(_NAMES[:5], 3)
    found: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {
            "part": _part(chance, level, 2),
            "tree": {
                "type": "object",
                "properties": {names[0]: {"$ref": "#/$defs/part"}, names[1]: {"$ref": "#/$defs/tree"}},
            },
        },
        "type": "object",
        "allOf": [{"$ref": "#/$defs/tree"}, {"properties": {names[2]: _part(chance, level, 4)}}],
    }
    if chance.random() < 0.7:
        found["unevaluatedProperties"] = chance.choice((False, {"type": "integer"}))
    if chance.random() < 0.5:
        found["anyOf"] = [{"required": [names[0]]}, {"properties": {"extra": True}, "required": ["extra"]}]
    return found


def value(chance: random.Random, depth: int) -> Any:
    """Any JSON value, nested up to `depth`."""
    kind = chance.randrange(8 if depth > 0 else 5)
    if kind == 0:
        return chance.choice((None, True, False))
    if kind in (1, 2):
        return chance.choice(_NUMBERS)
    if kind in (3, 4):
        return chance.choice(_WORDS)
    if kind == 5:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {name: value(chance, depth - 1) for name in chance.sample((*_NAMES, "extra"), chance.randrange(4))}


def answer(chance: random.Random, schema: Any, root: Any, depth: int = 4) -> Any:
    """A value that leans towards what the schema asks for, so that not all are refused."""
    if not isinstance(schema, dict) or depth < 0 or chance.random() < 0.06:
        return value(chance, 1)
    if "$ref" in schema:
        return answer(chance, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, depth - 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return chance.choice(schema["enum"])
    for name in ("oneOf", "anyOf", "allOf"):
        if name in schema and chance.random() < 0.8 and "properties" not in schema:
            found = answer(chance, chance.choice(schema[name]), root, depth - 1)
            if isinstance(found, dict) and chance.random() < 0.4:
                found = {**found, "extra": 1}
            return found
    kind = schema.get("type")
    kind = chance.choice(kind) if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return _answer_object(chance, schema, root, depth)
    if kind == "array" or "prefixItems" in schema:
        head = [answer(chance, one, root, depth - 1) for one in schema.get("prefixItems", [])]
        more = schema.get("items", schema.get("contains", True))
        rest = (
            []
            if more is False
            else [answer(chance, more, root, depth - 1) for _ in range(chance.randrange(4))]
        )
        return head + rest
    if kind == "string":
        return chance.choice(_WORDS)
    if kind in ("number", "integer") or "multipleOf" in schema:
        return chance.choice(_NUMBERS)
    if kind == "boolean":
        return chance.random() < 0.5
    return None if kind == "null" else value(chance, 1)


def _answer_object(chance: random.Random, schema: Any, root: Any, depth: int) -> Any:
    found = {
        name: answer(chance, part, root, depth - 1)
        for name, part in schema.get("properties", {}).items()
        if name in schema.get("required", ()) or chance.random() < 0.6
    }
    if chance.random() < 0.25:
        found[chance.choice((*_NAMES, "extra", "12"))] = value(chance, 0)
    return found


def texts(chance: random.Random, schema: Any) -> list[str]:
    """Answers as a model could write them: ten values, then the same with what models and writers do to JSON."""
    values = [answer(chance, schema, schema) for _ in range(10)]
    plain = [json.dumps(one, ensure_ascii=chance.random() < 0.5) for one in values]
    one = chance.choice(plain)
    return [
        *plain,
        f"Sure, here it is: {one}",
        f"```json\n{one}\n```",
        f" \n{one}\t\r\n",
        f"{one}{one}",
        one[: len(one) // 2],
        one.replace('"', "'"),
        one[:-1] + ',"a":1}'
        if one.endswith('"}') or (one[-2:-1].isdigit() and one.endswith("}"))
        else one + ",",
        re.sub(r"(?<![\w.+-])1(?![\w.])", "1.0", one),
        re.sub(r"(?<![\w.+-])1(?![\w.])", "10e-1", one),
        one.replace("0.1", "NaN"),
        '{"a": NaN}',
        "",
    ]
