"""Labels and names survive the YAML, whatever they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from veritrain_lib.new_task.task_template import TaskTemplate, scalar

NAUGHTY = Path(__file__).resolve().parents[3] / "shared" / "data" / "naughty_strings" / "blns.json"

HARD = [
    "no",
    "yes",
    "null",
    "1.0",
    "a: b",
    "# no comment",
    "- x",
    "é",
    "日本語",
    "two words",
    'say "hi"',
    "it's",
    "a\nb",
    "tab\there",
    "\u2028",
    "😀",
    "{x}",
    "%",
    "&a",
    "*a",
    "!",
    "",
    " ",
]


@pytest.mark.parametrize("text", HARD)
def test_a_text_comes_back_from_yaml_as_it_was(text: str) -> None:
    assert yaml.safe_load(f"[{scalar(text)}, x]") == [text, "x"]
    assert "\n" not in scalar(text)


@pytest.mark.skipif(not NAUGHTY.is_file(), reason=f"no naughty strings at {NAUGHTY}")
def test_naughty_strings_come_back_from_yaml() -> None:
    strings = json.loads(NAUGHTY.read_text(encoding="utf-8"))
    assert yaml.safe_load("[" + ", ".join(scalar(text) for text in strings) + "]") == strings


@pytest.mark.parametrize("plain", ["refund", "invoice_missing", "a.b-c"])
def test_a_plain_word_stays_plain(plain: str) -> None:
    assert scalar(plain) == plain


def test_labels_stand_once_and_mean_the_same_in_target_and_contract() -> None:
    labels = [f"label number {at}" for at in range(60)]
    starter = TaskTemplate(
        "t",
        "rows.csv",
        {"text": "en", "body": None},
        "no",
        labels,
        ["no"],
        [3, 9],
        {"seed": "seed.csv"},
        "pool",
        4,
        30,
        10,
        7,
    )
    content = yaml.safe_load(starter.text())
    assert content["target"] == {"field": "no", "labels": labels, "descriptions": {}}
    assert content["contract"]["properties"]["label"]["enum"] == labels
    assert content["inputs"] == {"text": {"language": "en"}, "body": {}}
    assert content["slices"] == {"by": ["no"], "length_of": "text", "length_bands": [3, 9]}
    assert content["promotion"]["max_looks"] == 5
    assert max(map(len, starter.text().splitlines())) <= 120


@pytest.mark.parametrize(
    ("inputs", "trainer"),
    [
        ({"text": "en"}, "encoder_svc"),
        ({"text": "ja", "body": "zh"}, "encoder_svc"),
        ({"text": "uk"}, "tfidf_svc"),
        ({"text": "en", "body": "uk"}, "tfidf_svc"),
        ({"text": None}, "tfidf_svc"),
    ],
)
def test_the_trainer_reads_meaning_where_the_encoder_knows_every_language(
    inputs: dict[str, str | None], trainer: str
) -> None:
    starter = TaskTemplate("t", "rows.csv", inputs, "label", ["a", "b"], [], [], {}, "pool", 4, 30, 10, 7)
    assert yaml.safe_load(starter.text())["trainer"] == {"name": trainer}
