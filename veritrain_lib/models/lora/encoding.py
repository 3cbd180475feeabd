"""Turns as token ids: what is asked, and what is to be answered, split where the answer begins."""

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
    """A tokenizer used the same way in training and in answering.

    With a chat template the turns are rendered by it. Without one they stand under each other, and a causal model
    goes on after a line end. Question and answer are cut into tokens apart, because that is how the answer will
    be generated: after the tokens of the question.
    """

    tokenizer: Any
    kind: Kind
    context: int | None = None
    """How many tokens of question and answer together the model can hold; None when there is no limit."""

    @classmethod
    def of(cls, base: Checkpoint) -> Encoding:
        """As a checkpoint reads and writes. Raises UserError when it has no usable tokenizer."""
        return cls(base.tokenizer(), base.kind, base.context)

    def asked(self, messages: Sequence[Message]) -> list[int]:
        """The token ids of a question, up to where the answer begins."""
        text = self._question(messages)
        if self._templated:
            return self._ids(text)
        if self.kind == "seq2seq":
            return list(self.tokenizer(text).input_ids)
        start = self.tokenizer.bos_token_id
        return [*([] if start is None else [start]), *self._ids(text)]

    def answered(self, messages: Sequence[Message], answer: str) -> list[int]:
        """The token ids of an answer with all that ends it; never empty.

        Raises UserError when the chat template writes the question otherwise once it is answered, so that nobody
        could say where the answer begins.
        """
        end: int = self.tokenizer.eos_token_id
        if self.kind == "seq2seq" or not self._templated:
            return [*self._ids(answer), end]
        whole = self._render([*_turns(messages), {"role": "assistant", "content": answer}], asks=False)
        question = self._question(messages)
        if not whole.startswith(question):
            raise UserError(
                "the checkpoint's chat template writes a question otherwise once it is answered: it can't be said "
                "where the answer begins. Give the checkpoint a template of which the question is a prefix"
            )
        ids = self._ids(whole[len(question) :])
        return ids if any(one in self.stops for one in ids) else [*ids, end]

    @property
    def stops(self) -> list[int]:
        """The token ids that end an answer: end of sequence, and the special tokens of the chat template's ending."""
        ends = [self.tokenizer.eos_token_id]
        if self.kind == "causal" and self._templated:
            turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
            ending = self._ids(self._render(turns, asks=False).rpartition("b")[2])
            special = {*self.tokenizer.all_special_ids} - {self.tokenizer.unk_token_id}
            ends += [one for one in ending if one in special]
        return list(dict.fromkeys(ends))

    def special_in(self, texts: Sequence[str]) -> str:
        """The first special token that stands in a text as letters, empty when there is none.

        The tokenizer would take it for the token itself: a row could end its own question.
        """
        return next(
            (token for token in self.tokenizer.all_special_tokens for text in texts if token in text), ""
        )

    def text(self, ids: Sequence[int]) -> str:
        """Generated ids as text, up to the first stop."""
        stops = set(self.stops)
        kept = []
        for one in ids:
            if one in stops:
                break
            kept.append(one)
        return str(self.tokenizer.decode(kept, skip_special_tokens=True)).strip()

    @property
    def _templated(self) -> bool:
        return bool(self.tokenizer.chat_template)

    def _question(self, messages: Sequence[Message]) -> str:
        if self._templated:
            return self._render(_turns(messages), asks=True)
        parts = "\n\n".join(message.content for message in messages)
        return parts if self.kind == "seq2seq" else f"{parts}\n"

    def _render(self, turns: list[dict[str, str]], *, asks: bool) -> str:
        from jinja2 import TemplateError

        try:
            return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=asks))
        except TemplateError as error:
            raise UserError(
                f"the checkpoint's chat template refuses the turns {[turn['role'] for turn in turns]}: {error}. "
                "Write prompts.tuned in the task file with the turns it allows"
            ) from error

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]
