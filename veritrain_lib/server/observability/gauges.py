"""Numbers that are read when somebody asks for the metrics: work under way from the record, money from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class Gathered:
    """A collector: asked anew each time, so it is the same whichever worker process answers."""

    def collect(self) -> Iterable[Metric]:
        """Experiments by state, and dollars by account."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        work = GaugeMetricFamily(
            "veritrain_experiments", "Experiments under way, by their state in the record", labels=["status"]
        )
        for status, word in (("RUNNING", "running"), ("SCHEDULED", "pending")):
            work.add_metric([word], _count(status))
        yield work
        money = CounterMetricFamily(
            "veritrain_paid_dollars", "US dollars paid for answers, by task", labels=["task"]
        )
        for account, paid in _paid():
            money.add_metric([account], paid)
        yield money

    def describe(self) -> Iterable[Metric]:
        """Nothing is read when the collector is registered."""
        return ()


def _count(status: str) -> int:
    from veritrain_lib.tracking.listing import RunQuery, count_runs

    return count_runs(RunQuery(tags={"veritrain.kind": ["round"]}, statuses=[status]))


def _paid() -> list[tuple[str, float]]:
    from veritrain_lib.llm.ledger import Ledger, default_place

    if not default_place().exists():
        return []
    with Ledger() as ledger:
        return ledger.accounts()
