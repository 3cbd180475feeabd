"""The trainer `lora`, which fine-tunes a language model on this machine and resumes a training that was killed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.models.lora.card import WEIGHTS, AdapterCard, read_card
from veritrain_lib.models.lora.checkpoint import Checkpoint, find_checkpoint, need_libraries
from veritrain_lib.models.lora.device import best_device
from veritrain_lib.models.lora.encoding import Encoding
from veritrain_lib.models.lora.question import AdapterPrompt
from veritrain_lib.trainers.base import Trainer
from veritrain_lib.trainers.lora.examples import encode, split
from veritrain_lib.trainers.lora.fitted import FittedLora
from veritrain_lib.trainers.lora.fitting import fit
from veritrain_lib.trainers.lora.parameters import LoraParameters
from veritrain_lib.trainers.lora.trainer_setup import LoraTraining
from veritrain_lib.trainers.lora.training_progress import OnStep, TrainingProgress
from veritrain_lib.trainers.lora.work_directory import WorkDirectory

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

LIBRARIES = ("torch", "transformers", "peft")


class Lora(Trainer):
    """Trainer that fine-tunes a language model (causal or sequence-to-sequence) with low-rank adapters.

    The loss covers only the tokens of the answers. Labels and free text are learned by the same code, as the
    text of the target field. On one machine the same rows, parameters and seed give the same adapter, even if
    the training was killed and resumed; another device or number of threads rounds differently.

    Args:
        parameters: the fields of `LoraParameters`; `base` is required.

    Raises:
        UserError: a parameter is unknown, missing or out of range.
    """

    name = "lora"
    parameter_names = tuple(LoraParameters.model_fields)
    slow = True
    """True: a training takes minutes or hours, so other stages train the quick student model instead."""

    def __init__(self, **parameters: Any) -> None:
        self.parameters = LoraParameters.read(parameters)
        self.on_step: OnStep | None = None

    def ingredients(self, task: Task) -> dict[str, str]:
        """Return the digests of the base model (`base`) and the prompt (`asked`), which affect a training, too.

        Raises:
            UserError: there is no checkpoint in the folder `base`.
        """
        return {"base": self._base(task).digest, "asked": digest.of_json(asdict(AdapterPrompt.of(task)))}

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedLora:
        """Train a LoRA adapter, or return the adapter if the same training was finished before.

        Args:
            task: the task.
            rows: training rows, with the columns that `core.records` defines.
            seed: random seed of the training.

        Raises:
            UserError: there is no usable checkpoint, rows can't be learned from (the message gives their
                numbers), or the checkpoint lacks a named module.
            Infrastructure: torch, transformers or peft is not installed, or the device has too little memory.
        """
        need_libraries()
        base = self._base(task)
        prompt, encoding = AdapterPrompt.of(task), Encoding.of(base)
        examples = encode(task, rows, prompt, encoding, self.parameters)
        parts = [
            self.ingredients(task),
            self._settings(),
            [asdict(example) for example in examples],
            seed,
            digest.of_code(*digest.MODEL_CODE),
            _versions(),
        ]
        work = WorkDirectory(digest.of_json(parts))
        with work.locked():
            if not work.adapter.is_dir():
                train, held_out = split(examples, self.parameters.held_out, seed)
                device = best_device()
                progress = TrainingProgress(device, self.on_step)
                self._train_and_save(
                    task,
                    prompt,
                    LoraTraining(
                        work, base, encoding, self.parameters, train, held_out, seed, device, progress
                    ),
                )
            work.remove_old_folders()
            card = read_card(work.adapter)
        facts = {**card.facts, "digest": card.weights_digest}
        return FittedLora(task, work.adapter, base.address, card.weights_digest, facts)

    def _train_and_save(self, task: Task, prompt: AdapterPrompt, training: LoraTraining) -> None:
        import torch

        work, base = training.work, training.checkpoint
        try:
            facts = fit(training)
        except torch.OutOfMemoryError as error:
            size = self.parameters.batch_size
            raise Infrastructure(
                f"{training.device} has too little memory for batch_size {size}: {str(error).splitlines()[0]}. "
                "Lower it and raise accumulate by the same factor, which gives the same effective batch size"
            ) from error
        output = work.folder / "made"
        card = AdapterCard(
            base=str(base.folder),
            base_digest=base.digest,
            weights_digest=digest.of_file(output / WEIGHTS),
            asking=asdict(prompt),
            inputs=list(task.inputs),
            target=task.target.field,
            max_input_tokens=self.parameters.max_input_tokens,
            max_answer_tokens=self.parameters.max_answer_tokens,
            candidates=self.parameters.candidates,
            parameters=self.parameters.model_dump(),
            seed=training.seed,
            facts=facts,
            versions=_versions(),
        )
        card.write(output)
        work.finish(output)

    def _base(self, task: Task) -> Checkpoint:
        return find_checkpoint(self.parameters.base, task.path.parent)

    def _settings(self) -> dict[str, Any]:
        # The path of the base does not affect the result; its digest is among the ingredients.
        return self.parameters.model_dump(exclude={"base"})


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in LIBRARIES}
