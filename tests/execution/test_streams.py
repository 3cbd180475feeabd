"""Printed text as a terminal shows it: of a line that was overwritten the last state is left."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_output

from veritrain_lib.execution.streams import apply_carriage_returns, merge_streams


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("no return\n", "no return\n"),
        ("10 %\r 50 %\r100 %\n", "100 %\n"),
        ("windows\r\nlines\r\n", "windows\r\nlines\r\n"),
        ("half\rdone\nnext\rline", "done\nline"),
        ("10 %\r", "10 %\r"),
        ("a\r\r", "\r"),
        ("a\r\rb\n", "b\n"),
        ("\r", "\r"),
        ("", ""),
    ],
)
def test_of_an_overwritten_line_the_last_state_is_left(printed: str, shown: str) -> None:
    assert apply_carriage_returns(printed) == shown


def test_a_line_of_millions_of_characters_is_no_burden() -> None:
    """Work that grows with the square of a line's length would not end here."""
    line = "x" * 5_000_000
    assert apply_carriage_returns(f"old\r{line}") == line
    assert apply_carriage_returns(line) == line


def test_pieces_of_one_stream_are_joined_and_what_stands_between_keeps_them_apart() -> None:
    def printed(text: str, name: str = "stdout") -> dict[str, str]:
        return new_output("stream", name=name, text=text)  # type: ignore[no-any-return, no-untyped-call]

    picture = new_output("display_data", data={"text/plain": "picture"})  # type: ignore[no-untyped-call]
    merged = merge_streams(
        [printed("1 %\r"), printed("2 %\n"), printed("warned", "stderr"), picture, printed("end")]  # type: ignore[list-item]
    )
    assert [one.get("text") for one in merged] == ["2 %\n", "warned", None, "end"]
