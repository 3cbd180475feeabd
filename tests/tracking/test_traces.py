"""Every paid call leaves a trace in the record, with what was asked and answered and without a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.llm.server import Answer, Fault, Server, point
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.task import Task
from veritrain_lib.llm.chat import open_chat
from veritrain_lib.llm.records import ChatRequest, Message
from veritrain_lib.tracking import runs, store
from veritrain_lib.tracking.traces import Traces

CANARY = "sk-canary-5f1e9c0d7b"


@pytest.fixture
def prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("date: 2026-01-01\nmodels: {m: {input: 1, output: 2, max_output: 50}}\n")
    monkeypatch.setenv("VERITRAIN_PRICES", str(file))


def asked(count: int) -> list[ChatRequest]:
    return [ChatRequest((Message("user", f"question {n}"),), purpose="judge") for n in range(count)]


def test_each_call_is_a_trace_of_its_run_and_a_stored_answer_is_none(
    task: Task, tmp_path: Path, prices: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.open_run(task, "judging", kind="stage")
    script = lambda body: Answer(texts=["no" if "2" in body["messages"][0]["content"] else "yes"])  # noqa: E731
    with Server(script) as server:
        point(monkeypatch, server, CANARY)
        chat = open_chat("openai:/m", money=1.0, ledger=tmp_path / "ledger.db")
        with Traces(task, chat.endpoint, run_id=run) as traces:
            chat = open_chat("openai:/m", money=1.0, ledger=tmp_path / "ledger.db", on_reply=traces)
            replies = chat.ask(asked(3))
            chat.ask(asked(3))
    experiment = store.experiment(task).experiment_id
    found = store.client().search_traces(locations=[experiment], run_id=run)
    assert traces.written == len(found) == 3
    by_digest = {trace.info.tags["veritrain.request"]: trace for trace in found}
    assert set(by_digest) == {reply.digest for reply in replies}
    span = by_digest[replies[2].digest].data.spans[0]
    assert span.span_type == "CHAT_MODEL"
    assert span.inputs["messages"] == [{"role": "user", "content": "question 2"}]
    assert span.outputs["choices"][0]["message"]["content"] == "no"
    took = (span.end_time_ns - span.start_time_ns) / 1e9
    assert took == pytest.approx(replies[2].seconds, abs=0.001)
    info = by_digest[replies[0].digest].info
    assert info.token_usage["output_tokens"] == replies[0].usage.output_tokens
    assert (info.tags["veritrain.purpose"], info.tags["veritrain.outcome"]) == ("judge", "done")


def test_a_key_that_the_service_quotes_is_not_in_the_trace(
    task: Task, tmp_path: Path, prices: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault("400", message=f"what is {CANARY}?")
    with Server(lambda body: fault) as server:
        point(monkeypatch, server, CANARY)
        chat = open_chat("openai:/m", money=1.0, ledger=tmp_path / "ledger.db")
        with Traces(task, chat.endpoint) as traces:
            open_chat("openai:/m", money=1.0, ledger=tmp_path / "ledger.db", on_reply=traces).ask(asked(1))
    [trace] = store.client().search_traces(locations=[store.experiment(task).experiment_id])
    assert trace.info.tags["veritrain.outcome"] == "failed"
    assert "what is [key]?" in trace.to_json()
    assert CANARY not in trace.to_json()


def test_a_store_that_fails_is_said_on_leaving(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    from veritrain_lib.llm.records import Endpoint, Reply

    traces = Traces(task, Endpoint("openai", "m"))
    monkeypatch.setattr(traces, "_experiment", "999999")
    traces(asked(1)[0], Reply("0" * 64, "done"))
    with pytest.raises(Infrastructure, match="The answers are in the ledger"):
        traces.close()
