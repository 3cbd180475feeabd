"""Generation: several answers to each question, each with how sure the model was of its tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.models.lora.encoding import Encoding


@dataclass(frozen=True)
class Generated:
    """One generated answer: its text, the geometric mean of its tokens' probabilities (0 to 1), and its tokens.

    `whole` is False when the answer was cut at the limit before it ended.
    """

    text: str
    probability: float
    tokens: int
    whole: bool


def generate(
    model: Any, encoding: Encoding, asked: Sequence[Sequence[int]], *, candidates: int, most_tokens: int
) -> list[list[Generated]]:
    """`candidates` answers to each question (token ids), best first; without chance, so always the same ones.

    One candidate is decoded greedily, several by a beam search as wide (the usual practice for translation).
    """
    import torch
    from transformers import GenerationConfig

    tokenizer = encoding.tokenizer
    longest = max(map(len, asked))
    # A causal model goes on after the last token, so the padding stands before the first one.
    padded = [_padded(ids, longest, tokenizer.pad_token_id, left=encoding.kind == "causal") for ids in asked]
    settings = GenerationConfig(
        max_new_tokens=most_tokens,
        num_beams=candidates,
        num_return_sequences=candidates,
        do_sample=False,
        eos_token_id=encoding.stops,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=getattr(model.config, "decoder_start_token_id", None),
        return_dict_in_generate=True,
        output_scores=True,
    )
    with torch.inference_mode():
        found = model.generate(
            input_ids=torch.tensor([ids for ids, _ in padded], device=model.device),
            attention_mask=torch.tensor([mask for _, mask in padded], device=model.device),
            generation_config=settings,
        )
        logs = model.compute_transition_scores(
            found.sequences,
            found.scores,
            getattr(found, "beam_indices", None),
            normalize_logits=candidates == 1,
        )
    written = found.sequences[:, -logs.shape[1] :].tolist()
    answers = [_read(encoding, ids, scores) for ids, scores in zip(written, logs.tolist(), strict=True)]
    return [answers[at : at + candidates] for at in range(0, len(answers), candidates)]


def _read(encoding: Encoding, ids: list[int], logs: list[float]) -> Generated:
    stops = set(encoding.stops)
    end = next((at for at, one in enumerate(ids) if one in stops), None)
    counted = logs if end is None else logs[: end + 1]
    mean = sum(counted) / len(counted)
    return Generated(encoding.text(ids), min(math.exp(mean), 1.0), len(counted), end is not None)


def _padded(ids: Sequence[int], length: int, padding: int, *, left: bool) -> tuple[list[int], list[int]]:
    blank = [padding] * (length - len(ids))
    seen, unseen = [1] * len(ids), [0] * len(blank)
    return ([*blank, *ids], [*unseen, *seen]) if left else ([*ids, *blank], [*seen, *unseen])
