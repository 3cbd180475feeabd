"""Remarks that a person adds to a report in a notebook's cell, such as how the labels of a round were made."""

from __future__ import annotations

from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import Inputs


def with_remarks(inputs: Inputs, remarks: Any) -> Inputs:
    """Return the report stage's inputs with a person's remarks.

    Args:
        inputs: The inputs that the stage found itself.
        remarks: A list of texts, each of which becomes a paragraph of the report.

    Returns:
        The changed inputs; `inputs` itself if all texts are empty.

    Raises:
        UserError: when the value is not a list of texts.
    """
    if not isinstance(remarks, list | tuple) or not all(isinstance(remark, str) for remark in remarks):
        raise UserError(
            f"remarks is {remarks!r:.80}; it must be a list of texts, each a paragraph of the report: "
            '["Round 2 was labelled by two people."]'
        )
    texts = [remark.strip() for remark in remarks if remark.strip()]
    if not texts:
        return inputs
    return inputs.with_edit("remarks", texts, digest.of_json(texts), " ".join(texts))
