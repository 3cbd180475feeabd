"""Context managers that open a model or an LLM judge for a stage, with each paid call traced to the stage's MLflow run.

Open this to see where privacy checks, traces and progress lines are attached to paid models.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.privacy import refuse_private_rows

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.models.base import Model


@contextlib.contextmanager
def open_model_for(task: Task, uri: str, run_id: str) -> Iterator[Model]:
    """Context manager that opens a model for a stage. Calls of a chat model are traced to the stage's MLflow run.

    Args:
        task: The task.
        uri: The address of the model, such as `models:/support/2` or `openai:/MODEL`.
        run_id: The id of the stage's MLflow run.

    Returns:
        The model, as the value of the `with` statement.

    Raises:
        UserError: when the model can't be opened, see `open_model`.
        Refused: when a chat model is asked about rows that must not be sent to a provider.
        Infrastructure: at the end of the context, when traces could not be written.
    """
    with traced(task, open_model(uri, task), run_id) as model:
        yield model


@contextlib.contextmanager
def traced(task: Task, model: Model, run_id: str) -> Iterator[Model]:
    """Context manager in which each call of a chat model is traced to a stage's MLflow run, and its progress shown.

    The version of the model's prompt is stored in the run too. A model that is not a chat model is not changed.

    Args:
        task: The task.
        model: The model.
        run_id: The id of the stage's MLflow run.

    Returns:
        The model, as the value of the `with` statement.

    Raises:
        Refused: when a chat model is asked about rows that must not be sent to a provider.
        Infrastructure: at the end of the context, when traces could not be written.
    """
    from veritrain_lib.models.chat import ChatModel

    with_privacy_check(task, model)
    if not isinstance(model, ChatModel):
        yield model
        return
    from veritrain_lib.stages.record.progress import ProgressLine
    from veritrain_lib.tracking import prompts
    from veritrain_lib.tracking.traces import Traces

    prompt = model.prompt.prompt
    prompts.log_use(run_id, prompt, prompts.register(task, prompt))
    with Traces(task, model.chat.endpoint, run_id=run_id) as traces:
        model.on_reply, model.on_progress = traces, ProgressLine().show
        yield model


def with_privacy_check(task: Task, model: Model) -> Model:
    """Make a chat model raise `Refused` when it is asked about rows that must not be sent to a provider.

    Args:
        task: The task, which says what may be sent.
        model: The model; one that is not a chat model is not changed.

    Returns:
        The same model.
    """
    from veritrain_lib.models.chat import ChatModel

    def before(rows: pd.DataFrame) -> None:
        shown = [name for name in ("id", *task.inputs) if name in rows]
        refuse_private_rows(task, rows[shown], f"the model {model.uri}")

    if isinstance(model, ChatModel):
        model.before = before
    return model


def check_judged_metrics(task: Task, rows: pd.DataFrame | None = None) -> None:
    """Check that rows may be sent to the LLM judge, if a metric of the task needs a judge.

    Args:
        task: The task.
        rows: The rows to check; None for the task's development rows.

    Raises:
        Refused: when a row holds a secret key or personal data that the task does not allow to be sent.
        UserError: when a metric needs a judge and the task names none.
    """
    from veritrain_lib.judging.settings import settings_of
    from veritrain_lib.metrics.base import open_metrics

    judged = [metric.name for metric in open_metrics(task) if metric.asks_judge]
    if judged:
        recipient = f"the judge {settings_of(task).model} for {', '.join(judged)}"
        refuse_private_rows(task, sources.development_rows(task) if rows is None else rows, recipient)


@contextlib.contextmanager
def open_judge_for(task: Task, run_id: str) -> Iterator[Judge]:
    """Context manager that opens the task's LLM judge for a stage, with each call traced and progress shown.

    Args:
        task: The task.
        run_id: The id of the stage's MLflow run.

    Returns:
        The judge, as the value of the `with` statement.

    Raises:
        Refused: when development rows, on which the judge is calibrated, must not be sent to a provider.
        UserError: when the task names no judge, or no API key or endpoint is set.
        Infrastructure: at the end of the context, when traces could not be written.
    """
    from veritrain_lib.judging.judge import open_judge
    from veritrain_lib.judging.settings import settings_of
    from veritrain_lib.llm.endpoint import open_endpoint
    from veritrain_lib.stages.record.progress import ProgressLine
    from veritrain_lib.tracking.traces import Traces

    refuse_private_rows(task, sources.development_rows(task), f"the judge {settings_of(task).model}")
    with Traces(task, open_endpoint(settings_of(task).model), run_id=run_id) as traces:
        yield open_judge(task, on_reply=traces, on_progress=ProgressLine().show)
