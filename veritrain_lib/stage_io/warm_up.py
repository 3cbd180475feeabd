"""What every stage of a task reads first, done ahead in a process that others are forked from."""

from __future__ import annotations


def read_files_of(task_file: str) -> None:
    """Read a task's gate suite and its data files, as the stages will: by content, so a changed file is read anew.

    The sealed rows are read without their answers. A task file or data file that can't be read is passed over:
    the stage itself will say what is wrong with it. Starts no thread and runs no OpenMP code.
    """
    from contextlib import suppress

    from veritrain_lib.core.errors import UserError
    from veritrain_lib.core.task import load_task
    from veritrain_lib.quality.suite import load_suite
    from veritrain_lib.stage_io import sources, split_overlap

    with suppress(UserError, OSError):
        task = load_task(task_file)
        sources.development_rows(task)
        sources.seed_rows(task)
        sources.test_inputs(task)
        split_overlap.refuse_shared(task)
        # Not `suite_of`: that runs the task's own rules, which may do anything.
        beside = task.path.parent / task.gate
        load_suite(beside if beside.is_file() else task.gate)
