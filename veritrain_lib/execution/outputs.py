"""Collection of everything a cell prints and displays, complete and tidy, however late it arrives."""

from __future__ import annotations

import sys
from typing import Any

from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from veritrain_lib.redaction import redactor
from veritrain_lib.redaction.notebook import redacted_outputs

MAX_PRINTED_CHARACTERS = 10_000_000
"""Characters of printed text kept of one cell."""

TRUNCATION_NOTICE = "[This cell printed more than {:,} characters; the rest was left out.]"


NOTICE_PREFIX = "veritrain: "
"""How lines of this library on a kernel's standard error begin, such as that the kernel waits for the record."""


class OutputCollector(PapermillNotebookClient):  # type: ignore[misc]  # papermill is untyped
    """papermill's client with its own reader of outputs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Accept the arguments of papermill's client."""
        super().__init__(*args, **options)
        self._redactor = redactor()
        self._printed: dict[int, int] = {}  # characters, by cell
        self._requests: dict[str, tuple[NotebookNode, int]] = {}  # by the request's message id

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """Read outputs in place of nbclient, which drops those that an earlier cell sends late.

        Text that a thread, a child process or C code prints passes through a pipe and
        often comes after the cell has ended. Here it goes to the cell that made it.
        """
        self._requests[parent_msg_id] = cell, cell_index
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            if self._collect_output(message) and message["parent_header"]["msg_id"] == parent_msg_id:
                return

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Process a message as nbclient does, but cap the text of a cell that prints for ever."""
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
        """Show an output while the cell runs, as papermill does, but without secrets."""
        super().log_output_message(redacted_outputs([output], self._redactor)[0])

    def _collect_output(self, message: dict[str, Any]) -> bool:
        """Add an output to the cell it belongs to; return whether it says that its cell has ended."""
        origin = self._requests.get(message["parent_header"].get("msg_id"))
        if origin is not None:
            try:
                self.process_message(message, *origin)
            except CellExecutionComplete:
                return True
        return False

    def collect_late_messages(self, messages: list[dict[str, Any]]) -> None:
        """Add the messages that came after the last cell."""
        for message in messages:
            self._collect_output(message)
