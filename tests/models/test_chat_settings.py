from __future__ import annotations

import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.chat_settings import ChatSettings


def test_an_address_is_taken_apart_and_put_together_again() -> None:
    read = ChatSettings.read("openai:/m?candidates=3&temperature=0.0")
    assert (read.address, read.temperature, read.candidates, read.max_tokens) == ("openai:/m", 0.0, 3, 2048)
    assert read.uri == "openai:/m?temperature=0&candidates=3"
    assert ChatSettings.read(read.uri) == read
    plain = ChatSettings.read("azure:/my-deployment?candidates=1")
    assert (plain.uri, plain.temperature) == ("azure:/my-deployment", None)


def test_a_fine_tuned_models_name_stays_whole() -> None:
    assert ChatSettings.read("openai:/ft:gpt-4o-mini:org::abc").address == "openai:/ft:gpt-4o-mini:org::abc"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("openai:/", "is not the URI of a chat model; write openai:/MODEL"),
        ("openai:gpt", "is not the URI of a chat model"),
        ("other:/m", "is not the URI of a chat model"),
        ("openai:/m?heat=1", "unknown setting 'heat'; allowed: temperature, candidates, max_tokens"),
        ("openai:/m?temperature=hot", "temperature is 'hot'; it must be a number from 0 to 2"),
        ("openai:/m?temperature=nan", "must be a number from 0 to 2"),
        ("openai:/m?candidates=2.5", "candidates is '2.5'; it must be a whole number from 1 to 20"),
        ("openai:/m?max_tokens=0", "must be a whole number from 1"),
    ],
)
def test_a_bad_address_says_what_is_allowed(address: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        ChatSettings.read(address)
    assert said in str(error.value)
