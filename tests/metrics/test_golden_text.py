"""ROUGE-L and RIBES against values of independent programs (`golden_text.json` says which and how)."""

import json
from pathlib import Path

import pytest

from veritrain_lib.metrics.ribes import ribes
from veritrain_lib.metrics.rouge_l import rouge_l
from veritrain_lib.metrics.word_tokens import tokens

PAIRS = json.loads(Path(__file__).with_name("golden_text.json").read_text(encoding="utf-8"))["pairs"]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_rouge_l_equals_googles_rouge_score(language):
    pairs = [pair for pair in PAIRS if pair["language"] == language]
    ours = [rouge_l(pair["reference"], pair["answer"], language) for pair in pairs]
    assert ours == pytest.approx([pair["rouge_l"] for pair in pairs], abs=1e-9)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_ribes_equals_the_program_of_its_authors(language):
    pairs = [pair for pair in PAIRS if pair["language"] == language]
    ours = [ribes(tokens(pair["reference"], language), tokens(pair["answer"], language)) for pair in pairs]
    assert ours == pytest.approx([pair["ribes"] for pair in pairs], abs=1e-9)


def test_the_golden_values_are_spread_over_the_whole_scale():
    assert len(PAIRS) >= 80
    for name in ("rouge_l", "ribes"):
        values = {round(pair[name], 1) for pair in PAIRS}
        assert len(values) >= 9, name
