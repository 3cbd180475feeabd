"""The report tells how many rows seem to have no label, and offers groups of them as new labels."""

from __future__ import annotations

import pandas as pd

from veritrain_lib.stages.generate.result import GenerateResult
from veritrain_lib.stages.report.no_label import new_labels, sentence
from veritrain_lib.stages.stage_result import Measure


def generated(held_back: int, answered: int, groups: int) -> GenerateResult:
    table = pd.DataFrame(
        [(9 - number, 0.1, f"“text {number}”") for number in range(groups)],
        columns=["rows", "share", "examples"],
    )
    measures = {"rows_held_back": Measure(value=held_back), "rows_no_label": Measure(value=answered)}
    return GenerateResult(
        headline="", asked=50, left=300, measures=measures, tables={"new_labels": table}
    )  # fmt: skip


def test_the_last_round_tells_what_is_held_back_and_all_rounds_what_was_answered() -> None:
    rounds = [generated(120, 3, 2), None, generated(100, 4, 1)]
    assert sentence(rounds) == (
        "No label: 100 pool row(s), 25% of those left, are held back, since no label seems to fit them; 7 chosen row(s) were "
        "answered “none of these”; 1 group(s) of such rows could be labels of their own."
    )
    assert new_labels(rounds)["examples"].tolist() == ["“text 0”"]


def test_where_nothing_looks_for_such_rows_nothing_is_said() -> None:
    plain = GenerateResult(headline="", asked=50, tables={})
    assert sentence([plain, None]) == ""
    assert new_labels([plain]).empty
    assert sentence([generated(0, 0, 0)]) == ""
