"""Secrets of an environment are found in every form they are usually written in; honest words are left alone."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from veritrain_lib.redaction import Redactor

VALUE = 'k9"\\ä\n日-%/+Zq77x'
FORMS = {
    "plain": VALUE,
    "repr": repr([VALUE]),
    "json": json.dumps({"t": VALUE}),
    "json with letters": json.dumps(VALUE, ensure_ascii=False),
    "json in json": json.dumps(json.dumps(VALUE)),
    "bytes": repr(VALUE.encode()),
    "address": quote(VALUE, safe=""),
    "form": quote_plus(VALUE),
    "html": html.escape(VALUE),
    "hexadecimal": VALUE.encode().hex(),
    "base64": base64.b64encode(VALUE.encode()).decode(),
    "authorization": base64.b64encode(b"user:" + VALUE.encode()).decode(),
    "inside base64": base64.urlsafe_b64encode(b"ab" + VALUE.encode() + b"!").decode(),
    "inside a word": f"xx{VALUE}yy",
    "coloured": f"\x1b[31m{VALUE[:7]}\x1b[0m{VALUE[7:]}",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_this_form(form: str) -> None:
    hidden = Redactor({"MY_TOKEN": VALUE})(FORMS[form])
    assert "[hidden: MY_TOKEN]" in hidden
    assert "Zq77x" not in hidden
    assert "k9" not in hidden


@pytest.mark.parametrize("at", range(1, 12, 3))
def test_a_secret_in_pieces_is_found(at: int) -> None:
    secret = "abcd-1234-efgh"
    pieces = Redactor({"API_KEY": secret}).redact_pieces(
        [f"it is {secret[:at]}", secret[at : at + 1], f"{secret[at + 1 :]}, see"]
    )
    assert "".join(pieces) == "it is [hidden: API_KEY], see"


def test_a_long_secret_that_was_cut_is_found_by_its_beginning() -> None:
    secret = "0123456789abcdef-0123456789abcdef-0123456789"
    assert Redactor({"API_KEY": secret})(f"{secret[:30]}...") == "[hidden: API_KEY]..."


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"FLAG_KEY": "1", "AUTH_TOKEN": "yes"}, "1 of 11 said yes"),
        ({"USER": "administrator", "ADMIN_PASSWORD": "administrator"}, "administrator made it"),
        ({"DB_PASSWORD": "postgres"}, "a postgres store"),
        ({"DATABASE_URL": "postgresql://veritrain:veritrain@db-host-1/veritrain"}, "veritrain loop on db-host-1"),
        ({"SSH_KEY_FILE": "/home/me/key-of-2026"}, "/home/me/key-of-2026"),
        ({"TOKENIZERS_PARALLELISM": "false", "MAX_TOKENS": "100000", "PWD": "/work/here12"}, "false 100000 /work/here12"),
        ({"GIT_COMMIT": "4d8a9e84d8a9e84d8a9e8", "KEYBOARD": "us-intl-12345678"}, "4d8a9e84d8a9e84d8a9e8 us-intl-12345678"),
        ({"CI_TOKEN": "aaaaaaaaaaaa"}, "aaaaaaaaaaaa"),
    ],
)  # fmt: skip
def test_honest_output_is_left_as_it_is(environment: dict[str, str], text: str) -> None:
    assert Redactor(environment)(text) == text


@pytest.mark.parametrize(
    ("environment", "text", "hidden"),
    [
        ({"ADMIN_PASSWORD": "admin"}, "{'ADMIN_PASSWORD': 'admin'} for admin", "{'ADMIN_PASSWORD': '[hidden: ADMIN_PASSWORD]'} for admin"),
        ({"DATABASE_URL": "postgresql://me:s3cr3t-of-db@db/x"}, "it was s3cr3t-of-db", "it was [hidden: DATABASE_URL]"),
        ({"PROXY": "http://me:p%40ss-w0rd@proxy"}, "p@ss-w0rd", "[hidden: PROXY]"),
        ({"PGPASSWORD": "hunter2"}, "it is hunter2, not hunter23", "it is [hidden: PGPASSWORD], not hunter23"),
        ({"SOMETHING": "ghp_0123456789abcdefABCD"}, "ghp_0123456789abcdefABCD", "[hidden: SOMETHING]"),
        ({"SERVICE": '{"user": "me", "private_key": "abc-def-123456"}', "SERVICE_KEY": '{"user": "me-too", "secret": "zyx-987654321"}'}, "me-too zyx-987654321", "me-too [hidden: SERVICE_KEY]"),
        ({"TLS_KEY": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END PRIVATE KEY-----"}, "line MIIEvQIBADANBgkqhkiG9w0", "line [hidden: TLS_KEY]"),
    ],
)  # fmt: skip
def test_what_is_a_secret_by_name_form_or_place_is_hidden(
    environment: dict[str, str], text: str, hidden: str
) -> None:
    assert Redactor(environment)(text) == hidden


def test_keys_and_values_of_json_are_hidden() -> None:
    value = {"a-secret-77": [{"x": "a-secret-77"}, 1, None]}
    assert Redactor({"X_SECRET": "a-secret-77"}).value(value) == {
        "[hidden: X_SECRET]": [{"x": "[hidden: X_SECRET]"}, 1, None]
    }
