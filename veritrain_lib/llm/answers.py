"""Functions that parse a chat model's stored raw answer into its candidates and check each candidate separately."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.records import ChatRequest, Choice, ReplyOutcome, Usage
from veritrain_lib.llm.response_adapter import error_in

MAX_MESSAGE_CHARACTERS = 200
"""Maximum number of characters that an error reason quotes from a text of the provider or the model."""


def parse(raw: bytes) -> dict[str, Any] | None:
    """Return a chat model's raw answer as a JSON object if it is usable, else None.

    Usable means that `choices` is a non-empty list of objects, of which at least one is not a mere report of
    a failure at the provider.
    """
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        return None
    if not all(isinstance(choice, dict) for choice in choices):
        return None
    return None if all(_is_failure(choice) for choice in choices) else answer


def _is_failure(choice: Mapping[str, Any]) -> bool:
    return (choice.get("finish_reason") == "error" or bool(choice.get("error"))) and not text_of(choice)


def text_of(choice: Mapping[str, Any]) -> str:
    """Return the text of one candidate of a chat model's answer, wherever the service put it.

    The text may be a string, a list of parts that are joined, or the field `delta` or `text` that streaming
    and older services use. A candidate without text gives an empty string.
    """
    message = choice.get("message") or choice.get("delta")
    content = message.get("content") if isinstance(message, Mapping) else choice.get("text")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        return storable("".join(part for part in parts if isinstance(part, str)))
    return storable(content) if isinstance(content, str) else ""


def storable(text: str) -> str:
    """Return a chat model's text in a form that every file and database can store.

    NUL characters and lone halves of surrogate pairs are replaced by U+FFFD.
    """
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_content_filter(status: int, raw: bytes) -> bool:
    """Return whether a chat service's error response says that its content filter rejected the prompt.

    Such a request is not retried, because it would be rejected again.

    Args:
        status: HTTP status of the response.
        raw: Body of the response.
    """
    return status == 400 and error_of(raw)[0] == "content_filter"


def error_of(raw: bytes) -> tuple[str, str]:
    """Return the error code and the message in a chat service's error response; each is empty if it is absent."""
    try:
        return error_in(json.loads(raw))
    except (ValueError, RecursionError):
        return "", ""


def usage_of(answer: Mapping[str, Any]) -> Usage | None:
    """Return the token counts that the provider reported with a chat model's answer; None when it reported none."""
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return None
    input_tokens = _count(usage.get("prompt_tokens", usage.get("input_tokens")))
    output_tokens = _count(usage.get("completion_tokens", usage.get("output_tokens")))
    if input_tokens is None or output_tokens is None:
        return None
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    return Usage(input_tokens, output_tokens, min(cached or 0, input_tokens))


def _count(value: object) -> int | None:
    """Return a reported token count as an integer; None if it is a text, negative or a fraction."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def choices_of(request: ChatRequest, status: int, raw: bytes) -> tuple[tuple[Choice, ...], ReplyOutcome, str]:
    """Parse a chat model's stored answer into its candidates and the outcome of the whole reply.

    Args:
        request: The request that was answered; its JSON Schema, if it has one, is checked on every candidate.
        status: HTTP status of the stored response.
        raw: Body of the stored response.

    Returns:
        The candidates, the outcome (`done` if at least one candidate is usable, else that of the first
        candidate), and the reason for it in words, empty for `done`.
    """
    if is_content_filter(status, raw):
        return (), "filtered", "the provider's content filter refused the prompt"
    answer = parse(raw)
    if answer is None:
        return (), "invalid", "the stored answer contains no choices"
    choices = tuple(_choice(request, choice) for choice in answer["choices"])
    if any(choice.outcome == "done" for choice in choices):
        return choices, "done", ""
    return choices, choices[0].outcome, choices[0].reason


def _choice(request: ChatRequest, choice: Mapping[str, Any]) -> Choice:
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    finish = choice.get("finish_reason")
    text = text_of(choice)
    log_probability = _log_probability(choice.get("logprobs"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return Choice(
            refusal, "refused", f"the model refused: {refusal[:MAX_MESSAGE_CHARACTERS]}", log_probability
        )
    if finish == "content_filter":
        return Choice(text, "filtered", "the provider's content filter cut the answer", log_probability)
    if finish == "length":
        return Choice(text, "invalid", "the answer was cut at the limit of tokens", log_probability)
    if not text.strip():
        return Choice(text, "invalid", _why_empty(message, finish), log_probability)
    problem = schema_violation(request.schema, text) if request.schema is not None else None
    return (
        Choice(text, "invalid", problem, log_probability)
        if problem
        else Choice(text, "done", "", log_probability)
    )


def _why_empty(message: Mapping[str, Any], finish: object) -> str:
    calls = message.get("tool_calls") or message.get("function_call")
    if calls:
        return f"the model called a tool instead of answering: {json.dumps(calls, default=str)[:MAX_MESSAGE_CHARACTERS]}"
    if message.get("reasoning_content") or message.get("reasoning"):
        return "the answer is empty: the model only produced reasoning; raise max_tokens"
    if finish == "error":
        return "the provider failed in the middle of this answer"
    return "the answer is empty"


def schema_violation(schema: Mapping[str, Any], text: str) -> str | None:
    """Return the reason why a candidate's text is not JSON that fulfils the requested schema; None if it fulfils it.

    Args:
        schema: The JSON Schema.
        text: The candidate's text.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return f"the answer is not JSON: {str(error)[:MAX_MESSAGE_CHARACTERS]}"
    try:
        violation = next(iter(_validator(json.dumps(schema, sort_keys=True)).iter_errors(value)), None)
    except ValueError as error:  # half of a surrogate pair, or a number that is too large
        return f"the answer contains a value that can't be checked: {str(error)[:MAX_MESSAGE_CHARACTERS]}"
    if violation is None:
        return None
    path = "/".join(str(part) for part in violation.instance_path)
    return f"the answer violates the schema at /{path}: {str(violation.message)[:MAX_MESSAGE_CHARACTERS]}"


def check_schema(schema: Mapping[str, Any]) -> None:
    """Check that a JSON Schema for structured answers is itself valid, before any request is sent with it.

    Raises:
        UserError: The JSON Schema is not valid.
    """
    _validator(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(json.loads(schema))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise UserError(
            f"the JSON Schema for the answers is not valid: {str(error)[:MAX_MESSAGE_CHARACTERS]}"
        ) from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _log_probability(logprobs: object) -> float | None:
    tokens = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(tokens, list) or not tokens:
        return None
    values: list[Any] = [token.get("logprob") for token in tokens if isinstance(token, Mapping)]
    if len(values) != len(tokens) or not all(isinstance(value, int | float) for value in values):
        return None
    return math.fsum(values)
