# SPDX-License-Identifier: Apache-2.0
"""The site: manuals of several versions beside each other, the gallery of studies, score sheets."""
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs/tools"))
import site_pages  # noqa: E402
import site_versions  # noqa: E402

RECIPES = ROOT / "testbench/studies/recipes"


@pytest.fixture(name="site")
def make_site(tmp_path):
    for version, pages in {"0.9.0": ["index", "lint"], "0.10.0": ["index", "lint", "api/amdvi"], "0.2.0": ["index"]}.items():
        for page in [*pages, "_static/x"]:
            file = tmp_path / version / f"{page}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x", encoding="ascii")
    (tmp_path / "no-manual").mkdir()
    assert site_versions.main(tmp_path) == 0
    return tmp_path


def test_versions_newest_first(site):
    text = (site / "versions.js").read_text(encoding="ascii")
    listed = json.loads(text.removeprefix("window.amdviVersions = ").removesuffix(";\n"))
    assert list(listed) == ["0.10.0", "0.9.0", "0.2.0"]
    assert listed["0.10.0"] == ["api/amdvi.html", "index.html", "lint.html"] and listed["0.2.0"] == ["index.html"]
    assert "url=0.10.0/index.html" in (site / "index.html").read_text(encoding="ascii")


def test_no_manual_is_an_error(tmp_path):
    assert site_versions.main(tmp_path) == 1 and not list(tmp_path.iterdir())


# A document with one list, as much of it as the script uses: what it fills in, and where a choice leads.
BROWSER = """
const fs = require("fs"), [script, versions, page, choice] = process.argv.slice(1);
const listeners = {}, made = [];
const list = {dataset: {root: "./", version: "0.9.0", page}, disabled: true, children: [], set textContent(text) { this.children = []; },
              appendChild(one) { this.children.push(one); }, addEventListener(name, what) { listeners[name] = what; }};
global.window = {location: {href: ""}};
global.document = {getElementById: (id) => id === "versions" ? list : null, createElement: (tag) => ({tag}),
                   head: {appendChild: (one) => made.push(one)}};
eval(fs.readFileSync(script, "utf-8"));
const before = list.disabled;
if (versions) { eval(fs.readFileSync(versions, "utf-8")); made[0].onload(); list.value = choice; listeners.change(); }
console.log(JSON.stringify({before, disabled: list.disabled, asked: made[0].src, shown: list.children.map((one) => one.value),
                            selected: list.children.filter((one) => one.selected).map((one) => one.value), href: window.location.href}));
"""


def browse(*arguments):
    done = subprocess.run(["node", "-e", BROWSER, ROOT / "docs/static/versions.js", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not shutil.which("node"), reason="no JavaScript here (Debian: nodejs)")
@pytest.mark.parametrize("page, choice, leads", [
    ("lint.html", "0.10.0", "0.10.0/lint.html"), ("lint.html", "0.2.0", "0.2.0/index.html"), ("index.html", "0.9.0", "0.9.0/index.html")])
def test_a_version_is_chosen(site, page, choice, leads):
    seen = browse(site / "versions.js", page, choice)
    assert seen["shown"] == ["0.10.0", "0.9.0", "0.2.0"] and seen["selected"] == ["0.9.0"]
    assert seen["before"] and not seen["disabled"] and seen["asked"] == "./../versions.js"
    assert seen["href"] == "./../" + leads


@pytest.mark.skipif(not shutil.which("node"), reason="no JavaScript here (Debian: nodejs)")
def test_a_manual_alone_shows_its_own_version():
    seen = browse("", "lint.html", "")
    assert seen["disabled"] and seen["shown"] == [] and seen["href"] == ""


def results_of(folder, name, shapes, failed=()):
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.svg").write_text("<svg/>", encoding="ascii")
    (folder / name / f"{name}.html").write_text("its page", encoding="ascii")
    (folder / name / "verdict.json").write_text(json.dumps({"points": 8, "failed": list(failed), "shapes": shapes}), encoding="ascii")


def test_gallery(tmp_path):
    results_of(tmp_path / "results/studies", "walkers", [["rises", True, ""], ["flat", False, "it rises"]], ["x 3: no memory"])
    site_pages.main(RECIPES, tmp_path, tmp_path / "results")
    text = (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert text.count("\n## ") == len(list(RECIPES.glob("*/study.yaml"))) and site_pages.NO_STUDIES not in text
    assert "![" in text and "(gallery/walkers.svg)" in text and "8 points, 1 failed; 1 of 2 shapes hold." in text
    assert (tmp_path / "gallery/walkers.svg").is_file() and (tmp_path / "_extra/gallery/walkers.html").read_text() == "its page"
    assert "`amdvi study tenants`" in text and "(gallery/tenants.svg)" not in text


def test_sheets(tmp_path):
    folder = tmp_path / "results/sheets/linux"
    folder.mkdir(parents=True)
    (folder / "sheet.html").write_text("the sheet", encoding="ascii")
    (folder / "junit.xml").write_text('<testsuites name="Linux 6.12" tests="10" failures="2" skipped="3" />', encoding="ascii")
    site_pages.main(RECIPES, tmp_path, tmp_path / "results")
    text = (tmp_path / "sheets.md").read_text(encoding="utf-8")
    assert '| <a href="sheets/linux.html">Linux 6.12</a> | 5 of 7 |' in text
    assert (tmp_path / "_extra/sheets/linux.html").read_text() == "the sheet"


def test_what_was_not_run_is_said(tmp_path):
    site_pages.main(RECIPES, tmp_path, pathlib.Path("/nonexistent"))
    assert site_pages.NO_STUDIES in (tmp_path / "gallery.md").read_text(encoding="utf-8")
    assert site_pages.NO_SHEETS in (tmp_path / "sheets.md").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gallery.md", "sheets.md"]
