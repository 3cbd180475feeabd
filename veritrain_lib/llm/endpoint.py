"""From an address (`openai:/MODEL`, `azure:/DEPLOYMENT`) and the environment to an endpoint."""

from __future__ import annotations

from typing import cast

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.base_url import AZURE, OPENAI, azure_base, openai_base
from veritrain_lib.llm.keys import key_of, setting
from veritrain_lib.llm.records import Endpoint, Provider


def parse_address(address: str) -> tuple[Provider, str]:
    """Provider and model (with Azure: deployment) of an address. Raises UserError when it is none."""
    provider, colon, model = address.partition(":/")
    model = model.strip("/")
    if not colon or provider not in ("openai", "azure") or not model:
        raise UserError(
            f"{address!r} is no address of a chat model; write openai:/MODEL or azure:/DEPLOYMENT"
        )
    return cast(Provider, provider), model


def open_endpoint(address: str) -> Endpoint:
    """The endpoint that an address means on this machine.

    OpenAI: `OPENAI_API_KEY`, and `OPENAI_BASE_URL` for any compatible service. Azure: `AZURE_OPENAI_ENDPOINT`,
    `AZURE_OPENAI_API_KEY` or `AZURE_OPENAI_KEY`, and `OPENAI_API_VERSION` or `AZURE_OPENAI_API_VERSION`; without
    a version Azure's undated `/openai/v1` path is used, which takes none. `base_url.py` says which forms of an
    address are understood.

    Raises:
        UserError: No address, or something is not set: one sentence that says what to set.
    """
    provider, model = parse_address(address)
    if provider == "openai":
        given = setting(OPENAI)
        endpoint = Endpoint(provider, model, openai_base(given) if given else None)
    else:
        given = setting(AZURE)
        if given is None:
            raise UserError(
                f"no endpoint for {address}: set AZURE_OPENAI_ENDPOINT (https://NAME.openai.azure.com) and "
                "AZURE_OPENAI_KEY in the environment or in .env (.env.example shows how)"
            )
        base, version, undated = azure_base(given, model)
        # A version in the address belongs to it; a variable is for an address without one.
        named = None if undated else version or setting("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION")
        endpoint = Endpoint(provider, model, base, named)
    key_of(endpoint)
    return endpoint
