from __future__ import annotations

import pytest

from veritrain_lib.core.task import Task


@pytest.fixture
def task() -> Task:
    return Task.model_validate(
        {
            "version": 1,
            "name": "weather",
            "inputs": {"text": {}},
            "target": {"field": "label", "labels": ["rain", "snow", "sun"]},
            "contract": {
                "type": "object",
                "required": ["label", "candidates"],
                "properties": {
                    "label": {"enum": ["rain", "snow", "sun"]},
                    "candidates": {"type": "array", "minItems": 2},
                },
            },
            "metrics": [{"name": "accuracy"}],
            "data": {"seed": "seed.csv", "development": "development.csv", "test": "test.csv"},
        }
    )
