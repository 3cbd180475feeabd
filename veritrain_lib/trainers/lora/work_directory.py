"""The work directory of one LoRA training: a lock, complete checkpoints, and the finished adapter.

The folder is named by a digest of everything that affects the training's result, so that the same training
finds its checkpoints after a kill. Deleting `.veritrain/lora/` only costs time: registered adapters are
stored in MLflow.
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
"""Name of the file that is written into a checkpoint last; a checkpoint without it is incomplete."""
FINAL = "last"
"""Content of the marker file in the checkpoint with which the training ended."""
MAX_KEPT_FOLDERS = 5
"""Maximum number of finished trainings whose folders are kept; older ones are deleted."""


@dataclass(frozen=True)
class WorkDirectory:
    """Folder in which one LoRA training keeps its checkpoints, so that it can be resumed.

    Attributes:
        key: digest of everything that affects the result of the training.
    """

    key: str

    @property
    def folder(self) -> Path:
        """The folder of the training: `.veritrain/lora/` with the first 16 characters of `key`, in the project."""
        return _root() / self.key[:16]

    @property
    def checkpoints(self) -> Path:
        """The folder in which the training saves its checkpoints."""
        return self.folder / "checkpoints"

    @property
    def adapter(self) -> Path:
        """The folder of the finished LoRA adapter; it exists only once the adapter is complete."""
        return self.folder / "adapter"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold a lock on the LoRA training; another process that starts the same training waits and prints so."""
        with claims.claim(f"lora {self.folder.name}", f"training the adapter {self.folder.name[:12]}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            yield

    def latest_checkpoint(self) -> Path | None:
        """Return the training's latest complete checkpoint, None without one; incomplete checkpoints are deleted."""
        complete = []
        for checkpoint in self.checkpoints.glob("checkpoint-*"):
            if (checkpoint / COMPLETE_MARKER).is_file():
                complete.append(checkpoint)
            else:
                shutil.rmtree(checkpoint)
        return max(complete, key=checkpoint_step, default=None)

    def mark_complete(self, step: int, *, last: bool) -> None:
        """Mark the training's checkpoint of a step as complete.

        Args:
            step: number of optimizer steps done.
            last: whether the training ended with this checkpoint.
        """
        file = self.checkpoints / f"checkpoint-{step}" / COMPLETE_MARKER
        temporary = file.with_suffix(".part")
        temporary.write_text(FINAL if last else "", encoding="utf-8")
        temporary.replace(file)

    def finish(self, output: Path) -> None:
        """Move the finished LoRA adapter to its final folder in one step, and delete the checkpoints.

        Args:
            output: folder in which the adapter was written.
        """
        output.replace(self.adapter)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def remove_old_folders(self) -> None:
        """Delete the folders of finished LoRA trainings except the newest `MAX_KEPT_FOLDERS`.

        Unfinished trainings are kept, because they can be resumed.
        """
        finished = [
            folder for folder in _root().iterdir() if (folder / "adapter").is_dir() and folder != self.folder
        ]
        finished.sort(key=lambda folder: (folder / "adapter").stat().st_mtime)
        for folder in finished[: max(len(finished) - MAX_KEPT_FOLDERS + 1, 0)]:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)


def is_final(checkpoint: Path) -> bool:
    """Return whether a LoRA training ended with this complete checkpoint, after all steps or by early stopping."""
    return (checkpoint / COMPLETE_MARKER).read_text(encoding="utf-8") == FINAL


def checkpoint_step(checkpoint: Path) -> int:
    """Return the number of optimizer steps after which a checkpoint was saved, read from the folder's name."""
    match = re.fullmatch(r"checkpoint-(\d+)", checkpoint.name)
    return int(match.group(1)) if match else -1


def _root() -> Path:
    return project.state("lora")
