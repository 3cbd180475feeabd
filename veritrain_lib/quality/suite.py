"""Gate suite: a JSON file of rules with limits, validated before use.

Great Expectations drops an unknown expectation with a log line and calls an empty suite a success. So everything is
validated here first, and what is invalid is rejected by name.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from veritrain_lib.core import project, registry
from veritrain_lib.core.digest import of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.trust import door

if TYPE_CHECKING:
    import pandas as pd

IN_SET = "expect_column_values_to_be_in_set"
AT_MOST = "expect_column_max_to_be_between"
Action = Literal["quarantine", "warn"]
OnUncertain = Literal["quarantine", "warn", "set_aside"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class SuiteModel(BaseModel):
    """Base model of every part of a gate suite's file: frozen, unknown keys forbidden, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DatasetRules(SuiteModel):
    """Limits of a gate suite at which the dataset as a whole is blocked.

    Attributes:
        minimum_rows: Number of accepted rows needed.
        minimum_accepted_share: Smallest accepted share of the rows judged (0 to 1).
        minimum_rows_per_label: Number of rows, accepted now or in earlier versions, that every label of the task needs;
            0 turns this limit off.
        maximum_removed_share: Largest removed share (0 to 1) of the rows of any one label or slice value, compared with
            the low end of the share's 95 % interval; 1 turns this limit off.
    """

    minimum_rows: Annotated[int, Field(ge=1)] = 1
    minimum_accepted_share: Share = 0.5
    minimum_rows_per_label: Count = 1
    maximum_removed_share: Share = 1.0


class RuleMeta(SuiteModel):
    """Fields of a gate rule that Great Expectations does not have, such as its check and its reason.

    Attributes:
        rule: Id of the rule, such as `near_duplicate`.
        check: Name of the check that fills the column `ok_<rule>` or `measure_<rule>`; None for an expectation of Great
            Expectations on a raw column.
        parameters: Parameters of the check.
        needs_label: Whether the rule needs the row's answer; then it does not take part in the screening of a pool.
        action: What happens to a row that the rule rejects: `quarantine` or `warn`.
        on_uncertain: What happens to a rejected row that was chosen because a model was uncertain about it; None
            (default): the same as `action`. `set_aside` removes it without counting it in the share that the rule's
            limit refers to.
        reason: Why the rule exists, for people.
        owner: Who is responsible for the rule.
        source: Where the rule or its threshold is from.
    """

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    check: str | None = None
    parameters: dict[str, Any] = {}
    needs_label: bool
    action: Action
    on_uncertain: OnUncertain | None = None
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    source: str = Field(min_length=1)


class Rule(SuiteModel):
    """One rule of a gate suite: an expectation of Great Expectations with its limit.

    Attributes:
        type: Expectation type of Great Expectations, such as `expect_column_values_to_be_in_set`.
        kwargs: Arguments of the expectation.
        severity: `critical` blocks the dataset if the rule fails; `warning` and `info` only report it.
        meta: Fields that this package adds.
    """

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"]
    meta: RuleMeta

    @property
    def id(self) -> str:
        """The gate rule's id, such as `near_duplicate`, by which its settings are joined with its results."""
        return self.meta.rule

    @property
    def measures(self) -> bool:
        """Whether the gate rule compares one number about the whole dataset with a limit, instead of judging rows."""
        return self.meta.check is not None and self.type == AT_MOST

    @property
    def column(self) -> str:
        """The name of the column that the gate rule's check fills: `ok_<rule>`, or `measure_<rule>` for a number."""
        return f"{'measure' if self.measures else 'ok'}_{self.id}"

    @property
    def limit(self) -> float:
        """The value above which the gate rule fails.

        For a rule about rows it is the share of rejected rows (0 to 1), 1 - `mostly`; for a number about the whole
        dataset the largest allowed number, `max_value`.
        """
        if self.measures:
            return float(self.kwargs["max_value"])
        return round(1.0 - float(self.kwargs.get("mostly", 1.0)), 12)


class SuiteFile(SuiteModel):
    """Content of a gate suite's file with valid keys and values; whether its rules exist is not checked yet."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    version: Annotated[int, Field(ge=1)]
    notes: str = ""
    dataset: DatasetRules
    expectations: list[Rule] = Field(min_length=1)


@dataclass(frozen=True, repr=False)
class Suite:
    """Validated gate suite; a notebook shows it as a table of rules with their limits.

    A suite is never changed: `with_limit` and `without` return another one, with a digest of its own.

    Attributes:
        name: Name of the suite.
        version: Version of the suite, from 1.
        notes: Notes for people.
        dataset: Limits of the dataset as a whole.
        rules: The rules.
        digest: Digest of the file's content (key order and spacing do not count) and of the code of custom rules.
    """

    name: str
    version: int
    notes: str
    dataset: DatasetRules
    rules: tuple[Rule, ...]
    digest: str

    def table(self) -> pd.DataFrame:
        """Return the suite's rules and the limits of the dataset as a whole as a table, one line each."""
        from veritrain_lib.quality.suite_edits import suite_table

        return suite_table(self)

    def with_limit(self, rule: str, limit: float) -> Suite:
        """Return a copy of the gate suite with another limit for a rule.

        Args:
            rule: Id of a rule of the suite, or a limit of the dataset as a whole, such as `minimum_rows`.
            limit: For a rule about rows the share of rejected rows (0 to 1) above which it fails; for a rule about the
                whole dataset the largest number allowed; for a limit of the dataset its value.

        Raises:
            UserError: The suite has no such rule, or the limit is out of range.
        """
        from veritrain_lib.quality.suite_edits import with_limit

        return with_limit(self, rule, limit)

    def without(self, rule: str) -> Suite:
        """Return a copy of the gate suite without a rule.

        Args:
            rule: Id of the rule.

        Raises:
            UserError: The suite has no such rule, or it is the only one.
        """
        from veritrain_lib.quality.suite_edits import without

        return without(self, rule)

    def content(self) -> dict[str, Any]:
        """Return the gate suite as a dictionary in the form of its JSON file."""
        return {
            "name": self.name,
            "version": self.version,
            "notes": self.notes,
            "dataset": self.dataset.model_dump(mode="json"),
            "expectations": [rule.model_dump(mode="json") for rule in self.rules],
        }

    def __repr__(self) -> str:
        return f"suite {self.name}, version {self.version}\n{self.table().to_string(index=False)}"

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        return table_html(self.table(), f"Suite {self.name}, version {self.version}", by_row=True)


def load_suite(name: str | Path) -> Suite:
    """Load a gate suite from its JSON file and validate it.

    Args:
        name: Name of the suite in `gates/`, or the path of a JSON file.

    Returns:
        The suite.

    Raises:
        UserError: The file does not exist or is not JSON; a key is unknown or missing; an expectation type, kwarg,
            check or parameter is unknown; a rule id occurs twice; or there is no rule.
        Refused: The file lies in `mlruns/`, the folder of MLflow's artifacts.
    """
    path, text = _text(name)
    # Security: a row condition is an expression that pandas evaluates.
    door.require_local_file(path, f"the gate suite {path.name}")
    if (path.name, text) in _validated_suites:
        return _validated_suites[path.name, text]
    suite = make_suite(_content(path, text), where=path.name)
    if _has_no_custom_rules(suite):
        _validated_suites[path.name, text] = suite
    return suite


def read_suite(name: str | Path) -> SuiteFile:
    """Read a gate suite's file without checking whether its rules exist.

    Args:
        name: Name of the suite in `gates/`, or the path of a JSON file.

    Returns:
        The content of the file.

    Raises:
        UserError: The file does not exist or is not JSON, a key is unknown or missing, or a rule id occurs twice.
    """
    path, text = _text(name)
    return _validated_file(_content(path, text), path.name)


def _text(name: str | Path) -> tuple[Path, str]:
    path = Path(name)
    if path.suffix != ".json":
        path = project.gates() / f"{name}.json"
    if not _is_file(path):
        available = (
            ", ".join(sorted(path_of_suite.stem for path_of_suite in project.gates().glob("*.json")))
            or "none"
        )
        raise UserError(
            f"no gate suite {str(name)[:120]}: {str(path)[:300]} does not exist. Suites in gates/: {available}"
        )
    try:
        return path, path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"gate suite {path.name} is no JSON: {error}") from error
    except OSError as error:
        raise UserError(f"gate suite {path.name} can't be read: {error}") from error


def _content(path: Path, text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_reject_duplicate_keys,
            parse_constant=_reject_non_finite,
            parse_int=_bounded_integer,
        )
    except json.JSONDecodeError as error:
        raise UserError(f"gate suite {path.name} is no JSON: {error}") from error
    except RecursionError as error:
        raise UserError(
            f"gate suite {path.name} holds hundreds of lists or objects within one another; a suite has five"
        ) from error


_validated_suites: dict[tuple[str, str], Suite] = {}
"""Validated suites of this process by file name and content.

Only suites whose rules are all built in are kept, because custom rules may change between two calls.
"""


def _has_no_custom_rules(suite: Suite) -> bool:
    from veritrain_lib.quality.custom_rules import custom_code_digest

    return not custom_code_digest(suite.rules)


def make_suite(content: object, where: str = "suite") -> Suite:
    """Validate the content of a gate suite's file and return the suite.

    Args:
        content: The parsed JSON.
        where: Name of the suite in error messages.

    Returns:
        The suite.

    Raises:
        UserError: A key is unknown or missing; an expectation type, kwarg, check or parameter is unknown; a rule id
            occurs twice; or there is no rule.
    """
    from veritrain_lib.quality.custom_rules import custom_code_digest

    file = _validated_file(content, where)
    for rule in file.expectations:
        _check_rule(where, rule)
    code_digest = custom_code_digest(file.expectations)
    digest = of_json([content, code_digest]) if code_digest else of_json(content)
    return Suite(file.name, file.version, file.notes, file.dataset, tuple(file.expectations), digest)


def _validated_file(content: object, where: str) -> SuiteFile:
    try:
        file = SuiteFile.model_validate(content)
    except ValidationError as error:
        raise UserError(_error_message(where, error)) from error
    ids = [rule.id for rule in file.expectations]
    duplicates = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if duplicates:
        raise UserError(f"gate suite {where}: rule id(s) used twice: {', '.join(duplicates)}")
    return file


def _check_rule(where: str, rule: Rule) -> None:
    from veritrain_lib.quality.check_parameters import validated_parameters
    from veritrain_lib.quality.gx_expectations import expectation

    location = f"gate suite {where}, rule {rule.id!r}"
    if rule.measures:
        _check_measure(location, rule)
    mostly = rule.kwargs.get("mostly", 1.0)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        raise UserError(f"{location}: mostly is {mostly!r}; allowed is a number from 0 to 1")
    column = f"ok_{rule.id}"
    if rule.meta.check is None:
        if rule.meta.parameters:
            raise UserError(f"{location}: parameters belong to a check, and this rule names none")
        if str(rule.kwargs.get("column", "")).startswith(("ok_", "measure_")):
            raise UserError(
                f"{location}: the column {rule.kwargs['column']} is filled by a check; name it in meta.check"
            )
    else:
        if not rule.measures and (
            rule.type != IN_SET
            or rule.kwargs.get("column") != column
            or rule.kwargs.get("value_set") != [True]
        ):
            raise UserError(
                f"{location}: a rule with a check must be {IN_SET} with column {column!r} and value_set [true], or, for a "
                f"check about the whole dataset, {AT_MOST} with column 'measure_{rule.id}' and a max_value"
            )
        try:
            validated_parameters(rule.id, registry.get("checks", rule.meta.check), rule.meta.parameters)
        except UserError as error:
            raise UserError(f"gate suite {where}: {error}") from error
    try:
        expectation(rule)
    except UserError as error:
        raise UserError(f"{location}: {error}") from error


def _check_measure(location: str, rule: Rule) -> None:
    maximum = rule.kwargs.get("max_value")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or not maximum == maximum:
        raise UserError(
            f"{location}: max_value is {maximum!r}; a check about the whole dataset needs a number there"
        )
    if set(rule.kwargs) != {"column", "max_value"} or rule.kwargs["column"] != rule.column:
        raise UserError(
            f"{location}: {AT_MOST} with a check takes column {rule.column!r} and max_value, nothing else"
        )
    if rule.meta.action != "warn" or rule.meta.on_uncertain is not None:
        raise UserError(
            f"{location}: a check about the whole dataset removes no row; its action must be 'warn'"
        )


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    duplicates = sorted({key for key in keys if keys.count(key) > 1})
    if duplicates:
        raise UserError(
            f"a gate suite has a duplicate key in one object: {', '.join(duplicates)}; JSON would keep only the last"
        )
    return dict(pairs)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any file
        return False


def _reject_non_finite(literal: str) -> float:
    raise UserError(f"a gate suite holds {literal}, which is no finite number; write a number")


def _bounded_integer(literal: str) -> int:
    if len(literal) > MAXIMUM_DIGITS:
        raise UserError(
            f"a gate suite holds a number of {len(literal)} digits; at most {MAXIMUM_DIGITS} are allowed"
        )
    return int(literal)


MAXIMUM_DIGITS = 19
"""Largest number of digits of an integer in a suite, which is that of a 64-bit integer."""


def _error_message(where: str, error: ValidationError) -> str:
    lines = [f"gate suite {where} has {error.error_count()} mistake(s):"]
    for item in error.errors():
        loc = item["loc"]
        location = ".".join(str(step) for step in loc) or "the file"
        if item["type"] == "extra_forbidden":
            model = next((_MODELS[step] for step in reversed(loc[:-1]) if step in _MODELS), SuiteFile)
            allowed = sorted(model.model_fields)
            matches = difflib.get_close_matches(str(loc[-1]), allowed, n=1)
            hint = f" Did you mean {matches[0]!r}?" if matches else ""
            lines.append(f"- {location}: unknown key.{hint} Allowed here: {', '.join(allowed)}")
        elif item["type"] == "missing":
            lines.append(f"- {location}: is required")
        else:
            lines.append(
                f"- {location}: {item['msg']} (given: {json.dumps(item['input'], default=str)[:120]})"
            )
    return "\n".join(lines)


_MODELS: dict[str | int, type[SuiteModel]] = {"dataset": DatasetRules, "meta": RuleMeta, "expectations": Rule}
