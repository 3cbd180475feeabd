"""Preview of the generate stage: the requests that it would send to a paid model, and their estimated cost.

A notebook calls `preview(stage, plan=plan)`. It sends nothing and pays nothing.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.base import open_model
from veritrain_lib.models.chat import ChatModel
from veritrain_lib.stages.generate.inputs import is_paid
from veritrain_lib.stages.generate.record import SPEC
from veritrain_lib.stages.record.progress import duration
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.record.stage_run import StageRun
    from veritrain_lib.teachers.base import Preview


@dataclass(frozen=True, repr=False)
class PreviewView:
    """Preview of a paid generation: requests and estimated cost. It displays itself in a notebook.

    Attributes:
        stage: The generate stage.
        preview: The prompt, the first request and the cost estimate; None when nothing would be paid.
        message: One or two sentences that say what would be paid, or why nothing would be.
        money: The budget in US dollars.
    """

    stage: StageRun

    preview: Preview | None
    message: str
    money: float

    def table(self) -> pd.DataFrame:
        """Return the cost estimate of a paid generation as a table with the columns what, likely, at most."""
        import pandas as pd

        assert self.preview is not None
        estimate = self.preview.estimate
        low, high = estimate.range or estimate.money
        lines = [
            ("model", self.preview.model, ""),
            ("requests", str(estimate.requests), ""),
            ("of these answered already, free", str(estimate.stored), ""),
            ("tokens in", f"{estimate.input_tokens:,}", ""),
            ("tokens out", *(f"{tokens:,}" for tokens in estimate.output_tokens)),
            ("US dollars", *(f"{money:.4f}" for money in estimate.money)),
            ("time", *(duration(seconds) for seconds in estimate.seconds)),
            ("US dollars, 95 in 100", f"{low:.4f} to {high:.4f}", ""),
            ("estimated from", estimate.basis, ""),
            ("US dollars that may be spent", f"{self.money:.4f}", ""),
            ("of these spent already", f"{self.preview.spent:.4f}", ""),
        ]
        return pd.DataFrame(lines, columns=["what", "likely", "at most"])

    def save_prompt(self, file: str) -> str:
        """Write the teacher's prompt to a new file beside the task file, where the user can edit it.

        Args:
            file: The name of the new file, relative to the task file's folder.

        Returns:
            A sentence that says how to use the file.

        Raises:
            UserError: when the file exists already, or the teacher uses no prompt.
        """
        if self.preview is None:
            raise UserError("this teacher uses no prompt")
        path = self.stage.task.path.parent / file
        if path.exists():
            raise UserError(f"{file} exists; give another name, or edit it where it is")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.preview.prompt.text, encoding="utf-8")
        name = self.preview.prompt.name
        return f"Edit {file}, then set `prompts: {{{name}: {file}}}` in the task file, or prompt = {file!r} above."

    def __repr__(self) -> str:
        if self.preview is None:
            return self.message
        lines = [" ".join(part for part in row if part) for row in self.table().itertuples(index=False)]
        return "\n".join([self.message, *lines, "", self.preview.prompt.text])

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        message = f"{self.stage._repr_html_()}<p><strong>{html.escape(self.message)}</strong></p>"
        if self.preview is None:
            return message
        first_request = "".join(
            f"<p>{html.escape(message.role)}</p><pre>{html.escape(message.content)}</pre>"
            for message in self.preview.messages
        )
        prompt = self.preview.prompt
        return (
            message
            + table_html(self.table(), caption="Before anything is asked")
            + f"<p>Prompt <em>{html.escape(prompt.name)}</em> ({html.escape(prompt.origin)}, "
            f"{prompt.digest[:12]}):</p><pre>{html.escape(prompt.text)}</pre>"
            + f"<details><summary>The first request</summary>{first_request}</details>"
        )


def preview(stage: StageRun, **changes: Any) -> PreviewView:
    """Return the requests that the generate stage would send to a paid model, and their cost, without sending any.

    Args:
        stage: The generate stage.
        **changes: Inputs to use in place of the stage's own, as `stage.run` accepts them: `plan`.

    Raises:
        UserError: when `stage.run` would not accept these inputs.
    """
    inputs = stage.inputs_with(**changes)
    money = float(stage.parameters["money"] or stage.task.budget.money)
    if runs.finished(stage.task, stage.digest_with(inputs)) is not None:
        return PreviewView(stage, None, "This was done before: it is shown from the record.", money)
    if not is_paid(stage.task, stage.parameters):
        return PreviewView(stage, None, "This teacher asks no paid model.", money)
    uri = inputs.names["model"]
    model = open_model(uri, stage.task)
    if isinstance(model, ChatModel):
        # Then even the plan needs paid answers: those of the model whose errors it is made from.
        return PreviewView(stage, None, f"No preview: the plan needs paid answers of {uri}.", money)
    preview = SPEC.preview(stage.task, stage.parameters, inputs, model)
    assert preview is not None
    return PreviewView(stage, preview, _verdict(preview, money), money)


def _verdict(preview: Preview, money: float) -> str:
    likely, most = preview.estimate.money
    left = max(money - preview.spent, 0.0)
    if preview.estimate.stored == preview.estimate.requests:
        return "Every answer is in the ledger: nothing is paid."
    cost = f"About {likely:.4f} US dollars, at most {most:.4f}."
    if most > 0 and (money <= 0 or likely > left):
        return (
            f"{cost} {left:.4f} may be spent, so nothing will be asked: set money above, or budget.money in the "
            f"task file, to {preview.spent + most:.4f}."
        )
    return f"{cost} {left:.4f} may be spent, and it stops before that is passed."
