"""The plan shares rows out by possible error and adds up; the teacher gets what it needs and no more."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veritrain_lib.core import registry
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task
from veritrain_lib.stages.generate import run as generate
from veritrain_lib.stages.generate.run import make_plan
from veritrain_lib.stages.generate.teacher_request import GenerateInputs
from veritrain_lib.stages.inputs import sources
from veritrain_lib.teachers.base import TeacherRequest, TeacherResult

measured = st.lists(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), min_size=1, max_size=12
)


def errors_of(pairs: list[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"slice": f"s{place:02d}", "n": n, "right": right} for place, (n, right) in enumerate(pairs)]
    )


def wilson_upper(wrong: int, n: int) -> float:
    """Upper end of the interval of E. B. Wilson (1927), JASA 22:209-212, at z = 1.959964."""
    z, share = 1.959963984540054, wrong / n
    return (share + z * z / (2 * n) + z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5) / (
        1 + z * z / n
    )


@settings(max_examples=60, deadline=None)
@given(pairs=measured, rows=st.integers(1, 1000))
def test_the_plan_adds_up_and_rounds_by_less_than_a_row(pairs: list[tuple[int, int]], rows: int) -> None:
    plan = make_plan(errors_of(pairs), rows)
    assert plan["rows"].sum() == rows
    assert plan["share"].sum() == pytest.approx(1)
    assert ((plan["rows"] - plan["share"] * rows).abs() < 1).all()
    upper = {f"s{place:02d}": wilson_upper(n - right, n) for place, (n, right) in enumerate(pairs)}
    total = sum(upper.values())
    for line in plan.to_dict("records"):
        assert line["high"] == pytest.approx(upper[line["slice"]], abs=1e-9)
        assert line["share"] == pytest.approx(upper[line["slice"]] / total, abs=1e-9)


def test_the_largest_remainders_get_the_rows_left_over() -> None:
    # Error ceilings of three like slices are alike: 10 rows are 3.33 each, and the first gets the tenth.
    plan = make_plan(errors_of([(20, 10)] * 3), 10)
    assert dict(zip(plan["slice"], plan["rows"], strict=True)) == {"s00": 4, "s01": 3, "s02": 3}


def test_a_slice_seen_on_few_rows_is_not_taken_for_perfect() -> None:
    plan = make_plan(errors_of([(2, 2), (200, 200)]), 100).set_index("slice")
    assert plan.loc["s00", "rows"] > 90
    assert plan.loc["s00", "why"].startswith("0 of 2 development rows wrong (up to 66%)")


class Recorder:
    """A teacher that gives nothing and notes what it was asked."""

    asked: ClassVar[list[TeacherRequest]] = []
    name = "recorder"

    def __init__(self, **parameters: Any) -> None:
        self.parameters = parameters

    def write(self, request: TeacherRequest) -> TeacherResult:
        self.asked.append(request)
        return TeacherResult(request.accepted_rows.iloc[:0], request.accepted_rows.iloc[:0], left=7)


@pytest.fixture
def parts(task: Task) -> dict[str, Any]:
    return {
        "errors": pd.DataFrame({"slice": list(task.labels), "n": [10, 10, 10], "right": [9, 5, 10]}),
        "accepted_rows": sources.seed_rows(task),
        "used": frozenset({"x"}),
        "human_labels": {"y": "parcel"},
        "fit": lambda rows: pytest.fail("no student is needed"),
        "screen": lambda rows: pd.Series("", index=rows.index),
    }


def test_a_writing_teacher_gets_the_plan_as_shares_and_what_must_not_come_again(
    task: Task, parts: dict[str, Any]
) -> None:
    registry.register("teachers", "recorder", Recorder)
    Recorder.asked.clear()
    result = generate.run(
        generate.GenerateConfig(rows=12, teacher="recorder", seed=3), task, GenerateInputs(**parts)
    )
    (request,) = Recorder.asked
    plan = result.tables["plan"].set_index("slice")
    assert request.shares == pytest.approx(plan["share"].to_dict())
    assert (request.rows, request.seed, request.used, request.human_labels) == (
        12,
        3,
        frozenset({"x"}),
        {"y": "parcel"},
    )
    assert request.class_error == pytest.approx({"billing": 0.1, "greeting": 0.5, "parcel": 0.0})
    assert (result.outcome, result.left, result.asked) == ("done", 7, 12)
    assert result.headline == "0 of 12 new rows from teacher recorder."


def test_pool_rows_that_the_rules_turn_down_are_counted_by_reason_and_never_chosen(
    task: Task, parts: dict[str, Any]
) -> None:
    file = task.file("pool")
    assert file is not None
    pool = read_examples(task, file, "pool")
    bad = dict(
        zip(
            pool["id"][:4],
            ["garbage: keyboard_mash", "garbage: symbols", "language: de; short", "empty"],
            strict=True,
        )
    )

    def screen(rows: pd.DataFrame) -> pd.Series[str]:
        return rows["id"].map(bad).fillna("")

    config = generate.GenerateConfig(rows=100, choose="random", batch=100)
    result = generate.run(config, task, GenerateInputs(**{**parts, "screen": screen}))
    rows = result.tables["rows"]
    assert result.screened == {"garbage": 2, "language": 1, "empty": 1}
    assert len(rows) == 56
    assert result.left == 0
    assert not set(rows["id"]) & set(bad)
    got = result.tables["plan"].set_index("slice")["got"].to_dict()
    assert got == rows["label"].value_counts().to_dict()
    assert result.measures["rows_screened_out"].value == 4


def test_a_pool_that_one_rule_turns_down_is_blocked_and_names_the_rule(
    task: Task, parts: dict[str, Any]
) -> None:
    def screen(rows: pd.DataFrame) -> pd.Series[str]:
        return pd.Series(["language:uk"] * (len(rows) - 3) + ["garbage:keyboard_mash"] * 3, index=rows.index)

    config = generate.GenerateConfig(rows=10, choose="random", batch=10)
    result = generate.run(config, task, GenerateInputs(**{**parts, "screen": screen}))
    assert result.outcome == "blocked"
    assert result.headline == (
        "Blocked: rule language rejected 57 of the 60 rows in the pool (57 language:uk); 3 by other rules, so there "
        "is no row to choose. Correct the rows, the rule in suite suite.json or inputs.text.language (en) in the task file."
    )


def test_dirty_rows_that_are_left_of_a_pool_that_was_used_up_block_nothing(
    task: Task, parts: dict[str, Any]
) -> None:
    file = task.file("pool")
    assert file is not None
    used = frozenset(read_examples(task, file, "pool")["id"][:40])

    def screen(rows: pd.DataFrame) -> pd.Series[str]:
        return pd.Series("garbage:keyboard_mash", index=rows.index)

    around = GenerateInputs(**{**parts, "screen": screen, "used": used})
    result = generate.run(generate.GenerateConfig(rows=10, choose="random", batch=10), task, around)
    assert (result.outcome, result.left, result.screened) == ("done", 0, {"garbage": 20})


def test_answers_of_people_win_and_rows_without_any_wait(tmp_path: Any, parts: dict[str, Any]) -> None:
    from tests.stages.tiny_task import write_tiny
    from veritrain_lib.core.task import load_task

    task = load_task(write_tiny(tmp_path, labelled_pool=False))
    file = task.file("pool")
    assert file is not None
    pool = read_examples(task, file, "pool", answers=False)
    config = generate.GenerateConfig(rows=6, choose="random", batch=6)
    first = generate.run(config, task, GenerateInputs(**parts))
    assert (first.outcome, len(first.tables["rows"]), len(first.tables["waiting"])) == ("waiting", 0, 6)
    assert set(first.tables["waiting"]["label"]) == {""}
    human_labels = dict.fromkeys(first.tables["waiting"]["id"], "parcel")
    second = generate.run(config, task, GenerateInputs(**{**parts, "human_labels": human_labels}))
    assert second.outcome == "done"
    assert second.tables["rows"]["id"].tolist() == first.tables["waiting"]["id"].tolist()
    assert set(second.tables["rows"]["label"]) == {"parcel"}
    assert set(human_labels) <= set(pool["id"])
