"""An expectation's arguments are read at once, and are what Great Expectations itself reads."""

from __future__ import annotations

import subprocess
import sys

READ = """
import json
from veritrain_lib.quality.gx_arguments import build_configuration_once
from veritrain_lib.quality.gx_expectations import gx
made = gx().expectations
some = [
    made.ExpectColumnValuesToBeBetween(column="n", min_value=1, mostly=0.9, severity="warning", meta={"rule": "a"}),
    made.ExpectColumnValuesToBeInSet(column="flag", value_set=[True], meta={"rule": "b"}),
    made.ExpectTableRowCountToBeBetween(min_value=3),
    made.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b"),
]
def read():
    given = {"result_format": "BASIC"}
    return [[one._get_domain_kwargs(), one._get_success_kwargs(), one._get_runtime_kwargs(given)] for one in some]
before = read()
build_configuration_once()
build_configuration_once()
assert read() == before, (read(), before)
print(json.dumps([sorted(one[1]) for one in before]))
"""


def test_the_arguments_are_those_that_great_expectations_reads_one_by_one() -> None:
    done = subprocess.run(  # a process in which nothing has been changed yet
        [sys.executable, "-W", "ignore", "-c", READ], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "min_value" in done.stdout
