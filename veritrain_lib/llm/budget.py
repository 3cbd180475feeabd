"""The worst that a request can cost: what is reserved before it is sent, so that a cap is never passed."""

from __future__ import annotations

import json

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.prices import MILLION, Price
from veritrain_lib.llm.records import ChatRequest

A_MESSAGE, A_REQUEST = 8, 16
"""Tokens around each message and around the whole; providers count 3 to 4 and 3."""


def characters(request: ChatRequest) -> int:
    """Characters that are sent: messages and schema."""
    own = sum(len(message.content) for message in request.messages)
    return own + (len(json.dumps(request.schema, ensure_ascii=False)) if request.schema is not None else 0)


def most_input_tokens(request: ChatRequest) -> int:
    """No request has more input tokens: a byte-level tokenizer makes no token of less than one byte."""
    text = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
    schema = 2 * len(json.dumps(request.schema).encode()) if request.schema is not None else 0
    return text + schema + A_MESSAGE * len(request.messages) + A_REQUEST


def most_output_tokens(request: ChatRequest, price: Price) -> int:
    """No answer has more output tokens: the request's own limit, else the model's, for every candidate.

    Raises UserError when neither is known.
    """
    most = request.max_tokens if request.max_tokens is not None else price.max_output
    if most is None:
        raise UserError(
            f"the longest answer of {price.name} is not known, so its worst cost is not either: give max_tokens, "
            "or max_output in its price entry"
        )
    return most * request.n


def worst_cost(request: ChatRequest, price: Price) -> float:
    """The most a request can cost, in US dollars. Free models cost nothing however long they answer."""
    if price.input == price.output == 0:
        return 0.0
    dearest = max(price.input, price.cached)
    given, made = most_input_tokens(request), most_output_tokens(request, price)
    return (given * dearest + made * price.output) / MILLION
