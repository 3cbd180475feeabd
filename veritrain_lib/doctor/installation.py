"""Health checks of the Python version, the versions of installed packages, and their imports."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from veritrain_lib.core import project, registry
from veritrain_lib.doctor.check import HealthCheck

SUPPORTED_PYTHONS = ((3, 11), (3, 12), (3, 13))

FRAGILE_PACKAGES = (
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
"""Packages whose import tends to fail, because they have compiled parts or many dependencies."""

SETUP_ADVICE = "Run: rm -f .venv/.ready && make setup"

MAX_SHOWN = 5


def python() -> HealthCheck:
    """Check that this Python version is supported; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok` if it is supported, else `fail`.
    """
    installed = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] in SUPPORTED_PYTHONS:
        return HealthCheck("python", "ok", installed)
    return HealthCheck(
        "python",
        "fail",
        installed,
        "Make the environment with Python 3.11, 3.12 or 3.13: make clean setup PYTHON=/path/to/python3",
    )


def versions() -> HealthCheck:
    """Check that the installed packages have the versions in requirements.lock.

    This is one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok`; `fail` if the version of a direct dependency differs; `warn` if only other versions differ.
    """
    # If VERITRAIN_HOME holds only a store, the lock of the checkout counts.
    roots = (project.root(), Path(project.__file__).resolve().parents[2])
    lock = next(
        (root / "requirements.lock" for root in roots if (root / "requirements.lock").is_file()), None
    )
    if lock is None:
        return HealthCheck("locked versions", "ok", "no requirements.lock here, so nothing to compare with")
    different = differences(lock.read_text(encoding="utf-8"))
    if not different:
        return HealthCheck("locked versions", "ok", "every installed package is the locked one")
    direct = _direct_dependencies()
    shown = ", ".join(
        f"{name} {installed or 'missing'} instead of {locked}"
        for name, (locked, installed) in list(different.items())[:MAX_SHOWN]
    )
    summary = f"{len(different)} differ: {shown}{' ...' if len(different) > MAX_SHOWN else ''}"
    return HealthCheck(
        "locked versions", "fail" if direct & set(different) else "warn", summary, SETUP_ADVICE
    )


def differences(lock: str) -> dict[str, tuple[str, str | None]]:
    """Return the packages whose installed version differs from that in requirements.lock.

    Lines of the lock file that do not apply to this platform or Python version are ignored.

    Args:
        lock: The content of requirements.lock.

    Returns:
        By package the locked version and the installed version (None if the package is not installed).
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name
    from packaging.version import Version

    different: dict[str, tuple[str, str | None]] = {}
    for line in lock.splitlines():
        if "==" not in line or line.startswith((" ", "#")):
            continue
        requirement = Requirement(line.rstrip(" \\"))
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        locked = next(iter(requirement.specifier)).version
        try:
            installed: str | None = version(requirement.name)
        except PackageNotFoundError:
            installed = None
        if installed is None or Version(installed) != Version(locked):
            different[canonicalize_name(requirement.name)] = (locked, installed)
    return different


def _direct_dependencies() -> set[str]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    requirements = (Requirement(line) for line in requires("veritrain") or [])
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None or "extra" not in str(requirement.marker)
    }


def imports() -> HealthCheck:
    """Check that packages whose import tends to fail can be imported; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok`, or `fail` with the packages and errors.
    """
    broken = []
    for name in FRAGILE_PACKAGES:
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001  # a broken package raises anything, and that is the finding
            broken.append(
                f"{name} ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'})"
            )
    if broken:
        return HealthCheck("imports", "fail", f"can't be imported: {'; '.join(broken)}", SETUP_ADVICE)
    return HealthCheck("imports", "ok", f"{len(FRAGILE_PACKAGES)} packages import")


KINDS_WITHOUT_BUILT_INS = ("expectations",)
"""Kinds of extension for which this library has no built-in ones; Great Expectations has its own expectations."""


def extensions() -> HealthCheck:
    """Check that all metrics, trainers, teachers and other extensions can be loaded; a check of `veritrain doctor`.

    Returns:
        The result: `ok`, or `fail` with the extensions and errors.
    """
    broken = []
    count = 0
    for kind in registry.KINDS:
        if not registry.names(kind) and kind not in KINDS_WITHOUT_BUILT_INS:
            broken.append(f"no {kind} at all: the package's entry points are not installed")
        for name in registry.names(kind):
            count += 1
            try:
                registry.get(kind, name)
            except Exception as error:  # noqa: BLE001  # an extension is anybody's code, and that it breaks is the finding
                broken.append(f"{kind} {name!r} ({type(error).__name__}: {error})")
    if broken:
        return HealthCheck(
            "extensions",
            "fail",
            "; ".join(broken),
            f"Repair or uninstall the package it is from. For our own: {SETUP_ADVICE[5:]}",
        )
    return HealthCheck("extensions", "ok", f"{count} metrics, trainers, teachers, models and checks load")
