"""Generator of the table of REST routes in docs/server.md, which it builds from the OpenAPI document.

`python -m veritrain_lib.server.reference` writes the table into the page; run it after a route has changed.
"""

from __future__ import annotations

from pathlib import Path

BEGIN, END = "<!-- routes: begin (python -m veritrain_lib.server.reference) -->", "<!-- routes: end -->"
METHODS = ("get", "post", "put", "patch", "delete")
"""HTTP methods of the table, in the order in which a path's rows are sorted."""
PAGE = Path(__file__).resolve().parents[2] / "docs" / "server.md"
"""The page that contains the table: docs/server.md."""


def routes_table() -> str:
    """Return a Markdown table with a row for each REST operation: method and path, summary, status codes of success."""
    from veritrain_lib.server.rest_api import PREFIX, create_api

    lines = ["| route | what it does | success |", "| --- | --- | --- |"]
    for path, operations in sorted(create_api().openapi().get("paths", {}).items()):
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                codes = ", ".join(code for code in sorted(operation["responses"]) if code < "400")
                lines.append(
                    f"| `{method.upper()} {PREFIX}{path}` | {operation.get('summary', '')} | {codes} |"
                )
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return a copy of the text of docs/server.md, with a current table of routes between its two marker comments."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{routes_table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
