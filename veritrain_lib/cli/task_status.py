"""Where a task stands, read from the record without opening a single artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.runs import Run


def standing(task: Task) -> dict[str, Any]:
    """Champion, challenger, datasets, the last loop with its rounds, what runs, looks, what waits, what next.

    Runs whose process died are closed first, so that `running` tells the truth.
    """
    from veritrain_lib.stage_io import sources
    from veritrain_lib.tracking import looks, models, runs

    runs.close_abandoned(task)
    loops = runs.search(task, "tags.`veritrain.kind` = 'loop'", limit=1)
    loop = loops[0] if loops else None
    champion = _model(task, models.by_alias(task, models.CHAMPION))
    found: dict[str, Any] = {
        "task": task.name,
        "task_file": str(task.path),
        "champion": champion,
        "challenger": _model(task, models.by_alias(task, models.CHALLENGER)),
        "datasets": _datasets(task),
        "loop": _loop(task, loop, champion) if loop else None,
        "running": [_running(run) for run in runs.search(task, "attributes.status = 'RUNNING'")],
        "looks": {
            "used": looks.used(looks.all_looks(sources.held_out_set(task))),
            "declared": task.promotion.max_looks,
        },
        "waiting": _waiting(task),
    }
    found["gone"] = _gone(task, found)
    return {**found, "next": next_step(task, found)}


def _gone(task: Task, found: dict[str, Any]) -> list[str]:
    """What the last loop, if it has ended, made and is not there any more; and models that no alias points at."""
    from veritrain_lib.loop.completeness import gone
    from veritrain_lib.tracking import models

    loop = found["loop"]
    lost = (
        gone(task, loop["run"])
        if loop and loop["status"] == "FINISHED" and loop["stopped"] != "waiting"
        else []
    )
    if found["champion"] is None and models.listing(task):
        lost.append("the alias champion")
    return lost


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
    made = runs.search(task, f"tags.`{prefix}name` = '{task.name}' AND attributes.status = 'FINISHED'")
    rows = [
        {
            "dataset": f"{run.data.tags[f'{prefix}name']}@{run.data.tags[f'{prefix}version']}",
            "status": run.data.tags[f"{prefix}status"],
            "rows": int(run.data.tags[f"{prefix}rows"]),
            "parent": run.data.tags[f"{prefix}parent"] or None,
            "run": run.info.run_id,
        }
        for run in made
    ]
    return sorted(rows, key=lambda row: int(row["dataset"].rpartition("@")[2]))


def _loop(task: Task, run: Run, champion: dict[str, Any] | None) -> dict[str, Any]:
    from veritrain_lib.tracking import runs

    tags = run.data.tags
    rounds = [
        {
            "round": int(child.data.tags.get("veritrain.round") or 0),
            "status": child.info.status,
            "rows": _whole(child.data.metrics.get("training_rows")),
            "value": child.data.metrics.get(task.primary.name),
            "verdict": child.data.tags.get("veritrain.verdict") or None,
            "headline": child.data.tags.get("mlflow.note.content", ""),
        }
        for child in runs.children(task, run.info.run_id)
        if child.data.tags.get("veritrain.kind") == "round"
    ]
    headline, ended_with = tags.get("veritrain.headline", ""), tags.get("veritrain.champion", "")
    if ended_with and (champion is None or champion["uri"] != ended_with):
        # There is one champion: what another one was when the loop ended is history.
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
    from veritrain_lib.stage_io.annotation import count_waiting, label_file

    return {"rows": count_waiting(task), "file": str(label_file(task))}


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def next_step(task: Task, found: dict[str, Any]) -> str:
    """What a person should do now: plain rules, the most urgent first."""
    again = f"veritrain loop {task.path}"
    loop = found["loop"]
    if found["running"]:
        return "Wait: something is running. In another terminal: make ui"
    if found["waiting"]["rows"]:
        return f"Answer {found['waiting']['rows']} row(s) in notebooks/label.ipynb or in {found['waiting']['file']}, then: {again}"
    if loop is None:
        return f"Start the loop: {again}"
    if found["gone"]:
        return f"Have made again what is gone: {again}"
    if loop["status"] in ("FAILED", "KILLED"):
        return f"The last loop did not finish ({loop['reason'] or loop['status'].lower()}). The same command goes on: {again}"
    if loop["stopped"] == "waiting":
        return f"Every row is answered. Go on: {again}"
    if loop["stopped"] == "blocked":
        return f"The gate blocked the data. Look at its quarantine, mend the data or the suite, then: {again}"
    return f"Ask the champion: veritrain predict {task.path} --text '...'. Another budget, goal, or other data makes a new loop."
