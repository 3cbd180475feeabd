"""Warm-up of the quality package in a process that others are forked from.

The functions change no result and are safe before a fork: they start no thread and run no OpenMP code.
"""

from __future__ import annotations

from collections.abc import Iterable

SAMPLE = "where is the invoice that you sent to my colleague last week"


def warm_up() -> None:
    """Import the built-in checks and load the suites of `gates/` with their expectation classes.

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
    """Load the models of the language check for fields in these languages.

    Takes about 5 s of CPU and 650 MB, which forks share; saves the 5 s in each gate and each generate whose suite has the
    check.

    Args:
        declared: Declared languages (ISO 639-1 codes).

    Raises:
        UserError: For a language that can't be detected.
    """
    from veritrain_lib.quality.language.detector import detector

    for language in sorted(set(declared)):
        # One text, not in parallel: lingua's thread pool would not survive a fork.
        detector(language).compute_language_confidence_values(SAMPLE)


def load_languages_of(task_file: str) -> None:
    """Load the language models that a task needs.

    Args:
        task_file: Path of the task file.
    """
    load_languages(languages_of(task_file))


def languages_of(task_file: str) -> list[str]:
    """Return the languages whose models a task needs.

    Args:
        task_file: Path of the task file.

    Returns:
        The languages that its fields declare, if its gate suite has the language check. Empty for a task file or suite that
        can't be read: the stage itself will report the error.
    """
    from veritrain_lib.core.errors import UserError
    from veritrain_lib.core.task import load_task
    from veritrain_lib.quality.suite import load_suite

    try:
        task = load_task(task_file)
        beside_task = task.path.parent / task.gate
        suite = load_suite(beside_task if beside_task.is_file() else task.gate)
    except UserError:
        return []
    if not any(rule.meta.check == "language" for rule in suite.rules):
        return []
    return sorted({field.language for field in task.inputs.values() if field.language is not None})
