"""Functions that turn a chat model's address, such as `openai:/MODEL`, into an endpoint."""

from __future__ import annotations

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.keys import key_of
from veritrain_lib.llm.providers import FORMS, PROVIDERS
from veritrain_lib.llm.records import Endpoint


def parse_address(address: str) -> tuple[str, str]:
    """Split a chat model's address into provider and model name (for Azure, the deployment's name).

    Raises:
        UserError: The text is not an address of a chat model.
    """
    provider, colon, model = address.partition(":/")
    model = model.strip("/")
    if not colon or provider not in PROVIDERS or not model:
        raise UserError(f"{address!r} is not the address of a chat model; write {FORMS}")
    return provider, model


def open_endpoint(address: str) -> Endpoint:
    """Return the endpoint (URL, model, API version) for a chat model's address, from this machine's settings.

    The settings are environment variables or lines of `.env`; `providers/` has those of each provider, and
    `base_url.py` the accepted forms of a URL.

    Raises:
        UserError: The address is not valid, or a setting is missing; the message names the setting.
    """
    provider, model = parse_address(address)
    endpoint = PROVIDERS[provider].endpoint(model)
    key_of(endpoint)
    return endpoint
