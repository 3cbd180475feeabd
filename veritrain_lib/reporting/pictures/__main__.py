"""Command that writes the diagram of the loop: `python -m veritrain_lib.reporting.pictures docs/loop.svg`."""

from __future__ import annotations

import sys
from pathlib import Path

from veritrain_lib.reporting.pictures.loop import loop
from veritrain_lib.reporting.render import png, svg


def main(arguments: list[str]) -> int:
    """Write the diagram of the loop to a file, as SVG or PNG depending on the file's suffix.

    Args:
        arguments: the command's arguments: only the path of the file, which ends in `.svg` or `.png`.

    Returns:
        The exit code: 0, or 2 for wrong arguments.
    """
    if len(arguments) != 1 or Path(arguments[0]).suffix not in (".svg", ".png"):
        print("usage: python -m veritrain_lib.reporting.pictures FILE.svg|FILE.png", file=sys.stderr)
        return 2
    target = Path(arguments[0])
    target.write_bytes(svg(loop()) if target.suffix == ".svg" else png(loop()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
