"""A tuned model that answers: its base, the adapter on it, and how it is asked."""

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
from veritrain_lib.models.lora.card import Card, read_card
from veritrain_lib.models.lora.checkpoint import find_checkpoint, need_libraries
from veritrain_lib.models.lora.encoding import Encoding
from veritrain_lib.models.lora.question import Asking

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

SCHEME = "lora:"
BATCH = 16
"""Questions that are answered together."""


class LoraModel:
    """Answers rows with a tuned language model (the protocol `Model`).

    `folder` is where the adapter is saved, None while it lives in memory only. The same rows get the same answers,
    whatever else is asked beside them up to the rounding of floating point numbers.
    """

    def __init__(self, card: Card, model: Any, encoding: Encoding, folder: Path | None = None) -> None:
        self.card = card
        self._model = model
        self._encoding = encoding
        self._asking = Asking(**card.asking)
        self._folder = folder

    @property
    def uri(self) -> str:
        """`lora:FOLDER`, by which `open_model` opens it; `lora:` alone while it is not saved."""
        return f"{SCHEME}{self._folder or ''}"

    def moved(self, folder: Path) -> None:
        """From now on `uri` names this folder."""
        self._folder = folder.resolve()

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """One response a row, in order; `raw` is the JSON text that the output contract judges.

        A row without a text, and a question that is longer than `max_input_tokens` or holds one of the tokenizer's special tokens gets a
        response with `error`. `seconds` is the mean over the rows that were answered together. Raises UserError
        when a column is missing.
        """
        absent = [name for name in self._asking.columns if name not in rows.columns]
        if absent:
            there = ", ".join(map(str, rows.columns)) or "none"
            raise UserError(f"the rows lack the column(s) {', '.join(absent)}; they have: {there}")
        given = rows[self._asking.columns].astype(object).where(rows[self._asking.columns].notna(), "")
        responses: list[Response | None] = [None] * len(given)
        asked: dict[int, list[int]] = {}
        fields = [name for name in self._asking.columns if name != self._asking.values.get("direction")]
        for at, (row, asks) in enumerate(
            zip(given.to_dict("records"), answerable(given, fields), strict=True)
        ):
            ids, wrong = self._question(row) if asks else ([], NO_INPUT)
            if wrong:
                responses[at] = Response((), raw="", error=wrong)
            else:
                asked[at] = ids
        # Questions of like length together: less padding.
        order = sorted(asked, key=lambda at: len(asked[at]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            for at, response in zip(places, self._responses([asked[at] for at in places]), strict=True):
                responses[at] = response
        return [one for one in responses if one is not None]

    def _question(self, row: dict[Any, Any]) -> tuple[list[int], str]:
        """The token ids of a row's question, and why it can't be asked (empty when it can)."""
        special = self._encoding.special_in([str(value) for value in row.values()])
        if special:
            return [], f"the row holds {special!r}, which is a special token of the model"
        ids, most = self._encoding.asked(self._asking.messages(row)), self.card.max_input_tokens
        if self._encoding.context is not None:
            most = min(most, self._encoding.context - self.card.max_answer_tokens)
        return ids, f"the question has {len(ids)} tokens; at most {most} are read" if len(ids) > most else ""

    def _responses(self, asked: Sequence[Sequence[int]]) -> list[Response]:
        start = time.perf_counter()
        found = generate(
            self._model,
            self._encoding,
            asked,
            candidates=self.card.candidates,
            most_tokens=self.card.max_answer_tokens,
        )
        seconds = (time.perf_counter() - start) / len(asked)
        responses = []
        for ids, answers in zip(asked, found, strict=True):
            candidates = _distinct(answers)
            best = answers[0]
            said = f"the {best.tokens} tokens have a mean probability of {best.probability:.2f}"
            if not best.whole:
                said += f"; cut at {self.card.max_answer_tokens} tokens"
            responses.append(
                Response(
                    candidates=candidates,
                    raw=_raw(self.card.target, candidates, said),
                    explanation=said,
                    input_tokens=len(ids),
                    output_tokens=sum(one.tokens for one in answers),
                    seconds=seconds,
                    error=None if candidates else "the model wrote nothing",
                )
            )
        return responses


def _distinct(answers: Sequence[Generated]) -> tuple[Candidate, ...]:
    best: dict[str, float] = {}
    for one in answers:
        if one.text:
            best.setdefault(one.text, round(one.probability, 6))
    return tuple(Candidate(text, score) for text, score in best.items())


def _raw(target: str, candidates: Sequence[Candidate], explanation: str) -> str:
    """The answer in the form of output contracts; nothing when there is none."""
    if not candidates:
        return ""
    listed = [{target: one.text, "score": one.score} for one in candidates]
    answer = {target: candidates[0].text, "candidates": listed, "explanation": explanation}
    return json.dumps(answer, ensure_ascii=False)


def open_lora(uri: str, task: Task) -> LoraModel:
    """Open `lora:FOLDER` for a task: the base named on its card, and the adapter on it.

    Raises UserError when there is no adapter in the folder or it is damaged, when its base is not where it was or
    is another one than it was trained on, or when it reads other columns than the task has; Infrastructure when
    the extra `lora` is not installed.
    """
    place = uri.removeprefix(SCHEME)
    if not place:
        raise UserError(f"{uri!r} names no folder; write {SCHEME}FOLDER, where a trainer saved an adapter")
    folder = Path(place).expanduser().resolve()
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
            f"the checkpoint in {base.folder} is another one than {uri} was trained on "
            f"(digest {base.digest[:12]}, then {card.base_digest[:12]}): put that one back, or train again"
        )
    from peft import PeftModel

    from veritrain_lib.models.lora.device import best_device, dtype_for

    device = best_device()
    dtype = dtype_for(card.parameters.get("precision", "auto"), device)
    model = PeftModel.from_pretrained(base.weights(dtype), str(folder), is_trainable=False)
    return LoraModel(card, model.to(device).eval(), Encoding.of(base), folder)
