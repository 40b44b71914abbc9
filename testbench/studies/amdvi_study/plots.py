# SPDX-License-Identifier: Apache-2.0
"""Pictures: lines with their names beside them, in colours and dashes that survive printing and colour blindness."""
from __future__ import annotations

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib import ticker  # noqa: E402

from amdvi_study import table  # noqa: E402
from amdvi_study.recipe import Recipe  # noqa: E402

# Okabe and Ito's colours without the yellow, which paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
MARKS = "osD^vPX"
LINE = 0.055  # height of a name, in heights of the picture
UNITS = {"_ns": "ns", "_us": "us", "_ms": "ms", "_percent": "%", "_gbps": "Gb/s", "_m_per_s": "million a second", "_k": "thousand a second"}
_metadata = re.compile(r"<!DOCTYPE.*?>\n| *<metadata>.*?</metadata>\n", re.S)
# Equal input gives equal bytes.
plt.rcParams.update({"svg.hashsalt": "amdvi", "svg.fonttype": "none", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False})


def _label(variant: str, line: dict, several: bool) -> str:
    return " ".join(part for part in (variant, line.get("label", "") if several or not variant else "") if part)


def _apart(places: list[float]) -> list[float]:
    """Ascending heights, moved to be a line apart, and down again where that leaves the picture."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + LINE) if moved else place)
    for at in range(len(moved) - 1, -1, -1):
        moved[at] = min(moved[at], moved[at + 1] - LINE if at + 1 < len(moved) else 1.0)
    return moved


def _name_ends(axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Names at the ends of lines, moved apart where they would lie on each other."""
    to = axes.transAxes.inverted()
    ends = sorted((to.transform(axes.transData.transform((x, y)))[1], text, colour) for x, y, text, colour in ends)
    for height, (_, text, colour) in zip(_apart([end[0] for end in ends]), ends):
        axes.text(1.02, height, text, transform=axes.transAxes, color=colour, va="center")


def _scale_x(axes, recipe: Recipe, rows: list[table.Row], order: list[str], words: bool) -> None:
    values = [row["x"] for row in rows]
    if words:
        long = sum(len(name) for name in order) > 60
        axes.set_xticks(range(len(order)), order, rotation=20 if long else 0, ha="right" if long else "center")
    elif recipe.x.get("log"):
        least = min(x for x in values if x > 0)
        axes.set_xscale("symlog", base=2, linthresh=least) if min(values) == 0 else axes.set_xscale("log", base=2)
        ticks = sorted(set(values))
        axes.set_xticks(ticks, [f"{x:,}" for x in ticks], rotation=30)
        axes.minorticks_off()
    else:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))


def _scale_y(axes, recipe: Recipe) -> None:
    """A logarithmic axis says its numbers in full, between powers of ten too where there are few of them."""
    if not recipe.y.get("log"):
        axes.set_ylim(bottom=0)
        return
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())


def draw(recipe: Recipe, rows: list[table.Row]):
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    words = any(isinstance(row["x"], str) for row in rows)
    order = list(dict.fromkeys(str(row["x"]) for row in rows))
    ends, number = [], 0
    for variant in recipe.variants:
        for one in recipe.lines:
            values = table.line(rows, variant["name"], one["metric"])
            if not values:
                continue
            xs = [order.index(str(x)) for x, _ in values] if words else [x for x, _ in values]
            colour = COLOURS[number % len(COLOURS)]
            dash = "none" if recipe.x.get("apart") else DASHES[number % len(DASHES)]
            axes.plot(xs, [v for _, v in values], color=colour, linestyle=dash, marker=MARKS[number % len(MARKS)], markersize=4 if dash != "none" else 7)
            ends.append((xs[-1], values[-1][1], _label(variant["name"], one, len(recipe.lines) > 1), colour))
            number += 1
    _scale_x(axes, recipe, rows, order, words)
    _scale_y(axes, recipe)
    axes.set_xlabel(recipe.x["label"])
    axes.set_ylabel(recipe.y["label"] + (f" ({recipe.y['unit']})" if recipe.y.get("unit") else ""))
    axes.grid(alpha=0.25)
    figure.tight_layout()
    _name_ends(axes, ends)
    return figure


def readable(metric: str) -> str:
    """latency_mean_ns as latency mean (ns)."""
    for end, unit in UNITS.items():
        if metric.endswith(end):
            return f"{metric[:-len(end)].replace('_', ' ')} ({unit})"
    return metric.replace("_", " ")


def draw_sensitivity(metric: str, base: float, bars: list[tuple[str, float, float]]):
    """A bar an assumption: from its half to its double."""
    bars = sorted(bars, key=lambda bar: abs(bar[2] - bar[1]))[-12:]
    figure, axes = plt.subplots(figsize=(7.2, 1.1 + 0.3 * len(bars)))
    for at, (_, half, twice) in enumerate(bars):
        axes.plot([half, twice], [at, at], color=COLOURS[5], linewidth=6, solid_capstyle="butt")
        axes.plot([half], [at], marker="v", color=COLOURS[1], label="halved" if not at else None, linestyle="none")
        axes.plot([twice], [at], marker="^", color=COLOURS[4], label="doubled" if not at else None, linestyle="none")
    axes.axvline(base, color="black", linewidth=1)
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.set_ylim(-0.7, len(bars) - 0.3)
    axes.set_xlabel(f"{readable(metric)}; line: {base:{',.0f' if base >= 1000 else '.4g'}}, as assumed")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=2, frameon=False, borderaxespad=0.1)
    figure.tight_layout()
    return figure


def save(figure, path: Path) -> None:
    figure.savefig(path.with_suffix(".png"), dpi=150, bbox_inches="tight", metadata={"Software": None})
    figure.savefig(path.with_suffix(".svg"), bbox_inches="tight", metadata={"Date": None})
    bare = _metadata.sub("", path.with_suffix(".svg").read_text(encoding="utf-8"))  # addresses, and nothing else
    path.with_suffix(".svg").write_text(bare, encoding="utf-8")
    plt.close(figure)


def svg_text(path: Path) -> str:
    text = path.with_suffix(".svg").read_text(encoding="utf-8")
    return text[text.index("<svg"):]
