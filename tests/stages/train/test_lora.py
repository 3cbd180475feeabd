"""A tuned adapter in the record: its steps, the registered version, and the model opened from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.conftest import Do, reread
from tests.stages.tiny_task import write_tiny
from tests.tiny_lora import NEEDS_LORA, QUICK, write_base
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.models.base import open_model
from veritrain_lib.models.lora.model import LoraModel
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.students import quick_trainer
from veritrain_lib.tracking import models, runs, store
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

pytestmark = NEEDS_LORA


@pytest.fixture
def task(home: Path) -> Task:
    file = write_tiny(home / "task", sizes={"seed": 12}, trainer={"name": "lora", "parameters": QUICK})
    write_base(home / "task")
    return load_task(file)


def test_an_adapter_is_registered_with_its_base_and_answers_from_the_registry(task: Task, do: Do) -> None:
    do("gate", task, dataset="seed")
    stage = do("train", task)
    (registered,) = models.listing(task)
    tags = store.client().get_model_version(task.name, str(registered.version)).tags
    assert tags["veritrain.type"] == "adapter"
    assert tags["veritrain.base"] == f"checkpoint:{task.path.parent / 'base'}"
    rows = sources.development_rows(task)
    model = open_model(registered.uri, task)
    assert isinstance(model, LoraModel)
    assert model.uri == registered.uri
    found = stage.run().tables["predictions"]
    assert [response.best or "" for response in model.answer(rows)] == found["answer"].tolist()
    job = stage.run().tables["job"].set_index("what")["value"]
    assert job["digest"] == model.card.weights_digest
    assert float(job["loss_after"]) < float(job["loss_before"])


def test_the_steps_of_a_training_stand_in_the_record(task: Task, do: Do) -> None:
    do("gate", task, dataset="seed")
    run_id = do("train", task).run_id
    history = store.client().get_metric_history(run_id, "held_out_loss")
    steps = sorted({one.step for one in history})
    assert steps[:3] == [0, 5, 10]
    assert len(store.client().get_metric_history(run_id, "training_loss")) >= 3
    assert runs.get(run_id).data.metrics["memory_gb"] > 0


def test_another_checkpoint_or_question_is_another_training(task: Task, do: Do) -> None:
    do("gate", task, dataset="seed")
    do("train", task)
    assert do("train", task).stored
    write_base(task.path.parent, chat=False)
    assert not do("train", task).stored
    task.path.write_text(
        task.path.read_text(encoding="utf-8") + "prompts: {tuned: 'Which? {{ row.text }}'}\n",
        encoding="utf-8",
    )
    assert not do("train", reread(task)).stored
    assert len(models.listing(task)) == 3


def test_checks_that_train_on_the_side_do_not_tune(task: Task) -> None:
    assert isinstance(quick_trainer(task), TfidfSvc)
