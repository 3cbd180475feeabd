"""A task that writes text goes through the stages, the registry and the decision like one with labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.stages.conftest import Do
from tests.text_task import write_text_task
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.models.base import SupportsConfidence, open_model
from veritrain_lib.models.memory import Memory
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import models


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_text_task(home / "task"))


def done(do: Do, task: Task, stage: str, **parameters: Any) -> Any:
    return load_result(stage, do(stage, task, **parameters).run_id)


@pytest.mark.slow
def test_the_stages_run_on_text_and_a_proven_gain_is_promoted(task: Task, do: Do) -> None:
    do("gate", task, dataset="seed")
    first = done(do, task, "train")
    probed = done(do, task, "probe")
    assert probed.measures["output_contract"].value == 1.0
    assert probed.measures["chrf"].value == pytest.approx(first.measures["chrf"].value)
    assert probed.picture() is not None
    assert "%" not in probed.card().table().set_index("measure").loc["chrf"].iloc[0]
    made = done(do, task, "generate")
    assert len(made.tables["rows"]) == 30
    assert set(made.tables["plan"]["slice"]) == {"meeting", "written"}
    do("gate", task)
    trained = done(do, task, "train")
    assert trained.by == "scene"
    assert set(trained.tables["sources"]["source"]) == {"human", "pool"}
    assert trained.picture() is not None
    judged = done(do, task, "evaluate")
    assert judged.verdict == "better"
    assert judged.promote
    assert judged.held_out is not None
    assert judged.held_out.test == "randomization test of chrf"
    # In the metric's own unit, not in shares of it.
    assert judged.held_out.challenger - judged.held_out.champion == pytest.approx(judged.held_out.difference)
    assert judged.held_out.challenger > 10
    ter = judged.tables["metrics"].set_index("metric").loc["ter"]
    assert ter["difference"] < 0
    assert set(judged.tables["sources"]["model"]) == {"champion", "challenger"}
    assert list(judged.tables["errors_by_slice"]["slice"][:2]) == ["scene=meeting", "scene=written"]
    assert judged.confused() is not None
    assert "<table>" in judged.worst(3)._repr_html_()
    assert done(do, task, "report").verdict == "better"
    champion = models.by_alias(task, "champion")
    assert champion is not None
    assert champion.uri == judged.challenger


def test_a_registered_memory_opens_by_its_address_and_answers_a_model_server(task: Task, do: Do) -> None:
    do("gate", task, dataset="seed")
    do("train", task)
    (registered,) = models.listing(task)
    model = open_model(registered.uri, task)
    assert model.uri == registered.uri
    assert isinstance(model, Memory)
    assert isinstance(model, SupportsConfidence)
    import mlflow

    rows = sources.development_rows(task).head(3)
    served = mlflow.pyfunc.load_model(registered.uri).predict(pd.DataFrame({"ja": rows["ja"]}))
    assert served == [json.loads(response.raw) for response in model.answer(rows)]


@pytest.mark.slow
def test_synthetic_rows_are_weighed_with_against_without_and_the_other_direction_runs(
    home: Path, do: Do
) -> None:
    turned = {
        "inputs": {"en": {"language": "en"}},
        "target": {"field": "ja", "language": "ja"},
        "contract": {"type": "object", "required": ["ja"]},
        "slices": {"by": ["scene"]},
        "glossary": {"quotation": "見積書"},
    }
    task = load_task(write_text_task(home / "task", turned))
    do("gate", task, dataset="seed")
    do("train", task)
    made = done(do, task, "generate", teacher="augment", rows=12)
    assert set(made.tables["rows"]["source"]) == {"synthetic"}
    do("gate", task)
    do("train", task)
    judged = done(do, task, "evaluate", champion="models:/office/1", challenger="models:/office/2")
    (line,) = judged.tables["synthetic"].to_dict("records")
    assert line["rows_without"] == 12
    assert line["rows_with"] > 12
    assert line["ratio"] == pytest.approx((line["rows_with"] - 12) / 12)
    assert line["low"] <= line["difference"] <= line["high"]
