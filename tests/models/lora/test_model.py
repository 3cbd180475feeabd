from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.tiny_lora import NEEDS_LORA, QUICK, rows_of, task_in, write_base
from veritrain_lib.core.errors import UserError
from veritrain_lib.models.lora.model import LoraModel, open_lora

pytestmark = NEEDS_LORA


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a checkpoint and an adapter in `saved`."""
    from veritrain_lib.trainers.lora.trainer import Lora

    folder = tmp_path_factory.mktemp("project")
    write_base(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(folder))
        fitted = Lora(**{**QUICK, "epochs": 2, "candidates": 3}).train(task_in(folder), rows_of(), seed=0)
        fitted.save(folder / "saved")
        yield folder


@pytest.fixture
def saved(project: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(project / "saved", tmp_path / "saved")
    return tmp_path / "saved"


@pytest.fixture(scope="module")
def model(project: Path) -> LoraModel:
    return open_lora(f"lora:{project / 'saved'}", task_in(project))


def test_rows_asked_together_or_alone_get_the_same_answers(model: LoraModel) -> None:
    rows = rows_of(20)
    together = [one.best for one in model.answer(rows)]
    alone = [model.answer(rows.iloc[[at]])[0].best for at in range(len(rows))]
    assert together == alone
    backwards = [one.best for one in model.answer(rows.iloc[::-1])]
    assert backwards == together[::-1], "in the order of the rows, whatever their length"


def test_a_score_is_the_mean_probability_of_the_answers_tokens(model: LoraModel) -> None:
    import torch

    rows = rows_of(3)
    response = model.answer(rows)[0]
    encoding, net = model._encoding, model._model
    asked = encoding.question_ids(model._prompt.messages(rows.iloc[0].to_dict()))
    answered = [*encoding.tokenizer(response.best, add_special_tokens=False).input_ids, encoding.stop_ids[1]]
    with torch.inference_mode():
        logits = net(input_ids=torch.tensor([[*asked, *answered]])).logits[0]
    logs = logits.log_softmax(-1)
    each = [float(logs[len(asked) - 1 + at, one]) for at, one in enumerate(answered)]
    assert response.candidates[0].score == pytest.approx(math.exp(sum(each) / len(each)), abs=1e-4)
    assert response.input_tokens == len(asked)


def test_a_row_that_cannot_be_asked_gets_an_error_and_the_others_their_answers(model: LoraModel) -> None:
    texts = ["hello friend", "hello " * 200, "a <|end|> b", "courier van"]
    responses = model.answer(pd.DataFrame({"text": texts}))
    assert [response.error is None for response in responses] == [True, False, False, True]
    assert "the limit is 128" in (responses[1].error or "")
    assert "'<|end|>', which is a special token" in (responses[2].error or "")
    assert responses[2].best is None


def test_a_missing_column_is_named(model: LoraModel) -> None:
    with pytest.raises(UserError, match=r"lack the column\(s\) text; they have: words"):
        model.answer(pd.DataFrame({"words": ["a"]}))


def test_another_checkpoint_in_the_place_of_its_base_is_refused(project: Path, saved: Path) -> None:
    card = json.loads((saved / "lora.json").read_text(encoding="utf-8"))
    other = write_base(saved.parent / "elsewhere", "seq2seq")
    (saved / "lora.json").write_text(json.dumps({**card, "base": str(other)}), encoding="utf-8")
    with pytest.raises(UserError, match=r"is not the one that .* was trained on"):
        open_lora(f"lora:{saved}", task_in(project))
    (saved / "lora.json").write_text(json.dumps({**card, "base": str(saved / "gone")}), encoding="utf-8")
    with pytest.raises(UserError, match="is not a checkpoint"):
        open_lora(f"lora:{saved}", task_in(project))


def test_damage_is_found_before_anything_is_answered(project: Path, saved: Path) -> None:
    weights = saved / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-4] + b"\0\0\0\1")
    with pytest.raises(UserError, match="is damaged: its digest is"):
        open_lora(f"lora:{saved}", task_in(project))
    weights.write_bytes(whole)
    (saved / "lora.json").write_text('{"format_version": 9}', encoding="utf-8")
    with pytest.raises(UserError, match="format version 9, not 1"):
        open_lora(f"lora:{saved}", task_in(project))
    (saved / "lora.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UserError, match="is damaged"):
        open_lora(f"lora:{saved}", task_in(project))
    (saved / "lora.json").unlink()
    with pytest.raises(UserError, match=r"no lora.json in .*no adapter was saved there"):
        open_lora(f"lora:{saved}", task_in(project))


def test_a_task_with_other_columns_is_refused(project: Path) -> None:
    with pytest.raises(UserError, match=r"reads \['text'\] and writes label, task tiny has \['words'\]"):
        open_lora(f"lora:{project / 'saved'}", task_in(project, inputs={"words": {}}))
    with pytest.raises(UserError, match="names no folder"):
        open_lora("lora:", task_in(project))
