"""OpenAI, and every service that speaks OpenAI's API at the URL of `OPENAI_BASE_URL`."""

from __future__ import annotations

from veritrain_lib.llm.base_url import OPENAI, openai_base
from veritrain_lib.llm.providers.base import ChatProvider
from veritrain_lib.llm.records import Endpoint


class OpenAi(ChatProvider):
    """Provider of the models `openai:/MODEL`."""

    name = "openai"
    form = "openai:/MODEL"
    key_settings = ("OPENAI_API_KEY",)
    url_setting = OPENAI

    def endpoint(self, model: str) -> Endpoint:
        """Return the endpoint of a model: at `OPENAI_BASE_URL` if that is set, else at OpenAI's own URL.

        Raises:
            UserError: `OPENAI_BASE_URL` is not the URL of an OpenAI-compatible service.
        """
        from veritrain_lib.llm.keys import setting

        address = setting(OPENAI)
        return Endpoint(self.name, model, openai_base(address) if address else None)
