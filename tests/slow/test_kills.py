"""The whole loop by real notebooks, disturbed or doubled, comes to what an undisturbed one comes to, and leaves nothing.

One of the trials each of `make bench-kills` and `make bench-together`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.kills import LONGEST_S, Trial, run_trial
from benchmarks.loop_project import Project, copy_of_code
from benchmarks.together import one_try

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400), pytest.mark.xdist_group("kills")]


@dataclass
class Calm:
    """What an undisturbed loop came to, in how many seconds, and the copy of the code that it ran by."""

    code: Path
    outcome: dict[str, Any]
    seconds: float


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calm]:
    code = copy_of_code(tmp_path_factory.mktemp("checkout"))
    # a short path: those of sockets may have about 107 bytes
    project = Project.make(tmp_path_factory.mktemp("calm") / "p", code)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(project.home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        began = time.monotonic()
        try:
            assert project.loop().wait(LONGEST_S) == 0, project.log()[-2000:]
            seconds = time.monotonic() - began
            project.wait_until_alone(60)
            assert not any(project.left().values())
            yield Calm(code, project.outcome(), seconds)
        finally:
            project.end()


def test_a_killed_loop_goes_on_by_the_same_command_and_leaves_nothing(calm: Calm, tmp_path: Path) -> None:
    moment = random.Random("tree").uniform(0.2, 0.8) * calm.seconds
    trial = run_trial(Trial(0, "tree", moment), tmp_path / "p", calm.code, calm.outcome)
    assert trial.clean, trial


def test_two_loops_at_once_do_each_stage_once_though_one_is_killed(calm: Calm, tmp_path: Path) -> None:
    project = Project.make(tmp_path / "p", calm.code)
    try:
        result = one_try(project, 2, 0.4 * calm.seconds, random.Random(1))
    finally:
        project.end()
    assert result.pop("outcome") == calm.outcome
    for name in ("ended_well", "one_run_of_the_loop", "each_stage_once", "alias_is_what_was_said"):
        assert result[name], result
    assert not result["left"]
