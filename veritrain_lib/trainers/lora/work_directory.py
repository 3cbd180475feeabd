"""The work directory of one training: a lock, complete checkpoints, and the finished adapter.

A training is named by a digest of everything that affects its result, so that the same training finds its
checkpoints after a kill. Deleting `.veritrain/lora/` only costs time: registered adapters are stored in MLflow.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from veritrain_lib.core import claims, project

COMPLETE_MARKER = "whole"
"""File that is written into a checkpoint last: without it the checkpoint is incomplete."""
FINAL = "last"
"""Content of the marker when the training ended with this checkpoint."""
MAX_KEPT_FOLDERS = 5
"""Number of finished trainings whose folders are kept, newest first."""


@dataclass(frozen=True)
class WorkDirectory:
    """The folder of one training.

    Attributes:
        key: digest of everything that affects the result of the training.
    """

    key: str

    @property
    def folder(self) -> Path:
        """`.veritrain/lora/KEY` in the project."""
        return _root() / self.key[:16]

    @property
    def checkpoints(self) -> Path:
        """The folder that checkpoints are written to."""
        return self.folder / "checkpoints"

    @property
    def adapter(self) -> Path:
        """The folder of the finished adapter; it exists only when the adapter is complete."""
        return self.folder / "adapter"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the training for this process; another process that wants the same one waits and says so."""
        with claims.claim(f"lora {self.folder.name}", f"training the adapter {self.folder.name[:12]}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            yield

    def latest_checkpoint(self) -> Path | None:
        """Return the latest complete checkpoint, None when there is none; incomplete ones are removed."""
        complete = []
        for checkpoint in self.checkpoints.glob("checkpoint-*"):
            if (checkpoint / COMPLETE_MARKER).is_file():
                complete.append(checkpoint)
            else:
                shutil.rmtree(checkpoint)
        return max(complete, key=checkpoint_step, default=None)

    def mark_complete(self, step: int, *, last: bool) -> None:
        """Mark the checkpoint of a step as complete, and whether the training ended with it."""
        file = self.checkpoints / f"checkpoint-{step}" / COMPLETE_MARKER
        temporary = file.with_suffix(".part")
        temporary.write_text(FINAL if last else "", encoding="utf-8")
        temporary.replace(file)

    def finish(self, output: Path) -> None:
        """Move the finished adapter into place atomically, and remove the checkpoints."""
        output.replace(self.adapter)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def remove_old_folders(self) -> None:
        """Remove the folders of all but the newest finished trainings; unfinished ones may still be resumed."""
        finished = [
            folder for folder in _root().iterdir() if (folder / "adapter").is_dir() and folder != self.folder
        ]
        finished.sort(key=lambda folder: (folder / "adapter").stat().st_mtime)
        for folder in finished[: max(len(finished) - MAX_KEPT_FOLDERS + 1, 0)]:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)


def is_final(checkpoint: Path) -> bool:
    """Return whether the training ended with a complete checkpoint: all steps done, or stopped early."""
    return (checkpoint / COMPLETE_MARKER).read_text(encoding="utf-8") == FINAL


def checkpoint_step(checkpoint: Path) -> int:
    """Return the step after which a checkpoint was written."""
    match = re.fullmatch(r"checkpoint-(\d+)", checkpoint.name)
    return int(match.group(1)) if match else -1


def _root() -> Path:
    return project.state("lora")
