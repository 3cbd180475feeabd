"""Warm kernels: kernels forked from a process (the zygote) that has imported the stack already.

    stack           what the zygote imports, and what makes it stale
    zygote          the owner's side: starts, replaces and ends the zygote, and asks it for kernels
    zygote_main     the zygote process itself: it imports, then only forks and supervises
    post_fork       what a fork does to become a kernel: fresh namespace, environment, seed and session
    forked_process  a forked kernel as its owner sees it: alive, ended, signalled
    provisioner     the kernel provisioner `veritrain-warm`, which every Jupyter program can use

Forking is safe because the process has only imported: no loop, no socket of a kernel, no thread of Python and
no OpenMP region has ever lived in it. What else a fork inherits (random states, signals, descriptors) is reset
in `post_fork`. Two kernels, the spares, are forked in advance and wait for their notebooks. Where this is
impossible (not Linux, a module that starts a thread) a plain kernel is started.
"""

from __future__ import annotations


def warm_up(*prepare: str) -> None:
    """Start importing the stack for warm kernels now, in parallel with this process.

    Where there can be no warm kernels, nothing happens: the first kernel will report it.

    Args:
        prepare: Functions to call in advance for every kernel, as `module:function=argument`, in addition to the
            entry points of the group `veritrain.warm_up`.
    """
    import os
    from contextlib import suppress

    from veritrain_lib.fast.warm.zygote import ZygoteUnavailable, add_preparations, zygote_for

    add_preparations(*prepare)
    with suppress(ZygoteUnavailable):
        zygote_for(os.environ)
