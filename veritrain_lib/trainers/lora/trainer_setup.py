"""Preparation of a LoRA training: the base model with its adapters, and the `Trainer` of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.trainers.lora.examples import PaddingCollator, TokenizedExample

if TYPE_CHECKING:
    from veritrain_lib.models.lora.checkpoint import Checkpoint
    from veritrain_lib.models.lora.encoding import Encoding
    from veritrain_lib.trainers.lora.parameters import LoraParameters
    from veritrain_lib.trainers.lora.training_progress import TrainingProgress
    from veritrain_lib.trainers.lora.work_directory import WorkDirectory

WARM_UP = 0.03
"""Share of the steps over which the learning rate rises (from QLoRA, Dettmers et al. 2023, arXiv:2305.14314)."""


@dataclass(frozen=True)
class LoraTraining:
    """All inputs of one training of a LoRA adapter.

    Attributes:
        work: work directory of the training.
        checkpoint: the base model.
        encoding: tokenizer of the base model.
        parameters: parameters from the task file.
        train: examples to train on.
        held_out: examples that are only evaluated, for early stopping.
        seed: random seed.
        device: the torch device.
        progress: reporter of the progress.
    """

    work: WorkDirectory
    checkpoint: Checkpoint
    encoding: Encoding
    parameters: LoraParameters
    train: Sequence[TokenizedExample]
    held_out: Sequence[TokenizedExample]
    seed: int
    device: Any
    progress: TrainingProgress


def build_trainer(training: LoraTraining) -> Any:
    """Return the `Trainer` of transformers for a LoRA adapter, ready to evaluate and to train.

    Raises:
        UserError: the checkpoint lacks a named module.
    """
    from transformers import EarlyStoppingCallback, PrinterCallback, Trainer

    encoding, parameters, held_out = training.encoding, training.parameters, training.held_out
    stopping = bool(held_out) and parameters.patience > 0
    trainer = Trainer(
        model=_adapted(training.checkpoint, parameters, training.device),
        args=_arguments(training),
        data_collator=PaddingCollator(encoding.tokenizer.pad_token_id),
        train_dataset=[example.fields(encoding.kind) for example in training.train],
        eval_dataset=[example.fields(encoding.kind) for example in held_out or training.train],
        callbacks=[
            _callback(training.work, training.progress),
            *([EarlyStoppingCallback(early_stopping_patience=parameters.patience)] if stopping else []),
        ],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _adapted(checkpoint: Checkpoint, parameters: LoraParameters, device: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    from veritrain_lib.models.lora.device import dtype_for

    base_model = checkpoint.weights(dtype_for(parameters.precision, device))
    names = {name.rpartition(".")[2] for name, _ in base_model.named_modules()}
    named_modules = [] if parameters.modules == "all-linear" else parameters.modules
    unknown = sorted({*named_modules, *parameters.also} - names)
    if unknown:
        raise UserError(
            f"the checkpoint has no module named {', '.join(unknown)}; it has: {', '.join(sorted(names - {''}))}"
        )
    settings = LoraConfig(
        r=parameters.rank,
        lora_alpha=parameters.alpha,
        lora_dropout=parameters.dropout,
        target_modules=parameters.modules,
        modules_to_save=parameters.also or None,
        task_type="CAUSAL_LM" if checkpoint.kind == "causal" else "SEQ_2_SEQ_LM",
    )
    return get_peft_model(base_model, settings)


def _arguments(training: LoraTraining) -> Any:
    from transformers import TrainingArguments

    parameters, device, has_held_out = training.parameters, training.device, bool(training.held_out)
    steps = -(-len(training.train) // (parameters.batch_size * parameters.accumulate)) * parameters.epochs
    return TrainingArguments(
        output_dir=str(training.work.checkpoints),
        num_train_epochs=parameters.epochs,
        per_device_train_batch_size=parameters.batch_size,
        per_device_eval_batch_size=parameters.batch_size,
        gradient_accumulation_steps=parameters.accumulate,
        learning_rate=parameters.learning_rate,
        warmup_steps=round(WARM_UP * steps),
        seed=training.seed,
        data_seed=training.seed,
        bf16=device.type == "cuda" and parameters.precision != "float32",
        use_cpu=device.type == "cpu",
        dataloader_pin_memory=device.type == "cuda",
        eval_strategy="steps" if has_held_out else "no",
        eval_steps=parameters.every,
        save_strategy="steps",
        save_steps=parameters.every,
        save_total_limit=2,
        metric_for_best_model="eval_loss" if has_held_out else None,
        greater_is_better=False if has_held_out else None,
        restore_callback_states_from_checkpoint=True,
        logging_steps=min(parameters.every, 10),
        logging_first_step=True,
        report_to=[],
        disable_tqdm=True,
        label_names=["labels"],
        remove_unused_columns=False,
    )


def _callback(work: WorkDirectory, progress: TrainingProgress) -> Any:
    from transformers import TrainerCallback

    class ReportingCallback(TrainerCallback):  # type: ignore[misc]  # a base of an untyped library
        def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            progress.begin(state.global_step, state.log_history)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
            progress.log(state.global_step, state.max_steps, logs or {})

        def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            work.mark_complete(state.global_step, last=control.should_training_stop)

    return ReportingCallback()
