"""Tasks that follow a notebook, such as writing its HTML page; they change no result and run beside later notebooks."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Mapping

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.fast.warm.zygote import Zygote, ZygoteUnavailable, zygote_for

MAX_CALLS_PER_WORKER = 50
"""Function calls that one background process makes before a new one replaces it, which bounds its memory."""

_UnfinishedCall = tuple[str, tuple[str, ...], str]
"""A function call that a background process did not finish: function, arguments, and how the process ended."""


def call_in_process(function: str, *arguments: str) -> None:
    """Import and call a function in this process.

    Args:
        function: The function, as the text `module:function`.
        arguments: Its arguments, all texts.
    """
    module, _, name = function.partition(":")
    getattr(importlib.import_module(module), name)(*arguments)


class BackgroundTasks:
    """Queue of function calls that run one after another in a background process.

    The process is forked from a fork server (zygote) that has imported all libraries. Where there is none, the calls
    run in this process. One background process makes many calls, because its first call of a kind takes several times
    as long as the next ones.
    """

    def __init__(self, *, warm: bool) -> None:
        """Create an empty queue.

        Args:
            warm: Whether to fork a background process; if False, every call runs in this process at once.
        """
        self._warm = warm
        self._worker: _Worker | None = None
        self._closing: list[_Worker] = []

    def call(self, function: str, *arguments: str) -> None:
        """Queue a function call, to be made in the background after the calls queued before it.

        Without a background process the call is made at once, and its error is raised here.

        Args:
            function: The function, as the text `module:function`.
            arguments: Its arguments, all texts.
        """
        worker = self._usable_worker() if self._warm else None
        if worker is None:
            call_in_process(function, *arguments)
        else:
            worker.submit(function, arguments)

    def finish(self) -> None:
        """Wait until all queued calls are done.

        Calls that a killed background process left unfinished are repeated once, each in a new process.

        Raises:
            Infrastructure: A call failed. Only the first failure is raised, after all other calls are done.
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
        """Wait for all background processes to end.

        Returns:
            The messages of failed calls, and the calls that a killed process left unfinished.
        """
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
    """Background process, forked from the fork server (zygote), and the function calls that it was sent."""

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
        """Return whether a call may be sent to this process.

        It may not if the process has ended, has made `MAX_CALLS_PER_WORKER` calls, or has another environment or
        working directory.
        """
        same = (self._environment, self._cwd) == (environment, cwd)
        return same and len(self._calls) < MAX_CALLS_PER_WORKER and self.process.poll() is None

    def submit(self, function: str, arguments: tuple[str, ...]) -> None:
        """Send a function call to the background process, which makes it after the earlier ones."""
        self._calls.append((function, arguments))
        self.process.submit(function, arguments)

    def end(self) -> tuple[list[str], list[_UnfinishedCall]]:
        """Wait until the background process has ended.

        Returns:
            The messages of failed calls, in order, and the calls that the process did not finish.
        """
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
