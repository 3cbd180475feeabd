"""Metrics that are read on request: running experiments from the record, money spent from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class RecordCollector:
    """Prometheus collector that reads anew on each request, so every worker process gives the same numbers."""

    def collect(self) -> Iterable[Metric]:
        """Yield the number of experiments by status, and the US dollars spent by task."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        experiments = GaugeMetricFamily(
            "veritrain_experiments", "Experiments under way, by their state in the record", labels=["status"]
        )
        for status, label in (("RUNNING", "running"), ("SCHEDULED", "pending")):
            experiments.add_metric([label], _count(status))
        yield experiments
        paid_dollars = CounterMetricFamily(
            "veritrain_paid_dollars", "US dollars paid for answers, by task", labels=["task"]
        )
        for task, dollars in _paid_by_task():
            paid_dollars.add_metric([task], dollars)
        yield paid_dollars

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that nothing is read when the collector is registered."""
        return ()


def _count(status: str) -> int:
    from veritrain_lib.tracking.listing import RunQuery, count_runs

    return count_runs(RunQuery(tags={"veritrain.kind": ["round"]}, statuses=[status]))


def _paid_by_task() -> list[tuple[str, float]]:
    from veritrain_lib.llm.ledger import Ledger, default_ledger_path

    if not default_ledger_path().exists():
        return []
    with Ledger() as ledger:
        return ledger.accounts()
