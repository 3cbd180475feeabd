"""What annotation tools export is understood."""

from __future__ import annotations

import json

import pytest

from veritrain_lib.reading.exports import joined_labels, unwrap
from veritrain_lib.reading.files import read_bytes


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("billing", "billing"), ('["billing"]', "billing"), ('{"choices": ["billing"]}', "billing"), ("[]", ""),
        ('[{"value": "billing", "status": "submitted"}]', "billing"), ('{"rating": 4}', "4"), ("[sic] text", "[sic] text"),
        ('[{"value": "access", "status": "discarded"}, {"value": "billing", "status": "submitted"}]', "billing"),
        ('["billing", "billing"]', "billing"), ('{"name": "a JSON answer"}', '{"name": "a JSON answer"}'),
    ],
)  # fmt: skip
def test_a_single_answer_is_taken_out_and_others_stay(cell: str, answer: str) -> None:
    found = unwrap([cell])
    assert (found.values, found.faults) == ([answer], [])


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('["billing", "access"]', "row 1: holds 2 answers ('billing', 'access'), and a row needs one"),
        ('{"choices": ["a", "b"]}', "holds 2 answers"),
        ('[{"value": "a"}, {"value": "b"}]', "holds 2 answers"),
        ('[[0, 5, "PER"]]', "holds marked spans"),
        ('[{"start": 0, "end": 5, "labels": ["PER"]}]', "holds marked spans"),
    ],
)
def test_several_answers_and_spans_are_faults_of_their_row(cell: str, said: str) -> None:
    assert said in str(unwrap([cell]).faults[0])


def test_label_studios_json_is_one_row_an_annotation() -> None:
    def annotated(who: int, choice: str) -> dict[str, object]:
        result = [{"from_name": "topic", "type": "choices", "value": {"choices": [choice]}}]
        return {"completed_by": who, "result": result}

    tasks = [
        {"id": 1, "data": {"text": "hello"}, "annotations": [annotated(1, "a"), annotated(2, "b")]},
        {"id": 2, "data": {"text": "bye"}, "annotations": [{"was_cancelled": True}]},
    ]
    table = read_bytes("export.json", json.dumps(tasks).encode())
    assert table.columns == ["text", "annotator", "topic"]
    assert [(row[0], row[1], unwrap([row[2]]).values[0]) for row in table.rows] == [
        ("hello", "1", "a"), ("hello", "2", "b"), ("bye", "", ""),
    ]  # fmt: skip
    assert list(table.numbers) == [1, 1, 2]
    assert "Label Studio: 3 annotations of 2 texts" in table.notes[0]


def test_argillas_json_has_its_fields_at_the_top() -> None:
    record = {
        "id": "x",
        "fields": {"text": "hello"},
        "responses": {"label": [{"value": "a", "status": "submitted"}]},
    }
    table = read_bytes("export.json", json.dumps([record]).encode())
    assert table.columns == ["text", "label"]
    assert unwrap([table.rows[0][1]]).values == ["a"]


@pytest.mark.parametrize("sign", ["#", "|", ";", ",", ", "])
def test_labels_joined_in_one_cell_are_a_fault_of_their_row(sign: str) -> None:
    faults = joined_labels(["billing", f"billing{sign}access", "access"], [1, 2, 3])
    assert [fault.row for fault in faults] == [2]
    assert "holds 2 answers ('billing', 'access', joined by" in str(faults[0])


@pytest.mark.parametrize("label", ["C#", "Smith, John", "billing#", "billing, other", "#", ""])
def test_a_label_that_contains_a_joining_sign_is_one_label(label: str) -> None:
    assert joined_labels(["billing", label, "access", ""], [1, 2, 3, 4]) == []
