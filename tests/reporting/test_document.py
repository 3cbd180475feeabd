import dataclasses

import pandas as pd
import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting import Paragraph, Picture, ReportDocument, TableBlock, VerdictBlock
from veritrain_lib.reporting.pictures import rates


def test_blocks_do_not_change() -> None:
    block = Paragraph("text")
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.text = "other"  # type: ignore[misc]


def test_an_unknown_verdict_is_refused_by_name() -> None:
    with pytest.raises(
        UserError,
        match="'great' is not a kind of verdict; allowed: better, not better, inconclusive, blocked, info",
    ):
        VerdictBlock("so good", "great")  # type: ignore[arg-type]


def test_a_picture_speaks_by_its_alt_text_else_its_figures_else_its_caption() -> None:
    figure = rates(
        pd.DataFrame({"name": ["explanation"], "value": [0.4], "low": [0.3], "high": [0.5], "n": [90]})
    )
    assert Picture(figure, "caption", "given").alt_text == "given"
    assert Picture(figure, "caption").alt_text == "What the probe measured. explanation: 40.0 %"
    assert Picture(b"", "caption").alt_text == "caption"
    assert Picture(b"").alt_text == "picture"


def test_documents_with_frames_can_be_compared() -> None:
    frame = pd.DataFrame({"a": [1]})
    assert ReportDocument("t", blocks=(TableBlock(frame),)) == ReportDocument(
        "t", blocks=(TableBlock(frame),)
    )
