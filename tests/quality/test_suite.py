"""A suite file is refused by name for every mistake: a gate with a typo must never let anything pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gate_rows import content, rule

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.suite import load_suite, make_suite

IN_SET = "expect_column_values_to_be_in_set"


def test_the_shipped_suite_loads_with_every_first_check():
    suite = load_suite("classification")
    assert {one.meta.check for one in suite.rules} == {
        "contract", "empty", "garbage", "language", "personal_data", "exact_duplicate", "near_duplicate", "leakage",
        "label_disagreement", "refusal", "truncation", "length_outlier", "toxic", "required_fields", "field_types", "coverage", "balance", "length_drift", "vocabulary_drift",
    }  # fmt: skip
    assert suite.dataset.minimum_rows_per_label >= 1
    disagreement = next(one for one in suite.rules if one.id == "label_disagreement")
    assert disagreement.meta.on_uncertain == "set_aside"


def with_(change: Any) -> dict[str, Any]:
    whole = content(rule("empty"))
    change(whole)
    return whole


MISTAKES = {
    "unknown key of the file": (lambda c: c.update(expectation=[]), "expectation: unknown key"),
    "unknown key of dataset": (lambda c: c["dataset"].update(minimum_row=3), "Did you mean 'minimum_rows'"),
    "unknown key of a rule": (lambda c: c["expectations"][0].update(mostly=0.5), "mostly: unknown key"),
    "unknown key of meta": (lambda c: c["expectations"][0]["meta"].update(onwer="x"), "Did you mean 'owner'"),
    "no meta": (lambda c: c["expectations"][0].pop("meta"), "meta: is required"),
    "no rule id": (lambda c: c["expectations"][0]["meta"].pop("rule"), "rule: is required"),
    "no severity": (lambda c: c["expectations"][0].pop("severity"), "severity: is required"),
    "no dataset": (lambda c: c.pop("dataset"), "dataset: is required"),
    "no rules": (lambda c: c.update(expectations=[]), "expectations"),
    "two rules of one id": (lambda c: c["expectations"].append(rule("empty")), "used twice: empty"),
    "unknown check": (lambda c: c["expectations"][0]["meta"].update(check="emty"), "Did you mean 'empty'"),
    "unknown parameter": (
        lambda c: c["expectations"][0]["meta"].update(parameters={"words": 3}), "unknown parameter\\(s\\) words"),
    "unknown type": (
        lambda c: c["expectations"].append(rule(None, "x", type="expect_column_value_to_be_in_set", kwargs={"column": "text"})),
        "unknown expectation type"),
    "unknown kwarg": (lambda c: c["expectations"][0]["kwargs"].update(most=0.5), "most"),
    "another column": (lambda c: c["expectations"][0]["kwargs"].update(column="text"), "ok_empty"),
    "another value set": (lambda c: c["expectations"][0]["kwargs"].update(value_set=[True, False]), "ok_empty"),
    "mostly above 1": (lambda c: c["expectations"][0]["kwargs"].update(mostly=1.5), "mostly is 1.5"),
    "mostly as text": (lambda c: c["expectations"][0]["kwargs"].update(mostly="0.5"), "mostly is '0.5'"),
    "severity misspelt": (lambda c: c["expectations"][0].update(severity="critcal"), "critical"),
    "action misspelt": (lambda c: c["expectations"][0]["meta"].update(action="drop"), "quarantine"),
    "a number as text": (lambda c: c["dataset"].update(minimum_rows="10"), "minimum_rows"),
    "a check's column without the check": (lambda c: c["expectations"][0]["meta"].pop("check"), "name it in meta.check"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_refused_by_name(mistake: str):
    change, said = MISTAKES[mistake]
    with pytest.raises(UserError, match=said):
        make_suite(with_(change))


def test_a_parameter_out_of_range_is_refused():
    with pytest.raises(UserError, match="certainty is -1"):
        make_suite(content(rule("label_disagreement", parameters={"certainty": -1})))


def test_a_file_that_is_not_there_names_the_suites_that_are():
    with pytest.raises(UserError, match="classification"):
        load_suite("clasification")


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is no JSON"), ('{"name": "a", "name": "b"}', "duplicate key"), ("[]", "mistake")],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, said: str):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(UserError, match=said):
        load_suite(path)


def test_the_digest_follows_the_content_not_the_spacing(tmp_path: Path):
    whole = json.loads((project.gates() / "classification.json").read_text())
    path = tmp_path / "same.json"
    path.write_text(json.dumps(whole, indent=7, sort_keys=True))
    assert load_suite(path).digest == load_suite("classification").digest
    whole["expectations"][0]["kwargs"]["mostly"] = 0.5
    path.write_text(json.dumps(whole))
    assert load_suite(path).digest != load_suite("classification").digest
