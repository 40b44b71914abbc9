# SPDX-License-Identifier: Apache-2.0
"""What each command does (6.4)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w
from scenario.world import op_devtab, op_inttab, op_pages, v1_entry

from .fact import DEV, DOM, IOVA, PAGE, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]
PREF = GENOA | 1


# --- 6.4 ---

@fact("6.4", "COMPLETION_WAIT s=1 stores the 64 data bits at the address")
def wait_stores(t: Trace) -> None:
    t.boot()
    t.world.submit(1 << 60 | 0x9_8768 | 1 | 0x1122_3344_5566_7788 << 64)
    t.memory_is(0x9_8768, 0x1122_3344_5566_7788)


@fact("6.4", "COMPLETION_WAIT s=0 stores nothing")
def wait_stores_not(t: Trace) -> None:
    t.boot()
    t.world.submit(1 << 60 | 0x9_8768 | 0x11 << 64)
    t.memory_is(0x9_8768, 0)
    t.reads(0x2000, 0x10)


@fact("6.4", "COMPLETION_WAIT i=1 sets ComWaitInt, and interrupts if ComWaitIntEn", "6.4, 2.7", 1 << 4)
def wait_interrupts(t: Trace) -> None:
    t.boot()
    t.world.submit(1 << 60)
    t.reads(0x2020, 0, 4)
    t.irq("comwait", 0)
    t.world.submit(1 << 60 | 2)
    t.reads(0x2020, 4, 4)
    t.irq("comwait", 1)


@fact("6.4", "COMPLETION_WAIT i=1 sets ComWaitInt without ComWaitIntEn too, and does not interrupt", "6.4, 2.7")
def wait_flag_only(t: Trace) -> None:
    t.boot()
    t.world.submit(1 << 60 | 2)
    t.reads(0x2020, 4, 4)
    t.irq("comwait", 0)


@fact("6.4", "after INVALIDATE_DEVTAB_ENTRY the entry in memory counts")
def devtab_invalidated(t: Trace) -> None:
    t.dte()
    t.boot()
    t.ask("read")
    t.ok(pa=IOVA)
    t.dte(IR=0)
    t.world.sync(op_devtab(DEV))
    t.ask("read")
    t.page_fault("PR PE")


@fact("6.4", "INVALIDATE_DEVTAB_ENTRY resets what SE remembers", "6.4, 7.5")
def devtab_resets_se(t: Trace) -> None:
    t.dte(IR=0, SE=1)
    t.boot()
    for _ in range(2):
        t.ask("read")
        t.page_fault("PR PE")
        t.ask("read")
        t.page_fault("PR PE")
        t.world.sync(op_devtab(DEV))
    t.logged(2)


def pages_invalidated(name: str, text: str, where: int) -> None:
    def build(t: Trace) -> None:
        table = t.host()
        t.boot()
        t.ask("read")
        t.ok(pa=PAGE)
        table.put(IOVA, v1_entry(0x5_5000, 0))
        t.world.sync(op_pages(DOM, None, where))
        t.ask("read")
        t.ok(pa=0x5_5000)
    build.__name__ = name
    fact("6.4", text)(build)


pages_invalidated("pages_everything", "INVALIDATE_IOMMU_PAGES of everything", w.EVERYTHING)
pages_invalidated("pages_everything_leaves", "INVALIDATE_IOMMU_PAGES of everything with PDE=0 drops leaves",
                  w.EVERYTHING & ~2)
pages_invalidated("pages_one", "INVALIDATE_IOMMU_PAGES of one page", IOVA)
pages_invalidated("pages_range", "INVALIDATE_IOMMU_PAGES of a range that holds the page", 0x3000 | 1)


@fact("6.4", "INVALIDATE_IOMMU_PAGES with PDE=1 drops directories")
def pages_directories(t: Trace) -> None:
    table = t.host()
    t.boot()
    t.ask("read")
    t.ok(pa=PAGE)
    fresh = t.world.page()
    t.word(fresh + 8 * (IOVA >> 12), v1_entry(0x5_5000, 0))
    t.word(table.slot(IOVA, 2), v1_entry(fresh, 1))
    t.world.sync(op_pages(DOM, None, IOVA | 2))
    t.ask("read")
    t.ok(pa=0x5_5000)


@fact("6.4", "INVALIDATE_IOMMU_PAGES GN=0 drops every combined translation of the domain", "6.4, 5.4", w.GT | w.TRP)
def pages_combined(t: Trace) -> None:
    tables = t.guest(nested=4)
    assert tables.host
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE | 0x4000_0000_0000)
    tables.host.put(PAGE, v1_entry(0x5_5000, 0))
    t.world.sync(op_pages(DOM, None, 0x1_0000_0000))
    t.ask("read", pasid=PASID)
    t.ok(pa=0x5_5000)


@fact("6.4", "INVALIDATE_IOMMU_PAGES GN=0 PDE=1 drops host directories that nested walks have found", "6.4, 5.4",
      w.GT | w.TRP)
def pages_nested_directories(t: Trace) -> None:
    tables = t.guest(nested=4)
    host = tables.host
    assert host
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE | 0x4000_0000_0000)
    fresh = t.world.page()
    t.word(fresh + 8 * (PAGE >> 12 & 511), v1_entry(0x5_5000, 0))
    t.word(host.slot(PAGE, 2), v1_entry(fresh, 1))
    t.world.sync(op_pages(DOM, None, PAGE | 2))
    t.ask("read", pasid=PASID)
    t.ok(pa=0x5_5000)


def guest_pages(name: str, text: str, where: int) -> None:
    def build(t: Trace) -> None:
        tables = t.guest()
        t.boot()
        t.ask("read", pasid=PASID)
        t.ok(pa=PAGE)
        tables.put(PASID, IOVA, 0x5_5000 | 0x67)
        t.world.sync(op_pages(DOM, PASID, where))
        t.ask("read", pasid=PASID)
        t.ok(pa=0x5_5000)
    build.__name__ = name
    fact("6.4", text, control=w.GT)(build)


guest_pages("guest_pages_one", "INVALIDATE_IOMMU_PAGES GN=1 of one page of the PASID", IOVA)
guest_pages("guest_pages_all", "INVALIDATE_IOMMU_PAGES GN=1 of everything of the PASID", w.EVERYTHING & ~2)


@fact("6.4", "INVALIDATE_IOMMU_PAGES GN=1 PDE=1 drops guest directories and GCR3 entries", control=w.GT)
def guest_directories(t: Trace) -> None:
    tables = t.guest()
    tables.put(6, IOVA, 0x5_5000 | 0x67)
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE)
    t.word(tables.gcr3_spa + 8 * PASID, tables.table(6, IOVA, 4)[0] | 1)
    t.world.sync(op_pages(DOM, PASID))
    t.ask("read", pasid=PASID)
    t.ok(pa=0x5_5000)


@fact("6.4", "a large guest page over small host pages goes as a whole with any address in it", "6.4, style traps",
      w.GT | w.TRP)
def large_guest_page(t: Trace) -> None:
    tables = t.guest(nested=4)
    assert tables.host
    gva, gpa = 1 << 21, 1 << 31
    tables.put(PASID, gva, gpa | 0xE7, 2)
    for n in (3, 9):
        tables.host.put(gpa + 0x1000 * n, v1_entry(0x60_0000 + 0x1000 * n, 0))
    t.boot()
    for n in (3, 9):
        t.ask("read", gva + 0x1000 * n, PASID)
        t.ok(pa=0x60_0000 + 0x1000 * n, size=4096)
    tables.put(PASID, gva, 0, 2)
    t.world.sync(op_pages(DOM, PASID, gva))
    for n in (3, 9):
        t.ask("read", gva + 0x1000 * n, PASID)
        t.page_fault("GN US")


@fact("6.4", "a size-coded host page goes as a whole with any address in it", "6.4, 4.4")
def coded_host_page(t: Trace) -> None:
    table = t.host()
    table.put(0x1_0000, v1_entry(0x50_7000, 7), copies=16)
    t.boot()
    for n in (0, 5):
        t.ask("read", 0x1_0000 + 0x1000 * n)
        t.ok(pa=0x50_0000 + 0x1000 * n, size=0x1_0000)
    table.put(0x1_0000, 0, copies=16)
    t.world.sync(op_pages(DOM, None, 0x1_9000))
    for n in (0, 5):
        t.ask("read", 0x1_0000 + 0x1000 * n)
        t.page_fault("")


@fact("6.4", "INVALIDATE_IOTLB_PAGES goes to the device with range and PASID [19:16], [15:8], [7:0]",
      "6.4, 13 no. 1")
def iotlb_pasid(t: Trace) -> None:
    t.boot()
    t.world.sync(4 << 60 | DEV | 0x34 << 16 | 0x56 << 48 | 1 << 56 | 4 << 64 | 0x8000 << 64)
    assert t.device.atc == [(DEV, 0x8000, 4096, 0x13456)]
    t.emit("expect_atc_inv dev=0x100 addr=0x8000 size=0x1000 pasid=0x13456")


@fact("6.4", "INVALIDATE_IOTLB_PAGES with GN=0 has no PASID", "15 D12")
def iotlb_without_pasid(t: Trace) -> None:
    t.boot()
    t.world.sync(4 << 60 | DEV | 0x34 << 16 | 0x56 << 48 | 0x8000 << 64)
    t.emit("expect_atc_inv dev=0x100 addr=0x8000 size=0x1000")


@fact("6.4", "after INVALIDATE_INTERRUPT_TABLE the entries in memory count", control=w.GA)
def interrupt_table_invalidated(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000 + 16 * 3, 1 | 0x12 << 8 | 0x55 << 64, 16)
    t.boot()
    t.msi(3)
    t.ok(vector=0x55)
    t.word(0x60_0000 + 16 * 3, 1 | 0x12 << 8 | 0x66 << 64, 16)
    t.world.sync(op_inttab(DEV))
    t.msi(3)
    t.ok(vector=0x66)


@fact("6.4", "PREFETCH_IOMMU_PAGES reports no fault to anybody", efr=PREF)
def prefetch_faults_silently(t: Trace) -> None:
    t.host()
    t.boot()
    t.world.sync(6 << 60 | DEV | 8 << 24 | 0x9000 << 64)
    t.logged(0)
    t.ask("read")
    t.ok(pa=PAGE)


@fact("6.4", "PREFETCH_IOMMU_PAGES of entries that cannot be walked is no error", efr=PREF, control=w.GT)
def prefetch_nothing_to_walk(t: Trace) -> None:
    t.dte(0x100, V=0)
    t.dte(0x101, TV=0)
    t.dte(0x102, raw=4)
    t.dte(0x103)
    t.dte(0x104, Mode=7)
    t.host(dev=0x105, HAD=3)
    t.boot()
    t.write(0x0, w.DEV_TABLE | 0x3)
    for dev in (*range(0x100, 0x106), 0x1FF, 0x8000):
        t.world.sync(6 << 60 | dev | IOVA << 64, 6 << 60 | dev | PASID << 32 | (IOVA | 4) << 64)
    t.logged(0)
    t.ask("read", dev=0x105)
    t.ok(pa=PAGE)


@fact("6.4", "PREFETCH_IOMMU_PAGES GN=1 walks the guest tables of the PASID", efr=PREF | 1 << 61, control=w.GT | 1 << 54)
def prefetch_guest(t: Trace) -> None:
    tables = t.guest()
    t.boot()
    t.world.sync(6 << 60 | DEV | PASID << 32 | (IOVA | 4) << 64, 6 << 60 | DEV | 9 << 32 | (IOVA | 4) << 64)
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE)
    tables.put(PASID, IOVA, 0x5_5000 | 0x67)
    t.world.sync(6 << 60 | DEV | PASID << 32 | (IOVA | 4 | 1 << 4) << 64)
    t.ask("read", pasid=PASID)
    t.ok(pa=0x5_5000)


@fact("6.4", "COMPLETE_PPR_REQUEST sends the response with code and index; PASID if GN and DTE.GPRP", control=w.GT)
def ppr_response(t: Trace) -> None:
    t.dte(0x100, GPRP=1, PPR=1)
    t.dte(0x101, PPR=1)
    t.boot()
    for dev in (0x100, 0x101):
        t.world.sync(7 << 60 | dev | 0x1_2345 << 32 | 4 << 64 | 0xF1AB << 96)
    t.world.sync(7 << 60 | 0x100 | 0x1_2345 << 32 | 0x1002 << 96)
    assert t.device.prgs == {0x100: [(0x1AB, 15, 0x12345), (2, 1, None)], 0x101: [(0x1AB, 15, None)]}
    t.emit("expect_prg dev=0x100 index=0x1ab code=0xf pasid=0x12345")
    t.emit("expect_prg dev=0x101 index=0x1ab code=0xf")
    t.emit("expect_prg dev=0x100 index=0x2 code=0x1")


@fact("6.4", "INVALIDATE_IOMMU_ALL drops entries, translations, directories and interrupt entries", control=w.GA)
def invalidate_all(t: Trace) -> None:
    table = t.host(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000, 1 | 0x55 << 64, 16)
    t.dte(0x101)
    t.boot()
    t.ask("read")
    t.ok(pa=PAGE)
    t.msi(0)
    t.ok(vector=0x55)
    t.ask("read", dev=0x101)
    t.ok(pa=IOVA)
    fresh = t.world.page()
    t.word(fresh + 8 * (IOVA >> 12), v1_entry(0x5_5000, 0))
    t.word(table.slot(IOVA, 2), v1_entry(fresh, 1))
    t.word(0x60_0000, 1 | 0x66 << 64, 16)
    t.dte(0x101, IR=0)
    t.world.sync(8 << 60)
    t.ask("read")
    t.ok(pa=0x5_5000)
    t.msi(0)
    t.ok(vector=0x66)
    t.ask("read", dev=0x101)
    t.page_fault("PR PE")


@fact("6.4", "invalidations that match nothing are legal")
def nothing_to_invalidate(t: Trace) -> None:
    t.boot()
    t.world.sync(op_pages(0xFFFF), op_pages(0xFFFF, 0xFFFFF), op_devtab(0xFFFF), op_inttab(0xFFFF))
    t.logged(0)
