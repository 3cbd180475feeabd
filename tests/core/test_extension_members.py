"""Extensions declare every member: nothing is looked for that a base class does not name."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.base import Metric, metric_class
from veritrain_lib.teachers.base import Teacher
from veritrain_lib.trainers.base import Fitted, Trainer, trainer_class

LIBRARY = Path(__file__).resolve().parents[2] / "veritrain_lib"
DECLARED = {
    member for base in (Metric, Trainer, Fitted, Teacher) for member in (*vars(base), *base.__annotations__)
    if not member.startswith("_")
}  # fmt: skip


class Mine(Trainer):
    """A third party's trainer that inherits: only what it must say itself."""

    name = "mine"

    def train(self, task: Any, rows: Any, *, seed: int) -> Any:
        raise NotImplementedError


def test_who_inherits_has_the_defaults() -> None:
    registry.register("trainers", "mine", Mine)
    found = trainer_class("mine")
    assert (found.answers, found.parameter_names, found.paid, found.slow) == (
        ("labels", "text"),
        (),
        False,
        False,
    )
    assert Mine().ingredients(SimpleNamespace()) == {}  # type: ignore[arg-type]
    assert Mine().on_step is None


def test_who_neither_inherits_nor_has_all_is_refused_by_what_is_missing() -> None:
    class Bare:
        name = "bare"
        paid = slow = False
        parameter_names = ()
        on_step = None

        def train(self) -> None: ...

    registry.register("trainers", "bare", Bare)
    with pytest.raises(
        UserError, match=r"trainer 'bare' lacks answers, ingredients: let its class inherit from"
    ):
        trainer_class("bare")


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_every_built_in_metric_has_every_member(name: str) -> None:
    assert Metric in metric_class(name).__mro__


@pytest.mark.parametrize("name", registry.names("trainers"))
def test_every_built_in_trainer_has_every_member(name: str) -> None:
    assert Trainer in trainer_class(name).__mro__


def test_no_declared_member_is_looked_for_by_its_name() -> None:
    looked_for = []
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id not in ("getattr", "hasattr") or not isinstance(node.args[1], ast.Constant):
                continue
            if node.args[1].value in DECLARED | {"missing", "unfit"}:
                looked_for.append(f"{path.relative_to(LIBRARY)}:{node.lineno}: {node.args[1].value}")
    assert not looked_for, "\n".join(looked_for)
