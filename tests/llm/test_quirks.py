"""Compatible services have shapes of their own: each is understood, or said in the service's own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.llm.conftest import Open, Serve
from tests.llm.questions import question
from tests.llm.quirks import QUIRKS, Quirk
from tests.llm.server import KEY, Answer, Server
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.base_url import azure_base, openai_base
from veritrain_lib.llm.endpoint import open_endpoint
from veritrain_lib.llm.records import Endpoint


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_a_quirk_is_understood_or_said(quirk: Quirk, serve: Serve, chat: Open) -> None:
    server = serve(quirk.script)
    if quirk.raises is not None:
        with pytest.raises(quirk.raises, match=quirk.says):
            chat(attempts=3).ask([question()])
    else:
        (reply,) = chat(attempts=3).ask([question()])
        assert (reply.outcome, "".join(reply.texts)) == (quirk.outcome, quirk.text), reply.reason
        assert re.search(quirk.says, reply.reason)
    assert len(server.requests) <= quirk.most


def test_a_key_is_not_taken_to_where_a_redirect_leads(serve: Serve, chat: Open) -> None:
    from tests.llm.server import Raw

    with Server(lambda body: "stolen") as other:
        serve(lambda body: Raw(b"", status=307, headers={"Location": f"{other.url}/v1/chat/completions"}))
        for address in ("openai:/m", "azure:/m"):
            with pytest.raises(UserError, match="redirects to"):
                chat(address).ask([question()])
        assert other.requests == []


def test_a_long_wait_is_told_with_its_end(
    serve: Serve, chat: Open, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.llm.server import Fault
    from veritrain_lib.llm import batch

    monkeypatch.setattr(batch, "ANNOUNCED_WAIT_S", 0.05)
    serve(lambda body: "yes", faults=[Fault("429", headers={"Retry-After": "0.1"})])
    chat().ask([question()])
    assert re.search(
        r"openai:/m asks to wait 0 s \(HTTP 429\); going on at \d\d:\d\d:\d\d", capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost", "http://localhost/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("https://host/v1///", "https://host/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"),
        ("https://host/api/v1/responses/", "https://host/api/v1"),
        ("https://host/v1/models", "https://host/v1"),
        ("https://x.openai.azure.com", "https://x.openai.azure.com/openai/v1"),
        ("https://x.openai.azure.com/openai/v1/", "https://x.openai.azure.com/openai/v1"),
        ("http://[::1]:80", "http://[::1]:80/v1"),
    ],
)
def test_an_address_is_understood_as_people_copy_it(given: str, asked: str) -> None:
    assert openai_base(given) == asked


def test_without_a_path_the_service_is_really_asked(
    serve: Serve, chat: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(lambda body: "yes")
    for given in (server.url, f"{server.url}/", f"{server.url}/v1/chat/completions"):
        monkeypatch.setenv("OPENAI_BASE_URL", given)
        (reply,) = chat(ledger=Path(f"l{len(given)}.db").absolute()).ask([question()])
        assert reply.outcome == "done"
    assert {seen.path for seen in server.requests} == {"/v1/chat/completions"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("localhost:8000/v1", "does not begin with http"),
        ("'http://host/v1'", "quotation marks"),
        ("http://ho st/v1", "blanks"),
        ("http://host:99999/v1", "out of range"),
        ("http://host:port/v1", "Port"),
        ("http://host/v1#top", "#top"),
        ("http://me:secret@host/v1", "user name or password"),
        ("http://host/v1?key=secret", r"query \(key\)"),
        (
            "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
            "azure:/DEPLOYMENT",
        ),
        ("https://{resource}.openai.azure.com/", "names no host"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_secrets(given: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        openai_base(given)
    assert "OPENAI_BASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


AZURE = "https://x.openai.azure.com"


@pytest.mark.parametrize(
    ("given", "base", "version"),
    [
        (AZURE, AZURE, "set"),
        (f"{AZURE}/openai/", AZURE, "set"),
        (f"{AZURE}/openai/v1/", AZURE, None),
        (f"{AZURE}/openai/v1/chat/completions", AZURE, None),
        (f"{AZURE}/openai/deployments/d/chat/completions?api-version=2025-01-01-preview", AZURE, "2025-01-01-preview"),
        (f"{AZURE}/openai/responses?api-version=2025-04-01-preview", AZURE, "2025-04-01-preview"),
        ("https://x.services.ai.azure.com/api/projects/p", "https://x.services.ai.azure.com", "set"),
        ("https://x.services.ai.azure.com/models/chat/completions?api-version=1", "https://x.services.ai.azure.com", None),
        ("https://gateway/team/openai/deployments/d?api-version=1", "https://gateway/team", "1"),
    ],
)  # fmt: skip
def test_azure_is_understood_as_its_portal_shows_it(
    given: str, base: str, version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", given)
    monkeypatch.setenv("AZURE_OPENAI_KEY", "some-key")
    monkeypatch.setenv("OPENAI_API_VERSION", "set")
    assert open_endpoint("azure:/d") == Endpoint("azure", "d", base, version)


def test_the_target_of_another_deployment_is_refused() -> None:
    with pytest.raises(UserError, match=r"deployment 'e'.*azure:/d.*write azure:/e"):
        azure_base(f"{AZURE}/openai/deployments/e/chat/completions?api-version=1", "d")


@pytest.mark.parametrize(
    "form", ["/openai/v1/", "/openai/deployments/m/chat/completions?api-version=2024-10-21"]
)
def test_the_forms_of_azures_portal_really_answer(
    form: str, serve: Serve, chat: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(lambda body: Answer(["yes"]), key=KEY)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url + form)
    (reply,) = chat("azure:/m").ask([question()])
    assert reply.texts == ["yes"]
