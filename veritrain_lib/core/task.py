"""A task: what is asked of a model. One YAML file; unknown keys are refused by name."""

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


class Part(BaseModel):
    """Base of every part of a task file: frozen, unknown keys forbidden, numbers finite, `yes` no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Inconsistent(ValueError):
    """Values that don't go together: `found` has each with the way to it."""

    def __init__(self, found: list[tuple[tuple[str, ...], str]]) -> None:
        super().__init__("; ".join(text for _, text in found))
        self.found = found


class InputField(Part):
    """One input column. `language` is an ISO 639-1 code that the language check holds rows against."""

    language: str | None = Field(default=None, pattern=r"^[a-z]{2}$")
    description: str = ""


class Target(Part):
    """The column with the right answer. `labels` lists the allowed ones; None when the answer is free text.

    `language` is the ISO 639-1 code of free text: metrics cut it into words by it, and the language check holds
    answers against it. `direction` names a column that says it row by row, such as `ja-en` (from Japanese into
    English), for a task with several directions.
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
            twice = sorted(label for label, count in Counter(labels).items() if count > 1)
            if twice:
                raise ValueError(f"labels listed twice: {', '.join(twice)}")
            if len(labels) < 2:
                raise ValueError("a classification needs at least 2 labels")
            if said := _unlike(labels):
                raise ValueError(said)
        return labels


def _unlike(labels: list[str]) -> str:
    """Why labels can't be told apart by a person who reads them, "" when they can."""
    blank = [label for label in labels if not label.strip()]
    if blank:
        return f"a label is empty ({blank[0]!r}); a row without an answer needs no label"
    spaced = [label for label in labels if label != label.strip()]
    if spaced:
        return f"label {spaced[0]!r} begins or ends with white space; take it out"
    forms: dict[str, str] = {}
    for label in labels:
        form = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
        if form in forms:
            return (
                f"labels {forms[form]!r} and {label!r} differ only in case, width, accents' form or white space; "
                "keep one of them, in the data too"
            )
        forms[form] = label
    return ""


class Slices(Part):
    """How evaluation rows are cut: by the values of columns, and by length in words of an input field.

    `length_bands` are upper bounds: [8, 20] cuts into up to 8 words, 9 to 20, and more.
    """

    by: list[str] = []
    length_of: str | None = None
    length_bands: list[int] = []


class MetricChoice(Part):
    """A metric by name, the version that this task was written for, and its direction, stated to be checked.

    `parameters` are the metric's own; see docs/metrics.md.
    """

    name: str
    version: int = 1
    higher_is_better: bool = True
    parameters: dict[str, Any] = {}


PersonalKind = Literal["email", "key", "password", "card", "iban", "phone", "social", "national_id"]
"""What the gate's rule `personal_data` tells apart."""


class DataFiles(Part):
    """Files of examples (CSV or JSON Lines), relative to the task file.

    `test` is sealed: only the promotion decision reads its answers. `pool` may lack answers; people's labels
    are then kept in `labels`. `may_leave` names the kinds of keys and personal data in these rows that a provider may
    get; a stage that would send others is refused.
    """

    seed: str
    development: str
    test: str
    pool: str | None = None
    labels: str = "labels.csv"
    may_leave: list[PersonalKind] = []


class TeacherChoice(Part):
    """Who writes or chooses rows. `choose` is how a pool is chosen from; a batch is followed by a refit.

    `parameters` are the teacher's own; those of teacher `llm` are listed in `teachers/llm.py`.
    """

    name: str = "pool"
    choose: Literal["uncertainty", "random", "balanced", "class_error"] = "uncertainty"
    batch: int = Field(default=50, ge=1, le=100_000)
    parameters: dict[str, Any] = {}


class TrainerChoice(Part):
    """Who makes challengers, and its parameters."""

    name: str = "tfidf_svc"
    parameters: dict[str, Any] = {}


class Budget(Part):
    """When to stop spending: rounds, and new rows a round. `money` is a cap in US dollars for paid calls."""

    rounds: int = Field(default=4, ge=1, le=1000)
    rows_per_round: int = Field(default=150, ge=1, le=1_000_000)
    money: float = Field(default=0.0, ge=0)


class Goal(Part):
    """The target: the primary metric on development rows at which the loop is done."""

    at_least: float


class Promotion(Part):
    """How promotion is decided on the sealed test set.

    `max_looks` new pairs of champion and challenger may be shown the set; `alpha` is the one-sided error
    budget for all of them together, spent as `spending` says. `slice_margin` is the loss (0 to 1) from which
    a slice that is shown to be worse forbids promotion. A test row that is also a seed row is never counted:
    up to the share `max_set_aside` of the test rows (0 to 0.05; default one in a thousand) is set aside before
    anything is measured; with more, as with any test row in other training data, everything stops. So are
    development rows that are also seed or test rows, up to `max_development_set_aside` (default one in a hundred).
    Pool rows that are also test or development rows may be up to `max_pool_overlap` of the smaller of the two
    files (default 0.1): the gate takes them out.
    """

    max_looks: int = Field(default=5, ge=1, le=100)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    spending: Literal["even", "halving"] = "even"
    slice_margin: float = Field(default=0.10, ge=0, le=1)
    max_set_aside: float = Field(default=0.001, ge=0, le=0.05)
    max_development_set_aside: float = Field(default=0.01, ge=0, le=0.05)
    max_pool_overlap: float = Field(default=0.1, ge=0, le=1)


class JudgeChoice(Part):
    """A chat model that judges answers by a rubric.

    `model` is its address; `rubric` says in plain words what a good answer is; `scale` is [lowest, highest] of
    whole points; `floor` is the kappa (0 to 1) that its agreement with people must reach with the low end of the
    95 % interval before it decides anything; `calibration` is on how many development rows that is measured and
    `sample` how many rows of a draft, or pairs of an evaluation, it is shown. `temperature` None means the
    provider's own; `max_tokens` bounds each answer of the judge.
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


class Task(Part):
    """A task file, checked. `path` is where it was read from; data files are relative to it.

    `prompts` are Jinja templates by name: a text, or a file relative to the task file. `gate_rules` are Python files
    beside the task file with checks and expectations of your own (docs/own_rule.md). `glossary` has the terms that
    must be kept: how a term of an input stands in the answer (and, where `target.direction` turns round, the other
    way).
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
        found = [(tuple(way.split(".")), text) for way, text in self._inconsistencies()]
        if found:
            raise Inconsistent(found)
        return self

    def _inconsistencies(self) -> Iterator[tuple[str, str]]:
        taken = [name for name in self.columns if name in RESERVED]
        if taken:
            way = "target.field" if self.target.field in RESERVED else "slices.by"
            yield (
                "inputs" if set(self.inputs) & set(RESERVED) else way,
                f"column names {taken} are reserved; rename them in the data ({', '.join(RESERVED)})",
            )
        blank = [name for name in self.columns if not name.strip()]
        if blank:
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
        empty = [term for term, kept in self.glossary.items() if not term.strip() or not kept.strip()]
        if empty:
            yield "glossary", f"glossary has an empty term or translation: {empty}"
        if self.slices.length_of is not None and self.slices.length_of not in self.inputs:
            yield (
                "slices.length_of",
                f"slices.length_of {self.slices.length_of!r} is no input; inputs: {list(self.inputs)}",
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
        """The task file."""
        return self._path

    @property
    def primary(self) -> MetricChoice:
        """The metric that steers: the first one listed."""
        return self.metrics[0]

    @property
    def columns(self) -> list[str]:
        """The task's own columns in a dataset, in order: inputs, target, slice columns, direction."""
        direction = [self.target.direction] if self.target.direction else []
        return list(dict.fromkeys([*self.inputs, self.target.field, *self.slices.by, *direction]))

    def languages_of(self, direction: object) -> tuple[str | None, str | None]:
        """The languages (ISO 639-1) of what is asked and of the answer in a row with this value of `target.direction`.

        `ja-en`, `ja_en`, `ja>en` and `ja to en` all say from Japanese into English. With any other value, and in a task
        without directions, they are those that the first input with a language and the target declare.
        """
        declared = next((field.language for field in self.inputs.values() if field.language), None)
        given = str(direction).casefold() if self.target.direction and isinstance(direction, str) else ""
        codes = [code for code in re.split(r"[^a-z]+", given) if code not in ("", "to")]
        if len(codes) == 2 and all(len(code) == 2 for code in codes):
            return codes[0], codes[1]
        return declared, self.target.language

    @property
    def labels(self) -> list[str]:
        """The allowed answers, sorted; empty for free text."""
        return sorted(self.target.labels or [])

    def file(self, kind: Literal["seed", "development", "test", "pool", "labels"]) -> Path | None:
        """The absolute path of a data file, None when the task has none of that kind."""
        name = getattr(self.data, kind)
        return None if name is None else (self._path.parent / name).resolve()

    def digest(self, *parts: str) -> str:
        """Digest of the named parts of the task (all when none is named), without the content of data files.

        Prompts count by their text, wherever it stands; a task without any, without a judge or without gate rules of
        its own has no such part.
        """
        whole = self.model_dump(mode="json")
        whole["prompts"] = {
            name: read_prompt(self._path.parent, given)[0] for name, given in self.prompts.items()
        }
        if not whole["prompts"] and "prompts" not in parts:
            del whole["prompts"]
        if whole["judge"] is None and "judge" not in parts:
            del whole["judge"]
        if not whole["gate_rules"] and "gate_rules" not in parts:
            del whole["gate_rules"]
        if not whole["glossary"] and "glossary" not in parts:
            del whole["glossary"]
        return of_json({part: whole[part] for part in parts} if parts else whole)

    def data_digest(self, *kinds: Literal["seed", "development", "test", "pool", "labels"]) -> str:
        """Digest of the content of data files; a missing one counts as absent."""
        found = {kind: self.file(kind) for kind in kinds}
        return of_json(
            {kind: of_file(path) if path and path.exists() else None for kind, path in found.items()}
        )


def is_template(given: str) -> bool:
    """Whether a prompt is given as a text, not as the name of a file."""
    return any(mark in given for mark in ("\n", "{{", "{%"))


def read_prompt(folder: Path, given: str) -> tuple[str, str]:
    """A prompt's template and where it is from, for a template's text or the name of a file under `folder`.

    What holds a line end or a Jinja brace is a text (from `task file`). Raises UserError for a file that is
    missing, empty or not UTF-8.
    """
    if is_template(given):
        return given, "task file"
    file = (folder / given).resolve()
    if not given or not file.is_file():
        raise UserError(
            f"no prompt file {given!r} beside the task file; write a file's name or the template itself"
        )
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{given} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if not text.strip():
        raise UserError(f"{given} is empty; write the prompt into it, or leave it out of the task file")
    return text, given


def load_task(path: str | Path) -> Task:
    """Read and check a task file, or the `task.yaml` in a folder.

    Raises UserError that names the file, each unknown key with the allowed ones, each wrong value with its line and
    what is allowed, and each file that is missing or out of reach.
    """
    from veritrain_lib.task_file.reading import read_task_file

    reading = read_task_file(path)
    if reading.mistakes or reading.task is None:
        raise UserError(reading.document.told(reading.mistakes))
    return reading.task
