"""Functions that convert a chat request to the JSON body that the service expects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.llm.records import ChatRequest, Endpoint

# JSON Schema keywords that the provider's strict mode rejects. A schema with any of them is sent as a hint only, and
# our own check of every answer enforces it.
NON_STRICT_KEYWORDS = frozenset(
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
    """Return a chat request as the JSON object of the HTTP request; the same request always gives the same object.

    Args:
        request: The request.
        endpoint: The endpoint, whose model name becomes part of the object.
    """
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
        json_schema = {
            "name": f"answer_{digest.of_json(schema)[:12]}",
            "schema": schema,
            "strict": is_strict(schema),
        }
        body["response_format"] = {"type": "json_schema", "json_schema": json_schema}
    if request.log_probabilities:
        body["logprobs"] = True
    return body


def encode(body: Mapping[str, Any]) -> bytes:
    """Return the JSON of a chat request as UTF-8.

    Lone surrogates, which UTF-8 can't represent, become question marks.
    """
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def is_strict(schema: object, *, is_root: bool = True) -> bool:
    """Return whether the provider's strict mode of structured answers accepts a JSON Schema.

    It accepts a schema whose root is an object, whose objects allow no additional properties and require all their
    properties, and which contains none of `NON_STRICT_KEYWORDS`.

    Args:
        schema: The JSON Schema, or a part of one.
        is_root: Whether it is the whole schema and not a part.
    """
    if not isinstance(schema, Mapping) or NON_STRICT_KEYWORDS & set(schema):
        return False
    if is_root and (schema.get("type") != "object" or "anyOf" in schema):
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
    return all(is_strict(part, is_root=False) for part in parts)
