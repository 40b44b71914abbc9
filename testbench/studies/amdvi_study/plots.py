# SPDX-License-Identifier: Apache-2.0
"""Pictures: lines with their names beside them, in colours and dashes that survive printing and colour blindness."""
from __future__ import annotations

import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from amdvi_study import table  # noqa: E402
from amdvi_study.recipe import Recipe  # noqa: E402

# Okabe and Ito's colours without the yellow, which paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
MARKS = "osD^vPX"
_metadata = re.compile(r"<!DOCTYPE.*?>\n| *<metadata>.*?</metadata>\n", re.S)
# Equal input gives equal bytes.
plt.rcParams.update({"svg.hashsalt": "amdvi", "svg.fonttype": "none", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False})


def _label(variant: str, line: dict, several: bool) -> str:
    return " ".join(part for part in (variant, line.get("label", "") if several or not variant else "") if part)


def _spread(axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Names at the ends of lines, moved apart where they would lie on each other."""
    low, high = axes.get_ylim()
    to = axes.transAxes.inverted()
    places = sorted(((to.transform(axes.transData.transform((x, y)))[1], text, colour) for x, y, text, colour in ends))
    last = -1.0
    for place, text, colour in places:
        last = max(place, last + 0.055)
        axes.text(1.02, last, text, transform=axes.transAxes, color=colour, va="center")
    axes.set_ylim(low, high)


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
            axes.plot(xs, [v for _, v in values], color=colour, linestyle=DASHES[number % len(DASHES)], marker=MARKS[number % len(MARKS)], markersize=4)
            ends.append((xs[-1], values[-1][1], _label(variant["name"], one, len(recipe.lines) > 1), colour))
            number += 1
    if words:
        axes.set_xticks(range(len(order)), order)
    if recipe.x.get("log") and not words:
        axes.set_xscale("log", base=2)
        ticks = sorted({row["x"] for row in rows})
        axes.set_xticks(ticks, [f"{x:,}" for x in ticks], rotation=30)
        axes.minorticks_off()
    axes.set_yscale("log" if recipe.y.get("log") else "linear")
    if not recipe.y.get("log"):
        axes.set_ylim(bottom=0)
    unit = f" ({recipe.y['unit']})" if recipe.y.get("unit") else ""
    axes.set_xlabel(recipe.x["label"])
    axes.set_ylabel(recipe.y["label"] + unit)
    axes.grid(alpha=0.25)
    figure.tight_layout()
    _spread(axes, ends)
    return figure


def draw_sensitivity(metric: str, base: float, bars: list[tuple[str, float, float]]):
    """A bar an assumption: from its half to its double."""
    bars = sorted(bars, key=lambda bar: abs(bar[2] - bar[1]))[-12:]
    figure, axes = plt.subplots(figsize=(7.2, 0.6 + 0.32 * max(len(bars), 2)))
    for at, (_, half, twice) in enumerate(bars):
        axes.plot([half, twice], [at, at], color=COLOURS[0], linewidth=6, solid_capstyle="butt")
        axes.plot([half], [at], marker="<", color=COLOURS[1])
        axes.plot([twice], [at], marker=">", color=COLOURS[2])
    axes.axvline(base, color="black", linewidth=1)
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.set_xlabel(f"{metric}; < halved, > doubled, line: as assumed")
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
