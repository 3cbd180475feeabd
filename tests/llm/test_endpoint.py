"""An address and the environment make an endpoint; what is missing is said in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.llm.conftest import Open, Serve
from tests.llm.questions import question
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.endpoint import open_endpoint
from veritrain_lib.llm.keys import key_of
from veritrain_lib.llm.records import Endpoint


@pytest.mark.parametrize("address", ["openai:m", "openai:/", "azure", "models:/m/1", "", "openai:///"])
def test_what_is_no_address_is_refused_with_the_two_forms(address: str) -> None:
    with pytest.raises(UserError, match="openai:/MODEL or azure:/DEPLOYMENT"):
        open_endpoint(address)


@pytest.mark.parametrize(
    ("address", "given", "missing"),
    [
        ("openai:/m", {}, "OPENAI_API_KEY"),
        ("openai:/m", {"OPENAI_API_KEY": "  "}, "OPENAI_API_KEY"),
        ("azure:/d", {}, "AZURE_OPENAI_ENDPOINT"),
        ("azure:/d", {"AZURE_OPENAI_KEY": "some-key"}, "AZURE_OPENAI_ENDPOINT"),
        ("azure:/d", {"AZURE_OPENAI_ENDPOINT": "https://x"}, "AZURE_OPENAI_API_KEY or AZURE_OPENAI_KEY"),
    ],
)
def test_one_sentence_says_what_to_set(
    address: str, given: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as caught:
        open_endpoint(address)
    text = str(caught.value)
    assert missing in text
    assert ".env" in text
    assert "\n" not in text
    assert len(text) < 250


@pytest.mark.parametrize("url", ["host:80/v1", "ftp://host", "http://", "https://[broken"])
def test_an_endpoint_that_is_no_web_address_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "some-key")
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(UserError, match="OPENAI_BASE_URL is not a web address"):
        open_endpoint("openai:/m")


def test_the_sdk_s_names_and_ours_both_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://x.openai.azure.com/")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "key-by-sdk-name")
    monkeypatch.setenv("AZURE_OPENAI_API_VERSION", "2024-10-21")
    found = open_endpoint("azure:/my-deployment")
    assert found == Endpoint("azure", "my-deployment", "https://x.openai.azure.com", "2024-10-21")
    assert key_of(found) == "key-by-sdk-name"
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    monkeypatch.setenv("AZURE_OPENAI_KEY", "key-by-our-name")
    assert key_of(found) == "key-by-our-name"


def test_dotenv_is_read_but_the_environment_wins_and_stays_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("# ours\nOPENAI_API_KEY='key-in-file'\nOPENAI_BASE_URL=http://host:1/v1\n")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://other:2/v1")
    before = dict(os.environ)
    found = open_endpoint("openai:/m")
    assert key_of(found) == "key-in-file"
    assert found.base_url == "http://other:2/v1"
    assert dict(os.environ) == before


def test_the_project_s_dotenv_counts_from_any_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("OPENAI_API_KEY=key-of-project\n")
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    assert key_of(open_endpoint("openai:/m")) == "key-of-project"


@pytest.mark.parametrize(
    ("address", "version", "path", "header"),
    [
        ("openai:/m", None, "/v1/chat/completions", ("Authorization", "Bearer some-key")),
        ("azure:/m", "2024-10-21", "/openai/deployments/m/chat/completions", ("api-key", "some-key")),
        ("azure:/m", None, "/openai/v1/chat/completions", ("api-key", "some-key")),
    ],
)
def test_each_provider_is_reached_by_its_own_path_and_header(
    address: str, version: str | None, path: str, header: tuple[str, str], serve: Serve, chat: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server = serve(canary="some-key", key="some-key")
    monkeypatch.delenv("OPENAI_API_VERSION")
    if version:
        monkeypatch.setenv("OPENAI_API_VERSION", version)
    assert chat(address).ask([question()])[0].texts == ["yes"]
    [seen] = server.requests
    assert seen.path == path
    assert {name.lower(): value for name, value in seen.headers.items()}[header[0].lower()] == header[1]
    assert seen.query.get("api-version") == ([version] if version else None)
    assert seen.body["model"] == "m"
