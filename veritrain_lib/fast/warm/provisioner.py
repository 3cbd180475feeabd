"""Jupyter kernel provisioner that forks kernels from a prepared process instead of starting them.

papermill, nbval and JupyterLab use it through the kernel spec `veritrain`, and Veri-Train's engine through its entry
point.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from veritrain_lib.fast.warm.forked_process import ForkedProcess
from veritrain_lib.fast.warm.post_fork import PREFORK_ARGUMENTS, stream_arguments
from veritrain_lib.fast.warm.zygote import Zygote, ZygoteUnavailable, zygote_for


class WarmProvisioner(LocalProvisioner):
    """Jupyter provisioner of one kernel: forked from a fork server (zygote), or started where that is impossible."""

    process: Any

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel and wait until its sockets are bound; start a plain kernel if forking is impossible.

        Returns:
            The kernel's connection data.
        """
        environment = {name: str(value) for name, value in (kwargs.get("env") or os.environ).items()}
        try:
            return await self._fork(zygote_for(environment), environment, cmd, kwargs)
        except ZygoteUnavailable as error:
            if error.first_time:
                self.log.warning("No warm kernel: %s. A plain one is started, which takes longer.", error)
        return await super().launch_kernel([*cmd, *stream_arguments()], **kwargs)

    async def _fork(
        self, zygote: Zygote, environment: dict[str, str], cmd: list[str], kwargs: dict[str, Any]
    ) -> KernelConnectionInfo:
        while not zygote.is_ready():
            await asyncio.sleep(0.02)
        cwd = str(kwargs.get("cwd") or os.getcwd())
        argv = cmd[cmd.index("-f") :]
        # A spare has a connection of its own: it suits a first start over sockets that nobody else uses yet.
        accepts_spare = (
            getattr(self.parent, "transport", "") == "ipc"
            and self.process is None
            and tuple(argv[2:]) == PREFORK_ARGUMENTS
        )
        kernel = zygote.fork(
            {"argv": argv, "environment": environment, "cwd": cwd},
            _descriptor(kwargs.get("stdout"), 1),
            _descriptor(kwargs.get("stderr"), 2),
            spare=accepts_spare,
        )
        while kernel.poll() is None and not kernel.ready:
            await _wait_for_news(kernel)
        self.process, self.pid, self.pgid, self.cwd = kernel, kernel.pid, kernel.pid or None, cwd
        if kernel.connection:
            connection = {**kernel.connection, "key": kernel.connection["key"].encode()}
            self.connection_info.update(connection)  # type: ignore[typeddict-item]
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the end of the kernel's process and return its exit code; `process` is None afterwards."""
        kernel = self.process
        if not isinstance(kernel, ForkedProcess):
            ended: int | None = await super().wait()
            return ended
        while kernel.poll() is None:
            await _wait_for_news(kernel)
        self.process = None
        kernel.close()
        return kernel.returncode

    async def cleanup(self, restart: bool = False) -> None:
        """Close the socket to the kernel's process, which ends the process if it still lives."""
        if isinstance(self.process, ForkedProcess):
            self.process.close()
        await super().cleanup(restart=restart)


async def _wait_for_news(kernel: ForkedProcess) -> None:
    """Wait until a forked kernel's socket is readable, which means a message from it or its end."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(kernel.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(kernel.fileno())


def _descriptor(stream: Any, standard: int) -> int:
    if isinstance(stream, int) and stream >= 0:
        return stream
    return int(stream.fileno()) if hasattr(stream, "fileno") else standard
