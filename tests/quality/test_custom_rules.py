"""Files of a user's own rules: found, digested, and refused when they would let something pass unseen."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from gate_rows import content, make_context, make_rows, rule

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.quality.custom_rules import load_custom_rules
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.gx_expectations import expectation_class, gx
from veritrain_lib.quality.task_suite import suite_of

CHECK = """
import pandas as pd
def loud(rows, context):
    return pd.Series(["loud:yes" if "!" in text else "" for text in rows["text"]], index=rows.index)
"""


def task_with(folder: Path, code: str) -> Task:
    path = write_tiny(folder / "task", gate_rules=["mine.py"])
    (path.parent / "mine.py").write_text(code, encoding="utf-8")
    suite = content(rule("loud", mostly=0.5))
    (path.parent / "suite.json").write_text(json.dumps(suite), encoding="utf-8")
    return load_task(path)


def test_a_check_in_a_file_of_the_task_judges(tmp_path: Path) -> None:
    task = task_with(tmp_path, CHECK)
    verdict = run_gate(make_rows(["hi!", "hello", "so"], "parcel"), make_context(task), suite_of(task))
    assert verdict.quarantine["reasons"].tolist() == ["loud:yes"]


def test_an_edited_rule_is_used_at_once_and_changes_the_suites_digest(tmp_path: Path) -> None:
    task = task_with(tmp_path, CHECK)
    before = suite_of(task).digest
    (task.path.parent / "mine.py").write_text(CHECK.replace('"!" in', '"?" in'), encoding="utf-8")
    after = suite_of(task)
    assert after.digest != before
    rows = make_rows(["hi!", "why?", "so"], "parcel")
    assert run_gate(rows, make_context(task), after).quarantine["text"].tolist() == ["why?"]


def test_what_is_imported_or_private_or_takes_other_things_is_no_check(tmp_path: Path) -> None:
    code = CHECK + "from json import dumps\ndef _hidden(rows, context): ...\ndef other(text): ...\n"
    assert load_custom_rules(task_with(tmp_path, code)) == ["loud"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def broken(rows, context)", "mine.py, line 1: SyntaxError"),
        ("x = 1\ny = 1 / 0", "mine.py, line 2: ZeroDivisionError"),
        ("x = 1", "holds no rule"),
        ("def contract(rows, context): ...", "'contract', but there is one of that name"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_custom_rules(task_with(tmp_path, code))


def test_a_class_that_would_replace_a_stock_expectation_is_refused_and_the_stock_one_stays(
    tmp_path: Path,
) -> None:
    gx()
    stock = expectation_class("expect_column_values_to_be_in_set")
    code = """
import great_expectations.expectations as gxe
class ExpectColumnValuesToBeInSet(gxe.ExpectColumnValuesToBeInSet):
    mostly: float = 0.0
"""
    with pytest.raises(UserError, match="'expect_column_values_to_be_in_set', but there is one"):
        load_custom_rules(task_with(tmp_path, code))
    assert expectation_class("expect_column_values_to_be_in_set") is stock


def test_a_file_that_is_not_there_is_refused_with_the_task(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gate_rules\.\d: .*lost\.py is missing"):
        load_task(write_tiny(tmp_path / "task", gate_rules=["lost.py"]))


def test_an_own_check_that_crashes_blocks(tmp_path: Path) -> None:
    task = task_with(tmp_path, "def loud(rows, context): raise KeyError('no such column')")
    verdict = run_gate(make_rows(["hi"], "parcel"), make_context(task), suite_of(task))
    assert verdict.status == "blocked"
    assert "KeyError: 'no such column'" in verdict.block_reasons[0]


def test_what_a_check_changes_in_its_rows_changes_no_row(tmp_path: Path) -> None:
    code = CHECK.replace("    return", "    rows['text'] = rows['text'].str.upper()\n    return")
    task = task_with(tmp_path, code)
    verdict = run_gate(make_rows(["hi", "so!"], "parcel"), make_context(task), suite_of(task))
    assert (verdict.accepted["text"].tolist(), verdict.quarantine["text"].tolist()) == (["hi"], ["so!"])


def test_an_expectation_by_entry_point_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import great_expectations.expectations as gxe
class ExpectShortText(gxe.ExpectColumnValueLengthsToBeBetween):
    max_value: int = 4
"""
    (tmp_path / "somebodys_package.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("expect_short_text", "somebodys_package:ExpectShortText", "veritrain.expectations")
    monkeypatch.setattr(
        registry, "_points", lambda kind: {point.name: point} if kind == "expectations" else {}
    )
    from veritrain_lib.quality.suite import make_suite

    stock = rule(None, "short", type="expect_short_text", kwargs={"column": "text", "mostly": 0.5})
    verdict = run_gate(make_rows(["ab", "abcdef"]), make_context(), make_suite(content(stock)))
    assert verdict.quarantine["text"].tolist() == ["abcdef"]
