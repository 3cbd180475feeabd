"""The text of a commented task file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Starter:
    """What the file says. `languages` by input field (None: not held against one); `files` by kind of data."""

    name: str
    made_from: str
    inputs: Mapping[str, str | None]
    target: str
    labels: Sequence[str]
    slices: Sequence[str]
    length_bands: Sequence[int]
    files: Mapping[str, str]
    teacher: str
    rounds: int
    rows_per_round: int
    batch: int
    seed: int

    def text(self) -> str:
        """The YAML, which `load_task` reads."""
        first = next(iter(self.inputs))
        bands = (
            "\n"
            + _noted(
                f"  length_of: {scalar(first)}\n  length_bands: {_list(self.length_bands)}",
                "in words; the last band is open",
            )
            if self.length_bands
            else ""
        )
        files = "\n".join(
            _noted(f"  {kind}: {scalar(file)}", MEANINGS[kind]) for kind, file in self.files.items()
        )
        return TEMPLATE.format(
            name=self.name, made_from=self.made_from, inputs="\n".join(_input(*item) for item in self.inputs.items()),
            target=scalar(self.target), labels=_wrapped(self.labels), slices=_list(self.slices), bands=bands, files=files,
            teacher=_noted(f"  name: {self.teacher}", "pool chooses rows from data.pool, augment varies the rows at hand"),
            batch=_noted(f"  batch: {self.batch}", "rows between two refits of the student"), rounds=self.rounds, rows_per_round=self.rows_per_round,
            looks=_noted(f"  max_looks: {self.rounds + 1}", "new pairs that may be shown the sealed set; the last is kept for the final comparison"), seed=self.seed,
        )  # fmt: skip


COMMENTS_AT = 28

MEANINGS = {
    "seed": "human rows to start from, never dropped",
    "development": "steers: slices, choice, goal",
    "test": "sealed: only decides promotion",
    "pool": "rows to choose from; a label is hidden until its row is chosen",
    "labels": "people's answers to chosen rows that have none",
}

TEMPLATE = """\
# Task {name}, written by `veritrain new-task` from {made_from}. Every key is explained in docs/task.md.
version: 1
name: {name}
description: ""             # one sentence for people

inputs:
{inputs}

target:
  field: {target}
  labels: &labels
    {labels}
  descriptions: {{}}          # what each label means, for people and for models that read

# What a model's answer must look like (JSON Schema); the probe measures how often it does.
contract:
  type: object
  required: [label, candidates, explanation]
  additionalProperties: false
  properties:
    label: {{enum: *labels}}
    candidates:
      type: array
      minItems: 1
      items:
        type: object
        required: [label, score]
        properties:
          label: {{enum: *labels}}
          score: {{type: number, minimum: 0, maximum: 1}}
    explanation: {{type: string, minLength: 1}}

slices:                     # where evaluation looks for losses
  by: {slices}{bands}

metrics:                    # the first one steers and decides
  - {{name: accuracy, version: 1, higher_is_better: true}}
  - {{name: macro_f1, version: 1, higher_is_better: true}}
  - {{name: contract_rate, version: 1, higher_is_better: true}}

gate: classification        # gates/classification.json; or a suite file beside this one

data:
{files}

teacher:
{teacher}
  choose: uncertainty       # or random, balanced, class_error
{batch}

trainer:
  name: tfidf_svc

budget:
  rounds: {rounds}
  rows_per_round: {rows_per_round}

# goal:                     # stop as soon as the first metric reaches this on development rows
#   at_least: 0.95

promotion:
{looks}
  alpha: 0.05               # one-sided error budget for all looks together
  spending: even            # or halving
  slice_margin: 0.10        # a slice shown to lose more than this forbids promotion

seed: {seed}
"""


def scalar(text: str) -> str:
    """A text as YAML, quoted where plain it would mean something else or break the line."""
    import re

    import yaml

    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", text) and yaml.safe_load(text) == text:
        return text
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)).strip()


def _input(name: str, language: str | None) -> str:
    if language is None:
        return _noted(
            f"  {scalar(name)}: {{}}", "language: en would send rows in another language to quarantine"
        )
    return f"  {scalar(name)}:\n" + _noted(
        f"    language: {scalar(language)}", "guessed; rows in another language go to quarantine"
    )


def _noted(text: str, note: str) -> str:
    last = text.rpartition("\n")[2]
    return text + " " * max(1, COMMENTS_AT - len(last)) + "# " + note


def _list(values: Sequence[str] | Sequence[int]) -> str:
    return "[" + ", ".join(scalar(value) if isinstance(value, str) else str(value) for value in values) + "]"


def _wrapped(labels: Sequence[str]) -> str:
    lines, line = [], ""
    for label in labels:
        item = scalar(label) + ", "
        if line and len(line) + len(item) > 100:
            lines.append(line.rstrip())
            line = ""
        line += item
    return "[" + "\n     ".join([*lines, line.rstrip(", ")]) + "]"
