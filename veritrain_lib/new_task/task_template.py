"""The text of a commented task file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Starter:
    """What the file says. `inputs` are languages by field (None: not held against one); `files` by kind of data.

    With `text_answers` there are no labels, and `target_language` is that of the answers, None where it is not clear.
    """

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
    text_answers: bool = False
    target_language: str | None = None

    @property
    def gate(self) -> str:
        """The suite: for labels, for translations, or for other texts (a file beside the task's)."""
        if not self.text_answers:
            return "classification"
        spoken = next((language for language in self.inputs.values() if language), None)
        translated = spoken and self.target_language and spoken != self.target_language
        return "translation" if translated else SUITE

    def text(self) -> str:
        """The YAML, which `load_task` reads."""
        first = next(iter(self.inputs))
        bands = (
            "\n"
            + _noted(
                f"  length_of: {scalar(first)}\n  length_bands: {_list(self.length_bands)}",
                "in words (two characters of Japanese or Chinese count as one); the last band is open",
            )
            if self.length_bands
            else ""
        )
        files = "\n".join(
            _noted(f"  {kind}: {scalar(file)}", MEANINGS[kind]) for kind, file in self.files.items()
        )
        if self.text_answers:
            target, contract, metrics, trainer = _text_parts(self.target, self.target_language)
        else:
            target = LABELS.format(target=scalar(self.target), labels=_wrapped(self.labels))
            contract, metrics, trainer = LABEL_CONTRACT, LABEL_METRICS, LABEL_TRAINER
        return TEMPLATE.format(
            name=self.name, made_from=self.made_from, inputs="\n".join(_input(*item) for item in self.inputs.items()),
            target=target, contract=contract, metrics=metrics, goal="60" if self.text_answers else "0.95", trainer=trainer, gate=_noted(f"gate: {self.gate}", GATES.get(self.gate, "beside this file")), slices=_list(self.slices), bands=bands, files=files,
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

SUITE = "gate.json"
"""The suite of a task of texts that are no translations; written beside the task file."""

GATES = {
    "classification": "gates/classification.json; or a suite file beside this one",
    "translation": "gates/translation.json; or a suite file beside this one",
    SUITE: "beside this file: what gates/translation.json asks of any text",
}

LABELS = """\
target:
  field: {target}
  labels: &labels
    {labels}
  descriptions: {{}}          # what each label means, for people and for models that read"""

LABEL_CONTRACT = """\
contract:
  type: object
  required: [label, candidates, explanation]
  additionalProperties: false
  properties:
    label: {enum: *labels}
    candidates:
      type: array
      minItems: 1
      items:
        type: object
        required: [label, score]
        properties:
          label: {enum: *labels}
          score: {type: number, minimum: 0, maximum: 1}
    explanation: {type: string, minLength: 1}"""

LABEL_METRICS = """\
  - {name: accuracy, version: 1, higher_is_better: true}
  - {name: macro_f1, version: 1, higher_is_better: true}
  - {name: contract_rate, version: 1, higher_is_better: true}"""

LABEL_TRAINER = """\
trainer:
  name: tfidf_svc"""

TEXT_CONTRACT = """\
contract:
  type: object
  required: [{target}, candidates, explanation]
  additionalProperties: false
  properties:
    {target}: {{type: string, minLength: 1}}
    candidates:
      type: array
      minItems: 1
      items:
        type: object
        required: [{target}, score]
        properties:
          {target}: {{type: string, minLength: 1}}
          score: {{type: number, minimum: 0, maximum: 1}}
    explanation: {{type: string, minLength: 1}}
    notes: {{type: string}}"""

TEXT_METRICS = """\
  - {name: chrf, version: 1, higher_is_better: true}
  - {name: bleu, version: 1, higher_is_better: true}
  - {name: rouge_l, version: 1, higher_is_better: true}
  - {name: contract_rate, version: 1, higher_is_better: true}"""

TEXT_TRAINER = """\
trainer:
  name: memory              # or lora, openai: docs/lora.md, docs/paid_models.md"""

TEMPLATE = """\
# Task {name}, written by `veritrain new-task` from {made_from}. Every key is explained in docs/task.md.
version: 1
name: {name}
description: ""             # one sentence for people

inputs:
{inputs}

{target}

# What a model's answer must look like (JSON Schema); the probe measures how often it does.
{contract}

slices:                     # where evaluation looks for losses
  by: {slices}{bands}

metrics:                    # the first one steers and decides
{metrics}

{gate}

data:
{files}

teacher:
{teacher}
  choose: uncertainty       # or random, balanced, class_error
{batch}

{trainer}

budget:
  rounds: {rounds}
  rows_per_round: {rows_per_round}

# goal:                     # stop as soon as the first metric reaches this on development rows
#   at_least: {goal}

promotion:
{looks}
  alpha: 0.05               # one-sided error budget for all looks together
  spending: even            # or halving
  slice_margin: 0.10        # a slice shown to lose more than this forbids promotion

seed: {seed}
"""


def _text_parts(target: str, language: str | None) -> tuple[str, str, str, str]:
    """Target, contract, metrics and trainer of a task whose answers are texts."""
    field = f"target:\n  field: {scalar(target)}"
    if language is None:
        field += "\n" + _noted(
            "  # language: en", "of the answers, where it is always the same: metrics and gate know it"
        )
    else:
        field += "\n" + _noted(f"  language: {scalar(language)}", "guessed; free text: no labels")
    return field, TEXT_CONTRACT.format(target=scalar(target)), TEXT_METRICS, TEXT_TRAINER


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
