"""docs/own_rule.md as it stands: its code, its suite entries and what it says of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from gate_rows import content, make_context, make_rows

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.task_suite import suite_of
from veritrain_lib.quality.verdict import GateVerdict

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "own_rule.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{re.escape(kind)}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """The tiny task with the page's file and a suite of the page's entries."""
    path = write_tiny(tmp_path / "task", gate_rules=["my_rules.py"])
    (path.parent / "my_rules.py").write_text("\n\n".join(blocks("python my_rules.py")), encoding="utf-8")
    entries = [json.loads(text) for text in blocks("json suite")]
    (path.parent / "suite.json").write_text(json.dumps(content(*entries)), encoding="utf-8")
    return load_task(path)


def judged(task: Task) -> GateVerdict:
    texts = ["where is order A17 today", "where is order X17 today", "hey", "WHERE IS MY PARCEL", "order B2 is late",
             "the courier never came", "is my parcel lost"]  # fmt: skip
    return run_gate(make_rows(texts, "parcel"), make_context(task), suite_of(task))


def test_the_page_shows_one_file_and_three_suite_entries() -> None:
    assert (len(blocks("python my_rules.py")), len(blocks("json suite"))) == (2, 3)
    check = blocks("python my_rules.py")[0]
    assert len([line for line in check.splitlines() if line.strip()]) <= 10


def test_each_rule_of_the_page_does_what_it_says(task: Task) -> None:
    verdict = judged(task)
    found = dict(zip(verdict.quarantine["text"], verdict.quarantine["reasons"], strict=True))
    assert found == {"where is order X17 today": "order_number:unknown=X17", "hey": "text_length:rejected"}
    assert verdict.warnings["text"].tolist() == ["WHERE IS MY PARCEL"]
    assert verdict.status == "passed"


def test_parameters_in_the_suite_are_the_checks(task: Task) -> None:
    file = task.path.parent / "suite.json"
    suite: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    rule = next(one for one in suite["expectations"] if one["meta"]["rule"] == "order_number")
    rule["meta"]["parameters"] = {"letters": "AX"}
    file.write_text(json.dumps(suite), encoding="utf-8")
    found = judged(task).quarantine["reasons"].tolist()
    assert found == ["text_length:rejected", "order_number:unknown=B2"]


def test_the_tables_of_the_packages_entry_points_are_valid_toml() -> None:
    import tomllib

    (table,) = blocks("toml")
    points = tomllib.loads(table)["project"]["entry-points"]
    assert set(points) == {"veritrain.checks", "veritrain.expectations"}
    assert yaml.safe_load("gate_rules: [my_rules.py]") == {"gate_rules": ["my_rules.py"]}
    assert "`gate_rules: [my_rules.py]`" in PAGE
