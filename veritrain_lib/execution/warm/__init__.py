"""Warm kernels: kernels forked from a process that has imported the stack already.

    stack         what that process imports, and what makes it stale
    zygote        the owner's side: the process is started, asked for kernels, renewed and ended
    zygote_main   the process itself: it imports, then only forks and watches
    birth         how a fork becomes a kernel of its own: a fresh namespace, environment, seed and session
    forked        a forked kernel as its owner sees it: alive, ended, signalled
    provisioner   the door for every Jupyter program: `veritrain-warm`, a kernel provisioner

Forking is safe because the process has only imported: no loop, no socket of a kernel, no thread of Python and
no OpenMP region has ever lived in it. What else a fork inherits (random states, signals, descriptors) is set
right in `birth`. Two kernels, the spares, are forked ahead and wait for their notebooks. Where it can't be done (not Linux, a module that starts a thread) a plain kernel is started.
"""

from __future__ import annotations


def warm_up(*prepare: str) -> None:
    """Start importing the stack for warm kernels now, beside whatever this process does in the meantime.

    Where there can be none, nothing happens: the first kernel will say so.

    Args:
        prepare: Functions to call ahead for every kernel, as `module:function=argument`, beside the entry
            points of the group `veritrain.warm_up`.
    """
    import os
    from contextlib import suppress

    from veritrain_lib.execution.warm.zygote import NoZygote, also_prepare, zygote_for

    also_prepare(*prepare)
    with suppress(NoZygote):
        zygote_for(os.environ)
