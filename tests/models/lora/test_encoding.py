from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_lora import NEEDS_LORA, write_base
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.records import Message
from veritrain_lib.models.lora.checkpoint import find_checkpoint
from veritrain_lib.models.lora.encoding import Encoding

pytestmark = NEEDS_LORA

TURNS = (Message("system", "Sort the message."), Message("user", "hello friend"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base")).parent


@pytest.fixture
def encoding(folder: Path) -> Encoding:
    return Encoding.of(find_checkpoint("base", folder))


def test_an_answer_ends_at_the_templates_own_token_and_reads_back(encoding: Encoding) -> None:
    ids = encoding.answer_ids(TURNS, "parcel")
    end = encoding.tokenizer.convert_tokens_to_ids("<|end|>")
    assert ids[-1] == end
    assert end in encoding.stop_ids
    assert encoding.text([*ids, *encoding.question_ids(TURNS)]) == "parcel", (
        "what comes after the end is not read"
    )


def test_a_template_without_an_ending_is_ended_by_the_end_of_sequence(encoding: Encoding) -> None:
    encoding.tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
    ids = encoding.answer_ids(TURNS, "parcel")
    assert ids[-1] == encoding.tokenizer.eos_token_id
    assert encoding.stop_ids == [encoding.tokenizer.eos_token_id]


def test_without_a_template_the_turns_stand_under_each_other(encoding: Encoding) -> None:
    encoding.tokenizer.chat_template = None
    question = encoding.tokenizer("Sort the message.\n\nhello friend\n", add_special_tokens=False).input_ids
    assert encoding.question_ids(TURNS) == [encoding.tokenizer.bos_token_id, *question]
    assert encoding.answer_ids(TURNS, "parcel")[-1] == encoding.tokenizer.eos_token_id


def test_a_template_that_rewrites_the_question_is_refused(encoding: Encoding) -> None:
    encoding.tokenizer.chat_template = (
        "{{ messages | length }}{% for message in messages %}{{ message['content'] }}{% endfor %}"
    )
    with pytest.raises(UserError, match="renders a question differently once it is answered"):
        encoding.answer_ids(TURNS, "parcel")


def test_a_template_that_refuses_a_role_says_so(encoding: Encoding) -> None:
    encoding.tokenizer.chat_template = "{{ raise_exception('no system role') }}"
    with pytest.raises(UserError, match=r"\['system', 'user'\]: no system role.*prompts.tuned"):
        encoding.question_ids(TURNS)


def test_a_special_token_in_a_text_is_found(encoding: Encoding) -> None:
    assert encoding.find_special_token(["hello", "fri<|end|>end"]) == "<|end|>"
    assert encoding.find_special_token(["hello", "<end>"]) == ""
