"""Functions that normalize the URL of a chat service as people copy it from a portal, a manual or a log.

Accepted are a URL without a path, a full URL of an API call, and an Azure URL with its API version. Any other
URL is rejected with an error that shows the URL to write instead.
"""

from __future__ import annotations

import re
from typing import NoReturn
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from veritrain_lib.core.errors import UserError

OPENAI, AZURE = "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"

_CALL = re.compile(r"/(?:chat/completions|completions|responses|embeddings|models)/?$")
_DEPLOYMENT = re.compile(r"/openai/deployments/(?P<name>[^/]+)(?:/.*)?$")
_AZURE_REST = re.compile(r"/(?:openai(?:/.*)?|api/projects(?:/.*)?|models(?:/.*)?)$")
_AZURE_HOST = re.compile(r"\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)$")


def openai_base(address: str) -> str:
    """Return the base URL of an OpenAI-compatible service, to which `/chat/completions` is appended later.

    A URL without a path gets `/v1`, where compatible services answer. A path that ends in an API call, such
    as `/chat/completions`, loses that part.

    >>> openai_base("http://localhost:8000"), openai_base("https://host/v1/chat/completions")
    ('http://localhost:8000/v1', 'https://host/v1')

    Args:
        address: The value of `OPENAI_BASE_URL`.

    Raises:
        UserError: It is not a web address, it contains a query, or it is the address of an Azure deployment.
    """
    parts = _parts(OPENAI, address)
    if _DEPLOYMENT.search(parts.path):
        raise UserError(
            f"{OPENAI} is the address of a deployment of Azure OpenAI; put it into {AZURE} (its key into "
            "AZURE_OPENAI_KEY) and name the model azure:/DEPLOYMENT"
        )
    if parts.query:
        raise UserError(
            f"{OPENAI} ends in a query ({_names(parts)}); write the address without it, for example https://HOST/v1"
        )
    path = _CALL.sub("", parts.path).rstrip("/")
    if not path:
        path = "/openai/v1" if _AZURE_HOST.search(parts.hostname or "") else "/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def azure_base(address: str, deployment: str) -> tuple[str, str | None, bool]:
    """Split an Azure OpenAI address, as people copy it from the portal, into the resource's URL and the API version.

    >>> azure_base("https://x.openai.azure.com/openai/v1/", "d")
    ('https://x.openai.azure.com', None, True)

    Args:
        address: The value of `AZURE_OPENAI_ENDPOINT`.
        deployment: Name of the deployment that the task or command asks for.

    Returns:
        The resource's URL; the API version in the address, None if it contains none; and whether the address
        is one of the paths that need no version, such as `/openai/v1`.

    Raises:
        UserError: It is not a web address, it has a query other than `api-version`, or it names another
            deployment.
    """
    parts = _parts(AZURE, address)
    deployment_path = _DEPLOYMENT.search(parts.path)
    if deployment_path and unquote(deployment_path["name"]) != deployment:
        raise UserError(
            f"{AZURE} is the address of the deployment {unquote(deployment_path['name'])!r}, but azure:/{deployment} was asked "
            f"for; write azure:/{unquote(deployment_path['name'])}, or the address of the resource alone: "
            f"{parts.scheme}://{parts.netloc}"
        )
    query = parse_qs(parts.query)
    if set(query) - {"api-version"}:
        raise UserError(
            f"{AZURE} ends in a query ({_names(parts)}); only api-version may stand there. Write "
            f"{parts.scheme}://{parts.netloc}"
        )
    unversioned = re.search(r"/openai/v1(?:/|$)|/models(?:/|$)", parts.path) is not None
    path = _DEPLOYMENT.sub("", parts.path)
    path = _AZURE_REST.sub("", path).rstrip("/")
    version = None if unversioned else next(iter(query.get("api-version", [])), None)
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), version, unversioned


def _names(parts: SplitResult) -> str:
    # Only the names: a value may be a key.
    return ", ".join(parse_qs(parts.query, keep_blank_values=True)) or "empty"


def _parts(name: str, address: str) -> SplitResult:
    def reject(reason: str) -> NoReturn:
        raise UserError(
            f"{name} is not a web address ({reason}); write https://HOST or http://HOST:PORT/PATH"
        )

    if (
        any(character.isspace() or not character.isprintable() for character in address)
        or address[:1] in "\"'<"
    ):
        reject("it contains quotation marks, blanks or invisible characters")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        reject(str(error)[:100])
    if parts.scheme not in ("http", "https"):
        reject("it does not begin with http:// or https://")
    if not parts.hostname or port == 0 or "{" in address or "\\" in address:
        reject("it names no host and port")
    if parts.username or parts.password:
        raise UserError(f"{name} holds a user name or password; keys have their own variables")
    if parts.fragment:
        reject(f"it ends in #{parts.fragment[:40]}")
    return parts
