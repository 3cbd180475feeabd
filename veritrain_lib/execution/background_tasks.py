"""Tasks that follow a notebook and change no result, run beside the next notebook: HTML pages, PDFs."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Mapping

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.fast.warm.zygote import Zygote, ZygoteUnavailable, zygote_for

MAX_CALLS_PER_WORKER = 50
"""Calls that one worker makes before a new worker replaces it, so that no memory can pile up in it."""

_UnfinishedCall = tuple[str, tuple[str, ...], str]
"""A call that a worker did not get to: function, arguments, and how the worker ended."""


def call_in_process(function: str, *arguments: str) -> None:
    """Call `module:function` with text arguments in this process."""
    module, _, name = function.partition(":")
    getattr(importlib.import_module(module), name)(*arguments)


class BackgroundTasks:
    """A queue of function calls that run one after another in a worker forked from the zygote.

    Where there is no zygote, the calls run in this process. One worker makes many calls: its first call of a kind takes
    several times as long as the next ones.
    """

    def __init__(self, *, warm: bool) -> None:
        """Create an empty queue.

        Args:
            warm: Whether to fork a worker; otherwise every call runs in this process at once.
        """
        self._warm = warm
        self._worker: _Worker | None = None
        self._closing: list[_Worker] = []

    def call(self, function: str, *arguments: str) -> None:
        """Schedule a function call.

        Args:
            function: The function, as `module:function`.
            arguments: Its arguments, all texts.
        """
        worker = self._usable_worker() if self._warm else None
        if worker is None:
            call_in_process(function, *arguments)
        else:
            worker.submit(function, arguments)

    def finish(self) -> None:
        """Wait until all calls are done.

        Calls that a killed worker left unfinished are repeated once, each in a worker of its own.

        Raises:
            Infrastructure: A call failed; raised for the first failure, after all other calls are done.
        """
        failures, unfinished = self._wait()
        for function, arguments, _ in unfinished:
            try:
                self.call(function, *arguments)
            except Exception as error:  # noqa: BLE001  # it ran in this process, and is reported like the others
                failures.append(_failure_message(function, arguments, f"{type(error).__name__}: {error}"))
            more_failures, still_unfinished = self._wait()
            failures += [*more_failures, *(_failure_message(*call) for call in still_unfinished)]
        if failures:
            raise Infrastructure(failures[0])

    def _wait(self) -> tuple[list[str], list[_UnfinishedCall]]:
        """Wait for all workers; return the failures, and the calls that a killed worker did not get to."""
        self._close_worker()
        results = [worker.end() for worker in self._closing]
        self._closing.clear()
        return [reason for failed, _ in results for reason in failed], [
            call for _, unfinished in results for call in unfinished
        ]

    def _usable_worker(self) -> _Worker | None:
        environment, cwd = dict(os.environ), os.getcwd()
        worker = self._worker
        if worker is not None and not worker.matches(environment, cwd):
            self._close_worker()
        if self._worker is None:
            try:
                zygote = zygote_for(environment)
                self._worker = _Worker(zygote, environment, cwd) if zygote.is_ready() else None
            except ZygoteUnavailable:
                return None
        return self._worker

    def _close_worker(self) -> None:
        if self._worker is not None:
            self._worker.process.close_requests()
            self._closing.append(self._worker)
            self._worker = None


class _Worker:
    """A forked process and the calls it was given."""

    def __init__(self, zygote: Zygote, environment: Mapping[str, str], cwd: str) -> None:
        self._environment, self._cwd = environment, cwd
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
        self._calls: list[tuple[str, tuple[str, ...]]] = []
        request = {"worker": True, "environment": dict(environment), "cwd": cwd}
        try:
            self.process = zygote.fork(request, self._output.fileno(), self._output.fileno())
        except ZygoteUnavailable:
            self._output.close()
            raise

    def matches(self, environment: Mapping[str, str], cwd: str) -> bool:
        """Return whether a call in this environment may go to this worker."""
        same = (self._environment, self._cwd) == (environment, cwd)
        return same and len(self._calls) < MAX_CALLS_PER_WORKER and self.process.poll() is None

    def submit(self, function: str, arguments: tuple[str, ...]) -> None:
        """Send a call to the worker, to be made after the earlier ones."""
        self._calls.append((function, arguments))
        self.process.submit(function, arguments)

    def end(self) -> tuple[list[str], list[_UnfinishedCall]]:
        """Wait for the worker's end; return its failures, in order, and the calls it did not get to."""
        code = self.process.wait()
        self.process.close()
        self._output.seek(0)
        last = self._output.read().decode(errors="replace").strip().rpartition("\n")[2]
        self._output.close()
        failures = [
            _failure_message(*call, reason)
            for call, reason in zip(self._calls, self.process.done, strict=False)
            if reason
        ]
        exit_message = f"its process ended with exit code {code}: {last or 'no output'}"
        return failures, [(*call, exit_message) for call in self._calls[len(self.process.done) :]]


def _failure_message(function: str, arguments: tuple[str, ...], reason: str) -> str:
    return f"{function.partition(':')[2]}({', '.join(arguments)}) failed: {reason}"
