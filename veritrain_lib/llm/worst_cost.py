"""Functions that compute the worst-case cost of a chat request.

This cost is reserved in the ledger before the request is sent, so that the cost cap is never exceeded.
"""

from __future__ import annotations

import json

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.prices import MILLION, Price
from veritrain_lib.llm.records import ChatRequest

MESSAGE_OVERHEAD_TOKENS, REQUEST_OVERHEAD_TOKENS = 8, 16
"""Tokens added for each message and for the whole request in the upper bound of input tokens.

Providers count 3 to 4 per message and 3 per request, so the bound is generous.
"""


def characters(request: ChatRequest) -> int:
    """Return the number of characters that a chat request sends: all messages, and the JSON Schema if there is one."""
    message_characters = sum(len(message.content) for message in request.messages)
    return message_characters + (
        len(json.dumps(request.schema, ensure_ascii=False)) if request.schema is not None else 0
    )


def max_input_tokens(request: ChatRequest) -> int:
    """Return an upper bound of a chat request's input tokens, computed from its bytes.

    The bound holds because every token of a byte-level tokenizer covers at least one byte.
    """
    text = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
    schema = 2 * len(json.dumps(request.schema).encode()) if request.schema is not None else 0
    return text + schema + MESSAGE_OVERHEAD_TOKENS * len(request.messages) + REQUEST_OVERHEAD_TOKENS


def max_output_tokens(request: ChatRequest, price: Price) -> int:
    """Return an upper bound of the output tokens that a chat request may be billed for, over all its candidates.

    The limit of one candidate is the request's `max_tokens`, or the model's longest answer if the request
    sets none.

    Args:
        request: The request.
        price: Price of the model, which may name its longest answer.

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
    """Return the most that a chat request can cost, in US dollars; 0 for a model whose price is 0.

    Raises:
        UserError: The length of the longest answer is not known (see `max_output_tokens`).
    """
    if price.input == price.output == 0:
        return 0.0
    highest_input_price = max(price.input, price.cached)
    input_tokens, output_tokens = max_input_tokens(request), max_output_tokens(request, price)
    return (input_tokens * highest_input_price + output_tokens * price.output) / MILLION
