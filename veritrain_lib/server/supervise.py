"""Supervisor that starts and stops a server's processes: `python -m veritrain_lib.server.supervise COMMAND`.

MLflow's command starts uvicorn as a child and forwards no signal: stopped by a service manager it would leave the
server running. Here all of them are one process group. When asked to stop, the server has `GRACE_S` seconds to answer
open requests. If this process itself is killed, `watchdog` stops the group in its place.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from veritrain_lib.server import process_group, watchdog


def supervise(command: Sequence[str]) -> int:
    """Run a command until it ends, or until this process is asked to stop.

    Args:
        command: Program and arguments.

    Returns:
        Exit code: 0 if everything ended in time after being asked to stop, 1 if something had to be killed, and the
        command's own code if it ended by itself.
    """
    child = subprocess.Popen(command, start_new_session=True)
    dismiss = watchdog.start(child.pid)
    stop_requested = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stop_requested
        stop_requested = True

    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signal_number, stop)
    while not stop_requested:
        try:
            code = child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
        process_group.send_signal(child.pid, signal.SIGTERM)
        process_group.wait_for_exit(child.pid, process_group.GRACE_S + process_group.KILL_AFTER_S)
        dismiss()
        return code if code >= 0 else 128 - code
    stopped_in_time = process_group.stop(child.pid)
    dismiss()
    return 0 if stopped_in_time else 1


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1:]))
