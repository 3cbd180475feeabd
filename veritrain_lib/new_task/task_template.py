"""Template of the commented task file that `veritrain new-task` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from veritrain_lib.core.task import Promotion
from veritrain_lib.encoders.use_multilingual import LANGUAGES


@dataclass(frozen=True)
class TaskTemplate:
    """Values of a new task's file, which are filled into the commented YAML template.

    Attributes:
        name: name of the task.
        made_from: name of the file that the task was made from.
        inputs: language of each input field; None where it is unclear, so that the language of rows is not
            checked.
        target: name of the target field.
        labels: the labels; empty for free-text answers.
        slices: names of the fields whose values define slices.
        length_bands: bounds of the slices by text length, in words; empty for no such slices.
        files: file name by kind of data (`seed`, `development`, `test`, `pool`, `labels`).
        teacher: `pool` or `augment`.
        rounds: budget of rounds.
        rows_per_round: budget of new rows per round.
        batch: number of rows that the teacher chooses between two trainings of its student model.
        seed: random seed of the task.
        text_answers: whether the answers are free texts instead of labels.
        target_language: language of the free-text answers; None where it is unclear.
        imbalanced: whether the labels are so unequally frequent that macro F1 is the primary metric instead
            of accuracy.
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
    imbalanced: bool = False

    @property
    def gate(self) -> str:
        """The name of the new task's gate suite.

        It is `classification` for labels, `translation` for answers in another language than the input, and
        else `gate.json`, a file beside the task file.
        """
        if not self.text_answers:
            return "classification"
        input_language = next((language for language in self.inputs.values() if language), None)
        is_translation = input_language and self.target_language and input_language != self.target_language
        return "translation" if is_translation else SUITE

    def text(self) -> str:
        """Return the content of the new task's file as commented YAML, which `load_task` reads."""
        first = next(iter(self.inputs))
        bands = (
            "\n"
            + _with_comment(
                f"  length_of: {scalar(first)}\n  length_bands: {_list(self.length_bands)}",
                "in words (two characters of Japanese or Chinese count as one); the last band is open",
            )
            if self.length_bands
            else ""
        )
        files = "\n".join(
            _with_comment(f"  {kind}: {scalar(file)}", FILE_COMMENTS[kind])
            for kind, file in self.files.items()
        )
        if self.text_answers:
            target, contract, metrics, trainer = _text_parts(self.target, self.target_language)
        else:
            target = LABEL_TARGET.format(target=scalar(self.target), labels=_wrapped_list(self.labels))
            contract = LABEL_CONTRACT
            trainer = ENCODER_TRAINER if LANGUAGES.issuperset(self.inputs.values()) else WORD_TRAINER
            metrics = IMBALANCED_METRICS if self.imbalanced else LABEL_METRICS
        defaults = Promotion()
        return TEMPLATE.format(
            name=self.name, made_from=self.made_from, inputs="\n".join(_input(*item) for item in self.inputs.items()),
            target=target, contract=contract, metrics=metrics, goal="60" if self.text_answers else "0.95", trainer=trainer, gate=_with_comment(f"gate: {self.gate}", GATE_COMMENTS.get(self.gate, "beside this file")), slices=_list(self.slices), bands=bands, files=files,
            teacher=_with_comment(f"  name: {self.teacher}", "pool selects rows from data.pool, augment varies the existing rows"),
            batch=_with_comment(f"  batch: {self.batch}", "rows between two refits of the student"), rounds=self.rounds, rows_per_round=self.rows_per_round,
            looks=_with_comment(f"  max_looks: {self.rounds + 1}", "new model pairs evaluated on the held-out test set; the last is for the final comparison"), seed=self.seed,
            alpha=_with_comment(f"  alpha: {defaults.alpha:g}", "one-sided error budget for all looks together"),
            slice_margin=_with_comment(f"  slice_margin: {defaults.slice_margin:g}", "a significant loss of more than this in any slice blocks promotion"),
        )  # fmt: skip


COMMENT_COLUMN = 28

FILE_COMMENTS = {
    "seed": "human rows to start from, never dropped",
    "development": "guides the loop: slices, selection, goal",
    "test": "held out: only decides promotion",
    "pool": "rows to select from; a label is hidden until its row is selected",
    "labels": "answers of annotators to selected rows without a label",
}

SUITE = "gate.json"
"""Name of the gate suite's file for free-text answers that are not translations; it is written beside the task file."""

GATE_COMMENTS = {
    "classification": "gates/classification.json; or a suite file beside this one",
    "translation": "gates/translation.json; or a suite file beside this one",
    SUITE: "beside this file: the rules of gates/translation.json that apply to any text",
}

LABEL_TARGET = """\
target:
  field: {target}
  labels: &labels
    {labels}
  descriptions: {{}}          # what each label means, for annotators and language models"""

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

IMBALANCED_METRICS = """\
  # Accuracy could rise while rare labels are lost; macro F1 counts each label alike. Recall by label: slices, report.
  - {name: macro_f1, version: 1, higher_is_better: true}
  - {name: accuracy, version: 1, higher_is_better: true}
  - {name: contract_rate, version: 1, higher_is_better: true}"""

ENCODER_TRAINER = """\
trainer:
  name: encoder_svc         # reads meaning and words (docs/encoders.md); tfidf_svc reads words alone and is faster"""

WORD_TRAINER = """\
trainer:
  name: tfidf_svc           # reads words, in any language; encoder_svc also reads meaning (docs/encoders.md)"""

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

slices:                     # subsets that are evaluated separately
  by: {slices}{bands}

metrics:                    # the first one guides the loop and decides promotion
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
{alpha}
  spending: even            # or halving
{slice_margin}

seed: {seed}
"""


def _text_parts(target: str, language: str | None) -> tuple[str, str, str, str]:
    """Return the sections target, contract, metrics and trainer of a task with free-text answers as YAML.

    Args:
        target: name of the target field.
        language: language of the answers; None where it is unclear.
    """
    field = f"target:\n  field: {scalar(target)}"
    if language is None:
        field += "\n" + _with_comment(
            "  # language: en", "language of the answers, if it is always the same: used by metrics and gate"
        )
    else:
        field += "\n" + _with_comment(f"  language: {scalar(language)}", "guessed; free text: no labels")
    return field, TEXT_CONTRACT.format(target=scalar(target)), TEXT_METRICS, TEXT_TRAINER


def scalar(text: str) -> str:
    """Return a string as a YAML scalar, in quotes where YAML would misread it or it would break the line."""
    import re

    import yaml

    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", text) and yaml.safe_load(text) == text:
        return text
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)).strip()


def _input(name: str, language: str | None) -> str:
    if language is None:
        return _with_comment(
            f"  {scalar(name)}: {{}}", "language: en would send rows in another language to quarantine"
        )
    return f"  {scalar(name)}:\n" + _with_comment(
        f"    language: {scalar(language)}", "guessed; rows in another language go to quarantine"
    )


def _with_comment(text: str, comment: str) -> str:
    last = text.rpartition("\n")[2]
    return text + " " * max(1, COMMENT_COLUMN - len(last)) + "# " + comment


def _list(values: Sequence[str] | Sequence[int]) -> str:
    return "[" + ", ".join(scalar(value) if isinstance(value, str) else str(value) for value in values) + "]"


def _wrapped_list(labels: Sequence[str]) -> str:
    lines, line = [], ""
    for label in labels:
        item = scalar(label) + ", "
        if line and len(line) + len(item) > 100:
            lines.append(line.rstrip())
            line = ""
        line += item
    return "[" + "\n     ".join([*lines, line.rstrip(", ")]) + "]"
