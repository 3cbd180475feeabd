"""The calls, the record on disk, and the money of fine-tuning."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.llm.server import KEY, Fault, Server, point
from veritrain_lib.core.errors import Infrastructure, Refused, UserError
from veritrain_lib.llm import fine_tuning_money as money
from veritrain_lib.llm.endpoint import open_endpoint
from veritrain_lib.llm.fine_tuning import OutcomeUnknown, TuningJob, TuningJobSpec, TuningService
from veritrain_lib.llm.fine_tuning_record import TuningRecord
from veritrain_lib.llm.fine_tuning_run import PollingIntervals, TuningJobFailed, run_tuning_job
from veritrain_lib.llm.ledger import Ledger
from veritrain_lib.llm.records import Endpoint, Message

MODEL = "gpt-4.1-mini-2025-04-14"
CHAT = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'


def order(key: str = "a" * 64) -> TuningJobSpec:
    return TuningJobSpec(key, CHAT.encode() * 10, MODEL, "tiny", 3, {"n_epochs": 2})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(key=KEY) as running:
        point(monkeypatch, running)
        yield running


@pytest.fixture(params=["openai", "azure"])
def service(request: pytest.FixtureRequest, server: Server) -> TuningService:
    return TuningService(open_endpoint(f"{request.param}:/{MODEL}"))


def test_a_file_becomes_a_job_and_both_are_found_again(server: Server, service: TuningService) -> None:
    assert service.find_file(order()) is None
    file_id = service.upload(order())
    assert service.file_ready(file_id)
    assert service.find_file(order()) == file_id
    assert service.find_file(order("b" * 64)) is None
    assert service.jobs_of(order(), file_id) == []
    job = service.create(order(), file_id)
    assert [one.id for one in service.jobs_of(order(), file_id)] == [job.id]
    assert (job.base, job.key, job.ended) == (MODEL, "a" * 64, False)
    while not job.ended:
        job = service.get_job(job.id)
    assert job.status == "succeeded"
    assert job.model
    assert job.trained_tokens
    assert service.events(job.id)[-1][1] == "Job is succeeded"


def test_a_refusal_names_what_was_asked_and_never_the_key(
    service: TuningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="start the fine-tuning job: 400"):
        service.create(order(), "file-nobody-has")
    wrong = "another-key-of-somebody"
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"):
        monkeypatch.setenv(name, wrong)
    with pytest.raises(UserError, match="401") as caught:
        TuningService(service.endpoint).get_job("ftjob-1")
    assert wrong not in str(caught.value)


@pytest.mark.parametrize("kind", ["500", "503", "reset", "garbage", "empty", "truncated"])
def test_a_creation_without_an_answer_may_have_happened_and_is_sent_once(server: Server, kind: str) -> None:
    service = TuningService(open_endpoint(f"openai:/{MODEL}"))
    file_id = service.upload(order())
    server.path_faults = lambda method, path: Fault(kind) if method == "POST" else None
    before = len(server.requests)
    with pytest.raises(OutcomeUnknown):
        service.create(order(), file_id)
    assert len(server.requests) == before + 1


def test_too_many_requests_are_no_creation(server: Server) -> None:
    service = TuningService(open_endpoint(f"openai:/{MODEL}"))
    server.path_faults = lambda method, path: Fault("429") if method == "POST" else None
    with pytest.raises(Infrastructure) as caught:
        service.upload(order())
    assert not isinstance(caught.value, OutcomeUnknown)


def test_an_empty_answer_is_no_job(server: Server) -> None:
    service = TuningService(open_endpoint(f"openai:/{MODEL}"))
    server.path_faults = lambda method, path: Fault("empty")
    for call in (
        lambda: service.get_job("ftjob-1"),
        lambda: service.jobs_of(order(), "f"),
        lambda: service.find_file(order()),
    ):
        with pytest.raises(Infrastructure):
            call()


def test_what_is_noted_is_there_for_another_process(tmp_path: Path) -> None:
    record = TuningRecord(tmp_path / "deep" / "tuning.db")
    assert record.state("k").job_id is None
    record.save("k", "openai:/m", "m", file_id="file-1", cost=0.5)
    record.save("k", "openai:/m", "m", intended=12.5)
    after = TuningRecord(tmp_path / "deep" / "tuning.db").state("k")
    assert (after.file_id, after.intended, after.job_id, after.cost) == ("file-1", 12.5, None, 0.5)
    assert record.save("k", "openai:/m", "m", intended=None).intended is None
    with pytest.raises(ValueError, match="colour"):
        record.save("k", "openai:/m", "m", colour="red")


def test_a_damaged_record_says_which_file(tmp_path: Path) -> None:
    (tmp_path / "tuning.db").write_text("no database, only text " * 50, encoding="utf-8")
    with pytest.raises(Infrastructure, match=r"tuning\.db"):
        TuningRecord(tmp_path / "tuning.db")


EXAMPLES = [(Message("system", "s" * 100), Message("user", "ü" * 50), Message("assistant", "a" * 10))] * 20
HERE = Endpoint("openai", MODEL)


def test_the_cost_is_tokens_times_epochs_times_the_price_of_training() -> None:
    cost = money.training_cost(HERE, EXAMPLES, 3)
    assert cost.tokens[1] == 20 * (100 + 100 + 10 + 3 * 8 + 16)
    assert cost.tokens[0] == pytest.approx(20 * (160 / 4 + 12), abs=20)
    assert cost.money == pytest.approx([tokens * 3 * 5.00 / 1e6 for tokens in cost.tokens])
    assert cost.money[0] < cost.money[1]
    assert "x 3 epochs at $5.00 a million" in cost.sentence()


def test_an_unknown_price_refuses_and_a_price_of_ones_own_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in ("gpt-4.1-mini", "unheard-of"):
        with pytest.raises(UserError, match="not free"):
            money.training_cost(Endpoint("openai", model), EXAMPLES, 1)
    own = tmp_path / "prices.yaml"
    own.write_text(
        "date: 2026-01-01\nmodels:\n  unheard-of: {input: 1, output: 1, training: 7}\n", encoding="utf-8"
    )
    monkeypatch.setenv("VERITRAIN_PRICES", str(own))
    assert money.training_cost(Endpoint("openai", "unheard-of"), EXAMPLES, 1).price == 7.0


def job(status: str = "succeeded", tokens: int | None = 1000) -> TuningJob:
    return TuningJob("ftjob-1", status, MODEL, "file-1", 0.0, trained_tokens=tokens)


def test_a_reservation_holds_until_the_job_is_settled(tmp_path: Path) -> None:
    cost = money.training_cost(HERE, EXAMPLES, 3)
    worst = cost.money[1]
    with Ledger(tmp_path / "ledger.db") as ledger:
        money.reserve(ledger, "one", "me", cost, worst * 1.5)
        money.reserve(ledger, "one", "me", cost, worst * 1.5)
        assert ledger.spent("me").reserved == pytest.approx(worst)
        with pytest.raises(Refused, match="spent or reserved"):
            money.reserve(ledger, "two", "me", cost, worst * 1.5)
        # Not even what tidies up after dead processes takes it away.
        ledger.recover()
        assert ledger.spent("me").reserved == pytest.approx(worst)
        assert money.settle(ledger, "one", "me", HERE, cost, job()) == pytest.approx(1000 * 5.00 / 1e6)
        money.settle(ledger, "one", "me", HERE, cost, job())
        spent = ledger.spent("me")
        assert (spent.reserved, spent.lost) == (0, 0)
        assert spent.paid == pytest.approx(0.005)
        money.reserve(ledger, "two", "me", cost, worst * 1.5)


@pytest.mark.parametrize(("status", "tokens", "share"), [("failed", None, 0.0), ("cancelled", None, 1.0)])
def test_a_job_that_tells_no_tokens_is_settled_on_the_safe_side(
    tmp_path: Path, status: str, tokens: int | None, share: float
) -> None:
    cost = money.training_cost(HERE, EXAMPLES, 3)
    with Ledger(tmp_path / "ledger.db") as ledger:
        money.reserve(ledger, "one", "me", cost, None)
        assert money.settle(ledger, "one", "me", HERE, cost, job(status, tokens)) == pytest.approx(
            share * cost.money[1]
        )


def test_money_is_reserved_inside_a_running_event_loop_too(tmp_path: Path) -> None:
    cost = money.training_cost(HERE, EXAMPLES, 1)

    async def as_in_a_notebook() -> float:
        with Ledger(tmp_path / "ledger.db") as ledger:
            money.reserve(ledger, "one", "me", cost, 1.0)
            money.release(ledger, "one")
            return ledger.spent("me").total

    assert asyncio.run(as_in_a_notebook()) == 0


@pytest.mark.parametrize(
    ("states", "kind", "says"),
    [
        (["queued", "expired"], TuningJobFailed, "expired: it was not done within the provider's time limit"),
        (["queued", "canceled"], TuningJobFailed, "cancelled: cancelled at the provider"),
        (["Running", "FAILED"], TuningJobFailed, "failed: no reason given"),
        (["queued", "dreaming"], Infrastructure, "status 'dreaming', which is not known here"),
    ],
)
def test_a_job_is_never_polled_without_end(
    states: list[str], kind: type[Exception], says: str, server: Server, tmp_path: Path
) -> None:
    server.job_states = tuple(states)
    service = TuningService(open_endpoint(f"openai:/{MODEL}"))
    with pytest.raises(kind, match=says):
        run_tuning_job(
            service,
            TuningRecord(tmp_path / "record.db"),
            order(),
            cost=1.0,
            waits=PollingIntervals(poll=0.01, settle=0.01),
        )
