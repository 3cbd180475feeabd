"""Command that starts a Jupyter kernel of this Python interpreter, and the check of other kernel names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from veritrain_lib import kernel_process
from veritrain_lib.fast.warm.post_fork import stream_arguments

WARM = "veritrain-warm"
"""Name of the Jupyter kernel provisioner that forks kernels instead of starting them (see `warm.provisioner`)."""


class InterpreterKernelSpec(KernelSpecManager):
    """Jupyter kernel spec manager for which every kernel name means the ipykernel of this Python interpreter."""

    def __init__(self, *, warm: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._warm = warm

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel spec of this Python interpreter; the name is ignored.

        A manager that was made with `warm=True` names the provisioner that forks the kernel instead of starting it.
        """
        streams = [] if self._warm else stream_arguments()  # a fork adds them itself
        program = str(Path(kernel_process.__file__).with_name("main.py"))
        return KernelSpec(
            argv=[sys.executable, program, "-f", "{connection_file}", *streams],
            display_name="Veri-Train's own Python",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": WARM}} if self._warm else {},
        )


def check_kernel_name(kernel_name: str | None) -> None:
    """Check that a kernel name is None or the name of an installed kernel spec.

    Raises:
        ValueError: There is no such kernel spec.
    """
    if kernel_name is None:
        return
    specs = KernelSpecManager()
    try:
        specs.get_kernel_spec(kernel_name)
    except NoSuchKernel:
        installed = ", ".join(sorted(specs.find_kernel_specs())) or "none"
        raise ValueError(
            f"There is no kernel {kernel_name!r} on this machine (installed: {installed}). "
            "Leave the kernel name out to run on this interpreter."
        ) from None
