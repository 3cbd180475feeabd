"""Generator of docs/task.md: every key of a task file, with types, defaults and ranges from the pydantic models."""

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
    "name": "Name of the task: MLflow experiment, registered model and datasets are called so.",
    "description": "One sentence for people; MLflow shows it.",
    "inputs": "The input columns, by name.",
    "inputs.NAME.language": "ISO 639-1 code. The language check holds rows against it; without one it does not.",
    "inputs.NAME.description": "What the field holds, for people and for models that read.",
    "target": "The right answer.",
    "target.field": "Column with the right answer.",
    "target.labels": "The allowed answers, each once, at least 2. Without them the answer is free text.",
    "target.descriptions": "What a label means, by label.",
    "target.language": "Of free text: ISO 639-1 code. Metrics cut the answer into words by it, and the language check holds answers against it.",
    "target.direction": "Column that says source and target language row by row, as `ja-en`; memories keep directions apart. For a task with several.",
    "contract": "What a model's answer must look like: a JSON Schema, judged on the raw text of each answer.",
    "slices": "How evaluation rows are cut; a slice shown to be worse forbids promotion.",
    "slices.by": "Columns of which each value is a slice.",
    "slices.length_of": "Input whose length in words cuts slices.",
    "slices.length_bands": "Upper bounds of the length bands, rising: [8, 20] is up to 8 words, 9 to 20, and more.",
    "metrics": "At least one. The first steers the loop and decides promotion.",
    "metrics[].name": "Name of a metric: one of ours or an installed extension.",
    "metrics[].file": "Python file with a metric of your own, relative to the task file ([own_metric.md](own_metric.md)); `name` is then what it is called in results, by default the file's name without `.py`.",
    "metrics[].version": "Version of the metric that the task was written for; another one is refused.",
    "metrics[].higher_is_better": "The metric's direction, stated so that it can be checked.",
    "metrics[].parameters": "What the metric is made with; docs/metrics.md says which metric takes any.",
    "gate": "Suite that judges data: a name in `gates/`, or a file beside the task file.",
    "gate_rules": "Python files with gate checks and expectations of your own, relative to the task file (own_rule.md).",
    "data": "Files of examples, relative to the task file: CSV, TSV, JSON Lines, JSON, Excel or Parquet ([files.md](files.md)).",
    "data.seed": "Human rows to start from. They are never dropped.",
    "data.development": "Rows that steer: slices, choice of rows, goal, comparison.",
    "data.test": "The held-out rows. Only the promotion decision reads their answers, and every look is counted.",
    "data.pool": "Rows to choose from. A row's answer stays hidden until the row is chosen; it may be absent.",
    "data.labels": "People's answers to chosen pool rows that have none. Written by the loop, filled in by people.",
    "data.may_leave": "Kinds of keys and personal data, as the gate's rule `personal_data` names them, that rows may hold when a "
    "provider gets them: as examples in a teacher's prompt, in a tuning file, as a chat model's input, or before a judge. Rows with "
    "others are refused before anything is paid, with their numbers.",
    "teacher": "Who writes or chooses new rows.",
    "teacher.name": "Name of a teacher: `pool` chooses from the pool, `augment` varies the rows at hand, `llm` asks a chat model to write new ones.",
    "teacher.choose": "How a pool is chosen from.",
    "teacher.batch": "Rows chosen between two refits of the student.",
    "teacher.parameters": "What the teacher is called with; each teacher says what it takes.",
    "trainer": "Who makes challengers.",
    "trainer.name": "Name of a trainer.",
    "trainer.file": "Python file with a trainer of your own, relative to the task file ([own_trainer.md](own_trainer.md)); `name` is then what it is called in results, by default the file's name without `.py`.",
    "trainer.parameters": "What the trainer is called with; each trainer says what it takes.",
    "budget": "When to stop spending.",
    "budget.rounds": "Rounds of a loop.",
    "budget.rows_per_round": "New rows a round.",
    "budget.money": "Cap for paid calls, in US dollars; with 0 nothing may be spent.",
    "goal": "When the loop is done before its budget is.",
    "goal.at_least": "Value of the first metric on development rows; for a metric of which lower is better, at most.",
    "promotion": "How the held-out test set decides.",
    "promotion.max_looks": "New pairs of champion and challenger that may be shown the set; the last one is kept for the final comparison.",
    "promotion.alpha": "One-sided error budget for all looks together.",
    "promotion.spending": "How the budget is spread over the looks.",
    "promotion.slice_margin": "Loss (0 to 1) from which a slice that is shown to be worse forbids promotion.",
    "promotion.max_set_aside": "Share of test rows (0 to 0.05) that may be set aside, never counted, because the "
    "seed has the same input; with more nothing is begun.",
    "promotion.max_development_set_aside": "The same for development rows (0 to 0.05) whose input the seed or the test set has.",
    "promotion.max_pool_overlap": "Share of the smaller of two files that pool and test, or pool and development, may "
    "have in common; the gate takes such rows out of what is chosen, with more nothing is begun.",
    "judge": "A chat model that judges answers, in the evaluation and in gate rule `judge_sample`; without it nobody is asked.",
    "judge.model": "Its address: `openai:/MODEL` or `azure:/DEPLOYMENT`.",
    "judge.rubric": "In plain words: what makes an answer good or bad.",
    "judge.scale": "Lowest and highest whole number of points.",
    "judge.floor": "Cohen's kappa with people's labels that the low end of its 95 % interval must reach; below, the judge decides nothing.",
    "judge.calibration": "Development rows on which that is measured.",
    "judge.sample": "Rows of a draft, or pairs of answers of an evaluation, that it is shown.",
    "judge.temperature": "Sampling temperature; none: the provider's own.",
    "judge.max_tokens": "Longest answer of the judge, thinking of reasoning models included.",
    "glossary": "Terms that must be kept: how a term of the first input stands in the answer, by term. The metric `term_accuracy` counts them, the student `memory` puts them in.",
    "prompts": "Jinja templates by name, each a text or a file relative to the task file; without one the built-in is used. `write`: how teacher `llm` asks for new examples; `answer`: how chat models are asked, and what those tuned at a provider are trained on; `tuned`: the same for models tuned on this machine.",
    "seed": "Seed of every random choice.",
}  # fmt: skip

HEAD = """\
# The task file

One YAML file says what is asked of a model. A key that is not listed here is refused by name. `veritrain check TASK`
tells everything that keeps a task from being worked on, each thing with its line; every command that measures checks
the same first. Files are those of the task's folder and the project's (links are followed). A plain word that YAML reads
as something else than a text (`no`, `1`) needs quotes where a text is meant; dates are texts; at most 1 MB and 50,000
values are read, with what aliases repeat. A starter from
your own rows: `veritrain new-task --from rows.csv`; complete ones, for labels and for free text:
`veritrain_lib/examples/support/task.yaml`, `veritrain_lib/examples/meetings/task.yaml` ([examples.md](examples.md)).
Generated from the models in `veritrain_lib/core/task.py` by `python -m veritrain_lib.cli.reference`.

In data files the columns `id`, `source` and `provenance` belong to the workbench.

| key | type | default | meaning |
| --- | --- | --- | --- |
"""

TYPE_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}


def task_page() -> str:
    """Return the page.

    Raises:
        KeyError: A key of the task file has no entry in `MEANINGS`.
    """
    return HEAD + "".join(
        f"| `{key}` | {_type_and_limits(field)} | {_default(field)} | {MEANINGS[key]} |\n"
        for key, field in task_file_keys()
    )


def task_file_keys(model: type[BaseModel] = Task, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of a task file in order, with `NAME` for a user's name and `[]` for a list's entry."""
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
