from __future__ import annotations

import pytest

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "parameter base is required"),
        ({"base": "b", "ranks": 4}, "there is no parameter ranks.*Allowed: base, epochs"),
        ({"base": "b", "rank": 0}, "rank: .*greater than or equal to 1, not 0"),
        ({"base": "b", "epochs": "3"}, "epochs: .*integer, not '3'"),
        ({"base": "b", "epochs": True}, "epochs: .*integer, not True"),
        ({"base": "b", "held_out": 0.6}, "held_out: .*less than or equal to 0.5, not 0.6"),
        ({"base": "b", "precision": "int4"}, "precision: .*'float32' or 'bfloat16', not 'int4'"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_is_allowed(given: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        registry.get("trainers", "lora")(**given)


def test_other_stages_know_that_it_is_slow() -> None:
    assert registry.get("trainers", "lora").slow
