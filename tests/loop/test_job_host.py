"""The process in which a worker's jobs run, when the worker is gone."""

from __future__ import annotations

import contextlib
import os

from veritrain_lib.loop.job_host import _JobHost


def test_progress_that_nobody_reads_any_more_does_not_end_the_notebook() -> None:
    from veritrain_lib.execution import NotebookProgress

    reading, writing = os.pipe()
    answers = os.fdopen(writing, "w", encoding="utf-8", buffering=1)
    host = _JobHost(answers)
    os.close(reading)  # the worker was killed
    host._report(NotebookProgress(cell=1, cells=2, title_of_cell="Rows", seconds=0.1))
    with contextlib.suppress(BrokenPipeError):
        answers.close()
