# SPDX-License-Identifier: GPL-2.0-or-later
"""What is demanded of a driver, and how it is seen in the report of `amdvi vm --json`."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Report = dict[str, Any]  # of one unit


@dataclass(frozen=True)
class Demand:
    """One thing that a driver must do, and how the kit sees it."""

    name: str
    must: str
    seen: str
    wrong: Callable[[Report], str]  # what is wrong; "" if nothing is
    trap: bool = False  # can be judged only when the trial's trap has sprung


def counted(report: Report, name: str) -> int:
    return int(report["statistics"][name])


def events(report: Report, *names: str) -> str:
    found = {name: int(report["statistics"]["events_by_name"].get(name, 0)) for name in names}
    return ", ".join(f"{count} {name}" for name, count in found.items() if count)


def all_findings(report: Report) -> list[dict[str, Any]]:
    return list(report.get("lint", {}).get("findings", []))


def findings(report: Report, kinds: tuple[str, ...], *, inside: bool) -> str:
    told = [one for one in all_findings(report) if one["severity"] == "mistake" and (one["kind"] in kinds) == inside]
    return "; ".join(str(one["text"]) for one in told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def trap(report: Report) -> dict[str, int]:
    """What the trap has counted; empty when it said nothing."""
    text = next((one["text"] for one in all_findings(report) if one["severity"] == "trap"), "")
    return {name: int(value) for name, value in re.findall(r"([a-z-]+)=(-?\d+)", text)}


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

TAKEN_OVER = Demand("taken-over", "give hardware tables of its own in place of firmware's", "the device table's base has changed",
                    lambda r: "firmware's device table is still in use" if trap(r)["firmwares-table"] else "", True)
CLOSED = Demand("closed", "close the device table for DeviceIDs that it does not know, once it has set up its devices",
                "the stranger's requests are refused from some moment on",
                lambda r: f"{trap(r)['passed']} of {trap(r)['requests']} requests of a stranger passed"
                if trap(r)["passed-after"] or not trap(r)["refused"] else "", True)
RESTARTED = Demand("restarted", "clear the overflow and restart the event log", "a later fault is logged again",
                   lambda r: "" if trap(r)["stage"] == 2 else "nothing was logged any more", True)
KEPT = Demand("kept", "map the range that the IVRS names to itself as long as the device is in use",
              "firmware's requests are never refused once they were answered",
              lambda r: f"{trap(r)['refused-after']} refused" if trap(r)["refused-after"] else
              "" if trap(r)["passed"] else "not one request was answered", True)
ALIASED = Demand("aliased", "serve a device under the DeviceID that its requests carry", "none of its requests is refused",
                 lambda r: f"{trap(r)['refused']} of {trap(r)['requests']} refused" if trap(r)["refused"] else "", True)
PATIENT = Demand("patient", "not use memory anew before its invalidation is complete",
                 "no stale answer while the ring stands still",
                 lambda r: f"{trap(r)['stale']} stale answers" if trap(r)["stale"] else "", True)

GOOD = (END, FOUND, TRANSLATED, WAITED, LEGAL, NO_FAULTS, INVALIDATED, TABLES)
