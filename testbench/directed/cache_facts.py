# SPDX-License-Identifier: Apache-2.0
"""What caches keep (6.4, 10): true only with caches, so stated by hand and replayed with caches on alone.

Each changes memory without the invalidation that counts and expects the old answer.
"""
from __future__ import annotations

from scenario import world as w
from scenario.world import HostTable, op_devtab, op_inttab, op_pages, v1_entry

from .fact import DEV, DOM, IOVA, PAGE, PASID, Trace, fact

OLD = f"ok pa={PAGE:#x}"
READ = f"dma dev={DEV:#x} addr={IOVA:#x} len=8 op=read"


def filled(t: Trace, **fields: int) -> HostTable:
    table = t.host(**fields)
    t.boot()
    t.ask("read")
    t.ok(pa=PAGE)
    return table


def command(t: Trace, value: int) -> None:
    t.world.submit(value)


def host_leaf_stays(name: str, text: str, *commands: int) -> None:
    def build(t: Trace) -> None:
        table = filled(t)
        table.put(IOVA, 0)
        for value in commands:
            command(t, value)
        t.hand(READ, OLD)
    build.__name__ = name
    fact("10.2", text, "10.2, 6.4", stale=True)(build)


host_leaf_stays("leaf_stays", "a cached leaf stays without invalidation")
host_leaf_stays("leaf_other_domain", "op 3 of another domain does not touch it", op_pages(DOM + 1))
host_leaf_stays("leaf_page_before", "op 3 of the page before does not touch it", op_pages(DOM, None, IOVA - 0x1000 | 2))
host_leaf_stays("leaf_page_behind", "op 3 of the page behind does not touch it", op_pages(DOM, None, IOVA + 0x1000 | 2))
host_leaf_stays("leaf_range_behind", "op 3 of 32 KiB behind does not touch it", op_pages(DOM, None, 0xB000 | 1))
host_leaf_stays("leaf_guest_command", "op 3 with GN=1 does not touch host translations", op_pages(DOM, 0))
host_leaf_stays("leaf_devtab", "op 2 does not touch translations", op_devtab(DEV))
host_leaf_stays("leaf_inttab", "op 5 does not touch translations", op_inttab(DEV))
host_leaf_stays("leaf_iotlb", "op 4 does not touch the IOMMU's caches", 4 << 60 | DEV | w.EVERYTHING << 64 & ~(2 << 64))


@fact("10.2", "op 3 with PDE=0 keeps directories", "6.4, 10.2", stale=True)
def directory_stays(t: Trace) -> None:
    table = filled(t)
    t.word(table.slot(IOVA, 2), 0)
    command(t, op_pages(DOM, None, w.EVERYTHING & ~2))
    t.hand(READ, OLD)


@fact("10.2", "op 3 with PDE=1 of a page in another directory keeps this one", "6.4, 10.2", stale=True)
def directory_elsewhere(t: Trace) -> None:
    table = filled(t)
    t.word(table.slot(IOVA, 2), 0)
    command(t, op_pages(DOM, None, 1 << 30 | 2))
    command(t, op_pages(DOM, None, IOVA))
    t.hand(READ, OLD)


@fact("10.2", "an entry of the device table stays until op 2 names its DeviceID", "6.4, 10.2", stale=True)
def entry_stays(t: Trace) -> None:
    t.dte()
    t.boot()
    t.ask("read")
    t.ok(pa=IOVA)
    t.dte(IR=0)
    command(t, op_devtab(DEV + 1))
    command(t, op_pages(DOM))
    t.hand(READ, f"ok pa={IOVA:#x}")


@fact("10.2", "an interrupt entry stays until op 5 names its DeviceID", "6.4, 10.2", w.GA, stale=True)
def interrupt_entry_stays(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000, 1 | 0x55 << 64, 16)
    t.boot()
    t.msi(0)
    t.ok(vector=0x55)
    t.word(0x60_0000, 1 | 0x66 << 64, 16)
    command(t, op_inttab(DEV + 1))
    command(t, op_devtab(DEV))
    t.hand("int dev=0x100 addr=0xfee00000 data=0", "ok vector=0x55")


@fact("10.2", "IRTCacheDis=1: entries are read for each interrupt", "2.4 bit 59", w.GA | 1 << 59, stale=True)
def interrupt_cache_off(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000, 1 | 0x55 << 64, 16)
    t.boot()
    t.msi(0)
    t.ok(vector=0x55)
    t.word(0x60_0000, 1 | 0x66 << 64, 16)
    t.msi(0)
    t.ok(vector=0x66)


@fact("10.2", "a posted entry keeps vector and backing page while its destination is read again", "8.6",
      w.GA | w.GAM_VAPIC, stale=True)
def posted_entry_stays(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000, 1 | 1 << 7 | 0x45 << 64 | 0x5 << 76, 16)
    t.boot()
    t.msi(0)
    t.memory_is(0x5220, 1 << 5)
    t.word(0x60_0000, 1 | 1 << 7 | 0x12 << 8 | 0x46 << 64 | 0x6 << 76, 16)
    t.hand("int dev=0x100 addr=0xfee00000 data=0", "ok vector=0x45 dest=0x12")


def guest_leaf_stays(name: str, text: str, *commands: int) -> None:
    def build(t: Trace) -> None:
        tables = t.guest()
        t.boot()
        t.ask("read", pasid=PASID)
        t.ok(pa=PAGE)
        tables.put(PASID, IOVA, 0)
        for value in commands:
            command(t, value)
        t.hand(READ + f" pasid={PASID:#x}", OLD)
    build.__name__ = name
    fact("10.2", text, "10.2, 6.4", w.GT, stale=True)(build)


guest_leaf_stays("guest_leaf_stays", "a cached guest leaf stays without invalidation")
guest_leaf_stays("guest_leaf_other_pasid", "op 3 GN=1 of another PASID does not touch it", op_pages(DOM, PASID + 1))
guest_leaf_stays("guest_leaf_other_domain", "op 3 GN=1 of another domain does not touch it", op_pages(DOM + 1, PASID))
guest_leaf_stays("guest_leaf_other_page", "op 3 GN=1 of another page does not touch it",
                 op_pages(DOM, PASID, IOVA + 0x1000 | 2))


@fact("10.2", "op 3 GN=1 with PDE=0 keeps guest directories and GCR3 entries", "6.4", w.GT, stale=True)
def guest_directories_stay(t: Trace) -> None:
    tables = t.guest()
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE)
    t.word(tables.gcr3_spa + 8 * PASID, 0)
    command(t, op_pages(DOM, PASID, w.EVERYTHING & ~2))
    t.hand(READ + f" pasid={PASID:#x}", OLD)


@fact("10.2", "not present is never kept: a page that appears needs no invalidation", "10.2, NpCache=0", stale=True)
def not_present_not_kept(t: Trace) -> None:
    table = t.host()
    t.boot()
    t.ask("read", 0x9000)
    t.page_fault("")
    table.put(0x9000, v1_entry(0x5_5000, 0))
    t.ask("read", 0x9000)
    t.ok(pa=0x5_5000)


@fact("10.2", "raised permissions are seen when the cached ones do not suffice", "10.2", stale=True)
def raised_permission(t: Trace) -> None:
    table = t.host()
    table.put(IOVA, v1_entry(PAGE, 0, True, False))
    t.boot()
    t.ask("read")
    t.ok(pa=PAGE)
    table.put(IOVA, v1_entry(PAGE, 0))
    t.ask("write")
    t.ok(pa=PAGE)


@fact("10.2", "a cached translation keeps the permissions of its fill time", "10.2", stale=True)
def lowered_permission(t: Trace) -> None:
    table = t.host()
    t.boot()
    t.ask("write")
    t.ok(pa=PAGE)
    table.put(IOVA, v1_entry(PAGE, 0, True, False))
    t.hand(READ.replace("read", "write"), OLD)


@fact("10.2", "a prefetched page is there when it is asked for", "6.4 op 6", stale=True, efr=0x25BF732FA2295AFF)
def prefetched(t: Trace) -> None:
    table = t.host()
    table.put(0x8000, v1_entry(0x5_5000, 0))
    t.boot()
    command(t, 6 << 60 | DEV | 1 << 24 | IOVA << 64)
    table.put(IOVA, 0)
    table.put(0x8000, 0)
    t.hand(READ, OLD, "dma dev=0x100 addr=0x8000 len=8 op=read", "ok pa=0x55000")


@fact("10.2", "PREFETCH_IOMMU_PAGES with Inval=1 drops the range first", "6.4 op 6", stale=True, efr=0x25BF732FA2295AFF)
def prefetch_invalidates(t: Trace) -> None:
    table = filled(t)
    table.put(IOVA, 0)
    command(t, 6 << 60 | DEV | IOVA << 64)
    t.hand(READ, OLD)
    command(t, 6 << 60 | DEV | 1 << 68 | IOVA << 64)
    t.hand(READ, "fault kind=IO_PAGE_FAULT reply=abort flags=0")


def rights_change(t: Trace, *after: str) -> HostTable:
    """IW goes from the entry behind a cached translation; opcode 2, and no opcode 3."""
    table = t.host(I=1)
    t.boot()
    t.hand(f"dma dev=0x100 addr={IOVA:#x} len=8 op=write", f"ok pa={PAGE:#x} perm=rw")
    t.dte(Mode=3, root=table.root, I=1, IW=0)
    command(t, op_devtab(DEV))
    t.hand(*after)
    return table


@fact("10.2", "rights of the device table entry are looked up: opcode 2 alone takes them from cached translations",
      "10.2 XSA-442, 16")
def rights_looked_up(t: Trace) -> None:
    rights_change(t, f"dma dev=0x100 addr={IOVA:#x} len=8 op=write", "fault kind=IO_PAGE_FAULT reply=drop flags=PE+PR+RW",
                  f"dma dev=0x100 addr={IOVA:#x} len=8 op=read", f"ok pa={PAGE:#x} perm=r")


@fact("10.2", "ptc.dte_rights=kept: cached translations grant what their entry did until opcode 3", "10.2 XSA-442, 16",
      stale=True, **{"ptc.dte_rights": "kept"})
def rights_kept(t: Trace) -> None:
    table = rights_change(
        t, f"dma dev=0x100 addr={IOVA:#x} len=8 op=write", f"ok pa={PAGE:#x} perm=rw",
        f"ats dev=0x100 addr={IOVA:#x}", f"ok pa={PAGE:#x} perm=rw")
    command(t, op_pages(DOM))
    t.hand(f"dma dev=0x100 addr={IOVA:#x} len=8 op=write", "fault kind=IO_PAGE_FAULT reply=drop flags=PE+PR+RW",
           f"dma dev=0x100 addr={IOVA:#x} len=8 op=read", f"ok pa={PAGE:#x} perm=r")
    t.note("a line that was made with fewer rights shows them until what is missing is walked for")
    t.dte(Mode=3, root=table.root, I=1)
    command(t, op_devtab(DEV))
    t.hand(f"dma dev=0x100 addr={IOVA:#x} len=8 op=read", f"ok pa={PAGE:#x} perm=r",
           f"dma dev=0x100 addr={IOVA:#x} len=8 op=write", f"ok pa={PAGE:#x} perm=rw",
           f"dma dev=0x100 addr={IOVA:#x} len=8 op=read", f"ok pa={PAGE:#x} perm=rw")
