"""A plan that a cell changes is followed by every teacher, is in the record, and is not the loop's own work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.stage_job import find_or_claim
from veritrain_lib.stages.generate import record
from veritrain_lib.stages.generate.result import GenerateResult
from veritrain_lib.stages.generate.run import GenerateConfig
from veritrain_lib.stages.generate.teacher_request import GenerateInputs, request_of
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.preview import preview
from veritrain_lib.stages.record.stage_run import StageRun
from veritrain_lib.stages.record.start_stage import start_stage
from veritrain_lib.tracking import datasets, runs


@pytest.fixture
def task(home: Path, do: Do) -> Task:
    task = load_task(write_tiny(home / "task"))
    do("train", task)
    return task


def generation(task: Task, **parameters: Any) -> StageRun:
    return start_stage("generate", {"task": str(task.path), "In": [], **parameters})


def test_an_unchanged_plan_is_the_loops_own_work_and_is_measured_once(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, measured = record._measure_errors, []
    monkeypatch.setattr(record, "_measured", {})
    monkeypatch.setattr(record, "_measure_errors", lambda *given: measured.append(given) or measure(*given))
    stage = generation(task)
    plan = stage.plan
    result = stage.run(plan=plan)
    stage.finish()
    assert len(measured) == 1
    assert result.tables["plan"][list(plan.columns)].equals(plan)
    [found] = find_or_claim(task, [("generate", {})])
    assert getattr(found, "run_id", "a job that would do it again") == stage.run_id


@pytest.mark.parametrize("teacher", ["pool", "augment"])
def test_a_changed_plan_is_followed_and_the_record_says_so(task: Task, teacher: str) -> None:
    stage = generation(task, teacher=teacher)
    plan = stage.plan.set_index("slice")
    before = plan["rows"].to_dict()
    plan["rows"] = 0
    plan.loc["parcel", "rows"] = 6
    result = stage.run(plan=plan.reset_index())
    stage.finish()
    assert isinstance(result, GenerateResult)
    assert result.asked == 6
    followed = result.tables["plan"].set_index("slice")
    assert followed["rows"].to_dict() == {**dict.fromkeys(before, 0), "parcel": 6}
    assert followed["why"]["parcel"] == "changed in a cell"
    assert len(result.tables["rows"]) == 6
    if teacher == "augment":
        assert set(result.tables["rows"]["label"]) == {"parcel"}
    draft = datasets.of_run(stage.run_id)
    assert draft is not None
    assert (draft.status, len(draft.rows)) == ("draft", 6)
    text = runs.get(stage.run_id).data.tags["veritrain.edited"]
    assert text.startswith("plan: ")
    assert f"parcel {before['parcel']} -> 6" in text
    [work] = find_or_claim(task, [("generate", {"teacher": teacher})])
    assert not hasattr(work, "run_id"), "the loop has its own work still to do"
    work.discard()  # type: ignore[union-attr]


def test_teacher_pool_is_given_quotas_only_by_a_plan_that_a_person_changed(task: Task) -> None:
    plan = generation(task).plan
    own = GenerateInputs(
        errors=plan,
        accepted_rows=sources.seed_rows(task),
        used=frozenset(),
        human_labels={},
        fit=lambda rows: pytest.fail("no student is needed"),
        screen=lambda rows: pytest.fail("no row is screened"),
    )
    config = GenerateConfig(teacher="pool")
    assert request_of(config, task, own, plan, {}).shares == {}
    changed = request_of(config, task, replace(own, plan=plan), plan, {})
    assert changed.shares == dict(zip(plan["slice"], plan["share"], strict=True))


def test_a_plan_that_can_not_be_followed_is_refused_before_a_run_is_opened(task: Task) -> None:
    stage = generation(task)
    before = len(runs.search(task))
    for wrong, message in (
        (stage.plan.drop(columns="rows"), r"lacks the column\(s\) rows"),
        (stage.plan.replace("parcel", "parcels"), r"unknown: parcels\); allowed: .*parcel"),
        (stage.plan.assign(rows=[1.5, 1, 1]), r"1\.5 rows; allowed are whole numbers"),
        (stage.plan.assign(rows=[-1, 1, 1]), "rows; allowed are whole numbers"),
        (stage.plan.assign(rows=0), "the plan has no rows"),
    ):
        with pytest.raises(UserError, match=message):
            stage.run(plan=wrong)
    assert len(runs.search(task)) == before
    assert preview(stage, plan=stage.plan.head(1)).message == "This teacher asks no paid model."
