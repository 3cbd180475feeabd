"""Functions that render a report document as HTML without scripts: a self-contained page, or notebook output.

The page suits screens, phones and print.
"""

from __future__ import annotations

from html import escape

from veritrain_lib.reporting.cells import clean, to_grid
from veritrain_lib.reporting.document import (
    VERDICT_LABELS,
    Block,
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    ReportDocument,
    TableBlock,
    VerdictBlock,
)
from veritrain_lib.reporting.html import TABLE_CSS, picture_markup, table_markup
from veritrain_lib.reporting.japanese import FONTS, has_kana, language_attribute

# Colours of the verdicts: Okabe and Ito (2008), distinguishable for colour-blind readers.
BLOCKS_CSS = """
.vt-doc h2{font-size:1.3em;line-height:1.3;margin:1.8em 0 .5em;padding-bottom:.25em;
border-bottom:1px solid rgba(128,128,128,.35)}
.vt-doc p{margin:.6em 0;max-width:46em;white-space:pre-line}
.vt-doc figure{margin:1em 0;break-inside:avoid}
.vt-doc figure img{display:block;max-width:100%;height:auto;background:#fff;border-radius:4px}
.vt-doc figcaption{font-size:.9em;opacity:.8;margin-top:.35em}
.vt-doc .vt-verdict{--c:#6b7280;border-left:6px solid var(--c);padding:.7em 1em;margin:1em 0;
background:rgba(128,128,128,.1);border-radius:0 6px 6px 0;break-inside:avoid;white-space:pre-line}
.vt-doc .vt-verdict b{color:var(--c);filter:brightness(.9);margin-right:.6em;white-space:nowrap}
.vt-doc .vt-better{--c:#0072b2}.vt-doc .vt-not-better,.vt-doc .vt-blocked{--c:#d55e00}
.vt-doc .vt-inconclusive{--c:#8a6d00}
.vt-doc dl{display:grid;grid-template-columns:fit-content(40%) 1fr;gap:.25em 1.2em;margin:.8em 0}
.vt-doc dl dt{opacity:.75;float:none;width:auto;font-weight:400;padding:0}
.vt-doc dl dd{margin:0;padding:0;overflow-wrap:anywhere;white-space:pre-wrap}
@media(max-width:520px){.vt-doc dl{grid-template-columns:1fr;gap:0}.vt-doc dl dd{margin:0 0 .5em}}
""".strip()

DARK_CSS = (
    "SCOPE .vt-better{--c:#56b4e9}SCOPE .vt-inconclusive{--c:#e6c229}"
    "SCOPE .vt-not-better,SCOPE .vt-blocked{--c:#ff9248}SCOPE .vt-info{--c:#9aa4b2}"
)
# A page follows the colour scheme of the system, a notebook the theme of JupyterLab.
PAGE_DARK = "@media screen and (prefers-color-scheme:dark){" + DARK_CSS.replace("SCOPE", ".vt-page") + "}"
NOTEBOOK_DARK = DARK_CSS.replace("SCOPE", '[data-jp-theme-light="false"] .vt-doc')

PAGE_CSS = """
:root{color-scheme:light dark}
body{margin:0;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Hiragino Sans",
"Noto Sans CJK JP","Yu Gothic",sans-serif;color:#1c2330;background:#fff}
main{max-width:1000px;margin:0 auto;padding:1.6em 1.2em 4em}
h1{font-size:1.9em;line-height:1.2;margin:.2em 0}
.vt-subtitle{font-size:1.05em;opacity:.75;margin:0 0 1.2em}
nav ol{margin:.4em 0 1em;padding-left:1.4em;columns:2 18em}
nav a{color:inherit}
:lang(ja){font-family:FONTS}
@media screen and (prefers-color-scheme:dark){body{color:#e5e9f0;background:#14181f}}
@media print{body{color:#000;background:#fff;font-size:11pt}main{max-width:none;padding:0}nav{display:none}
h2{break-after:avoid}@page{margin:16mm}}
""".strip().replace("FONTS", FONTS)

# With this policy the browser blocks everything that would be fetched or executed.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def to_html(document: ReportDocument) -> str:
    """Return a report document as a self-contained HTML page; the same document always gives the same text."""
    title = _escape(document.title)
    contents = [block.text for block in document.blocks if isinstance(block, Heading)]
    links = "".join(
        f'<li><a href="#section-{number}">{_escape(text)}</a></li>' for number, text in enumerate(contents, 1)
    )
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{escape(document.language)}">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>{PAGE_CSS}\n{TABLE_CSS}\n{BLOCKS_CSS}\n{PAGE_DARK}</style></head>",
            '<body class="vt-page"><main class="vt-doc">',
            f"<h1>{title}</h1>",
            f'<p class="vt-subtitle">{_escape(document.subtitle)}</p>' if document.subtitle else "",
            f'<nav aria-label="Contents"><ol>{links}</ol></nav>' if len(contents) > 3 else "",
            *_blocks(document),
            "</main></body></html>\n",
        ]
    )


def to_fragment(document: ReportDocument) -> str:
    """Return a report document as an HTML fragment with its own style sheet, for notebook output."""
    return "\n".join(
        [
            f'<div class="vt-doc"><style>{TABLE_CSS}\n{BLOCKS_CSS}\n{NOTEBOOK_DARK}</style>',
            f'<h1 style="font-size:1.5em;margin:.3em 0">{_escape(document.title)}</h1>',
            f"<p>{_escape(document.subtitle)}</p>" if document.subtitle else "",
            *_blocks(document),
            "</div>",
        ]
    )


def _blocks(document: ReportDocument) -> list[str]:
    parts, section = [], 0
    for block in document.blocks:
        if isinstance(block, Heading):
            section += 1
            parts.append(f'<h2 id="section-{section}">{_escape(block.text)}</h2>')
        else:
            parts.append(_block(block))
    return parts


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            parts = [part.strip() for part in text.split("\n\n") if part.strip()]
            return "".join(f"<p{language_attribute(part)}>{_escape(part)}</p>" for part in parts)
        case TableBlock(frame, caption, max_rows):
            return table_markup(to_grid(frame, max_rows), clean(caption))
        case Picture(_, caption):
            figcaption = f"<figcaption>{_escape(caption)}</figcaption>" if caption else ""
            return f"<figure>{picture_markup(block.png, clean(block.alt_text))}{figcaption}</figure>"
        case VerdictBlock(text, kind):
            name = kind.replace(" ", "-")
            return f'<div class="vt-verdict vt-{name}"><b>{VERDICT_LABELS[kind]}</b>{_escape(text)}</div>'
        case KeyValues(items, caption):
            heading = f"<p><strong>{_escape(caption)}</strong></p>" if caption else ""
            japanese = has_kana(str(text) for item in items for text in item)
            pairs = "".join(
                f"<dt{language_attribute(str(name), japanese)}>{_escape(name)}</dt>"
                f"<dd{language_attribute(str(value), japanese)}>{_escape(value)}</dd>"
                for name, value in items
            )
            return f"{heading}<dl>{pairs}</dl>" if pairs else heading
        case Heading(text):
            return f"<h2>{_escape(text)}</h2>"


def _escape(text: str) -> str:
    return escape(clean(str(text)))
