"""Runner of all health checks of `veritrain doctor`.

A check that raises an error counts as failed; the other checks still run.
"""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.doctor import installation, parts, place
from veritrain_lib.doctor.check import HealthCheck

CHECKS: tuple[Callable[[], HealthCheck], ...] = (
    installation.python, installation.versions, installation.imports, installation.extensions, place.disk, place.writing,
    place.store, place.leftovers, parts.example, parts.suites, parts.notebooks, parts.kernel, parts.browser,
)  # fmt: skip


def examine(checks: tuple[Callable[[], HealthCheck], ...] = CHECKS) -> list[HealthCheck]:
    """Run all health checks of the installation and return their results, in order.

    Args:
        checks: The checks; by default all.
    """
    return [_run(check) for check in checks]


def _run(check: Callable[[], HealthCheck]) -> HealthCheck:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # on a broken installation anything can break, also the check
        lines = str(error).strip().splitlines()
        return HealthCheck(
            check.__name__,
            "fail",
            f"the check broke: {type(error).__name__}: {lines[0] if lines else ''}",
            "Fix what failed above, then run again with VERITRAIN_DEBUG=1.",
        )
