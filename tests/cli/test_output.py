"""Whatever a command found can be printed as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from veritrain_lib.cli.output import json_value, print_json


def test_everything_becomes_plain_data() -> None:
    given = {
        "a": np.float64(0.5),
        "b": np.int64(3),
        "c": np.bool_(True),
        "d": np.array([1, 2]),
        "e": (None, Path("/x")),
        7: float("nan"),
    }
    assert json_value(given) == {"a": 0.5, "b": 3, "c": True, "d": [1, 2], "e": [None, "/x"], "7": None}


def test_infinity_is_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("inf"), np.float32("nan")], "b": "日本"})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None], "b": "日本"}


def test_a_list_is_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{"a": "x\ny"}, {"a": 2}])
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"a": "x\ny"}, {"a": 2}]
