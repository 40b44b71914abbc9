# SPDX-License-Identifier: Apache-2.0
"""Interrupts posted to guests, and the interrupts of the IOMMU itself (8.6, 8.7)."""
from __future__ import annotations

from golden.config import PRESETS
from golden.request import Request
from scenario import world as w

from .fact import DEV, DOM, IOVA, PASID, Trace, fact
from .interrupt_facts import basic, remapped, wide

GENOA = PRESETS["genoa"][0]
TABLE = 0x60_0000
MSI = 0xFEE0_0000


# --- 8.6 ---

def vapic(t: Trace, vector: int, run: int, more: int = 0) -> None:
    remapped(t, wide(vector, 0x12, guest=1) | run << 6 | 0x5 << 76 | 0xC0FFEE << 32 | more, size=16)


def irr(vector: int) -> None:
    def build(t: Trace) -> None:
        vapic(t, vector, 0)
        t.boot()
        t.msi(3)
        t.ok()
        t.memory_is(0x5200 + vector // 32 * 16, 1 << vector % 32)
    build.__name__ = f"irr_{vector:02x}"
    fact("8.6", f"GuestMode=1 sets IRR bit {vector % 32} at 200h + 10h*{vector // 32}", "8.6",
         w.GA | w.GAM_VAPIC)(build)


for number in (0x10, 0x5F, 0xE0, 0xFF):
    irr(number)


@fact("8.6", "reserved bits of a GuestMode entry: 4:3, 75:72, 119:116", "8.3, 8.5", w.GA | w.GAM_VAPIC)
def guest_reserved(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=TABLE)
    bits = (3, 4, 72, 75, 116, 119)
    for n, bit in enumerate(bits):
        t.word(TABLE + 16 * n, wide(guest=1) | 0x5 << 76 | 1 << bit, 16)
    t.boot()
    for n in range(len(bits)):
        t.msi(n)
        t.page_fault("I PR RZ")


@fact("8.6", "GAPPIDis (bit 5) is legal only with GAPPIDisSup", "8.3", w.GA | w.GAM_VAPIC, efr2=0xD)
def gappi_reserved(t: Trace) -> None:
    vapic(t, 0x55, 0, 1 << 5)
    t.boot()
    t.msi(3)
    t.page_fault("I PR RZ")


@fact("8.6", "destination, IsRun and GATag are read again for each interrupt", control=w.GA | w.GAM_VAPIC | w.GA_LOG)
def not_cached(t: Trace) -> None:
    vapic(t, 0x55, 0, 4)
    t.boot()
    t.msi(3)
    t.memory_is(w.GA_RING, 0x1000_0100_00C0_FFEE)
    t.word(TABLE + 48, wide(0x55, 0x34, guest=1) | 4 | 1 << 6 | 0x5 << 76 | 0xBEEF << 32, 16)
    t.msi(3)
    t.reads(0x2048, 8)
    t.word(TABLE + 48, wide(0x55, 0x34, guest=1) | 4 | 0x5 << 76 | 0xBEEF << 32, 16)
    t.msi(3)
    t.memory_is(w.GA_RING + 8, 0x1000_0100_0000_BEEF)


def blocks_and_runs(t: Trace, again: int) -> None:
    """What Linux 7.3 does: GALogIntr set when the virtual CPU blocks, cleared when it runs, no invalidation."""
    vapic(t, 0x55, 0)
    t.boot()
    t.msi(3)
    t.hand("expect_count log=host ga=0")
    t.word(TABLE + 48, wide(0x55, 0x12, guest=1) | 4 | 0x5 << 76 | 0xC0FFEE << 32, 16)
    t.msi(3)
    t.hand(f"expect_count log=host ga={again}")
    t.word(TABLE + 48, wide(0x55, 0x12, guest=1) | 0x5 << 76 | 0xC0FFEE << 32, 16)
    t.msi(3)
    t.hand(f"expect_count log=host ga={again}")
    t.world.sync(5 << 60 | DEV)
    t.word(TABLE + 48, wide(0x55, 0x12, guest=1) | 4 | 0x5 << 76 | 0xC0FFEE << 32, 16)
    t.world.sync(5 << 60 | DEV)
    t.msi(3)
    t.hand(f"expect_count log=host ga={again + 1}")


@fact("8.6", "GALogIntr is read again for each interrupt: a wake-up is not lost", control=w.GA | w.GAM_VAPIC | w.GA_LOG)
def ga_log_intr_read(t: Trace) -> None:
    blocks_and_runs(t, 1)


@fact("8.6", "int.ga_log_intr=cached: GALogIntr waits for INVALIDATE_INTERRUPT_TABLE", "8.6",
      w.GA | w.GAM_VAPIC | w.GA_LOG, stale=True, **{"int.ga_log_intr": "cached"})
def ga_log_intr_cached(t: Trace) -> None:
    blocks_and_runs(t, 0)


@fact("8.6", "without XTEn only destination 7:0 counts, in an entry that is cached too", "8.3, 8.6", w.GA | w.GAM_VAPIC)
def cached_destination(t: Trace) -> None:
    vapic(t, 0x55, 1)
    t.boot()
    t.msi(3)
    t.ok(dest=0x12)
    t.word(TABLE + 48, wide(0x55, 0x12, guest=1) | 1 << 6 | 0x5 << 76 | 0xABCD << 16, 16)
    t.msi(3)
    t.ok(dest=0x12)


@fact("8.6", "GAPPI wakes the processor of a guest that does not run: vector GATag[7:0], destination of the entry",
      "16, 8.6", w.GA | w.GAM_VAPIC | 1 << 55)
def gappi(t: Trace) -> None:
    vapic(t, 0x55, 0)
    t.boot()
    t.msi(3)
    t.ok(vector=0x55, dest=0x12)
    t.hand("expect_irq kind=msi vector=0xee count=1")
    t.memory_is(0x5220, 1 << 0x15)
    t.note("not for one that runs, and not with GAPPIDis")
    vapic(t, 0x55, 1)
    t.hand("int dev=0x100 addr=0xfee00000 data=0x3", "ok vector=0x55", "expect_irq kind=msi count=0")
    vapic(t, 0x55, 0, 1 << 5)
    t.world.sync(5 << 60 | DEV)
    t.hand("int dev=0x100 addr=0xfee00000 data=0x3", "ok vector=0x55", "expect_irq kind=msi count=0")


@fact("8.6", "with SNP the vAPIC needs SNPAVICEn", "2.4 bits 63:61", w.GA | w.GAM_VAPIC, efr=GENOA | 1 << 63, efr2=0x3D)
def snp_vapic(t: Trace) -> None:
    remapped(t, wide(0x55, 0x12, guest=1) | 0x5 << 76, size=16, V=0)
    t.boot()
    t.hand("int dev=0x100 addr=0xfee00000 data=0x3", "fault kind=IO_PAGE_FAULT reply=drop flags=I+PR+RZ",
           f"mmio_write off=0x18 size=8 value={t.world.control | 1 << 61:#x}",
           "int dev=0x100 addr=0xfee00000 data=0x3", "ok vector=0x55")


# --- 8.7 ---

@fact("8.7", "IntCapXTEn=1: the XT register's vector", "8.7, 2.8", 1 << 3 | 1 << 51)
def xt_interrupt(t: Trace) -> None:
    t.dte(TV=0)
    t.write(0x170, 0x9D << 32 | 0x12 << 8)
    t.boot()
    t.ask("read")
    t.irq("event", 1, 0x9D)


@fact("8.7", "IntCapXTEn=0: the MSI capability's data", "8.7, 1.2", 1 << 3)
def msi_interrupt(t: Trace) -> None:
    t.dte(TV=0)
    for off, size, value in ((0x68, 4, 0xFEE0_1000), (0x70, 2, 0x41), (0x66, 2, 0x0001)):
        t.device.pci_write(off, size, value)
        t.emit(f"pci_write off={off:#x} size={size} value={value:#x}")
    t.boot()
    t.ask("read")
    t.irq("event", 1, 0x41)


assert Request and DOM and IOVA and PASID


@fact("8.2", "a dma write that is an interrupt is checked as one: its data is the message", "8.1, trace rule 9")
def dma_is_interrupt(t: Trace) -> None:
    remapped(t, basic())
    t.boot()
    t.hand(f"dma dev={DEV:#x} addr={MSI:#x} len=4 op=write data=03000000",
           f"ok addr={MSI | 0x12000:#x} pa={MSI | 0x12000:#x} vector=0x55 dest=0x12 mode=0 type=0 data=0x55")


def reserved_control(kind: int) -> None:
    def build(t: Trace) -> None:
        remapped(t, basic(), IntCtl=3)
        t.boot()
        t.msi(kind << 8)
        t.fault("ILLEGAL_DEV_TABLE_ENTRY", "I RZ", "drop")
    build.__name__ = f"control_3_type_{kind}"
    fact("8.2", f"IntCtl=3 is illegal whatever the message: type {kind}", "3.4, 8.2 step 2")(build)


for each in range(8):
    reserved_control(each)
