"""Response times of the list routes for one client that requests pages one after another over one connection."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from benchmarks.server_process import Served

LISTS = {
    "models": "supp",
    "datasets": "supp",
    "experiments": "round 7",
    "evaluations": "",
    "reports": "round 7",
}
"""The lists, and what is searched in each; nothing where it knows no search."""

SIZE = 20


@dataclass
class Listed:
    """Response times by list: p95 of first, middle and last page, of a search, and of all, in ms.

    None without the route. `mlflow` is the p95 of MLflow's search for 50 runs; `worst` the largest p95 of a list.
    """

    lines: dict[str, list[float] | None] = field(default_factory=dict)
    mlflow: float = 0.0
    requests: int = 0

    @property
    def worst(self) -> float | None:
        """The largest p95; None when a list could not be measured."""
        if not all(self.lines.values()):
            return None
        return round(max(line[-1] for line in self.lines.values() if line), 1)


class _Client:
    def __init__(self, served: Served) -> None:
        parts = urlsplit(served.address)
        self._headers = {"Content-Type": "application/json", **served.headers}
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def ask(
        self, method: str, path: str, body: dict[str, object] | None = None
    ) -> tuple[int, dict[str, object], float]:
        """Send a request; return status, response and milliseconds."""
        sent = json.dumps(body) if body is not None else None
        began = time.perf_counter()
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        ms = (time.perf_counter() - began) * 1000
        try:
            said = json.loads(content)
        except ValueError:
            said = {}
        return answer.status, said if isinstance(said, dict) else {}, ms


def measure_lists(served: Served, repeats: int) -> Listed:
    """Request each page `repeats` times, after two warm-up requests.

    Raises:
        RuntimeError: a response is not successful.
    """
    client = _Client(served)
    found = Listed(requests=repeats)
    for name, searched in LISTS.items():
        path = f"/api/v1/{name}"
        status, first, _ = client.ask("GET", f"{path}?{urlencode({'page': 1, 'page_size': SIZE})}")
        if status == 404:
            found.lines[name] = None
            continue
        total = int(str(first.get("total", 0)))
        if status != 200 or not total:
            raise RuntimeError(f"GET {path} gave {status} with {total} items")
        last = -(-total // SIZE)
        pages: list[dict[str, object]] = [{"page": page} for page in (1, (last + 1) // 2, last)]
        queries: list[dict[str, object]] = [*pages, *([{"page": 1, "search": searched}] if searched else [])]
        times = [
            _times(client, f"{path}?{urlencode({**query, 'page_size': SIZE})}", repeats) for query in queries
        ]
        whole = sorted(ms for one in times for ms in one)
        line = [p95(one) for one in times] + ([] if searched else [float("nan")])
        found.lines[name] = [*line, p95(whole)]
    found.mlflow = _mlflow(client, repeats)
    return found


def _times(client: _Client, path: str, repeats: int) -> list[float]:
    times = []
    for turn in range(repeats + 2):
        status, answer, ms = client.ask("GET", path)
        if status != 200 or not answer.get("items"):
            raise RuntimeError(f"GET {path} gave {status} with {len(answer.get('items', ()) or ())} items")  # type: ignore[arg-type]
        if turn > 1:
            times.append(ms)
    return times


def _mlflow(client: _Client, repeats: int) -> float:
    """Time MLflow's search for 50 rounds of a task."""
    status, found, _ = client.ask("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=support")
    experiment = found.get("experiment") if status == 200 else None
    if not isinstance(experiment, dict):
        raise RuntimeError(f"MLflow's API gave {status} for the experiment support")
    body = {
        "experiment_ids": [experiment["experiment_id"]],
        "filter": "tags.`veritrain.kind` = 'round'",
        "max_results": 50,
    }
    times = [client.ask("POST", "/api/2.0/mlflow/runs/search", body)[2] for _ in range(repeats)]
    return p95(times)


def p95(times: list[float]) -> float:
    """Return the 95th percentile."""
    ordered = sorted(times)
    return ordered[min(int(0.95 * len(ordered)), len(ordered) - 1)]
