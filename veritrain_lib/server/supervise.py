"""`python -m veritrain_lib.server.supervise COMMAND`: keeps a server's processes, and stops them all in order.

MLflow's command starts uvicorn as a child and hands no signal on: stopped by a service manager it would leave the
server behind. Here all of them are one process group. What is asked to stop has `GRACE_S` seconds to answer the
requests that are open. Should this process itself be killed, `guard` stops the group in its place.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from veritrain_lib.server import process_group, watchdog


def supervise(command: Sequence[str]) -> int:
    """Run a command until it ends, or until this process is asked to stop. Gives the exit code.

    That is 0 when everything ended in time after being asked to stop, 1 when something had to be killed, and the
    command's own code when it ended by itself.
    """
    child = subprocess.Popen(command, start_new_session=True)
    dismiss = watchdog.post(child.pid)
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, stop)
    while not asked:
        try:
            code = child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
        process_group.send(child.pid, signal.SIGTERM)
        process_group.gone(child.pid, process_group.GRACE_S + process_group.BEYOND_S)
        dismiss()
        return code if code >= 0 else 128 - code
    in_order = process_group.end(child.pid)
    dismiss()
    return 0 if in_order else 1


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1:]))
