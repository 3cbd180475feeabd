"""Process of one Jupyter kernel: started, supervised, interrupted, and ended in every case.

The kernel is this Python interpreter's own ipykernel unless another kernel spec is named. Messages go over Unix
sockets, so parallel runs never compete for a port. The socket files are removed as soon as both sides are connected,
so a killed parent process leaves nothing on the disk.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from veritrain_lib.core import temporary_folders
from veritrain_lib.execution.channels import wait_for_idle, wait_for_reply
from veritrain_lib.execution.kernel_spec import InterpreterKernelSpec
from veritrain_lib.execution.process_wait import add_exiting_process, open_pidfd, wait_readable
from veritrain_lib.fast.warm.forked_process import ForkedProcess

MAX_SOCKET_PATH = 100
"""Maximum characters of a socket's path, since Unix allows about 107 bytes; longer ones are put into `/tmp` instead."""

_JUPYTER_FRAMES = re.compile(r'  File "[^"\n]*IPython/core/interactiveshell\.py"(?:.*\n?)(?:  File .*\n?)*')

KILL_TIMEOUT_S = 30.0
"""Seconds to wait for the end of a process that was killed."""

POLL_INTERVAL_S = 0.1
"""Seconds between two checks of the kernel process on platforms where its end can't be waited for."""

LATE_OUTPUT_TIMEOUT_MS = 500
"""Milliseconds to wait for the last outputs of a kernel process that has ended."""

logger = logging.getLogger("veritrain.execution")
logger.addHandler(logging.NullHandler())  # a library is silent unless the application configures logging


class KernelNotStarted(RuntimeError):
    """Error: a kernel's process ended or did not answer at its start; the message says why."""


class Kernel:
    """Process of a Jupyter kernel and the client for it.

    Call `start` first, and in every case `end` and `close` last.
    """

    def __init__(self, kernel_name: str | None = None, *, warm: bool = False) -> None:
        self._kernel_name = kernel_name
        self._warm = warm
        # unnamed: removed with this process
        self._raw_output = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self._exit_code: int | None = None
        # readable once the process has ended (a forked one: once it only has to release its memory, and again once it
        # is gone); None where the platform has no such descriptor
        self._process_ended: int | None = None
        self._disconnect_monitor: zmq.asyncio.Socket | None = None
        self._folder: Path | None = None
        self.manager: AsyncKernelManager | None = None
        self.client: AsyncKernelClient | None = None
        self.language_info: dict[str, Any] = {}

    async def start(self, *, cwd: Path | None, environment: Mapping[str, str], timeout_s: float) -> None:
        """Start the kernel's process, and wait until it replies and its outputs arrive.

        Args:
            cwd: Working directory of the kernel; None for this process's.
            environment: Variables added to the kernel's environment.
            timeout_s: Time limit in seconds.

        Raises:
            KernelNotStarted: The process ended, or did not reply within `timeout_s` seconds.
        """
        folder = self._folder = _private_folder()
        try:
            specs = (
                InterpreterKernelSpec(warm=self._warm) if self._kernel_name is None else KernelSpecManager()
            )
            # One context for the process: each further one would start threads, and end them.
            context = zmq.asyncio.Context.instance()
            self.manager = AsyncKernelManager(
                context=context,
                kernel_name=self._kernel_name or "python3",
                kernel_spec_manager=specs,
                connection_file=str(folder / "kernel.json"),
                transport="ipc",
                ip=str(folder / "channel"),
                log=logger,
            )
            try:
                await self.manager.start_kernel(
                    cwd=str(cwd) if cwd else None,
                    env={**os.environ, **environment},
                    stdout=self._raw_output.fileno(),
                    stderr=self._raw_output.fileno(),
                    extra_arguments=["--HistoryManager.hist_file=:memory:"],
                )
            except OSError as error:
                raise KernelNotStarted(f"{type(error).__name__}: {error}") from error
            process = getattr(self.manager.provisioner, "process", None)
            forked = process if isinstance(process, ForkedProcess) else None
            if forked is not None:
                self._process_ended = os.dup(forked.fileno())
            else:
                self._process_ended = open_pidfd(getattr(self.manager.provisioner, "pid", None))
            self.client = self.manager.client(context=context)
            self.client.start_channels(hb=False)  # the process itself is watched
            self._disconnect_monitor = self.client.iopub_channel.socket.get_monitor_socket(
                zmq.EVENT_DISCONNECTED
            )
            self.client.allow_stdin = False  # nobody is there to answer `input()`
            await self._wait_until_ready(time.monotonic() + timeout_s, timeout_s)
            # A kernel forked in advance has a folder of its own, which its zygote removes when it ends.
            if forked is None or not forked.connection:
                await self._wait_for_control()
        finally:
            # Both sides are connected, or the start failed: the socket names are no longer needed.
            shutil.rmtree(folder, ignore_errors=True)

    async def _wait_until_ready(self, deadline: float, timeout_s: float) -> None:
        """Send `kernel_info` requests until both a reply and an output of one of them arrive.

        Args:
            deadline: Time limit, in seconds of `time.monotonic`.
            timeout_s: The time allowed, for the error's message.

        Raises:
            KernelNotStarted: The process ended, or the time limit has passed.
        """
        client = self._require_client()
        while True:
            request = client.kernel_info()
            reply = await wait_for_reply(client.shell_channel, request, seconds=1.0)
            if reply is not None and await wait_for_idle(client, request):
                self.language_info = reply["content"].get("language_info", {})
                break
            if await self.exit_code() is not None:
                raise KernelNotStarted(f"{self.describe_exit()}.{self._last_output_line()}")
            if time.monotonic() > deadline:
                raise KernelNotStarted(f"no answer within {timeout_s:g} s.{self._last_output_line()}")

    async def _wait_for_control(self) -> None:
        client = self._require_client()
        request = client.session.msg("kernel_info_request")
        client.control_channel.send(request)
        if await wait_for_reply(client.control_channel, request["header"]["msg_id"], seconds=10) is None:
            raise KernelNotStarted("its control channel did not answer within 10 s.")

    def _require_client(self) -> AsyncKernelClient:
        if self.client is None:
            raise RuntimeError("The kernel was not started: call `await kernel.start(...)` first.")
        return self.client

    async def exit_code(self) -> int | None:
        """Return the exit code of the kernel's process, or minus the signal that killed it; None while it lives."""
        provisioner = self.manager.provisioner if self.manager else None
        if self._exit_code is None and provisioner is not None and provisioner.has_process:
            self._exit_code = await provisioner.poll()
        return self._exit_code

    async def alive(self) -> bool:
        """Return whether the kernel's process was started and has not ended."""
        launched = self.manager is not None and self.manager.has_kernel
        return launched and await self.exit_code() is None

    async def wait_ended(self) -> None:
        """Wait until the kernel's process has ended."""
        if self._process_ended is not None and await self.exit_code() is None:
            await wait_readable(self._process_ended)
            while await self.exit_code() is None:  # its parent is about to be told
                await asyncio.sleep(0.002)
        while await self.exit_code() is None:
            await asyncio.sleep(POLL_INTERVAL_S)

    async def responds(self, seconds: float) -> bool:
        """Return whether the kernel is alive and replies to a request within `seconds`."""
        client = self._require_client()
        if await self.exit_code() is not None:
            return False
        return await wait_for_reply(client.shell_channel, client.kernel_info(), seconds) is not None

    def describe_exit(self) -> str:
        """Return a phrase for error messages that says how the kernel's process ended."""
        code = self._exit_code
        if code is None:
            return "the kernel is alive but does not answer"
        if code >= 0:
            return f"the kernel process exited with code {code}"
        name = signal.Signals(-code).name
        hint = " (often: the machine ran out of memory)" if name == "SIGKILL" else ""
        return f"the kernel process was killed by {name}{hint}"

    def output_tail(self, characters: int = 4000) -> str:
        """Return the last text that the kernel's process wrote directly to its standard streams, bypassing Jupyter.

        It may be, for example, the trace of a segmentation fault. Jupyter's own stack frames are left out.

        Args:
            characters: Maximum number of characters.
        """
        self._raw_output.seek(0)
        written = self._raw_output.read().decode(errors="replace")
        return _JUPYTER_FRAMES.sub("", written)[-characters:].strip()

    def _last_output_line(self) -> str:
        last_line = self.output_tail().rpartition("\n")[2]
        return f" Its last line: {last_line}" if last_line else ""

    async def interrupt(self) -> None:
        """Raise a KeyboardInterrupt in the cell that the kernel runs; do nothing if the kernel has ended."""
        if self.manager is not None and await self.alive():
            await self.manager.interrupt_kernel()

    async def dump_traceback(self) -> None:
        """Make the kernel write the stack of the code that it is running to its standard error (see `output_tail`).

        This works even when C code holds the interpreter lock, so that no exception can reach it.
        """
        if self.manager is not None and self._kernel_name is None and await self.alive():
            await self.manager.signal_kernel(signal.SIGUSR1)
            await asyncio.sleep(POLL_INTERVAL_S)

    async def kill(self) -> None:
        """Kill the kernel's process and its child processes at once, and wait for the kernel's end.

        Raises:
            TimeoutError: It has not ended within `KILL_TIMEOUT_S` seconds, as can happen with a dead network disk.
        """
        if self.manager is not None and self.manager.provisioner is not None and await self.alive():
            await self.manager.provisioner.kill()  # the whole process group
            await asyncio.wait_for(self.wait_ended(), KILL_TIMEOUT_S)

    async def end(self, grace_s: float) -> None:
        """End the kernel's process; messages that it sent before can still be read until `close`.

        Args:
            grace_s: Seconds that it may take to end by itself, so that its `atexit` handlers run (MLflow ends its
                active runs in one). Then it is killed; 0 kills it at once.
        """
        if grace_s > 0 and self.client is not None and await self.alive():
            self.client.shutdown()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wait_ended(), grace_s)
        await self.kill()

    async def late_messages(self) -> list[dict[str, Any]]:
        """Return the output messages that had not been read yet when the kernel's process ended."""
        messages: list[dict[str, Any]] = []
        if self.client is not None:
            if self._disconnect_monitor is not None:
                # ZeroMQ reports a lost connection after it has delivered all that came through it
                await self._disconnect_monitor.poll(LATE_OUTPUT_TIMEOUT_MS)
            with suppress(Empty):
                while True:
                    messages.append(await self.client.iopub_channel.get_msg(timeout=0))
        return messages

    async def close(self) -> None:
        """Free everything that the kernel used, and kill child processes that it left behind."""
        if self.manager is not None:
            _kill_group(getattr(self.manager.provisioner, "pgid", None))
            if self.client is not None:
                if self._disconnect_monitor is not None:
                    self.client.iopub_channel.socket.disable_monitor()
                    self._disconnect_monitor.close(linger=0)
                self.client.stop_channels()
            await self.manager.cleanup_resources()
        if self._folder is not None:
            # A start that was stopped removed it while the kernel may still have been making its sockets in it.
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._process_ended is not None:
            add_exiting_process(self._process_ended)
        self._raw_output.close()


def _private_folder() -> Path:
    """Create a folder that only this user can enter, with a path short enough for a socket, and return its path."""
    folder = temporary_folders.create()
    if len(str(folder)) + len("/channel-5") > MAX_SOCKET_PATH:
        shutil.rmtree(folder)
        folder = temporary_folders.create(folder="/tmp")
    return folder


def _kill_group(group: int | None) -> None:
    """Kill the process group of an ended kernel, that is the processes that it left behind, such as joblib's workers.

    Args:
        group: Id of the process group; None does nothing.
    """
    if group is None or group == os.getpgid(0):
        return
    with suppress(ProcessLookupError):  # no process is left, as intended
        os.killpg(group, signal.SIGKILL)
