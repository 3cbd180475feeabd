"""A gate suite: our own JSON file, loaded fail-closed.

Great Expectations drops an expectation it does not know with a log line and calls an empty suite a success,
so everything is checked here first and refused by name.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from veritrain_lib.core import project, registry
from veritrain_lib.core.digest import of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.trust import door

IN_SET = "expect_column_values_to_be_in_set"
AT_MOST = "expect_column_max_to_be_between"
Action = Literal["quarantine", "warn"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """Base of every part of a suite file: frozen, unknown keys forbidden, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DatasetRules(Part):
    """When the dataset as a whole is blocked, whatever its rows say.

    `minimum_rows`: accepted rows needed; `minimum_accepted_share`: of the rows judged; `minimum_rows_per_label`:
    rows, accepted now or trusted before, that every label of the task needs (0 turns coverage off);
    `maximum_removed_share`: of the rows of any one label or slice value, held against the low end of the share's 95 %
    interval (1 turns it off).
    """

    minimum_rows: Annotated[int, Field(ge=1)] = 1
    minimum_accepted_share: Share = 0.5
    minimum_rows_per_label: Count = 1
    maximum_removed_share: Share = 1.0


class Meta(Part):
    """What the workbench adds to an expectation.

    `rule` is its id; `check` the row check that fills the column `ok_<rule>` (None for a stock expectation on
    a raw column) and `parameters` what it is given; `needs_label` keeps it out of the screening of a pool;
    `action` is what happens to a row it rejects, `on_uncertain` the same for a row that was chosen for its
    uncertainty (default: `action`); `reason` tells a person why, `owner` who answers for it, `source` where
    the rule or its threshold is from.
    """

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    check: str | None = None
    parameters: dict[str, Any] = {}
    needs_label: bool
    action: Action
    on_uncertain: Action | None = None
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    source: str = Field(min_length=1)


class Rule(Part):
    """One expectation. `severity` critical blocks the dataset when it fails; warning and info only tell."""

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"]
    meta: Meta

    @property
    def id(self) -> str:
        """The rule's id, by which results are matched."""
        return self.meta.rule

    @property
    def measures(self) -> bool:
        """Whether it holds one number about the whole dataset against a limit, instead of judging rows."""
        return self.meta.check is not None and self.type == AT_MOST

    @property
    def column(self) -> str:
        """The column that its check fills: `ok_<rule>`, or `measure_<rule>` for a number about the dataset."""
        return f"{'measure' if self.measures else 'ok'}_{self.id}"

    @property
    def limit(self) -> float:
        """The share of rejected rows above which the rule fails: 1 - `mostly`; for a number about the whole
        dataset the largest one allowed, `max_value`."""
        if self.measures:
            return float(self.kwargs["max_value"])
        return round(1.0 - float(self.kwargs.get("mostly", 1.0)), 12)


class SuiteFile(Part):
    """A suite file whose keys and values are right; whether its rules exist is not known yet."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    version: Annotated[int, Field(ge=1)]
    notes: str = ""
    dataset: DatasetRules
    expectations: list[Rule] = Field(min_length=1)


@dataclass(frozen=True)
class Suite:
    """A checked suite. `digest` is of the file's content (key order and spacing do not count) and of the code of
    rules that are not ours."""

    name: str
    version: int
    notes: str
    dataset: DatasetRules
    rules: tuple[Rule, ...]
    digest: str


def load_suite(name: str | Path) -> Suite:
    """Load a suite by its name in `gates/` or by the path of a JSON file.

    Raises UserError for a file that is not there or no JSON, an unknown or missing key, an unknown
    expectation type, kwarg, check or parameter, a rule id used twice, or a suite without a rule.
    """
    path, text = _text(name)
    # A condition on rows is an expression that pandas evaluates.
    door.own_file(path, f"the gate suite {path.name}")
    if (path.name, text) in _at_hand:
        return _at_hand[path.name, text]
    suite = make_suite(_content(path, text), where=path.name)
    if _only_ours(suite):
        _at_hand[path.name, text] = suite
    return suite


def read_suite(name: str | Path) -> SuiteFile:
    """Read a suite file, as `load_suite` finds it, without looking whether its rules exist.

    Raises UserError for a file that is not there or no JSON, an unknown or missing key, and a rule id used twice.
    """
    path, text = _text(name)
    return _checked_file(_content(path, text), path.name)


def _text(name: str | Path) -> tuple[Path, str]:
    path = Path(name)
    if path.suffix != ".json":
        path = project.gates() / f"{name}.json"
    if not _is_file(path):
        known = ", ".join(sorted(one.stem for one in project.gates().glob("*.json"))) or "none"
        raise UserError(
            f"no gate suite {str(name)[:120]}: {str(path)[:300]} is not there. Suites in gates/: {known}"
        )
    try:
        return path, path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"gate suite {path.name} is no JSON: {error}") from error
    except OSError as error:
        raise UserError(f"gate suite {path.name} can't be read: {error}") from error


def _content(path: Path, text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_number, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise UserError(f"gate suite {path.name} is no JSON: {error}") from error
    except RecursionError as error:
        raise UserError(
            f"gate suite {path.name} holds hundreds of lists or objects within one another; a suite has five"
        ) from error


_at_hand: dict[tuple[str, str], Suite] = {}
"""Suites that this process has checked, by their file's name and content, as far as all their rules are ours: others
may mean something else the next time."""


def _only_ours(suite: Suite) -> bool:
    from veritrain_lib.quality.custom_rules import own_code

    return not own_code(suite.rules)


def make_suite(content: object, where: str = "suite") -> Suite:
    """Check a suite's content, as `load_suite` does with a file. `where` names it in messages."""
    from veritrain_lib.quality.custom_rules import own_code

    file = _checked_file(content, where)
    for rule in file.expectations:
        _check_rule(where, rule)
    own = own_code(file.expectations)
    digest = of_json([content, own]) if own else of_json(content)
    return Suite(file.name, file.version, file.notes, file.dataset, tuple(file.expectations), digest)


def _checked_file(content: object, where: str) -> SuiteFile:
    try:
        file = SuiteFile.model_validate(content)
    except ValidationError as error:
        raise UserError(_explain(where, error)) from error
    ids = [rule.id for rule in file.expectations]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise UserError(f"gate suite {where}: rule id(s) used twice: {', '.join(twice)}")
    return file


def _check_rule(where: str, rule: Rule) -> None:
    from veritrain_lib.quality.check_parameters import checked
    from veritrain_lib.quality.gx_expectations import expectation

    place = f"gate suite {where}, rule {rule.id!r}"
    if rule.measures:
        _check_measure(place, rule)
    mostly = rule.kwargs.get("mostly", 1.0)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        raise UserError(f"{place}: mostly is {mostly!r}; allowed is a number from 0 to 1")
    column = f"ok_{rule.id}"
    if rule.meta.check is None:
        if rule.meta.parameters:
            raise UserError(f"{place}: parameters belong to a check, and this rule names none")
        if str(rule.kwargs.get("column", "")).startswith(("ok_", "measure_")):
            raise UserError(
                f"{place}: the column {rule.kwargs['column']} is filled by a check; name it in meta.check"
            )
    else:
        if not rule.measures and (
            rule.type != IN_SET
            or rule.kwargs.get("column") != column
            or rule.kwargs.get("value_set") != [True]
        ):
            raise UserError(
                f"{place}: a rule with a check must be {IN_SET} with column {column!r} and value_set [true], or, for a "
                f"check about the whole dataset, {AT_MOST} with column 'measure_{rule.id}' and a max_value"
            )
        try:
            checked(rule.id, registry.get("checks", rule.meta.check), rule.meta.parameters)
        except UserError as error:
            raise UserError(f"gate suite {where}: {error}") from error
    try:
        expectation(rule)
    except UserError as error:
        raise UserError(f"{place}: {error}") from error


def _check_measure(place: str, rule: Rule) -> None:
    most = rule.kwargs.get("max_value")
    if isinstance(most, bool) or not isinstance(most, int | float) or not most == most:
        raise UserError(
            f"{place}: max_value is {most!r}; a check about the whole dataset needs a number there"
        )
    if set(rule.kwargs) != {"column", "max_value"} or rule.kwargs["column"] != rule.column:
        raise UserError(
            f"{place}: {AT_MOST} with a check takes column {rule.column!r} and max_value, nothing else"
        )
    if rule.meta.action != "warn" or rule.meta.on_uncertain is not None:
        raise UserError(f"{place}: a check about the whole dataset removes no row; its action must be 'warn'")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise UserError(
            f"a gate suite holds a key twice in one object: {', '.join(twice)}; JSON would keep only the last"
        )
    return dict(pairs)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any file
        return False


def _no_number(word: str) -> float:
    raise UserError(f"a gate suite holds {word}, which is no finite number; write a number")


def _whole(word: str) -> int:
    if len(word) > LONGEST_WHOLE:
        raise UserError(
            f"a gate suite holds a number of {len(word)} digits; at most {LONGEST_WHOLE} are allowed"
        )
    return int(word)


LONGEST_WHOLE = 19
"""Digits of a whole number: 64 bits."""


def _explain(where: str, error: ValidationError) -> str:
    lines = [f"gate suite {where} has {error.error_count()} mistake(s):"]
    for item in error.errors():
        steps = item["loc"]
        place = ".".join(str(step) for step in steps) or "the file"
        if item["type"] == "extra_forbidden":
            part = next((_PARTS[step] for step in reversed(steps[:-1]) if step in _PARTS), SuiteFile)
            allowed = sorted(part.model_fields)
            near = difflib.get_close_matches(str(steps[-1]), allowed, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            lines.append(f"- {place}: unknown key.{hint} Allowed here: {', '.join(allowed)}")
        elif item["type"] == "missing":
            lines.append(f"- {place}: is required")
        else:
            lines.append(f"- {place}: {item['msg']} (given: {json.dumps(item['input'], default=str)[:120]})")
    return "\n".join(lines)


_PARTS: dict[str | int, type[Part]] = {"dataset": DatasetRules, "meta": Meta, "expectations": Rule}
