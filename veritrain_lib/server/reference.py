"""Generator of the table of routes in docs/server.md, from the OpenAPI schema.

`python -m veritrain_lib.server.reference` writes it again.
"""

from __future__ import annotations

from pathlib import Path

BEGIN, END = "<!-- routes: begin (python -m veritrain_lib.server.reference) -->", "<!-- routes: end -->"
METHODS = ("get", "post", "put", "patch", "delete")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "server.md"


def routes_table() -> str:
    """Return a Markdown table with one line for each operation: method and path, summary, success statuses."""
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
    """Return the page with the current table between the two markers."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{routes_table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
