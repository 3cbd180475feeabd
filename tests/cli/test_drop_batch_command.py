"""`veritrain drop-batch`: a batch is named as the report names it, and every mistake says what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.slow
def test_without_a_round_there_is_no_batch_to_take_out(run: Run, task: Path, champion: str) -> None:
    said = run("drop-batch", "small@7", task)
    assert (said.code, said.out) == (2, "")
    assert "has no batch 'small@7'; batches: none yet; the loop's rounds add them" in said.err


@pytest.mark.slow  # two stages, each by its notebook
def test_a_batch_is_taken_out_and_put_back(run: Run, task: Path, champion: str) -> None:
    assert run("generate", task, "--rows", 20, "--choose", "random").code == 0
    assert run("gate", task).code == 0
    unknown = run("drop-batch", "x", task).err
    batch = unknown.rsplit("batches: ", 1)[1].split()[0]
    out = run("drop-batch", batch, task, "--json").document()
    assert (out["batch"], out["undone"]) == (batch, False)
    assert out["rows"] > 0
    said = run("drop-batch", batch, task, "--undo")
    assert said.code == 0
    assert f"{out['rows']} rows of batch {batch} put back: {out['after']} became" in said.out
