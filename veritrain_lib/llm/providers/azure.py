"""Azure OpenAI, whose models are deployments with names of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.base_url import AZURE, azure_base
from veritrain_lib.llm.providers.base import ChatProvider
from veritrain_lib.llm.records import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping


class AzureOpenAi(ChatProvider):
    """Provider of the models `azure:/DEPLOYMENT`.

    An endpoint without an API version uses Azure's unversioned path `/openai/v1`.
    """

    name = "azure"
    form = "azure:/DEPLOYMENT"
    key_settings = ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY")
    url_setting = AZURE

    def endpoint(self, model: str) -> Endpoint:
        """Return the endpoint of a deployment at `AZURE_OPENAI_ENDPOINT`.

        The API version is that of the URL, else that of `OPENAI_API_VERSION` or `AZURE_OPENAI_API_VERSION`.

        Raises:
            UserError: `AZURE_OPENAI_ENDPOINT` is not set, is not a URL of an Azure OpenAI resource, or names another
                deployment.
        """
        from veritrain_lib.llm.keys import setting

        address = setting(AZURE)
        if address is None:
            raise UserError(
                f"no endpoint for {self.name}:/{model}: set AZURE_OPENAI_ENDPOINT (https://NAME.openai.azure.com) and "
                "AZURE_OPENAI_KEY in the environment or in .env (.env.example shows how)"
            )
        base, version, unversioned = azure_base(address, model)
        api_version = (
            None if unversioned else version or setting("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION")
        )
        return Endpoint(self.name, model, base, api_version)

    def key_headers(self, key: str) -> dict[str, str]:
        """Return the HTTP header that carries the API key."""
        return {"api-key": key}

    def chat_path(self, endpoint: Endpoint) -> str:
        """Return path and query of chat requests: by deployment and API version, if the endpoint has a version."""
        if endpoint.api_version is None:
            return super().chat_path(endpoint)
        query = urlencode({"api-version": endpoint.api_version})
        return f"deployments/{quote(endpoint.model, safe='')}/chat/completions?{query}"

    def sdk_settings(self, endpoint: Endpoint, key: str) -> tuple[str, Mapping[str, object]]:
        """Return the name of the openai SDK's class for an endpoint, and the arguments that the class needs."""
        if endpoint.api_version is not None:
            return "AzureOpenAI", {
                "azure_endpoint": endpoint.base_url,
                "api_version": endpoint.api_version,
            }
        return "OpenAI", {
            "base_url": f"{endpoint.base_url}/openai/v1",
            "default_headers": {"api-key": key},
        }
