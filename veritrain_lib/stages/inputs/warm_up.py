"""Reading of a task's files ahead of time, in a process from which kernels are forked."""

from __future__ import annotations


def read_files_of(task_file: str) -> None:
    """Read a task's gate suite and its data files, as the stages will.

    Files are cached by content, so a changed file is read anew. The held-out test rows are read without their answers.
    A task file or data file that can't be read is skipped: the stage itself will report the error. Starts no thread
    and runs no OpenMP code.

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
