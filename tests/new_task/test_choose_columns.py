"""Columns are taken as named, else guessed with a reason, else refused."""

from __future__ import annotations

import pandas as pd
import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.new_task.columns import choose_columns


@pytest.fixture
def mail() -> pd.DataFrame:
    n = 12
    return pd.DataFrame(
        {
            "nr": [str(at) for at in range(n)],
            "message": [f"please help me with order {at}" for at in range(n)],
            "intent": ["refund", "delivery"] * (n // 2),
            "channel": ["mail", "chat", "phone"] * (n // 3),
        }
    )


def test_known_names_are_recognized_whatever_their_case(mail: pd.DataFrame) -> None:
    found = choose_columns(mail.rename(columns={"intent": "Intent", "message": "Message"}))
    assert (found.inputs, found.target, found.slices) == (["Message"], "Intent", ["channel"])
    assert len(found.why) == 3


def test_without_a_known_name_the_only_column_that_repeats_is_the_target(mail: pd.DataFrame) -> None:
    found = choose_columns(
        mail.drop(columns="channel").rename(columns={"intent": "art", "message": "mitteilung"})
    )
    assert (found.inputs, found.target) == (["mitteilung"], "art")


def test_two_columns_that_could_be_the_target_are_not_decided_by_chance(mail: pd.DataFrame) -> None:
    with pytest.raises(
        UserError, match=r"several columns are possible: art, channel\. Name it with --target"
    ):
        choose_columns(mail.rename(columns={"intent": "art"}))


def test_numbers_are_no_input(mail: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="which column holds the input can't be guessed"):
        choose_columns(mail[["nr", "intent"]])


def test_japanese_text_without_spaces_is_text() -> None:
    rows = pd.DataFrame({"ja": [f"請求書が届いていません{at}" for at in range(8)], "label": ["a", "b"] * 4})
    assert choose_columns(rows).inputs == ["ja"]


def test_what_is_named_is_taken(mail: pd.DataFrame) -> None:
    found = choose_columns(mail, ("channel", "message"), "intent")
    assert (found.inputs, found.target, found.slices) == (["channel", "message"], "intent", [])


@pytest.mark.parametrize(
    ("inputs", "target", "told"),
    [
        (("mesage",), "", "there is no column 'mesage'. Did you mean 'message'"),
        (("message",), "label", "there is no column 'label'"),
        (("message",), "message", "named twice"),
        (("message", "message"), "", "named twice"),
    ],
)
def test_wrong_names_are_refused(mail: pd.DataFrame, inputs: tuple[str, ...], target: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        choose_columns(mail, inputs, target)


def test_a_column_with_gaps_or_a_reserved_name_is_no_slice(mail: pd.DataFrame) -> None:
    gaps = mail.assign(channel=["", *mail["channel"][1:]], source=["a", "b"] * 6)
    assert choose_columns(gaps).slices == []
