# SPDX-License-Identifier: Apache-2.0
"""A page a study, in one file: picture, shape, table, assumptions and how far each moves the answer; and the gallery."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import jinja2

from amdvi_study import plots, runner, table
from amdvi_study.recipe import Recipe, Wrong, word

_environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent), autoescape=True)
_bar = re.compile(r"^  (\S+)\s+(inferred|assumption)\s+(\S+)\s+(\S+)$")


def sensitivity(recipe: Recipe, extra: tuple[tuple[str, str], ...]) -> tuple[str, float, list[tuple[str, float, float]]] | None:
    """(metric, value, (parameter, halved, doubled)...) of `amdvi run --sensitivity`."""
    if not recipe.sensitivity:
        return None
    metric = recipe.sensitivity["metric"]
    fields = [[name, word(value)] for name, value in recipe.sensitivity.get("set", {}).items()] + [list(pair) for pair in extra]
    done = subprocess.run([*runner.words(str(recipe.experiment), [*fields, ["report", metric]]), "--sensitivity"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"{recipe.name}: sensitivity: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    bars = [(m[1], float(m[3]), float(m[4])) for m in map(_bar.match, lines) if m]
    return metric, float(lines[0].rsplit("= ", 1)[1]), [bar for bar in bars if bar[1] != bar[2]]


def paragraphs(text: str) -> list[str]:
    body = [part for part in text.split("\n\n") if not part.startswith("<!--")]
    return [" ".join(part.split()) for part in body if part.strip()]


def write(recipe: Recipe, rows: list[table.Row], shapes: list, moves, folder: Path) -> None:
    picture = folder / recipe.name
    plots.save(plots.draw(recipe, rows), picture)
    bars = None
    if moves:
        plots.save(plots.draw_sensitivity(*moves), folder / "sensitivity")
        bars = plots.svg_text(folder / "sensitivity")
    shown = ["variant", "x"] + list(dict.fromkeys(one["metric"] for one in recipe.lines))
    page = _environment.get_template("page.html.j2").render(
        recipe=recipe, rows=rows, shown=shown, shapes=shapes, moves=moves, bars=bars, picture=plots.svg_text(picture),
        text=paragraphs((recipe.folder / "page.md").read_text(encoding="utf-8")),
        experiment=recipe.experiment.read_text(encoding="utf-8"), version=runner.version())
    (folder / f"{recipe.name}.html").write_text(page, encoding="utf-8")


def gallery(recipes: list[Recipe], folder: Path) -> None:
    there = [recipe for recipe in recipes if (folder / recipe.name / f"{recipe.name}.png").exists()]
    (folder / "index.html").write_text(_environment.get_template("gallery.html.j2").render(recipes=there), encoding="utf-8")
