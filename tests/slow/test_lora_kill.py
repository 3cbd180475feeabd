"""Tuning killed by -9: the same adapter as an undisturbed training, in the record too, answering in a fresh process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from tests.tiny_lora import NEEDS_LORA, QUICK, write_base
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.tracking import models, runs, store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), NEEDS_LORA]

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 300.0
EPOCHS = 100

STAGE = """
import sys
from veritrain_lib.stages.record.stage_run import prepare
stage = prepare(sys.argv[1], {"task": sys.argv[2], **({"dataset": "seed"} if sys.argv[1] == "gate" else {})})
stage.run()
stage.finish()
"""
ANSWERS = """
import json, sys
from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.core.task import load_task
task = load_task(sys.argv[1])
print(json.dumps([one.best for one in open_model(sys.argv[2], task).answer(sources.development_rows(task))]))
"""


@pytest.fixture(autouse=True, scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the code, which the processes run: an edit in the checkout meanwhile would make other work of it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("veritrain_lib", "notebooks", "gates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        yield folder


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=os.environ["PYTHONPATH"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def finished(code: str, *arguments: str) -> str:
    process = start(code, *arguments)
    said, _ = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 0
    return said


def trained_steps(task: Task, run_id: str) -> list[int]:
    return [one.step for one in store.client().get_metric_history(run_id, "training_loss")]


def ready(home: Path, base: Path | None = None) -> Task:
    trainer = {"name": "lora", "parameters": {**QUICK, "epochs": EPOCHS, "patience": 0}}
    file = write_tiny(home / "task", sizes={"seed": 12}, trainer=trainer)
    if base is None:
        write_base(home / "task")
    else:
        (home / "task" / "base").symlink_to(base)
    finished(STAGE, "gate", str(file))
    return load_task(file)


def test_a_stage_killed_while_it_tunes_registers_the_same_adapter(
    new_home: Callable[[Path], Path], tmp_path: Path
) -> None:
    calm = ready(new_home(tmp_path / "calm"))
    finished(STAGE, "train", str(calm.path))
    (whole,) = models.listing(calm)
    answers = json.loads(finished(ANSWERS, str(calm.path), whole.uri).splitlines()[-1])
    expected = models.open_mlflow(whole.uri, calm).card.weights_digest  # type: ignore[attr-defined]
    measured = set(trained_steps(calm, whole.run_id))
    base = calm.path.parent / "base"

    stormy = ready(new_home(tmp_path / "stormy"), base)
    for kill_after in (60, 160):
        process = start(STAGE, "train", str(stormy.path))
        until = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < until:
            time.sleep(0.1)
            open_ones = runs.search(stormy, "attributes.status = 'RUNNING'")
            if any(max(trained_steps(stormy, run.info.run_id), default=0) >= kill_after for run in open_ones):
                break
        assert process.poll() is None, "it was to be killed while it trains"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    finished(STAGE, "train", str(stormy.path))
    (resumed,) = models.listing(stormy)
    assert resumed.digest == whole.digest
    assert models.open_mlflow(resumed.uri, stormy).card.weights_digest == expected  # type: ignore[attr-defined]
    assert json.loads(finished(ANSWERS, str(stormy.path), resumed.uri).splitlines()[-1]) == answers
    trainings = runs.search(stormy, "tags.`veritrain.stage` = 'train'")
    assert sorted(run.info.status for run in trainings) == ["FINISHED", "KILLED", "KILLED"]
    (last,) = (run for run in trainings if run.info.status == "FINISHED")
    assert set(trained_steps(stormy, last.info.run_id)) == measured, (
        "what was measured before a kill is there too"
    )


def test_the_benchmarks_promises_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.lora import measure

    monkeypatch.delenv("PYTHONPATH")
    found = measure(seed=1)
    assert found["lora_loss_after"] <= found["lora_loss_before"] / 2
    assert found["lora_killed_after_step"] < 144, "it was killed in the middle"
    assert found["lora_same_digest"]
    assert found["lora_answers_again"]
