"""Each check on single rows: what it must catch, and what must pass."""

from __future__ import annotations

import pandas as pd
import pytest
from gate_rows import make_context, make_rows, make_task

from veritrain_lib.core import registry
from veritrain_lib.quality.checks.garbage import kind_of
from veritrain_lib.quality.checks.personal_data import kinds_in


def reasons(check: str, rows: pd.DataFrame, task=None, **parameters) -> list[str]:
    found = registry.get("checks", check)(rows, make_context(task), **parameters)
    assert found.index.equals(rows.index)
    return found.tolist()


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "\u200b\ufeff", None])
def test_invisible_text_is_empty(text):
    assert reasons("empty", make_rows([text])) == ["empty:no_text"]


@pytest.mark.parametrize("text", ["a", "?", "はい", "👍"])
def test_anything_visible_is_not_empty(text):
    assert reasons("empty", make_rows([text])) == [""]


def test_the_contract_names_what_is_missing():
    rows = make_rows(["x", "x", "", None, "x"], ["bug", "bugs", "bug", "bug", None])
    expected = [
        "",
        "contract:unknown_label=bugs",
        "contract:empty_field=text",
        "contract:empty_field=text",
        "contract:no_target",
    ]
    assert reasons("contract", rows) == expected


def test_a_free_text_task_takes_any_answer_but_none():
    rows = make_rows(["x", "x"], ["whatever", " "])
    assert reasons("contract", rows, make_task(labels=None)) == ["", "contract:no_target"]


GARBAGE = {
    "markup_residue": ["{{first_name}} {{last_name}}", "<p></p>&nbsp;", "%USER_NAME%", "null undefined", "=?utf-8?B?w6TDtg==?=", "#REF!",
               "%20%20%3D"],
    "mojibake": ["ÃƒÂ¤ÃƒÂ¶ÃƒÂ¼", "\ufffd\ufffd\ufffd \ufffd"],
    "blob": ["ZGFzIGlzdCBlaW4gdGVzdA==", "d41d8cd98f00b204e9800998ecf8427e", "0xdeadbeefcafebabe1234"],
    "no_words": ["!!!???", "12345678", "😂😂😂", ";lk;lk;lk ./,/.,/., ][p][p"],
    "repeated": ["aaaaaaaaa", "ok ok ok ok ok ok ok", "abcabcabcabc"],
    "placeholder": ["test", "test 123 test 1 2 3 test", "lorem ipsum dolor sit amet", "asdf asdf"],
    "keyboard_mash": ["sdfkjh sdkfjh wekrjh", "xzcvzxcv"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in GARBAGE.items() for text in texts]
)
def test_garbage_is_named(kind: str, text: str):
    assert kind_of(text) == kind


MESSAGES = [
    "2x declined, 1x timeout.", "still locked out. second ticket.", "HELP!!!", "what???", "plsss helppp", "ok", "thx", "SSO/SAML?",
    "error 404", "ありがとう", "はい", "映画は１０時から始まる。", "환불 해주세요", "请退款", "где мой счёт?", "Schifffahrtsgesellschaft",
    "I get 'null' in the export", "email shows {{customer.name}} instead of my name", "Text shows Ã¼ instead of ü in our invoices",
    "very very very very bad", "毎回エラーが出ます 550e8400-e29b-41d4-a716-446655440000", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 から動かなくなりました", "3.50 vs 4.50?", "Hmmmm", "where is INV-2024-000123-DE-FINAL-COPY please", "my test account is blocked",
]  # fmt: skip


@pytest.mark.parametrize("text", MESSAGES)
def test_messages_are_no_garbage(text: str):
    assert kind_of(text) == ""


PERSONAL = {
    "email": ["mail anna.k@example.org", "tom (at) acme (dot) com"],
    "key": ["sk_live_4eC39HqLyjWDarjtT1zdp7dc", "AKIAIOSFODNN7EXAMPLE", "API_KEY=9f86d081884c7d65", "-----BEGIN RSA PRIVATE KEY-----",
            "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "license key: ABCD-1234-EFGH-5678"],
    "password": ["my password is hunter2", "pwd=Tr0ub4dor&3", "パスワードは abc123!"],
    "card": ["card 4111 1111 1111 1111 exp 12/27", "5500-0000-0000-0004"],
    "iban": ["GB82WEST12345698765432 is ours", "GB82 WEST 1234 5698 7654 32"],
    "phone": ["+49 30 901820", "call me on 0171 2345678", "(555) 123-4567"],
    "social": ["ssn 123-45-6789"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts]
)
def test_personal_data_is_found(kind: str, text: str):
    assert kind in kinds_in(text)


HARMLESS = [
    "INV-20431", "invoice 10-3381", "card ending 4471", "paid 1.234,56 EUR on 14/02/2024", "amount 4,111.00", "my password is wrong",
    "password is expired", "our API key stopped working", "card 4111 1111 1111 1112", "GB83WEST12345698765432", "order 1234567890123",
    "VAT ID GB 123 4567 89", "error 0x80070005", "2024-01-31 10:30:00", "password reset link doesn't work", "@ the office @ 5pm",
    "customers-2024-export-final.csv", "https://example.org/path/to/page", "sk-learn integration please",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_talk_about_secrets_pass(text: str):
    assert kinds_in(text) == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("transfer to DE89 3704 0044 0532 0130 00", ["iban"]),
        ("NO93 8601 1117 947", ["iban"]),
        ("DE89 3704 0044 0532 0130 00, or ring 0304 1234567", ["iban", "phone"]),
    ],
)
def test_the_groups_of_an_iban_are_no_telephone_number(text: str, kinds: list[str]):
    assert kinds_in(text) == kinds


def test_the_reason_does_not_carry_the_secret_on():
    (reason,) = reasons("personal_data", make_rows(["mail anna.k@example.org, password: Sommer!2024"]))
    assert reason == "personal_data:email+password"


@pytest.mark.parametrize(
    ("declared", "text", "found"),
    [
        ("en", "Auf der Rechnung stehen 14 Plätze, wir haben aber nur 11 Benutzer.", "language:de"),
        ("en", "Nous souhaitons passer à la formule annuelle", "language:fr"),
        ("en", "請求書が届いていません", "language:ja"),
        ("en", "映画は１０時から始まる。", "language:ja"),
        ("ja", "请把发票寄给我们，谢谢你们的帮助", "language:zh"),
        ("de", "please send us the invoice of last month", "language:en"),
        ("ja", "please send us the invoice", "language:en"),
        ("en", "pls fix asap thx", ""),
        ("en", "went read only overnight, charge bounced", ""),
        ("en", "INV-20431", ""),
        ("ja", "請求書が届いていません", ""),
        (None, "Auf der Rechnung stehen 14 Plätze", ""),
    ],
)  # fmt: skip
def test_only_clearly_foreign_rows_are_rejected(declared: str | None, text: str, found: str):
    assert reasons("language", make_rows([text]), make_task(declared)) == [found]


def test_a_language_that_cannot_be_detected_is_refused():
    with pytest.raises(Exception, match="'qq' is not one"):
        reasons("language", make_rows(["a longer text to look at"]), make_task("qq"))
