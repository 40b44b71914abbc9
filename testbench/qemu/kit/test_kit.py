# SPDX-License-Identifier: GPL-2.0-or-later
"""The kit's verdicts, on reports made by hand: a good one, and one for each thing that can be wrong."""
from __future__ import annotations

import copy
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from amdvi_kit import sheet, trials
from amdvi_kit.demands import Report
from amdvi_kit.trials import HELD, UNTRIED, WRONG, Trial

GOOD = {
    "ended": True,
    "statistics": {"commands": 100, "translated": 50, "interrupts_remapped": 9, "events": 0, "events_lost": 0,
                   "commands_by_name": {"COMPLETION_WAIT": 40}, "events_by_name": {}},
    "lint": {"findings": [{"severity": "note", "kind": "stale-entry", "text": "a note is no mistake"}]},
}
TRIAL = trials.TRIALS[0]


def wrong(report: Report, trial: Trial = TRIAL) -> dict[str, str]:
    return {row.demand.name: row.text for row in trials.judge(trial, report) if row.state == WRONG}


def named(name: str) -> Trial:
    return next(one for one in trials.TRIALS if one.name == name)


def finding(kind: str) -> dict[str, str]:
    return {"severity": "mistake", "kind": kind, "text": f"{kind}: text"}


def test_a_good_driver_holds_everything() -> None:
    assert not wrong(GOOD)


@pytest.mark.parametrize(("change", "row"), [
    (lambda r: r.update(ended=False), "end"),
    (lambda r: r.update(late=True), "end"),
    (lambda r: r["statistics"].update(commands=0), "found"),
    (lambda r: r["statistics"].update(translated=0), "translated"),
    (lambda r: r["statistics"].update(interrupts_remapped=0), "remapped"),
    (lambda r: r["statistics"].update(commands_by_name={}), "waited"),
    (lambda r: r["statistics"].update(events_by_name={"ILLEGAL_COMMAND_ERROR": 1}), "legal"),
    (lambda r: r["statistics"].update(events_by_name={"ILLEGAL_DEV_TABLE_ENTRY": 1}), "legal"),
    (lambda r: r["statistics"].update(events_by_name={"IO_PAGE_FAULT": 3}), "no-faults"),
    (lambda r: r["lint"]["findings"].append(finding("stale-entry")), "invalidated"),
    (lambda r: r["lint"]["findings"].append(finding("missing-wait")), "invalidated"),
    (lambda r: r["lint"]["findings"].append(finding("torn-dte")), "tables"),
])
def test_each_mistake_is_its_own_row(change, row: str) -> None:  # type: ignore[no-untyped-def]
    report = copy.deepcopy(GOOD)
    change(report)
    assert list(wrong(report)) == [row]


def test_an_injected_error_must_be_logged() -> None:
    trial = named("table-error")
    assert list(wrong(GOOD, trial)) == ["logged"]
    report = copy.deepcopy(GOOD)
    report["statistics"]["events"] = 1
    assert not wrong(report, trial)
    report["statistics"]["events_lost"] = 2
    assert "2 lost" in wrong(report, trial)["logged"]


def trapped(text: str) -> Report:
    report = copy.deepcopy(GOOD)
    report["lint"]["findings"].append({"severity": "trap", "kind": "any", "text": text})
    return report


@pytest.mark.parametrize(("name", "good", "bad", "row"), [
    ("handover", "requests=4 firmwares-table=0", "requests=4 firmwares-table=1", "taken-over"),
    ("stranger", "requests=9 passed=4 refused=5 passed-after=0", "requests=9 passed=4 refused=5 passed-after=1", "closed"),
    ("stranger", "requests=9 passed=0 refused=9 passed-after=0", "requests=9 passed=9 refused=0 passed-after=0", "closed"),
    ("overflow", "requests=900 stage=2 recovered-ms=3", "requests=900 stage=4 recovered-ms=15000", "restarted"),
    ("overflow", "requests=900 stage=2 recovered-ms=3", "requests=900 stage=1 recovered-ms=15000", "restarted"),
    ("unity", "requests=9 passed=8 refused=1 refused-after=0", "requests=9 passed=8 refused=1 refused-after=1", "kept"),
    ("unity", "requests=9 passed=8 refused=1 refused-after=0", "requests=9 passed=0 refused=9 refused-after=0", "kept"),
    ("alias", "requests=9 passed=9 refused=0", "requests=9 passed=8 refused=1", "aliased"),
    ("late-wait", "held=3 stale=0", "held=3 stale=1", "patient"),
    ("lost-wait", "held=1 stale=0", "held=1 stale=2", "patient"),
])
def test_what_a_trap_has_seen_decides(name: str, good: str, bad: str, row: str) -> None:
    assert not wrong(trapped(f"{name}: {good}"), named(name))
    assert list(wrong(trapped(f"{name}: {bad}"), named(name))) == [row]


@pytest.mark.parametrize("name", ["handover", "stranger", "overflow", "unity", "alias", "late-wait", "lost-wait", "ats-timeout"])
def test_a_trap_that_did_not_spring_neither_holds_nor_fails(name: str) -> None:
    rows = trials.judge(named(name), GOOD)
    assert [row.state for row in rows].count(UNTRIED) == 1 and all(row.state in (HELD, UNTRIED) for row in rows)
    held, judged = sheet.points([(named(name), rows)])
    assert held == judged == len(rows) - 1


def test_sheet_and_junit_say_the_same(tmp_path: Path) -> None:
    bad = copy.deepcopy(GOOD)
    bad["lint"]["findings"].append({**finding("stale-entry"), "text": "<needed> & missing"})
    judged = [(TRIAL, trials.judge(TRIAL, GOOD)), (TRIAL, trials.judge(TRIAL, bad)),
              (named("stranger"), trials.judge(named("stranger"), GOOD))]
    held, demanded = sheet.points(judged)
    assert demanded - held == 1
    sheet.write_html(judged, "a <title>", tmp_path / "sheet.html")
    sheet.write_junit(judged, "title", tmp_path / "junit.xml")
    html = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "&lt;needed&gt; &amp; missing" in html and "a &lt;title&gt;" in html
    assert f"{held} of {demanded} demands held" in html
    top = xml.parse(tmp_path / "junit.xml").getroot()
    assert top.get("failures") == "1" and len(top.findall(".//failure")) == 1
    assert top.get("skipped") == "1" and len(top.findall(".//skipped")) == 1
    text = sheet.as_text(judged)
    assert "not tried" in text and text.endswith(f"{held} of {demanded} demands held")


def test_a_sheet_can_be_kept_in_a_tree_however_much_was_seen(tmp_path: Path) -> None:
    """lintian takes a page with a line over 512 characters for one that was made from something else."""
    bad = copy.deepcopy(GOOD)
    bad["lint"]["findings"] += [{**finding("stale-entry"), "text": f"{count}: " + "<needed> & missing " * 30} for count in range(3)]
    sheet.write_html([(TRIAL, trials.judge(TRIAL, bad))], "title", tmp_path / "sheet.html")
    html = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert html.count("&lt;needed&gt;") == 90 and max(map(len, html.split("\n"))) <= 512


def test_names_of_trials_are_unique() -> None:
    assert len({trial.name for trial in trials.TRIALS}) == len(trials.TRIALS)
