"""HTML page of a gate's verdict, for people: self-contained, without scripts or external resources."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.duplicates.groups import MAXIMUM_GROUPS
from veritrain_lib.quality.reason_examples import EXAMPLES, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from veritrain_lib.quality.verdict import GateVerdict

GROUPS = 10
"""Largest number of groups of duplicates on the page, and of duplicates shown in each group."""

REMOVED = 20
"""Largest number of labels and slice values in the table of removed rows."""

SHOWN_CHARACTERS = 160

REVIEWS = "<!-- reviews -->"
"""Marker on the page before and after the place where people's reviews are inserted."""

STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--page:#fff;--quiet:#5a6374;--line:#dde1e8;--bar:#eef0f4;--fill:#5b78b0;
--red:#b3261e;--note:#f6f7f9}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--page:#14171d;--quiet:#9aa4b5;--line:#2c323d;--bar:#262b35;
--fill:#7f9bd1;--red:#ff8a80;--note:#1b1f27}}
body{font:15px/1.5 system-ui,"Noto Sans","Noto Sans CJK JP",sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;
color:var(--ink);background:var(--page)}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.2rem 0 .2rem}
.badge{display:inline-block;padding:.1rem .6rem;border-radius:.3rem;color:#fff;font-weight:600}
.passed{background:#23794f}.blocked,.failed,.error{background:#b3261e}.warned{background:#8a5a00}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .5rem;border-bottom:1px solid var(--line);
vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{position:relative;width:9rem;height:.8rem;background:var(--bar)}.bar i{position:absolute;left:0;top:0;bottom:0;
background:var(--fill)}.bar b{position:absolute;top:-2px;bottom:-2px;width:2px;background:var(--red)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:1rem 0}dt{color:var(--quiet)}dd{margin:0}
li.block{color:var(--red)}.quiet{color:var(--quiet)}code{font-size:.9em}.text{overflow-wrap:anywhere}
.note{background:var(--note);padding:.4rem .7rem;margin:.3rem 0}.copy td:first-child{padding-left:1.6rem}
.group{border:1px solid var(--line);border-radius:.3rem;margin:.6rem 0}.group tr:first-child{background:var(--note)}
@media print{body{max-width:none;margin:0}.group,tr{break-inside:avoid}}
"""


def data_docs(verdict: GateVerdict) -> str:
    """Return a gate's verdict as an HTML page.

    Everything that comes from data is escaped; the same verdict gives the same page.

    Args:
        verdict: The verdict.

    Returns:
        The page as HTML text.
    """
    page = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
        f"content='width=device-width'><title>Gate: {verdict.status}</title><style>{STYLE}</style></head><body>",
        f"<h1>Gate <span class='badge {verdict.status}'>{verdict.status}</span></h1>",
        f"<p class='quiet'>Suite {escape(verdict.suite)}, version {verdict.suite_version}, digest "
        f"<code>{verdict.suite_digest[:12]}</code></p>",
        _summary(verdict.overview),
        _block_reasons(verdict.block_reasons),
        REVIEWS + REVIEWS,
        _row_rules(verdict.rules),
        _dataset_rules(
            verdict.rules, verdict.overview.get("notes", {}) | verdict.overview.get("measured", {})
        ),
        removed_html(verdict.removed),
        _label_shares(verdict.overview["label_shares"]),
        duplicate_html(verdict.groups),
        examples_html("Quarantine", "removed", verdict.quarantine),
        examples_html("Warnings", "kept, but worth checking", verdict.warnings),
        "</body></html>",
    ]
    return "\n".join(part for part in page if part)


def with_reviews(page: str, reviews: Sequence[dict[str, Any]]) -> str:
    """Insert people's reviews of a sample into the page of a gate's verdict, in place of earlier ones.

    Args:
        page: Page made by `data_docs`.
        reviews: Reviews as dictionaries (`Review.as_dict`).

    Returns:
        The page with the section Reviews.

    Raises:
        ValueError: The page has no place for reviews.
    """
    before, opened, rest = page.partition(REVIEWS)
    _, closed, after = rest.partition(REVIEWS)
    if not (opened and closed):
        raise ValueError("this page of data docs has no place for reviews")
    lines = "".join(
        f"<tr><td>{escape(str(review['reviewer']))}</td><td class='n'>{_rate(review['pass_rate'])}</td>"
        f"<td class='n'>{_rate(review['wrongly_removed'])}</td><td class='n'>{review['undecided']}</td></tr>"
        for review in reviews
    )
    comments = "".join(
        f"<li><code>{escape(line['row'])}</code> {escape(line['decision'] or 'undecided')}: {escape(line['comment'])} "
        f"<span class='quiet'>({escape(str(review['reviewer']))})</span></li>"
        for review in reviews
        for line in review["comments"]
    )
    section = (
        "<h2>Reviews</h2><div class='scroll'><table><tr><th>reviewer</th><th class='n'>accepted rows that pass (95 %)</th>"
        f"<th class='n'>quarantined rows removed wrongly</th><th class='n'>undecided</th></tr>{lines}</table></div>"
        + (f"<ul>{comments}</ul>" if comments else "")
    )
    return before + REVIEWS + section + REVIEWS + after


def duplicate_html(groups: pd.DataFrame, most: int = GROUPS) -> str:
    """Return the largest groups of duplicates as HTML: the row that is kept, and below it its duplicates.

    Args:
        groups: Table of `duplicates.groups.duplicate_groups`.
        most: Largest number of groups shown, and of duplicates shown in each.

    Returns:
        HTML; "" if there are no duplicates.
    """
    if not len(groups):
        return ""
    fields = [name for name in groups.columns if name not in ("group", "size", "role", "kind", "id")]
    count, copies = int(groups["group"].max()), int((groups["role"] == "copy").sum())
    description = f"the {MAXIMUM_GROUPS} largest groups" if count == MAXIMUM_GROUPS else f"{count} groups"
    parts = [f"<h2>Duplicates: {copies} rows in {description}</h2>"]
    for _, members in groups[groups["group"] <= most].groupby("group", sort=True):
        lines = "".join(
            f"<tr class='{row['role']}'>"
            + "".join(f"<td class='text'>{_text(row[name])}</td>" for name in fields)
            + f"<td class='quiet'>{'kept' if row['role'] == 'kept' else escape(str(row['kind']))}</td></tr>"
            for row in members.head(most + 1).to_dict("records")
        )
        rest = len(members) - most - 1
        more = f"<p class='quiet'>and {rest} more</p>" if rest > 0 else ""
        parts.append(f"<div class='group scroll'><table>{lines}</table>{more}</div>")
    if count > most:
        parts.append(f"<p class='quiet'>{count - most} smaller groups are in groups.csv</p>")
    return "".join(parts)


def removed_html(removed: pd.DataFrame, most: int = REMOVED) -> str:
    """Return the share of rows that the gate removed of each label and slice value as HTML, the largest share first.

    Args:
        removed: Table of `removed_shares.removed_by_group`.
        most: Largest number of lines shown.

    Returns:
        HTML; "" if no row was removed.
    """
    affected = removed[removed["removed"] > 0]
    if not len(affected):
        return ""
    lines = "".join(
        f"<tr><td>{escape(line['column'])}</td><td class='text'>{_text(line['value'])}</td>"
        f"<td class='n'>{line['removed']} of {line['rows']}</td>"
        f"<td class='n'>{line['share']:.1%}<br><span class='quiet'>{line['low']:.1%} to {line['high']:.1%}</span></td>"
        f"<td>{_bar(line['share'], line['limit'], max(min(2 * line['limit'], 1.0), line['share']))}</td>"
        f"<td class='n'>{line['limit']:.0%}</td><td><code>{escape(line['most_by'])}</code> {line['most_by_rows']}</td>"
        f"<td>{_badge(line['outcome'])}</td></tr>"
        for line in affected.head(most).to_dict("records")
    )
    rest = len(affected) - most
    more = f"<p class='quiet'>{rest} more with smaller shares are in removed.csv</p>" if rest > 0 else ""
    return (
        "<h2>Removed rows by label and slice</h2><div class='scroll'><table><tr><th>column</th><th>value</th>"
        "<th class='n'>removed</th><th class='n'>share (95 %)</th><th>share against limit</th><th class='n'>limit</th>"
        f"<th>most frequent reason</th><th>outcome</th></tr>{lines}</table></div>{more}"
    )


def examples_html(title: str, meaning: str, rows: pd.DataFrame, each: int = EXAMPLES) -> str:
    """Return example rows for each kind of the gate's reasons as HTML, the most frequent kind first.

    Args:
        title: Heading.
        meaning: Explanation in brackets after the heading.
        rows: Rows with a column `reasons`.
        each: Largest number of rows for each kind.

    Returns:
        HTML; "" if there are no rows.
    """
    if not len(rows):
        return ""
    table = examples(rows, each)
    fields = [name for name in table.columns if name not in ("reason", "rows", "reasons")]
    parts = [f"<h2>{title}: {len(rows)} rows <span class='quiet'>({meaning})</span></h2>"]
    for kind, members in table.groupby("reason", sort=False):
        lines = "".join(
            "<tr>"
            + "".join(f"<td class='text'>{_text(row[name])}</td>" for name in fields)
            + f"<td class='text'><code>{escape(row['reasons'])}</code></td></tr>"
            for row in members.to_dict("records")
        )
        heads = "".join(f"<th>{escape(str(name))}</th>" for name in [*fields, "reasons"])
        parts.append(
            f"<h3><code>{escape(str(kind))}</code> {members['rows'].iloc[0]}</h3><div class='scroll'><table>"
            f"<tr>{heads}</tr>{lines}</table></div>"
        )
    return "".join(parts)


def _summary(overview: dict[str, Any]) -> str:
    lengths = "; ".join(
        f"{escape(name)} median {length['median']}, 95 % up to {length['p95']}, longest {length['longest']} {length['unit']}"
        for name, length in overview["lengths"].items()
    )
    declared = ", ".join(f"{escape(name)} {code}" for name, code in overview["languages"]["declared"].items())
    detected = ", ".join(f"{escape(code)} {count}" for code, count in overview["languages"]["found"].items())
    facts = {
        "Rows judged": f"{overview['rows']}: {overview['accepted']} accepted, {overview['quarantined']} in quarantine, "
        f"{overview['warned']} kept with a warning",
        "Lengths": lengths,
        "Languages": (f"declared: {declared}" if declared else "none declared")
        + (f"; detected instead: {detected}" if detected else ""),
        "Two scripts in one row": f"{overview['code_switch_share']:.1%} of the accepted rows",
        "Sources": ", ".join(f"{escape(name)} {count}" for name, count in overview["sources"].items())
        or "none",
    }
    lines = "".join(f"<dt>{name}</dt><dd>{fact}</dd>" for name, fact in facts.items())
    return f"<dl>{lines}</dl>"


def _label_shares(shares: dict[str, float]) -> str:
    if not shares:
        return ""
    most = max(shares.values())
    lines = "".join(
        f"<tr><td>{escape(label)}</td><td class='n'>{share:.1%}</td><td>{_bar(share, None, most)}</td></tr>"
        for label, share in shares.items()
    )
    return f"<h2>Labels of the accepted rows</h2><table>{lines}</table>"


def _block_reasons(reasons: list[str]) -> str:
    if not reasons:
        return ""
    lines = "".join(f"<li class='block'>{escape(reason)}</li>" for reason in reasons)
    return f"<h2>Why it is blocked</h2><ul>{lines}</ul>"


def _row_rules(rules: pd.DataFrame) -> str:
    lines = "".join(
        f"<tr><td><code>{escape(line['rule'])}</code></td><td>{escape(line['severity'])}</td>"
        f"<td class='n'>{line['rejected']} of {line['checked']}</td>"
        f"<td class='n'>{line['share']:.1%}<br><span class='quiet'>{line['low']:.1%} to {line['high']:.1%}</span></td>"
        f"<td>{_bar(line['share'], line['limit'], max(2 * line['limit'], line['share'], 0.01))}</td>"
        f"<td class='n'>{line['limit']:.1%}</td><td>{_badge(line['outcome'])}</td></tr>"
        for line in rules[rules["kind"] == "rows"].to_dict("records")
    )
    if not lines:
        return ""
    return (
        "<h2>Rules about rows</h2><div class='scroll'><table><tr><th>rule</th><th>severity</th><th class='n'>rejected</th>"
        "<th class='n'>share (95 %)</th><th>share against limit</th><th class='n'>limit</th><th>outcome</th></tr>"
        f"{lines}</table></div>"
    )


def _dataset_rules(rules: pd.DataFrame, notes: dict[str, str]) -> str:
    notes_html = "".join(
        f"<p class='note'><code>{escape(rule)}</code> {escape(note)}</p>" for rule, note in notes.items()
    )
    lines = "".join(
        f"<tr><td><code>{escape(line['rule'])}</code></td><td>{escape(line['severity'])}</td>"
        f"<td class='n'>{_measured(line)}</td><td class='n'>{line['checked']}</td><td>{_badge(line['outcome'])}</td></tr>"
        for line in rules[rules["kind"] == "dataset"].to_dict("records")
    )
    if not lines:
        return notes_html
    return (
        "<h2>Rules about the dataset as a whole</h2><div class='scroll'><table><tr><th>rule</th><th>severity</th>"
        "<th class='n'>measured (95 %), limit</th><th class='n'>rows</th><th>outcome</th></tr>"
        f"{lines}</table></div>{notes_html}"
    )


def _measured(line: dict[Any, Any]) -> str:
    if str(line["check"]).startswith("expect_"):
        return "holds" if line["outcome"] == "passed" else "does not hold"
    interval = f"<span class='quiet'>{line['low']:.3f} to {line['high']:.3f}</span>"
    return f"{line['share']:.3f} {interval}, {line['limit']:.3f}"


def _badge(outcome: str) -> str:
    return f"<span class='badge {outcome}'>{outcome}</span>"


def _bar(share: float, limit: float | None, full: float) -> str:
    mark = "" if limit is None else f"<b style='left:{min(limit / full, 1):.1%}'></b>"
    return f"<div class='bar'><i style='width:{min(share / full, 1):.1%}'></i>{mark}</div>"


def _rate(rate: dict[str, Any]) -> str:
    if rate["value"] is None:
        return "none decided"
    return f"{rate['value']:.1%} of {rate['n']}<br><span class='quiet'>{rate['low']:.1%} to {rate['high']:.1%}</span>"


def _text(value: object) -> str:
    text = str(value)
    return escape(text[:SHOWN_CHARACTERS]) + ("&hellip;" if len(text) > SHOWN_CHARACTERS else "")
