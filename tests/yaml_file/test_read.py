"""A YAML file is read as plain data with the line of each value; nothing in it makes the reader work without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.yaml_file.read import parse_yaml, read_yaml

NINE = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + NINE
CHAIN = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [*a{n}]\n" for n in range(60))


def test_what_plain_words_mean_and_where_they_stand() -> None:
    document = parse_yaml(
        "top:\n  flag: yes\n  time: 1:30\n  day: 2020-13-45\n  old: 010\n  rate: 1e-3\n", "x"
    )
    assert document.content == {
        "top": {"flag": True, "time": "1:30", "day": "2020-13-45", "old": "010", "rate": 0.001}
    }
    assert document.location(("top", "flag")).line == 2
    assert document.location(("top", "flag")).plain == "yes"
    assert document.location(("top", "day", "deeper")).line == 4
    assert not document.mistakes


def test_aliases_and_merged_keys_are_read() -> None:
    document = parse_yaml("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\n", "x")
    assert document.content == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LAUGHS, "line 5: more than 50,000 values, counting what aliases repeat"),
        (
            "text: &t " + "y" * 500_000 + "\nmany: [" + ", ".join(["*t"] * 100) + "]",
            "more than 50,000 values",
        ),
        ("- \n" * 60_000, "more than 50,000 values"),
        ("a: &a [*a]", "line 1: the anchor &a holds itself"),
        ("a: 1\nb: *c", "line 2: there is no anchor &c above"),
        ("[" * 100_000, "more than 40 mappings and lists within one another"),
        (CHAIN, "more than 40 mappings and lists within one another"),
        ("a: 1\n---\nb: 2", "line 2: a second document begins"),
        ("a: !!python/object/apply:os.system [id]", "asks for an object"),
        ("? [a, b]\n: c", "a key must be a plain text"),
        ("a: [\n", "is not valid YAML: line 2"),
        ("a: \0", "is not valid YAML"),
    ],
)
def test_what_is_no_plain_data_or_expands_without_end_is_refused(text: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_yaml(text, "task.yaml")
    assert told in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, a: the key 'a' occurs twice, in line 1 and line 3"),
        ("a:\n  b: 1\n  b: 1", "line 3, a.b: the key 'b' occurs twice, in line 2 and line 3"),
        ("a: .nan", "line 1, a: .nan is no finite number"),
        ("a: -.inf", "-.inf is no finite number"),
        ("a: 1e999", "1e999 is no finite number"),
        ("a: " + "1" * 5000, "a number of 5000 digits is too large"),
        ("a: 0." + "1" * 5000, "a number of 5002 characters"),
        ('a: "\\0"', "control character"),
        ("no: refund", "the key no is read as false; put it in quotes"),
        ("1: refund", "the key 1 is read as the number 1; put it in quotes"),
    ],
)
def test_values_without_sense_are_mistakes_with_their_line(text: str, told: str) -> None:
    document = parse_yaml(text, "task.yaml")
    assert told in document.format_mistakes(document.mistakes)


def test_all_mistakes_are_told_in_order_and_a_thousand_of_them_are_counted() -> None:
    document = parse_yaml("a: .nan\n" * 1000, "task.yaml")
    told = document.format_mistakes(document.mistakes)
    assert told.startswith("task.yaml has 1999 mistake(s):\n- line 1, a:")
    assert told.endswith("- and 1969 more")


def test_a_file_is_utf8_with_or_without_a_mark_and_of_bounded_size(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes("\ufeffa: ü".encode())
    assert read_yaml(file).content == {"a": "ü"}
    file.write_bytes("a: ü".encode("latin-1"))
    with pytest.raises(UserError, match=r"x\.yaml is not UTF-8 \(byte 3\)"):
        read_yaml(file)
    file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(UserError, match="at most 1,000,000 are read"):
        read_yaml(file)
