"""The address of a chat service as people copy it from a portal, a manual or a log, made into the one that is asked.

What can be understood is (no path, a whole target URI, an Azure address with its version); what can't be is refused
with the address to write instead.
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


def openai_base(given: str) -> str:
    """The base address of an OpenAI-compatible service; `/chat/completions` is put behind it.

    Without a path it is `/v1`, where compatible services answer; a path that names a call loses it.

    >>> openai_base("http://localhost:8000"), openai_base("https://host/v1/chat/completions")
    ('http://localhost:8000/v1', 'https://host/v1')

    Raises UserError for what is no web address, and for an Azure deployment's.
    """
    parts = _parts(OPENAI, given)
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


def azure_base(given: str, deployment: str) -> tuple[str, str | None, bool]:
    """The resource's address, the API version that stands in it (None: none), and whether it is the undated `/openai/v1`.

    >>> azure_base("https://x.openai.azure.com/openai/v1/", "d")
    ('https://x.openai.azure.com', None, True)

    Raises UserError for what is no web address, and for the target URI of another deployment.
    """
    parts = _parts(AZURE, given)
    named = _DEPLOYMENT.search(parts.path)
    if named and unquote(named["name"]) != deployment:
        raise UserError(
            f"{AZURE} is the address of the deployment {unquote(named['name'])!r}, but azure:/{deployment} was asked "
            f"for; write azure:/{unquote(named['name'])}, or the address of the resource alone: "
            f"{parts.scheme}://{parts.netloc}"
        )
    query = parse_qs(parts.query)
    if set(query) - {"api-version"}:
        raise UserError(
            f"{AZURE} ends in a query ({_names(parts)}); only api-version may stand there. Write "
            f"{parts.scheme}://{parts.netloc}"
        )
    undated = re.search(r"/openai/v1(?:/|$)|/models(?:/|$)", parts.path) is not None
    path = _DEPLOYMENT.sub("", parts.path)
    path = _AZURE_REST.sub("", path).rstrip("/")
    version = None if undated else next(iter(query.get("api-version", [])), None)
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), version, undated


def _names(parts: SplitResult) -> str:
    # A value may be a key.
    return ", ".join(parse_qs(parts.query, keep_blank_values=True)) or "empty"


def _parts(name: str, given: str) -> SplitResult:
    def wrong(why: str) -> NoReturn:
        raise UserError(f"{name} is no web address ({why}); write https://HOST or http://HOST:PORT/PATH")

    if any(sign.isspace() or not sign.isprintable() for sign in given) or given[:1] in "\"'<":
        wrong("it holds quotation marks, blanks or signs that are not seen")
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as error:
        wrong(str(error)[:100])
    if parts.scheme not in ("http", "https"):
        wrong("it does not begin with http:// or https://")
    if not parts.hostname or port == 0 or "{" in given or "\\" in given:
        wrong("it names no host and port")
    if parts.username or parts.password:
        raise UserError(f"{name} holds a user name or password; keys have their own variables")
    if parts.fragment:
        wrong(f"it ends in #{parts.fragment[:40]}")
    return parts
