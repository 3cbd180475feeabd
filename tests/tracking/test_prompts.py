"""Prompts in MLflow's registry on a real store: a text is one version, named by the runs that used it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.prompts.prompt import Prompt
from veritrain_lib.tracking import prompts, runs, store
from veritrain_lib.tracking.prompt_comparison import compare

FIRST = Prompt("write", "Write {{ number }} of {{ slice.name }}.\n{% if a %}b{% endif %}\n", "built in")
SECOND = Prompt(
    "write", "Write {{ number }} good ones of {{ slice.name }}.\n{% if a %}b{% endif %}\n", "mine"
)


def test_a_text_is_registered_once_and_a_new_text_is_a_new_version(task: Task) -> None:
    one, again, two = (prompts.register(task, prompt) for prompt in (FIRST, FIRST, SECOND))
    back = prompts.register(task, FIRST)
    assert one == again == back
    assert (one.reference, two.reference) == ("tiny.write@1", "tiny.write@2")
    assert [version.text for version in prompts.versions(task, "write")] == [FIRST.text, SECOND.text]
    assert [version.origin for version in prompts.versions(task, "write")] == ["built in", "mine"]
    assert prompts.versions(task, "judge") == []


def test_mlflow_itself_knows_the_version_and_lists_it_under_the_task(task: Task) -> None:
    prompts.register(task, FIRST)
    plain = MlflowClient(tracking_uri=store.uri(), registry_uri=store.uri())
    assert plain.load_prompt("prompts:/tiny.write/1").template == FIRST.text
    experiment = store.experiment(task).experiment_id
    listed = plain.search_prompts(f"experiment_id = '{experiment}'")
    assert [prompt.name for prompt in listed] == ["tiny.write"]
    assert plain.search_registered_models() == [], "a prompt must not stand among the models"


def test_a_run_names_what_it_used_for_us_and_for_mlflow(task: Task) -> None:
    run_id = runs.open_run(task, "generate", kind="stage")
    prompts.log_use(run_id, SECOND, prompts.register(task, SECOND))
    tags = runs.get(run_id).data.tags
    assert tags["veritrain.prompt.write"] == "tiny.write@1"
    assert tags["veritrain.prompt.write.digest"] == SECOND.digest
    # By this tag MLflow's page of the run links to the version.
    assert json.loads(tags["mlflow.linkedPrompts"]) == [{"name": "tiny.write", "version": "1"}]
    assert [run.info.run_id for run in prompts.used_by(task, "write", 1)] == [run_id]


def test_two_versions_are_compared_with_what_their_runs_measured(task: Task) -> None:
    parent = runs.open_run(task, "round 1", kind="round")
    runs.log(parent, metrics={"accuracy": 0.75})
    for prompt, rows, under in ((FIRST, 10.0, parent), (SECOND, 14.0, None), (SECOND, 15.0, None)):
        run_id = runs.open_run(task, "generate", kind="stage", parent=under)
        runs.log(run_id, metrics={"rows_generated": rows})
        prompts.log_use(run_id, prompt, prompts.register(task, prompt))
    found = compare(task, "write", 1, 2)
    assert "-Write {{ number }} of {{ slice.name }}." in found.diff.splitlines()
    assert "+Write {{ number }} good ones of {{ slice.name }}." in found.diff.splitlines()
    assert found.runs["version"].tolist() == [1, 2, 2]
    assert found.runs["rows_generated"].tolist() == [10.0, 14.0, 15.0]
    assert found.runs["round.accuracy"].iloc[0] == 0.75
    assert found.runs["round.accuracy"].iloc[1:].isna().all()
    shown = found._repr_html_()
    assert "good ones" in shown
    assert "tiny.write@2" in shown
    with pytest.raises(UserError, match=r"tiny.write has no version 3, 9; it has: 1, 2"):
        compare(task, "write", 3, 9)


def test_one_text_registered_at_the_same_time_is_one_version(task: Task) -> None:
    store.experiment(task)
    with ThreadPoolExecutor(4) as several:
        made = list(several.map(lambda _: prompts.register(task, FIRST), range(6)))
    assert {version.version for version in made} == {1}
    assert len(prompts.versions(task, "write")) == 1


def test_a_version_made_by_hand_in_mlflow_is_found_by_its_text(task: Task) -> None:
    client = store.client()
    client.create_prompt("tiny.write")
    client.create_prompt_version("tiny.write", SECOND.text)
    assert prompts.register(task, SECOND).version == 1
    assert mlflow.get_tracking_uri() == store.uri()
