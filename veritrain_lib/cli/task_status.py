"""State of a task (champion, datasets, next step), read from MLflow without opening any artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.runs import Run


def task_status(task: Task) -> dict[str, Any]:
    """Return the state of a task as a JSON document.

    Its keys are task, task_file, champion, challenger, datasets, loop (the last one, with its rounds), running (runs),
    looks (at the held-out test set), waiting (rows for people to answer), gone (results that are missing) and next
    (what to do). Runs whose process has died are closed first, so that `running` is true.
    """
    from veritrain_lib.stages.inputs import sources
    from veritrain_lib.tracking import looks, models, runs

    runs.close_abandoned(task)
    loops = runs.search(task, "tags.`veritrain.kind` = 'loop'", limit=1)
    loop = loops[0] if loops else None
    champion = _model(task, models.by_alias(task, models.CHAMPION))
    status: dict[str, Any] = {
        "task": task.name,
        "task_file": str(task.path),
        "champion": champion,
        "challenger": _model(task, models.by_alias(task, models.CHALLENGER)),
        "datasets": _datasets(task),
        "loop": _loop(task, loop, champion) if loop else None,
        "running": [_running(run) for run in runs.search(task, "attributes.status = 'RUNNING'")],
        "looks": {
            "used": looks.looks_spent(looks.list_looks(sources.held_out_set(task))),
            "declared": task.promotion.max_looks,
        },
        "waiting": _waiting(task),
    }
    status["gone"] = _missing_parts(task, status)
    return {**status, "next": next_step(task, status)}


def _missing_parts(task: Task, status: dict[str, Any]) -> list[str]:
    """Return the names of results that the last loop made and that are missing now; none while the loop has not ended.

    An unset alias `champion` is listed too.
    """
    from veritrain_lib.loop.completeness import missing_parts
    from veritrain_lib.tracking import models

    loop = status["loop"]
    missing = (
        missing_parts(task, loop["run"])
        if loop and loop["status"] == "FINISHED" and loop["stopped"] != "waiting"
        else []
    )
    if status["champion"] is None and models.listing(task):
        missing.append("the alias champion")
    return missing


def _model(task: Task, model: Any) -> dict[str, Any] | None:
    if model is None:
        return None
    from veritrain_lib.tracking import runs

    metrics = runs.get(model.run_id).data.metrics if model.run_id else {}
    name = task.primary.name
    return {
        "uri": model.uri,
        "dataset": model.dataset,
        "metric": name,
        "value": metrics.get(name),
        "low": metrics.get(f"{name}_low"),
        "high": metrics.get(f"{name}_high"),
    }


def _datasets(task: Task) -> list[dict[str, Any]]:
    from veritrain_lib.tracking import datasets, runs

    prefix = datasets.PREFIX
    dataset_runs = runs.search(
        task, f"tags.`{prefix}name` = '{task.name}' AND attributes.status = 'FINISHED'"
    )
    rows = [
        {
            "dataset": f"{run.data.tags[f'{prefix}name']}@{run.data.tags[f'{prefix}version']}",
            "status": run.data.tags[f"{prefix}status"],
            "rows": int(run.data.tags[f"{prefix}rows"]),
            "parent": run.data.tags[f"{prefix}parent"] or None,
            "run": run.info.run_id,
        }
        for run in dataset_runs
    ]
    return sorted(rows, key=lambda row: int(row["dataset"].rpartition("@")[2]))


def _loop(task: Task, run: Run, champion: dict[str, Any] | None) -> dict[str, Any]:
    from veritrain_lib.tracking import runs

    tags = run.data.tags
    rounds = [
        {
            "round": int(child.data.tags.get("veritrain.round") or 0),
            "status": child.info.status,
            "rows": _optional_int(child.data.metrics.get("training_rows")),
            "value": child.data.metrics.get(task.primary.name),
            "verdict": child.data.tags.get("veritrain.verdict") or None,
            "headline": child.data.tags.get("mlflow.note.content", ""),
        }
        for child in runs.children(task, run.info.run_id)
        if child.data.tags.get("veritrain.kind") == "round"
    ]
    headline, last_champion = tags.get("veritrain.headline", ""), tags.get("veritrain.champion", "")
    if last_champion and (champion is None or champion["uri"] != last_champion):
        # The champion has changed since the loop ended, so the headline names the one of that time.
        headline = headline.replace("Champion: ", "It ended with ")
    return {
        "run": run.info.run_id,
        "status": run.info.status,
        "stopped": tags.get("veritrain.stopped"),
        "verdict": tags.get("veritrain.verdict"),
        "headline": headline,
        "reason": tags.get("veritrain.reason", ""),
        "rounds": sorted(rounds, key=lambda row: row["round"]),
    }


def _running(run: Run) -> dict[str, Any]:
    tags = run.data.tags
    return {
        "name": run.info.run_name,
        "kind": tags.get("veritrain.kind", ""),
        "run": run.info.run_id,
        "owner": tags.get("veritrain.owner", ""),
    }


def _waiting(task: Task) -> dict[str, Any]:
    from veritrain_lib.stages.generate.annotation import count_waiting, label_file

    return {"rows": count_waiting(task), "file": str(label_file(task))}


def _optional_int(value: float | None) -> int | None:
    return None if value is None else int(value)


def next_step(task: Task, status: dict[str, Any]) -> str:
    """Return one sentence that tells the user what to do next for a task.

    Fixed rules choose it, the most urgent first.

    Args:
        task: The task.
        status: The document of `task_status`, without `next`.
    """
    command = f"veritrain loop {task.path}"
    loop = status["loop"]
    if status["running"]:
        return "Wait: something is running. In another terminal: make ui"
    if status["waiting"]["rows"]:
        return f"Answer {status['waiting']['rows']} row(s) in notebooks/label.ipynb or in {status['waiting']['file']}, then: {command}"
    if loop is None:
        return f"Start the loop: {command}"
    if status["gone"]:
        return f"Recreate what is missing: {command}"
    if loop["status"] in ("FAILED", "KILLED"):
        return f"The last loop did not finish ({loop['reason'] or loop['status'].lower()}). The same command goes on: {command}"
    if loop["stopped"] == "waiting":
        return f"Every row is answered. Go on: {command}"
    if loop["stopped"] == "blocked":
        return (
            f"The gate blocked the data. Look at its quarantine, fix the data or the suite, then: {command}"
        )
    return f"Ask the champion: veritrain predict {task.path} --text '...'. Another budget, goal, or other data makes a new loop."
