# SPDX-License-Identifier: Apache-2.0
"""What counts as a citation of the reference, and that one without its section is found."""
import pathlib
import shutil
import sys

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))
import citations  # noqa: E402

WALK = "tables/walk.h"
CITED = {
    "/* An entry is dropped (6.4). */": ["iommu 6.4"],
    "/* Faults (7.3, 8.2 to 8.6; viommu 7.1). */": ["iommu 7.3", "iommu 8.2", "iommu 8.6", "viommu 7.1"],
    "/* Of the last page (5.4, 13 #19, 15 D4). */": ["iommu 5.4", "iommu 13 #19", "iommu 15 D4"],
    "/* Switches of 13 no. 10, 11 and 33. */": ["iommu 13 #10", "iommu 13 #11", "iommu 13 #33"],
    "/* The rest (viommu 7.4,\n * 11 #32, #35). */": ["viommu 7.4", "viommu 11 #32", "viommu 11 #35"],
    '"viommu "\n    "12 E8: never passed"': ["viommu 12 E8"],
    "# ref: reference/iommu.md 6.4 op 3, 10.2": ["iommu 6.4", "iommu 10.2"],
    "section: viommu 1.3": ["viommu 1.3"],
    "the walk [4.3 step 5]": ["iommu 4.3"],
    "hits (99.7 % hits), [1.0], (0.5, 1.0), f(2.5 * x), viommu=1": [],
}


def sections_of(text, name=WALK):
    return [section for _, section in citations.citations(name, text)]


@pytest.mark.parametrize("text", CITED)
def test_citations_are_found(text):
    assert sections_of(text) == CITED[text]


def test_a_number_alone_in_a_file_about_guests_is_of_hw_viommu():
    assert sections_of("/* Pause (7.4). */", "model/guests/guest_regs.c") == ["viommu 7.4"]


def test_lines_are_those_of_the_file():
    assert list(citations.citations(WALK, "int a;\n/* one\n * (4.3)\n */\n")) == [(3, "iommu 4.3")]


@pytest.fixture(name="folder")
def copied_reference(tmp_path):
    return pathlib.Path(shutil.copytree(citations.FOLDER, tmp_path / "reference"))


@pytest.mark.parametrize("file, old, new, text, missing", [
    ("iommu-06-commands.md", "## 6.4 Semantics", "## 6.9 Semantics", "/* Dropped (6.4). */", "iommu 6.4"),
    ("viommu-08-logs.md", "# HW-vIOMMU 8. ", "# HW-vIOMMU 18. ", "/* Logs (viommu 8). */", "viommu 8"),
    ("iommu-13-open-points.md", "\n| 31 |", "\n| 41 |", "/* As 13 #31 says. */", "iommu 13 #31"),
    ("performance-1-timing.md", "## 1.2 Default", "## 1.9 Default", "/* Ways (performance 1.2). */", "performance 1.2"),
    ("performance-a-structures.md", "## a.1 What", "## a.4 What", '"performance a.1: firmware"', "performance a.1"),
    ("iommu-15-decisions.md", "\n| D4 |", "\n| D44 |", "/* As 15 D4 says. */", "iommu 15 D4"),
])
def test_a_renamed_section_is_found(folder, file, old, new, text, missing):
    assert not list(citations.check(WALK, text, citations.sections(folder)))
    page = folder / file
    before = page.read_text(encoding="utf-8")
    assert before.count(old) == 1
    page.write_text(before.replace(old, new), encoding="utf-8")
    assert list(citations.check(WALK, text, citations.sections(folder))) == [
        f"{WALK}:1: there is no section {missing} in docs/reference"]


def test_a_folder_of_traces_has_a_section():
    known = citations.sections()
    assert not list(citations.check("testbench/traces/viommu-11/a.trace", "", known))
    assert list(citations.check("testbench/traces/6.9/a.trace", "", known))
