"""The report sorts slices by what is shown, says what the added rows did, and becomes a page and a PDF."""

from __future__ import annotations

import datetime as dt
import re
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader

from veritrain_lib.core.task import Task
from veritrain_lib.stages.evaluate.result import EvaluateResult, HeldOutResult
from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.record.history import COLUMNS
from veritrain_lib.stages.report import run as report
from veritrain_lib.stages.report.facts import Facts
from veritrain_lib.stages.report.result import ReportResult
from veritrain_lib.stages.stage_result import Measure
from veritrain_lib.stages.train.result import TrainResult

SLICES = pd.DataFrame(
    [
        ("label=billing", 20, 0.5, 0.9, 0.4, 0.2, 0.6, 1.0, 1.0, 0.2, "not worse"),
        ("label=greeting", 20, 0.8, 0.5, -0.3, -0.5, -0.1, 0.01, 0.03, 0.2, "worse"),
        ("label=parcel", 20, 0.7, 0.7, 0.0, -0.2, 0.2, 0.6, 1.0, 0.2, "can't tell"),
    ],
    columns=["name", "n", "champion", "challenger", "difference", "low", "high", "p_worse", "p_holm",
             "detectable_loss", "verdict"],
)  # fmt: skip


def trained(rows: int, right: list[bool]) -> TrainResult:
    predictions = pd.DataFrame({"id": [f"i{place}" for place in range(len(right))], "grade": right})
    return TrainResult(headline=f"Trained on {rows} rows.", rows=rows, tables={"predictions": predictions})


@pytest.fixture
def facts() -> Facts:
    held_out = HeldOutResult(
        n=60, look=2, look_alpha=0.0125, p=0.0002, test="exact McNemar", champion=0.6, challenger=0.9,
        difference=0.3, low=0.1, high=0.5, level=0.975, detectable=0.28, explanation="Better.",
    )  # fmt: skip
    evaluate = EvaluateResult(
        headline="better",
        champion="models:/tiny/1",
        challenger="models:/tiny/2",
        verdict="better",
        promote=True,
        development_gain=0.3,
        held_out=held_out,
        measures={"accuracy": Measure(value=0.9, n=30)},
        tables={
            "slices": SLICES.assign(low=-1.0, high=1.0),
            "held_out_slices": SLICES,
            "confusions": pd.DataFrame([["billing", "parcel", 4]], columns=["expected", "answered", "count"]),
        },
    )
    gate = GateResult(
        headline="passed: 15 of 16 rows accepted.", status="passed", suite="light", suite_digest="d",
        tables={"rules": pd.DataFrame()},
    )  # fmt: skip
    rounds = pd.DataFrame(
        [
            (0, 21, 0.4, 0.3, 0.5, "seed", True, None, None, 3.0, "models:/tiny/1"),
            (1, 36, 0.9, 0.8, 0.95, "better", True, 0.5, 0.3, 4.5, "models:/tiny/2"),
        ],
        columns=COLUMNS,
    )
    return Facts(
        title="tiny: round 1", rounds=rounds, gate=gate,
        train=trained(36, [True] * 9 + [False]), without=trained(21, [False] * 6 + [True] * 4),
        evaluate=evaluate, champion="models:/tiny/2", looks_used=2, made_by={"task": "tiny <1>"},
    )  # fmt: skip


def test_slices_improved_and_regressed_only_where_the_interval_excludes_no_change(
    task: Task, facts: Facts
) -> None:
    tables = report.run(report.ReportConfig(), task, facts).tables
    named = {name: tables[name]["name"].tolist() for name in ("improved", "regressed", "unclear")}
    assert named == {
        "improved": ["label=billing"],
        "regressed": ["label=greeting"],
        "unclear": ["label=parcel"],
    }


def test_the_added_rows_are_judged_by_the_same_rows_with_and_without(task: Task, facts: Facts) -> None:
    (line,) = report.run(report.ReportConfig(), task, facts).tables["added_data"].to_dict("records")
    assert (line["rows_without"], line["rows_with"], line["n"]) == (21, 36, 10)
    assert (line["grade_without"], line["grade_with"]) == pytest.approx((0.4, 0.9))
    # Six rows won, one lost: two-sided sign test 2 * (1 + 7) / 2**7.
    assert line["p"] == pytest.approx(0.125)


def test_what_changed_names_look_level_interval_and_detectable_difference(task: Task, facts: Facts) -> None:
    found = report.run(report.ReportConfig(), task, facts)
    text = " ".join(found.changed)
    for part in (
        "look 2 of 4 (level 0.0125)",
        "0.600 to 0.900, change +0.300 (+0.100 to +0.500 at level 0.975)",
        "n = 60",
        "detectable difference: 0.280",
        "Champion now: models:/tiny/2.",
    ):
        assert part in text
    assert found.verdict == "better"
    assert found.measures["seconds"].value == 7.5
    assert found.measures["money"].value == 0


@pytest.mark.parametrize(("status", "verdict"), [("blocked", "blocked"), ("passed", "none")])
def test_a_round_that_ended_early_still_has_a_report(
    task: Task, facts: Facts, status: str, verdict: str
) -> None:
    rules: dict[str, Any] = {"rules": pd.DataFrame()}
    gate = GateResult(
        headline="g", status=status, suite="s", suite_digest="d", block_reasons=["why"], tables=rules
    )
    early = Facts(title="tiny: round 1", rounds=facts.rounds.head(0), gate=gate)
    found = report.run(report.ReportConfig(), task, early)
    assert found.verdict == verdict
    assert (found.slices(), found.confused(), found.removed()) == (None, None, None)
    assert found.learning_curve().axes


def test_it_becomes_one_offline_page_and_a_pdf(task: Task, facts: Facts, tmp_path: Any) -> None:
    from veritrain_lib.reporting.page import to_html
    from veritrain_lib.reporting.pdf import to_pdf

    found = report.run(report.ReportConfig(), task, facts)
    found.save(tmp_path)
    document = ReportResult.load(tmp_path).document()
    page = to_html(document)
    assert "tiny &lt;1&gt;" in page
    assert "<script" not in page
    assert not re.search(r"(src|href|url\()\s*=?\s*['\"]?https?:", page), "nothing is fetched"
    read = "\n".join(
        one.extract_text() for one in PdfReader(BytesIO(to_pdf(document, dt.datetime.now(dt.UTC)))).pages
    )
    for part in ("tiny: round 1", "Regressed: 1 slices", "label=greeting", "Next step"):
        assert part in read
        assert part in page
