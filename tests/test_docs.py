"""What the documents say is so: every metric, setting, target and notebook is documented, every link leads somewhere."""

from __future__ import annotations

import ast
import fnmatch
import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from tests.small_task import write_task
from veritrain_lib.core import project, registry
from veritrain_lib.core.stage_list import NAMES
from veritrain_lib.core.task import load_task

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("gates/*.md")]
READMES = ("README.md", "README.zh-CN.md", "README.ja.md")
TRANSLATIONS = READMES[1:]
MIN_FIXED_CHARACTERS = 20
"""Characters of a message's template, placeholders left out, that identify it."""


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_python_file_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"`([\w/]+\.(?:py|ipynb))(?:: \w+)?`", page.read_text(encoding="utf-8")))
    patterns = {name: f"*/{name.replace('NAME', '*')}" for name in named}
    assert {name for name in named if not fnmatch.filter(_files(), patterns[name])} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_make_target_and_every_command_that_a_page_names_is_there(page: Path) -> None:
    text = re.sub(r"```text.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    makefile = read("Makefile")
    rules = re.findall(r"^([^\s:=#]+(?: [^\s:=#]+)*):", makefile, re.MULTILINE)
    targets = {target for line in rules for target in line.split()} | set(NAMES)
    verbs = set(re.findall(r"^## veritrain ([a-z-]+)", read("docs/commands.md"), re.MULTILINE))
    made = set(re.findall(r"(?:^|[`&] ?)make ([a-z][a-z-]*)\b", code, re.MULTILINE))
    called = set(re.findall(r"(?:^|[`/])veritrain ([a-z][a-z-]*)\b", code, re.MULTILINE))
    assert {target for target in made if not target.startswith("bench-")} - targets == set()
    assert called - verbs == set()


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


def test_each_readme_links_to_the_others_in_its_first_line() -> None:
    for name in READMES:
        links = re.findall(r"\]\(([^)]+)\)", read(name).splitlines()[0])
        assert links == [other for other in READMES if other != name]


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_translated_readme_has_the_same_commands_and_output(name: str) -> None:
    assert _code_blocks(name) == _code_blocks("README.md")


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_translated_readme_names_the_same_commands_files_and_settings_in_its_text(name: str) -> None:
    assert _inline_code(name) == _inline_code("README.md")


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_translated_readme_has_the_same_figures_row_by_row(name: str) -> None:
    assert _figures(name) == _figures("README.md")


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_a_translated_readme_has_the_same_links(name: str) -> None:
    assert _links(name) == _links("README.md")


def test_every_message_that_the_troubleshooting_page_quotes_is_one_of_the_product() -> None:
    messages = _quoted_messages()
    assert len(messages) >= 20
    assert [message for message in messages if not _is_printed_by_the_product(message)] == []


@pytest.mark.parametrize(
    "message",
    [
        "the disc has no room left, please free some",
        "veritrain: 127.0.0.1, port 8000, is busy; stop what listens there",
        "dataset support@4 is blocked; only passed datasets can be trained on",
    ],
)
def test_a_message_that_the_product_does_not_print_is_noticed(message: str) -> None:
    assert not _is_printed_by_the_product(message)


@cache
def _files() -> tuple[str, ...]:
    folders = ("veritrain_lib", "benchmarks", "tests", "notebooks")
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*.*"))
    return tuple(
        f"/{path.relative_to(ROOT).as_posix()}" for path in paths if path.suffix in (".py", ".ipynb")
    )


def _code_blocks(name: str) -> list[str]:
    """Return the code blocks of a page without the comments behind commands, which are translated."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", read(name), re.MULTILINE | re.DOTALL)
    return [re.sub(r" +# .*", "", block) for block in blocks]


def _prose(name: str) -> str:
    return re.sub(r"^```.*?^```", "", read(name), flags=re.MULTILINE | re.DOTALL)


def _inline_code(name: str) -> list[str]:
    """Return what stands in backticks, sorted: sentences of another language have another order."""
    return sorted(re.findall(r"`([^`\n]+)`", _prose(name)))


def _figures(name: str) -> list[list[str]]:
    """Return the numbers of each row of the table of measured claims."""
    table = read(name).partition("<!-- figures -->")[2].partition("<!-- end of figures -->")[0]
    return [re.findall(r"\d[\d.,]*(?<![.,])", line) for line in table.strip().splitlines()]


def _links(name: str) -> list[str]:
    return sorted(re.findall(r"\]\(([^)]+)\)", "\n".join(read(name).splitlines()[1:])))


def _quoted_messages() -> list[str]:
    """Return the messages that the page quotes: each line of a text block, with the indented lines after it."""
    blocks = re.findall(r"^```text\n(.*?)\n```", read("docs/troubleshooting.md"), re.MULTILINE | re.DOTALL)
    return [message for block in blocks for message in re.split(r"\n(?! )", block)]


def _is_printed_by_the_product(message: str) -> bool:
    """Return whether a text of the library or of the Makefile, its placeholders filled in, is part of the message."""
    return any(
        max(parts, key=len) in message and re.search(".+?".join(map(re.escape, parts)), message)
        for parts in _message_templates()
    )


@cache
def _message_templates() -> tuple[list[str], ...]:
    """Return the fixed parts of each text of the library, and of what the Makefile prints."""
    templates = []
    for path in (ROOT / "veritrain_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                values = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
                templates.append([value for value in values if isinstance(value, str)])
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                templates.append(node.value.split("%s"))
    variable = r"\$?\$\((?:[^()]|\([^()]*\))*\)"  # of make, and of the shell with one of make inside
    templates.extend(re.split(variable, text) for text in re.findall(r'echo "([^"]+)"', read("Makefile")))
    return tuple(parts for parts in templates if len("".join(parts)) >= MIN_FIXED_CHARACTERS)


def test_everything_in_the_state_folder_is_in_the_table_of_the_architecture() -> None:
    text = read("ARCHITECTURE.md").partition("| in `.veritrain/` |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in text.splitlines()[2:]]
    named = [place.partition("/")[0] for cell in cells for place in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(get_args(project.StatePlace))
