"""Memory and time of one choice by uncertainty from large pools: `python -m benchmarks.choice_size`.

The real `Pool` teacher picks 100 rows from pools of growing size, by a student of 150 labels that is a linear head over
64 numbers a row. Measured are seconds (the best of three), the exponent of the time over the rows (least squares of the
logarithms), and the peak of memory that the choice itself takes beyond the pool and its vectors (tracemalloc). The last
line is JSON.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LABELS = 150
WIDTH = 64
CHOSEN = 100


class LinearScorer:
    """A student over stored vectors (the protocol `Scorer`): the rows' column `vector` is a row of them."""

    def __init__(self, vectors: np.ndarray, rng: np.random.Generator) -> None:
        import numpy as np

        self.labels = [f"label {number}" for number in range(LABELS)]
        self._vectors = vectors
        self._weights = rng.normal(size=(WIDTH, LABELS)).astype(np.float32)

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the softmax of the linear head, in double precision as the built-in student does."""
        import numpy as np

        values = (self._vectors[rows["vector"].to_numpy()] @ self._weights).astype(np.float64)
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return shares


def measure(rows: int, *, memory: bool) -> dict[str, float]:
    """Choose once from a pool of a size: seconds, and with `memory` instead the peak in GB."""
    import numpy as np
    import pandas as pd

    from veritrain_lib.teachers.pool import Pool

    rng = np.random.default_rng(0)
    student = LinearScorer(rng.normal(size=(rows, WIDTH)).astype(np.float32), rng)
    pool = pd.DataFrame({"vector": np.arange(rows)})

    class Request:
        shares = None

        @staticmethod
        def fit(training_rows: pd.DataFrame) -> LinearScorer:
            return student

    request: Any = Request()
    teacher = Pool()
    if memory:
        tracemalloc.start()
    seconds = []
    for _ in range(1 if memory else 3):
        start = time.perf_counter()
        teacher._pick(request, pool.iloc[:0], pool, CHOSEN, np.random.default_rng(0))
        seconds.append(time.perf_counter() - start)
    if not memory:
        return {"seconds": min(seconds)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"gigabytes": peak / 1e9}


@click.command(help=__doc__)
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(1000), help="Largest pool.")
def main(rows: int) -> None:
    """Print the table, then the JSON line."""
    import numpy as np

    sizes = [rows // 8, rows // 4, rows // 2, rows]
    seconds = [measure(size, memory=False)["seconds"] for size in sizes]
    gigabytes = [measure(size, memory=True)["gigabytes"] for size in sizes]
    click.echo(f"{'rows':>12} {'seconds':>8} {'GB beyond the pool':>20}")
    for size, taken, peak in zip(sizes, seconds, gigabytes, strict=True):
        click.echo(f"{size:>12,} {taken:8.2f} {peak:20.3f}")
    exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    click.echo(f"time grows with the rows to the power of {exponent:.2f}")
    found = {
        "rows": rows,
        "labels": LABELS,
        "gigabytes": round(gigabytes[-1], 3),
        "exponent": round(exponent, 3),
    }
    click.echo(json.dumps(found))


if __name__ == "__main__":
    main()
