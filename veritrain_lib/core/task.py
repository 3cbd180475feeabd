"""Task: what a model is asked (inputs, output contract, metrics, data, settings), read from one YAML file.

The classes are pydantic models of the file's sections; unknown keys are rejected.
"""

from __future__ import annotations

import os
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
    """Base class of the sections of a task file: immutable, and strict about what it accepts.

    Unknown keys are rejected, numbers must be finite, and values are not converted (a YAML `yes` is no number).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class InconsistentTask(ValueError):
    """Error: values of a task file contradict each other.

    `problems` has a path of keys and a message for each contradiction.
    """

    def __init__(self, problems: list[tuple[tuple[str, ...], str]]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = problems


class InputField(TaskSection):
    """One input column of a task.

    `language` is an ISO 639-1 code that the gate's language check compares the column's texts with; None skips the
    check.
    """

    language: str | None = Field(default=None, pattern=r"^[a-z]{2}$")
    description: str = ""


class Target(TaskSection):
    """Section `target` of a task file: the column with the correct answer.

    Attributes:
        field: Name of the column.
        labels: The allowed answers; None when the answer is free text.
        descriptions: Description of a label, by label.
        language: ISO 639-1 code of free-text answers: metrics tokenize by it, and the language check compares answers
            with it.
        direction: Name of the column that states each row's language direction, such as `ja-en` (from Japanese into
            English), for a task with several directions; else None.
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
    """Return the reason why people could confuse two of the labels, or misread one; empty when there is none."""
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
    """Section `slices` of a task file: subsets of evaluation rows whose results are shown and tested separately.

    Attributes:
        by: Columns each of whose values is a slice.
        length_of: Input column whose length in words divides rows into slices; None for no such slices.
        length_bands: Upper bounds of the length in words: [8, 20] means up to 8, 9 to 20, and more.
    """

    by: list[str] = []
    length_of: str | None = None
    length_bands: list[int] = []


class PartChoice(TaskSection):
    """Trainer or metric that a task file names: a registered one, or the user's own in a Python file.

    Attributes:
        name: Name of the part. For a file it is the name under which results are shown, by default the file's name
            without `.py`.
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
    """Metric that a task file names.

    Attributes:
        version: Version of the metric that the task was written for.
        higher_is_better: Whether a higher value is better, which is checked against the metric.
        parameters: Parameters of the metric; see docs/metrics.md.
    """

    version: int = 1
    higher_is_better: bool = True
    parameters: dict[str, Any] = {}


PersonalKind = Literal["email", "key", "password", "card", "iban", "phone", "social", "national_id"]
"""Kinds of keys and personal data that the gate's rule `personal_data` distinguishes."""


class DataFiles(TaskSection):
    """Section `data` of a task file: its files of rows, relative to the task file.

    Attributes:
        seed: Labeled rows with which the loop starts.
        development: Rows that steer the loop: on them slices, goal and models are measured.
        test: Held-out test set; only the promotion decision reads its answers.
        pool: Rows from which new training rows are chosen, which may lack answers; None for no pool.
        labels: CSV file in which people's answers to chosen pool rows are stored.
        second_answers: Columns of the pool with the answers of a second and a third person.
        may_leave: Kinds of keys and personal data in these rows that may be sent to a provider; a stage that would send
            others is refused.
    """

    seed: str
    development: str
    test: str
    pool: str | None = None
    labels: str = "labels.csv"
    second_answers: list[str] = Field(default=[], max_length=2)
    may_leave: list[PersonalKind] = []


class TeacherChoice(TaskSection):
    """Section `teacher` of a task file: the teacher, which writes new rows or chooses them from the pool.

    Attributes:
        name: Name of the teacher.
        choose: Strategy by which rows are chosen from the pool.
        batch: Number of rows chosen at once; after each batch the teacher trains its model again.
        out_of_scope: Pool rows that seem to have none of the task's labels are held back from being chosen. This is the
            share (0 to 0.5) of rows with a label that may be held back by mistake; with 0 nothing is held back. By
            default it is 0.03 with the trainer `encoder_svc`, else 0.
        parameters: Parameters of the teacher; those of the teacher `llm` are listed in `teachers/llm.py`.
    """

    name: str = "pool"
    choose: Literal["uncertainty", "random", "balanced", "class_error"] = "uncertainty"
    batch: int = Field(default=50, ge=1, le=100_000)
    out_of_scope: float | None = Field(default=None, ge=0, le=0.5)
    parameters: dict[str, Any] = {}


class TrainerChoice(PartChoice):
    """Section `trainer` of a task file: the trainer, which trains challengers, and its parameters."""

    name: str = "tfidf_svc"
    parameters: dict[str, Any] = {}


class Budget(TaskSection):
    """Section `budget` of a task file: limits at which the loop stops.

    Attributes:
        rounds: Maximum number of rounds.
        rows_per_round: Number of new rows in each round.
        money: Maximum cost of paid calls in US dollars; with 0 nothing may be spent.
        price_per_label: Cost of one answer by a person, in a currency of the user's choice. The report compares the
            cost of another round with its expected gain; 0 means that no price is stated.
    """

    rounds: int = Field(default=4, ge=1, le=1000)
    rows_per_round: int = Field(default=150, ge=1, le=1_000_000)
    money: float = Field(default=0.0, ge=0)
    price_per_label: float = Field(default=0.0, ge=0)


class Goal(TaskSection):
    """Section `goal` of a task file: the value of the primary metric on development rows at which the loop stops."""

    at_least: float


class Promotion(TaskSection):
    """Section `promotion` of a task file: settings of the promotion decision on the held-out test set.

    Attributes:
        max_looks: Maximum number of new pairs of champion and challenger that are compared on the test set.
        alpha: One-sided error budget for all these comparisons together.
        spending: How the error budget is divided: `even` gives each comparison the same share, `halving` half of what
            is left.
        slice_margin: Loss (0 to 1) from which a slice that is shown to be worse forbids promotion.
        max_set_aside: Maximum share of test rows (0 to 0.05) that are left out of the test set because they are also
            seed rows. With more, and with any test row in other training data, the work is refused.
        max_development_set_aside: Maximum share of development rows (0 to 0.05) that are left out because they are also
            seed or test rows. With more, the work is refused.
        max_pool_overlap: Maximum share of rows that the pool may have in common with the test or development rows,
            measured on the smaller of the two files. The gate rejects such rows; with more, the work is refused.
    """

    max_looks: int = Field(default=5, ge=1, le=100)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    spending: Literal["even", "halving"] = "even"
    slice_margin: float = Field(default=0.10, ge=0, le=1)
    max_set_aside: float = Field(default=0.001, ge=0, le=0.05)
    max_development_set_aside: float = Field(default=0.01, ge=0, le=0.05)
    max_pool_overlap: float = Field(default=0.1, ge=0, le=1)

    @property
    def looks_before_final(self) -> int:
        """The largest number of comparisons on the test set before the final one, for which the last is kept.

        A task that allows a single comparison keeps none.
        """
        return max(self.max_looks - 1, 1)


class JudgeChoice(TaskSection):
    """Section `judge` of a task file: a chat model that judges answers by a rubric.

    Attributes:
        model: Address of the chat model, such as `openai:/MODEL`.
        rubric: Description of a good answer in plain words.
        scale: Lowest and highest whole number of points.
        floor: Agreement with people (Cohen's kappa, 0 to 1) that the lower end of its 95 % interval must reach before
            the judge decides anything.
        calibration: Number of development rows on which that agreement is measured.
        sample: Number of rows of a draft dataset, or of pairs of answers in an evaluation, that the judge is shown.
        temperature: Sampling temperature; None means the provider's default.
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
        """Every whole number of points that the judge may give, in rising order."""
        return list(range(self.scale[0], self.scale[1] + 1))


class Task(TaskSection):
    """Validated task file: everything that a model is asked, and how it is improved and judged.

    docs/task.md explains every key. Some of them are:

    Attributes:
        prompts: Jinja templates by name, each as text or as a file relative to the task file.
        gate_rules: Python files beside the task file with the user's own checks and expectations (docs/own_rule.md).
        glossary: Required translation of each term in the answer; where `target.direction` is reversed, the other way
            round.
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
        """Path of the task file; the paths of data files are relative to its folder."""
        return self._path

    @property
    def primary(self) -> MetricChoice:
        """The task's primary metric, the first one in its list: it steers the loop and decides promotion."""
        return self.metrics[0]

    @property
    def code_files(self) -> list[tuple[tuple[str | int, ...], str]]:
        """The user's Python files that the task names (gate rules, trainer, metrics).

        Each is a pair: the path of keys in the task file, such as `("trainer", "file")`, and the name of the file.
        """
        files: list[tuple[tuple[str | int, ...], str | None]] = [
            *((("gate_rules", number), name) for number, name in enumerate(self.gate_rules)),
            (("trainer", "file"), self.trainer.file),
            *((("metrics", number, "file"), metric.file) for number, metric in enumerate(self.metrics)),
        ]
        return [(key, name) for key, name in files if name is not None]

    @property
    def columns(self) -> list[str]:
        """Columns of the task's datasets in order: inputs, target, slice columns, direction."""
        direction = [self.target.direction] if self.target.direction else []
        return list(dict.fromkeys([*self.inputs, self.target.field, *self.slices.by, *direction]))

    def languages_of(self, direction: object) -> tuple[str | None, str | None]:
        """Return the languages (ISO 639-1) of input and answer for a value of the column `target.direction`.

        `ja-en`, `ja_en`, `ja>en` and `ja to en` all mean from Japanese into English. For any other value, and in a task
        without directions, they are the languages that the task file declares for the first input that has one and for
        the target; None where it declares none.
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
        """The task's allowed answers, sorted; empty when answers are free text."""
        return sorted(self.target.labels or [])

    def file(self, kind: Literal["seed", "development", "test", "pool", "labels"]) -> Path | None:
        """Return the absolute path of one of the task's data files; None if the task has no file of that kind."""
        name = getattr(self.data, kind)
        return None if name is None else (self._path.parent / name).resolve()

    def digest(self, *parts: str) -> str:
        """Return the digest of the named parts of the task, or of all parts; the content of data files does not count.

        Prompts count by their text, and a user's own trainer and metrics by the content of their file, wherever it is
        stored. Other files count by their name without its folder, so that a copy of the task on another machine has the
        same digest. If a task has no prompts, judge, custom gate rules or glossary, that part is left out of the digest of
        all parts.

        Args:
            *parts: Top-level keys of the task file; none means all.

        Raises:
            UserError: The file of a prompt, trainer or metric is missing.
        """
        content = self.model_dump(mode="json")
        content["prompts"] = {
            name: read_prompt(self._path.parent, value)[0] for name, value in self.prompts.items()
        }
        content["data"] = {
            kind: Path(value).name if isinstance(value, str) else value
            for kind, value in content["data"].items()
        }
        content["gate"] = self._without_folder(content["gate"])
        content["gate_rules"] = [Path(rule).name for rule in content["gate_rules"]]
        for choice in (content["trainer"], *content["metrics"]):
            choice["parameters"] = {
                name: self._without_folder(value) for name, value in choice["parameters"].items()
            }
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

    def _without_folder(self, value: Any) -> Any:
        """Return the name of a file or folder without the folder that it is in; any other value as it is."""
        is_name = isinstance(value, str) and bool(value)
        # os.path.exists is False for a text that no file can be named by, where Path.exists may raise.
        return Path(value).name if is_name and os.path.exists(self._path.parent / value) else value

    def _code_digest(self, name: str) -> str:
        path = (self._path.parent / name).resolve()
        if not path.is_file():
            raise UserError(f"{path} is missing. Paths are relative to the task file")
        return of_file(path)

    def data_digest(self, *kinds: Literal["seed", "development", "test", "pool", "labels"]) -> str:
        """Return the digest of the contents of the task's data files of these kinds; a missing file counts as None."""
        paths = {kind: self.file(kind) for kind in kinds}
        return of_json(
            {kind: of_file(path) if path and path.exists() else None for kind, path in paths.items()}
        )


def is_template(value: str) -> bool:
    """Return whether a prompt in a task file is the text of a template; otherwise it is the name of a file."""
    return any(mark in value for mark in ("\n", "{{", "{%"))


def read_prompt(folder: Path, value: str) -> tuple[str, str]:
    """Return the template of a prompt in a task file, and its origin for people.

    Args:
        folder: Folder of the task file.
        value: The template itself (it has a line end or a Jinja brace; its origin is `task file`), or the name of a
            file.

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
    """Read and validate a task file, given by its path or by that of the folder with its `task.yaml`.

    Raises:
        UserError: The file has mistakes. The message names the file, each unknown key with the allowed ones, each wrong
            value with its line and what is allowed, and each file that is missing or outside the allowed folders.
    """
    from veritrain_lib.task_file.reading import read_task_file

    parsed = read_task_file(path)
    if parsed.mistakes or parsed.task is None:
        raise UserError(parsed.document.format_mistakes(parsed.mistakes))
    return parsed.task
