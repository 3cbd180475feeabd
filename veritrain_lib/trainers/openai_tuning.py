"""Fine-tunes a chat model at OpenAI or Azure OpenAI. A run that was killed takes its job up again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest, project
from veritrain_lib.core.errors import UserError, WaitingForPeople
from veritrain_lib.trainers import openai_tuning_file
from veritrain_lib.trainers.openai_tuning_fitted import FittedRemote

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.fine_tuning import TuningJob, TuningOrder
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
"""Azure takes no longer suffix of a tuned model's name; OpenAI takes 64."""


class OpenAiTuning:
    """A supervised fine-tuning job for each set of rows, paid for under the task's `budget.money`.

    `base` is the address of the model to tune (`openai:/gpt-4.1-mini-2025-04-14`, `azure:/gpt-4.1-mini-2025-04-14`:
    with Azure the model, not a deployment). `epochs` 1 to 50, default 3: never the provider's own choice, because
    the cost is known only with it. `batch_size` and `learning_rate_multiplier` may be `auto`. `attempt` (from 1)
    is raised to order again after a job that failed. `deployment` is the name under which people deployed the
    tuned model at Azure, which needs one to answer. `poll_seconds` lie between two looks at the job;
    `settle_seconds` is how long a job that may have been created unseen is looked for.

    Raises UserError for a parameter that is unknown or out of range.
    """

    name = "openai"
    parameter_names = tuple(DEFAULTS)
    paid = True
    """Each training costs money and hours: what needs a quick student of its own must not use this."""

    def __init__(self, **parameters: Any) -> None:
        unknown = sorted(set(parameters) - set(DEFAULTS))
        if unknown:
            raise UserError(
                f"trainer {self.name} has no parameter {', '.join(unknown)}; allowed: {', '.join(DEFAULTS)}"
            )
        given = {**DEFAULTS, **parameters}
        if not isinstance(given["base"], str) or not given["base"]:
            raise UserError(
                f"trainer {self.name} needs trainer.parameters.base, for example openai:/gpt-4.1-mini-2025-04-14"
            )
        self.base: str = given["base"]
        self.epochs: int = _number("epochs", given["epochs"], 1, 50, whole=True)
        self.hyperparameters = {
            "n_epochs": self.epochs,
            "batch_size": _number("batch_size", given["batch_size"], 1, 256, whole=True, auto=True),
            "learning_rate_multiplier": _number(
                "learning_rate_multiplier", given["learning_rate_multiplier"], 0.001, 100, auto=True
            ),
        }
        self.attempt: int = _number("attempt", given["attempt"], 1, 1000, whole=True)
        if not isinstance(given["deployment"], str):
            raise UserError(f"deployment must be a name, not {given['deployment']!r}")
        self.deployment: str = given["deployment"]
        self.poll: float = _number("poll_seconds", given["poll_seconds"], 0.01, 3600)
        self.settle: float = _number("settle_seconds", given["settle_seconds"], 0, 3600)

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> FittedRemote:
        """Check the rows, reserve the money, and get the job for them: an old one where there is any.

        Prints the estimate before anything is sent, and every change of the job.

        Raises:
            UserError: Rows that can't be trained on (with their numbers), an unknown price, no key or endpoint,
                or the provider refused the file or the job.
            Refused: The worst cost would pass the cap.
            Infrastructure: The job failed or was cancelled, or the provider can't be reached.
            WaitingForPeople: The model is tuned, and people must deploy it at Azure first.
        """
        from veritrain_lib.llm import fine_tuning_money as money
        from veritrain_lib.llm.endpoint import open_endpoint
        from veritrain_lib.llm.fine_tuning import TuningService
        from veritrain_lib.llm.fine_tuning_record import TuningRecord
        from veritrain_lib.llm.fine_tuning_run import JobEnded, Waits, run_order
        from veritrain_lib.llm.ledger import Ledger

        file = openai_tuning_file.build(task, rows)
        endpoint = open_endpoint(self.base)
        cost = money.training_cost(endpoint, file.examples, self.epochs)
        order = self.order(task, endpoint, file.content, seed)
        _tell(f"fine-tuning {self.base}: {cost.sentence()} Cap ${task.budget.money:.2f}.")
        for remark in file.remarks:
            _tell(f"remark: {remark}")
        record = TuningRecord(project.state("fine_tuning.db"))
        account = account_of(task)

        def reserve() -> None:
            with Ledger() as ledger:
                money.reserve(ledger, order.key, account, cost, task.budget.money)

        def settle(job: TuningJob) -> float:
            with Ledger() as ledger:
                return money.settle(ledger, order.key, account, endpoint, cost, job)

        try:
            job = run_order(
                TuningService(endpoint),
                record,
                order,
                cost=cost.money[0],
                waits=Waits(self.poll, self.settle),
                allow=reserve,
                on_progress=_progress,
            )
        except JobEnded as ended:
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

    def order(self, task: Task, endpoint: Endpoint, content: bytes, seed: int) -> TuningOrder:
        """What is ordered for a training file. Its key names rows, base, place and everything that shapes the
        model, so the same order is never placed twice."""
        from veritrain_lib.llm.fine_tuning import TuningOrder

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
        return TuningOrder(
            digest.of_json(parts), content, endpoint.model, suffix, seed, dict(self.hyperparameters)
        )

    def _address(self, endpoint: Endpoint, job: TuningJob) -> str:
        if endpoint.provider == "openai":
            return f"openai:/{job.model}"
        if not self.deployment:
            raise WaitingForPeople(
                f"the model {job.model} is tuned (job {job.id}). Azure answers only through deployments: deploy it, "
                "write the deployment's name to trainer.parameters.deployment, and run the same command again"
            )
        return f"azure:/{self.deployment}"


def account_of(task: Task) -> str:
    """The ledger's account that the task's cap is held against."""
    return task.name


def _facts(job: TuningJob, order: TuningOrder, cost: TrainingCost, paid: float) -> dict[str, Any]:
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


def _progress(progress: TuningProgress) -> None:
    job = progress.job
    left = "" if job.seconds_left is None or job.over else f", about {job.seconds_left / 60:.0f} min left"
    tokens = f", {job.trained_tokens:,} tokens trained" if job.trained_tokens else ""
    _tell(f"{job.id}: {job.status} after {progress.seconds:.0f} s{tokens}{left}")
    for text in progress.events:
        _tell(f"    {text}")


def _tell(line: str) -> None:
    print(line, flush=True)


def _number(
    name: str, value: Any, low: float, high: float, *, whole: bool = False, auto: bool = False
) -> Any:
    if auto and value == "auto":
        return value
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise UserError(
            f"{name} must be {kind} from {low} to {high}{' or auto' if auto else ''}, not {value!r}"
        )
    return value
