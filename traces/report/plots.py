# SPDX-License-Identifier: Apache-2.0
"""Plots of a replay, as SVG text to be put into a page."""
import io

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: E402

BLUE, GREEN, AMBER, RED, GREY = "#2563a8", "#3a8f5c", "#d08a1d", "#c23b3b", "#8a94a0"
WIDE, NARROW = (10.2, 2.7), (5.0, 3.0)
STYLE = {
    "font.family": "sans-serif", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": "#9aa4af", "axes.labelcolor": "#3c4650", "xtick.color": "#3c4650", "ytick.color": "#3c4650",
    "axes.grid": True, "grid.color": "#e6eaee", "axes.axisbelow": True, "svg.fonttype": "none",
    "legend.frameon": False, "svg.hashsalt": "amdvi",
}


def short(value, _position=None):
    """12000 -> 12 k."""
    for limit, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{letter}"
    return f"{value:g}"


def to_svg(figure):
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    svg = text.getvalue()
    return svg[svg.index("<svg"):]


def counts_axis(axis):
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.yaxis.set_major_formatter(FuncFormatter(short))
    axis.grid(axis="x", visible=False)


def bars(labels, values, color, xlabel, ylabel):
    """Upright bars with their counts on top."""
    figure, axis = pyplot.subplots(figsize=NARROW, layout="constrained")
    drawn = axis.bar(range(len(values)), values, color=color, width=0.7)
    axis.bar_label(drawn, [short(v) if v < 1000 else f"{v:,}" for v in values], fontsize=7.5, padding=2)
    turned = sum(map(len, labels)) > 44
    axis.set_xticks(range(len(labels)), labels, rotation=40 if turned else 0, ha="right" if turned else "center")
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    axis.margins(y=0.14)
    counts_axis(axis)
    return to_svg(figure)


def lying_bars(labels, parts, xlabel):
    """Bars from left to right; parts are (name, values, colour) and stack."""
    figure, axis = pyplot.subplots(figsize=(NARROW[0], max(1.8, 0.32 * len(labels) + 1.0)), layout="constrained")
    left = [0] * len(labels)
    for name, values, color in parts:
        axis.barh(range(len(labels)), values, left=left, color=color, label=name, height=0.66)
        left = [a + b for a, b in zip(left, values)]
    for row, total in enumerate(left):
        axis.annotate(f"{total:,}", (total, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5)
    axis.set_yticks(range(len(labels)), labels)
    axis.invert_yaxis()
    axis.set_xlabel(xlabel)
    axis.margins(x=0.16)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.xaxis.set_major_formatter(FuncFormatter(short))
    axis.grid(axis="y", visible=False)
    if len(parts) > 1:
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=len(parts), fontsize=8)
    return to_svg(figure)


def devices(played):
    rows = sorted(played["devices"], key=lambda d: -(d["translated"] + d["identity"] + d["faulted"]))[:16]
    rows = [d for d in rows if d["translated"] + d["identity"] + d["faulted"]]
    if not rows:
        return None
    parts = [("translated", [d["translated"] for d in rows], BLUE),
             ("passed untranslated", [d["identity"] for d in rows], GREY),
             ("faulted", [d["faulted"] for d in rows], RED)]
    return lying_bars([d["device"] for d in rows], [p for p in parts if any(p[1])], "DMA requests (count)")


def commands(played):
    rows = played["commands_by_opcode"]
    if not rows:
        return None
    return lying_bars([r["name"] for r in rows], [("commands", [r["count"] for r in rows], GREEN)], "commands (count)")


def page_sizes(played):
    rows = played["translation_page_sizes"]
    if not rows:
        return None
    return bars([r["size"] for r in rows], [r["count"] for r in rows], BLUE, "page size of the walk", "translations (count)")


def invalidation_sizes(played):
    rows = played["invalidation_sizes"]
    if not rows:
        return None
    return bars([r["size"] for r in rows], [r["count"] for r in rows], GREEN, "range of the invalidation",
                "commands (count)")


def walk_reads(played):
    rows = played["walk_reads"]
    if not rows:
        return None
    labels = [f"{r['table_reads']}{'+' if r['or_more'] else ''}" for r in rows]
    return bars(labels, [r["requests"] for r in rows], AMBER, "table reads of a request (count)", "DMA requests (count)")


def over_time(played, lines, ylabel, percent=False):
    """Lines over the record number; lines are (name, values, colour), values may hold None."""
    buckets = played["series"]["buckets"]
    at = [b["first_record"] for b in buckets]
    figure, axis = pyplot.subplots(figsize=WIDE, layout="constrained")
    for name, values, color in lines:
        kept = [float("nan") if v is None else v for v in values]
        axis.step(at, kept, where="post", color=color, label=name, linewidth=1.3)
    axis.set_xlabel("record number")
    axis.set_ylabel(ylabel)
    axis.xaxis.set_major_formatter(FuncFormatter(short))
    axis.yaxis.set_major_formatter(FuncFormatter(short))
    axis.set_xlim(0, max(played["records"], 1))
    axis.set_ylim(bottom=0, top=103 if percent else None)
    if len(lines) > 1:
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=len(lines), fontsize=8)
    return to_svg(figure)


def column(played, key):
    return [b[key] for b in played["series"]["buckets"]]


def hits(played):
    rate = [100 * b["ptc_hits"] / (b["ptc_hits"] + b["ptc_misses"]) if b["ptc_hits"] + b["ptc_misses"] else None
            for b in played["series"]["buckets"]]
    if not any(r is not None for r in rate):
        return None
    return over_time(played, [("PTC hits", rate, BLUE)], "PTC hits of lookups (%)", percent=True)


def activity(played):
    if len(played["series"]["buckets"]) < 2:
        return None
    lines = [("translations", column(played, "translations"), BLUE), ("interrupts", column(played, "interrupts"), AMBER),
             ("faults", column(played, "faults"), RED)]
    return over_time(played, [line for line in lines if any(line[1])] or lines[:1],
                     f"count per {played['series']['records_per_bucket']:,} records")


def invalidations(played):
    lines = [("commands", column(played, "commands"), GREEN), ("invalidations", column(played, "invalidations"), BLUE),
             ("cache entries dropped", column(played, "entries_invalidated"), RED)]
    lines = [line for line in lines if any(line[1])]
    if not lines:
        return None
    return over_time(played, lines, f"count per {played['series']['records_per_bucket']:,} records")


def all_plots(played):
    """Name to SVG text, or None where there is nothing to draw."""
    makers = (devices, commands, page_sizes, invalidation_sizes, walk_reads, hits, activity, invalidations)
    with matplotlib.rc_context(STYLE):
        return {maker.__name__: maker(played) for maker in makers}
