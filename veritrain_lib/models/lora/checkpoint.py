"""Base language models in local folders, in the format that transformers saves; nothing is downloaded."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from veritrain_lib.core.digest import of_json
from veritrain_lib.core.errors import Infrastructure, UserError

Kind = Literal["causal", "seq2seq"]

CONFIG = "config.json"
FILE_PATTERNS = ("*.safetensors", "*.json", "*.model", "*.txt", "*.jinja")
"""Name patterns of the files that define a checkpoint: weights, settings, tokenizer and chat template."""


@dataclass(frozen=True)
class Checkpoint:
    """Base language model in a local folder, to which a LoRA adapter is added.

    Attributes:
        folder: the folder.
        kind: `causal` (a decoder that continues a text) or `seq2seq` (an encoder with a decoder).
        context: token limit of question and answer together for a causal model; None when its configuration
            names no limit.
    """

    folder: Path
    kind: Kind
    context: int | None = None

    @property
    def address(self) -> str:
        """The URI `checkpoint:FOLDER`, by which MLflow's registry names the base model of an adapter."""
        return f"checkpoint:{self.folder}"

    @property
    def digest(self) -> str:
        """The SHA-256 over names and content of the base model's files; a copy of the folder has the same one."""
        files = sorted({file for pattern in FILE_PATTERNS for file in self.folder.glob(pattern)})
        return of_json({file.name: _file_digest(file, file.stat().st_mtime_ns) for file in files})

    def tokenizer(self) -> Any:
        """Load the base model's tokenizer.

        Raises:
            UserError: there is no usable tokenizer, or it has no end-of-sequence token.
        """
        need_libraries()
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                str(self.folder), local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"the checkpoint {self.folder} has no usable tokenizer: {_first_line(error)}"
            ) from error
        if tokenizer.eos_token_id is None:
            raise UserError(f"the tokenizer of {self.folder} has no eos_token: an answer could not end")
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer

    def weights(self, dtype: Any) -> Any:
        """Load the base model without an adapter, on the CPU.

        Only safetensors files are read, because a pickled file could run code.

        Args:
            dtype: the torch dtype of the weights.

        Raises:
            UserError: the weights are missing or damaged.
        """
        need_libraries()
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

        model_class = AutoModelForCausalLM if self.kind == "causal" else AutoModelForSeq2SeqLM
        try:
            return model_class.from_pretrained(
                str(self.folder),
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,  # otherwise transformers prompts on the terminal
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise UserError(f"the checkpoint {self.folder} can't be opened: {_first_line(error)}") from error


def find_checkpoint(base: str, relative_to: Path) -> Checkpoint:
    """Return the base language model in a folder, after checking that its `config.json` can be read.

    Args:
        base: path of the folder, with or without the prefix `checkpoint:`.
        relative_to: folder that a relative `base` starts from.

    Raises:
        UserError: there is no such folder, or it has no readable `config.json`.
    """
    folder = (relative_to / Path(base.removeprefix("checkpoint:")).expanduser()).resolve()
    file = folder / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"base {base!r} is not a checkpoint: {file} can't be read ({_first_line(error)}). Give the folder of a model in "
            "the format that transformers saves, relative to the task file; nothing is downloaded"
        ) from error
    if config.get("is_encoder_decoder"):
        return Checkpoint(folder, "seq2seq")
    limits = [config.get(name) for name in ("max_position_embeddings", "n_positions")]
    return Checkpoint(folder, "causal", next((int(limit) for limit in limits if limit), None))


def need_libraries() -> None:
    """Check that the libraries for LoRA (torch, transformers, peft) are installed, and silence their warnings.

    Raises:
        Infrastructure: one of them is missing; the message says how to install them.
    """
    try:
        import peft  # noqa: F401
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise Infrastructure(
            f"LoRA needs the extra `lora` (torch, transformers, peft); {error.name} is missing. "
            "Install it with: make setup-lora (docs/lora.md)"
        ) from error
    # peft 0.21 still uses a name that transformers 5 has deprecated.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
    # Weights tied between head and embedding are untied here, which only matters when an adapter is merged.
    warnings.filterwarnings("ignore", message="Model has `tie_word_embeddings=True`")
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


@cache
def _file_digest(file: Path, modified: int) -> str:
    # `modified` is part of the cache key: weights are gigabytes, and are read once a process.
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
