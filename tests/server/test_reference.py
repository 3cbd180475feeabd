"""The server's documents say what is there."""

from __future__ import annotations

import re
from pathlib import Path

from veritrain_lib.server.reference import PAGE, with_table

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_routes_is_the_apis() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "run: python -m veritrain_lib.server.reference"


def test_every_setting_of_the_environment_is_in_the_example_file() -> None:
    """Whatever is read from `.env` has a line there to fill in."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "veritrain_lib").rglob("*.py"))
    read = re.findall(r'\b(?:setting|project_setting|_several|_number)\(\s*"([A-Z_]+)"', code)
    keys = re.findall(r'"((?:AZURE_OPENAI|OPENAI)_[A-Z_]+)"', code)
    shown = set(
        re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert read
    assert {*read, *keys} - {"AZURE_OPENAI_API_VERSION"} <= shown


def test_the_metrics_that_are_named_are_given() -> None:
    named = set(re.findall(r"^\| `(veritrain_\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    from veritrain_lib.server.observability import gauges, job_gauges, metrics

    source = "".join(
        Path(str(one.__file__)).read_text(encoding="utf-8") for one in (gauges, job_gauges, metrics)
    )
    made = set(re.findall(r'"(veritrain_\w+)"', source))
    assert {name.removesuffix("_total") for name in named} == made
