"""One kernel process: started, watched, interrupted and ended for certain.

Always this interpreter's own ipykernel unless another kernel is named, whatever
kernel specs the machine has. It is spoken to over Unix sockets, so parallel runs
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
from veritrain_lib.execution.channels import answer, went_idle
from veritrain_lib.execution.kernel_spec import OwnKernelSpec
from veritrain_lib.execution.process_wait import let_leave, readable, watch
from veritrain_lib.execution.warm.forked_process import ForkedProcess

LONGEST_SOCKET_PATH = 100
"""Unix socket paths are limited to about 107 bytes; a longer temporary folder is passed over."""

_JUPYTER_FRAMES = re.compile(r'  File "[^"\n]*IPython/core/interactiveshell\.py"(?:.*\n?)(?:  File .*\n?)*')

KILL_TIMEOUT_S = 30.0
"""How long the machine may take to end a process that was killed."""

WATCH_EVERY_S = 0.1
"""How often the kernel process is looked at, where its end can't be waited for."""

LAST_OUTPUT_MS = 500
"""How long to wait for the outputs of a process that has ended, in milliseconds."""

logger = logging.getLogger("veritrain.execution")
logger.addHandler(logging.NullHandler())  # a library is silent unless the application listens


class KernelNotStarted(RuntimeError):
    """The kernel process did not come up; the message says why."""


class _Manager(AsyncKernelManager):
    """Jupyter's, but a start ends when the kernel has been launched, not a hundredth of a second later."""

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # as in `AsyncKernelManager`
        """See `AsyncKernelManager`; who waits for `ready` waits in vain."""
        command, launch = await self.pre_start_kernel(**options)
        await self._launch_kernel(command, **launch)
        await self.post_start_kernel(**launch)


class Kernel:
    """A kernel process and the client that speaks to it. Use: `start`; then always `end` and `close`."""

    def __init__(self, kernel_name: str | None = None, *, warm: bool = False) -> None:
        self._kernel_name = kernel_name
        self._warm = warm
        # unnamed: goes away with this process
        self._raw_output = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self._exit_code: int | None = None
        # readable once the process has ended (a forked one: has done all but give its memory back, and again once
        # nothing is left of it); None where the platform has no such descriptor
        self._process_ended: int | None = None
        self._hung_up: zmq.asyncio.Socket | None = None
        self.manager: AsyncKernelManager | None = None
        self.client: AsyncKernelClient | None = None
        self.language_info: dict[str, Any] = {}

    async def start(self, *, cwd: Path | None, environment: Mapping[str, str], timeout_s: float) -> None:
        """Launch the process and wait until it answers and its outputs arrive.

        Raises:
            KernelNotStarted: It ended or did not answer within `timeout_s` seconds.
        """
        folder = _private_folder()
        try:
            specs = OwnKernelSpec(warm=self._warm) if self._kernel_name is None else KernelSpecManager()
            # One for the whole process: each context of its own would start threads, and end them.
            context = zmq.asyncio.Context.instance()
            self.manager = _Manager(
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
                self._process_ended = watch(getattr(self.manager.provisioner, "pid", None))
            self.client = self.manager.client(context=context)
            self.client.start_channels(hb=False)  # the process itself is watched
            self._hung_up = self.client.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            self.client.allow_stdin = False  # nobody is there to answer `input()`
            await self._wait_until_ready(time.monotonic() + timeout_s, timeout_s)
            # One that was forked ahead has brought a folder of its own, which its zygote clears away when it ends.
            if forked is None or not forked.connection:
                await self._wait_for_control()
        finally:
            # Both sides are connected, or it is over: the names are no longer needed.
            shutil.rmtree(folder, ignore_errors=True)

    async def _wait_until_ready(self, deadline: float, timeout_s: float) -> None:
        """Ask for kernel_info until its answer and its output came."""
        client = self._connected()
        while True:
            request = client.kernel_info()
            reply = await answer(client.shell_channel, request, seconds=1.0)
            if reply is not None and await went_idle(client, request):
                self.language_info = reply["content"].get("language_info", {})
                break
            if await self.exit_code() is not None:
                raise KernelNotStarted(f"{self.death()}.{self._said()}")
            if time.monotonic() > deadline:
                raise KernelNotStarted(f"no answer within {timeout_s:g} s.{self._said()}")

    async def _wait_for_control(self) -> None:
        client = self._connected()
        asked = client.session.msg("kernel_info_request")
        client.control_channel.send(asked)
        if await answer(client.control_channel, asked["header"]["msg_id"], seconds=10) is None:
            raise KernelNotStarted("its control channel did not answer within 10 s.")

    def _connected(self) -> AsyncKernelClient:
        if self.client is None:
            raise RuntimeError("The kernel was not started: call `await kernel.start(...)` first.")
        return self.client

    async def exit_code(self) -> int | None:
        """None while the process lives; then its exit code, or minus the signal that killed it."""
        provisioner = self.manager.provisioner if self.manager else None
        if self._exit_code is None and provisioner is not None and provisioner.has_process:
            self._exit_code = await provisioner.poll()
        return self._exit_code

    async def alive(self) -> bool:
        """Whether the process was launched and has not ended."""
        launched = self.manager is not None and self.manager.has_kernel
        return launched and await self.exit_code() is None

    async def ended(self) -> None:
        """Return once the process has ended."""
        if self._process_ended is not None and await self.exit_code() is None:
            await readable(self._process_ended)
            while await self.exit_code() is None:  # its parent is about to hear of it
                await asyncio.sleep(0.002)
        while await self.exit_code() is None:
            await asyncio.sleep(WATCH_EVERY_S)

    async def answers(self, seconds: float) -> bool:
        """Whether it lives and answers within `seconds`."""
        client = self._connected()
        if await self.exit_code() is not None:
            return False
        return await answer(client.shell_channel, client.kernel_info(), seconds) is not None

    def death(self) -> str:
        """How the process ended, in words."""
        code = self._exit_code
        if code is None:
            return "the kernel is alive but does not answer"
        if code >= 0:
            return f"the kernel process exited with code {code}"
        name = signal.Signals(-code).name
        hint = " (often: the machine ran out of memory)" if name == "SIGKILL" else ""
        return f"the kernel process was killed by {name}{hint}"

    def last_words(self, characters: int = 4000) -> str:
        """The end of what the process wrote past Jupyter, such as a segmentation fault's trace.

        Frames below the cell's own are left out: they are Jupyter's.
        """
        self._raw_output.seek(0)
        written = self._raw_output.read().decode(errors="replace")
        return _JUPYTER_FRAMES.sub("", written)[-characters:].strip()

    def _said(self) -> str:
        last_line = self.last_words().rpartition("\n")[2]
        return f" Its last line: {last_line}" if last_line else ""

    async def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell, if the process lives and listens."""
        if self.manager is not None and await self.alive():
            await self.manager.interrupt_kernel()

    async def tell_where(self) -> None:
        """Have our own kernel write where it hangs into its last words.

        Works also when it holds the interpreter lock in C code, where no exception reaches it.
        """
        if self.manager is not None and self._kernel_name is None and await self.alive():
            await self.manager.signal_kernel(signal.SIGUSR1)
            await asyncio.sleep(WATCH_EVERY_S)

    async def kill(self) -> None:
        """End the process and its children now, whatever they are doing.

        Raises:
            TimeoutError: The machine does not end it within `KILL_TIMEOUT_S`, as with a dead network disk.
        """
        if self.manager is not None and self.manager.provisioner is not None and await self.alive():
            await self.manager.provisioner.kill()  # the whole process group
            await asyncio.wait_for(self.ended(), KILL_TIMEOUT_S)

    async def end(self, polite_s: float) -> None:
        """End the process; what it sent before can still be read until `close`.

        Args:
            polite_s: How long it may take to end by itself, so that `atexit` handlers
                run (MLflow ends its active runs in one); 0 kills at once.
        """
        if polite_s > 0 and self.client is not None and await self.alive():
            self.client.shutdown()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), polite_s)
        await self.kill()

    async def late_messages(self) -> list[dict[str, Any]]:
        """Outputs that were still on their way when the process ended."""
        messages: list[dict[str, Any]] = []
        if self.client is not None:
            if self._hung_up is not None:
                # ZeroMQ tells of a lost connection after it has handed over all that came through it
                await self._hung_up.poll(LAST_OUTPUT_MS)
            with suppress(Empty):
                while True:
                    messages.append(await self.client.iopub_channel.get_msg(timeout=0))
        return messages

    async def close(self) -> None:
        """Free everything the process used, its children included."""
        if self.manager is not None:
            _kill_group(getattr(self.manager.provisioner, "pgid", None))
            if self.client is not None:
                if self._hung_up is not None:
                    self.client.iopub_channel.socket.disable_monitor()
                    self._hung_up.close(linger=0)
                self.client.stop_channels()
            await self.manager.cleanup_resources()
        if self._process_ended is not None:
            let_leave(self._process_ended)
        self._raw_output.close()


def _private_folder() -> Path:
    """A new folder only this user can enter, with a name short enough for a socket."""
    folder = temporary_folders.make()
    if len(str(folder)) + len("/channel-5") > LONGEST_SOCKET_PATH:
        shutil.rmtree(folder)
        folder = temporary_folders.make(folder="/tmp")
    return folder


def _kill_group(group: int | None) -> None:
    """Kill what a kernel that ended left behind, such as joblib's workers."""
    if group is None or group == os.getpgid(0):
        return
    with suppress(ProcessLookupError):  # nothing is left, as it should be
        os.killpg(group, signal.SIGKILL)
