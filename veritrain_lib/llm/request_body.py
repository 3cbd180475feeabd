"""A request as the service wants it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.llm.records import ChatRequest, Endpoint

# Words that the provider's strict mode refuses; with any of them the schema is sent as a wish, and our own
# check of every answer is what holds it.
LOOSE_WORDS = frozenset(
    [
        "allOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "unevaluatedItems",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "prefixItems",
        "minProperties",
        "maxProperties",
        "$dynamicRef",
        "$anchor",
    ]
)


def body_of(request: ChatRequest, endpoint: Endpoint) -> dict[str, Any]:
    """The JSON of the HTTP request; the same request always gives the same body."""
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
    }
    if request.n != 1:
        body["n"] = request.n
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body["max_completion_tokens"] = request.max_tokens
    if request.seed is not None:
        body["seed"] = request.seed
    if request.schema is not None:
        schema = dict(request.schema)
        wanted = {
            "name": f"answer_{digest.of_json(schema)[:12]}",
            "schema": schema,
            "strict": is_strict(schema),
        }
        body["response_format"] = {"type": "json_schema", "json_schema": wanted}
    if request.log_probabilities:
        body["logprobs"] = True
    return body


def encode(body: Mapping[str, Any]) -> bytes:
    """The body's bytes. A lone surrogate is sent as the replacement mark: JSON has no place for it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def is_strict(schema: object, *, top: bool = True) -> bool:
    """Whether a schema keeps to the subset that the provider's strict mode takes.

    Every object closed and every property required, the root an object, and none of `LOOSE_WORDS`.
    """
    if not isinstance(schema, Mapping) or LOOSE_WORDS & set(schema):
        return False
    if top and (schema.get("type") != "object" or "anyOf" in schema):
        return False
    if not {"type", "enum", "const", "anyOf", "$ref"} & set(schema):
        return False
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(
            properties
        ):
            return False
    parts = [
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", ()),
        *schema.get("$defs", {}).values(),
    ]
    if "items" in schema:
        parts.append(schema["items"])
    return all(is_strict(part, top=False) for part in parts)
