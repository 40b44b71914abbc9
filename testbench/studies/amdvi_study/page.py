# SPDX-License-Identifier: Apache-2.0
"""A page a study, in one file: picture, shape, table, assumptions and how far each moves the answer."""
from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jinja2

from amdvi_study import plan, plots, recipe, shapes, table
from amdvi_study.recipe import Recipe

Moves = tuple[str, float, list[tuple[str, float, float]]]  # metric, its value, (parameter, halved, doubled)

_environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent), autoescape=True)
_bar = re.compile(r"^  (\S+)\s+(inferred|assumption)\s+(\S+)\s+(\S+)$")


def read_moves(metric: str, text: str) -> Moves:
    """What `amdvi run --sensitivity` has printed; what moves it by less than a thousandth is left out."""
    lines = text.splitlines()
    base = float(lines[0].rsplit("= ", 1)[1])
    bars = [(m[1], float(m[3]), float(m[4])) for m in map(_bar.match, lines) if m]
    return metric, base, [bar for bar in bars if max(abs(bar[1] - base), abs(bar[2] - base)) >= abs(base) / 1000]


def sensitivity(one: Recipe, wish: plan.Wish) -> tuple[Moves | None, str]:
    """How far assumptions move the answer, or why that is not known (neither: nobody asked)."""
    task = plan.sensitivity_task(one, wish)
    if not task:
        return None, ""
    result = json.loads(Path(task["target"]).read_text(encoding="utf-8"))
    return (None, f"sensitivity: {result['error']}") if "error" in result else (read_moves(one.sensitivity["metric"], result["text"]), "")


def paragraphs(text: str) -> list[str]:
    body = [part for part in text.split("\n\n") if not part.startswith("<!--")]
    return [" ".join(part.split()) for part in body if part.strip()]


def write(one: Recipe, rows: list[table.Row], checked: list, moves: Moves | None, folder: Path, version: str) -> None:
    picture = folder / one.name
    plots.save(plots.draw(one, rows), picture)
    bars = None
    if moves:
        plots.save(plots.draw_sensitivity(*moves), folder / "sensitivity")
        bars = plots.svg_text(folder / "sensitivity")
    shown = ["variant", "x"] + list(dict.fromkeys(line["metric"] for line in one.lines))
    page = _environment.get_template("page.html.j2").render(
        recipe=one, rows=rows, shown=shown, shapes=checked, moves=moves, bars=bars, picture=plots.svg_text(picture),
        text=paragraphs((one.folder / "page.md").read_text(encoding="utf-8")),
        experiment=one.experiment.read_text(encoding="utf-8"), version=version)
    (folder / f"{one.name}.html").write_text(page, encoding="utf-8")


def finish(one: Recipe, wish: plan.Wish) -> None:
    """From results to tables, pictures, page and verdict.json: what failed, and which shapes hold."""
    folder = plan.folder(one, wish)
    rows = table.read(folder, plan.points(one, wish))
    table.write_csv(rows, folder / "table.csv")
    table.write_sqlite(rows, folder / "table.sqlite")
    checked = shapes.check(one, rows)
    moves, problem = sensitivity(one, wish)
    write(one, rows, checked, moves, folder, wish.version)
    failed = [f"{row['variant']} {row['x']}: {row['error']}" for row in rows if row["error"]] + [problem] * bool(problem)
    verdict = {"points": len(rows), "failed": failed, "shapes": checked}
    (folder / "verdict.json").write_text(json.dumps(verdict, indent=1), encoding="utf-8")


def main(plan_file: str, number: str) -> None:
    text = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    for folder in text["pages"][int(number)]["studies"]:
        finish(recipe.load(folder), plan.wish_of(text))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except recipe.Wrong as wrong:
        sys.exit(f"amdvi study: {wrong}")
