# SPDX-License-Identifier: Apache-2.0
"""The gallery: every study of which there is a picture, with its question."""
from __future__ import annotations

from pathlib import Path

import jinja2

from amdvi_study.recipe import Recipe


def write(recipes: list[Recipe], folder: Path) -> None:
    there = [recipe for recipe in recipes if (folder / recipe.name / f"{recipe.name}.png").exists()]
    here = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent), autoescape=True)
    (folder / "index.html").write_text(here.get_template("gallery.html.j2").render(recipes=there), encoding="utf-8")
