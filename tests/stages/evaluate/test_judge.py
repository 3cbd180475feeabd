"""A judge in the evaluation: shown, and heard only when it agrees with people."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.judging.judged import honest, make_judge, make_rows, make_task, truth
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.stages.evaluate import run as evaluate
from veritrain_lib.stages.evaluate.result import EvaluateResult

DEVELOPMENT = make_rows(150)


class Knows:
    """Answers with the truth, but for rows whose number is below `wrong`."""

    def __init__(self, uri: str, wrong: int) -> None:
        self.uri, self.wrong = uri, wrong

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        given = []
        for text in rows["text"]:
            right = truth(text)
            bad = {"bug": "login", "login": "refund", "refund": "bug"}[right]
            answer = bad if int(text.rsplit(" ", 1)[1]) < self.wrong else right
            given.append(Response((Candidate(answer, 1.0),), answer))
        return given


def run(says: Any = honest, **settings: Any) -> tuple[EvaluateResult, list[str]]:
    judge, _ = make_judge(says, **{"sample": 150, **settings})
    opened: list[str] = []

    def unlock_test_set() -> pd.DataFrame:
        opened.append("sealed")
        return make_rows(300)

    result = evaluate.run(
        evaluate.EvaluateConfig(), make_task(), Knows("models:/tiny/1", 70), Knows("models:/tiny/2", 10), DEVELOPMENT,
        n_test=300, look=(1, 0.01), unlock_test_set=unlock_test_set, judge=judge,
    )  # fmt: skip
    return result, opened


def wrong_way(kind: str, material: dict[str, Any]) -> Any:
    """Prefers the worse answer, but knows right from wrong when asked so."""
    said = honest(kind, material)
    return {"first": "second", "second": "first"}.get(said, said) if kind == "better" else said


def test_preference_points_and_kappa_are_measures_of_the_result() -> None:
    result, opened = run()
    assert opened
    assert result.promote
    assert result.judge_decides
    assert result.measures["judge_preference"].value == 60 / 150
    assert {"judge_points_champion", "judge_points_challenger", "judge_kappa_preference"} <= set(
        result.measures
    )
    assert len(result.tables["judge"]) == 150
    assert "kappa" in result.judge_note


def test_a_judge_below_the_floor_decides_nothing() -> None:
    result, opened = run(wrong_way)
    assert result.measures["judge_preference"].high is not None
    assert result.measures["judge_preference"].high < 0
    assert result.judge_decides is False
    assert opened
    assert result.promote


def test_a_judge_that_may_decide_keeps_the_held_out_set_closed(monkeypatch: Any) -> None:
    # People and the judge must agree on the calibration and differ on the pairs: the models' own answers.
    def rule(kind: str, material: dict[str, Any]) -> Any:
        pair = {material.get("first"), material.get("second")}
        number = int(material["input"]["text"].rsplit(" ", 1)[1])
        return wrong_way(kind, material) if len(pair) == 2 and 10 <= number < 70 else honest(kind, material)

    result, opened = run(rule, floor=0.0, calibration=150)
    assert result.judge_decides
    assert not opened
    assert not result.promote
    assert "judge is sure" in result.why


def test_without_a_judge_nothing_is_said_of_one() -> None:
    result = evaluate.run(
        evaluate.EvaluateConfig(), make_task(), Knows("a:1", 70), Knows("a:2", 10), DEVELOPMENT,
        n_test=300, look=(1, 0.01), unlock_test_set=lambda: make_rows(300),
    )  # fmt: skip
    assert result.judge_decides is None
    assert not [name for name in result.measures if name.startswith("judge")]
    assert "judge" not in result.tables
