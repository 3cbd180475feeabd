"""The rule catalogue in gates/README.md, made from the checks and the suites themselves.

python -m veritrain_lib.quality.rule_catalogue    writes it again
"""

from __future__ import annotations

import inspect
from pathlib import Path

from veritrain_lib.core import project, registry
from veritrain_lib.quality.check_parameters import declared
from veritrain_lib.quality.suite import Rule, Suite, load_suite

INTRODUCTION = """# Gate suites and rule catalogue

Made by `python -m veritrain_lib.quality.rule_catalogue`; a test compares it. Edit the suites and the checks, not this file.

A suite is a JSON file: `name`, `version`, `notes`, `dataset` (`minimum_rows`, `minimum_accepted_share`,
`minimum_rows_per_label`, `maximum_removed_share`) and `expectations`. Each expectation has a `type` of Great Expectations, its `kwargs`, a
`severity` (`critical` blocks the dataset when it fails, `warning` and `info` only tell) and `meta`:

| key | meaning |
| --- | --- |
| `rule` | its id |
| `check`, `parameters` | the row check that fills the column `ok_<rule>`, and what it is given; left out for a stock expectation on a raw column |
| `needs_label` | `true` keeps it out of the screening of a pool, and lets it look only at rows that the other checks leave |
| `action` | what happens to a row that it rejects: `quarantine` or `warn` |
| `on_uncertain` | the same for rows that were chosen for their uncertainty; default: `action` |
| `reason`, `owner`, `source` | why it is there, who answers for it, where its threshold is from |

`mostly` is 1 - the share of rejected rows above which the rule fails. A stock expectation such as
`expect_column_value_lengths_to_be_between` on `text` quarantines the rows it rejects, nulls included. Whatever is
unknown, misspelt, missing or broken is refused or blocks: a gate that can't be evaluated never passes. Rows that
people wrote (source `human`) are never removed; what is wrong with them is a warning, and an exact copy of a sealed
test row among them blocks.

`maximum_removed_share` (0 to 1; 1, the default, turns it off) is the largest share of rows that may be removed of any one
label, or of any one value of the task's `slices.by`. The dataset is blocked when the low end of that share's 95 %
interval is above the limit and above the share removed of all other rows, so that a small group is not blamed for
chance, nor a label for what is dirty all over. The verdict (`removed.csv`, data docs, `03_gate.ipynb`) has the share of
each, and what took most.

A check about the dataset as a whole measures one number, from 0 (best), on the rows that the row checks leave. Its rule
is `expect_column_max_to_be_between` on `measure_<rule>`, with the limit as `max_value` and the action `warn`; it fails
when the low end of the number's 95 % interval is above the limit.

A rule of your own is ten lines: [docs/own_rule.md](../docs/own_rule.md). People's review of a sample of the rows
(`notebooks/03_gate.ipynb`, `veritrain review`) is stored beside the verdict and changes nothing in it.
"""


def catalogue() -> str:
    """The whole text of gates/README.md."""
    checks = "\n".join(_check(name) for name in _built_in())
    suites = "\n".join(_suite(load_suite(path)) for path in sorted(project.gates().glob("*.json")))
    return f"{INTRODUCTION}\n## Checks\n\n{checks}\n## Suites\n\n{suites}"


def _built_in() -> list[str]:
    ours = "veritrain_lib.quality.checks."
    return [
        name for name in registry.names("checks") if registry.get("checks", name).__module__.startswith(ours)
    ]


def _check(name: str) -> str:
    check = registry.get("checks", name)
    module = inspect.getmodule(check)
    about = inspect.getdoc(module) or ""
    parameters = ", ".join(f"`{key}` = {one.default}" for key, one in declared(check).items()) or "none"
    whole = inspect.signature(check).return_annotation == "Measured"
    kind = "Measures the dataset as a whole. " if whole else ""
    return f"### {name}\n\n{about}\n\n{inspect.getdoc(check)}\n\n{kind}Parameters: {parameters}.\n"


def _suite(suite: Suite) -> str:
    rules = suite.dataset
    lines = "\n".join(_rule(rule) for rule in suite.rules)
    return (
        f"### {suite.name}, version {suite.version}\n\n{suite.notes}\n\n"
        f"Dataset: at least {rules.minimum_rows} accepted rows, {rules.minimum_accepted_share:.0%} of the rows judged, "
        f"{rules.minimum_rows_per_label} accepted or trusted rows a label; at most {rules.maximum_removed_share:.0%} removed of any "
        "label or slice.\n\n"
        "| rule | severity | limit | action | needs a label | reason | owner |\n| --- | --- | --- | --- | --- | --- | --- |\n"
        f"{lines}\n"
    )


def _rule(rule: Rule) -> str:
    meta = rule.meta
    action = (
        meta.action if meta.on_uncertain is None else f"{meta.action}; uncertain rows: {meta.on_uncertain}"
    )
    needs = "yes" if meta.needs_label else "no"
    limit = f"{rule.limit:g}" if rule.measures else f"{rule.limit:.0%}"
    return f"| {rule.id} | {rule.severity} | {limit} | {action} | {needs} | {meta.reason} | {meta.owner} |"


def main() -> None:
    """Write gates/README.md."""
    path = Path(project.gates() / "README.md")
    path.write_text(catalogue(), encoding="utf-8")
    print(f"written: {path}")


if __name__ == "__main__":
    main()
