"""Generation of candidate answers by a local language model, each with the mean probability of its tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.models.lora.encoding import Encoding


@dataclass(frozen=True)
class Generated:
    """One answer that a local language model generated, with its probability.

    Attributes:
        text: text of the answer.
        probability: geometric mean of the probabilities of its tokens, 0 to 1.
        tokens: number of its tokens.
        complete: False when the answer was cut off at the token limit.
    """

    text: str
    probability: float
    tokens: int
    complete: bool


def generate(
    model: Any, encoding: Encoding, questions: Sequence[Sequence[int]], *, candidates: int, max_tokens: int
) -> list[list[Generated]]:
    """Generate candidate answers to each question with a local language model, without random sampling.

    One candidate is decoded greedily; several are decoded by a beam search with as many beams as candidates, which is the
    usual practice for translation.

    Args:
        model: the language model.
        encoding: tokenizer of the language model.
        questions: token ids of each question.
        candidates: number of answers to each question.
        max_tokens: token limit of an answer.

    Returns:
        For each question its candidates, best first.
    """
    import torch
    from transformers import GenerationConfig

    tokenizer = encoding.tokenizer
    longest = max(map(len, questions))
    # A causal model continues after the last token, so padding goes before the first one.
    padded = [
        _padded(ids, longest, tokenizer.pad_token_id, left=encoding.kind == "causal") for ids in questions
    ]
    settings = GenerationConfig(
        max_new_tokens=max_tokens,
        num_beams=candidates,
        num_return_sequences=candidates,
        do_sample=False,
        eos_token_id=encoding.stop_ids,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=getattr(model.config, "decoder_start_token_id", None),
        return_dict_in_generate=True,
        output_scores=True,
    )
    with torch.inference_mode():
        output = model.generate(
            input_ids=torch.tensor([ids for ids, _ in padded], device=model.device),
            attention_mask=torch.tensor([mask for _, mask in padded], device=model.device),
            generation_config=settings,
        )
        log_probabilities = model.compute_transition_scores(
            output.sequences,
            output.scores,
            getattr(output, "beam_indices", None),
            normalize_logits=candidates == 1,
        )
    generated_ids = output.sequences[:, -log_probabilities.shape[1] :].tolist()
    answers = [
        _read(encoding, ids, scores)
        for ids, scores in zip(generated_ids, log_probabilities.tolist(), strict=True)
    ]
    return [answers[start : start + candidates] for start in range(0, len(answers), candidates)]


def _read(encoding: Encoding, ids: list[int], log_probabilities: list[float]) -> Generated:
    stop_ids = set(encoding.stop_ids)
    end = next((position for position, token in enumerate(ids) if token in stop_ids), None)
    counted_log_probabilities = log_probabilities if end is None else log_probabilities[: end + 1]
    mean = sum(counted_log_probabilities) / len(counted_log_probabilities)
    return Generated(
        encoding.text(ids), min(math.exp(mean), 1.0), len(counted_log_probabilities), end is not None
    )


def _padded(ids: Sequence[int], length: int, padding: int, *, left: bool) -> tuple[list[int], list[int]]:
    pad_ids = [padding] * (length - len(ids))
    attended, ignored = [1] * len(ids), [0] * len(pad_ids)
    return ([*pad_ids, *ids], [*ignored, *attended]) if left else ([*ids, *pad_ids], [*attended, *ignored])
