"""Cases: rows without anything to answer; they get an error each, and the others are answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.faults import stores
from benchmarks.faults.case import Case, Seen, veritrain

BLANKS: dict[str, Any] = {
    "null": None, "nothing": "", "blanks": "  \t ", "a line end": "\n", "a wide blank": "\u3000", "a zero width sign": "\u200b",
    "a byte order mark": "\ufeff", "not a number": float("nan"), "a soft hyphen": "\u00ad", "a line separator": "\u2028",
}  # fmt: skip


def _student(task: Any, rows: Any) -> Any:
    from veritrain_lib.trainers.tfidf_svc import TfidfSvc

    return TfidfSvc().train(task, rows, seed=0).model


def _chat(task: Any, rows: Any) -> Any:
    from veritrain_lib.llm.records import Choice, Endpoint, Reply
    from veritrain_lib.models.chat import ChatModel
    from veritrain_lib.models.chat_settings import ChatSettings

    class Answering:
        endpoint = Endpoint("openai", "m")

        def ask(self, requests: Any, *, on_progress: Any = None) -> list[Reply]:
            return [Reply("d", "done", choices=(Choice(json.dumps({"label": "a"})),)) for _ in requests]

    return ChatModel(Answering(), task, ChatSettings.read("openai:/m"))  # type: ignore[arg-type]


def _foreign(task: Any, rows: Any) -> Any:
    from veritrain_lib.tracking.pyfunc_model import PyfuncModel

    class Model:
        def predict(self, given: Any) -> list[dict[str, str]]:
            return [{"label": "a"} for _ in range(len(given))]

    return PyfuncModel("models:/foreign/1", Model(), task)


def _memory(task: Any, rows: Any) -> Any:
    from veritrain_lib.models.memory import Memory
    from veritrain_lib.models.served_memory import MemoryCard, ServedMemory

    pairs = [(text, label, "") for text, label in zip(rows["text"], rows["label"], strict=True)]
    return Memory(ServedMemory(MemoryCard(source="text", target="label"), pairs))


MODELS: dict[str, Callable[[Any, Any], Any]] = {
    "a student": _student, "a translation memory": _memory, "a chat model": _chat, "a model of others": _foreign,
}  # fmt: skip


def _blank(model: str, blank: str) -> Case:
    def run(folder: Path) -> Seen:
        import pandas as pd

        from veritrain_lib.core.rows import read_examples
        from veritrain_lib.core.task import load_task

        task = load_task(stores.write_task(folder / "tiny"))
        seed = task.file("seed")
        assert seed is not None
        rows = read_examples(task, seed, "human")
        opened = MODELS[model](task, rows)
        known = rows["text"][0]
        responses = opened.answer(pd.DataFrame({"text": [known, BLANKS[blank], known]}))
        answered = [bool(response.candidates) for response in responses]
        wrong = "" if answered == [True, False, True] else f"answered: {answered}"
        return Seen(None, str(responses[1].error), wrong=wrong)

    return Case(f"served/{model}, {blank}", run, exit_code=None, says=["input is empty"])


NULL_ROWS = '{"text": "apple number 1 seed u"}\n{"text": null}\n{}\n{"txt": "apple"}\n{"text": "  "}\n'


def _predict(name: str, *given: str, file: str = "", says: str, answered: int) -> Case:
    def run(folder: Path) -> Seen:
        from veritrain_lib.core.rows import read_examples
        from veritrain_lib.core.task import load_task

        task = load_task(stores.write_task(folder / "tiny"))
        seed = task.file("seed")
        assert seed is not None
        _student(task, read_examples(task, seed, "human")).save(folder / "student")
        if file:
            (folder / "rows.jsonl").write_text(file, encoding="utf-8")
        seen = veritrain(
            folder, "predict", str(task.path), "--model", f"student:{folder / 'student'}", *given
        )
        count = seen.text.count('"error": null')
        wrong = "" if count == answered else f"{count} row(s) answered, not {answered}"
        return Seen(seen.exit_code, seen.text, wrong=wrong)

    return Case(
        f"served/predict, {name}", run, exit_code=3, says=[says], never_says=["Traceback", "unexpected "]
    )


def _scored(name: str, body: dict[str, Any], answered: list[bool] | None, says: str) -> Case:
    """Send a request as to `mlflow models serve`: through MLflow's application, over the model as we store it."""

    def run(folder: Path) -> Seen:
        import mlflow.pyfunc
        from mlflow.pyfunc import scoring_server
        from starlette.testclient import TestClient

        from veritrain_lib.core.rows import read_examples
        from veritrain_lib.core.task import load_task
        from veritrain_lib.tracking import served_model
        from veritrain_lib.trainers.tfidf_svc import TfidfSvc

        task = load_task(stores.write_task(folder / "tiny"))
        seed = task.file("seed")
        assert seed is not None
        rows = read_examples(task, seed, "human")
        served_model.write(folder / "model", task, TfidfSvc().train(task, rows, seed=0), rows, "m-1")
        application: Any = scoring_server.init(mlflow.pyfunc.load_model(str(folder / "model")))
        answer = TestClient(application).post("/invocations", json=body)
        found = [bool(one["candidates"]) for one in answer.json().get("predictions", [])]
        wrong = "" if found == (answered or []) else f"answered: {found}"
        return Seen(None, answer.text, wrong=wrong)

    return Case(f"served/mlflow models serve, {name}", run, exit_code=None, says=[says])


ROWS: list[dict[str, Any]] = [{"text": "apple number 1"}, {"text": None}, {}, {"txt": "x"}, {"text": " "}]
SPLIT = {"columns": ["text"], "data": [["apple number 1"], [None], [""]]}

CASES = [
    *(_blank(model, blank) for model in MODELS for blank in BLANKS),
    _predict("a text of blanks", "--text", "   ", "--json", says="input is empty", answered=0),
    _predict("an input of nothing", "--input", "text=", "--json", says="input is empty", answered=0),
    _predict("rows of null, {} and a wrong key", "--file", "rows.jsonl", "--json", file=NULL_ROWS, says="input is empty", answered=1),
    _scored("records of which some hold nothing", {"dataframe_records": ROWS}, [True, False, False, False, False], "input is empty"),
    _scored("columns with nulls", {"dataframe_split": SPLIT}, [True, False, False], "input is empty"),
    _scored("a null alone", {"dataframe_records": [{"text": None}]}, [False], "input is empty"),
    _scored("a wrong key alone", {"dataframe_records": [{"txt": "apple"}]}, None, r"missing inputs \['text'\]"),
]  # fmt: skip
