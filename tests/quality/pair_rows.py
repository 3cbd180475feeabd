"""A small real translation task: pairs of a made-up grammar whose words answer each other one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from gate_rows import make_context

from veritrain_lib.core.task import Task
from veritrain_lib.quality.context import Context

SUBJECTS = {
    "私": "i",
    "彼": "he",
    "彼女": "she",
    "先生": "the teacher",
    "母": "my mother",
    "犬": "the dog",
    "友達": "my friend",
}
OBJECTS = {"本": "a book", "手紙": "a letter", "車": "the car", "魚": "fish", "音楽": "music", "歴史": "history", "牛乳": "milk",
           "新聞": "the newspaper", "写真": "a photo", "時計": "the watch", "帽子": "a hat", "地図": "the map"}  # fmt: skip
VERBS = {"買いました": "bought", "見ました": "saw", "好きです": "likes", "忘れました": "forgot", "探しています": "is looking for",
         "売りました": "sold", "待っています": "is waiting for", "隠しました": "hid"}  # fmt: skip
PLACES = {
    "駅で": "at the station",
    "学校で": "at school",
    "昨日": "yesterday",
    "台所で": "in the kitchen",
    "京都で": "in kyoto",
}


def parallel_task() -> Task:
    return Task.model_validate(
        {
            "version": 1, "name": "pairs", "inputs": {"ja": {"language": "ja"}}, "target": {"field": "en", "language": "en"},
            "contract": {"type": "object", "properties": {"en": {"type": "string", "maxLength": 200}}},
            "metrics": [{"name": "accuracy"}], "data": {"seed": "s.csv", "development": "d.csv", "test": "t.csv"},
            "gate": "parallel",
        }
    )  # fmt: skip


def pairs(count: int, seed: int = 0) -> pd.DataFrame:
    """Different sentences of the grammar, at most 3360."""
    every = [
        (f"{s}は{p}{o}を{v}。", f"{se} {ve} {oe} {pe} .")
        for s, se in SUBJECTS.items() for o, oe in OBJECTS.items() for v, ve in VERBS.items() for p, pe in PLACES.items()
    ]  # fmt: skip
    chosen = np.random.default_rng(seed).permutation(len(every))[:count]
    return pair_rows([every[at] for at in chosen])


def pair_rows(found: list[tuple[str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=["ja", "en"], dtype=object)
    table.insert(0, "id", [f"p{at}" for at in range(len(table))])
    return table.assign(source="synthetic", provenance="{}")


def pair_context(trusted: pd.DataFrame | None = None, seed: int = 0) -> Context:
    nothing = pair_rows([])
    known = nothing if trusted is None else trusted.assign(source="human")
    return make_context(
        parallel_task(), accepted_rows=known, development=nothing, test_inputs=nothing, fit=None, seed=seed
    )
