# SPDX-License-Identifier: GPL-2.0-or-later
"""
The conformance kit: boots an operating system on one variant of IOMMU after the other, and judges its driver by what
the device saw. Nothing is asked of the guest but that it boots, uses its devices, and switches the machine off.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import xml.etree.ElementTree as xml
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from . import places
from .errors import QemuError

Report = dict[str, Any]  # of one unit, as `amdvi vm --json` writes it
TEMPLATE = Path(__file__).with_name("sheet.html")


@dataclass(frozen=True)
class Demand:
    """One thing that a driver must do, and how the kit sees it."""

    name: str
    must: str
    seen: str
    wrong: Callable[[Report], str]  # what is wrong; "" if nothing is


def counted(report: Report, name: str) -> int:
    return int(report["statistics"][name])


def events(report: Report, *names: str) -> str:
    found = {name: int(report["statistics"]["events_by_name"].get(name, 0)) for name in names}
    return ", ".join(f"{count} {name}" for name, count in found.items() if count)


def findings(report: Report, kinds: tuple[str, ...], *, inside: bool) -> str:
    told = [one for one in report.get("lint", {}).get("findings", [])
            if one["severity"] == "mistake" and (one["kind"] in kinds) == inside]
    return "; ".join(str(one["text"]) for one in told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def missing(report: Report, name: str, what: str) -> str:
    return "" if counted(report, name) else what


INVALIDATION = ("stale-entry", "missing-wait", "stale-dirty")

END = Demand("end", "come through the boot and switch the machine off", "QEMU ends by itself within the time",
             lambda r: "" if r["ended"] and not r.get("late") else "the machine did not switch itself off")
FOUND = Demand("found", "find the IOMMU and give it commands", "commands were executed",
               lambda r: missing(r, "commands", "not one command came"))
TRANSLATED = Demand("translated", "put devices behind page tables", "requests were translated",
                    lambda r: missing(r, "translated", "no request was translated"))
REMAPPED = Demand("remapped", "remap interrupts where the IVRS names the IOAPIC", "interrupts were remapped",
                  lambda r: missing(r, "interrupts_remapped", "no interrupt was remapped"))
WAITED = Demand("waited", "wait for its invalidations", "COMPLETION_WAIT was executed",
                lambda r: "" if r["statistics"]["commands_by_name"].get("COMPLETION_WAIT") else "no COMPLETION_WAIT came")
LEGAL = Demand("legal", "give only legal commands, and entries without reserved bits",
               "no event about commands or device table entries",
               lambda r: events(r, "ILLEGAL_COMMAND_ERROR", "ILLEGAL_DEV_TABLE_ENTRY"))
NO_FAULTS = Demand("no-faults", "let devices reach what they were told to reach, until they are done",
                   "no IO_PAGE_FAULT", lambda r: events(r, "IO_PAGE_FAULT"))
INVALIDATED = Demand("invalidated", "invalidate, and wait, whenever an entry that may be cached changes",
                     "the lint finds no stale answer", lambda r: findings(r, INVALIDATION, inside=True))
TABLES = Demand("tables", "never show hardware half of a change, nor change bases under it", "the lint finds nothing else",
                lambda r: findings(r, INVALIDATION, inside=False))
LOGGED = Demand("logged", "have an event log that can take the fault", "the injected error was logged, and nothing was lost",
                lambda r: "" if counted(r, "events") and not counted(r, "events_lost") else
                f"{counted(r, 'events')} events, {counted(r, 'events_lost')} lost")

GOOD = (END, FOUND, TRANSLATED, WAITED, LEGAL, NO_FAULTS, INVALIDATED, TABLES)


@dataclass(frozen=True)
class Trial:
    """One variant of the machine, why it is legal, and what is demanded on it."""

    name: str
    why: str
    device: str  # properties of the device amdvi-iommu
    demands: tuple[Demand, ...]


TRIALS = [
    Trial("ivrs-all", "three IVHD blocks for one unit (types 10h, 11h, 40h): the newest that the driver knows counts", "ivrs=all",
          (*GOOD, REMAPPED)),
    Trial("ivrs-10", "type 10h alone: features come from the MMIO register, not from the block", "ivrs=10", (*GOOD, REMAPPED)),
    Trial("ivrs-11", "type 11h alone", "ivrs=11", (*GOOD, REMAPPED)),
    Trial("ivrs-40", "type 40h alone", "ivrs=40", (*GOOD, REMAPPED)),
    Trial("no-features", "a unit without optional features: no GA, no XT, no guest tables", "preset=emulator-min", GOOD),
    Trial("no-remapping", "no IOAPIC in the IVRS: interrupts must not be remapped by force", "intremap=off", GOOD),
    Trial("table-error", "one page table entry cannot be read: the fault is logged, everything else goes on",
          "inject.plan=read:pte:nth=3000:data_error", (END, FOUND, LEGAL, LOGGED, INVALIDATED)),
]


# ------------------------------------------------------------------ running


def run_machine(command: list[str], seconds: int) -> tuple[str, bool]:
    """What was printed, and whether the machine had to be stopped."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True) as process:
        try:
            return process.communicate(timeout=seconds)[0], False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            return process.communicate(timeout=60)[0], True


def try_once(trial: Trial, arguments: list[str], seconds: int) -> Report:
    with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
        path = Path(name) / "report.json"
        command = [str(places.command()), "vm", "--json", str(path), "--", "-device", f"amdvi-iommu,{trial.device}", *arguments]
        printed, late = run_machine(command, seconds)
        if not path.exists():
            raise QemuError(f"{trial.name}: QEMU did not start:\n{printed[-2000:]}")
        report: Report = json.loads(path.read_text(encoding="utf-8"))["units"][0]
    report["late"] = late
    return report


# ------------------------------------------------------------------ the sheet


def judge(trial: Trial, report: Report) -> list[tuple[Demand, str]]:
    """Each demand with what is wrong, or with nothing."""
    return [(demand, demand.wrong(report)) for demand in trial.demands]


Sheet = list[tuple[Trial, list[tuple[Demand, str]]]]


def points(sheet: Sheet) -> tuple[int, int]:
    rows = [wrong for _, judged in sheet for _, wrong in judged]
    return sum(not wrong for wrong in rows), len(rows)


def write_html(sheet: Sheet, title: str, path: Path) -> None:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    held, demanded = points(sheet)
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title, sheet=sheet, held=held, demanded=demanded)
    path.write_text(text, encoding="utf-8")


def write_junit(sheet: Sheet, title: str, path: Path) -> None:
    held, demanded = points(sheet)
    top = xml.Element("testsuites", name=title, tests=str(demanded), failures=str(demanded - held))
    for trial, judged in sheet:
        suite = xml.SubElement(top, "testsuite", name=trial.name, tests=str(len(judged)),
                               failures=str(sum(bool(wrong) for _, wrong in judged)))
        for demand, wrong in judged:
            case = xml.SubElement(suite, "testcase", classname=trial.name, name=demand.name)
            if wrong:
                xml.SubElement(case, "failure", message=wrong[:500]).text = f"A driver must {demand.must}. Seen: {wrong}"
    xml.ElementTree(top).write(path, encoding="utf-8", xml_declaration=True)


def as_text(sheet: Sheet) -> str:
    lines = []
    for trial, judged in sheet:
        held = sum(not wrong for _, wrong in judged)
        lines.append(f"{trial.name:14} {held} of {len(judged)}")
        lines += [f"    {demand.name}: a driver must {demand.must}: {wrong[:300]}" for demand, wrong in judged if wrong]
    return "\n".join([*lines, "{} of {} demands held".format(*points(sheet))])
