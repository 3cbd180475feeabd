"""A small real task, frames of its rows, and a student that is quick to train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from veritrain_lib.core.digest import of_example
from veritrain_lib.core.task import Task
from veritrain_lib.quality.context import Context
from veritrain_lib.quality.suite import Suite, make_suite

WORDS = {
    "login": ["password", "login", "account locked", "sign in", "reset link", "access denied"],
    "refund": ["refund", "money back", "charged twice", "overcharged", "reimburse", "credit my card"],
    "bug": ["crash", "error page", "export broken", "app freezes", "wrong totals", "blank screen"],
}
FRAMES = ["since monday the {} bothers our whole office", "please look into {} for workspace {n}",
          "my colleague {n} asks about the {} again", "we need help: {}, order {n}", "{} again today, ticket {n}"]  # fmt: skip


def make_task(
    language: str | None = None, inputs: tuple[str, ...] = ("text",), labels: Any = ("bug", "login", "refund")
) -> Task:
    return Task.model_validate(
        {
            "version": 1,
            "name": "tiny",
            "inputs": {name: {"language": language} for name in inputs},
            "target": {"field": "label", "labels": list(labels) if labels else None},
            "contract": {},
            "metrics": [{"name": "accuracy"}],
            "data": {"seed": "s.csv", "development": "d.csv", "test": "t.csv"},
        }
    )


def make_rows(
    texts: list[Any], labels: str | list[str] = "bug", source: str = "pool", provenance: str = "{}"
) -> pd.DataFrame:
    answers = [labels] * len(texts) if isinstance(labels, str) else labels
    return pd.DataFrame(
        {
            "id": [
                of_example({"text": str(text), "at": str(at), "source": source})
                for at, text in enumerate(texts)
            ],
            "text": pd.Series(texts, dtype=object),
            "label": pd.Series(answers, dtype=object),
            "source": source,
            "provenance": provenance,
        }
    )


def traffic(count: int, start: int = 0) -> pd.DataFrame:
    """Clean distinct rows of the three labels in turn."""
    texts, labels = [], []
    for number in range(start, start + count):
        label = list(WORDS)[number % 3]
        subject = WORDS[label][(number // 3) % 6]
        texts.append(
            FRAMES[number % 5].replace("{n}", str(1000 + 7 * number)).format(subject) + f" ({number * 13})"
        )
        labels.append(label)
    return make_rows(texts, labels)


@dataclass
class Nearest:
    """A tiny real student: multinomial naive Bayes over words, with scores that sum to 1."""

    labels: list[str]
    model: Any
    encoder: Any

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        scores: np.ndarray = self.model.predict_proba(self.encoder.transform(rows["text"]))
        return scores


def fit(rows: pd.DataFrame) -> Nearest:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    encoder = CountVectorizer()
    model = MultinomialNB().fit(encoder.fit_transform(rows["text"]), rows["label"])
    return Nearest([str(label) for label in model.classes_], model, encoder)


def make_context(task: Task | None = None, **parts: Any) -> Context:
    """A context without trusted or held-out rows, unless given."""
    empty = make_rows([])
    given = {
        "accepted_rows": empty,
        "development": empty,
        "test_inputs": empty,
        "fit": fit,
        "seed": 0,
        **parts,
    }
    return Context(task=task or make_task(), **given)


def rule(check: str | None = "empty", rule_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """One expectation of a suite; `changes` replace keys of meta, `mostly` and `severity`."""
    name = rule_id or check or "stock"
    meta = {
        "rule": name,
        "needs_label": False,
        "action": "quarantine",
        "reason": "r",
        "owner": "o",
        "source": "s",
    }
    if check:
        meta["check"] = check
    kwargs = {"column": f"ok_{name}", "value_set": [True], "mostly": changes.pop("mostly", 0.9)}
    severity = changes.pop("severity", "critical")
    return {
        "type": changes.pop("type", "expect_column_values_to_be_in_set"),
        "kwargs": changes.pop("kwargs", kwargs),
        "severity": severity,
        "meta": {**meta, **changes},
    }


def content(*rules: dict[str, Any], **dataset: Any) -> dict[str, Any]:
    limits = {"minimum_rows": 1, "minimum_accepted_share": 0.1, "minimum_rows_per_label": 0, **dataset}
    return {"name": "tiny", "version": 1, "dataset": limits, "expectations": list(rules)}


def suite(*rules: dict[str, Any], **dataset: Any) -> Suite:
    return make_suite(content(*rules, **dataset))
