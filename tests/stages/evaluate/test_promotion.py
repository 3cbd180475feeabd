"""One place says when the test set is opened, which verdict follows and who is promoted; nobody decides it again."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from veritrain_lib.stages.evaluate.promotion import Purpose, opens_test_set, promotes, verdict_of
from veritrain_lib.statistics.decision import Decision, decide

LIBRARY = Path(__file__).resolve().parents[3] / "veritrain_lib"
WINS = (np.zeros(40), np.ones(40))
LOSES_A_SLICE = (np.r_[np.ones(12), np.zeros(88)], np.r_[np.zeros(12), np.ones(88)])


def decision(scores: tuple[np.ndarray, np.ndarray], slice_rows: int = 0) -> Decision:
    rows = np.arange(len(scores[0]))
    return decide(*scores, look_alpha=0.025, slices={"label=a": rows < slice_rows} if slice_rows else None)


@pytest.mark.parametrize(
    ("purpose", "look_left", "screen_opens", "judge_vetoes", "opened"),
    [
        ("promotion", True, True, False, True),
        ("promotion", True, True, True, False),
        ("promotion", True, False, False, False),
        ("promotion", False, True, False, False),
        ("final", True, False, True, True),
        ("final", False, True, False, False),
    ],
)
def test_a_look_is_spent_only_where_it_may_and_can_decide(
    purpose: Purpose, look_left: bool, screen_opens: bool, judge_vetoes: bool, opened: bool
) -> None:
    assert (
        opens_test_set(purpose, look_left=look_left, screen_opens=screen_opens, judge_vetoes=judge_vetoes)
        is opened
    )


def test_a_locked_test_set_never_gives_better() -> None:
    assert verdict_of(None, 0.9) == "inconclusive"
    assert verdict_of(None, -0.1) == "not better"
    assert verdict_of(decision(WINS), -0.1) == "better"


def test_only_a_proven_gain_for_promotion_without_a_worse_slice_promotes() -> None:
    assert promotes("promotion", decision(WINS))
    assert not promotes("final", decision(WINS))
    assert not promotes("promotion", None)
    worse = decision(LOSES_A_SLICE, slice_rows=12)
    assert worse.verdict == "better"
    assert not promotes("promotion", worse)


def test_no_other_stage_or_room_asks_the_statistics_for_a_verdict() -> None:
    callers = set()
    for path in set(LIBRARY.rglob("*.py")) - set((LIBRARY / "statistics").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "veritrain_lib.statistics.decision":
                names = {alias.name for alias in node.names} & {"outcome", "decide"}
                callers |= {(path.relative_to(LIBRARY).as_posix(), name) for name in names}
    assert callers == {("stages/evaluate/promotion.py", "outcome"), ("stages/evaluate/held_out.py", "decide")}
