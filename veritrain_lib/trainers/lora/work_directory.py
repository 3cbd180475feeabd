"""The folder of one training: a lock, checkpoints that are whole, and the adapter when it is finished.

A training is named by all that shapes its result, so the same training after a kill finds its own checkpoints.
Deleting `.veritrain/lora/` costs time, nothing else: what was registered is in the record.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from veritrain_lib.core import claims, project

WHOLE = "whole"
"""A file that is written into a checkpoint after everything else: without it the checkpoint was cut by a kill."""
LAST = "last"
"""What stands in it when training was over with this checkpoint."""
KEPT = 5
"""Folders of trainings that are kept, the newest ones."""


@dataclass(frozen=True)
class Work:
    """One training's folder, by the digest of all that shapes its result."""

    key: str

    @property
    def folder(self) -> Path:
        """`.veritrain/lora/KEY` in the project."""
        return _all() / self.key[:16]

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints are written."""
        return self.folder / "checkpoints"

    @property
    def adapter(self) -> Path:
        """The finished adapter; there only when it is whole."""
        return self.folder / "adapter"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process works on a training; another one that wants the same waits, says so, and then finds it done."""
        with claims.claim(f"lora {self.folder.name}", f"training the adapter {self.folder.name[:12]}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            yield

    def newest(self) -> Path | None:
        """The newest whole checkpoint, None when there is none. What a kill cut is removed."""
        whole = []
        for one in self.checkpoints.glob("checkpoint-*"):
            if (one / WHOLE).is_file():
                whole.append(one)
            else:
                shutil.rmtree(one)
        return max(whole, key=number, default=None)

    def mark(self, step: int, *, last: bool) -> None:
        """Say that the checkpoint of a step is whole, and whether training is over with it."""
        file = self.checkpoints / f"checkpoint-{step}" / WHOLE
        part = file.with_suffix(".part")
        part.write_text(LAST if last else "", encoding="utf-8")
        part.replace(file)

    def finish(self, made: Path) -> None:
        """Put the finished adapter in its place, whole or not at all, and remove the checkpoints."""
        made.replace(self.adapter)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def tidy(self) -> None:
        """Remove the folders of all but the newest finished trainings; unfinished ones may still be gone on with."""
        done = [one for one in _all().iterdir() if (one / "adapter").is_dir() and one != self.folder]
        done.sort(key=lambda one: (one / "adapter").stat().st_mtime)
        for one in done[: max(len(done) - KEPT + 1, 0)]:
            shutil.rmtree(one, ignore_errors=True)
            one.with_suffix(".lock").unlink(missing_ok=True)


def is_last(checkpoint: Path) -> bool:
    """Whether training was over with a whole checkpoint: all steps done, or stopped early."""
    return (checkpoint / WHOLE).read_text(encoding="utf-8") == LAST


def number(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    found = re.fullmatch(r"checkpoint-(\d+)", checkpoint.name)
    return int(found.group(1)) if found else -1


def _all() -> Path:
    return project.state("lora")
