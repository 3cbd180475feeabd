"""Execution of notebooks, with a truthful report of how each run ended.

This is the only package that imports papermill, nbclient, nbconvert and Jupyter. Read it in this order:

    notebook           `execute_notebook`: run one notebook and get a `NotebookOutcome`; `was_cut_off`
    outcome            the ways a run can end
    parameters         the typed `parameters` cell: checks before launch and from within the notebook
    parameter_types    the types that a parameter may have
    jobs               a run as a `Job` for a `JobRunner`; `LocalRunner` runs it on this machine
    prepared_notebook  a notebook that has been checked and is ready to run
    parallel           several notebooks at once, with the machine's threads divided among them
    background_tasks   work that follows a notebook and runs beside the next one
    html               the executed notebook as one offline page
    sanitizer          removes active content from that page
    engine             the papermill engine `veritrain`
    cell_runner        runs the cells one after another: time-outs, kernel deaths, interrupts
    cell_status        decides whether a cell succeeded
    outputs, streams   collect everything a cell prints and displays
    cell_states        the state of every cell, on disk at every moment
    kernel             one kernel process: start, supervision, guaranteed end
    channels, process_wait  wait for messages of a kernel and for the end of processes
    kernel_spec        the command that starts a kernel
    cancellation       orderly reaction to Ctrl-C and SIGTERM
    exit_reason        why a run stopped, as one safe line
    titles             a title for each cell
    runner_choice      the list of runners, and the choice of one by name
    workers            Celery workers that run notebook jobs on other machines

Importing this package loads neither papermill nor Jupyter.
"""

from veritrain_lib.execution.html import export_html
from veritrain_lib.execution.jobs import Job, JobRunner, LocalRunner
from veritrain_lib.execution.notebook import execute_notebook, was_cut_off
from veritrain_lib.execution.outcome import NotebookOutcome, NotebookProgress, RunStatus
from veritrain_lib.execution.parameters import (
    Parameter,
    ParameterError,
    check_injected,
    check_parameters,
    parse_assignments,
    read_parameters,
)
from veritrain_lib.fast.warm import warm_up

__all__ = [
    "Job",
    "JobRunner",
    "LocalRunner",
    "NotebookOutcome",
    "NotebookProgress",
    "Parameter",
    "ParameterError",
    "RunStatus",
    "check_injected",
    "check_parameters",
    "execute_notebook",
    "export_html",
    "parse_assignments",
    "read_parameters",
    "warm_up",
    "was_cut_off",
]
