"""Conversion of a run's events to the Socket.IO messages that clients expect.

Each message carries the event's line number as `seq`, so that a client can ask for what it missed.
"""

from __future__ import annotations

from typing import Any

from veritrain_lib.tracking.event_log import LoggedEvent


def experiment_payload(run_id: str, event: LoggedEvent) -> dict[str, Any]:
    """Return the Socket.IO message for an event of an experiment.

    Its type is `experiment_progress`, `experiment_status` or `experiment_log`. In a progress message, a value that the
    event lacks, such as the loss, is null.
    """
    data = event.data
    payload: dict[str, Any] = {
        "type": f"experiment_{event.kind}", "experimentId": run_id, "seq": event.seq, "time": event.time,
        "level": event.level, "message": event.message,
    }  # fmt: skip
    if event.kind == "progress":
        # A stage without steps counts its cells; a value that the event lacks is null.
        payload["data"] = {
            "epoch": data.get("epoch"),
            "step": data.get("step", data.get("cell")),
            "loss": data.get("loss"),
            "gpuUtil": data.get("gpu"),
            "eta": data.get("eta"),
            "stage": data.get("stage"),
            "steps": data.get("steps", data.get("cells")),
        }
    elif event.kind == "status":
        payload["status"] = data.get("status", "running")
        payload |= {key: data[key] for key in ("metrics", "reason", "ended") if key in data}
    return payload


def dataset_payload(run_id: str, event: LoggedEvent) -> dict[str, Any]:
    """Return the Socket.IO message for an event of a run that makes a dataset.

    Its type is `quality_gate` for the quality gate's verdict, otherwise `dataset_progress`, `dataset_status` or
    `dataset_log`.
    """
    data = event.data
    payload: dict[str, Any] = {
        "type": f"dataset_{event.kind}", "datasetId": run_id, "seq": event.seq, "time": event.time,
        "level": event.level, "message": event.message,
    }  # fmt: skip
    if "quality_gate" in data:
        verdict = data["quality_gate"]
        return {
            **payload,
            "type": "quality_gate",
            "result": verdict["result"],
            "details": verdict.get("details", {}),
        }
    if event.kind == "status":
        payload["status"] = data.get("status", "running")
    return {**payload, "data": dict(data)}


def notification_payload(_: str, event: LoggedEvent) -> dict[str, Any]:
    """Return the Socket.IO message for an event in the notification log, which is not bound to one run."""
    payload: dict[str, Any] = {
        "type": "notification", "level": event.level, "message": event.message, "seq": event.seq, "time": event.time,
    }  # fmt: skip
    if event.data.get("action"):
        payload["action"] = event.data["action"]
    if event.data.get("run"):
        payload["run"] = event.data["run"]
    return payload
