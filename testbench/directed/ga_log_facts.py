# SPDX-License-Identifier: Apache-2.0
"""The log of guest interrupts (7.8)."""
from __future__ import annotations

from scenario import world as w
from scenario.world import v1_entry

from .fact import DEV, PAGE, Trace, fact

EVENT_INT, PPR_INT, GA_INT = 1 << 3, 1 << 14, 1 << 29
VAPIC = w.GA | w.GAM_VAPIC | w.GA_LOG


# --- 7.8 ---

def posted(t: Trace, run: int = 0, log: int = 1) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000, 1 | log << 2 | run << 6 | 1 << 7 | 0xC0FFEE00 << 32 | 0x45 << 64 | 0x5 << 76,
           16)


@fact("7.8", "a GuestMode entry with GALogIntr=1 and IsRun=0 logs GATag, DeviceID and code 1; the tail goes to memory",
      "7.8, 8.6", VAPIC)
def ga_entry(t: Trace) -> None:
    posted(t)
    t.boot()
    t.msi(0)
    t.ok()
    t.memory_is(w.GA_RING, 0x1000_0100_C0FF_EE00)
    t.memory_is(w.GA_TAIL, 8)
    t.reads(0x2048, 8)
    t.reads(0x2020, 0x400, 0x400)


@fact("7.8", "IsRun=1 or GALogIntr=0: no entry", "7.8, 8.6", VAPIC)
def ga_no_entry(t: Trace) -> None:
    posted(t, run=1)
    t.boot()
    t.msi(0)
    t.ok()
    t.reads(0x2048, 0)
    posted(t, log=0)
    t.world.sync(5 << 60 | DEV)
    t.msi(0)
    t.ok()
    t.reads(0x2048, 0)


@fact("7.8", "GAIntEn: the entry interrupts", "7.8", VAPIC | GA_INT)
def ga_interrupts(t: Trace) -> None:
    posted(t)
    t.boot()
    t.msi(0)
    t.irq("ga", 1)


@fact("7.8", "full: GALOverflow=1, GALogRun=0", "7.8", VAPIC)
def ga_overflows(t: Trace) -> None:
    posted(t)
    t.boot()
    t.write(0x18, t.world.control & ~w.GA_LOG)
    t.write(0x2048, 0xFF8)
    t.write(0x18, t.world.control)
    t.reads(0x2020, 0x100, 0x300)
    t.msi(0)
    t.reads(0x2020, 0x200, 0x300)
    t.reads(0x2048, 0xFF8)


assert v1_entry and PAGE
