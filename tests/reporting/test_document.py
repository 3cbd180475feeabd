import dataclasses

import pandas as pd
import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting import Document, Paragraph, Picture, Table, Verdict
from veritrain_lib.reporting.pictures import rates


def test_blocks_do_not_change() -> None:
    block = Paragraph("text")
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.text = "other"  # type: ignore[misc]


def test_an_unknown_verdict_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="'great'; allowed: better, not better, inconclusive, blocked, info"):
        Verdict("so good", "great")  # type: ignore[arg-type]


def test_a_picture_speaks_by_its_alt_text_else_its_figures_else_its_caption() -> None:
    figure = rates(
        pd.DataFrame({"name": ["explanation"], "value": [0.4], "low": [0.3], "high": [0.5], "n": [90]})
    )
    assert Picture(figure, "caption", "given").spoken == "given"
    assert Picture(figure, "caption").spoken == "What the probe measured. explanation: 40.0 %"
    assert Picture(b"", "caption").spoken == "caption"
    assert Picture(b"").spoken == "picture"


def test_documents_with_frames_can_be_compared() -> None:
    frame = pd.DataFrame({"a": [1]})
    assert Document("t", blocks=(Table(frame),)) == Document("t", blocks=(Table(frame),))
