"""Metrics that a judge answers for, with a chat model that judges by a rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.judging.judged import RuleChat
from tests.metrics.text_answers import rows, said, text_task
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import JudgeChoice
from veritrain_lib.judging.judge import Judge
from veritrain_lib.metrics.base import open_metrics, row_scores
from veritrain_lib.metrics.comet import Comet
from veritrain_lib.metrics.judged import Adequacy, Fluency, JudgedAccuracy
from veritrain_lib.metrics.mqm import Mqm


class MarkChat(RuleChat):
    """Answers questions for points by the length of the answer, and marks what the answer itself lists."""

    def _reply(self, request: Any) -> Any:
        material = json.loads(request.messages[-1].content)
        if "errors" in request.schema["properties"]:
            self.rule = lambda kind, given: "=" + material["answer"]
        else:
            self.rule = lambda kind, given: {"good": 5, "bad": 2}.get(material["answer"], "!refused")
        request.schema.setdefault("required", []).append("points")
        return super()._reply(request)


def opened() -> tuple[Any, Judge, MarkChat]:
    task, chat = text_task(), MarkChat()
    settings = JudgeChoice(model="openai:/judge-model", rubric="-", scale=[1, 5])
    return task, Judge(task, chat, settings), chat


@pytest.mark.parametrize("metric", [Fluency, Adequacy, JudgedAccuracy])
def test_points_are_averaged_and_what_failed_gets_the_lowest(metric: Any) -> None:
    task, judge, chat = opened()
    references = rows(task, ("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"))
    answers = said(["good", "bad", "unjudged", None])
    made = metric(task, judge=judge)
    assert made.per_row(references, answers).tolist() == [5, 2, 1, 1]
    assert made.value(references, answers) == pytest.approx(9 / 4)
    assert row_scores(made, references, answers).tolist() == pytest.approx([1, 0.25, 0, 0])
    # No answer is not asked about, and nothing is asked about twice.
    assert len(chat.requests) == 3


def test_a_task_without_a_judge_is_told_so_when_it_measures() -> None:
    task = text_task()
    with pytest.raises(UserError, match="has no judge"):
        Fluency(task).value(rows(task, ("a", "x")), said(["good"]))


def test_a_judge_can_not_decide_promotion_because_held_out_rows_are_never_shown_to_one() -> None:
    with pytest.raises(UserError, match="list another metric first"):
        open_metrics(text_task(metrics=[{"name": "mqm"}, {"name": "chrf"}]))
    assert [one.name for one in open_metrics(text_task(metrics=[{"name": "chrf"}, {"name": "mqm"}]))] == [
        "chrf",
        "mqm",
    ]


def marks(*errors: tuple[str, str]) -> str:
    return json.dumps({"errors": [{"span": "s", "type": kind, "severity": grave} for kind, grave in errors]})


def test_mqm_takes_points_off_by_severity_and_tells_errors_by_type() -> None:
    task, judge, _ = opened()
    given = [
        marks(),
        marks(("grammar", "minor"), ("number or name", "major")),
        marks(("non-translation", "critical"), ("grammar", "minor")),
        marks(("made up", "minor")),
        "no JSON",
    ]
    references = rows(task, *((str(at), "x") for at in range(len(given))))
    metric = Mqm(task, judge=judge)
    # 1, 5 and 25 of 25 points; an unknown type and no JSON are the judge's failures.
    assert metric.per_row(references, said(given)).tolist() == pytest.approx([100, 76, 0, 0, 0])
    assert metric.details(references, said(given)).to_dict("records") == [
        {"type": "non-translation", "severity": "critical", "errors": 1, "rows": 1},
        {"type": "number or name", "severity": "major", "errors": 1, "rows": 1},
        {"type": "grammar", "severity": "minor", "errors": 2, "rows": 2},
    ]


def test_comet_without_weights_says_what_to_do() -> None:
    task = text_task()
    with pytest.raises(UserError, match=r"parameters\.checkpoint"):
        Comet(task).value(rows(task, ("a", "x")), said(["y"]))
