"""Python, the installed packages, and whether they can be imported at all."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from veritrain_lib.core import project, registry
from veritrain_lib.doctor.check import Check

PYTHONS = ((3, 11), (3, 12))

IMPORTED = (
    "mlflow",
    "papermill",
    "pandas",
    "sklearn",
    "openai",
    "great_expectations",
    "lingua",
    "skops",
    "matplotlib",
    "fpdf",
    "ipykernel",
)
"""Packages with compiled parts or many dependencies: those that break."""

MEND = "Run: rm -f .venv/.ready && make setup"

SHOWN = 5


def python() -> Check:
    """Whether this Python is one that the project is made for."""
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] in PYTHONS:
        return Check("python", "ok", found)
    return Check(
        "python",
        "fail",
        found,
        "Make the environment with Python 3.11: make setup PYTHON=/path/to/python3.11",
    )


def versions() -> Check:
    """Whether what is installed is what requirements.lock says: our own dependencies must be."""
    # A VERITRAIN_HOME that holds only a store still has the lock of the checkout.
    places = (project.root(), Path(project.__file__).resolve().parents[2])
    lock = next(
        (place / "requirements.lock" for place in places if (place / "requirements.lock").is_file()), None
    )
    if lock is None:
        return Check("locked versions", "ok", "no requirements.lock here, so nothing to compare with")
    wrong = differences(lock.read_text(encoding="utf-8"))
    if not wrong:
        return Check("locked versions", "ok", "every installed package is the locked one")
    own = _own_dependencies()
    shown = ", ".join(
        f"{name} {there or 'missing'} instead of {locked}"
        for name, (locked, there) in list(wrong.items())[:SHOWN]
    )
    found = f"{len(wrong)} differ: {shown}{' ...' if len(wrong) > SHOWN else ''}"
    return Check("locked versions", "fail" if own & set(wrong) else "warn", found, MEND)


def differences(lock: str) -> dict[str, tuple[str, str | None]]:
    """Package: (locked version, installed version or None), for each line of a lock that holds on this machine."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    wrong: dict[str, tuple[str, str | None]] = {}
    for line in lock.splitlines():
        if "==" not in line or line.startswith((" ", "#")):
            continue
        requirement = Requirement(line.rstrip(" \\"))
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        locked = next(iter(requirement.specifier)).version
        try:
            there: str | None = version(requirement.name)
        except PackageNotFoundError:
            there = None
        if there is None or Version(there) != Version(locked):
            wrong[canonicalize_name(requirement.name)] = (locked, there)
    return wrong


def _own_dependencies() -> set[str]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found = (Requirement(line) for line in requires("veritrain") or [])
    return {
        canonicalize_name(one.name) for one in found if one.marker is None or "extra" not in str(one.marker)
    }


def imports() -> Check:
    """Whether the packages that tend to break can be imported."""
    broken = []
    for name in IMPORTED:
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001  # a broken package raises anything, and that is the finding
            broken.append(
                f"{name} ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'})"
            )
    if broken:
        return Check("imports", "fail", f"can't be imported: {'; '.join(broken)}", MEND)
    return Check("imports", "ok", f"{len(IMPORTED)} packages import")


WITHOUT_BUILT_INS = ("expectations",)
"""Kinds of extension of which we bring none ourselves: Great Expectations has its own."""


def extensions() -> Check:
    """Whether every metric, trainer, teacher, model opener and check that is declared can be loaded."""
    broken = []
    count = 0
    for kind in registry.KINDS:
        if not registry.names(kind) and kind not in WITHOUT_BUILT_INS:
            broken.append(f"no {kind} at all: the package's entry points are not installed")
        for name in registry.names(kind):
            count += 1
            try:
                registry.get(kind, name)
            except Exception as error:  # noqa: BLE001  # an extension is anybody's code, and that it breaks is the finding
                broken.append(f"{kind} {name!r} ({type(error).__name__}: {error})")
    if broken:
        return Check(
            "extensions",
            "fail",
            "; ".join(broken),
            f"Repair or uninstall the package it is from. For our own: {MEND[5:]}",
        )
    return Check("extensions", "ok", f"{count} metrics, trainers, teachers, models and checks load")
