"""Warm kernels: Jupyter kernels forked from a fork server (zygote), a process that has already imported the libraries.

    stack           what the zygote imports, and what makes it stale
    zygote          the owner's side: starts, replaces and ends the zygote, and requests kernels from it
    zygote_main     the zygote process itself: it imports, then only forks and supervises
    post_fork       what a forked process does to become a kernel: fresh namespace, environment, seed and session
    forked_process  a forked kernel as its owner sees it: alive, ended, signalled
    provisioner     the kernel provisioner `veritrain-warm`, which every Jupyter program can use

The owner of a zygote is the process that runs notebooks. Forking is safe because the zygote has only imported: no event
loop, no socket of a kernel, no Python thread and no OpenMP region has ever run in it. Everything else that a forked
process inherits (random states, signals, descriptors) is reset in `post_fork`. Two kernels, the spares, are forked in
advance and wait for their notebooks. Where forking is impossible (not on Linux, or a module starts a thread) a plain
kernel is started.
"""

from __future__ import annotations


def warm_up(*prepare: str) -> None:
    """Start the fork server (zygote) of notebook kernels in the background, so that it imports the libraries already.

    Where forking is impossible nothing happens here; the start of the first kernel reports the reason.

    Args:
        prepare: Functions that the zygote calls in advance for every kernel, as texts `module:function` or
            `module:function=ARGUMENT`, in addition to the entry points of the group `veritrain.warm_up`.
    """
    import os
    from contextlib import suppress

    from veritrain_lib.fast.warm.zygote import ZygoteUnavailable, add_preparations, zygote_for

    add_preparations(*prepare)
    with suppress(ZygoteUnavailable):
        zygote_for(os.environ)
