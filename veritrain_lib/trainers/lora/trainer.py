"""Trainer `lora`: tunes a checkpoint on this machine. A training that was killed goes on where it was."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core import digest
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.models.lora.card import WEIGHTS, Card, read_card
from veritrain_lib.models.lora.checkpoint import Checkpoint, find_checkpoint, need_libraries
from veritrain_lib.models.lora.device import best_device
from veritrain_lib.models.lora.encoding import Encoding
from veritrain_lib.models.lora.question import Asking
from veritrain_lib.trainers.lora.examples import encode, split
from veritrain_lib.trainers.lora.fitted import FittedLora
from veritrain_lib.trainers.lora.fitting import fit
from veritrain_lib.trainers.lora.parameters import LoraParameters
from veritrain_lib.trainers.lora.trainer_setup import Training
from veritrain_lib.trainers.lora.training_progress import Listener, OnStep
from veritrain_lib.trainers.lora.work_directory import Work

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

LIBRARIES = ("torch", "transformers", "peft")


class Lora:
    """Low-rank adapters on a causal or sequence-to-sequence checkpoint, learnt from the answers' tokens alone.

    The text of the target field is learnt as it stands: a label or free text, by the same code. Parameters are
    those of `LoraParameters`; `base` is required. On one machine the same rows, parameters and seed give the same
    adapter, also after a kill; another number of threads or another device rounds otherwise.

    Raises UserError for a parameter that is unknown, missing or out of range.
    """

    name = "lora"
    parameter_names: ClassVar[tuple[str, ...]] = tuple(LoraParameters.model_fields)
    slow: ClassVar[bool] = True
    """Each training takes minutes or hours: what needs a quick student of its own must not use this."""

    def __init__(self, **parameters: Any) -> None:
        self.parameters = LoraParameters.read(parameters)
        self.on_step: OnStep | None = None

    def ingredients(self, task: Task) -> dict[str, str]:
        """Digests of what a training depends on beside rows, parameters and code: the checkpoint, and what is asked.

        Raises UserError when there is no checkpoint where `base` says.
        """
        return {"base": self._base(task).digest, "asked": digest.of_json(asdict(Asking.of(task)))}

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedLora:
        """Train on rows (columns as `records` says), or show the training that was finished before.

        Raises:
            UserError: No usable checkpoint, rows that can't be learnt from (with their numbers), or modules that
                the checkpoint does not have.
            Infrastructure: The extra `lora` is not installed, or the device has too little memory.
        """
        need_libraries()
        base = self._base(task)
        asking, encoding = Asking.of(task), Encoding.of(base)
        examples = encode(task, rows, asking, encoding, self.parameters)
        parts = [
            self.ingredients(task),
            self._settings(),
            [asdict(one) for one in examples],
            seed,
            digest.of_code(*digest.TRAINED_BY),
            _versions(),
        ]
        work = Work(digest.of_json(parts))
        with work.locked():
            if not work.adapter.is_dir():
                train, watched = split(examples, self.parameters.held_out, seed)
                device = best_device()
                listener = Listener(device, self.on_step)
                self._make(
                    task,
                    asking,
                    Training(work, base, encoding, self.parameters, train, watched, seed, device, listener),
                )
            work.tidy()
            card = read_card(work.adapter)
        facts = {**card.facts, "digest": card.weights_digest}
        return FittedLora(task, work.adapter, base.address, card.weights_digest, facts)

    def _make(self, task: Task, asking: Asking, training: Training) -> None:
        import torch

        work, base = training.work, training.checkpoint
        try:
            facts = fit(training)
        except torch.OutOfMemoryError as error:
            size = self.parameters.batch_size
            raise Infrastructure(
                f"{training.device} has too little memory for batch_size {size}: {str(error).splitlines()[0]}. "
                "Lower it and raise accumulate as much, which learns alike"
            ) from error
        made = work.folder / "made"
        card = Card(
            base=str(base.folder),
            base_digest=base.digest,
            weights_digest=digest.of_file(made / WEIGHTS),
            asking=asdict(asking),
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
        card.write(made)
        work.finish(made)

    def _base(self, task: Task) -> Checkpoint:
        return find_checkpoint(self.parameters.base, task.path.parent)

    def _settings(self) -> dict[str, Any]:
        # Where the base lies does not shape the result; what it holds is among the ingredients.
        return self.parameters.model_dump(exclude={"base"})


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in LIBRARIES}
