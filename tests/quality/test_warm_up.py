from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from veritrain_lib.core import project
from veritrain_lib.quality.warm_up import languages_of

PROGRAM = """
import os, great_expectations, pandas, sklearn.svm, skops.io, jsonschema_rs
from veritrain_lib.quality.warm_up import warm_up as gating, load_languages
from veritrain_lib.reporting.warm_up import warm_up as reporting
import matplotlib.figure, fpdf, PIL.Image
before = len(os.listdir("/proc/self/task"))
gating(); reporting(); load_languages(LANGUAGES)
print(len(os.listdir("/proc/self/task")) - before)
"""


def threads_added(languages: list[str]) -> int:
    program = PROGRAM.replace("LANGUAGES", repr(languages))
    environment = {**os.environ, "GX_ANALYTICS_ENABLED": "false", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env=environment,
    )
    return int(done.stdout.split()[-1])


@pytest.mark.slow
def test_warming_up_starts_no_thread_and_so_is_safe_before_a_fork() -> None:
    assert threads_added(["en"]) == 0


def test_languages_are_those_that_the_suite_asks_about(tmp_path: Path) -> None:
    assert languages_of(str(project.example_task())) == ["en"]
    assert languages_of(str(tmp_path / "no_task.yaml")) == []
