"""Generation of a large tracking store, written directly into MLflow's tables in the form of Veri-Train's runs.

MLflow's client would take an hour; the form is that which `tracking/` writes, compared with a real run by
`tests/benchmarks/test_server_fill.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

TASKS = ("support", "meetings", "contracts", "newsletters")
RUNS = {"round": 5000, "evaluate": 1700, "report": 1700, "generate": 800, "gate": 800}
"""How many runs of each kind; 10,000 together."""
VERSIONS = 2000
BATCH = 5000
BEGUN = 1_760_000_000_000
"""The start of the first run, in milliseconds since 1970."""


@dataclass
class Filled:
    """The written rows: run ids by kind, and the registered models with their number of versions."""

    runs: dict[str, list[str]] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)


def fill(*, scale: float = 1.0, seed: int = 0) -> Filled:
    """Write the runs into the store that `tracking.store` is set to; `scale` 0.01 writes a hundredth of them."""
    from sqlalchemy import create_engine

    from veritrain_lib.tracking import store

    store.client()  # makes MLflow's tables
    engine = create_engine(store.uri())
    chance = random.Random(seed)
    done = Filled()
    with engine.begin() as opened:
        experiments = _experiments(opened)
        rows: dict[str, list[dict[str, Any]]] = {}
        clock = BEGUN
        for kind in _mixed(scale, chance):
            clock += chance.randint(20_000, 90_000)
            number = len(done.runs.setdefault(kind, []))
            task = TASKS[number % len(TASKS)]
            run_id = f"{chance.getrandbits(128):032x}"
            _run(rows, run_id, kind, task, experiments[task], number, clock, chance, done)
            done.runs[kind].append(run_id)
        _versions(rows, max(int(VERSIONS * scale), len(TASKS)), done, chance)
        _write(opened, rows)
    engine.dispose()
    return done


def _mixed(scale: float, chance: random.Random) -> Iterator[str]:
    """Return kinds of runs, in the order in which rounds create them."""
    kinds = [kind for kind, count in RUNS.items() for _ in range(max(int(count * scale), 1))]
    chance.shuffle(kinds)
    yield from kinds


def _experiments(opened: Any) -> dict[str, int]:
    from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlExperimentTag
    from sqlalchemy import func, insert, select

    from veritrain_lib.core import project

    first = opened.execute(select(func.coalesce(func.max(SqlExperiment.experiment_id), 0))).scalar_one() + 1
    made = {task: first + place for place, task in enumerate(TASKS)}
    root = project.artifacts().as_uri()
    opened.execute(
        insert(SqlExperiment),
        [
            {
                "experiment_id": number, "name": task, "workspace": "default", "lifecycle_stage": "active",
                "artifact_location": f"{root}/{task}", "creation_time": BEGUN, "last_update_time": BEGUN,
            }
            for task, number in made.items()
        ],
    )  # fmt: skip
    opened.execute(
        insert(SqlExperimentTag),
        [
            {"experiment_id": number, "key": key, "value": value}
            for task, number in made.items()
            for key, value in (("veritrain.task", task), ("mlflow.note.content", f"The task {task}."))
        ],
    )
    return made


def _run(
    rows: dict[str, list[dict[str, Any]]], run_id: str, kind: str, task: str, experiment: int, number: int,
    clock: int, chance: random.Random, done: Filled,
) -> None:  # fmt: skip
    from veritrain_lib.core import project

    is_round = kind == "round"
    name = f"round {number % 40}" if is_round else f"round {number % 40} · {kind}"
    status = (
        chance.choices(("FINISHED", "FAILED", "KILLED", "SCHEDULED"), (90, 5, 3, 2))[0]
        if is_round
        else "FINISHED"
    )
    rows.setdefault("runs", []).append(
        {
            "run_uuid": run_id, "name": name, "source_type": "UNKNOWN", "source_name": "", "entry_point_name": "",
            "user_id": "unknown", "status": status, "start_time": clock, "end_time": clock + 9_000,
            "source_version": "", "lifecycle_stage": "active", "experiment_id": experiment,
            "artifact_uri": f"{project.artifacts().as_uri()}/{task}/{run_id}/artifacts",
        }
    )  # fmt: skip
    tags = {
        "veritrain.kind": "round" if is_round else "stage",
        "veritrain.task": task,
        "veritrain.code": "b5c74229bb20",
        "veritrain.version": "0.1.0",
        "veritrain.owner": "host/31595/1795811484",
        "mlflow.runName": name,
        "mlflow.source.name": "veritrain",
        "mlflow.user": "unknown",
        "veritrain.outcome": "done",
        "mlflow.note.content": "Inconclusive: +6.7 points (97.5 % interval -2.7 to +18.0) on 60 held-out rows, "
        f"exact McNemar test, p = 0.062 at 0.013, number {number}.",
    } | (_round_tags(number, chance, done) if is_round else _stage_tags(kind, task, number, chance, done))
    rows.setdefault("tags", []).extend(
        {"run_uuid": run_id, "key": key, "value": value} for key, value in tags.items()
    )
    if is_round:
        given = {
            "champion": f"models:/{task}/1",
            "dataset": f"{task}@{number}",
            "teacher": "pool",
            "seed": str(number),
        }
        rows.setdefault("params", []).extend(
            {"run_uuid": run_id, "key": key, "value": value} for key, value in given.items()
        )
    for key, value in _metrics(kind, chance).items():
        point = {
            "run_uuid": run_id,
            "key": key,
            "value": value,
            "timestamp": clock,
            "step": 0,
            "is_nan": False,
        }
        rows.setdefault("latest_metrics", []).append(point)
        rows.setdefault("metrics", []).append(point)


def _round_tags(number: int, chance: random.Random, done: Filled) -> dict[str, str]:
    stages = {
        f"veritrain.run.{stage}": chance.choice(done.runs[stage])
        for stage in ("generate", "gate", "evaluate", "report")
        if done.runs.get(stage)
    }
    return {
        "veritrain.round": str(number % 40),
        "veritrain.verdict": chance.choice(("better", "not better", "inconclusive")),
        "mlflow.parentRunId": f"{chance.getrandbits(128):032x}",
        **stages,
    }


def _stage_tags(kind: str, task: str, number: int, chance: random.Random, done: Filled) -> dict[str, str]:
    rounds = done.runs.get("round") or [""]
    tags = {
        "veritrain.stage": kind,
        "veritrain.digest": f"{chance.getrandbits(256):064x}",
        "mlflow.parentRunId": chance.choice(rounds),
        "mlflow.loggedArtifacts": '[{"path": "predictions.json", "type": "table"}]',
    }
    version = 2 * (number // len(TASKS)) + (1 if kind == "generate" else 2)
    if kind in ("generate", "gate"):
        status = "draft" if kind == "generate" else chance.choice(("passed", "passed", "blocked"))
        parent = f"{task}@{version - 1}" if version > 1 else ""
        tags |= {
            "veritrain.dataset.name": task, "veritrain.dataset.version": str(version),
            "veritrain.dataset.status": status, "veritrain.dataset.parent": parent, "veritrain.dataset.rows": "120",
            "veritrain.dataset.digest": f"{chance.getrandbits(256):064x}",
            "veritrain.dataset.type": chance.choice(("human", "synthetic", "mixed")),
        }  # fmt: skip
    if kind == "gate":
        tags["veritrain.input.dataset"] = f"{task}@{version - 1}"
        tags["veritrain.input.draft"] = f"{task}@{version - 1}"
    if kind == "evaluate":
        tags |= {
            "veritrain.input.champion": f"models:/{task}/1", "veritrain.input.challenger": f"models:/{task}/2",
            "veritrain.verdict": "inconclusive", "veritrain.promote": "false", "veritrain.look": "1",
        }  # fmt: skip
    if kind == "report":
        tags["veritrain.input.about"] = tags["mlflow.parentRunId"]
    return tags


def _metrics(kind: str, chance: random.Random) -> dict[str, float]:
    value = chance.uniform(0.5, 0.95)
    if kind == "generate":
        return {"rows_generated": 60.0, "rows_screened_out": 3.0, "rows_waiting": 0.0}
    if kind == "gate":
        return {"rows_accepted": 50.0, "rows_quarantined": 10.0, "share_quarantined": 10 / 60}
    named = {"accuracy": value, "champion_accuracy": value - 0.02, "gain_accuracy": 0.02}
    ends = {
        f"{name}{end}": at + step
        for name, at in named.items()
        for end, step in (("_low", -0.05), ("_high", 0.05))
    }
    test_metrics = {
        "held_out_gain": 0.03,
        "held_out_gain_low": -0.01,
        "held_out_gain_high": 0.07,
        "held_out_p": 0.06,
    }
    return {**named, **ends, **test_metrics, "training_rows": 240.0}


def _versions(rows: dict[str, list[dict[str, Any]]], count: int, done: Filled, chance: random.Random) -> None:
    for number in range(count):
        task, version = TASKS[number % len(TASKS)], number // len(TASKS) + 1
        moment = BEGUN + number * 60_000
        if version == 1:
            rows.setdefault("registered_models", []).append(
                {"workspace": "default", "name": task, "creation_time": moment, "last_updated_time": moment,
                 "description": f"Models of the task {task}."}
            )  # fmt: skip
        done.models[task] = version
        key = {"workspace": "default", "name": task, "version": version}
        rows.setdefault("model_versions", []).append(
            {
                **key, "creation_time": moment, "last_updated_time": moment, "current_stage": "None",
                "description": f"tfidf_svc trained on {task}@{version}; development accuracy 0.800",
                "source": f"models:/m-{chance.getrandbits(128):032x}", "status": "READY",
                "storage_location": "file:///none", "run_id": chance.choice(done.runs["evaluate"]),
            }
        )  # fmt: skip
        tags = {
            "veritrain.model.digest": f"{chance.getrandbits(256):064x}", "veritrain.dataset": f"{task}@{version}",
            "veritrain.type": chance.choice(("base", "adapter")), "veritrain.trainer": "tfidf_svc",
            "veritrain.status": chance.choice(("available", "available", "deprecated")),
            "veritrain.probe": '{"output_contract": {"value": 1.0, "low": 0.88, "high": 1.0, "n": 30}}',
        }  # fmt: skip
        rows.setdefault("model_version_tags", []).extend(
            {**key, "key": name, "value": value} for name, value in tags.items()
        )
    rows["registered_model_aliases"] = [
        {"workspace": "default", "name": task, "alias": alias, "version": version - back}
        for task, version in done.models.items()
        for back, alias in ((1, "champion"), (0, "challenger"))
        if version > back
    ]


def _write(opened: Any, rows: dict[str, list[dict[str, Any]]]) -> None:
    from mlflow.store.model_registry.dbmodels import models as registry
    from mlflow.store.tracking.dbmodels import models as tracking
    from sqlalchemy import insert

    tables: Sequence[Any] = (
        tracking.SqlRun, tracking.SqlTag, tracking.SqlParam, tracking.SqlLatestMetric, tracking.SqlMetric,
        registry.SqlRegisteredModel, registry.SqlModelVersion, registry.SqlModelVersionTag,
        registry.SqlRegisteredModelAlias,
    )  # fmt: skip
    for table in tables:
        given = rows.get(table.__tablename__, [])
        for start in range(0, len(given), BATCH):
            opened.execute(insert(table), given[start : start + BATCH])
