"""Preparation of the gate in the process from which Jupyter kernels are forked.

The functions change no result and are safe before a fork: they start no thread and run no OpenMP code.
"""

from __future__ import annotations

from collections.abc import Iterable

SAMPLE = "where is the invoice that you sent to my colleague last week"


def warm_up() -> None:
    """Import all registered gate checks, metrics, trainers etc., and load the suites of `gates/`, before kernels are forked.

    Besides the imports this takes 0.1 s, which each gate and each generate stage then saves.
    """
    from veritrain_lib.core import project, registry
    from veritrain_lib.quality.suite import load_suite

    for kind in registry.KINDS:
        for name in registry.names(kind):
            registry.get(kind, name)
    for suite in sorted(project.gates().glob("*.json")):
        load_suite(suite)


def load_languages(declared: Iterable[str]) -> None:
    """Load the language detector's models for some languages before kernels are forked.

    This takes about 5 s of CPU time and 650 MB, which the forks share. It saves the 5 s in each gate and each generate
    stage whose suite has the language check.

    Args:
        declared: Declared languages (ISO 639-1 codes).

    Raises:
        UserError: A language can't be detected.
    """
    from veritrain_lib.quality.language.detector import detector

    for language in sorted(set(declared)):
        # One text, not in parallel: lingua's thread pool would not survive a fork.
        detector(language).compute_language_confidence_values(SAMPLE)


def load_languages_of(task_file: str) -> None:
    """Load the language detector's models that a task needs before kernels are forked.

    Args:
        task_file: Path of the task file.
    """
    load_languages(languages_of(task_file))


def languages_of(task_file: str) -> list[str]:
    """Return the languages whose detector models a task needs.

    Args:
        task_file: Path of the task file.

    Returns:
        The ISO 639-1 codes that its input fields declare, if its gate suite has the language check. Empty for a task
        file or suite that can't be read: the stage itself will report the error.
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
