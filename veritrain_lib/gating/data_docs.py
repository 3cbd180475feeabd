"""One page of a verdict, for people: self-contained, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING, Any

from veritrain_lib.gating.verdict import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.verdict import Verdict

EXAMPLES = 5
"""Rows shown for each kind of reason."""

HIDDEN = {"id", "source", "provenance", "reasons"}
SHOWN_CHARACTERS = 160

STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans","Noto Sans CJK JP",sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
color:#1d2330;background:#fff}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.2rem 0 .2rem}
.badge{display:inline-block;padding:.1rem .6rem;border-radius:.3rem;color:#fff;font-weight:600}
.passed{background:#23794f}.blocked,.failed,.error{background:#b3261e}.warned{background:#8a5a00}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .5rem;border-bottom:1px solid #dde1e8;
vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.bar{position:relative;width:9rem;height:.8rem;background:#eef0f4}.bar i{position:absolute;left:0;top:0;bottom:0;
background:#5b78b0}.bar b{position:absolute;top:-2px;bottom:-2px;width:2px;background:#b3261e}
li.block{color:#b3261e}.quiet{color:#5a6374}code{font-size:.9em}.text{overflow-wrap:anywhere}
"""


def data_docs(verdict: Verdict) -> str:
    """The page as HTML text. Everything that comes from data is escaped; same verdict, same page."""
    page = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
        f"content='width=device-width'><title>Gate: {verdict.status}</title><style>{STYLE}</style></head><body>",
        f"<h1>Gate <span class='badge {verdict.status}'>{verdict.status}</span></h1>",
        f"<p class='quiet'>Suite {escape(verdict.suite)}, version {verdict.suite_version}, digest "
        f"<code>{verdict.suite_digest[:12]}</code></p>",
        _summary(verdict.overview),
        _blocks(verdict.block_reasons),
        _rules(verdict.rules),
        _examples("Quarantine", "removed", verdict.quarantine),
        _examples("Warnings", "kept, but look at them", verdict.warnings),
        "</body></html>",
    ]
    return "\n".join(part for part in page if part)


def _summary(overview: dict[str, Any]) -> str:
    labels = "".join(
        f"<tr><td>{escape(label)}</td><td class='n'>{share:.1%}</td><td>{_bar(share, None, 0.25)}</td></tr>"
        for label, share in overview["label_shares"].items()
    )
    words = ", ".join(f"{escape(name)} {mean:.1f}" for name, mean in overview["mean_words"].items())
    sources = ", ".join(f"{escape(name)} {count}" for name, count in overview["sources"].items()) or "none"
    table = f"<h2>Labels of the accepted rows</h2><table>{labels}</table>" if labels else ""
    return (
        f"<p>{overview['rows']} rows judged: {overview['accepted']} accepted, {overview['quarantined']} in quarantine, "
        f"{overview['warned']} kept with a warning.<br>Mean words: {words}. Sources: {sources}.</p>{table}"
    )


def _blocks(reasons: list[str]) -> str:
    if not reasons:
        return ""
    lines = "".join(f"<li class='block'>{escape(reason)}</li>" for reason in reasons)
    return f"<h2>Why it is blocked</h2><ul>{lines}</ul>"


def _rules(rules: pd.DataFrame) -> str:
    lines = "".join(
        f"<tr><td><code>{escape(line['rule'])}</code></td><td>{escape(line['severity'])}</td>"
        f"<td class='n'>{line['rejected']} of {line['checked']}</td>"
        f"<td class='n'>{line['share']:.1%}<br><span class='quiet'>{line['low']:.1%} to {line['high']:.1%}</span></td>"
        f"<td>{_bar(line['share'], line['limit'], max(2 * line['limit'], line['share'], 0.01))}</td>"
        f"<td class='n'>{line['limit']:.1%}</td><td><span class='badge {line['outcome']}'>{line['outcome']}</span></td></tr>"
        for line in rules.to_dict("records")
    )
    return (
        "<h2>Rules</h2><table><tr><th>rule</th><th>severity</th><th class='n'>rejected</th><th class='n'>share (95 %)</th>"
        f"<th>share against limit</th><th class='n'>limit</th><th>outcome</th></tr>{lines}</table>"
    )


def _bar(share: float, limit: float | None, full: float) -> str:
    mark = "" if limit is None else f"<b style='left:{min(limit / full, 1):.1%}'></b>"
    return f"<div class='bar'><i style='width:{min(share / full, 1):.1%}'></i>{mark}</div>"


def _examples(title: str, meaning: str, rows: pd.DataFrame) -> str:
    if not len(rows):
        return ""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.to_dict("records"):
        # The kind is the reason without its detail, such as the id of the original.
        for kind in dict.fromkeys(reason.partition("=")[0] for reason in row["reasons"].split(SEPARATOR)):
            by_kind[kind].append({str(name): value for name, value in row.items()})
    parts = [f"<h2>{title}: {len(rows)} rows <span class='quiet'>({meaning})</span></h2>"]
    for kind, found in sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0])):
        lines = "".join(_example(row) for row in found[:EXAMPLES])
        parts.append(f"<h3><code>{escape(kind)}</code> {len(found)}</h3><table>{lines}</table>")
    return "".join(parts)


def _example(row: dict[str, Any]) -> str:
    secret = "personal_data:" in row["reasons"]
    cells = "".join(
        f"<td class='text'>{'<i>hidden: personal data</i>' if secret else escape(str(value)[:SHOWN_CHARACTERS])}</td>"
        for name, value in row.items()
        if name not in HIDDEN
    )
    return f"<tr>{cells}<td class='text'><code>{escape(row['reasons'])}</code></td></tr>"
