"""One list says which stages there are and in which order; whatever else names all of them agrees with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from veritrain_lib.cli.main import COMMANDS, VeritrainGroup
from veritrain_lib.cli.stage import StageCommand
from veritrain_lib.core.stage_list import NAMES, STAGES, notebook_name
from veritrain_lib.reporting.pictures.loop import BOXES
from veritrain_lib.stages.base import spec_of
from veritrain_lib.stages.stage_result import StageResult

ROOT = Path(__file__).resolve().parents[2]


def test_notebooks_and_folders_are_those_of_the_list() -> None:
    numbered = sorted(path.name for path in (ROOT / "notebooks").glob("0[1-9]_*.ipynb"))
    assert numbered == [notebook_name(name) for name in NAMES]
    folders = {path.parent.name for path in (ROOT / "veritrain_lib" / "stages").glob("*/record.py")}
    assert folders == set(NAMES)


def test_make_and_the_command_line_have_them_in_the_same_order() -> None:
    printed = subprocess.run(
        ["make", "-s", "--no-print-directory", "--eval", "stages: ; @echo $(STAGES)", "stages"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert printed.stdout.split() == list(NAMES)
    assert [name for name in COMMANDS if name in NAMES] == list(NAMES)
    for stage in STAGES:
        command = VeritrainGroup().get_command(None, stage.name)  # type: ignore[arg-type]
        assert isinstance(command, StageCommand)
        assert (command.name, command.short_help) == (stage.name, stage.purpose)


def test_pictures_and_summaries_have_a_place_for_each() -> None:
    assert [name for name in BOXES if name in NAMES] == list(NAMES)
    for name in NAMES:
        result = spec_of(name).RESULT
        assert result.box_texts is not StageResult.box_texts, f"{name} shows nothing in the diagram"
