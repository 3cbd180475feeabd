"""Providers of chat models: one file each (settings, URLs, headers, form of the requests), and the list of them.

To add a provider, write a class that inherits from `base.ChatProvider`, put it into `PROVIDERS`, and declare its name in
the entry point group `veritrain.models`. Everything that asks which chat models there are reads `PROVIDERS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from veritrain_lib.llm.providers.azure import AzureOpenAi
from veritrain_lib.llm.providers.base import ChatProvider
from veritrain_lib.llm.providers.openai import OpenAi

PROVIDERS: Mapping[str, ChatProvider] = {provider.name: provider for provider in (OpenAi(), AzureOpenAi())}
"""The providers by name, which is the scheme of their models' addresses."""

FORMS = " or ".join(provider.form for provider in PROVIDERS.values())
"""The forms of an address, for messages: `openai:/MODEL or azure:/DEPLOYMENT`."""
