from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from veritrain_lib.core import registry
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.encoders.base import Encoder, open_encoder
from veritrain_lib.encoders.of_task import encoder_name, language_warnings


class English(Encoder):
    name = "english"
    dimension = 1
    digest = "a" * 64
    languages = frozenset(["en"])


class AnyLanguage(English):
    name = "any"
    languages = frozenset()


@pytest.fixture(autouse=True)
def _two_encoders(monkeypatch: pytest.MonkeyPatch) -> Any:
    for encoder in (English, AnyLanguage):
        monkeypatch.setitem(registry._added, ("encoders", encoder.name), encoder)
    open_encoder.cache_clear()
    yield
    open_encoder.cache_clear()


def task_in(folder: Path, language: str | None, encoder: str, trainer: str = "encoder_svc") -> Task:
    """Return a task with an input in a language, whose trainer reads an encoder."""
    content = {
        "version": 1,
        "name": "greetings",
        "inputs": {"text": {"language": language} if language else {}},
        "target": {"field": "label", "labels": ["hello", "bye"]},
        "contract": {"type": "object", "required": ["label"]},
        "metrics": [{"name": "accuracy"}],
        "trainer": {"name": trainer, "parameters": {"encoder": encoder}},
        "data": {name: f"{name}.csv" for name in ("seed", "development", "test")},
    }
    for name in ("seed", "development", "test"):
        (folder / f"{name}.csv").write_text("text,label\ngood morning,hello\n", encoding="utf-8")
    (folder / "task.yaml").write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return load_task(folder / "task.yaml")


@pytest.mark.parametrize("encoder", ["english", "use_multilingual+english"])
def test_an_encoder_that_does_not_know_the_inputs_language_is_named(tmp_path: Path, encoder: str) -> None:
    (warning,) = language_warnings(task_in(tmp_path, "ja", encoder))
    assert "encoder english knows only en, and inputs are in ja" in warning


@pytest.mark.parametrize(
    ("language", "encoder", "trainer"),
    [
        ("en", "english", "encoder_svc"),
        ("ja", "use_multilingual", "encoder_svc"),
        (None, "english", "encoder_svc"),
        ("ja", "any", "encoder_svc"),
        ("ja", "english", "tfidf_svc"),
    ],
)
def test_nothing_is_said_where_the_language_is_known_or_nothing_says_that_it_is_not(
    tmp_path: Path, language: str | None, encoder: str, trainer: str
) -> None:
    assert language_warnings(task_in(tmp_path, language, encoder, trainer)) == []


@pytest.mark.parametrize(
    ("language", "encoder"),
    [("en", "use_multilingual+minilm"), ("ja", "use_multilingual"), (None, "use_multilingual")],
)
def test_auto_adds_the_english_encoder_only_where_all_inputs_are_english(
    tmp_path: Path, language: str | None, encoder: str
) -> None:
    assert encoder_name(task_in(tmp_path, language, "auto")) == encoder


def test_a_named_encoder_is_read_whatever_the_language(tmp_path: Path) -> None:
    assert encoder_name(task_in(tmp_path, "en", "use_multilingual")) == "use_multilingual"
