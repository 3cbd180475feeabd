"""Celery application for Celery's own commands, and the tasks that programs call: `train_model`, `check_quality_gate`.

`celery -A veritrain_lib.celery_app worker`, `inspect active` and `flower` use `app`; `docs/machines.md` shows the tasks.
"""

from veritrain_lib.execution.workers.app import app
from veritrain_lib.execution.workers.called_tasks import define
from veritrain_lib.loop import task_calls

train_model = define(app, task_calls.train_model)
check_quality_gate = define(app, task_calls.check_quality_gate)

__all__ = ["app", "check_quality_gate", "train_model"]
