"""docs/library.md as it stands: its lines run in order, and what they give shows itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import veritrain_lib as vt
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import Task
from veritrain_lib.tracking import looks, runs

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "library.md").read_text(encoding="utf-8")


@pytest.fixture
def task(home: Path) -> Task:
    return vt.load_task(write_tiny(home / "task"))


def page_lines() -> list[str]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    return [line for line in code.splitlines() if line.strip()]


@pytest.mark.slow  # a loop with warm kernels
def test_every_line_of_the_page_runs_and_shows_itself(home: Path) -> None:
    path = write_tiny(home / "task", budget={"rounds": 1, "rows_per_round": 15})
    namespace: dict[str, Any] = {}
    shown = []
    for line in page_lines():
        here = line.replace('"support"', f'"{path}"')
        if re.match(r"\w+ = |import ", line):
            exec(here, namespace)
        else:
            shown.append(eval(here.partition("  #")[0], namespace))
    assert [type(one).__name__ for one in shown] == [
        "DataFrame", "ProbeResult", "EvaluateResult", "LoopResult", "DataFrame", "TaskOverview",
    ]  # fmt: skip
    assert shown[4]["answer"].tolist() == ["billing"]
    assert "softer" in namespace


def test_the_lines_of_the_page_before_the_loop_work_on_any_task(home: Path) -> None:
    path = write_tiny(home / "task")
    namespace: dict[str, Any] = {}
    lines = page_lines()[: next(number for number, line in enumerate(page_lines()) if "run_loop" in line)]
    assert len(lines) >= 8
    for line in lines:
        exec(line.replace('"support"', f'"{path}"'), namespace)
    compared = vt.evaluate(namespace["task"], namespace["softer"], namespace["student"])
    assert compared.headline.startswith("Challenger against champion: ")
    assert compared.held_out is None
    for name in ("judged", "student"):
        assert "<strong>" in namespace[name]._repr_html_()
    assert runs.search(namespace["task"]) == []


def test_importing_the_library_loads_nothing_heavy_and_lists_its_functions() -> None:
    code = (
        "import sys, veritrain_lib as vt; assert {'gate', 'train', 'run_loop'} <= set(dir(vt)); vt.load_task; "
        "print([name for name in ('pandas', 'sklearn', 'mlflow', 'great_expectations', 'matplotlib') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'fit'"):
        vt.fit  # type: ignore[attr-defined]  # noqa: B018
    assert [name for name in vt.__all__ if not (getattr(vt, name).__doc__ or "").strip()] == []


def test_every_function_is_on_the_page() -> None:
    assert {name for name in vt.__all__ if f"`{name}(" not in PAGE and f"`{name}`" not in PAGE} == set()


def test_data_of_every_kind_is_opened_and_the_test_set_is_not(task: Task) -> None:
    seed = vt.open_dataset(task, "seed")
    assert (seed.status, len(seed.rows), set(seed.rows["source"])) == ("draft", 21, {"human"})
    assert "21 rows" in seed._repr_html_()
    pool = vt.open_dataset(task, "pool")
    assert set(pool.rows["label"]) == {""}
    frame = pool.rows[["text"]].head(3).assign(label=["parcel", None, "billing"])
    with pytest.raises(UserError, match=r"the data frame lacks the column\(s\) label"):
        vt.open_dataset(task, frame[["text"]])
    opened = vt.open_dataset(task, frame).rows
    assert opened["label"].tolist() == ["parcel", "", "billing"]
    assert set(opened["source"]) == {"pool"}
    assert set(vt.open_dataset(task, frame, source="synthetic").rows["source"]) == {"synthetic"}
    with pytest.raises(UserError, match="held-out test set is read by evaluate"):
        vt.open_dataset(task, "test")
    with pytest.raises(UserError, match="there is no dataset tiny@9"):
        vt.open_dataset(task, "tiny@9")


def test_only_what_passed_is_trained_on(task: Task) -> None:
    with pytest.raises(Refused, match="only a passed dataset can be trained on"):
        vt.train(task, vt.open_dataset(task, "seed"))
    seed, again = vt.gate(task), vt.gate(task)
    assert vt.train(task, [seed, again]).result.rows == 21  # each row once


def test_new_rows_are_judged_beside_the_seed_rows(task: Task) -> None:
    seed = vt.open_dataset(task, "seed").rows
    copies = seed[["text", "label"]].head(2)
    fresh = seed[["text", "label"]].tail(2).assign(text=["where is the green van", "the blue van is late"])
    import pandas as pd

    verdict = vt.gate(task, pd.concat([copies, fresh]))
    assert verdict.tables["accepted"]["text"].tolist() == fresh["text"].tolist()


def test_questions_and_models_that_do_not_fit_are_refused(task: Task) -> None:
    with pytest.raises(UserError, match="has no champion yet"):
        vt.predict(task, "hello")
    assert vt.champion(task) is None
    student = vt.train(task, vt.gate(task))
    table = vt.predict(task, ["my parcel is late", "  "], student)
    assert table["error"].notna().tolist() == [False, True]
    assert len(table["candidates"][0]) == 2
    import pandas as pd

    with pytest.raises(UserError, match=r"lack the input column\(s\) text"):
        vt.predict(task, pd.DataFrame({"message": ["hi"]}), student)
    with pytest.raises(Refused, match="never compared with itself"):
        vt.evaluate(task, student, student)
    with pytest.raises(UserError, match="not in the registry"):
        vt.evaluate(task, student, vt.train(task, vt.gate(task)), look=True)
    with pytest.raises(UserError, match="no report yet"):
        vt.report(task)


def test_a_look_is_counted_and_only_when_it_is_asked_for(task: Task) -> None:
    from veritrain_lib.stages.inputs import sources
    from veritrain_lib.stages.record.upstream import run_upstream

    for stage in ("gate", "train"):
        run_upstream(task, stage, **({"dataset": "seed"} if stage == "gate" else {}))
    run_upstream(task, "generate")
    run_upstream(task, "gate")
    run_upstream(task, "train")
    pair = ("models:/tiny/1", "models:/tiny/2")
    vt.evaluate(task, *pair)
    assert looks.list_looks(sources.held_out_set(task)) == []
    decided = vt.evaluate(task, *pair, look=True)
    assert len(looks.list_looks(sources.held_out_set(task))) == (1 if decided.held_out else 0)
    assert decided.held_out is not None
    champion = vt.champion(task)
    assert champion is not None
    assert champion.uri == (pair[1] if decided.promote else pair[0])
