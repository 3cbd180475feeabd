"""What the documents say is so: every metric, setting, target and notebook is documented, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.small_task import write_task
from veritrain_lib.core import registry
from veritrain_lib.core.task import load_task

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("gates/*.md")]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_metric_is_documented_with_its_version_and_direction(tmp_path: Path) -> None:
    lines = re.findall(r"^\| `(\w+)` \| (\d+) \| (higher|lower) \|", read("docs/metrics.md"), re.MULTILINE)
    task = load_task(write_task(tmp_path))
    metrics = [registry.get("metrics", name)(task) for name in registry.names("metrics")]
    real = [(one.name, str(one.version), "higher" if one.higher_is_better else "lower") for one in metrics]
    assert sorted(lines) == sorted(real)


def test_every_environment_variable_is_documented_and_none_is_made_up() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "veritrain_lib").rglob("*.py"))
    named = set(
        re.findall(
            r"\b(?:(?:VERITRAIN|MLFLOW|AZURE_OPENAI|OPENAI|ALLOWED)_[A-Z_]+|[A-Z]+_URL|SECRET_KEY|PROMETHEUS_[A-Z_]+)\b",
            code,
        )
    )
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", read("docs/settings.md"), re.MULTILINE))
    assert named == documented


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [one for one in targets if "://" not in one and not (page.parent / one).exists()]
    assert not missing


def test_every_notebook_is_in_the_readme() -> None:
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert names == {name for name in names if f"`{name}`" in read("README.md")}


def test_the_readme_begins_with_what_it_is_a_picture_and_the_two_commands() -> None:
    first = "\n".join(read("README.md").splitlines()[:16])
    assert "docs/loop.svg" in first
    assert "make loop" in first
    assert "make test" in first


@pytest.mark.parametrize("target", re.findall(r"make (bench-[a-z-]+)", read("README.md")))
def test_every_benchmark_that_the_readme_names_is_there(target: str) -> None:
    name = target.removeprefix("bench-").replace("-", "_")
    assert any((ROOT / "benchmarks" / where).is_file() for where in (f"{name}.py", f"{name}/__main__.py"))
