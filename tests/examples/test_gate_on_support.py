"""The bars of the gate on the built-in example (`make bench-example` prints the table)."""

from benchmarks.example import BAR_FALSE, BAR_RECALL, measure
from veritrain_lib.core import project


def test_the_gate_catches_the_planted_dirt_and_leaves_clean_rows():
    caught = measure(project.example_task().parent)
    assert (caught.recall.value or 0) >= BAR_RECALL
    assert (caught.clean.value or 1) <= BAR_FALSE
    others = [rate.value for kind, rate in caught.kinds.items() if kind != "wrong_label"]
    assert min(others) >= 0.9
