from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from veritrain_lib.core import project
from veritrain_lib.encoders import vector_store
from veritrain_lib.encoders.base import Encoder


class Lengths(Encoder):
    """An encoder whose vectors can be told by hand; it remembers what it was asked."""

    name = "lengths"
    dimension = 3

    def __init__(self, digest: str = "a" * 64) -> None:
        self._digest = digest
        self.encoded: list[str] = []

    @property
    def digest(self) -> str:
        return self._digest

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += texts
        return np.array([[len(text), text.count("a"), 1] for text in texts], dtype=np.float32)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    return tmp_path


def test_no_text_is_encoded_twice_and_the_order_is_kept() -> None:
    encoder = Lengths()
    first = vector_store.encode(encoder, ["aa", "b", "aa"])
    assert first.tolist() == [[2, 2, 1], [1, 0, 1], [2, 2, 1]]
    second = vector_store.encode(encoder, ["b", "abc", "aa"])
    assert second.tolist() == [[1, 0, 1], [3, 1, 1], [2, 2, 1]]
    assert encoder.encoded == ["aa", "b", "abc"]


def test_another_encoder_has_vectors_of_its_own() -> None:
    other = Lengths("b" * 64)
    vector_store.encode(Lengths(), ["aa"])
    vector_store.encode(other, ["aa"])
    assert other.encoded == ["aa"]


def test_a_damaged_or_locked_store_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    file = project.state("vectors", f"{'a' * 16}.db")
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database" * 1000)
    assert vector_store.encode(Lengths(), ["aa"]).tolist() == [[2, 2, 1]]
    again = Lengths()
    vector_store.encode(again, ["aa"])
    assert again.encoded == [], "the damaged file was made anew"
    monkeypatch.setattr(vector_store, "WAIT_S", 0.01)
    writer = sqlite3.connect(file)
    try:
        writer.execute("BEGIN IMMEDIATE")
        assert vector_store.encode(Lengths(), ["aa", "abc"]).tolist() == [[2, 2, 1], [3, 1, 1]]
    finally:
        writer.close()


def test_the_oldest_vectors_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_store, "MAXIMUM_VECTORS", 3)
    vector_store.encode(Lengths(), ["1", "22", "333"])
    vector_store.encode(Lengths(), ["4444"])
    encoder = Lengths()
    vector_store.encode(encoder, ["22", "333", "4444"])
    assert encoder.encoded == []
    vector_store.encode(encoder, ["1"])
    assert encoder.encoded == ["1"]


def test_several_processes_write_at_once_and_lose_nothing(home: Path) -> None:
    program = (
        "import sys; from tests.encoders.test_vector_store import Lengths; from veritrain_lib.encoders import vector_store\n"
        "for number in range(40): vector_store.encode(Lengths(), [f'{sys.argv[1]} {number}'])"
    )
    root = Path(__file__).resolve().parents[2]
    writers = [subprocess.Popen([sys.executable, "-c", program, name], cwd=root) for name in ("one", "two")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    encoder = Lengths()
    vector_store.encode(encoder, [f"{name} {number}" for name in ("one", "two") for number in range(40)])
    assert encoder.encoded == []
