"""The parameters cell: reading, checking, the command line, and papermill's injected cell."""

from __future__ import annotations

import math
from pathlib import Path

import nbformat
import pytest

from tests.execution.zoo_of_notebooks import ZOO
from veritrain_lib.execution import (
    Parameter,
    ParameterError,
    check_injected,
    check_parameters,
    parse_assignments,
    read_parameters,
)
from veritrain_lib.execution.parameter_types import ParameterType, UnsupportedType

NOTEBOOK = ZOO / "parameters.ipynb"


def notebook(tmp_path: Path, *sources: str) -> Path:
    """A notebook whose cells, all tagged `parameters`, have these sources."""
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]}) for source in sources]
    path = tmp_path / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_parameters_cell_is_read() -> None:
    parameters = read_parameters(NOTEBOOK)

    assert parameters[0] == Parameter("seed", "int", 0, "RNG seed")
    assert [p.annotation for p in parameters] == [
        "int", "float", "str", "bool", "int | None", "list[str]", "Literal['fast', 'full']", "int",
    ]  # fmt: skip
    assert parameters[-1] == Parameter("plain", "int", 3, "")
    assert read_parameters(ZOO / "good.ipynb") == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sed": 1}, "Unknown parameter 'sed'. Did you mean 'seed'? Allowed are dry, limit, mode, plain"),
        ({"zzz": 1}, "Unknown parameter 'zzz'. Allowed are dry"),
        ({"seed": "007"}, "'seed' is '007' (str), but int is expected."),
        ({"seed": True}, "'seed' is True (bool), but int is expected."),
        ({"seed": 1.0}, "'seed' is 1.0 (float), but int is expected."),
        ({"seed": None}, "'seed' is None, but int is expected."),
        ({"rate": True}, "'rate' is True (bool), but float is expected."),
        ({"dry": 1}, "'dry' is 1 (int), but bool is expected."),
        ({"dry": "true"}, "'dry' is 'true' (str), but bool is expected."),
        ({"task": 7}, "'task' is 7 (int), but str is expected."),
        ({"task": Path("a")}, "'task' is PosixPath('a') (PosixPath), but str is expected."),
        ({"slices": ["a", 1]}, "but list[str] is expected."),
        ({"slices": ("a",)}, "but list[str] is expected."),
        ({"mode": "slow"}, "'mode' is 'slow' (str), but Literal['fast', 'full'] is expected."),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_wanted(given, said) -> None:
    with pytest.raises(ParameterError) as caught:
        check_parameters(NOTEBOOK, given)

    assert said in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ParameterError, match=r"(?s)Unknown parameter 'sed'.*'dry' is 1"):
        check_parameters(NOTEBOOK, {"sed": 1, "dry": 1})


def test_right_parameters_come_back_unchanged() -> None:
    given = {"rate": 1, "limit": None, "slices": [], "seed": 10**20}

    assert check_parameters(NOTEBOOK, given) == given
    assert type(check_parameters(NOTEBOOK, given)["rate"]) is int


def test_a_notebook_without_parameters_takes_none() -> None:
    assert check_parameters(ZOO / "good.ipynb", {}) == {}
    with pytest.raises(ParameterError, match="It has no parameters"):
        check_parameters(ZOO / "good.ipynb", {"seed": 1})


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (["a = 1", "b = 2"], "2 cells tagged `parameters`"),
        (["%matplotlib inline"], "is not plain Python"),
        (["a: int = int('3')"], "the default int('3'), which is computed"),
        (["a: int = None"], "is int, but its default is None"),
        (["a: Path = 'x'"], "'Path' is not a type a parameter can have"),
        (["a: tuple[int] = (1,)"], "is not a type a parameter can have"),
    ],
)
def test_a_parameters_cell_with_a_mistake_is_refused(tmp_path, sources, said) -> None:
    with pytest.raises(ParameterError) as caught:
        read_parameters(notebook(tmp_path, *sources))

    assert said in str(caught.value)


def test_comments_and_long_values_are_read(tmp_path: Path) -> None:
    source = "# first\na: list[int] = [  # opening\n    1,\n]  # the # list\n"
    source += "b = '#no comment'\nc = 1; d = -2.5  # both\n"

    parameters = read_parameters(notebook(tmp_path, source))

    assert [(p.name, p.default, p.comment) for p in parameters] == [
        ("a", [1], "the # list"),
        ("b", "#no comment", ""),
        ("c", 1, "both"),
        ("d", -2.5, "both"),
    ]


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("task=007", "007"),
        ("task=true", "true"),
        ("task=a=b", "a=b"),
        ("task=", ""),
        ("task= spaced ", " spaced "),
        ("seed=-3", -3),
        ("rate=1", 1.0),
        ("rate=1e-3", 0.001),
        ("dry=true", True),
        ("dry=False", False),
        ("limit=none", None),
        ("limit=5", 5),
        ('slices=["a", "b"]', ["a", "b"]),
        ("mode=full", "full"),
    ],
)
def test_assignments_are_read_by_the_declared_type(assignment, value) -> None:
    (read,) = parse_assignments([assignment], NOTEBOOK).values()

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["seed"], "'seed' is not an assignment: write name=value."),
        (["seed=1", "seed=2"], "'seed' is given twice"),
        (["sed=1"], "Did you mean 'seed'?"),
        (["seed=1.5"], "'seed': '1.5' can't be read as int."),
        (["dry=yes"], "'dry': 'yes' can't be read as bool."),
        (["mode=slow"], "'slow' can't be read as Literal['fast', 'full']"),
        (["slices=a,b"], "'a,b' can't be read as list[str]"),
        (["slices=[1]"], "'[1]' can't be read as list[str]"),
    ],
)
def test_assignments_that_can_not_be_read_are_refused(assignments, said) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_assignments(assignments, NOTEBOOK)

    assert said in str(caught.value)


def test_text_or_nothing_is_told_apart() -> None:
    assert ParameterType("str | None").from_text("none") == "none"
    assert ParameterType("str | None").from_text("None") is None
    assert ParameterType("int | str").from_text("12") == 12
    assert ParameterType("Optional[float]").from_text("null") is None


def test_types_are_read_however_they_are_written() -> None:
    assert ParameterType(int).fits(3)
    assert ParameterType(list[str]).fits(["a"])
    assert ParameterType(int | None).fits(None)
    assert ParameterType("typing.Optional[typing.Dict[str, int]]").fits({"a": 1})
    assert ParameterType("'int'").fits(1)
    assert not ParameterType("dict").fits({1: "papermill would make the key text"})
    assert not ParameterType("list").fits([Path("papermill would make it text")])
    with pytest.raises(UnsupportedType, match="not a type"):
        ParameterType("int |")


def test_what_papermill_injected_is_checked() -> None:
    allowed = {"seed": int, "rate": float, "task": "str | None"}
    cells = [
        "",
        "seed: int = 0\nrate: float = 0.5",
        "# Parameters\nseed = 3\nrate = float('nan')\ntask = None\n",
    ]

    injected = check_injected(cells, allowed)

    assert (injected["seed"], injected["task"]) == (3, None)
    assert math.isnan(injected["rate"])
    assert check_injected(cells[:2], allowed) == {}
    for source, said in [
        ("sed = 3", "Unknown parameter 'sed'. Did you mean 'seed'?"),
        ("task = 7", "'task' is 7 (int), but str | None is expected."),
        ("seed = 'true'", "'seed' is 'true' (str), but int is expected."),
        ("seed = print", "which is not a plain value"),
    ]:
        with pytest.raises(ParameterError) as caught:
            check_injected([*cells[:2], f"# Parameters\n{source}\n"], allowed)
        assert said in str(caught.value)
