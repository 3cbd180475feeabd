"""Preloading of a task's files in the process from which notebook kernels are forked."""

from __future__ import annotations


def read_files_of(task_file: str) -> None:
    """Read a task's gate suite and data files into the caches of this process, from which notebook kernels are forked.

    The caches are keyed by content, so a file that has changed is read again. Held-out test rows are read without their
    answers. A file that can't be read is skipped, since the stage itself reports the error. The function starts no
    thread and runs no OpenMP code, which would make forking unsafe.

    Args:
        task_file: The path of the task file.
    """
    from contextlib import suppress

    from veritrain_lib.core.errors import UserError
    from veritrain_lib.core.task import load_task
    from veritrain_lib.quality.suite import load_suite
    from veritrain_lib.stages.inputs import sources, split_overlap

    with suppress(UserError, OSError):
        task = load_task(task_file)
        sources.development_rows(task)
        sources.seed_rows(task)
        sources.test_inputs(task)
        split_overlap.refuse_overlap(task)
        # Not `suite_of`: that runs the task's custom rules, which may do anything.
        suite_file = task.path.parent / task.gate
        load_suite(suite_file if suite_file.is_file() else task.gate)
