"""Work that follows a notebook and changes no result, done beside the next one: pages, PDFs."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Mapping

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.execution.warm.zygote import NoZygote, Zygote, zygote_for

MOST_CALLS = 50
"""How much one worker does before the next one takes over, so that nothing can pile up in it."""

_Lost = tuple[str, tuple[str, ...], str]
"""A call that a worker did not come to: function, arguments, and how the worker ended."""


def call_here(function: str, *arguments: str) -> None:
    """Call `module:function` with texts, in this process."""
    module, _, name = function.partition(":")
    getattr(importlib.import_module(module), name)(*arguments)


class Afterwards:
    """Calls functions, one after another, in a worker forked from the zygote; in this process where there is none.

    A worker goes on from piece to piece: the first of a kind costs it several times what the next ones do.
    """

    def __init__(self, *, warm: bool) -> None:
        """`warm`: whether to fork."""
        self._warm = warm
        self._worker: _Worker | None = None
        self._ending: list[_Worker] = []

    def call(self, function: str, *arguments: str) -> None:
        """Have a function called.

        Args:
            function: `module:function`.
            arguments: Texts that it takes.
        """
        worker = self._fit_worker() if self._warm else None
        if worker is None:
            call_here(function, *arguments)
        else:
            worker.ask(function, arguments)

    def finish(self) -> None:
        """Wait until all of it is done. Raises Infrastructure for the first that failed, after the others.

        What a worker that was killed has left is done once more, each by a worker of its own.
        """
        failures, lost = self._wait()
        for function, arguments, _ in lost:
            try:
                self.call(function, *arguments)
            except Exception as error:  # noqa: BLE001  # it was done here, and is told like the others
                failures.append(_failed(function, arguments, f"{type(error).__name__}: {error}"))
            again, lost_again = self._wait()
            failures += [*again, *(_failed(*one) for one in lost_again)]
        if failures:
            raise Infrastructure(failures[0])

    def _wait(self) -> tuple[list[str], list[_Lost]]:
        """Wait for the end of all workers: what failed, and what one that was killed did not come to."""
        self._let_end()
        ended = [worker.end() for worker in self._ending]
        self._ending.clear()
        return [why for failed, _ in ended for why in failed], [one for _, lost in ended for one in lost]

    def _fit_worker(self) -> _Worker | None:
        environment, cwd = dict(os.environ), os.getcwd()
        worker = self._worker
        if worker is not None and not worker.fits(environment, cwd):
            self._let_end()
        if self._worker is None:
            try:
                zygote = zygote_for(environment)
                self._worker = _Worker(zygote, environment, cwd) if zygote.is_ready() else None
            except NoZygote:
                return None
        return self._worker

    def _let_end(self) -> None:
        if self._worker is not None:
            self._worker.process.ask_no_more()
            self._ending.append(self._worker)
            self._worker = None


class _Worker:
    """A forked process and what it was asked to call."""

    def __init__(self, zygote: Zygote, environment: Mapping[str, str], cwd: str) -> None:
        self._environment, self._cwd = environment, cwd
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
        self._asked: list[tuple[str, tuple[str, ...]]] = []
        request = {"worker": True, "environment": dict(environment), "cwd": cwd}
        try:
            self.process = zygote.fork(request, self._said.fileno(), self._said.fileno())
        except NoZygote:
            self._said.close()
            raise

    def fits(self, environment: Mapping[str, str], cwd: str) -> bool:
        """Whether a call in this environment may go to it."""
        same = (self._environment, self._cwd) == (environment, cwd)
        return same and len(self._asked) < MOST_CALLS and self.process.poll() is None

    def ask(self, function: str, arguments: tuple[str, ...]) -> None:
        """Have it call a function after what it was asked before."""
        self._asked.append((function, arguments))
        self.process.ask(function, arguments)

    def end(self) -> tuple[list[str], list[_Lost]]:
        """Wait for its end; what failed, in order, and what it did not come to."""
        code = self.process.wait()
        self.process.close()
        self._said.seek(0)
        last = self._said.read().decode(errors="replace").strip().rpartition("\n")[2]
        self._said.close()
        failures = [
            _failed(*call, why) for call, why in zip(self._asked, self.process.done, strict=False) if why
        ]
        ended = f"its process ended with exit code {code}: {last or 'it said nothing'}"
        return failures, [(*call, ended) for call in self._asked[len(self.process.done) :]]


def _failed(function: str, arguments: tuple[str, ...], why: str) -> str:
    return f"{function.partition(':')[2]}({', '.join(arguments)}) failed: {why}"
