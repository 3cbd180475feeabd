"""Cases: gate errors, such as leaks inside longer rows, personal numbers, hashes and emptied classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from benchmarks.faults.case import Case, Seen

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

HELD_OUT = (
    "please cancel our yearly contract",
    "the export of our report has been broken since monday",
    "what is the current time",
)
JAPANESE = ("会議は三時に始まります。", "先月の請求書をもう一度送っていただけますか。")
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def _task(**changes: Any) -> Task:
    from veritrain_lib.core.task import Task

    files = {"seed": "s.csv", "development": "d.csv", "test": "t.csv"}
    whole = {
        "version": 1, "name": "gate", "inputs": {"text": {}}, "target": {"field": "label", "labels": ["call", "other"]},
        "contract": {"type": "object"}, "metrics": [{"name": "accuracy"}], "data": files,
    }  # fmt: skip
    return Task.model_validate(whole | changes)


def _rows(texts: list[str], labels: list[str] | str = "other", **columns: Any) -> pd.DataFrame:
    import pandas as pd

    ids = [f"row{number}" for number in range(len(texts))]
    table = pd.DataFrame({"id": ids, "text": pd.Series(texts, dtype=object), "label": labels})
    return table.assign(source="pool", provenance="{}", **columns)


def _found(
    check: str,
    rows: pd.DataFrame,
    task: Task | None = None,
    held_out: Mapping[str, pd.DataFrame] = MappingProxyType({}),
) -> Seen:
    """Return what a registered check reports for rows, one reason a line, `good` for a row without any.

    `held_out` has rows as `test_inputs` and `development`.
    """
    from veritrain_lib.core import registry
    from veritrain_lib.quality.context import Context

    nothing = rows.iloc[:0]
    context = Context(
        task or _task(),
        nothing,
        held_out.get("development", nothing),
        held_out.get("test_inputs", nothing),
    )
    found = registry.get("checks", check)(rows, context)
    return Seen(None, "\n".join(reason or "good" for reason in found))


def _contained(
    form: str, texts: tuple[str, ...] = HELD_OUT, held: str = "test_inputs"
) -> Callable[[Path], Seen]:
    def run(folder: Path) -> Seen:
        return _found(
            "leakage", _rows([form.format(text) for text in texts]), held_out={held: _rows(list(texts), "")}
        )

    return run


def _personal(*texts: str) -> Callable[[Path], Seen]:
    return lambda folder: _found("personal_data", _rows(list(texts)))


def _other_messages(folder: Path) -> Seen:
    texts = [
        "please tell me what is the current time difference of tokyo and london in winter",
        "thanks, all is well",
        "where do i find the invoice of march",
    ]
    return _found("leakage", _rows(texts), held_out={"test_inputs": _rows([*HELD_OUT, "thanks"], "")})


def _emptied(limit: float) -> Callable[[Path], Seen]:
    def run(folder: Path) -> Seen:
        from veritrain_lib.quality.context import Context
        from veritrain_lib.quality.gate import run_gate
        from veritrain_lib.quality.suite import make_suite

        meta = {
            "rule": "personal_data", "check": "personal_data", "needs_label": False, "action": "quarantine", "reason": "r",
            "owner": "o", "source": "s",
        }  # fmt: skip
        kwargs = {"column": "ok_personal_data", "value_set": [True], "mostly": 0.8}
        rule = {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": kwargs,
            "severity": "critical",
            "meta": meta,
        }
        suite = make_suite(
            {
                "name": "own",
                "version": 1,
                "dataset": {"maximum_removed_share": limit},
                "expectations": [rule],
            }
        )
        texts = [
            f"call me at 555-010-{number + 1000}" if number < 41 else f"row {number}" for number in range(300)
        ]
        rows = _rows(texts, ["call"] * 100 + ["other"] * 200)
        nothing = rows.iloc[:0]
        verdict = run_gate(rows, Context(_task(), nothing, nothing, nothing), suite)
        line = verdict.removed.iloc[0]
        told = f"{line['value']} {line['removed']} of {line['rows']} by {line['most_by']}"
        return Seen(None, "\n".join([verdict.status, told, *verdict.block_reasons]))

    return run


def _wrong_limit(folder: Path) -> Seen:
    from veritrain_lib.core.errors import UserError
    from veritrain_lib.quality.suite import make_suite

    try:
        make_suite(
            {"name": "own", "version": 1, "dataset": {"maximum_removed_share": 41}, "expectations": []}
        )
    except UserError as error:
        return Seen(None, str(error))
    return Seen(None, "", wrong="a share of 41 is taken")


def _both_ways(folder: Path) -> Seen:
    task = _task(
        inputs={"text": {}}, target={"field": "label", "direction": "way"}, metrics=[{"name": "chrf"}]
    )
    rows = _rows(
        ["会議は三時に始まります。", "the meeting begins at three"] * 2,
        [
            "the meeting begins at three",
            "会議は三時に始まります。",
            "会議は三時に始まりました。",
            "the meeting began at three",
        ],
        way=["ja-en", "en-ja", "ja-en", "en-ja"],
    )
    return _found("language", rows, task)


def _pair(source: str, target: str) -> Callable[[Path], Seen]:
    def run(folder: Path) -> Seen:
        task = _task(
            inputs={"text": {"language": "ja"}},
            target={"field": "label", "language": "en"},
            metrics=[{"name": "chrf"}],
        )
        return _found("alignment", _rows([source], [target]), task)

    return run


def _translation_rules(folder: Path) -> Seen:
    from veritrain_lib.quality.suite import load_suite

    return Seen(None, " ".join(rule.id for rule in load_suite("translation").rules))


def _certainty(folder: Path) -> Seen:
    import inspect

    from veritrain_lib.core import registry
    from veritrain_lib.quality.suite import load_suite

    default = inspect.signature(registry.get("checks", "label_disagreement")).parameters["certainty"].default
    asked = [
        rule.meta.parameters["certainty"]
        for rule in load_suite("classification").rules
        if rule.id == "label_disagreement"
    ]
    return Seen(None, f"default {default}, suite {asked}")


LEAK = [r"contained_test|near_test|exact_test"]
FORMS = {
    "greeting": "Hi team, {}", "ending": "{} thanks a lot in advance", "both": "Good morning, I hope you are well. {} Best regards, Anna Berg",
    "quote": 'a customer wrote to us: "{}" what do we answer?', "reply": "Re: {}", "signature": "{} - sent from my phone, Tom Ford",
    "between": "I tried it twice already. {}. Nobody has answered so far!", "forward": "Please see below.\n> {}\n\nCheers",
}  # fmt: skip
PERSONAL = {
    "full_width_phone": ("電話は０９０−１２３４−５６７８です", "phone"), "full_width_card": ("カード４１１１ １１１１ １１１１ １１１１", "card"),
    "japanese_phone": ("03-1234-5678まで", "phone"), "japanese_phone_brackets": ("（０３）１２３４−５６７８", "phone"),
    "chinese_mobile": ("我的手机是13812345678", "phone"), "french_phone": ("rappelez le 06.12.34.56.78", "phone"),
    "german_phone": ("030/1234567 bitte", "phone"), "british_phone": ("020 7946 0958", "phone"), "my_number": ("マイナンバーは123456789018です", "national_id"),
    "chinese_resident": ("身份证号11010519491231002X", "national_id"), "french_nir": ("2 55 08 14 168 025 38", "national_id"),
    "italian_code": ("RSSMRA85T10A562S", "national_id"), "spanish_dni": ("DNI 12345678Z", "national_id"),
    "german_tax_id": ("Steuer-ID 36574261809", "national_id"), "polish_pesel": ("PESEL 44051401359", "national_id"),
    "swedish_number": ("811228-9874", "national_id"), "iban": ("GB82 WEST 1234 5698 7654 32", "iban"), "named_hash_is_a_key": (f"API_KEY={HASH}", "key"),
}  # fmt: skip
HONEST = {
    "sha256": f"the checksum is {HASH}", "commit": f"it broke at commit {HASH[:40]}", "uuid": "request 550e8400-e29b-41d4-a716-446655440000 failed",
    "image_digest": f"app@sha256:{HASH}", "order": "order 36574261809 has not arrived", "wrong_check_digit": "身份证号110105194912310021",
    "wrong_luhn": "card 4111 1111 1111 1112", "date": "on 01/02/2024 at 10:30", "isbn": "ISBN 978-0-306-40615-7", "ulid": "event 01ARZ3NDEKTSV4RRFFQ69G5FAV",
}  # fmt: skip

CASES: list[Case] = [
    *(
        Case(f"gate/leak_{name}", _contained(form), None, says=LEAK, never_says=["good"])
        for name, form in FORMS.items()
    ),
    Case("gate/leak_development", _contained(FORMS["both"], held="development"), None, says=["contained_development"], never_says=["good"]),
    Case("gate/leak_japanese", _contained("お世話になっております。{}よろしくお願いいたします。", JAPANESE), None, says=LEAK, never_says=["good"]),
    Case("gate/leak_japanese_quote", _contained("お客様から「{}」と言われました。", JAPANESE), None, says=LEAK, never_says=["good"]),
    Case("gate/no_leak_other_messages", _other_messages, None, says=[r"\A(good\n?){3}\Z"]),
    *(
        Case(f"gate/personal_{name}", _personal(text), None, says=[rf"personal_data:\S*{kind}"])
        for name, (text, kind) in PERSONAL.items()
    ),
    *(Case(f"gate/honest_{name}", _personal(text), None, says=[r"\Agood\Z"]) for name, text in HONEST.items()),
    Case("gate/one_class_emptied", _emptied(0.25), None, says=["^blocked", "call 41 of 100 by personal_data:phone", "maximum_removed_share: 41 of 100"]),
    Case("gate/one_class_emptied_told", _emptied(1.0), None, says=["^passed", "call 41 of 100 by personal_data:phone"]),
    Case("gate/limit_out_of_range", _wrong_limit, None, says=["maximum_removed_share", "41"]),
    Case("gate/both_directions", _both_ways, None, says=[r"\Agood\ngood\nlanguage:\w+\nlanguage:\w+\Z"]),
    Case("gate/small_numbers", _pair("7時に起きます。", "i get up at 8"), None, says=["alignment:numbers"]),
    Case("gate/small_numbers_right", _pair("7時に起きます。", "i get up at 7"), None, says=[r"\Agood\Z"]),
    Case("gate/mixed_numerals", _pair("予算は１万５千円です。", "the budget is 15,000 yen"), None, says=[r"\Agood\Z"]),
    Case("gate/translation_suite", _translation_rules, None, says=["refusal", "truncation", "length_outlier"]),
    Case("gate/label_certainty", _certainty, None, says=[r"default 0\.6, suite \[0\.6\]"]),
]  # fmt: skip
