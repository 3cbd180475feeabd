"""Base class of a provider of chat models: its settings, its URLs and headers, and the form of its requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from veritrain_lib.llm.records import Endpoint


class ChatProvider(ABC):
    """Base class of a provider of chat models.

    A subclass defines the class attributes and `endpoint`. The other methods fit a service that speaks OpenAI's API; a
    subclass for any other service overrides them.
    """

    name: ClassVar[str]
    """The scheme of the addresses of its models, such as `openai`."""

    form: ClassVar[str]
    """The form of these addresses, for messages, such as `openai:/MODEL`."""

    key_settings: ClassVar[tuple[str, ...]]
    """Names of the settings that may hold its API key; the first one that is set counts."""

    url_setting: ClassVar[str]
    """Name of the setting that holds the URL of the service."""

    @abstractmethod
    def endpoint(self, model: str) -> Endpoint:
        """Return the endpoint of one of the provider's models, from this machine's settings.

        Args:
            model: Name of the model, or for Azure of the deployment.

        Raises:
            UserError: A setting is missing or not valid; the message names it.
        """

    def key_headers(self, key: str) -> dict[str, str]:
        """Return the HTTP headers that carry the API key."""
        return {"Authorization": f"Bearer {key}"}

    def chat_path(self, endpoint: Endpoint) -> str:
        """Return path and query of chat requests, after the base URL of the SDK's client."""
        return "chat/completions"

    def sdk_settings(self, endpoint: Endpoint, key: str) -> tuple[str, Mapping[str, object]]:
        """Return the name of the openai SDK's class for an endpoint, and the arguments that the class needs.

        Args:
            endpoint: The endpoint.
            key: Its API key.
        """
        return "OpenAI", {"base_url": endpoint.base_url}

    def to_wire(self, body: bytes) -> bytes:
        """Convert a chat request from the JSON of OpenAI's API to what the service expects."""
        return body

    def from_wire(self, body: bytes) -> bytes:
        """Convert the service's answer to the JSON of OpenAI's API; a body of another form stays as it is."""
        return body
