import sys
from pathlib import Path
from subprocess import run

import pytest

from veritrain_lib.reporting.pictures import loop
from veritrain_lib.reporting.pictures.__main__ import main
from veritrain_lib.reporting.render import svg

ROOT = Path(__file__).resolve().parents[3]


def test_the_picture_of_the_readme_is_the_one_the_command_makes() -> None:
    assert (ROOT / "docs" / "loop.svg").read_bytes() == svg(loop()), (
        "run: python -m veritrain_lib.reporting.pictures docs/loop.svg"
    )


def test_the_command_writes_the_file_named(tmp_path: Path) -> None:
    target = tmp_path / "loop.png"
    command = [sys.executable, "-W", "error", "-m", "veritrain_lib.reporting.pictures", str(target)]
    run(command, check=True, cwd=ROOT)
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [[], ["loop.pdf"], ["a.svg", "b.svg"]])
def test_wrong_use_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")
