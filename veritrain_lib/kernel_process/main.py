"""Program of a Jupyter kernel's process: it is killed when its parent ends, reports crashes, and runs ipykernel.

ipykernel checks once a second, in a Python thread, whether its parent still exists. A cell that holds the interpreter
lock (a backtracking regular expression, a C extension) keeps that thread from running, so the kernel of a killed parent
would live for ever, at full load. Therefore Linux is told to kill it.

It is run as a file, not imported, because the package need not be importable where the kernel starts.
"""

import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
"""Number of Linux's `prctl` option for the signal that a process gets when its parent ends."""

SHUTDOWN_S = 5.0
"""Seconds that sending the reply to a shutdown request may take."""


def die_with_parent(parent: int) -> None:
    """Make Linux kill this kernel process when the thread that started it ends; do nothing on other systems.

    The process exits at once if its parent has already ended.

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
    """Make a kernel that crashes, or gets the signal SIGUSR1, write its running stack to the original standard error.

    ipykernel redirects file descriptor 2 to the notebook by a thread, which a crash or a held interpreter lock stops.

    Args:
        errors: The original file descriptor of standard error.
    """
    import faulthandler

    original = os.dup(errors)
    faulthandler.enable(file=original, all_threads=False)  # the others are Jupyter's
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGUSR1, file=original, all_threads=False)


def run_until_shut_down(app: Any) -> None:
    """Run an initialized ipykernel application until it is told to shut down, and wait for the shutdown's thread.

    That thread waits until the last output is sent. If the process ended the output thread first, it would wait ten
    seconds for nothing.

    Args:
        app: The `IPKernelApp`.
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
