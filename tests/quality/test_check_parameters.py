"""What a check takes is what its signature says."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.check_parameters import validated_parameters


def check(rows, context, *, share: Annotated[float, Field(ge=0, le=1)] = 0.5, words: int, near: bool = True):
    raise NotImplementedError


def test_values_that_fit_are_handed_on():
    assert validated_parameters("r", check, {"share": 0.2, "words": 3}) == {"share": 0.2, "words": 3}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"words": 3, "shares": 1}, "unknown parameter.*shares; allowed: share, words, near"),
        ({}, "words are required|words"),
        ({"words": 3, "share": 1.5}, "share is 1.5"),
        ({"words": "3"}, "words is '3'"),
        ({"words": 3, "near": 1}, "near is 1"),
        ({"words": True}, "words is True"),
    ],
)
def test_others_are_refused_by_name(given, said):
    with pytest.raises(UserError, match=said):
        validated_parameters("my_rule", check, given)
