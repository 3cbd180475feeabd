"""Collection of everything that a notebook's cells print and display, even if it arrives after the cell has ended."""

from __future__ import annotations

import sys
from typing import Any

from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from veritrain_lib.redaction import redactor
from veritrain_lib.redaction.notebook import redacted_outputs

MAX_PRINTED_CHARACTERS = 10_000_000
"""Maximum characters of printed text that are stored for one cell."""

TRUNCATION_NOTICE = "[This cell printed more than {:,} characters; the rest was left out.]"
"""Text that replaces what a cell printed beyond `MAX_PRINTED_CHARACTERS`."""


NOTICE_PREFIX = "veritrain: "
"""Prefix of lines that this library writes to a kernel's standard error, such as that it waits for the MLflow store."""


class OutputCollector(PapermillNotebookClient):  # type: ignore[misc]  # papermill is untyped
    """Client of a notebook's kernel, derived from papermill's, that stores all outputs of each cell in the notebook."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Create the client with the arguments of papermill's client."""
        super().__init__(*args, **options)
        self._redactor = redactor()
        self._printed: dict[int, int] = {}  # characters, by cell
        self._requests: dict[str, tuple[NotebookNode, int]] = {}  # by the request's message id

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """Receive outputs until the kernel says that a cell has ended; late outputs of earlier cells go to those cells.

        It replaces nbclient's method, which drops what an earlier cell sends late: text that a thread, a child process
        or C code prints passes through a pipe and often arrives after its cell has ended.

        Args:
            parent_msg_id: Message id of the request that runs the cell.
            cell: The cell.
            cell_index: Its index in the notebook.
        """
        self._requests[parent_msg_id] = cell, cell_index
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            if self._collect_output(message) and message["parent_header"]["msg_id"] == parent_msg_id:
                return

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Handle a kernel's output message as nbclient does, but limit the printed text that is stored for a cell.

        It is cut after 10 million characters. Lines that begin with `veritrain: ` are also printed to this process's
        standard error at once.

        Args:
            msg: The message.
            cell: The cell that the output belongs to.
            cell_index: Its index in the notebook.

        Returns:
            The output as added to the cell; None if nothing was added.
        """
        if msg["msg_type"] == "stream":
            text = msg["content"]["text"]
            if msg["content"]["name"] == "stderr" and text.startswith(NOTICE_PREFIX):
                # Whoever watches the run must see at once what it waits for.
                print(self._redactor(text), file=sys.stderr, end="", flush=True)
            remaining = MAX_PRINTED_CHARACTERS - self._printed.get(cell_index, 0)
            self._printed[cell_index] = MAX_PRINTED_CHARACTERS - remaining + len(text)
            if remaining < 0:
                return None
            if len(text) > remaining:
                msg["content"]["text"] = (
                    f"{text[:remaining]}\n{TRUNCATION_NOTICE.format(MAX_PRINTED_CHARACTERS)}\n"
                )
        output: NotebookNode | None = super().process_message(msg, cell, cell_index)
        return output

    def log_output_message(self, output: NotebookNode) -> None:
        """Print an output while the notebook runs, as papermill does, but with secrets masked."""
        super().log_output_message(redacted_outputs([output], self._redactor)[0])

    def _collect_output(self, message: dict[str, Any]) -> bool:
        """Add an output message to the cell that it belongs to; return whether it says that the cell has ended."""
        origin = self._requests.get(message["parent_header"].get("msg_id"))
        if origin is not None:
            try:
                self.process_message(message, *origin)
            except CellExecutionComplete:
                return True
        return False

    def collect_late_messages(self, messages: list[dict[str, Any]]) -> None:
        """Add output messages that arrived after the notebook's last cell to the cells that they belong to."""
        for message in messages:
            self._collect_output(message)
