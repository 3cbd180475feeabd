"""The model class for a local language model with a LoRA adapter, and the function that opens it as `lora:FOLDER`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.models.blank_rows import NO_INPUT, answerable
from veritrain_lib.models.lora.answering import Generated, generate
from veritrain_lib.models.lora.card import AdapterCard, read_card
from veritrain_lib.models.lora.checkpoint import find_checkpoint, need_libraries
from veritrain_lib.models.lora.encoding import Encoding
from veritrain_lib.models.lora.question import AdapterPrompt

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

SCHEME = "lora:"
BATCH = 16
"""Number of questions that are answered in one batch."""


class LoraModel:
    """Local language model with a LoRA adapter that answers rows (protocol `Model`).

    A row gets the same answer whatever other rows are in the batch, up to floating-point rounding.

    Attributes:
        card: metadata of the adapter.
    """

    def __init__(self, card: AdapterCard, model: Any, encoding: Encoding, folder: Path | None = None) -> None:
        # `folder` is None until the adapter is saved.
        self.card = card
        self._model = model
        self._encoding = encoding
        self._prompt = AdapterPrompt(**card.asking)
        self._folder = folder

    @property
    def uri(self) -> str:
        """The URI `lora:FOLDER` of the language model; only `lora:` until its adapter is saved."""
        return f"{SCHEME}{self._folder or ''}"

    def set_folder(self, folder: Path) -> None:
        """Set the folder of the saved adapter, which `uri` names from then on."""
        self._folder = folder.resolve()

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return the language model's response to each row, in order.

        Returns:
            Responses whose `raw` is the JSON text that is checked against the output contract, and whose
            `seconds` is the mean over the batch. A response has an `error` if the row has no text, or its
            question is too long or contains a special token of the tokenizer.

        Raises:
            UserError: a column is missing.
        """
        missing = [name for name in self._prompt.columns if name not in rows.columns]
        if missing:
            present = ", ".join(map(str, rows.columns)) or "none"
            raise UserError(f"the rows lack the column(s) {', '.join(missing)}; they have: {present}")
        inputs = rows[self._prompt.columns].astype(object).where(rows[self._prompt.columns].notna(), "")
        responses: list[Response | None] = [None] * len(inputs)
        questions: dict[int, list[int]] = {}
        fields = [name for name in self._prompt.columns if name != self._prompt.values.get("direction")]
        for row_number, (row, has_input) in enumerate(
            zip(inputs.to_dict("records"), answerable(inputs, fields), strict=True)
        ):
            ids, problem = self._question(row) if has_input else ([], NO_INPUT)
            if problem:
                responses[row_number] = Response((), raw="", error=problem)
            else:
                questions[row_number] = ids
        # Questions of similar length are batched together: less padding.
        order = sorted(questions, key=lambda row_number: len(questions[row_number]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            for row_number, response in zip(
                batch, self._responses([questions[row_number] for row_number in batch]), strict=True
            ):
                responses[row_number] = response
        return [response for response in responses if response is not None]

    def _question(self, row: dict[Any, Any]) -> tuple[list[int], str]:
        """Return the token ids of a row's question, and the reason why it can't be answered (empty if it can)."""
        special = self._encoding.find_special_token([str(value) for value in row.values()])
        if special:
            return [], f"the row holds {special!r}, which is a special token of the model"
        ids, limit = self._encoding.question_ids(self._prompt.messages(row)), self.card.max_input_tokens
        if self._encoding.context is not None:
            limit = min(limit, self._encoding.context - self.card.max_answer_tokens)
        return ids, f"the question has {len(ids)} tokens; the limit is {limit}" if len(ids) > limit else ""

    def _responses(self, questions: Sequence[Sequence[int]]) -> list[Response]:
        start = time.perf_counter()
        generated = generate(
            self._model,
            self._encoding,
            questions,
            candidates=self.card.candidates,
            max_tokens=self.card.max_answer_tokens,
        )
        seconds = (time.perf_counter() - start) / len(questions)
        responses = []
        for ids, answers in zip(questions, generated, strict=True):
            candidates = _distinct(answers)
            best = answers[0]
            explanation = f"the {best.tokens} tokens have a mean probability of {best.probability:.2f}"
            if not best.complete:
                explanation += f"; cut at {self.card.max_answer_tokens} tokens"
            responses.append(
                Response(
                    candidates=candidates,
                    raw=_raw(self.card.target, candidates, explanation),
                    explanation=explanation,
                    input_tokens=len(ids),
                    output_tokens=sum(answer.tokens for answer in answers),
                    seconds=seconds,
                    error=None if candidates else "the model wrote nothing",
                )
            )
        return responses


def _distinct(answers: Sequence[Generated]) -> tuple[Candidate, ...]:
    best: dict[str, float] = {}
    for answer in answers:
        if answer.text:
            best.setdefault(answer.text, round(answer.probability, 6))
    return tuple(Candidate(text, score) for text, score in best.items())


def _raw(target: str, candidates: Sequence[Candidate], explanation: str) -> str:
    """Return an answer as JSON in the form that output contracts use; empty when there is no candidate."""
    if not candidates:
        return ""
    listed = [{target: candidate.text, "score": candidate.score} for candidate in candidates]
    answer = {target: candidates[0].text, "candidates": listed, "explanation": explanation}
    return json.dumps(answer, ensure_ascii=False)


def open_lora(uri: str, task: Task) -> LoraModel:
    """Open a local language model with a LoRA adapter by its URI `lora:FOLDER`.

    The adapter's metadata in the folder name the base model, which is loaded too.

    Raises:
        UserError: there is no adapter in the folder or it is damaged, its base model is missing or is not the
            one it was trained on, or its columns are not those of the task.
        Infrastructure: torch, transformers or peft is not installed.
    """
    path = uri.removeprefix(SCHEME)
    if not path:
        raise UserError(f"{uri!r} names no folder; write {SCHEME}FOLDER, where a trainer saved an adapter")
    folder = Path(path).expanduser().resolve()
    card = read_card(folder)
    if card.inputs != list(task.inputs) or card.target != task.target.field:
        raise UserError(
            f"{uri} reads {card.inputs} and writes {card.target}, task {task.name} has {list(task.inputs)} and "
            f"{task.target.field}; train again"
        )
    need_libraries()
    base = find_checkpoint(card.base, folder)
    if base.digest != card.base_digest:
        raise UserError(
            f"the checkpoint in {base.folder} is not the one that {uri} was trained on "
            f"(digest {base.digest[:12]}, trained on {card.base_digest[:12]}): restore that one, or train again"
        )
    from peft import PeftModel

    from veritrain_lib.models.lora.device import best_device, dtype_for

    device = best_device()
    dtype = dtype_for(card.parameters.get("precision", "auto"), device)
    model = PeftModel.from_pretrained(base.weights(dtype), str(folder), is_trainable=False)
    return LoraModel(card, model.to(device).eval(), Encoding.of(base), folder)
