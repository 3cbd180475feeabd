"""The trainer `openai`, which runs fine-tuning jobs at OpenAI and Azure OpenAI.

After a kill, the next run resumes the same job instead of paying for a new one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import HumanInputRequired, UserError
from veritrain_lib.trainers import openai_tuning_file
from veritrain_lib.trainers.base import Trainer
from veritrain_lib.trainers.openai_tuning_fitted import FittedRemote

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.fine_tuning import TuningJob, TuningJobSpec
    from veritrain_lib.llm.fine_tuning_money import TrainingCost
    from veritrain_lib.llm.fine_tuning_run import TuningProgress
    from veritrain_lib.llm.records import Endpoint

DEFAULTS: dict[str, Any] = {
    "base": "",
    "epochs": 3,
    "batch_size": "auto",
    "learning_rate_multiplier": "auto",
    "attempt": 1,
    "deployment": "",
    "poll_seconds": 30.0,
    "settle_seconds": 60.0,
}
SUFFIX_LENGTH = 18
"""Length to which the suffix of a tuned model's name is cut: Azure accepts 18 characters, OpenAI 64."""


class OpenAiTuning(Trainer):
    """Trainer that fine-tunes a model of OpenAI or Azure on the training rows, within the task's `budget.money`.

    The same rows and parameters never start a second job and are never paid for twice.

    Args:
        base: URI of the model to tune (`openai:/gpt-4.1-mini-2025-04-14`, `azure:/gpt-4.1-mini-2025-04-14`;
            for Azure the name of the model, not of a deployment).
        epochs: 1 to 50, default 3. It is never left to the provider, because the cost depends on it.
        batch_size: 1 to 256, or `auto`.
        learning_rate_multiplier: 0.001 to 100, or `auto`.
        attempt: number from 1; raise it by 1 to order a new job after a failed one.
        deployment: name of the deployment of the tuned model at Azure, where models answer only through
            deployments; a person creates it after the training.
        poll_seconds: seconds between two requests for the job's status.
        settle_seconds: seconds for which to search for a job whose creation may have succeeded without a
            reply.

    Raises:
        UserError: a parameter is unknown or out of range.
    """

    name = "openai"
    parameter_names = tuple(DEFAULTS)
    paid = True
    """True: a training costs money and may take hours, so other stages train the quick student model instead."""

    def __init__(self, **parameters: Any) -> None:
        unknown = sorted(set(parameters) - set(DEFAULTS))
        if unknown:
            raise UserError(
                f"trainer {self.name} has no parameter {', '.join(unknown)}; allowed: {', '.join(DEFAULTS)}"
            )
        values = {**DEFAULTS, **parameters}
        if not isinstance(values["base"], str) or not values["base"]:
            raise UserError(
                f"trainer {self.name} needs trainer.parameters.base, for example openai:/gpt-4.1-mini-2025-04-14"
            )
        self.base: str = values["base"]
        self.epochs: int = _number("epochs", values["epochs"], 1, 50, integer=True)
        self.hyperparameters = {
            "n_epochs": self.epochs,
            "batch_size": _number("batch_size", values["batch_size"], 1, 256, integer=True, auto=True),
            "learning_rate_multiplier": _number(
                "learning_rate_multiplier", values["learning_rate_multiplier"], 0.001, 100, auto=True
            ),
        }
        self.attempt: int = _number("attempt", values["attempt"], 1, 1000, integer=True)
        if not isinstance(values["deployment"], str):
            raise UserError(f"deployment must be a name, not {values['deployment']!r}")
        self.deployment: str = values["deployment"]
        self.poll: float = _number("poll_seconds", values["poll_seconds"], 0.01, 3600)
        self.settle: float = _number("settle_seconds", values["settle_seconds"], 0, 3600)

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedRemote:
        """Return a model that was fine-tuned within `budget.money` at the provider, where it stays.

        The rows are checked and the cost estimate is printed before anything is sent; a job begun earlier is resumed.
        Every change of the job's status is printed. The arguments are those of `Trainer.train`: each row must have an
        answer, and the seed is passed to the provider.

        Raises:
            UserError: rows can't be trained on (the message gives their numbers), the price is unknown, there
                is no key or URL, or the provider rejected the file or the job.
            Refused: the worst-case cost would exceed the cap.
            Infrastructure: the job failed or was cancelled, or the provider can't be reached.
            HumanInputRequired: the model is tuned, and a person must create its deployment at Azure first.
        """
        from veritrain_lib.llm import fine_tuning_money as money
        from veritrain_lib.llm.endpoint import open_endpoint
        from veritrain_lib.llm.fine_tuning import TuningService
        from veritrain_lib.llm.fine_tuning_record import open_tuning_record
        from veritrain_lib.llm.fine_tuning_run import PollingIntervals, TuningJobFailed, run_tuning_job
        from veritrain_lib.llm.ledger import Ledger

        file = openai_tuning_file.build(task, rows)
        endpoint = open_endpoint(self.base)
        cost = money.training_cost(endpoint, file.examples, self.epochs)
        order = self.order(task, endpoint, file.content, seed)
        _print_line(f"fine-tuning {self.base}: {cost.sentence()} Cap ${task.budget.money:.2f}.")
        for remark in file.remarks:
            _print_line(f"remark: {remark}")
        record = open_tuning_record()
        account = ledger_account(task)

        def reserve() -> None:
            with Ledger() as ledger:
                money.reserve(ledger, order.key, account, cost, task.budget.money)

        def settle(job: TuningJob) -> float:
            with Ledger() as ledger:
                return money.settle(ledger, order.key, account, endpoint, cost, job)

        try:
            job = run_tuning_job(
                TuningService(endpoint),
                record,
                order,
                cost=cost.money[0],
                waits=PollingIntervals(self.poll, self.settle),
                allow=reserve,
                on_progress=_print_progress,
            )
        except TuningJobFailed as ended:
            settle(ended.job)
            raise
        except UserError:
            state = record.state(order.key)
            if state.job_id is None and state.intended is None:
                with Ledger() as ledger:
                    money.release(ledger, order.key)
            raise
        paid = settle(job)
        return FittedRemote(task, self._address(endpoint, job), self.base, _facts(job, order, cost, paid))

    def order(self, task: Task, endpoint: Endpoint, content: bytes, seed: int) -> TuningJobSpec:
        """Return the specification of the fine-tuning job for a training file.

        Its key is a digest of rows, base model, endpoint and everything else that affects the model, so that
        the same job is never ordered twice.

        Args:
            task: the task; its name becomes part of the tuned model's name.
            endpoint: the model to tune.
            content: content of the training file.
            seed: random seed of the training.
        """
        from veritrain_lib.llm.fine_tuning import TuningJobSpec

        suffix = re.sub(r"[^a-z0-9]+", "-", task.name.lower())[:SUFFIX_LENGTH].strip("-")
        parts = [
            endpoint.provider,
            endpoint.base_url,
            endpoint.model,
            digest.of_json(content.decode("utf-8")),
            self.hyperparameters,
            seed,
            suffix,
            self.attempt,
        ]
        return TuningJobSpec(
            digest.of_json(parts), content, endpoint.model, suffix, seed, dict(self.hyperparameters)
        )

    def _address(self, endpoint: Endpoint, job: TuningJob) -> str:
        if endpoint.provider == "openai":
            return f"openai:/{job.model}"
        if not self.deployment:
            raise HumanInputRequired(
                f"the model {job.model} is tuned (job {job.id}). Azure answers only through deployments: deploy it, "
                "write the deployment's name to trainer.parameters.deployment, and run the same command again"
            )
        return f"azure:/{self.deployment}"


def ledger_account(task: Task) -> str:
    """Return the name of the ledger's account to which the task's cost cap applies."""
    return task.name


def _facts(job: TuningJob, order: TuningJobSpec, cost: TrainingCost, paid: float) -> dict[str, Any]:
    return {
        "job": job.id,
        "model": job.model,
        "training_file": job.training_file,
        "order": order.key,
        "examples": cost.examples,
        "epochs": cost.epochs,
        "trained_tokens": job.trained_tokens,
        "estimated_dollars": round(cost.money[0], 6),
        "dollars": round(paid, 6),
        "prices_of": cost.date,
    }


def _print_progress(progress: TuningProgress) -> None:
    job = progress.job
    remaining = (
        "" if job.seconds_left is None or job.ended else f", about {job.seconds_left / 60:.0f} min left"
    )
    tokens = f", {job.trained_tokens:,} tokens trained" if job.trained_tokens else ""
    _print_line(f"{job.id}: {job.status} after {progress.seconds:.0f} s{tokens}{remaining}")
    for text in progress.events:
        _print_line(f"    {text}")


def _print_line(line: str) -> None:
    print(line, flush=True)


def _number(
    name: str, value: Any, low: float, high: float, *, integer: bool = False, auto: bool = False
) -> Any:
    if auto and value == "auto":
        return value
    types = (int,) if integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, types) or not low <= value <= high:
        description = "a whole number" if integer else "a number"
        raise UserError(
            f"{name} must be {description} from {low} to {high}{' or auto' if auto else ''}, not {value!r}"
        )
    return value
