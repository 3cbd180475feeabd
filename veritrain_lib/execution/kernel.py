"""One kernel process: started, supervised, interrupted and ended for certain.

The kernel is always this interpreter's own ipykernel unless another one is named, whatever
kernel specs the machine has. Messages go over Unix sockets, so parallel runs
never race for a port, and the socket files are removed as soon as both sides are
connected: a parent that is killed leaves nothing on the disk.
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
"""Unix socket paths are limited to about 107 bytes; a longer temporary folder is not used."""

_JUPYTER_FRAMES = re.compile(r'  File "[^"\n]*IPython/core/interactiveshell\.py"(?:.*\n?)(?:  File .*\n?)*')

KILL_TIMEOUT_S = 30.0
"""Seconds that the machine may take to end a process that was killed."""

POLL_INTERVAL_S = 0.1
"""Seconds between two looks at the kernel process, where its end can't be waited for."""

LATE_OUTPUT_TIMEOUT_MS = 500
"""Milliseconds to wait for the outputs of a process that has ended."""

logger = logging.getLogger("veritrain.execution")
logger.addHandler(logging.NullHandler())  # a library is silent unless the application configures logging


class KernelNotStarted(RuntimeError):
    """The kernel process did not come up; the message says why."""


class Kernel:
    """A kernel process and its client; call `start`, and then always `end` and `close`."""

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
        self.manager: AsyncKernelManager | None = None
        self.client: AsyncKernelClient | None = None
        self.language_info: dict[str, Any] = {}

    async def start(self, *, cwd: Path | None, environment: Mapping[str, str], timeout_s: float) -> None:
        """Launch the process and wait until it replies and its outputs arrive.

        Args:
            cwd: Working directory of the kernel; None for this process's.
            environment: Added to the kernel's environment.
            timeout_s: Longest time to wait, in seconds.

        Raises:
            KernelNotStarted: It ended or did not reply within `timeout_s` seconds.
        """
        folder = _private_folder()
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
        """Request kernel_info until its reply and its output came."""
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
        """Return None while the process lives; then its exit code, or minus the signal that killed it."""
        provisioner = self.manager.provisioner if self.manager else None
        if self._exit_code is None and provisioner is not None and provisioner.has_process:
            self._exit_code = await provisioner.poll()
        return self._exit_code

    async def alive(self) -> bool:
        """Return whether the process was launched and has not ended."""
        launched = self.manager is not None and self.manager.has_kernel
        return launched and await self.exit_code() is None

    async def wait_ended(self) -> None:
        """Return once the process has ended."""
        if self._process_ended is not None and await self.exit_code() is None:
            await wait_readable(self._process_ended)
            while await self.exit_code() is None:  # its parent is about to be told
                await asyncio.sleep(0.002)
        while await self.exit_code() is None:
            await asyncio.sleep(POLL_INTERVAL_S)

    async def responds(self, seconds: float) -> bool:
        """Return whether the kernel is alive and replies within `seconds`."""
        client = self._require_client()
        if await self.exit_code() is not None:
            return False
        return await wait_for_reply(client.shell_channel, client.kernel_info(), seconds) is not None

    def describe_exit(self) -> str:
        """Return a phrase for people about how the process ended."""
        code = self._exit_code
        if code is None:
            return "the kernel is alive but does not answer"
        if code >= 0:
            return f"the kernel process exited with code {code}"
        name = signal.Signals(-code).name
        hint = " (often: the machine ran out of memory)" if name == "SIGKILL" else ""
        return f"the kernel process was killed by {name}{hint}"

    def output_tail(self, characters: int = 4000) -> str:
        """Return the end of what the process wrote past Jupyter, such as the trace of a segmentation fault.

        Frames below the cell's own are left out: they are Jupyter's.

        Args:
            characters: How many characters to return at most.
        """
        self._raw_output.seek(0)
        written = self._raw_output.read().decode(errors="replace")
        return _JUPYTER_FRAMES.sub("", written)[-characters:].strip()

    def _last_output_line(self) -> str:
        last_line = self.output_tail().rpartition("\n")[2]
        return f" Its last line: {last_line}" if last_line else ""

    async def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, if the process lives and handles signals."""
        if self.manager is not None and await self.alive():
            await self.manager.interrupt_kernel()

    async def dump_traceback(self) -> None:
        """Have our own kernel write the stack where it hangs to its raw output (see `output_tail`).

        Works also when it holds the interpreter lock in C code, where no exception reaches it.
        """
        if self.manager is not None and self._kernel_name is None and await self.alive():
            await self.manager.signal_kernel(signal.SIGUSR1)
            await asyncio.sleep(POLL_INTERVAL_S)

    async def kill(self) -> None:
        """End the process and its children now, whatever they are doing.

        Raises:
            TimeoutError: The machine does not end it within `KILL_TIMEOUT_S`, as with a dead network disk.
        """
        if self.manager is not None and self.manager.provisioner is not None and await self.alive():
            await self.manager.provisioner.kill()  # the whole process group
            await asyncio.wait_for(self.wait_ended(), KILL_TIMEOUT_S)

    async def end(self, grace_s: float) -> None:
        """End the process; messages it sent before can still be read until `close`.

        Args:
            grace_s: Seconds it may take to end by itself, so that `atexit` handlers
                run (MLflow ends its active runs in one); 0 kills at once.
        """
        if grace_s > 0 and self.client is not None and await self.alive():
            self.client.shutdown()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wait_ended(), grace_s)
        await self.kill()

    async def late_messages(self) -> list[dict[str, Any]]:
        """Return the outputs that were still on their way when the process ended."""
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
        """Free everything the process used, its children included."""
        if self.manager is not None:
            _kill_group(getattr(self.manager.provisioner, "pgid", None))
            if self.client is not None:
                if self._disconnect_monitor is not None:
                    self.client.iopub_channel.socket.disable_monitor()
                    self._disconnect_monitor.close(linger=0)
                self.client.stop_channels()
            await self.manager.cleanup_resources()
        if self._process_ended is not None:
            add_exiting_process(self._process_ended)
        self._raw_output.close()


def _private_folder() -> Path:
    """Create a folder that only this user can enter, with a name short enough for a socket."""
    folder = temporary_folders.create()
    if len(str(folder)) + len("/channel-5") > MAX_SOCKET_PATH:
        shutil.rmtree(folder)
        folder = temporary_folders.create(folder="/tmp")
    return folder


def _kill_group(group: int | None) -> None:
    """Kill the processes that an ended kernel left behind, such as joblib's workers."""
    if group is None or group == os.getpgid(0):
        return
    with suppress(ProcessLookupError):  # no process is left, as intended
        os.killpg(group, signal.SIGKILL)
