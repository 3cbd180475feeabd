"""Generator of docs/task.md: every key of a task file with type, default and range, read from the pydantic models."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from veritrain_lib.core.task import Task

MEANINGS = {
    "version": "Version of the task file's format.",
    "name": "Name of the task. The MLflow experiment, the registered model and the datasets have this name too.",
    "description": "One sentence for people, which MLflow shows and chat models get as their instruction.",
    "inputs": "The input columns, by name.",
    "inputs.NAME.language": "Language of the column's texts, as an ISO 639-1 code. The gate's language check compares rows with it; without one it does not check the column.",
    "inputs.NAME.description": "What the column contains, for people and for chat models.",
    "target": "The column with the right answer, and which answers are allowed.",
    "target.field": "Column with the right answer.",
    "target.labels": "The allowed answers, each once, at least 2. Without them the answer is free text.",
    "target.descriptions": "What each label means, by label.",
    "target.language": "Language of free-text answers, as an ISO 639-1 code. Metrics split the answer into words by its rules, and the gate's language check compares answers with it.",
    "target.direction": "For a task that translates in several directions: the column that states each row's direction, such as `ja-en`. The trainer `memory` keeps the directions apart.",
    "contract": "What a model's answer must look like, as a JSON Schema. Each answer's raw text is checked against it.",
    "slices": "How evaluation rows are divided into slices. A slice that is shown to be worse forbids promotion.",
    "slices.by": "Columns each of whose values is a slice.",
    "slices.length_of": "Input column whose length in words divides rows into slices.",
    "slices.length_bands": "Upper bounds of the length bands, rising: [8, 20] means up to 8 words, 9 to 20, and more.",
    "metrics": "The metrics, at least one. The first one steers the loop and decides promotion.",
    "metrics[].name": "Name of a metric: a built-in one or an installed extension.",
    "metrics[].file": "Python file with a metric of your own, relative to the task file ([own_metric.md](own_metric.md)). `name` is then what results call it; the default is the file's name without `.py`.",
    "metrics[].version": "Version of the metric that the task was written for. Another version is refused.",
    "metrics[].higher_is_better": "Whether a higher value is better; it is checked against the metric.",
    "metrics[].parameters": "Parameters of the metric; [metrics.md](metrics.md) says which metric has any.",
    "gate": "Gate suite that judges new rows: a name in `gates/`, or a file beside the task file.",
    "gate_rules": "Python files with gate checks and expectations of your own, relative to the task file ([own_rule.md](own_rule.md)).",
    "data": "Files of rows, relative to the task file: CSV, TSV, JSON Lines, JSON, Excel or Parquet ([files.md](files.md)).",
    "data.seed": "Rows answered by people, with which the loop starts. They are never dropped.",
    "data.development": "Rows that steer the loop: slices, choice of rows, goal, comparison of models.",
    "data.test": "The held-out rows. Only the promotion decision reads their answers, and every look at them is counted.",
    "data.pool": "Rows to choose new training rows from. A row's answer stays hidden until the row is chosen, and may be missing. Only the report's comparison with random rows reads other answers.",
    "data.labels": "File for people's answers to chosen pool rows that have none. The loop writes it, and people fill it in, each row with a label or with `none of these`. A row whose label models contradict is there again as `ID#2`, for another person, and as `ID#3` where the two differ; the loop does not wait for these.",
    "data.second_answers": "Columns of the pool with the answers of a second and of a third person, two at most. A row whose label the gate finds contradicted gets its second answer there, and where the two differ its third. They stay hidden until then. Without this key, rows that people answered in the labels file are asked again there, and other contradicted rows leave the training data.",
    "data.may_leave": "Kinds of keys and personal data, named as in the gate rule `personal_data`, that rows may contain when they are sent to a provider: as examples in a teacher's prompt, in a tuning file, as a chat model's input, or to a judge. Rows with other kinds are refused, with their numbers, before anything is paid.",
    "teacher": "The teacher, which supplies new training rows.",
    "teacher.name": "Name of the teacher: `pool` chooses rows from the pool, `augment` varies the rows at hand, `llm` asks a chat model to write new ones.",
    "teacher.choose": "Strategy by which the teacher `pool` chooses rows.",
    "teacher.batch": "Number of rows that the teacher `pool` chooses before it trains its student again.",
    "teacher.out_of_scope": "Share (0 to 0.5) of the pool's rows with a label that may be held back from choosing, so that rows with none of the task's labels are ([out_of_scope.md](out_of_scope.md)). 0 holds nothing back. Where the key is missing, it is 0.03 with the trainer `encoder_svc`, and else 0.",
    "teacher.parameters": "Parameters of the teacher.",
    "trainer": "The trainer, which makes challengers.",
    "trainer.name": "Name of the trainer: a built-in one or an installed extension.",
    "trainer.file": "Python file with a trainer of your own, relative to the task file ([own_trainer.md](own_trainer.md)). `name` is then what results call it; the default is the file's name without `.py`.",
    "trainer.parameters": "Parameters of the trainer.",
    "budget": "Limits at which the loop stops.",
    "budget.rounds": "Largest number of rounds in a loop.",
    "budget.rows_per_round": "Number of new rows in each round.",
    "budget.money": "Cap on what paid calls may cost, in US dollars. With 0 nothing may be spent.",
    "budget.price_per_label": "What one answer of people costs, in a currency of your own. The report sets the price of another round beside the gain that is expected of it. With 0 no price is stated.",
    "goal": "The value at which the loop stops before its budget is used up.",
    "goal.at_least": "Value of the first metric on development rows that must be reached; for a metric of which lower is better, the highest value allowed.",
    "promotion": "How the held-out test set decides on promotion.",
    "promotion.max_looks": "Number of looks: how many new pairs of champion and challenger may be compared on the test set. The last look is kept for the final comparison.",
    "promotion.alpha": "Error budget: the chance, over all looks together, that a challenger is promoted which is not better (one-sided).",
    "promotion.spending": "How the error budget is divided among the looks: `even` gives each the same share, `halving` half of what is left.",
    "promotion.slice_margin": "Loss (0 to 1) from which a slice that is shown to be worse forbids promotion.",
    "promotion.max_set_aside": "Largest share of test rows (0 to 0.05) that may be set aside, and so not counted, because a seed row has the same input. If there are more, nothing is begun.",
    "promotion.max_development_set_aside": "The same for development rows (0 to 0.05) whose input is also in the seed or the test set.",
    "promotion.max_pool_overlap": "Largest share that the pool may have in common with the test or development rows, measured on the smaller of the two files. The gate rejects such pool rows; if there are more, nothing is begun.",
    "judge": "A chat model that judges answers, in the evaluation and in the gate rule `judge_sample`. Without it no judge is asked.",
    "judge.model": "Address of the judge's model: `openai:/MODEL` or `azure:/DEPLOYMENT`.",
    "judge.rubric": "What makes an answer good or bad, in plain words.",
    "judge.scale": "Lowest and highest whole number of points.",
    "judge.floor": "Agreement with people's labels (Cohen's kappa) that the judge must show: the low end of its 95 % interval must reach this value, or else the judge decides nothing.",
    "judge.calibration": "Number of development rows on which that agreement is measured.",
    "judge.sample": "Number of rows of a draft, or of pairs of answers in an evaluation, that the judge is shown.",
    "judge.temperature": "Sampling temperature of the judge. By default it is the provider's own.",
    "judge.max_tokens": "Length limit of the judge's answer in tokens, including the thinking of reasoning models.",
    "glossary": "Terms with their required translation: a term of the first input, and how the answer must have it. The metric `term_accuracy` counts them, and the trainer `memory` uses them.",
    "prompts": "Prompts for chat models by name, each a Jinja template as text or a file relative to the task file. Without one the built-in prompt is used. `write` asks the teacher `llm` for new examples; `answer` asks chat models for answers, and models tuned at a provider are trained with it; `tuned` is the same for models tuned on this machine.",
    "seed": "Seed of every random choice.",
}  # fmt: skip
"""Meaning of every key of a task file, for the table in docs/task.md."""

HEAD = """\
# The task file

One YAML file says what is asked of a model. A key that is not listed here is refused with its name.
`veritrain check TASK` lists everything that keeps a task from being worked on, each mistake with its line; every
command that measures something makes the same checks first.

The files that a task names must be in the task's folder or in the project's; links are followed. YAML reads some plain
words as something else than text (`no`, `1`), so put them in quotes where you mean text. Dates are texts. At most 1 MB
and 50,000 values are read, counting what aliases repeat.

`veritrain new-task --from rows.csv` writes a task file from your own rows. Complete ones, for labels and for free text,
are `veritrain_lib/examples/support/task.yaml` and `veritrain_lib/examples/meetings/task.yaml`
([examples.md](examples.md)). This page is generated from the models in `veritrain_lib/core/task.py` by
`python -m veritrain_lib.cli.reference`.

In data files the columns `id`, `source` and `provenance` are reserved for Veri-Train.

| key | type | default | meaning |
| --- | --- | --- | --- |
"""

TYPE_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}
"""Names of Python types in docs/task.md."""


def task_page() -> str:
    """Return the text of docs/task.md: every key of a task file with its type, default, range and meaning.

    Raises:
        KeyError: A key of the task file has no entry in `MEANINGS`.
    """
    return HEAD + "".join(
        f"| `{key}` | {_type_and_limits(field)} | {_default(field)} | {MEANINGS[key]} |\n"
        for key, field in task_file_keys()
    )


def task_file_keys(model: type[BaseModel] = Task, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of a task file, as a dotted path, with its pydantic field, in order.

    In a path `NAME` stands for a name that the user chooses, and `[]` for the entries of a list.
    """
    for name, field in model.model_fields.items():
        yield prefix + name, field
        for nested, suffix in _nested_models(field.annotation):
            yield from task_file_keys(nested, f"{prefix}{name}{suffix}.")


def _nested_models(annotation: Any) -> list[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(annotation, "")]
    suffix = {dict: ".NAME", list: "[]"}.get(get_origin(annotation), "")
    return [
        (model, suffix + nested_suffix)
        for argument in get_args(annotation)
        for model, nested_suffix in _nested_models(argument)
    ]


def _type_and_limits(field: FieldInfo) -> str:
    constraints = {
        name: getattr(constraint, name)
        for constraint in field.metadata
        for name in ("ge", "gt", "le", "lt", "pattern")
        if getattr(constraint, name, None) is not None
    }
    low = (
        f"from {constraints['ge']}"
        if "ge" in constraints
        else f"above {constraints['gt']}"
        if "gt" in constraints
        else ""
    )
    high = (
        f"to {constraints['le']}"
        if "le" in constraints
        else f"below {constraints['lt']}"
        if "lt" in constraints
        else ""
    )
    pattern = f"`{constraints['pattern']}`" if "pattern" in constraints else ""
    limits = " ".join(limit for limit in (low, high, pattern) if limit)
    return _type(field.annotation) + (f", {limits}" if limits else "")


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin is types.UnionType or type(None) in arguments:
        return _type(next(argument for argument in arguments if argument is not type(None)))
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"{_type(arguments[1])} by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys below"
    return TYPE_NAMES[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "as below"
    return (
        "none"
        if value in (None, "", [], {})
        else f"`{json.dumps(value) if not isinstance(value, str) else value}`"
    )
