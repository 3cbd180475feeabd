"""Prometheus metrics that are read when /metrics is requested: running experiments and money spent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class RecordCollector:
    """Prometheus collector of unfinished experiments and of the money spent on paid model services.

    It reads MLflow's database and the stored costs of paid answers each time, so every process of the server gives the
    same numbers.
    """

    def collect(self) -> Iterable[Metric]:
        """Yield two metrics: the number of unfinished experiments by status, and the US dollars spent by task."""
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
        """Return no metrics, so that registering this collector does not read the databases."""
        return ()


def _count(status: str) -> int:
    """Return the number of experiments (rounds of the improvement loop) whose MLflow run has the given status."""
    from veritrain_lib.tracking.listing import RunQuery, count_runs

    return count_runs(RunQuery(tags={"veritrain.kind": ["round"]}, statuses=[status]))


def _paid_by_task() -> list[tuple[str, float]]:
    """Return the US dollars spent on paid answers for each task; empty if nothing was ever paid."""
    from veritrain_lib.llm.ledger import Ledger, exists

    if not exists():
        return []
    with Ledger(wait=False) as ledger:
        return ledger.accounts()
