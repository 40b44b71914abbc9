# SPDX-License-Identifier: GPL-2.0-or-later
"""The variants of the IOMMU that a driver is tried on, and its verdict."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import demands as d
from .demands import Demand, Report

HELD, WRONG, UNTRIED = "held", "wrong", "not tried"


@dataclass(frozen=True)
class Trial:
    """One variant of the machine, why it is legal, and what is demanded on it."""

    name: str
    why: str
    device: str  # properties of the device amdvi-iommu
    demands: tuple[Demand, ...]
    untried: Callable[[Report], str] | None = None  # why its trap did not spring; "" if it did


@dataclass(frozen=True)
class Row:
    """One demand and what came of it."""

    demand: Demand
    state: str
    text: str = ""


Sheet = list[tuple[Trial, list[Row]]]


def sprung(name: str, what: str) -> Callable[[Report], str]:
    return lambda report: "" if d.trap(report).get(name, 0) > 0 else what


def overflowed(report: Report) -> str:
    return "" if d.trap(report).get("stage") in (1, 2, 4) else "the event log did not overflow: it did not run, or no request was refused"


def timed_out(report: Report) -> str:
    return "" if d.events(report, "IOTLB_INV_TIMEOUT") else \
        "no ATS invalidation was left unanswered: no device uses ATS (virtio has ats=on behind a root port)"


NO_VICTIM = "the machine has no disk or network card on its first bus, or the IOMMU was not enabled"
IVRS = [
    Trial("ivrs-all", "three IVHD blocks for one unit (types 10h, 11h, 40h): the newest that the driver knows counts", "ivrs=all",
          (*d.GOOD, d.REMAPPED)),
    Trial("ivrs-two", "two IVHD blocks for one unit, types 10h and 11h", "ivrs=10+11", (*d.GOOD, d.REMAPPED)),
    Trial("ivrs-10", "type 10h alone: features come from the MMIO register, not from the block", "ivrs=10", (*d.GOOD, d.REMAPPED)),
    Trial("ivrs-11", "type 11h alone", "ivrs=11", (*d.GOOD, d.REMAPPED)),
    Trial("ivrs-40", "type 40h alone", "ivrs=40", (*d.GOOD, d.REMAPPED)),
    Trial("ivrs-odd", "blocks in the order 40h, 11h, 10h; special devices before ranges, ranges in two halves, the later first, "
          "padding between", "ivrs=all+odd", (*d.GOOD, d.REMAPPED)),
    Trial("ivrs-special", "a HPET and devices that only ACPI knows, with and without a UID", "ivrs=all+special",
          (*d.GOOD, d.REMAPPED)),
    Trial("alias", "a device whose requests carry another DeviceID: alias entry 42h", "trap=alias", (*d.GOOD, d.REMAPPED, d.ALIASED),
          sprung("requests", NO_VICTIM)),
    Trial("unity", "a range that firmware uses all the time (IVMD, unity-mapped)", "trap=unity", (*d.GOOD, d.KEPT),
          sprung("requests", NO_VICTIM)),
]
FEATURES = [
    Trial("no-features", "a unit without optional features: no GA, no XT, no guest tables", "preset=emulator-min", d.GOOD),
    Trial("no-remapping", "no IOAPIC in the IVRS: interrupts must not be remapped by force", "intremap=off", d.GOOD),
]
TRAPS = [
    Trial("handover", "firmware has left translation on; hardware has cached its tables", "trap=handover",
          (*d.GOOD, d.TAKEN_OVER), sprung("requests", "firmware has translated nothing: no disk was looked at before the boot")),
    Trial("stranger", "requests of a DeviceID that nobody has; an entry with V=0 would let them pass", "trap=stranger",
          (d.END, d.FOUND, d.LEGAL, d.INVALIDATED, d.CLOSED), sprung("requests", "the IOMMU was not enabled")),
    Trial("table-error", "one page table entry cannot be read: the fault is logged, everything else goes on",
          "inject.plan=read:pte:nth=3000:data_error", (d.END, d.FOUND, d.LEGAL, d.LOGGED, d.INVALIDATED)),
    Trial("overflow", "more faults at once than the event log takes", "trap=overflow",
          (d.END, d.FOUND, d.LEGAL, d.INVALIDATED, d.RESTARTED), overflowed),
    Trial("late-wait", "commands, COMPLETION_WAIT among them, come 30 ms late now and then", "trap=late-wait",
          (*d.GOOD, d.PATIENT), sprung("held", "fewer than 40 doorbells were rung")),
    Trial("lost-wait", "a COMPLETION_WAIT is withheld for 4 s: the driver gives up or waits, and the machine lives", "trap=lost-wait",
          (d.END, d.FOUND, d.LEGAL, d.PATIENT), sprung("held", "fewer than 100 doorbells were rung")),
    Trial("ats-timeout", "a device does not answer an ATS invalidation", "trap=ats-timeout,inject.plan=atc:nth=5:timeout",
          (d.END, d.FOUND, d.LEGAL, d.INVALIDATED), timed_out),
]
TRIALS = [*IVRS, *FEATURES, *TRAPS]


def judge(trial: Trial, report: Report) -> list[Row]:
    """Each demand with what is wrong, or with nothing. A trap that did not spring shows nothing."""
    untried = trial.untried(report) if trial.untried else ""
    rows = []
    for demand in trial.demands:
        if untried and demand.trap:
            rows.append(Row(demand, UNTRIED, untried))
        else:
            wrong = demand.wrong(report)
            rows.append(Row(demand, WRONG if wrong else HELD, wrong))
    if untried and not any(demand.trap for demand in trial.demands):
        rows.append(Row(Demand("sprung", "meet what the trial is about", "the trap has sprung", lambda r: ""), UNTRIED, untried))
    return rows
