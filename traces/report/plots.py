# SPDX-License-Identifier: Apache-2.0
"""Plots of a replay, as SVG text to be put into a page."""
import io

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: E402

BLUE, GREEN, AMBER, RED, GREY, VIOLET = "#3b78c2", "#3f9a64", "#d08a1d", "#cc4b4b", "#8a94a0", "#8a63c9"
WIDE, NARROW = (10.2, 2.7), (5.0, 3.0)
# The page decides how these look, on light and on dark ground.
INK, EDGE, GRID = "#010203", "#010204", "#010205"
OF_PAGE = {INK: "var(--soft)", EDGE: "var(--edge)", GRID: "var(--grid)"}
STYLE = {
    "font.family": "sans-serif", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "text.color": INK, "axes.edgecolor": EDGE, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.grid": True, "grid.color": GRID, "axes.axisbelow": True, "svg.fonttype": "none",
    "legend.frameon": False, "svg.hashsalt": "amdvi",
}
CLASSES = (("cold", BLUE), ("invalidated", VIOLET), ("capacity", AMBER), ("conflict", RED), ("fault", GREY))


def short(value, _position=None):
    """12000 -> 12 k."""
    for limit, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{letter}"
    return f"{value:g}"


def to_svg(figure):
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    svg = text.getvalue()
    for color, name in OF_PAGE.items():
        svg = svg.replace(color, name)
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
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=min(len(parts), 3), fontsize=8)
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


UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns"))
BINS = 240


class Axis:
    """What lines over a replay are drawn over: equal pieces of the trace's time, or its records where it states no times, or
    states them out of order."""

    def __init__(self, played):
        series = played["series"]
        self.buckets, self.first = series["buckets"], series["first_ns"]
        self.span = self.buckets[-1]["end_ns"] - self.first if self.buckets else 0
        self.timed = series["timed"] and self.span > 0
        if self.timed:
            size, unit = next((size, unit) for size, unit in UNITS if self.span >= size)
            self.at = [i * self.span / BINS / size for i in range(BINS)]
            self.end, self.label, self.per = self.span / size, f"time in the trace ({unit})", "per second"
        else:
            self.at = [b["first_record"] for b in self.buckets]
            self.end, self.label = max(played["records"], 1), "record number"
            width = series["records_per_bucket"]
            self.per = f"per {width:,} records" if width > 1 else "per record"

    def counts(self, key):
        """Of each piece: what happened in a bucket is spread evenly over its time."""
        if not self.timed:
            return [b[key] for b in self.buckets]
        out, start = [0.0] * BINS, 0.0
        for bucket in self.buckets:
            end = max(bucket["end_ns"] - self.first, 0) / self.span * BINS
            first, last = min(int(start), BINS - 1), min(int(end), BINS - 1)
            for i in range(first, last + 1):
                part = (min(end, i + 1) - max(start, i)) / (end - start) if end > start else 1
                out[i] += bucket[key] * part
            start = end
        return out

    def rates(self, key):
        scale = BINS * 1e9 / self.span if self.timed else 1
        return [count * scale for count in self.counts(key)]


def over_time(axis_of, lines, ylabel, percent=False):
    """Lines are (name, values, colour); values may hold None."""
    figure, axis = pyplot.subplots(figsize=WIDE, layout="constrained")
    for name, values, color in lines:
        kept = [float("nan") if v is None else v for v in values]
        axis.step(axis_of.at + [axis_of.end], kept + kept[-1:], where="post", color=color, label=name, linewidth=1.3)
    axis.set_xlabel(axis_of.label)
    axis.set_ylabel(ylabel)
    axis.xaxis.set_major_formatter(FuncFormatter(short))
    axis.yaxis.set_major_formatter(FuncFormatter(short))
    axis.set_xlim(0, axis_of.end)
    axis.set_ylim(bottom=0, top=103 if percent else None)
    if len(lines) > 1:
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=len(lines), fontsize=8)
    return to_svg(figure)


def hits(played):
    axis = Axis(played)
    pairs = list(zip(axis.counts("ptc_hits"), axis.counts("ptc_misses")))
    if not any(hit + miss for hit, miss in pairs):
        return None
    rate = [100 * hit / (hit + miss) if hit + miss else None for hit, miss in pairs]
    return over_time(axis, [("PTC hits", rate, BLUE)], "PTC hits of lookups (%)", percent=True)


def lines_of(axis, names):
    lines = [(name, axis.rates(key), color) for name, key, color in names]
    return [line for line in lines if any(line[1])]


def activity(played):
    axis = Axis(played)
    lines = lines_of(axis, (("translations", "translations", BLUE), ("interrupts", "interrupts", AMBER),
                            ("faults", "faults", RED)))
    return over_time(axis, lines, f"count {axis.per}") if lines and len(axis.at) > 1 else None


def invalidations(played):
    axis = Axis(played)
    lines = lines_of(axis, (("commands", "commands", GREEN), ("invalidations", "invalidations", BLUE),
                            ("cache entries dropped", "entries_invalidated", RED)))
    return over_time(axis, lines, f"count {axis.per}") if lines else None


def followed(played):
    return [cache for cache in played["caches"] if "misses_by_class" in cache]


def class_parts(counts):
    """Parts of lying_bars() from misses_by_class of several caches or devices."""
    parts = [(name, [c["misses_by_class"][name] for c in counts], color) for name, color in CLASSES]
    return [part for part in parts if any(part[1])]


def miss_classes(played):
    rows = [cache for cache in followed(played) if cache["misses"]]
    return lying_bars([c["cache"] for c in rows], class_parts(rows), "misses (count)") if class_parts(rows) else None


def device_misses(played):
    """Misses of the PTC by device."""
    rows = [(device["device"], cache) for device in played["devices"] for cache in device.get("caches", [])
            if cache["cache"] == "PTC" and sum(cache["misses_by_class"].values())]
    rows = sorted(rows, key=lambda row: -row[1]["misses"])[:16]
    if not rows:
        return None
    return lying_bars([name for name, _ in rows], class_parts([c for _, c in rows]), "misses of the PTC (count)")


def lines_text(value, _position=None):
    return f"{int(value) >> 10} Ki" if value >= 1024 else f"{value:g}"


def size_curve(played):
    """Hit rate of fully associative LRU caches by their number of lines, and where the model's own caches are."""
    colors = {"PTC": BLUE, "DTC": GREEN, "ITC": AMBER}
    rows = [cache for cache in followed(played) if cache.get("lookups_followed")]
    if not rows:
        return None
    figure, axis = pyplot.subplots(figsize=NARROW, layout="constrained")
    widest = max([c["lru_curve"][-1]["lines"] for c in rows] + [c["lines"] for c in rows] + [2])
    for cache in rows:
        points = cache["lru_curve"] + [{"lines": widest, "hits": cache["lru_curve"][-1]["hits"]}]
        rate = [100 * point["hits"] / cache["lookups_followed"] for point in points]
        axis.plot([point["lines"] for point in points], rate, color=colors[cache["cache"]], marker="o", markersize=2.5,
                  linewidth=1.3, label=cache["cache"])
        if cache["lines"]:
            own = 100 * cache["hits"] / (cache["hits"] + cache["misses"])
            axis.plot(cache["lines"], own, color=colors[cache["cache"]], marker="D", markersize=6, linestyle="none")
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(FuncFormatter(lines_text))
    axis.set_xlabel("lines of the cache (diamond: as configured)")
    axis.set_ylabel("hits of lookups (%)")
    axis.set_ylim(0, 103)
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=len(rows), fontsize=8)
    return to_svg(figure)


def all_plots(played):
    """Name to SVG text, or None where there is nothing to draw."""
    makers = (devices, commands, page_sizes, invalidation_sizes, walk_reads, hits, activity, invalidations, miss_classes,
              device_misses, size_curve)
    with matplotlib.rc_context(STYLE):
        return {maker.__name__: maker(played) for maker in makers}
