"""What the warm-up leaves for a training to do."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import importlib.metadata, sys
from veritrain_lib.trainers.warm_up import warm_up
if sys.argv[1] == "warm":
    warm_up()
looked = []
importlib.metadata.entry_points = lambda **asked: looked.append(asked) or ()
from sklearn.svm import LinearSVC
LinearSVC().fit([[0.0], [1.0]], [0, 1])
print(len(looked))
"""


def _looks(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_fit_after_it_looks_through_no_packages() -> None:
    assert _looks("cold") > 0
    assert _looks("warm") == 0
