"""Every check, one after the other. A check that itself breaks is a failed check, never the end of it."""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.doctor import installation, parts, place
from veritrain_lib.doctor.check import Check

CHECKS: tuple[Callable[[], Check], ...] = (
    installation.python, installation.versions, installation.imports, installation.extensions, place.disk, place.writing,
    place.store, place.leftovers, parts.example, parts.suites, parts.notebooks, parts.kernel, parts.browser,
)  # fmt: skip


def examine(checks: tuple[Callable[[], Check], ...] = CHECKS) -> list[Check]:
    """What every check found, in order."""
    return [_run(check) for check in checks]


def _run(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # on a broken installation anything can break, also the check
        lines = str(error).strip().splitlines()
        return Check(
            check.__name__,
            "fail",
            f"the check broke: {type(error).__name__}: {lines[0] if lines else ''}",
            "Mend what failed above, then run again with VERITRAIN_DEBUG=1.",
        )
