"""The worst-case cost of a request, which is reserved before it is sent so that a cap is never exceeded."""

from __future__ import annotations

import json

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.prices import MILLION, Price
from veritrain_lib.llm.records import ChatRequest

MESSAGE_OVERHEAD_TOKENS, REQUEST_OVERHEAD_TOKENS = 8, 16
"""Tokens around each message and around the whole request; providers count 3 to 4 and 3."""


def characters(request: ChatRequest) -> int:
    """Return how many characters are sent: messages and schema."""
    message_characters = sum(len(message.content) for message in request.messages)
    return message_characters + (
        len(json.dumps(request.schema, ensure_ascii=False)) if request.schema is not None else 0
    )


def max_input_tokens(request: ChatRequest) -> int:
    """Return an upper bound of the input tokens.

    A byte-level tokenizer makes no token of less than one byte.
    """
    text = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
    schema = 2 * len(json.dumps(request.schema).encode()) if request.schema is not None else 0
    return text + schema + MESSAGE_OVERHEAD_TOKENS * len(request.messages) + REQUEST_OVERHEAD_TOKENS


def max_output_tokens(request: ChatRequest, price: Price) -> int:
    """Return an upper bound of the output tokens.

    It is the request's own limit, else the model's, for every candidate.

    Raises:
        UserError: Neither limit is known.
    """
    limit = request.max_tokens if request.max_tokens is not None else price.max_output
    if limit is None:
        raise UserError(
            f"the longest answer of {price.name} is not known, so its worst cost is not either: give max_tokens, "
            "or max_output in its price entry"
        )
    return limit * request.n


def worst_cost(request: ChatRequest, price: Price) -> float:
    """Return the most a request can cost, in US dollars.

    Free models cost nothing however long they answer.
    """
    if price.input == price.output == 0:
        return 0.0
    highest_input_price = max(price.input, price.cached)
    input_tokens, output_tokens = max_input_tokens(request), max_output_tokens(request, price)
    return (input_tokens * highest_input_price + output_tokens * price.output) / MILLION
