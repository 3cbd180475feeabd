"""The table of routes in docs/server.md, written from the API's own description.

`python -m veritrain_lib.server.reference` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

BEGIN, END = "<!-- routes: begin (python -m veritrain_lib.server.reference) -->", "<!-- routes: end -->"
METHODS = ("get", "post", "put", "patch", "delete")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "server.md"


def routes_table() -> str:
    """One line an operation: method and path, what it does, what it may answer."""
    from veritrain_lib.server.api.application import PREFIX, api

    lines = ["| route | what it does | success |", "| --- | --- | --- |"]
    for path, operations in sorted(api().openapi().get("paths", {}).items()):
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                codes = ", ".join(code for code in sorted(operation["responses"]) if code < "400")
                lines.append(
                    f"| `{method.upper()} {PREFIX}{path}` | {operation.get('summary', '')} | {codes} |"
                )
    return "\n".join(lines)


def with_table(page: str) -> str:
    """The page with today's table between the two marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{routes_table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
