"""What the generate stage would ask a paid model, and what that would cost, before it does."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.base import open_model
from veritrain_lib.models.chat import ChatModel
from veritrain_lib.stage_io.generate import BINDING
from veritrain_lib.stage_io.progress import duration
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stage_io.stage import RecordedStage
    from veritrain_lib.teachers.base import Preview


@dataclass(frozen=True, repr=False)
class ShownPreview:
    """Shows itself in a notebook, below the stage that was begun. `what` is None when nothing would be paid;
    then `said` says why. `money` is how many US dollars may be spent."""

    stage: RecordedStage

    what: Preview | None
    said: str
    money: float

    def table(self) -> pd.DataFrame:
        """Columns: what, likely, at most."""
        import pandas as pd

        assert self.what is not None
        one = self.what.estimate
        low, high = one.range or one.money
        lines = [
            ("model", self.what.model, ""),
            ("requests", str(one.requests), ""),
            ("of these answered already, free", str(one.stored), ""),
            ("tokens in", f"{one.input_tokens:,}", ""),
            ("tokens out", *(f"{tokens:,}" for tokens in one.output_tokens)),
            ("US dollars", *(f"{money:.4f}" for money in one.money)),
            ("time", *(duration(seconds) for seconds in one.seconds)),
            ("US dollars, 95 in 100", f"{low:.4f} to {high:.4f}", ""),
            ("estimated from", one.basis, ""),
            ("US dollars that may be spent", f"{self.money:.4f}", ""),
            ("of these spent already", f"{self.what.spent:.4f}", ""),
        ]
        return pd.DataFrame(lines, columns=["what", "likely", "at most"])

    def save_prompt(self, file: str) -> str:
        """Write the prompt into a new file beside the task file, to be edited there; says how to use it.

        Raises UserError when the file exists.
        """
        if self.what is None:
            raise UserError("this teacher uses no prompt")
        place = self.stage.task.path.parent / file
        if place.exists():
            raise UserError(f"{file} exists; give another name, or edit it where it is")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.what.prompt.text, encoding="utf-8")
        name = self.what.prompt.name
        return f"Edit {file}, then set `prompts: {{{name}: {file}}}` in the task file, or prompt = {file!r} above."

    def __repr__(self) -> str:
        if self.what is None:
            return self.said
        lines = [" ".join(part for part in row if part) for row in self.table().itertuples(index=False)]
        return "\n".join([self.said, *lines, "", self.what.prompt.text])

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        said = f"{self.stage._repr_html_()}<p><strong>{html.escape(self.said)}</strong></p>"
        if self.what is None:
            return said
        first = "".join(
            f"<p>{html.escape(message.role)}</p><pre>{html.escape(message.content)}</pre>"
            for message in self.what.messages
        )
        prompt = self.what.prompt
        return (
            said
            + table_html(self.table(), caption="Before anything is asked")
            + f"<p>Prompt <em>{html.escape(prompt.name)}</em> ({html.escape(prompt.origin)}, "
            f"{prompt.digest[:12]}):</p><pre>{html.escape(prompt.text)}</pre>"
            + f"<details><summary>The first request</summary>{first}</details>"
        )


def preview(stage: RecordedStage) -> ShownPreview:
    """What a generate stage that was begun would ask and pay. Asks nothing and pays nothing."""
    money = float(stage.parameters["money"] or stage.task.budget.money)
    if runs.finished(stage.task, stage.digest) is not None:
        return ShownPreview(stage, None, "This was done before: it is shown from the record.", money)
    if not BINDING.is_paid(stage.task, stage.parameters):
        return ShownPreview(stage, None, "This teacher asks no paid model.", money)
    uri = stage.inputs.names["model"]
    model = open_model(uri, stage.task)
    if isinstance(model, ChatModel):
        # Even the plan needs paid answers then: those of the model whose errors make it.
        return ShownPreview(stage, None, f"No preview: the plan needs paid answers of {uri}.", money)
    what = BINDING.preview(stage.task, stage.parameters, stage.inputs, model)
    assert what is not None
    return ShownPreview(stage, what, _verdict(what, money), money)


def _verdict(what: Preview, money: float) -> str:
    likely, most = what.estimate.money
    left = max(money - what.spent, 0.0)
    if what.estimate.stored == what.estimate.requests:
        return "Every answer is in the ledger: nothing is paid."
    cost = f"About {likely:.4f} US dollars, at most {most:.4f}."
    if most > 0 and (money <= 0 or likely > left):
        return (
            f"{cost} {left:.4f} may be spent, so nothing will be asked: set money above, or budget.money in the "
            f"task file, to {what.spent + most:.4f}."
        )
    return f"{cost} {left:.4f} may be spent, and it stops before that is passed."
