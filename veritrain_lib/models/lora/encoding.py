"""Conversion of chat messages to a language model's token ids, separated into question and answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from veritrain_lib.llm.records import Message
    from veritrain_lib.models.lora.checkpoint import Checkpoint, Kind


@dataclass(frozen=True)
class Encoding:
    """Conversion between messages and token ids of a local language model, the same in training and generation.

    Messages are rendered by the tokenizer's chat template. Without a template they are joined by blank lines,
    and a causal model continues after a final newline. Question and answer are tokenized separately, because
    the answer is generated after the tokens of the question.

    Attributes:
        tokenizer: the tokenizer of transformers.
        kind: `causal` or `seq2seq`.
        context: token limit of question and answer together; None when there is no limit.
    """

    tokenizer: Any
    kind: Kind
    context: int | None = None

    @classmethod
    def of(cls, base: Checkpoint) -> Encoding:
        """Return the encoding that belongs to a base language model.

        Raises:
            UserError: the checkpoint has no usable tokenizer.
        """
        return cls(base.tokenizer(), base.kind, base.context)

    def question_ids(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a question (a list of chat messages); the model generates its answer right after them."""
        text = self._question(messages)
        if self._templated:
            return self._ids(text)
        if self.kind == "seq2seq":
            return list(self.tokenizer(text).input_ids)
        start = self.tokenizer.bos_token_id
        return [*([] if start is None else [start]), *self._ids(text)]

    def answer_ids(self, messages: Sequence[Message], answer: str) -> list[int]:
        """Return the token ids of an answer to a question, including the tokens that end it; never empty.

        Args:
            messages: the messages of the question.
            answer: the text of the answer.

        Raises:
            UserError: the chat template renders the question differently once it is answered, so that the
                start of the answer can't be located.
        """
        end: int = self.tokenizer.eos_token_id
        if self.kind == "seq2seq" or not self._templated:
            return [*self._ids(answer), end]
        conversation = self._render(
            [*_turns(messages), {"role": "assistant", "content": answer}], add_generation_prompt=False
        )
        question = self._question(messages)
        if not conversation.startswith(question):
            raise UserError(
                "the checkpoint's chat template renders a question differently once it is answered, so the start of "
                "the answer can't be located. Give the checkpoint a template whose output starts with the question"
            )
        ids = self._ids(conversation[len(question) :])
        return ids if any(token in self.stop_ids for token in ids) else [*ids, end]

    @property
    def stop_ids(self) -> list[int]:
        """The token ids that end a language model's answer: the end of the sequence and the end of a chat turn."""
        ends = [self.tokenizer.eos_token_id]
        if self.kind == "causal" and self._templated:
            turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
            turn_end = self._ids(self._render(turns, add_generation_prompt=False).rpartition("b")[2])
            special = {*self.tokenizer.all_special_ids} - {self.tokenizer.unk_token_id}
            ends += [token for token in turn_end if token in special]
        return list(dict.fromkeys(ends))

    def find_special_token(self, texts: Sequence[str]) -> str:
        """Return the first special token of the language model that appears literally in the texts; empty without one.

        The tokenizer would turn such text into the special token itself, so a row could end its own question.
        """
        return next(
            (token for token in self.tokenizer.all_special_tokens for text in texts if token in text), ""
        )

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of a language model's generated token ids, up to the first stop token."""
        stop_ids = set(self.stop_ids)
        kept = []
        for token in ids:
            if token in stop_ids:
                break
            kept.append(token)
        return str(self.tokenizer.decode(kept, skip_special_tokens=True)).strip()

    @property
    def _templated(self) -> bool:
        return bool(self.tokenizer.chat_template)

    def _question(self, messages: Sequence[Message]) -> str:
        if self._templated:
            return self._render(_turns(messages), add_generation_prompt=True)
        joined = "\n\n".join(message.content for message in messages)
        return joined if self.kind == "seq2seq" else f"{joined}\n"

    def _render(self, turns: list[dict[str, str]], *, add_generation_prompt: bool) -> str:
        from jinja2 import TemplateError

        try:
            return str(
                self.tokenizer.apply_chat_template(
                    turns, tokenize=False, add_generation_prompt=add_generation_prompt
                )
            )
        except TemplateError as error:
            raise UserError(
                f"the checkpoint's chat template rejects the roles {[turn['role'] for turn in turns]}: {error}. "
                "Write prompts.tuned in the task file with the roles it allows"
            ) from error

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]
