"""Benchmark of LoRA training on a tiny generated checkpoint: `python -m benchmarks.lora`.

Weights of a real model are not available offline, so a Llama with random weights and a tokenizer trained on the
built-in example `meetings` goes through all steps: chat template, masked questions, checkpoints, loading of the adapter. Its
random head is not pretrained, so it is trained in full beside the adapters (`also: [lm_head]`).

- `lora_loss_before`, `lora_loss_after`: mean over the answer tokens of the development rows (never trained on), in
  nats, of the untouched checkpoint and of the tuned one.
- `lora_seconds`, `lora_cpu_seconds`: of the whole training, imports, opening and saving included; the second is the
  process's own time, which other work on the machine does not stretch.
- `lora_same_digest`: a training that was killed with -9 in the middle and started again ends with the same bytes.
- `lora_answers_again`: a fresh process that opens the saved adapter gives the same answers.

The last line is one JSON object.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

EXAMPLE = Path(__file__).resolve().parents[1] / "veritrain_lib" / "examples" / "meetings"
PARAMETERS: dict[str, Any] = {
    "base": "base",
    "epochs": 16,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "also": ["lm_head"],
    "every": 20,
    "candidates": 2,
}
KILL_AFTER = 60
"""Steps of weight changes after which the training that is killed dies."""
CHILD = """
import json, sys
from pathlib import Path
from benchmarks import lora
print(json.dumps(getattr(lora, sys.argv[1])(Path(sys.argv[2]), int(sys.argv[3]))))
"""


def measure(seed: int = 0) -> dict[str, Any]:
    """Train without interruption and with a kill in the middle, load again; return the figures of the docstring."""
    with tempfile.TemporaryDirectory() as folder:
        calm, stormy = Path(folder) / "calm", Path(folder) / "stormy"
        prepare(calm)
        shutil.copytree(calm, stormy)
        began, before = time.monotonic(), os.times()
        first = _child("train", calm, seed)
        seconds, after = time.monotonic() - began, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        killed_at = _killed(stormy, seed)
        second = _child("train", stormy, seed)
        again = _child("answers", calm, seed)
    return {
        "lora_loss_before": first["loss_before"],
        "lora_loss_after": first["loss_after"],
        "lora_seconds": round(seconds, 1),
        "lora_cpu_seconds": round(cpu, 1),
        "lora_killed_after_step": killed_at,
        "lora_same_digest": first["digest"] == second["digest"],
        "lora_answers_again": first["answers"] == again["answers"],
        "lora_rows": first["rows"],
        "seed": seed,
    }


def prepare(home: Path) -> None:
    """Create a folder with the tiny checkpoint, its tokenizer trained on the example's seed rows."""
    from benchmarks.tiny_checkpoint import make_tiny

    rows = _rows("seed")
    home.mkdir(parents=True)
    # Little more than the letters themselves: longer pieces are too rare in 150 rows to be learnt.
    make_tiny(home / "base", [*rows["text"], *rows["context"], *rows["translation"]], words=640)


def train(home: Path, seed: int) -> dict[str, Any]:
    """Train in a folder, save the adapter there, and answer; return training facts and losses on development rows."""
    from veritrain_lib.trainers.lora.trainer import Lora

    os.environ["VERITRAIN_HOME"] = str(home)
    task, rows = _task(home), _rows("seed")
    trainer = Lora(**PARAMETERS)
    trainer.on_step = lambda step, numbers: print(f"step {step}", file=sys.stderr, flush=True)
    fitted = trainer.train(task, rows, seed=seed)
    before, after = losses(task, fitted.folder)
    fitted.save(home / "saved")
    return {
        "digest": fitted.digest,
        "rows": len(rows),
        "loss_before": before,
        "loss_after": after,
        "answers": _answered(home, task),
    }


def answers(home: Path, seed: int) -> dict[str, Any]:
    """Return the answers of the saved adapter."""
    return {"answers": _answered(home, _task(home))}


def losses(task: Task, folder: Path) -> tuple[float, float]:
    """Return the mean loss over all answer tokens of the development rows, of the base alone and with the adapter."""
    import torch
    from peft import PeftModel

    from veritrain_lib.models.lora.checkpoint import find_checkpoint
    from veritrain_lib.models.lora.encoding import Encoding
    from veritrain_lib.models.lora.question import AdapterPrompt
    from veritrain_lib.trainers.lora.examples import PaddingCollator, encode
    from veritrain_lib.trainers.lora.parameters import LoraParameters

    base = find_checkpoint("base", task.path.parent)
    encoding = Encoding.of(base)
    examples = encode(task, _rows("dev"), AdapterPrompt.of(task), encoding, LoraParameters.read(PARAMETERS))
    pad = PaddingCollator(encoding.tokenizer.pad_token_id)
    model = PeftModel.from_pretrained(base.weights(torch.float32), str(folder)).eval()

    def loss() -> float:
        total, tokens = 0.0, 0
        for example in examples:
            # Each alone: a mean over all tokens needs their number in each batch.
            count = len(example.answered)
            with torch.inference_mode():
                total += float(model(**pad([example.fields(base.kind)])).loss) * count
            tokens += count
        return round(total / tokens, 4)

    with model.disable_adapter():
        before = loss()
    return before, loss()


def _answered(home: Path, task: Task) -> list[str]:
    from veritrain_lib.models.lora.model import open_lora

    return [
        example.raw for example in open_lora(f"lora:{home / 'saved'}", task).answer(_rows("dev").head(10))
    ]


def _killed(home: Path, seed: int) -> int:
    """Start the training and kill it with -9 after step `KILL_AFTER`; return the last step that was reported."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, "train", str(home), str(seed)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
    )
    assert process.stderr is not None
    step = 0
    for line in process.stderr:
        if line.startswith("step "):
            step = int(line.split()[1])
            if step >= KILL_AFTER:
                os.kill(process.pid, signal.SIGKILL)
                break
    process.wait()
    process.stderr.close()
    return step


def _child(what: str, home: Path, seed: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, str(home), str(seed)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(),
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _environment() -> dict[str, str]:
    # A tiny model's sums are too small to share: two threads only wait for each other.
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def _task(home: Path) -> Task:
    from veritrain_lib.core.task import load_task

    task = load_task(EXAMPLE / "task.yaml")
    # The checkpoint lies in the folder of the measurement, which paths in a task are relative to.
    task._path = home / "task.yaml"
    return task


def _rows(kind: str) -> pd.DataFrame:
    from veritrain_lib.core.rows import read_table

    return read_table(EXAMPLE / f"{kind}.csv")


def main() -> None:
    """Measure, and print the figures."""
    found = measure()
    for name, value in found.items():
        print(f"{name:26} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
