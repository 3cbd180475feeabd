"""A tiny generated checkpoint: a tokenizer trained on given texts, and random weights in a real architecture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TURNS = ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
SPECIAL = ["<pad>", "</s>", "<s>", "<unk>"]


def make_tiny(
    folder: Path,
    texts: Sequence[str],
    *,
    kind: Literal["causal", "seq2seq"] = "causal",
    chat: bool = True,
    words: int = 800,
    width: int = 64,
    layers: int = 2,
    seed: int = 0,
) -> Path:
    """Write a Llama (`causal`) or a T5 (`seq2seq`) with a byte pair encoding of up to `words` pieces; return the folder.

    `width` is the size of a hidden state, a multiple of 4. With `chat` the tokenizer has a chat template.
    """
    from veritrain_lib.models.lora.checkpoint import need_libraries

    need_libraries()
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

    tokenizer = _tokenizer(texts, words, chat and kind == "causal")
    ids = {
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model: Any = (
            LlamaForCausalLM(
                LlamaConfig(
                    vocab_size=len(tokenizer), hidden_size=width, intermediate_size=2 * width,
                    num_hidden_layers=layers, num_attention_heads=4, max_position_embeddings=1024,
                    tie_word_embeddings=False, **ids,
                )
            )
            if kind == "causal"
            else T5ForConditionalGeneration(
                T5Config(
                    vocab_size=len(tokenizer), d_model=width, d_kv=width // 4, d_ff=2 * width,
                    num_layers=layers, num_heads=4, dropout_rate=0.0, tie_word_embeddings=False,
                    decoder_start_token_id=tokenizer.pad_token_id, **ids,
                )
            )
        )  # fmt: skip
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


def _tokenizer(texts: Sequence[str], words: int, chat: bool) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made: Any = Tokenizer(models.BPE(unk_token="<unk>"))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    special = [*SPECIAL, *(TURNS if chat else [])]
    # Unlike a unigram model, it is learnt alike each time.
    learner = trainers.BpeTrainer(vocab_size=words, special_tokens=special, show_progress=False)
    made.train_from_iterator(list(texts), learner)
    tokenizer: Any = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", bos_token="<s>", unk_token="<unk>",
        additional_special_tokens=TURNS if chat else [],
    )  # fmt: skip
    if chat:
        tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
