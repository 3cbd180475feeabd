"""Functions that turn a chat model's address (`openai:/MODEL`, `azure:/DEPLOYMENT`) into an endpoint."""

from __future__ import annotations

from typing import cast

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.base_url import AZURE, OPENAI, azure_base, openai_base
from veritrain_lib.llm.keys import key_of, setting
from veritrain_lib.llm.records import Endpoint, Provider


def parse_address(address: str) -> tuple[Provider, str]:
    """Split a chat model's address into provider and model name (for Azure, the deployment's name).

    Raises:
        UserError: The text is not an address of a chat model.
    """
    provider, colon, model = address.partition(":/")
    model = model.strip("/")
    if not colon or provider not in ("openai", "azure") or not model:
        raise UserError(
            f"{address!r} is not the address of a chat model; write openai:/MODEL or azure:/DEPLOYMENT"
        )
    return cast(Provider, provider), model


def open_endpoint(address: str) -> Endpoint:
    """Return the endpoint (URL, model, API version) for a chat model's address, from this machine's settings.

    The settings are environment variables or lines of `.env`. OpenAI: `OPENAI_API_KEY`, and `OPENAI_BASE_URL`
    for a compatible service. Azure: `AZURE_OPENAI_ENDPOINT`, `AZURE_OPENAI_API_KEY` or `AZURE_OPENAI_KEY`,
    and optionally `OPENAI_API_VERSION` or `AZURE_OPENAI_API_VERSION`; without a version, Azure's unversioned
    path `/openai/v1` is used. `base_url.py` documents the accepted forms of a URL.

    Raises:
        UserError: The address is not valid, or a setting is missing; the message names the setting.
    """
    provider, model = parse_address(address)
    if provider == "openai":
        address_setting = setting(OPENAI)
        endpoint = Endpoint(provider, model, openai_base(address_setting) if address_setting else None)
    else:
        address_setting = setting(AZURE)
        if address_setting is None:
            raise UserError(
                f"no endpoint for {address}: set AZURE_OPENAI_ENDPOINT (https://NAME.openai.azure.com) and "
                "AZURE_OPENAI_KEY in the environment or in .env (.env.example shows how)"
            )
        base, version, unversioned = azure_base(address_setting, model)
        # A version in the URL takes precedence over the environment variable.
        api_version = (
            None if unversioned else version or setting("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION")
        )
        endpoint = Endpoint(provider, model, base, api_version)
    key_of(endpoint)
    return endpoint
