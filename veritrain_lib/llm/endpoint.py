"""Resolution of an address (`openai:/MODEL`, `azure:/DEPLOYMENT`) and the environment to an endpoint."""

from __future__ import annotations

from typing import cast

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.base_url import AZURE, OPENAI, azure_base, openai_base
from veritrain_lib.llm.keys import key_of, setting
from veritrain_lib.llm.records import Endpoint, Provider


def parse_address(address: str) -> tuple[Provider, str]:
    """Return provider and model (with Azure: deployment) of an address.

    Raises:
        UserError: It is not an address of a chat model.
    """
    provider, colon, model = address.partition(":/")
    model = model.strip("/")
    if not colon or provider not in ("openai", "azure") or not model:
        raise UserError(
            f"{address!r} is not the address of a chat model; write openai:/MODEL or azure:/DEPLOYMENT"
        )
    return cast(Provider, provider), model


def open_endpoint(address: str) -> Endpoint:
    """Return the endpoint that an address means on this machine.

    OpenAI: `OPENAI_API_KEY`, and `OPENAI_BASE_URL` for any compatible service. Azure: `AZURE_OPENAI_ENDPOINT`,
    `AZURE_OPENAI_API_KEY` or `AZURE_OPENAI_KEY`, and `OPENAI_API_VERSION` or `AZURE_OPENAI_API_VERSION`; without
    a version Azure's unversioned `/openai/v1` path is used, which takes none. `base_url.py` says which forms of a
    URL are accepted.

    Raises:
        UserError: Not an address, or something is not set: one sentence that says what to set.
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
