"""Decision whether a notebook's cell succeeded, from the kernel's reply and the cell's outputs.

The kernel's reply alone can't be trusted: `%run broken.py` and `%%capture` reply `ok` although an error was shown,
`exit()` replies `ok` and ends the kernel, and a misspelled magic replies `error` but shows none. So a cell succeeded
only when the reply is ok, no error was shown, and it did not ask to end the kernel. A cell tagged `raises-exception`
may raise.

As everywhere in Jupyter, a shell command (`!false`, `%pip install nosuch`) that ends with a non-zero code is not an
error; `%%bash` is the form that raises.
"""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from veritrain_lib.execution.exit_reason import ExitReason

FINISHED = ExitReason("finished")
"""The exit reason of a cell or a notebook that ran to its end without an error."""


def cell_exit_reason(cell: NotebookNode, index: int, reply: dict[str, Any]) -> ExitReason:
    """Return the reason why a notebook's cell ended.

    Args:
        cell: A code cell with the outputs it made.
        index: Index of the cell in the notebook, from 0.
        reply: Content of the kernel's reply to the cell.

    Returns:
        `FINISHED` if the cell succeeded, else a reason with the status `failed`.
    """
    if any(payload.get("source") == "ask_exit" for payload in reply.get("payload", [])):
        message = "the cell called exit() or quit(), which ends the kernel"
        return ExitReason("failed", "SystemExit", message, index)
    if "raises-exception" in cell.metadata.get("tags", []):
        return FINISHED
    shown = [output for output in cell.outputs if output.output_type == "error"]
    if reply.get("status") == "ok" and not shown:
        return FINISHED
    # The shown error names the exception even where the reply says `NoneType` (a failing repr).
    error = shown[-1] if shown else reply
    kind, message = error.get("ename") or "Error", error.get("evalue") or ""
    if kind == "SystemExit":
        message = f"{message} (the cell called sys.exit: the notebook did not run to its end)"
    return ExitReason("failed", kind, message.strip(), index)


def add_error_output(cell: NotebookNode, exit_reason: ExitReason, output_tail: str) -> None:
    """Add an error output with the reason of a failure to a notebook's cell, unless the cell shows that error already.

    Args:
        cell: The cell that was running.
        exit_reason: The reason why it ended.
        output_tail: Last text that the kernel process wrote, shown above the reason.
    """
    shown = [output.ename for output in cell.outputs if output.output_type == "error"]
    if exit_reason.status == "failed" and exit_reason.kind in shown:
        return
    lines = [*output_tail.splitlines(), f"{exit_reason.kind}: {exit_reason.message}"]
    error = {"ename": exit_reason.kind, "evalue": exit_reason.message, "traceback": lines}
    cell.outputs.append(new_output("error", **error))  # type: ignore[no-untyped-call]
