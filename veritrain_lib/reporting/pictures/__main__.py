"""Write the picture of the loop: `python -m veritrain_lib.reporting.pictures docs/loop.svg`."""

from __future__ import annotations

import sys
from pathlib import Path

from veritrain_lib.reporting.pictures.loop import loop
from veritrain_lib.reporting.render import png, svg


def main(arguments: list[str]) -> int:
    """Write the loop to the one file named, as SVG or PNG by its ending. Gives the exit code."""
    if len(arguments) != 1 or Path(arguments[0]).suffix not in (".svg", ".png"):
        print("usage: python -m veritrain_lib.reporting.pictures FILE.svg|FILE.png", file=sys.stderr)
        return 2
    target = Path(arguments[0])
    target.write_bytes(svg(loop()) if target.suffix == ".svg" else png(loop()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
