"""One training by transformers' Trainer, from the start or from a checkpoint, to the same result."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.lora.card import SETTINGS, WEIGHTS
from veritrain_lib.trainers.lora.trainer_setup import Training, trainer_of
from veritrain_lib.trainers.lora.work_directory import is_last

if TYPE_CHECKING:
    from veritrain_lib.trainers.lora.training_progress import Listener

BEFORE = "before.json"
STATE = "trainer_state.json"
"""transformers' file of a checkpoint that says how far training was."""


def fit(training: Training) -> dict[str, Any]:
    """Train, and leave the adapter in `work.folder / "made"`. Gives facts: steps, epochs, losses before and after.

    The losses are means over answer tokens, in nats, on the watched rows, or on the trained ones when none are
    watched. Goes on from the newest whole checkpoint where there is one.

    Raises UserError for modules that the checkpoint does not have, and when the loss is no number in the end.
    """
    from transformers import set_seed

    work, watched = training.work, training.watched
    set_seed(training.seed)
    trainer = trainer_of(training)
    start = work.newest()
    if start is None:
        shutil.rmtree(work.checkpoints, ignore_errors=True)
        before = trainer.evaluate()["eval_loss"]
        (work.folder / BEFORE).write_text(json.dumps(before), encoding="utf-8")
        # Measuring drew from the random state; whoever goes on from a checkpoint gets the state stored there.
        set_seed(training.seed)
    before = json.loads((work.folder / BEFORE).read_text(encoding="utf-8"))
    _run(trainer, start, training.listener)
    state = trainer.state
    kept = state.best_global_step if watched else None
    if kept is not None:
        _load(trainer.model, work.checkpoints / f"checkpoint-{kept}")
    after = trainer.evaluate()["eval_loss"]
    if not math.isfinite(after):
        raise UserError(
            f"the loss is {after} after {state.global_step} steps: nothing was learnt. Lower learning_rate (it is "
            f"{training.parameters.learning_rate:g}), set precision to float32, or look whether the checkpoint is whole"
        )
    made = work.folder / "made"
    shutil.rmtree(made, ignore_errors=True)
    trainer.model.save_pretrained(str(made), safe_serialization=True)
    _settle(made)
    return {
        "trained_rows": len(training.train),
        "held_out_rows": len(watched),
        "loss_before": round(float(before), 6),
        "loss_after": round(float(after), 6),
        "steps": int(state.global_step),
        "kept_step": int(state.global_step if kept is None else kept),
        "epochs": round(float(state.epoch), 2),
        "trained_weights": sum(one.numel() for one in trainer.model.parameters() if one.requires_grad),
        "device": str(training.device),
    }


def _run(trainer: Any, start: Path | None, listener: Listener) -> None:
    """Train to the end, from a checkpoint where there is one."""
    from transformers import TrainerState

    if start is None:
        trainer.train()
    elif not is_last(start):
        trainer.train(resume_from_checkpoint=str(start))
    else:
        # One step more would be another training than the one that was over here.
        trainer.state = TrainerState.load_from_json(str(start / STATE))
        listener.begin(trainer.state.global_step, trainer.state.log_history)
        _load(trainer.model, start)


def _load(model: Any, checkpoint: Path) -> None:
    """Put the adapter of a checkpoint into the model."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    set_peft_model_state_dict(model, load_file(str(checkpoint / WEIGHTS)))


def _settle(made: Path) -> None:
    """Write peft's settings so that the same training gives the same bytes, and drop the page meant for a hub."""
    file = made / SETTINGS
    content = json.loads(file.read_text(encoding="utf-8"))
    # peft keeps module names in sets, whose order differs from process to process.
    settled = {name: sorted(value) if isinstance(value, list) else value for name, value in content.items()}
    file.write_text(json.dumps(settled, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (made / "README.md").unlink(missing_ok=True)
