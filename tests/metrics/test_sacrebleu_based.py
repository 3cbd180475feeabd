from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.metrics.text_answers import said, text_task
from veritrain_lib.metrics.base import Metric, row_scores
from veritrain_lib.metrics.bleu import Bleu
from veritrain_lib.metrics.chrf import ChrF
from veritrain_lib.metrics.ter import Ter

TANAKA = Path(__file__).resolve().parents[3] / "shared" / "data" / "tanaka_enja" / "test.jsonl"
SHUFFLED = 250


def pairs(language: str) -> tuple[list[str], list[str]]:
    """500 references and answers: every second one has words of its neighbour."""
    if not TANAKA.is_file():
        pytest.skip("../shared/data/tanaka_enja is not there")
    lines = [json.loads(line)[language] for line in TANAKA.read_text(encoding="utf-8").splitlines()]
    cut = [line[: len(line) // 2] + lines[at - 1][len(lines[at - 1]) // 2 :] for at, line in enumerate(lines)]
    return lines, [mixed if at % 2 else line for at, (line, mixed) in enumerate(zip(lines, cut, strict=True))]


@pytest.mark.parametrize(
    ("language", "name", "metric", "flags"),
    [
        ("en", "bleu", Bleu, []),
        ("en", "chrf", ChrF, []),
        ("en", "ter", Ter, []),
        ("ja", "bleu", Bleu, ["--tokenize", "char"]),
        ("ja", "ter", Ter, ["--ter-normalized", "--ter-asian-support"]),
    ],
)
def test_numbers_equal_those_of_sacrebleus_command_line_on_500_pairs(
    tmp_path: Path, language: str, name: str, metric: type[Metric], flags: list[str]
) -> None:
    references, answers = pairs(language)
    assert len(references) == 500
    for file, lines in (("ref", references), ("sys", answers)):
        (tmp_path / file).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sacrebleu",
        str(tmp_path / "ref"),
        "-i",
        str(tmp_path / "sys"),
        "-m",
        name,
    ]
    done = subprocess.run([*command, "-b", "-w", "8", *flags], capture_output=True, text=True, check=True)
    ours = metric(text_task(language)).value(references, said(answers))  # type: ignore[call-arg]
    assert ours == pytest.approx(float(done.stdout), abs=1e-6)


@pytest.mark.parametrize("metric", [Bleu, ChrF, Ter])
def test_a_row_alone_is_graded_as_sacrebleu_grades_a_sentence(metric: type[Metric]) -> None:
    import sacrebleu

    theirs = {"bleu": sacrebleu.sentence_bleu, "chrf": sacrebleu.sentence_chrf, "ter": sacrebleu.sentence_ter}
    references = ["The meeting starts at ten.", "Please send the quotation.", "No."]
    answers = ["The meeting begins at ten.", "Send quotation the please", "Yes, of course it does."]
    opened = metric(text_task())  # type: ignore[call-arg]
    ours = opened.grades(references, said(answers))  # type: ignore[attr-defined]
    expected = [theirs[opened.name](a, [r]).score for r, a in zip(references, answers, strict=True)]
    assert ours.tolist() == pytest.approx(expected)


def test_a_row_that_failed_stays_in_the_denominator_as_an_empty_answer() -> None:
    import sacrebleu

    references = ["The meeting starts at ten.", "Please send the quotation."]
    value = ChrF(text_task()).value(references, said([references[0], None]))
    assert value == pytest.approx(sacrebleu.corpus_chrf([references[0], ""], [references]).score)
    assert value < 100


def test_scores_of_rows_run_from_0_to_1_and_up_also_where_lower_is_better() -> None:
    references = ["The meeting starts at ten."] * 3
    scores = row_scores(Ter(text_task()), references, said([references[0], "x y z a b c d e f g h", None]))
    assert scores[0] == 1.0
    assert scores[1:].tolist() == [0.0, 0.0]
    assert np.all((scores >= 0) & (scores <= 1))


def test_a_direction_of_each_row_sets_its_words() -> None:
    from tests.metrics.text_answers import rows

    task = text_task(target={"field": "out", "direction": "way"})
    references = rows(
        task, ("x", "会議は十時です。"), ("y", "The meeting is at ten."), way=["en-ja", "ja-en"]
    )
    answers = ["会議は九時です。", "The meeting is at nine."]
    opened = Bleu(task)
    # As characters seven of eight are right; as one word nothing would be.
    assert opened.grades(references, said(answers))[0] > 30
    assert "by_way" in opened.signature()
    assert opened.grades(references, said(answers))[1] == pytest.approx(
        Bleu(text_task("en")).grades([str(references[1])], said(answers[1:]))[0]
    )


def test_the_signature_names_version_words_and_smoothing() -> None:
    assert "tok:char|smooth:exp|version:2.6.0" in Bleu(text_task("ja")).signature()
    assert "nc:6|nw:0" in ChrF(text_task()).signature()
