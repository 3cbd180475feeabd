"""The task: inputs, output contract, metrics, data and settings, read from one YAML file.

Unknown keys are rejected.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    field_validator,
    model_validator,
)

from veritrain_lib.core.digest import of_file, of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import RESERVED

TASK_VERSION = 1


class TaskSection(BaseModel):
    """Base of every section of a task file.

    Frozen, unknown keys forbidden, numbers finite, `yes` no number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class InconsistentTask(ValueError):
    """Values that contradict each other; `problems` has the path and the message of each."""

    def __init__(self, problems: list[tuple[tuple[str, ...], str]]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = problems


class InputField(TaskSection):
    """One input column. `language` is an ISO 639-1 code that the language check compares rows with."""

    language: str | None = Field(default=None, pattern=r"^[a-z]{2}$")
    description: str = ""


class Target(TaskSection):
    """The column with the correct answer.

    Attributes:
        field: Name of the column.
        labels: The allowed answers; None when the answer is free text.
        descriptions: Description by label.
        language: ISO 639-1 code of free text: metrics tokenize by it, and the language check compares answers with it.
        direction: Column that states it for each row, such as `ja-en` (from Japanese into English), for a task with
            several directions.
    """

    field: str = "label"
    labels: list[str] | None = None
    descriptions: dict[str, str] = {}
    language: str | None = Field(default=None, pattern=r"^[a-z]{2}$")
    direction: str | None = None

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: list[str] | None) -> list[str] | None:
        if labels is not None:
            repeated = sorted(label for label, count in Counter(labels).items() if count > 1)
            if repeated:
                raise ValueError(f"labels listed twice: {', '.join(repeated)}")
            if len(labels) < 2:
                raise ValueError("a classification needs at least 2 labels")
            if problem := _ambiguous_labels(labels):
                raise ValueError(problem)
        return labels


def _ambiguous_labels(labels: list[str]) -> str:
    """Return why a person can't tell the labels apart, "" when they can."""
    blank = [label for label in labels if not label.strip()]
    if blank:
        return f"a label is empty ({blank[0]!r}); a row without an answer needs no label"
    padded = [label for label in labels if label != label.strip()]
    if padded:
        return f"label {padded[0]!r} begins or ends with white space; remove it"
    by_normalized: dict[str, str] = {}
    for label in labels:
        normalized = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
        if normalized in by_normalized:
            return (
                f"labels {by_normalized[normalized]!r} and {label!r} differ only in case, width, accents' form or white space; "
                "keep one of them, in the data too"
            )
        by_normalized[normalized] = label
    return ""


class Slices(TaskSection):
    """Slices of the evaluation rows: by the values of columns, and by the length in words of an input field.

    `length_bands` are upper bounds: [8, 20] means up to 8 words, 9 to 20, and more.
    """

    by: list[str] = []
    length_of: str | None = None
    length_bands: list[int] = []


class PartChoice(TaskSection):
    """A part of the loop: built-in or installed by its name, or a user's own in a Python file beside the task file.

    Attributes:
        name: Name of the part; of a file the name under which its results are shown, by default that of the file.
        file: Python file, relative to the task file; None for a part that is found by its name.
    """

    name: str
    file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_file(cls, content: Any) -> Any:
        if isinstance(content, dict) and isinstance(content.get("file"), str) and "name" not in content:
            return {"name": Path(content["file"]).stem, **content}
        return content

    @model_validator(mode="after")
    def _presentable(self) -> Self:
        if self.file is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,62}", self.name):
            raise ValueError(
                f"results of {self.file[:120]!r} can't be named {self.name[:120]!r}: a name has letters, digits, - and _, begins "
                "with a letter and is at most 63 long; rename the file, or set name"
            )
        return self


class MetricChoice(PartChoice):
    """A metric, the version that this task was written for, and its direction, stated to be checked.

    `parameters` are the metric's own; see docs/metrics.md.
    """

    version: int = 1
    higher_is_better: bool = True
    parameters: dict[str, Any] = {}


PersonalKind = Literal["email", "key", "password", "card", "iban", "phone", "social", "national_id"]
"""Kinds of personal data that the gate's rule `personal_data` distinguishes."""


class DataFiles(TaskSection):
    """Files of examples (CSV or JSON Lines), relative to the task file.

    Attributes:
        seed: Labeled rows to start with.
        development: Rows that steer the loop.
        test: Held-out test set: only the promotion decision reads its answers.
        pool: Rows that may lack answers; people's labels are then stored in `labels`.
        labels: CSV file of people's labels.
        may_leave: Kinds of keys and personal data in these rows that may be sent to a provider; a stage that would send
            others is refused.
    """

    seed: str
    development: str
    test: str
    pool: str | None = None
    labels: str = "labels.csv"
    may_leave: list[PersonalKind] = []


class TeacherChoice(TaskSection):
    """The teacher, which writes or chooses rows.

    Attributes:
        name: Name of the teacher.
        choose: How rows are chosen from a pool.
        batch: Rows chosen at once; a batch is followed by a refit.
        parameters: Parameters of the teacher; those of teacher `llm` are listed in `teachers/llm.py`.
    """

    name: str = "pool"
    choose: Literal["uncertainty", "random", "balanced", "class_error"] = "uncertainty"
    batch: int = Field(default=50, ge=1, le=100_000)
    parameters: dict[str, Any] = {}


class TrainerChoice(PartChoice):
    """The trainer, which makes challengers, and its parameters."""

    name: str = "tfidf_svc"
    parameters: dict[str, Any] = {}


class Budget(TaskSection):
    """Limits of the loop: rounds, new rows per round, and `money`, a cap in US dollars for paid calls."""

    rounds: int = Field(default=4, ge=1, le=1000)
    rows_per_round: int = Field(default=150, ge=1, le=1_000_000)
    money: float = Field(default=0.0, ge=0)


class Goal(TaskSection):
    """The goal: the primary metric on development rows at which the loop is done."""

    at_least: float


class Promotion(TaskSection):
    """Settings of the promotion decision on the held-out test set.

    Attributes:
        max_looks: New pairs of champion and challenger that may be evaluated on the test set.
        alpha: One-sided error budget for all of these evaluations together.
        spending: How `alpha` is spent.
        slice_margin: Loss (0 to 1) from which a slice that is proven worse forbids promotion.
        max_set_aside: A test row that is also a seed row is never counted: up to this share of the test rows (0 to
            0.05; default one in a thousand) is set aside before anything is measured; with more, as with any test row
            in other training data, everything stops.
        max_development_set_aside: The same for development rows that are also seed or test rows (default one in a
            hundred).
        max_pool_overlap: Share of the smaller of the two files up to which pool rows may also be test or development
            rows (default 0.1): the gate removes them.
    """

    max_looks: int = Field(default=5, ge=1, le=100)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    spending: Literal["even", "halving"] = "even"
    slice_margin: float = Field(default=0.10, ge=0, le=1)
    max_set_aside: float = Field(default=0.001, ge=0, le=0.05)
    max_development_set_aside: float = Field(default=0.01, ge=0, le=0.05)
    max_pool_overlap: float = Field(default=0.1, ge=0, le=1)


class JudgeChoice(TaskSection):
    """A chat model that judges answers by a rubric.

    Attributes:
        model: Address of the model.
        rubric: Plain description of a good answer.
        scale: [lowest, highest] of whole points.
        floor: Kappa (0 to 1) that the judge's agreement with people must reach with the low end of the 95 % interval
            before it decides anything.
        calibration: Number of development rows on which that is measured.
        sample: Number of rows of a draft, or pairs of an evaluation, that the judge is shown.
        temperature: None means the provider's default.
        max_tokens: Maximum tokens of each answer of the judge.
    """

    model: str = Field(pattern=r"^[a-z]+:/\S+$")
    rubric: str = Field(min_length=1)
    scale: list[int] = Field(default=[1, 5], min_length=2, max_length=2)
    floor: float = Field(default=0.6, ge=0, le=1)
    calibration: int = Field(default=100, ge=20, le=100_000)
    sample: int = Field(default=50, ge=1, le=100_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int = Field(default=500, ge=20, le=100_000)

    @field_validator("scale")
    @classmethod
    def _rises(cls, scale: list[int]) -> list[int]:
        if not 1 <= scale[1] - scale[0] <= 100:
            raise ValueError("scale is [lowest, highest] with 1 to 100 points between them")
        return scale

    @property
    def points(self) -> list[int]:
        """Every whole number of points that may be given, rising."""
        return list(range(self.scale[0], self.scale[1] + 1))


class Task(TaskSection):
    """A validated task file.

    Attributes:
        prompts: Jinja templates by name: a text, or a file relative to the task file.
        gate_rules: Python files beside the task file with custom checks and expectations (docs/own_rule.md).
        glossary: Terms that must be kept: how a term of an input is translated in the answer (and, where
            `target.direction` is reversed, the other way).
    """

    version: Literal[1]
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    description: str = Field(default="", max_length=5000)
    inputs: dict[str, InputField] = Field(min_length=1)
    target: Target
    contract: dict[str, Any]
    slices: Slices = Slices()
    metrics: list[MetricChoice] = Field(min_length=1)
    gate: str = "classification"
    gate_rules: list[str] = []
    data: DataFiles
    teacher: TeacherChoice = TeacherChoice()
    trainer: TrainerChoice = TrainerChoice()
    budget: Budget = Budget()
    goal: Goal | None = None
    promotion: Promotion = Promotion()
    judge: JudgeChoice | None = None
    glossary: dict[str, str] = {}
    prompts: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")], str] = {}
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

    _path: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [(tuple(path.split(".")), text) for path, text in self._inconsistencies()]
        if problems:
            raise InconsistentTask(problems)
        return self

    def _inconsistencies(self) -> Iterator[tuple[str, str]]:
        reserved = [name for name in self.columns if name in RESERVED]
        if reserved:
            path = "target.field" if self.target.field in RESERVED else "slices.by"
            yield (
                "inputs" if set(self.inputs) & set(RESERVED) else path,
                f"column names {reserved} are reserved; rename them in the data ({', '.join(RESERVED)})",
            )
        unnamed = [name for name in self.columns if not name.strip()]
        if unnamed:
            yield "slices.by", "a column's name is empty; every column of the data needs a name"
        if self.target.field in self.inputs:
            yield (
                "target.field",
                f"target.field {self.target.field!r} is also an input; an answer can't be an input",
            )
        if self.target.labels is not None and (self.target.language or self.target.direction):
            yield (
                "target.language" if self.target.language else "target.direction",
                "target.language and target.direction are for free text; leave them out beside labels",
            )
        incomplete = [term for term, kept in self.glossary.items() if not term.strip() or not kept.strip()]
        if incomplete:
            yield "glossary", f"glossary has an empty term or translation: {incomplete}"
        if self.slices.length_of is not None and self.slices.length_of not in self.inputs:
            yield (
                "slices.length_of",
                f"slices.length_of {self.slices.length_of!r} is not an input; inputs: {list(self.inputs)}",
            )
        if self.slices.length_bands != sorted(set(self.slices.length_bands)):
            yield "slices.length_bands", f"slices.length_bands {self.slices.length_bands} must rise"
        unknown = sorted(set(self.target.descriptions) - set(self.target.labels or self.target.descriptions))
        if unknown:
            yield (
                "target.descriptions",
                f"target.descriptions for labels that are not listed: {', '.join(unknown)}",
            )

    @property
    def path(self) -> Path:
        """The task file; data files are relative to it."""
        return self._path

    @property
    def primary(self) -> MetricChoice:
        """The primary metric: the first one listed."""
        return self.metrics[0]

    @property
    def code_files(self) -> list[tuple[tuple[str | int, ...], str]]:
        """The user's Python files that the task names, each with its key in the task file: rules, trainer, metrics."""
        files: list[tuple[tuple[str | int, ...], str | None]] = [
            *((("gate_rules", number), name) for number, name in enumerate(self.gate_rules)),
            (("trainer", "file"), self.trainer.file),
            *((("metrics", number, "file"), metric.file) for number, metric in enumerate(self.metrics)),
        ]
        return [(key, name) for key, name in files if name is not None]

    @property
    def columns(self) -> list[str]:
        """The task's own columns in a dataset, in order: inputs, target, slice columns, direction."""
        direction = [self.target.direction] if self.target.direction else []
        return list(dict.fromkeys([*self.inputs, self.target.field, *self.slices.by, *direction]))

    def languages_of(self, direction: object) -> tuple[str | None, str | None]:
        """Return the languages (ISO 639-1) of input and answer for a value of `target.direction`.

        `ja-en`, `ja_en`, `ja>en` and `ja to en` all mean from Japanese into English. With any other value, and in a
        task without directions, they are those that the first input with a language and the target declare.
        """
        declared = next((field.language for field in self.inputs.values() if field.language), None)
        direction_text = (
            str(direction).casefold() if self.target.direction and isinstance(direction, str) else ""
        )
        codes = [code for code in re.split(r"[^a-z]+", direction_text) if code not in ("", "to")]
        if len(codes) == 2 and all(len(code) == 2 for code in codes):
            return codes[0], codes[1]
        return declared, self.target.language

    @property
    def labels(self) -> list[str]:
        """The allowed answers, sorted; empty for free text."""
        return sorted(self.target.labels or [])

    def file(self, kind: Literal["seed", "development", "test", "pool", "labels"]) -> Path | None:
        """Return the absolute path of a data file, None when the task has none of that kind."""
        name = getattr(self.data, kind)
        return None if name is None else (self._path.parent / name).resolve()

    def digest(self, *parts: str) -> str:
        """Return the digest of the named parts of the task, or of all, without the content of data files.

        Prompts count by their text and a user's trainer and metrics by the content of their file, wherever it is stored;
        a task without prompts, judge, custom gate rules or glossary has no such part.

        Raises:
            UserError: A file of a prompt, trainer or metric is missing.
        """
        content = self.model_dump(mode="json")
        content["prompts"] = {
            name: read_prompt(self._path.parent, value)[0] for name, value in self.prompts.items()
        }
        for choice in (content["trainer"], *content["metrics"]):
            file = choice.pop("file")
            if file is not None:
                choice["code"] = self._code_digest(file)
        if not content["prompts"] and "prompts" not in parts:
            del content["prompts"]
        if content["judge"] is None and "judge" not in parts:
            del content["judge"]
        if not content["gate_rules"] and "gate_rules" not in parts:
            del content["gate_rules"]
        if not content["glossary"] and "glossary" not in parts:
            del content["glossary"]
        return of_json({part: content[part] for part in parts} if parts else content)

    def _code_digest(self, name: str) -> str:
        path = (self._path.parent / name).resolve()
        if not path.is_file():
            raise UserError(f"{path} is missing. Paths are relative to the task file")
        return of_file(path)

    def data_digest(self, *kinds: Literal["seed", "development", "test", "pool", "labels"]) -> str:
        """Return the digest of the content of data files; a missing file counts as absent."""
        paths = {kind: self.file(kind) for kind in kinds}
        return of_json(
            {kind: of_file(path) if path and path.exists() else None for kind, path in paths.items()}
        )


def is_template(value: str) -> bool:
    """Return whether a prompt is a template's text, not the name of a file."""
    return any(mark in value for mark in ("\n", "{{", "{%"))


def read_prompt(folder: Path, value: str) -> tuple[str, str]:
    """Return a prompt's template and its origin, for a template's text or the name of a file under `folder`.

    A text with a line end or a Jinja brace is a template (origin: `task file`).

    Raises:
        UserError: The file is missing, empty or not UTF-8.
    """
    if is_template(value):
        return value, "task file"
    file = (folder / value).resolve()
    if not value or not file.is_file():
        raise UserError(
            f"no prompt file {value!r} beside the task file; write a file's name or the template itself"
        )
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{value} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if not text.strip():
        raise UserError(f"{value} is empty; write the prompt into it, or leave it out of the task file")
    return text, value


def load_task(path: str | Path) -> Task:
    """Read and validate a task file, or the `task.yaml` in a folder.

    Raises:
        UserError: The message names the file, each unknown key with the allowed ones, each wrong value with its line
            and what is allowed, and each file that is missing or out of reach.
    """
    from veritrain_lib.task_file.reading import read_task_file

    parsed = read_task_file(path)
    if parsed.mistakes or parsed.task is None:
        raise UserError(parsed.document.format_mistakes(parsed.mistakes))
    return parsed.task
