"""Everything a cell shows goes to that cell, in whole and tidy, however late it comes."""

from __future__ import annotations

from typing import Any

from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from veritrain_lib.execution.redacted_notebook import redacted_outputs
from veritrain_lib.execution.streams import merge_streams
from veritrain_lib.redaction import redactor

LONGEST_PRINT = 10_000_000
"""Characters of printed text kept of one cell."""

CUT = "[This cell printed more than {:,} characters; the rest was left out.]"


class OutputKeeper(PapermillNotebookClient):  # type: ignore[misc]  # papermill is untyped
    """papermill's client with its own reader of outputs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what papermill's client takes."""
        super().__init__(*args, **options)
        self._redactor = redactor()
        self._printed: dict[int, int] = {}  # characters, by cell
        self._asked: dict[str, tuple[NotebookNode, int]] = {}  # by the request's message id

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """nbclient's reader of outputs, which drops what an earlier cell sends late.

        Text that a thread, a child process or C code prints passes through a pipe and
        often comes after the cell has ended. Here it goes to the cell that made it.
        """
        self._asked[parent_msg_id] = cell, cell_index
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            if self._take_output(message) and message["parent_header"]["msg_id"] == parent_msg_id:
                return

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """nbclient's, but a cell that prints for ever does not fill the memory."""
        if msg["msg_type"] == "stream":
            text = msg["content"]["text"]
            room = LONGEST_PRINT - self._printed.get(cell_index, 0)
            self._printed[cell_index] = LONGEST_PRINT - room + len(text)
            if room < 0:
                return None
            if len(text) > room:
                msg["content"]["text"] = f"{text[:room]}\n{CUT.format(LONGEST_PRINT)}\n"
        output: NotebookNode | None = super().process_message(msg, cell, cell_index)
        return output

    def log_output_message(self, output: NotebookNode) -> None:
        """papermill's: show an output while the cell runs; without secrets."""
        super().log_output_message(redacted_outputs([output], self._redactor)[0])

    def _take_output(self, message: dict[str, Any]) -> bool:
        """Put an output where it belongs; True if it says that its cell has come to its end."""
        whose = self._asked.get(message["parent_header"].get("msg_id"))
        if whose is not None:
            try:
                self.process_message(message, *whose)
            except CellExecutionComplete:
                return True
        return False

    def take_late(self, messages: list[dict[str, Any]]) -> None:
        """Put away what came after the last cell, and tidy up."""
        for message in messages:
            self._take_output(message)
        for cell, index in self._asked.values():
            merge_streams(cell, index, self._display_id_map)
