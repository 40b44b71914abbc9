# SPDX-License-Identifier: Apache-2.0
"""Pages that show results of runs: the gallery of studies, and score sheets of the conformance kit.

    site_pages.py RECIPES SITE-SOURCE [RESULTS]     writes gallery.md and sheets.md

RECIPES is the folder of the studies' recipes. RESULTS has `studies`, where `amdvi study` has put its results, and `sheets`, with a folder of
`amdvi kit` for each system; scripts/site makes it. Sheets that are kept in SITE-SOURCE/sheets are shown, too, unless RESULTS has one of that
name. What was not run is said to be so: no picture and no figure comes from elsewhere.
"""
from __future__ import annotations

import json
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import yaml

GALLERY = """# Gallery of studies

Every question of [amdvi study](studies.md), with its picture. Figures are of this model with [these parameters](timing-parameters.md), not of AMD
hardware; a study's own page has its table, the shapes that it must have, and how far each assumption moves the answer.

"""
SHEETS = """# Score sheets

What [the conformance kit](kit.md) says of IOMMU drivers: a row for each demand and variant, held, wrong or not tried. A sheet is a reading of
one system in one machine, not a certificate; its name says when it was made, and of what.

"""
NO_STUDIES = "The studies were not run for this manual: `scripts/site` does it, or `amdvi study --all`.\n\n"
NO_SHEETS = "No sheet was given to `scripts/site` when this manual was made. [The kit's page](kit.md) has figures of Linux, and how to make a sheet.\n"


def verdict(results: Path) -> str:
    """What came out, in words."""
    said = json.loads((results / "verdict.json").read_text(encoding="utf-8"))
    held = sum(bool(holds) for _, holds, _ in said["shapes"])
    failed = f", {len(said['failed'])} failed" if said["failed"] else ""
    return f"{said['points']} points{failed}; {held} of {len(said['shapes'])} shapes hold"


def study(recipe: Path, results: Path, source: Path) -> str:
    """A study's part of the gallery; copies its picture and its page."""
    name = recipe.name
    about = yaml.safe_load((recipe / "study.yaml").read_text(encoding="utf-8"))
    text = f"## {about['title']}\n\n{about['question']}\n\n"
    picture = results / name / f"{name}.svg"
    if not picture.is_file():
        return text + f"`amdvi study {name}`\n\n"
    for file, folder in ((picture, source / "gallery"), (results / name / f"{name}.html", source / "_extra/gallery")):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)
    return text + f"![{about['title']}](gallery/{name}.svg)\n\n{verdict(results / name)}. <a href=\"gallery/{name}.html\">Its page</a>\n\n"


def gallery(recipes: Path, results: Path, source: Path) -> str:
    parts = [study(file.parent, results, source) for file in sorted(recipes.glob("*/study.yaml"))]
    return GALLERY + ("" if (source / "gallery").is_dir() else NO_STUDIES) + "".join(parts)


def sheet_row(folder: Path, source: Path) -> str:
    """A row of the table of sheets; copies the sheet."""
    suites = ElementTree.parse(folder / "junit.xml").getroot()
    judged, wrong = int(suites.get("tests", 0)) - int(suites.get("skipped", 0)), int(suites.get("failures", 0))
    name = folder.name
    (source / "_extra/sheets").mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "sheet.html", source / "_extra/sheets" / f"{name}.html")
    title = (suites.get("name") or name).replace("|", "\\|").replace("<", "&lt;")
    return f"| <a href=\"sheets/{name}.html\">{title}</a> | {judged - wrong} of {judged} |\n"


def sheets(results: Path, source: Path) -> str:
    found = {file.parent.name: file.parent for place in (source / "sheets", results) for file in place.glob("*/sheet.html")}
    rows = "".join(sheet_row(found[name], source) for name in sorted(found))
    return SHEETS + (f"| system | rows held, of those that were judged |\n|---|---|\n{rows}" if rows else NO_SHEETS)


def main(recipes: Path, source: Path, results: Path) -> None:
    (source / "gallery.md").write_text(gallery(recipes, results / "studies", source), encoding="utf-8")
    (source / "sheets.md").write_text(sheets(results / "sheets", source), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3] if len(sys.argv) > 3 and sys.argv[3] else "/nonexistent"))
