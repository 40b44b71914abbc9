# SPDX-License-Identifier: Apache-2.0
"""Guest tables behind host tables (5.4)."""
from __future__ import annotations

from scenario import world as w
from scenario.world import v1_entry

from .fact import IOVA, PAGE, PASID, Trace, fact


# --- 5.4 ---

@fact("5.4", "the page of a nested walk is the smaller of guest and host page", control=w.GT | w.TRP)
def nested_size(t: Trace) -> None:
    tables = t.guest(nested=4)
    host = tables.host
    assert host
    tables.put(PASID, 1 << 21, 1 << 31 | 0xE7, 2)
    host.put(1 << 31, v1_entry(0x5_5000, 0))
    tables.put(PASID, 0x9000, 1 << 32 | 0x67)
    host.put(1 << 32, v1_entry(1 << 33, 0), 2)
    t.boot()
    t.ask("read", 1 << 21, PASID)
    t.ok(pa=0x5_5000, size=4096)
    t.ask("read", 0x9000, PASID)
    t.ok(pa=1 << 33, size=4096)


@fact("5.4", "reading a guest entry needs IR of its page: GN=0, DomainID, the GPA, RW=0", "5.4, 13 no. 19, 15 D4",
      w.GT | w.TRP)
def table_needs_read(t: Trace) -> None:
    tables = t.guest(nested=4)
    host = tables.host
    assert host
    gpa, spa = tables.table(PASID, IOVA, 1)
    host.put(gpa, v1_entry(spa, 0, False, True))
    t.boot()
    t.ask("write", pasid=PASID)
    t.page_fault("PR PE")


@fact("5.4", "a guest table page that is not present: GN=0, PR=0, the GPA of the entry", "5.4, 13 no. 19",
      w.GT | w.TRP)
def table_not_present(t: Trace) -> None:
    tables = t.guest(nested=4)
    assert tables.host
    tables.host.put(tables.table(PASID, IOVA, 2)[0], 0)
    t.boot()
    t.ask("write", pasid=PASID)
    t.page_fault("")


@fact("5.4", "GCR3 pages are read through the host table with GCR3TRPMode=1", control=w.GT | w.TRP)
def gcr3_not_present(t: Trace) -> None:
    tables = t.guest(nested=4)
    assert tables.host
    tables.host.put(tables.gcr3, 0)
    t.boot()
    t.ask("read", pasid=PASID)
    t.page_fault("")


@fact("5.4", "setting a guest A or D bit needs IW of the table page: GN=0, RW=1", "5.4, 13 no. 23, 15 D4",
      w.GT | w.TRP)
def update_needs_write(t: Trace) -> None:
    tables = t.guest(nested=4, flags=7)
    host = tables.host
    assert host
    for level in (2, 3, 4):
        spa = tables.slot(PASID, IOVA, level)
        t.word(spa, t.device.memory.u64(spa) | 0x20)
    gpa, spa = tables.table(PASID, IOVA, 1)
    host.put(gpa, v1_entry(spa, 0, True, False))
    t.boot()
    t.ask("read", pasid=PASID)
    t.page_fault("PR PE RW")


@fact("5.4", "when no bit must be set IR of the table page is enough", "5.4, 13 no. 23", w.GT | w.TRP)
def no_update_no_write(t: Trace) -> None:
    tables = t.guest(nested=4)
    host = tables.host
    assert host
    for level in (2, 3, 4):
        spa = tables.slot(PASID, IOVA, level)
        t.word(spa, t.device.memory.u64(spa) | 0x20)
    for level in (1, 2, 3, 4):
        gpa, spa = tables.table(PASID, IOVA, level)
        host.put(gpa, v1_entry(spa, 0, True, False))
    t.boot()
    t.ask("write", pasid=PASID)
    t.ok(pa=PAGE | 0x4000_0000_0000)


@fact("5.4", "the final access needs IR or IW as requested: GN=0, DomainID, the GPA, RW as requested",
      "5.4, 13 no. 19, 15 D4", w.GT | w.TRP)
def final_permission(t: Trace) -> None:
    tables = t.guest(nested=4)
    assert tables.host
    tables.host.put(PAGE, v1_entry(0x5_5000, 0, True, False))
    t.boot()
    t.ask("write", pasid=PASID)
    t.page_fault("PR PE RW")
    t.ask("read", pasid=PASID)
    t.ok(pa=0x5_5000)
    t.ask("exec", pasid=PASID)
    t.ok(pa=0x5_5000)


@fact("5.4", "execute needs host IR; the record has neither NX nor US", "5.4, 15 D4", w.GT | w.TRP)
def execute_needs_read(t: Trace) -> None:
    tables = t.guest(nested=4)
    assert tables.host
    tables.host.put(PAGE, v1_entry(0x5_5000, 0, False, True))
    t.boot()
    t.ask("exec", pasid=PASID)
    t.page_fault("PR PE")


@fact("5.4", "a guest permission fault is reported before a host fault of the final GPA", "15 D17", w.GT | w.TRP)
def guest_before_host(t: Trace) -> None:
    tables = t.guest(nested=4, flags=0x65)
    assert tables.host
    tables.host.put(PAGE, 0)
    t.boot()
    t.ask("write", pasid=PASID)
    t.page_fault("GN US PR PE RW")
    t.ask("read", pasid=PASID)
    t.page_fault("")


@fact("5.4", "DTE.IR/IW are the top of the host chain", "5.4 below the table", w.GT | w.TRP)
def device_permission(t: Trace) -> None:
    t.guest(nested=4, IW=0)
    t.boot()
    t.ask("write", pasid=PASID)
    t.page_fault("GN US PR PE RW")


@fact("5.4", "a device without IR cannot read its guest tables: GN=0, PR=1, PE=1", "5.4 below the table", w.GT | w.TRP)
def device_without_read(t: Trace) -> None:
    t.guest(nested=4, IR=0)
    t.boot()
    t.ask("write", pasid=PASID)
    t.page_fault("PR PE")


@fact("5.4", "HAD=3: setting a guest bit dirties the host page of the guest table", "5.4", w.GT | w.TRP)
def update_dirties_table_page(t: Trace) -> None:
    tables = t.guest(nested=4, flags=7, HAD=3)
    host = tables.host
    assert host
    t.boot()
    t.ask("read", pasid=PASID)
    gpa, spa = tables.table(PASID, IOVA, 1)
    t.memory_is(host.slot(gpa), v1_entry(spa, 0) | 0x60)
    t.memory_is(host.slot(tables.gcr3), v1_entry(tables.gcr3_spa, 0) | 0x20)
    t.memory_is(host.slot(PAGE), v1_entry(PAGE | 0x4000_0000_0000, 0) | 0x20)


@fact("5.4", "a host table that cannot be read under a guest walk: PAGE_TAB_HARDWARE_ERROR, address of the entry",
      "5.4", w.GT | w.TRP, ram=0x8000_0000)
def nested_read_error(t: Trace) -> None:
    tables = t.guest(nested=4)
    host = tables.host
    assert host
    t.word(host.slot(1 << 45, 4), v1_entry(0x9000_0000, 3))
    tables.put(PASID, 0x9000, 1 << 45 | 0x67)
    t.boot()
    t.hand("dma dev=0x100 addr=0x9000 len=0x8 op=read pasid=0x5",
           "fault kind=PAGE_TAB_HARDWARE_ERROR reply=abort",
           "expect_event log=host index=0 kind=PAGE_TAB_HARDWARE_ERROR dev=0x100 addr=0x90000000")
