"""A model or a judge opened for a run: what a chat model is asked and answers is kept there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from veritrain_lib.models.base import open_model
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.privacy import hold_back

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.models.base import Model


@contextlib.contextmanager
def opened_for(task: Task, uri: str, run_id: str) -> Iterator[Model]:
    """The model at an address, opened and `heard`. Raises UserError as `open_model` does, else as `heard`."""
    with heard(task, open_model(uri, task), run_id) as model:
        yield model


@contextlib.contextmanager
def heard(task: Task, model: Model, run_id: str) -> Iterator[Model]:
    """Of a chat model every call leaves a trace with the run, the prompt's version is named on it, and progress
    is shown; of another model nothing is heard.

    Raises Refused when it is asked about rows that must not leave, and Infrastructure on leaving when traces could not
    be written.
    """
    from veritrain_lib.models.chat import ChatModel

    guarded(task, model)
    if not isinstance(model, ChatModel):
        yield model
        return
    from veritrain_lib.stage_io.progress import ProgressLine
    from veritrain_lib.tracking import prompts
    from veritrain_lib.tracking.traces import Traces

    prompt = model.prompt.prompt
    prompts.use(run_id, prompt, prompts.register(task, prompt))
    with Traces(task, model.chat.endpoint, run_id=run_id) as traces:
        model.on_reply, model.on_progress = traces, ProgressLine().show
        yield model


def guarded(task: Task, model: Model) -> Model:
    """The same model; a chat model refuses from now on to be asked about rows that must not leave."""
    from veritrain_lib.models.chat import ChatModel

    def before(rows: pd.DataFrame) -> None:
        shown = [name for name in ("id", *task.inputs) if name in rows]
        hold_back(task, rows[shown], f"the model {model.uri}")

    if isinstance(model, ChatModel):
        model.before = before
    return model


def guard_judged_metrics(task: Task) -> None:
    """Refuse development rows that must not leave where a metric of the task asks the judge about them.

    Raises Refused as `hold_back` does, and UserError when such a metric has no judge in the task.
    """
    from veritrain_lib.judging.settings import settings_of
    from veritrain_lib.metrics.base import open_metrics

    judged = [metric.name for metric in open_metrics(task) if getattr(metric, "asks_judge", False)]
    if judged:
        to = f"the judge {settings_of(task).model} for {', '.join(judged)}"
        hold_back(task, sources.development_rows(task), to)


@contextlib.contextmanager
def judge_for(task: Task, run_id: str) -> Iterator[Judge]:
    """The task's judge; every call leaves a trace with the run, and progress is shown.

    Raises Refused when development rows, which it is tried on, must not leave, UserError when the task has no judge or
    no key or endpoint is set, and Infrastructure on leaving when traces could not be written.
    """
    from veritrain_lib.judging.judge import open_judge
    from veritrain_lib.judging.settings import settings_of
    from veritrain_lib.llm.endpoint import open_endpoint
    from veritrain_lib.stage_io.progress import ProgressLine
    from veritrain_lib.tracking.traces import Traces

    hold_back(task, sources.development_rows(task), f"the judge {settings_of(task).model}")
    with Traces(task, open_endpoint(settings_of(task).model), run_id=run_id) as traces:
        yield open_judge(task, on_reply=traces, on_progress=ProgressLine().show)
