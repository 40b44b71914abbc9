# SPDX-License-Identifier: Apache-2.0
"""The links of the documentation between rules, keys, traces and the compliance table."""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "docs/tools"
sys.path[:0] = [str(TOOLS), str(ROOT)]
import check_links  # noqa: E402
import compliance_page  # noqa: E402
import project_pages  # noqa: E402
import reference_pages  # noqa: E402
import rule_rows  # noqa: E402
import sections  # noqa: E402
import traces  # noqa: E402
from layout import emit_docs, load  # noqa: E402

LAYOUTS = {"Control": "reg_control", "EFR": "reg_efr", "EFR2": "reg_efr2", "DTE": "dte"}
ROW = {"room": "tables", "layout": "dte", "title": "Device table entry", "field": "SE", "bits": "97", "doc": "",
       "source": "FB", "section": "iommu 3.2", "confidence": "medium", "gate": "", "status": "works",
       "switch": "", "note": ""}


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
    done = subprocess.run([sys.executable, TOOLS / "check_links.py", tmp_path], check=False, capture_output=True,
                          text=True)
    count = f"check_links: 2 pages, 1 links, {0 if fine else 1} dead"
    assert (done.returncode, done.stdout.splitlines()) == ((0, [count]) if fine else (1, [f"a.html: {link}", count]))
    assert check_links.dead(tmp_path / "a.html", link) != fine


def stored_features():
    """{name: {(layout, bits)}} of all presets, as the command says."""
    found = {}
    for preset in compliance_page.config(os.environ["AMDVI"])["presets"]:
        for feature in compliance_page.config(os.environ["AMDVI"], "--preset", preset)["stored_features"]:
            places = re.findall(r"\b(Control|EFR2?|DTE) ([\d:]+)", feature["where"])
            found[feature["name"]] = {(LAYOUTS[place], bits) for place, bits in places}
    return found


def test_what_is_only_stored_is_said_alike_by_the_command_and_the_table():
    rows = json.loads(emit_docs.compliance(load.load_tree(ROOT)))
    status = {(row["layout"], row["bits"]): row["status"] for row in rows if row["field"]}
    features = stored_features()
    assert len(features) >= 10
    for name, places in features.items():
        assert {status[place] for place in places} <= {"stored", "partly"}, name
    named = set().union(*features.values())
    efr = {place for place, said in status.items() if place[0] in ("reg_efr", "reg_efr2") and said == "stored"}
    # No preset has it: the command says so once it is set by hand.
    assert efr - named == {("reg_efr2", "1")}


@pytest.fixture(name="made_pages", scope="module")
def pages_of_the_reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "docs/reference", folder / "reference")
    subprocess.run([sys.executable, "-B", TOOLS / "reference_pages.py", os.environ["AMDVI"], folder], check=True)
    return folder


def test_a_rule_leads_to_its_key_and_traces(made_pages):
    points = (made_pages / "reference/iommu-13-open-points.md").read_text(encoding="utf-8")
    row = re.search(r'^\| <a id="iommu-13-10"></a>10 \|.*$', points, re.M)[0]
    assert '<a href="../switches.html#key-dte-mode-fault"><code>dte.mode_fault</code></a>' in row
    assert '<a href="../traces/3.4/mode_7.trace.txt">1 trace</a>' in row
    assert (made_pages / "reference/traces-iommu-13-23.md").is_file() and '"traces-iommu-13-23.html"' in points
    commands = (made_pages / "reference/iommu-06-commands.md").read_text(encoding="utf-8")
    assert "\n(iommu-6-4)=\n## 6.4 " in commands
    trace = "traces/6.2/defined_op3.trace.txt"
    assert f'<a href="../{trace}">' in re.search(r"^\| 3 \| drop translations.*$", commands, re.M)[0]
    assert (made_pages / "_extra" / trace).read_bytes() == (ROOT / "testbench/traces/6.2/defined_op3.trace").read_bytes()


# Tables without numbers and names that state no rule: places, layouts, values, what others do.
NO_RULES = {"iommu": {"1.1", "1.2", "1.3", "2.2", "4.1", "4.2", "4.4", "5.3", "8.3", "10.1", "11.1", "11.2", "11.3", "12", "16", "17.2"},
            "viommu": {"0", "1.3", "1.4", "1.6", "2.1", "2.4", "3", "4.1", "4.2", "6", "8.3", "9.1", "9.2", "9.4", "9.5", "10"}}


def pages_of_rules():
    for path in sorted((ROOT / "docs/reference").glob("*iommu-*.md")):
        yield path.name.split("-")[0], path.read_text(encoding="utf-8")


@pytest.mark.parametrize("section", rule_rows.listed())
def test_each_row_of_a_rule_table_has_a_trace_or_a_reason(section):
    part, number = section.split(" ")
    page = next(text for name, text in pages_of_rules() if name == part and f"\n## {number} " in text)
    assert list(rule_rows.rows(section, page)) and not list(rule_rows.findings(section, page))


def test_a_row_that_changes_is_found():
    page = next(text for name, text in pages_of_rules() if "\n## 7.5 " in text and name == "iommu")
    assert not list(rule_rows.findings("iommu 7.5", page))
    assert list(rule_rows.findings("iommu 7.5", page.replace("| DTE.SE=1 |", "| DTE.SF=1 |"))) == [
        "iommu 7.5: nothing shows the row | DTE.SF=1 | only the first since the DTE was cached | VB7, ",
        "iommu 7.5: no row begins with 'DTE.SE=1'"]


def test_each_table_states_rules_names_things_or_is_said_to_do_neither():
    for part, text in pages_of_rules():
        section, before = "", ""
        for line in text.split("\n"):
            heading = reference_pages.HEADING.match(line)
            section = f"{part} {heading[1]}" if heading else section
            if line.startswith("|") and not before.startswith("|") and section not in rule_rows.listed():
                named = bool(reference_pages.NamedRows(part, section, line)) or line.startswith("| # |")
                assert named or section.split(" ")[1] in NO_RULES[part], f"{section}: {line}"
            before = line


def test_no_row_of_the_compliance_table_is_without_test():
    rows = json.loads(emit_docs.compliance(load.load_tree(ROOT)))
    shared = compliance_page.shared_names(rows)
    assert len(rows) > 900 and not [row for row in rows if not compliance_page.trace_cell(row, shared)]
    made = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "testbench/unit").rglob("CMakeLists.txt"))
    for name in {name for names in compliance_page.UNIT_TESTS.values() for name in names}:
        assert re.search(rf"\b{name.split('/')[1]}\b", made) or list((ROOT / "testbench/unit").rglob(f"{name.split('/')[1]}.c"))


@pytest.mark.parametrize("seed", range(3))
def test_a_row_drawn_at_random_leads_to_its_rule_its_source_and_a_test(made_pages, seed):
    """Two clicks: to the section, whose tables name their sources and link to what the tags are; and to a trace."""
    rows = json.loads(emit_docs.compliance(load.load_tree(ROOT)))
    shared = compliance_page.shared_names(rows)
    for row in random.Random(seed).sample([row for row in rows if "iommu 1.3" not in row["section"]], 20):
        page, anchor = re.search(r'href="reference/([\w-]+)\.html#([\w-]+)"', compliance_page.line(row, shared)).groups()
        text = (made_pages / f"reference/{page}.md").read_text(encoding="utf-8")
        assert f"({anchor})=" in text or f'id="{anchor}"' in text, row
        tags = "sources" if page.startswith("iommu") else "viommu-00-overview"
        assert f'href="{tags}.html"' in text or "[LX" in text or "[viommu" in text or "[HDR" in text, page
        assert ".trace.txt" in compliance_page.line(row, shared) or "traces-" in compliance_page.line(row, shared) \
            or "`core/" in compliance_page.line(row, shared) or "`unit/" in compliance_page.line(row, shared)


def test_pages_of_the_project_lead_to_pages_of_the_site(tmp_path):
    project_pages.main(ROOT, tmp_path, "1.2.3")
    for name in ("versions", "contributing", "security"):
        text = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
        assert text.startswith("<!-- SPDX"), name
        for target in re.findall(r"\]\(([^)#]+)", text):
            assert not target.startswith("docs/") and ((ROOT / "docs" / target).is_file() or (tmp_path / target).is_file()), target
    assert "that of version 1.2.3" in (tmp_path / "versions.md").read_text(encoding="utf-8")
