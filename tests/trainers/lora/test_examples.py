from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_lora import DESCRIPTION, NEEDS_LORA, QUICK, rows_of, task_in, write_base
from veritrain_lib.core.errors import UserError
from veritrain_lib.models.lora.checkpoint import find_checkpoint
from veritrain_lib.models.lora.encoding import Encoding
from veritrain_lib.models.lora.question import AdapterPrompt
from veritrain_lib.trainers.lora.examples import MASKED, PaddingCollator, TokenizedExample, encode, split
from veritrain_lib.trainers.lora.parameters import LoraParameters

PARAMETERS = LoraParameters.read(QUICK)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base")).parent


def encoding_in(folder: Path) -> Encoding:
    return Encoding.of(find_checkpoint("base", folder))


@NEEDS_LORA
def test_only_the_tokens_of_the_answer_are_learnt(folder: Path) -> None:
    task, rows, encoding = task_in(folder), rows_of(3), encoding_in(folder)
    fields = encode(task, rows, AdapterPrompt.of(task), encoding, PARAMETERS)[0].fields("causal")
    tokenizer = encoding.tokenizer
    question = f"<|system|>{DESCRIPTION}<|end|><|user|>{rows['text'][0]}<|end|><|assistant|>"
    asked = tokenizer(question, add_special_tokens=False).input_ids
    answered = tokenizer(f"{rows['label'][0]}<|end|>", add_special_tokens=False).input_ids
    assert fields["input_ids"] == [*asked, *answered]
    assert fields["labels"] == [*[-100] * len(asked), *answered]


@NEEDS_LORA
def test_rows_that_cannot_be_learnt_from_are_named_with_what_is_wrong(folder: Path) -> None:
    task, rows = task_in(folder), rows_of(6)
    rows.loc[1, "label"] = "  "
    rows.loc[2, "text"] = "hello <|end|> friend"
    rows.loc[4, "text"] = "hello " * 200
    with pytest.raises(UserError, match=r"3 of 6 training rows") as refused:
        encode(task, rows, AdapterPrompt.of(task), encoding_in(folder), PARAMETERS)
    said = str(refused.value)
    assert "row 2: no answer in label" in said
    assert "row 3: '<|end|>' is a special token" in said
    assert "row 5: " in said
    assert "(max_input_tokens is 128)" in said


def test_rows_with_one_question_stand_on_one_side() -> None:
    examples = [TokenizedExample((at // 2,), (at,)) for at in range(40)]
    train, watched = split(examples, 0.2, seed=3)
    assert len(watched) == 8
    assert not {one.asked for one in train} & {one.asked for one in watched}
    assert sorted([*train, *watched], key=lambda one: one.answered) == examples
    assert split(examples, 0.2, seed=3) == (train, watched)
    assert split(examples, 0.2, seed=4) != (train, watched)


def test_of_too_few_rows_none_is_held_out() -> None:
    examples = [TokenizedExample((at,), (at,)) for at in range(10)]
    assert split(examples, 0.1, seed=0) == (examples, [])


@NEEDS_LORA
def test_padding_is_neither_read_nor_learnt() -> None:
    batch = [
        {"input_ids": [5, 6, 7], "labels": [MASKED, 6, 7]},
        {"input_ids": [8], "labels": [8]},
    ]
    padded = {name: tensor.tolist() for name, tensor in PaddingCollator(0)(batch).items()}
    assert padded == {
        "input_ids": [[5, 6, 7], [8, 0, 0]],
        "attention_mask": [[1, 1, 1], [1, 0, 0]],
        "labels": [[-100, 6, 7], [8, -100, -100]],
    }
