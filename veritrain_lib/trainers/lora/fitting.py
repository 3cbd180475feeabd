"""The function `fit`, which runs one training of a LoRA adapter with transformers.

It starts from the beginning or resumes from a checkpoint; the result is the same.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.lora.card import SETTINGS, WEIGHTS
from veritrain_lib.trainers.lora.trainer_setup import LoraTraining, build_trainer
from veritrain_lib.trainers.lora.work_directory import is_final

if TYPE_CHECKING:
    from veritrain_lib.trainers.lora.training_progress import TrainingProgress

LOSS_BEFORE_FILE = "before.json"
STATE_FILE = "trainer_state.json"
"""Name of the file in a checkpoint of transformers that holds the step count and the log so far."""


def fit(training: LoraTraining) -> dict[str, Any]:
    """Train a LoRA adapter and write it to the folder `made` in the work directory.

    The training resumes from the latest complete checkpoint if there is one.

    Returns:
        Statistics of the training: rows, steps, epochs, losses before and after. The losses are means over
        answer tokens, in nats, on the held-out rows, or on the training rows when none are held out.

    Raises:
        UserError: the checkpoint lacks a named module, or the final loss is not finite.
    """
    from transformers import set_seed

    work, held_out = training.work, training.held_out
    set_seed(training.seed)
    trainer = build_trainer(training)
    start = work.latest_checkpoint()
    if start is None:
        shutil.rmtree(work.checkpoints, ignore_errors=True)
        before = trainer.evaluate()["eval_loss"]
        (work.folder / LOSS_BEFORE_FILE).write_text(json.dumps(before), encoding="utf-8")
        # The evaluation advanced the random state; a resumed training gets the state stored in the checkpoint.
        set_seed(training.seed)
    before = json.loads((work.folder / LOSS_BEFORE_FILE).read_text(encoding="utf-8"))
    _run(trainer, start, training.progress)
    state = trainer.state
    best_step = state.best_global_step if held_out else None
    if best_step is not None:
        _load_adapter(trainer.model, work.checkpoints / f"checkpoint-{best_step}")
    after = trainer.evaluate()["eval_loss"]
    if not math.isfinite(after):
        raise UserError(
            f"the loss is {after} after {state.global_step} steps: nothing was learned. Lower learning_rate (it is "
            f"{training.parameters.learning_rate:g}), set precision to float32, or check that the checkpoint is complete"
        )
    output = work.folder / "made"
    shutil.rmtree(output, ignore_errors=True)
    trainer.model.save_pretrained(str(output), safe_serialization=True)
    _normalize_settings(output)
    return {
        "trained_rows": len(training.train),
        "held_out_rows": len(held_out),
        "loss_before": round(float(before), 6),
        "loss_after": round(float(after), 6),
        "steps": int(state.global_step),
        "kept_step": int(state.global_step if best_step is None else best_step),
        "epochs": round(float(state.epoch), 2),
        "trained_weights": sum(
            parameter.numel() for parameter in trainer.model.parameters() if parameter.requires_grad
        ),
        "device": str(training.device),
    }


def _run(trainer: Any, start: Path | None, progress: TrainingProgress) -> None:
    """Train to the end, from the given checkpoint or from the start if it is None."""
    from transformers import TrainerState

    if start is None:
        trainer.train()
    elif not is_final(start):
        trainer.train(resume_from_checkpoint=str(start))
    else:
        # The training had ended at this checkpoint; another step would change its result.
        trainer.state = TrainerState.load_from_json(str(start / STATE_FILE))
        progress.begin(trainer.state.global_step, trainer.state.log_history)
        _load_adapter(trainer.model, start)


def _load_adapter(model: Any, checkpoint: Path) -> None:
    """Load the adapter of a checkpoint into the model."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    set_peft_model_state_dict(model, load_file(str(checkpoint / WEIGHTS)))


def _normalize_settings(folder: Path) -> None:
    """Rewrite peft's settings file in a fixed order, and remove the README that is meant for a model hub."""
    file = folder / SETTINGS
    content = json.loads(file.read_text(encoding="utf-8"))
    # peft stores module names in sets, whose order differs between processes.
    ordered = {name: sorted(value) if isinstance(value, list) else value for name, value in content.items()}
    file.write_text(json.dumps(ordered, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "README.md").unlink(missing_ok=True)
