"""The four MinHash deduplication steps of datatrove over texts: `python -m benchmarks.datatrove_minhash FILE`.

It runs in a separate environment (`make bench-gate-speed` creates it from `DATATROVE`), since its pins differ from ours;
nothing of Veri-Train is imported. FILE has one text a line. The last line is JSON: seconds, and the rows kept.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def deduplicate(texts: list[str]) -> dict[str, Any]:
    """Run signatures, buckets, clusters and filter with one worker; return the seconds and the number of rows left.

    The defaults of datatrove (14 buckets of 8 hashes) over word 3-grams, because the rows are short sentences.
    """
    from datatrove.data import Document
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.writers.jsonl import JsonlWriter

    documents = [Document(text=text, id=str(number)) for number, text in enumerate(texts)]
    config = MinhashConfig(n_grams=3)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        signatures, buckets, remove = (f"{place}/{name}" for name in ("signatures", "buckets", "remove"))
        kept = JsonlWriter(f"{place}/out", compression=None)
        steps: list[tuple[list[Any], int]] = [
            ([documents, MinhashDedupSignature(signatures, config=config)], 1),
            ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
            ([MinhashDedupCluster(buckets, remove, config=config)], 1),
            ([documents, MinhashDedupFilter(remove), kept], 1),
        ]
        for number, (pipeline, tasks) in enumerate(steps):
            logs = f"{place}/logs{number}"
            LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
        seconds = time.perf_counter() - start
        rows = sum(
            len(file.read_text("utf-8").splitlines()) for file in Path(f"{place}/out").rglob("*.jsonl")
        )
    return {"seconds": round(seconds, 1), "kept": rows}


def main() -> None:
    """Read the file, deduplicate, print."""
    texts = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    with contextlib.redirect_stdout(sys.stderr):
        found = deduplicate(texts)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
