"""The program of a kernel process: bind its life to its parent's, enable crash traces, become ipykernel.

ipykernel checks once a second, in a Python thread, whether its parent is still
there. A cell that holds the interpreter lock (a regular expression that
backtracks, a C extension) keeps that thread from ever running, and the kernel
outlives a killed parent, at full load, for ever. So Linux is asked to kill it.

Run as a file, not imported: the package need not be importable where the kernel starts.
"""

import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1

SHUTDOWN_S = 5.0
"""Seconds that the reply to a shutdown may take."""


def die_with_parent(parent: int) -> None:
    """Have this process killed when the thread that started it ends (Linux only).

    Args:
        parent: Process id of the parent, as the parent itself passed it.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call above: no signal would come
        sys.exit("The process that started this kernel has ended.")


def enable_crash_traces(errors: int = 2) -> None:
    """Have crashes, and SIGUSR1, write the running stack to the parent, past Jupyter.

    ipykernel sends file descriptor 2 to the notebook by a thread, which a crash or a held
    lock stops; so a copy of the original descriptor is used.

    Args:
        errors: The original file descriptor of standard error.
    """
    import faulthandler

    original = os.dup(errors)
    faulthandler.enable(file=original, all_threads=False)  # the others are Jupyter's
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGUSR1, file=original, all_threads=False)


def run_until_shut_down(app: Any) -> None:
    """Run an initialized ipykernel application until it is shut down.

    The thread that handles the shutdown still waits for the last output to be sent. If the end of the process stopped
    the outputs' thread first, it would wait ten seconds for nothing.
    """
    app.start()
    if getattr(app.kernel, "_shutdown_message", None) is not None:
        app.control_thread.join(SHUTDOWN_S)


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file; ipykernel puts the working directory there
    die_with_parent(int(os.environ["JPY_PARENT_PID"]))
    enable_crash_traces()

    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize()  # type: ignore[no-untyped-call]
    run_until_shut_down(app)
