"""Where a task stands, and what to do next."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.small_task import write_task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import looks, runs


def test_a_fresh_task_is_told_to_start(run: Run, home: Path) -> None:
    file = write_task(home / "untouched", "untouched")
    document = run("status", file, "--json").document()
    assert [document[key] for key in ("champion", "challenger", "datasets", "loop", "running")] == [
        None,
        None,
        [],
        None,
        [],
    ]
    assert document["next"] == f"Start the loop: veritrain loop {file}"


def test_champion_and_datasets_are_shown(run: Run, task: Path, champion: str) -> None:
    document = run("status", task, "--json").document()
    assert document["champion"]["uri"] == champion
    assert (
        0 <= document["champion"]["low"] <= document["champion"]["value"] <= document["champion"]["high"] <= 1
    )
    assert (
        document["datasets"][0]["dataset"],
        document["datasets"][0]["status"],
        document["datasets"][0]["rows"],
    ) == ("small@1", "passed", 18)
    text = run("status", "small").out
    assert champion in text
    assert "small@1" in text


def test_a_loop_its_rounds_looks_and_the_next_step(run: Run, home: Path) -> None:
    task = find_task(str(write_task(home / "walked", "walked")))
    loop = runs.open_run(task, "loop walked", kind="loop")
    for number, verdict in ((1, "better"), (0, "")):
        one = runs.open_run(
            task,
            f"round {number}",
            kind="round",
            parent=loop,
            tags={"veritrain.round": str(number), "veritrain.verdict": verdict},
        )
        runs.log(one, metrics={"accuracy": 0.5 + number / 10, "training_rows": 9 + number})
        runs.note(one, f"note [{number}]")
        runs.end_run(one, "FINISHED")
    looks.record_look(task, sources.held_out_set(task), "a", "b", limit=5)
    (task.path.parent / "labels.csv").write_text("id,text,label\n1,x,refund\n2,y,\n", encoding="utf-8")

    document = run("status", "walked", "--json").document()
    assert [run["name"] for run in document["running"]] == ["loop walked"]
    assert document["next"].startswith("Wait")
    assert [
        (row["round"], row["rows"], row["value"], row["verdict"]) for row in document["loop"]["rounds"]
    ] == [(0, 9, 0.5, None), (1, 10, 0.6, "better")]
    assert document["looks"] == {"used": 1, "declared": 5}
    assert document["waiting"]["rows"] == 1
    assert "note [1]" in run("status", "walked").out

    runs.end_run(loop, "KILLED", "power cut")
    assert run("status", "walked", "--json").document()["next"].startswith("Answer 1 row(s)")
    (task.path.parent / "labels.csv").unlink()
    assert "did not finish (power cut)" in run("status", "walked", "--json").document()["next"]
    runs.tag(loop, {"veritrain.stopped": "blocked"})
    runs.end_run(loop, "FINISHED")
    assert "quarantine" in run("status", "walked", "--json").document()["next"]


def test_a_run_whose_process_died_does_not_count_as_running(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = find_task(str(write_task(home / "died", "died")))
    host = runs.owner().partition("/")[0]
    runs.open_run(task, "loop died", kind="loop", tags={runs.OWNER_TAG: f"{host}/4194304/1"})
    document = run("status", task.path, "--json").document()
    assert document["running"] == []
    assert document["loop"]["status"] == "KILLED"


LOOK = """
import sys
from veritrain_lib.cli.main import cli
cli.main(["status", *sys.argv[1:], "--json"], standalone_mode=False)
print([name for name in ("mlflow", "pandas", "sqlalchemy", "matplotlib") if name in sys.modules], file=sys.stderr)
"""


def test_the_standing_of_the_task_in_hand_is_read_without_mlflow_and_without_pandas(
    run: Run, task: Path, champion: str
) -> None:
    run("status", task)
    (task.parent / "labels.csv").write_text("id,text,label\n1,x,refund\n2,y, \n", encoding="utf-8")
    try:
        said = subprocess.run(
            [sys.executable, "-c", LOOK, str(task)], capture_output=True, text=True, timeout=300
        )
        assert said.returncode == 0, said.stderr[-2000:]
        document = json.loads(said.stdout)
        assert (document["champion"]["uri"], document["waiting"]["rows"]) == (champion, 1)
        assert said.stderr.splitlines()[-1] == "[]"
    finally:
        (task.parent / "labels.csv").unlink()
