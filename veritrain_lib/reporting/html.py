"""HTML tables and pictures for notebook output: escaped, without JavaScript, and the same text for the same input."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from veritrain_lib.reporting.cells import MISSING, Grid, to_grid
from veritrain_lib.reporting.japanese import FONTS, has_kana, language_attribute
from veritrain_lib.reporting.png_file import decode

if TYPE_CHECKING:
    import pandas as pd

# Semi-transparent greys and inherited text colours suit both light and dark pages.
TABLE_CSS = """
div.vt-table{overflow-x:auto;max-width:100%;margin:.6em 0}
div.vt-table table{border-collapse:collapse;border:0;margin:0;font-size:13px;line-height:1.4;color:inherit;
font-variant-numeric:tabular-nums;table-layout:auto}
div.vt-table caption{caption-side:top;text-align:left;font-weight:600;padding:0 0 .4em;color:inherit}
div.vt-table th,div.vt-table td{padding:.32em .8em;border:0;border-bottom:1px solid rgba(128,128,128,.28);
vertical-align:top;max-width:34em;overflow-wrap:break-word;white-space:pre-wrap;background:none;color:inherit}
div.vt-table thead th{border-bottom:2px solid rgba(128,128,128,.6);font-weight:600;vertical-align:bottom}
div.vt-table tbody tr:nth-child(even){background:rgba(128,128,128,.07)}
div.vt-table .vt-number{white-space:nowrap}
div.vt-table .vt-wide{min-width:16em}
div.vt-table .vt-remark{opacity:.75;font-style:italic}
@media print{div.vt-table{overflow:visible}div.vt-table table{font-size:8.5pt}div.vt-table tr{break-inside:avoid}
div.vt-table thead{display:table-header-group}}
div.vt-table :lang(ja){font-family:FONTS}
""".strip().replace("FONTS", FONTS)


def table_html(frame: pd.DataFrame, caption: str = "", max_rows: int = 50, *, by_row: bool = False) -> str:
    """Return a DataFrame as an HTML table with its own style sheet, for notebook output.

    Every text is escaped, numbers are aligned right, and missing values are shown as a dash.

    Args:
        frame: the table.
        caption: caption above the table; empty for none.
        max_rows: the number of rows to show; the others are counted in a last line.
        by_row: whether the numbers of a row, instead of a column, have the same decimal places.
    """
    return f"<style>{TABLE_CSS}</style>" + table_markup(to_grid(frame, max_rows, by_row=by_row), caption)


def table_markup(grid: Grid, caption: str = "") -> str:
    """Return a formatted table as HTML without a style sheet; the page must include `TABLE_CSS` once.

    Args:
        grid: the formatted table.
        caption: caption above the table; empty for none.
    """
    label = f' aria-label="{escape(caption)}"' if caption else ' aria-label="table"'
    japanese = has_kana(text for row in (grid.header, *grid.rows) for text in row)
    parts = [f'<div class="vt-table" role="region" tabindex="0"{label}><table>']
    if caption:
        parts.append(f"<caption>{escape(caption)}</caption>")
    head = "".join(
        f'<th scope="col"{language_attribute(name, japanese)}{_alignment(number)}>{escape(name)}</th>'
        for name, number in zip(grid.header, grid.numeric, strict=True)
    )
    parts.append(f"<thead><tr>{head}</tr></thead><tbody>" if head else "<tbody>")
    for row in grid.rows:
        cells = (
            f"<td{language_attribute(text, japanese)}{_alignment(number, len(text))}>{escape(text)}</td>"
            for text, number in zip(row, grid.numeric, strict=True)
        )
        parts.append(f"<tr>{''.join(cells)}</tr>")
    remark = grid.remark or ("" if grid.rows else f"{MISSING} no rows")
    if remark:
        span = max(len(grid.header), 1)
        parts.append(f'<tr><td colspan="{span}" class="vt-remark" style="text-align:left">{remark}</td></tr>')
    parts.append("</tbody></table></div>")
    return "".join(parts)


def picture_markup(content: bytes, alt: str) -> str:
    """Return a PNG as an inline HTML image at half its pixel size, which is sharp on high-density screens.

    Args:
        content: the PNG file.
        alt: alternative text for screen readers.
    """
    image = decode(content)
    size = ' width="{}" height="{}"'.format(*image.display_size) if image else ""
    return f'<img src="{data_uri(content, "image/png")}"{size} alt="{escape(alt)}">'


def data_uri(content: bytes, mime: str) -> str:
    """Return the bytes of a picture or font as a `data:` URL, so that a page needs no other file.

    Args:
        content: the bytes.
        mime: the media type, such as `image/png`.
    """
    return f"data:{mime};base64,{b64encode(content).decode('ascii')}"


def _alignment(number: bool, length: int = 0) -> str:
    # Inline, because JupyterLab removes the style sheets of an untrusted notebook but keeps inline styles.
    if number:
        return ' class="vt-number" style="text-align:right"'
    # A phone would squeeze a sentence to one word per line.
    wide = ' class="vt-wide"' if length > 60 else ""
    return f'{wide} style="text-align:left"'
