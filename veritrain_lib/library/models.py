"""Library functions to ask, probe and compare models. Only `evaluate(..., look=True)` stores anything in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.library.data import open_dataset
from veritrain_lib.library.training import TrainedModel

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.stages.evaluate.result import EvaluateResult
    from veritrain_lib.stages.probe.result import ProbeResult
    from veritrain_lib.tracking.models import RegisteredVersion


def champion(task: Task) -> RegisteredVersion | None:
    """Return the registered version of the task's champion (the best model so far); None before there is one."""
    from veritrain_lib.tracking import models

    return models.by_alias(task, models.CHAMPION)


def predict(
    task: Task, rows: str | Sequence[str] | pd.DataFrame, model: str | Model | TrainedModel = ""
) -> pd.DataFrame:
    """Let a model answer rows of a task.

    Args:
        task: The task.
        rows: One text or several, for a task with one input; or a DataFrame with the task's input columns.
        model: A model, or its address; empty means the champion.

    Returns:
        The input columns, and for each row `answer`, `score` (None if the model gives none), `candidates` (further
        answers, best first), `explanation`, and `error` (None if the row was answered).

    Raises:
        UserError: when there is no such model, or an input column is missing.
        Refused: when the model is a chat model at a provider, and a row holds private data that must not be sent there.
    """
    import pandas as pd

    inputs = list(task.inputs)
    if not isinstance(rows, pd.DataFrame):
        if len(inputs) > 1:
            raise UserError(
                f"task {task.name} has the inputs {', '.join(inputs)}; give a data frame with these columns"
            )
        rows = pd.DataFrame({inputs[0]: [rows] if isinstance(rows, str) else list(rows)})
    missing = [name for name in inputs if name not in rows.columns]
    if missing:
        raise UserError(
            f"the rows lack the input column(s) {', '.join(missing)}; they have: {', '.join(map(str, rows.columns)) or 'none'}"
        )
    asked = rows[inputs].reset_index(drop=True)
    responses = _opened(task, model).answer(asked)
    columns: dict[str, list[Any]] = {
        "answer": [response.best for response in responses],
        "score": [response.candidates[0].score if response.candidates else None for response in responses],
        "candidates": [[candidate.text for candidate in response.candidates[1:]] for response in responses],
        "explanation": [response.explanation for response in responses],
        "error": [response.error for response in responses],
    }
    return pd.concat([asked, pd.DataFrame(columns)], axis=1)


def probe(
    task: Task, model: str | Model | TrainedModel = "", *, rows: int = 240, seed: int = 0
) -> ProbeResult:
    """Let a model answer a sample of development rows, and measure its answers with 95 % intervals.

    Args:
        task: The task.
        model: A model, or its address; empty means the champion.
        rows: The number of development rows to sample.
        seed: Seed of the sample and of every other random choice.

    Returns:
        The measures, and tables of the answers, the mistakes and the error rates.

    Raises:
        UserError: when there is no such model, or a metric needs an LLM judge and the task names none.
        Refused: when a row holds private data that must not be sent to a model or judge elsewhere.
    """
    from veritrain_lib.stages.inputs.open_models import check_judged_metrics
    from veritrain_lib.stages.probe.run import ProbeConfig, run

    check_judged_metrics(task)
    config = ProbeConfig(rows=rows, seed=seed, money=task.budget.money)
    return run(config, task, _opened(task, model), open_dataset(task, "development").rows)


def evaluate(
    task: Task,
    champion: str | Model | TrainedModel,
    challenger: str | Model | TrainedModel,
    *,
    look: bool = False,
    seed: int = 0,
) -> EvaluateResult:
    """Compare two models of a task by a paired statistical test.

    By default the comparison is on development rows; it decides nothing and stores nothing. With `look=True` the
    evaluate stage runs in MLflow: it may compare the models on the held-out test set, which is counted, and promotes a
    challenger that is proven better. If no such comparison is left, the test set stays locked and the result says so.

    Args:
        task: The task.
        champion: The best model so far, or its address.
        challenger: The model that may replace it, or its address.
        look: Whether the held-out test set may be used; both models must then be registered.
        seed: Seed of every random choice.

    Returns:
        The verdict (`better`, `not better` or `inconclusive` for the challenger), the gain, and tables of both models.

    Raises:
        Refused: when both are the same model, or a row holds private data that must not be sent to a model or judge
            elsewhere; with `look=True` also when test rows are in the training data.
        UserError: when there is no such model, a metric needs an LLM judge and the task names none, or `look` is true
            and a model is not registered.
    """
    from veritrain_lib.stages.evaluate.result import EvaluateResult
    from veritrain_lib.stages.evaluate.run import EvaluateConfig, run

    if look:
        from veritrain_lib.stages.record.upstream import run_upstream

        addresses = {"champion": _registered(champion), "challenger": _registered(challenger)}
        result, _ = run_upstream(task, "evaluate", **addresses, seed=seed)
        assert isinstance(result, EvaluateResult)
        return result
    from veritrain_lib.stages.inputs.open_models import check_judged_metrics
    from veritrain_lib.stages.inputs.sources import test_inputs

    check_judged_metrics(task)
    first, second = _opened(task, champion), _opened(task, challenger)
    if first is second or champion == challenger:
        raise Refused("both models are the same; a model is never compared with itself")
    result = run(
        EvaluateConfig(seed=seed), task, first, second, open_dataset(task, "development").rows,
        n_test=len(test_inputs(task)), look=None, unlock_test_set=_locked,
    )  # fmt: skip
    why = f"{result.screen} The held-out test set was not looked at."
    names = [
        uri if uri.partition(":")[2] else role
        for uri, role in ((second.uri, "challenger"), (first.uri, "champion"))
    ]
    headline = f"{names[0]} against {names[1]}: {result.verdict} on development rows. {why}".capitalize()
    return result.model_copy(update={"headline": headline, "why": why, "looks_spent": False})


def _locked() -> pd.DataFrame:
    raise Refused("the held-out test set is read by evaluate(..., look=True) only")


def _registered(model: str | Model | TrainedModel) -> str:
    if isinstance(model, str):
        return model
    uri = (model.model if isinstance(model, TrainedModel) else model).uri
    if not uri.startswith("models:/"):
        raise UserError(
            f"the model {uri} is not in the registry, so a look at the held-out test set can't be counted for it; train it by "
            "`veritrain train` or the loop, and give its address (models:/NAME/VERSION)"
        )
    return uri


def _opened(task: Task, model: str | Model | TrainedModel) -> Model:
    """Open a model by its address, the champion if it is empty, and make it refuse rows that must not be sent out.

    A `TrainedModel` or a model is used as it is.
    """
    from veritrain_lib.models.base import open_model
    from veritrain_lib.stages.inputs.defaults import champion_uri
    from veritrain_lib.stages.inputs.open_models import with_privacy_check

    if isinstance(model, TrainedModel):
        return model.model
    opened = open_model(model or champion_uri(task), task) if isinstance(model, str) else model
    return with_privacy_check(task, opened)
