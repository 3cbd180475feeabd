from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.tiny_lora import NEEDS_LORA, QUICK, rows_of, task_in, write_base
from veritrain_lib.core.errors import UserError
from veritrain_lib.models.base import open_model
from veritrain_lib.trainers.lora.fitted import FittedLora
from veritrain_lib.trainers.lora.trainer import Lora

pytestmark = NEEDS_LORA

Steps = list[tuple[int, dict[str, float]]]


class Killed(BaseException):
    """Stands for a kill: nothing of ours catches it."""


def train(home: Path, *, die_at: int = 10**9, seed: int = 1, **parameters: Any) -> tuple[FittedLora, Steps]:
    steps: Steps = []

    def hear(step: int, numbers: dict[str, float]) -> None:
        steps.append((step, numbers))
        if step >= die_at:
            raise Killed

    trainer = Lora(**{**QUICK, **parameters})
    trainer.on_step = hear
    return trainer.train(task_in(home), rows_of(), seed=seed), steps


@pytest.fixture
def ready(home: Path) -> Path:
    """A project with a checkpoint in it."""
    write_base(home)
    return home


def test_a_label_is_learnt_as_text_and_answered(ready: Path) -> None:
    fitted, steps = train(ready, epochs=30, patience=0)
    assert fitted.facts["loss_after"] < fitted.facts["loss_before"] / 2
    assert (fitted.facts["trained_rows"], fitted.facts["held_out_rows"]) == (48, 12)
    rows = rows_of()
    responses = fitted.model.answer(rows)
    right = [response.best == label for response, label in zip(responses, rows["label"], strict=True)]
    assert sum(right) > 2 / 3 * len(rows), "by chance it would be a third"
    raw = json.loads(responses[0].raw)
    assert raw["label"] == responses[0].best == raw["candidates"][0]["label"]
    assert 0 < raw["candidates"][0]["score"] <= 1
    assert steps[0][0] == 0
    assert steps[0][1]["held_out_loss"] == pytest.approx(fitted.facts["loss_before"], abs=1e-6)
    assert {name for _, numbers in steps for name in numbers} >= {
        "training_loss", "held_out_loss", "learning_rate", "seconds_left", "memory_gb", "epoch", "steps",
    }  # fmt: skip


def test_a_training_that_died_goes_on_to_the_same_bytes(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calm, _ = train(ready)
    other = ready / "other"
    other.mkdir()
    (other / "base").symlink_to(ready / "base")
    monkeypatch.setenv("VERITRAIN_HOME", str(other))
    with pytest.raises(Killed):
        train(other, die_at=16)
    stormy, steps = train(other)
    assert stormy.digest == calm.digest
    first_new = next(at for at, (step, numbers) in enumerate(steps) if "memory_gb" in numbers)
    assert [step for step, _ in steps[:first_new]][-1] == 15, "what was measured before is told again"
    assert steps[first_new][0] > 15
    files = [
        {file.name: file.read_bytes() for file in one.folder.iterdir() if file.name != "lora.json"}
        for one in (calm, stormy)
    ]
    assert files[0] == files[1]


def test_a_finished_training_is_not_done_again(ready: Path) -> None:
    first, _ = train(ready, epochs=1)
    again, steps = train(ready, epochs=1)
    assert again.digest == first.digest
    assert steps == []
    other, steps = train(ready, epochs=1, seed=2)
    assert other.digest != first.digest
    assert steps


def test_training_stops_when_the_held_out_loss_rises_and_a_kill_changes_nothing_of_it(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Labels that nothing in the text gives away: after a moment more training can only do harm.
    task, rows = task_in(ready), rows_of()
    rows["label"] = rows["label"].sample(frac=1, random_state=0).tolist()
    heard: Steps = []

    def go(die_after: int) -> FittedLora:
        heard.clear()

        def hear(step: int, numbers: dict[str, float]) -> None:
            heard.append((step, numbers))
            if len(heard) == die_after:
                raise Killed

        trainer = Lora(**{**QUICK, "epochs": 60, "every": 3, "patience": 2, "learning_rate": 2e-2})
        trainer.on_step = hear
        return trainer.train(task, rows, seed=0)

    calm = go(10**9)
    assert calm.facts["steps"] < 60 * 6
    assert calm.facts["kept_step"] == calm.facts["steps"] - 2 * 3, "the best state is two measurements back"
    whole = len(heard)
    # The last thing heard is the loss of the state that is kept, when the training itself is over.
    for die_after in (whole, whole - 2):
        monkeypatch.setenv("VERITRAIN_HOME", str(ready / str(die_after)))
        with pytest.raises(Killed):
            go(die_after)
        assert go(10**9).facts == calm.facts
        assert max(step for step, _ in heard) == calm.facts["steps"]


def test_a_checkpoint_that_gives_no_numbers_is_refused(ready: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = ready / "base" / "model.safetensors"
    weights = load_file(file)
    weights["lm_head.weight"] *= float("nan")
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(
        UserError, match=r"the loss is nan after \d+ steps: nothing was learned. Lower learning_rate"
    ):
        train(ready, epochs=1)


def test_an_encoder_and_decoder_learn_by_the_same_code(home: Path) -> None:
    write_base(home, "seq2seq")
    fitted, _ = train(home, candidates=3)
    assert fitted.facts["loss_after"] < fitted.facts["loss_before"] / 2
    (response,) = fitted.model.answer(rows_of(1))
    scores = [candidate.score or 0 for candidate in response.candidates]
    assert 1 <= len(scores) <= 3
    assert scores == sorted(scores, reverse=True)


def test_a_causal_checkpoint_without_a_chat_template_is_asked_in_plain_text(home: Path) -> None:
    write_base(home, chat=False)
    fitted, _ = train(home, epochs=12)
    assert fitted.facts["loss_after"] < fitted.facts["loss_before"] / 2
    assert fitted.model.answer(rows_of(2))[1].error is None


def test_a_saved_adapter_opens_by_its_address_and_answers_alike(ready: Path, tmp_path: Path) -> None:
    fitted, _ = train(ready, epochs=1)
    before = fitted.model.answer(rows_of(4))
    fitted.save(tmp_path / "saved")
    assert fitted.model.uri == f"lora:{tmp_path / 'saved'}"
    opened = open_model(fitted.model.uri, task_in(ready))
    assert [one.raw for one in opened.answer(rows_of(4))] == [one.raw for one in before]
    with pytest.raises(UserError, match="is not empty"):
        fitted.save(tmp_path / "saved")


def test_modules_that_are_not_there_are_refused_with_those_that_are(ready: Path) -> None:
    with pytest.raises(UserError, match=r"no module named query; it has: .*lm_head.*q_proj"):
        train(ready, modules=["query", "q_proj"])


def test_what_a_training_depends_on_is_named_by_content(ready: Path) -> None:
    task = task_in(ready)
    before = Lora(**QUICK).ingredients(task)
    (ready / "base").rename(ready / "moved")
    assert Lora(**{**QUICK, "base": "moved"}).ingredients(task) == before
    config = ready / "moved" / "generation_config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    after = Lora(**{**QUICK, "base": "moved"}).ingredients(task)
    assert (after["base"] != before["base"], after["asked"]) == (True, before["asked"])
    other = task.model_copy(update={"description": "Sort it otherwise."})
    assert Lora(**{**QUICK, "base": "moved"}).ingredients(other)["asked"] != before["asked"]


def test_a_column_that_is_not_there_is_named(ready: Path) -> None:
    with pytest.raises(UserError, match=r"training rows lack the column\(s\) text"):
        Lora(**QUICK).train(task_in(ready), pd.DataFrame({"label": ["parcel"] * 3}), seed=0)


def test_a_folder_that_is_no_checkpoint_is_refused(home: Path) -> None:
    with pytest.raises(UserError, match=r"base 'base' is not a checkpoint: .*config.json can't be read"):
        Lora(**QUICK).train(task_in(home), rows_of(), seed=0)
