# SPDX-License-Identifier: GPL-2.0-or-later
"""The kit's verdicts, on reports made by hand: a good one, and one for each thing that can be wrong."""
from __future__ import annotations

import copy
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from qemu.tools import kit

GOOD = {
    "ended": True,
    "statistics": {"commands": 100, "translated": 50, "interrupts_remapped": 9, "events": 0, "events_lost": 0,
                   "commands_by_name": {"COMPLETION_WAIT": 40}, "events_by_name": {}},
    "lint": {"findings": [{"severity": "note", "kind": "stale-entry", "text": "a note is no mistake"}]},
}
TRIAL = kit.TRIALS[0]


def wrong(report: kit.Report, trial: kit.Trial = TRIAL) -> dict[str, str]:
    return {demand.name: text for demand, text in kit.judge(trial, report) if text}


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
    trial = next(one for one in kit.TRIALS if one.name == "table-error")
    assert list(wrong(GOOD, trial)) == ["logged"]
    report = copy.deepcopy(GOOD)
    report["statistics"]["events"] = 1
    assert not wrong(report, trial)
    report["statistics"]["events_lost"] = 2
    assert "2 lost" in wrong(report, trial)["logged"]


def test_sheet_and_junit_say_the_same(tmp_path: Path) -> None:
    bad = copy.deepcopy(GOOD)
    bad["lint"]["findings"].append({**finding("stale-entry"), "text": "<needed> & missing"})
    sheet = [(TRIAL, kit.judge(TRIAL, GOOD)), (TRIAL, kit.judge(TRIAL, bad))]
    held, demanded = kit.points(sheet)
    assert demanded - held == 1
    kit.write_html(sheet, "a <title>", tmp_path / "sheet.html")
    kit.write_junit(sheet, "title", tmp_path / "junit.xml")
    html = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "&lt;needed&gt; &amp; missing" in html and "a &lt;title&gt;" in html
    assert f"{held} of {demanded} demands held" in html
    top = xml.parse(tmp_path / "junit.xml").getroot()
    assert top.get("failures") == "1" and len(top.findall(".//failure")) == 1
    assert "1 of" not in kit.as_text(sheet).splitlines()[0]


def test_names_of_trials_are_unique() -> None:
    assert len({trial.name for trial in kit.TRIALS}) == len(kit.TRIALS)
