"""What a line of a run's events is to clients: the payloads of the contract, each with its number."""

from __future__ import annotations

from typing import Any

from veritrain_lib.core.event_log import LoggedEvent


def of_experiment(run_id: str, event: LoggedEvent) -> dict[str, Any]:
    """`experiment_progress`, `experiment_status`, or `experiment_log` for a line that is neither."""
    data = event.data
    said: dict[str, Any] = {
        "type": f"experiment_{event.kind}", "experimentId": run_id, "seq": event.seq, "time": event.time,
        "level": event.level, "message": event.message,
    }  # fmt: skip
    if event.kind == "progress":
        # Where a stage has no steps its cells are counted; what nothing says is null.
        said["data"] = {
            "epoch": data.get("epoch"),
            "step": data.get("step", data.get("cell")),
            "loss": data.get("loss"),
            "gpuUtil": data.get("gpu"),
            "eta": data.get("eta"),
            "stage": data.get("stage"),
            "steps": data.get("steps", data.get("cells")),
        }
    elif event.kind == "status":
        said["status"] = data.get("status", "running")
        said |= {key: data[key] for key in ("metrics", "reason", "ended") if key in data}
    return said


def of_dataset(run_id: str, event: LoggedEvent) -> dict[str, Any]:
    """`quality_gate` where a gate has judged; else `dataset_progress`, `dataset_status`, `dataset_log`."""
    data = event.data
    said: dict[str, Any] = {
        "type": f"dataset_{event.kind}", "datasetId": run_id, "seq": event.seq, "time": event.time,
        "level": event.level, "message": event.message,
    }  # fmt: skip
    if "quality_gate" in data:
        judged = data["quality_gate"]
        return {
            **said,
            "type": "quality_gate",
            "result": judged["result"],
            "details": judged.get("details", {}),
        }
    if event.kind == "status":
        said["status"] = data.get("status", "running")
    return {**said, "data": dict(data)}


def of_notification(_: str, event: LoggedEvent) -> dict[str, Any]:
    """A line for people, whichever run it is about."""
    said: dict[str, Any] = {
        "type": "notification", "level": event.level, "message": event.message, "seq": event.seq, "time": event.time,
    }  # fmt: skip
    if event.data.get("action"):
        said["action"] = event.data["action"]
    if event.data.get("run"):
        said["run"] = event.data["run"]
    return said
