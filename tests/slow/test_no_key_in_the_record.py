"""A canary key is in the environment of real notebooks; however they end, it is nowhere in the project."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.llm.server import API_VERSION, Answer, Fault, Server
from tests.stages.tiny_task import FILLERS, WORDS, write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.stages.record.upstream import run_upstream

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

CANARY = "sk-canary-b81f77c04d2e"
SAYS = f"something is wrong with {CANARY}"
WAYS: dict[str, Fault | Answer] = {
    "429": Fault("429", message=SAYS, headers={"Retry-After": "0.01"}),
    "no quota": Fault("429", message=SAYS, code="insufficient_quota"),
    "the key as the answer": Answer(texts=[SAYS]),
}
"""How an answer may be wrong, each by a command of its own; tests/llm/test_no_key_leaves.py has all kinds, in one process."""
ENDS_WELL = ("429", "the key as the answer")
"""Every row is accounted for: rows that are of no use are such an account."""


class Project:
    """A project whose teacher is a service of ours; commands run as processes of their own."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        teacher = {"name": "llm", "parameters": {"model": "openai:/gpt-4.1-mini", "batch": 3, "at_once": 4}}
        budget = {"rounds": 2, "rows_per_round": 6, "money": 50.0}
        self.task = write_tiny(folder / "task", teacher=teacher, budget=budget)
        self.way: Fault | Answer | None = None
        server.script = self.answer
        self.seeds = iter(range(1, 1000))
        self.asked: dict[str, int] = {}

    def answer(self, body: dict[str, Any]) -> Any:
        """What the service answers: rows, or what this way of going wrong is; a limit is lifted in the end."""
        key = str(body)
        self.asked[key] = self.asked.get(key, 0) + 1
        limited = isinstance(self.way, Fault) and self.way.kind == "429" and self.way.code is None
        if self.way is not None and not (limited and self.asked[key] > 2):
            return self.way
        rng = random.Random(body["seed"])
        words = [word for several in WORDS.values() for word in several]
        rows = [
            rng.sample(words, 4) + rng.sample(FILLERS, 4) + [f"n{rng.randrange(10**9)}"] for _ in range(3)
        ]
        return {"examples": [{"text": " ".join(row)} for row in rows]}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`veritrain ...` with the canary as its key; everything it may write is below the project's folder."""
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "VERITRAIN_HOME": str(self.folder),
            "HOME": str(self.folder),
            "TMPDIR": str(temporary),
            "OPENAI_API_KEY": CANARY,
            "AZURE_OPENAI_KEY": CANARY,
            "OPENAI_BASE_URL": self.server.openai_url,
            "AZURE_OPENAI_ENDPOINT": self.server.azure_url,
            "OPENAI_API_VERSION": API_VERSION,
        }
        return subprocess.run(
            [sys.executable, "-m", "veritrain_lib.cli.main", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    with Server(lambda body: "yes") as server, pytest.MonkeyPatch.context() as patch:
        made = Project(folder, server)
        patch.setenv("VERITRAIN_HOME", str(folder))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        run_upstream(load_task(made.task), "train")
        yield made


def holding(folder: Path, words: Sequence[str]) -> list[str]:
    """The files below a folder in which one of the words is."""
    return [
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and any(word.encode() in file.read_bytes() for word in words)
    ]


@pytest.mark.parametrize("way", list(WAYS))
def test_after_a_notebook_that_ends_in_this_way_the_key_is_nowhere(way: str, project: Project) -> None:
    project.way = WAYS[way]
    before = len(project.server.requests)
    model = ["--model", "models:/tiny@challenger"]
    ended = project.command("generate", str(project.task), *model, "--seed", str(next(project.seeds)))
    assert len(project.server.requests) > before, ended.stderr
    assert all(CANARY in str(seen.headers) for seen in project.server.requests[before:])
    assert (ended.returncode == 0) == (way in ENDS_WELL), ended.stdout + ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    assert list(project.folder.rglob("02_generate.ipynb")), "there is something to look through"
    assert holding(project.folder, [CANARY]) == []
