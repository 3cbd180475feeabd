"""What a gate needs once a process, done ahead in a process that others are forked from.

Both functions change no result and are safe before a fork: they start no thread and run no OpenMP code.
"""

from __future__ import annotations

from collections.abc import Iterable

SAMPLE = "where is the invoice that you sent to my colleague last week"


def warm_up() -> None:
    """Find and import the built-in checks, and load the suites of `gates/` with their expectation classes.

    Takes 0.1 s beside the imports; saves that in each gate and each generate.
    """
    from veritrain_lib.core import project, registry
    from veritrain_lib.quality.suite import load_suite

    for kind in registry.KINDS:
        for name in registry.names(kind):
            registry.get(kind, name)
    for suite in sorted(project.gates().glob("*.json")):
        load_suite(suite)


def load_languages(declared: Iterable[str]) -> None:
    """Load the models of the language check for fields declared in these languages (ISO 639-1 codes).

    Takes about 5 s of CPU and 650 MB, which forks share; saves the 5 s in each gate and each generate whose
    suite has the check. Raises UserError for a language that can't be detected.
    """
    from veritrain_lib.quality.language.detector import detector

    for language in sorted(set(declared)):
        # One text, not in parallel: lingua's pool of threads would not live through a fork.
        detector(language).compute_language_confidence_values(SAMPLE)


def load_languages_of(task_file: str) -> None:
    """`load_languages` for what a task needs."""
    load_languages(languages_of(task_file))


def languages_of(task_file: str) -> list[str]:
    """The languages to load for a task: those its fields declare, if its gate suite has the language check.

    Empty for a task file or suite that can't be read: the stage itself will say what is wrong with it.
    """
    from veritrain_lib.core.errors import UserError
    from veritrain_lib.core.task import load_task
    from veritrain_lib.quality.suite import load_suite

    try:
        task = load_task(task_file)
        beside = task.path.parent / task.gate
        suite = load_suite(beside if beside.is_file() else task.gate)
    except UserError:
        return []
    if not any(rule.meta.check == "language" for rule in suite.rules):
        return []
    return sorted({field.language for field in task.inputs.values() if field.language is not None})
