"""The gate gives a verdict with every row accounted for; blocked is an outcome, not an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.stages.tiny_task import write_suite
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task
from veritrain_lib.quality.context import Context
from veritrain_lib.quality.suite import load_suite
from veritrain_lib.stages.gate import run as gate
from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.inputs import sources


@pytest.fixture
def context(task: Task) -> Context:
    return Context(
        task=task,
        accepted_rows=sources.seed_rows(task),
        development=sources.development_rows(task),
        test_inputs=sources.test_inputs(task),
        fit=lambda rows: pytest.fail("no student is needed"),
        seed=0,
    )


@pytest.fixture
def rows(task: Task) -> pd.DataFrame:
    """20 rows of the pool, four of them twice, and one without text."""
    file = task.file("pool")
    assert file is not None
    some = read_examples(task, file, "pool").head(20)
    empty = some.head(1).assign(id="0" * 16, text="  ")
    return pd.concat([some, some.head(4), empty], ignore_index=True)


def judged(rows: pd.DataFrame, context: Context, folder: Path, mostly: float, **dataset: Any) -> GateResult:
    write_suite(folder / "suite.json", mostly, **dataset)
    return gate.run(gate.GateConfig(), rows, context, load_suite(folder / "suite.json"))


def test_every_row_is_accepted_or_in_quarantine_with_its_reason(
    rows: pd.DataFrame, context: Context, tmp_path: Path
) -> None:
    found = judged(rows, context, tmp_path, 0.5)
    accepted, quarantine = found.tables["accepted"], found.tables["quarantine"]
    assert (found.status, found.outcome) == ("passed", "done")
    assert (len(accepted), len(quarantine)) == (20, 5)
    assert accepted["text"].tolist() == rows["text"].head(20).tolist()
    assert quarantine.astype(str).apply(" ".join, axis=1).str.contains("exact_duplicate|empty").all()
    measures = {name: measure.value for name, measure in found.measures.items()}
    assert measures == {"rows_accepted": 20, "rows_quarantined": 5, "share_quarantined": 0.2}
    assert found.headline == "passed: 20 of 25 rows accepted, 5 in quarantine, 0 with a warning."
    assert found.picture().axes


@pytest.mark.parametrize(("mostly", "status"), [(0.83, "passed"), (0.85, "blocked")])
def test_a_rule_blocks_beyond_its_limit_and_says_so(
    rows: pd.DataFrame, context: Context, tmp_path: Path, mostly: float, status: str
) -> None:
    # 4 copies among 25 rows: 84 % are no copy.
    found = judged(rows, context, tmp_path, mostly)
    assert found.status == status
    assert found.outcome == ("blocked" if status == "blocked" else "done")
    if status == "blocked":
        assert any("exact_duplicate" in reason for reason in found.block_reasons)
        assert found.block_reasons[0].rstrip(".") in found.headline


def test_too_few_rows_block_whatever_the_rules_say(
    rows: pd.DataFrame, context: Context, tmp_path: Path
) -> None:
    found = judged(rows.head(5), context, tmp_path, 0.5, minimum_rows=6)
    assert found.status == "blocked"
    assert judged(rows.head(6), context, tmp_path, 0.5, minimum_rows=6).status == "passed"


def test_no_rows_at_all_are_blocked(rows: pd.DataFrame, context: Context, tmp_path: Path) -> None:
    found = judged(rows.head(0), context, tmp_path, 0.5)
    assert found.status == "blocked"
    assert found.measures["share_quarantined"].value is None


def test_the_verdict_names_the_suite_that_gave_it(
    rows: pd.DataFrame, context: Context, tmp_path: Path
) -> None:
    one, same, other = (judged(rows, context, tmp_path, mostly) for mostly in (0.5, 0.5, 0.6))
    assert one.suite == "light"
    assert one.suite_digest == same.suite_digest != other.suite_digest
