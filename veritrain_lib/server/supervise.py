"""Supervisor that starts and stops all processes of the server: `python -m veritrain_lib.server.supervise COMMAND`.

MLflow's command starts uvicorn as a child process and passes no signal on to it: if a service manager stopped the
command, the server would go on running. The supervisor runs both in one process group and signals the group. Open
requests then get `process_group.GRACE_S` seconds to finish. If the supervisor itself is killed, `watchdog` stops the
group.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from veritrain_lib.server import process_group, watchdog


def supervise(command: Sequence[str]) -> int:
    """Run the server's command until it ends, or until this process receives SIGTERM, SIGINT or SIGHUP.

    Args:
        command: Program and arguments.

    Returns:
        Exit code. If the command ended by itself, its own code (128 + number for a signal). If this process was asked
        to stop, 0 if all processes ended in time and 1 if any had to be killed.
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
