"""Running notebooks truthfully: a run never lies about how it ended.

The only room that knows papermill, nbclient, nbconvert and Jupyter. Read in this order:

    notebook         `execute_notebook`: run one, get a `NotebookOutcome`; `was_cut_off`
    outcome          the ways a run can end
    parameters       the typed `parameters` cell: check before launch, and from within
    parameter_types  which types a parameter may have
    jobs             a run as a `Job` for a `JobRunner`; `LocalRunner` runs it here
    prepared         a notebook that has been checked and is ready to run
    fan_out          several at once, with the machine's threads divided among them
    afterwards       work that follows a notebook, beside the next one
    warm             kernels forked from a process that has imported the stack already
    html             the executed notebook as one offline page

    engine           the papermill engine `veritrain`
    cell_runner      the cells one after another: time-outs, deaths, interrupts
    verdict          what counts as a good cell
    outputs, streams everything a cell shows, in whole and tidy
    cell_states      the state of every cell, on disk at every moment
    kernel           one kernel process: started, watched, ended for certain
    channels, process_end  waiting for what it says, and for its end
    kernel_spec      which command starts it
    kernel_main      what that process runs
    stoppable        Ctrl-C and SIGTERM in order
    ending           why a run stopped, in one safe line
    titles           a title for each cell

Importing this package loads neither papermill nor Jupyter.
"""

from veritrain_lib.execution.html import export_html
from veritrain_lib.execution.jobs import Job, JobRunner, LocalRunner
from veritrain_lib.execution.notebook import execute_notebook, was_cut_off
from veritrain_lib.execution.outcome import NotebookOutcome, Progress, Status
from veritrain_lib.execution.parameters import (
    Parameter,
    ParameterError,
    check_injected,
    check_parameters,
    parse_assignments,
    read_parameters,
)
from veritrain_lib.execution.warm import warm_up

__all__ = [
    "Job",
    "JobRunner",
    "LocalRunner",
    "NotebookOutcome",
    "Parameter",
    "ParameterError",
    "Progress",
    "Status",
    "check_injected",
    "check_parameters",
    "execute_notebook",
    "export_html",
    "parse_assignments",
    "read_parameters",
    "warm_up",
    "was_cut_off",
]
