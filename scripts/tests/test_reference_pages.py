# SPDX-License-Identifier: Apache-2.0
"""The links of the documentation between rules, keys, traces and the compliance table."""
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "docs/tools"
sys.path.insert(0, str(TOOLS))
import check_links  # noqa: E402
import compliance_page  # noqa: E402
import sections  # noqa: E402
import traces  # noqa: E402

ROW = {"room": "tables", "layout": "dte", "title": "Device table entry", "field": "SE", "bits": "97", "doc": "",
       "source": "FB", "section": "iommu 3.2", "confidence": "medium", "gate": "", "status": "works", "switch": "", "note": ""}


def test_each_open_point_has_a_trace_or_a_reason():
    assert traces.unexplained() == []


def test_each_trace_says_what_it_shows_and_cites_its_section():
    known = sections.citations.sections()
    assert len(traces.every()) > 900
    for trace in traces.every():
        assert trace.fact and trace.cites and trace.cites <= known, trace.name
    assert {"iommu 6.4", "iommu 15 D12", "iommu 15"} <= next(
        trace.cites for trace in traces.every() if trace.name == "6.4/iotlb_without_pasid.trace")


def test_links_lead_to_the_section():
    text = sections.linked("as 13 no. 10 and `13 no. 11` say (6.4; viommu 8.3)", "reference/")
    assert re.findall(r'href="([^"]*)">([^<]*)<', text) == [
        ("reference/iommu-13-open-points.html#iommu-13-10", "13 no. 10"),
        ("reference/iommu-06-commands.html#iommu-6-4", "6.4"),
        ("reference/viommu-08-logs.html#viommu-8-3", "viommu 8.3")]


@pytest.mark.parametrize("field, shared, expected", [
    ("SE", set(), {"7.5/se_suppresses.trace"}),
    ("SE", {"SE"}, set()),
    ("SATS", set(), set()),
])
def test_a_row_has_the_traces_that_name_it(field, shared, expected):
    found = compliance_page.about({**ROW, "field": field}, ["iommu 3.2"], shared)
    assert {trace.name for trace in found} == expected


@pytest.mark.parametrize("link, fine", [
    ("b.html#here", True), ("b.html", True), ("#own", True), ("mailto:x@example.org", True),
    ("b.html#there", False), ("c.html", False), ("#else", False)])
def test_dead_links_are_found(tmp_path, link, fine):
    (tmp_path / "a.html").write_text(f'<p id="own"><a href="{link}">x</a></p>', encoding="utf-8")
    (tmp_path / "b.html").write_text('<p id="here"></p>', encoding="utf-8")
    done = subprocess.run([sys.executable, TOOLS / "check_links.py", tmp_path], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == ((0, []) if fine else (1, ["a.html:", link]))
    assert check_links.dead(tmp_path / "a.html", link) != fine
