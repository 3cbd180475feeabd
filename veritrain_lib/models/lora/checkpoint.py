"""The base that is tuned: a folder in the form that transformers saves. Nothing is fetched from anywhere."""

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
READ = ("*.safetensors", "*.json", "*.model", "*.txt", "*.jinja")
"""What makes a checkpoint what it is: weights, settings, tokenizer, chat template."""


@dataclass(frozen=True)
class Checkpoint:
    """A base on disk.

    `kind` is `causal` (one text goes on) or `seq2seq` (an encoder reads, a decoder writes); `context` is how many
    tokens of question and answer together a causal one can hold, None when its settings name no limit.
    """

    folder: Path
    kind: Kind
    context: int | None = None

    @property
    def address(self) -> str:
        """`checkpoint:FOLDER`, as the registry names the base of an adapter."""
        return f"checkpoint:{self.folder}"

    @property
    def digest(self) -> str:
        """SHA-256 over names and content of its files: the same checkpoint in another folder has the same one."""
        files = sorted({file for pattern in READ for file in self.folder.glob(pattern)})
        return of_json({file.name: _file_digest(file, file.stat().st_mtime_ns) for file in files})

    def tokenizer(self) -> Any:
        """Its tokenizer. Raises UserError when there is none, or one without an end-of-sequence token."""
        need_libraries()
        from transformers import AutoTokenizer

        try:
            found = AutoTokenizer.from_pretrained(
                str(self.folder), local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"the checkpoint {self.folder} has no usable tokenizer: {_first(error)}"
            ) from error
        if found.eos_token_id is None:
            raise UserError(f"the tokenizer of {self.folder} has no eos_token: an answer could not end")
        if found.pad_token_id is None:
            found.pad_token = found.eos_token
        return found

    def weights(self, dtype: Any) -> Any:
        """The bare model, in a torch dtype, on the CPU. Raises UserError when the weights are missing or damaged.

        Only safetensors are read: a pickled file could run code.
        """
        need_libraries()
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

        opener = AutoModelForCausalLM if self.kind == "causal" else AutoModelForSeq2SeqLM
        try:
            return opener.from_pretrained(
                str(self.folder),
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,  # or it would ask whoever sits at the terminal
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise UserError(f"the checkpoint {self.folder} can't be opened: {_first(error)}") from error


def find_checkpoint(base: str, near: Path) -> Checkpoint:
    """The checkpoint in folder `base`, relative to folder `near`.

    Raises UserError when there is no such folder or no readable `config.json` in it.
    """
    folder = (near / Path(base.removeprefix("checkpoint:")).expanduser()).resolve()
    file = folder / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"base {base!r} is no checkpoint: {file} can't be read ({_first(error)}). Give the folder of a model in "
            "the form that transformers saves, relative to the task file; nothing is downloaded"
        ) from error
    if config.get("is_encoder_decoder"):
        return Checkpoint(folder, "seq2seq")
    limits = [config.get(name) for name in ("max_position_embeddings", "n_positions")]
    return Checkpoint(folder, "causal", next((int(limit) for limit in limits if limit), None))


def need_libraries() -> None:
    """Raise Infrastructure that says what to install when the extra `lora` is not there."""
    try:
        import peft  # noqa: F401
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise Infrastructure(
            f"LoRA needs the extra `lora` (torch, transformers, peft); {error.name} is missing. "
            "Install it with: make setup-lora (docs/lora.md)"
        ) from error
    # peft 0.21 still asks transformers 5 by an old name.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
    # A head that shared its weights with the embedding is kept apart from it: we merge no adapter into a base.
    warnings.filterwarnings("ignore", message="Model has `tie_word_embeddings=True`")
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


@cache
def _file_digest(file: Path, changed: int) -> str:
    # `changed` is part of the cache's key: weights are gigabytes, and are read once a process.
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _first(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
