# SPDX-License-Identifier: Apache-2.0
"""What the sources leave open (13, 15): the other value of each key. The defaults are in the other files."""
from __future__ import annotations

from collections.abc import Callable

from golden.config import PRESETS
from scenario import world as w
from scenario.world import GuestTable

from .fact import DEV, DOM, IOVA, PAGE, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]
Build = Callable[[Trace], None]


def choice(section: str, setting: str, text: str, ref: str, control: int = 0,
           **config: int | str) -> Callable[[Build], Build]:
    """A fact that holds with `setting`, KEY=VALUE."""
    key, value = setting.split("=")
    return fact(section, f"{setting}: {text}", ref, control, **(config | {key: value}))


def asks(op: str, addr: int = IOVA, pasid: int | None = None, dev: int = DEV, more: str = "") -> str:
    prefix = f" pasid={pasid:#x}" if pasid is not None else ""
    return f"dma dev={dev:#x} addr={addr:#x} len=8 op={op}{prefix}{more}"


def translates(addr: int = IOVA, pasid: int | None = None, more: str = "") -> str:
    return f"ats dev={DEV:#x} addr={addr:#x}" + (f" pasid={pasid:#x}" if pasid is not None else "") + more


def sends(data: int, addr: int = 0xFEE0_0000, dev: int = DEV) -> str:
    return f"int dev={dev:#x} addr={addr:#x} data={data:#x}"


def page_fault(flags: str = "0", reply: str = "abort") -> str:
    return f"fault kind=IO_PAGE_FAULT reply={reply} flags={flags}"


def record(kind: str, flags: str, addr: int, who: str = "", index: int = 0) -> str:
    return f"expect_event log=host index={index} kind={kind} {who}{' ' if who else ''}addr={addr:#x} flags={flags}"


# --- device table entries ---

def reserved(revision: str, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    """Bits of 127:0 for a request, of 255:128 for an interrupt."""
    def build(t: Trace) -> None:
        for i, bit in enumerate(good + bad):
            t.dte(DEV + i, raw=1 << bit, **({} if bit < 128 else {"IV": 1, "IntCtl": 1}))
        t.boot()
        for i, bit in enumerate(good + bad):
            memory = bit < 128
            t.hand(asks("read", dev=DEV + i) if memory else sends(0x41, dev=DEV + i), "ok" if i < len(good) else
                   f"fault kind=ILLEGAL_DEV_TABLE_ENTRY flags={'RZ' if memory else 'I+RZ'}")
    text, ref = "which bits of an entry must be 0", "3.4, 13 no. 12"
    build.__name__ = f"reserved_{revision.replace('.', '_')}" if revision else "reserved_by_features"
    register = choice("3.4", f"dte.reserved={revision}", text, ref) if revision else fact("3.4", text, ref)
    register(build)


reserved("", (4, 106, 182, 187, 207, 210, 246), (2, 63, 180, 192, 206, 240, 245))
reserved("2.62", (102, 246), (2, 7, 53, 63, 106, 180, 183, 187, 192, 207, 245))
reserved("3.05", (187,), (2, 6, 63, 106, 180, 183, 192, 207, 245))
reserved("3.10", (106, 187, 207, 210), (3, 4, 63, 181, 192, 206, 240, 245))
reserved("3.11", (4, 106, 187, 192, 206, 240, 245), (2, 3, 63, 180))


def revision(name: str, efr: int, efr2: int, legal: bool) -> None:
    """The feature registers of Genoa, and an entry with bit 4 set, which only 3.11 gives a meaning."""
    def build(t: Trace) -> None:
        t.dte(raw=1 << 4)
        t.boot()
        t.hand(f"mmio_read off=0x30 size=8 value={efr:#x}", f"mmio_read off=0x1a0 size=8 value={efr2:#x}",
               asks("read"), "ok" if legal else "fault kind=ILLEGAL_DEV_TABLE_ENTRY flags=RZ")
    build.__name__ = f"features_{name.replace('.', '_')}"
    choice("17.1", f"spec={name}", "features and reserved bits are those of the revision", "17.1, 17.2")(build)


revision("2.62", 0x0000_000F_0020_5ADE, 0, False)
revision("3.05", 0x201F_732F_2229_5ADE, 0, False)
revision("3.10", 0x20BF_732F_A229_5ADE, 0x1C, False)
revision("3.11", 0x21BF_732F_A229_5AFE, 0x1D, True)


@choice("3.3", "dte.tv0=pass", "V=1, TV=0 lets requests pass untranslated and unchecked", "13 no. 8")
def tv0_passes(t: Trace) -> None:
    t.dte(TV=0, IR=0, IW=0)
    t.boot()
    t.hand(asks("write", 0x1234_5000), "ok pa=0x12345000", asks("read", 0x1234_5000, PASID), "ok pa=0x12345000")


@choice("8.2", "dte.v0_interrupts=bypass", "V=0 forwards interrupts, whatever IV says", "13 no. 9")
def v0_bypasses_interrupts(t: Trace) -> None:
    t.dte(V=0, IV=1, IntCtl=0)
    t.dte(DEV + 1, IV=1, IntCtl=0)
    t.boot()
    t.hand(sends(0x41), "ok data=0x41", sends(0x41, dev=DEV + 1), "fault reply=drop")


@choice("3.1", "dte.v0_cached=npcache", "without NpCache an entry with V=0 is read again each time", "13 no. 39")
def v0_not_cached(t: Trace) -> None:
    t.dte(V=0)
    t.dte(DEV + 1)
    t.boot()
    t.hand(asks("read"), "ok pa=0x7000", asks("read", dev=DEV + 1), "ok pa=0x7000")
    t.dte(IR=0)
    t.hand(asks("read"), page_fault("PE+PR"))


@fact("3.1", "an entry with V=0 is cached like any other, whatever NpCache says", "13 no. 39", stale=True)
def v0_stays_cached(t: Trace) -> None:
    t.dte(V=0)
    t.boot()
    t.hand(asks("read"), "ok pa=0x7000")
    t.dte(IR=0)
    t.hand(asks("read"), "ok pa=0x7000")
    t.world.submit(w.op_devtab(DEV))
    t.hand(asks("read"), page_fault("PE+PR"))


@choice("3.3", "dte.gv0_pasid=ignore", "without guest translation a request with PASID is one without", "13 no. 20", w.GT)
def gv0_pasid_ignored(t: Trace) -> None:
    t.host()
    t.boot()
    t.hand(asks("read", pasid=PASID), f"ok pa={PAGE:#x}", asks("read", 0x9000, PASID), page_fault(),
           record("IO_PAGE_FAULT", "0", 0x9000, f"dev={DEV:#x} dom={DOM:#x}"))
    t.dte(DEV + 1, IR=0)
    t.hand(asks("read", 0x9000, PASID, DEV + 1), page_fault("PE+PR"),
           record("IO_PAGE_FAULT", "PE+PR", 0x9000, f"dev={DEV + 1:#x} dom={DOM:#x}", 1))


@choice("3.4", "dte.gv_without_gten=illegal_entry", "GV=1 while GTEn=0 is a reserved bit", "13 no. 21")
def gv_without_gten(t: Trace) -> None:
    t.dte(GV=1)
    t.boot()
    t.hand(asks("read"), "fault kind=ILLEGAL_DEV_TABLE_ENTRY reply=abort flags=RZ")
    t.write(0x18, t.world.control | w.GT)
    t.hand(asks("read"), f"ok pa={IOVA:#x}")


@choice("2.3", "dte.exclusion_order=last", "an excluded request needs a legal Mode, IR and IW", "13 no. 30")
def exclusion_last(t: Trace) -> None:
    t.dte(IW=0, Mode=4)
    t.dte(DEV + 1, Mode=7)
    t.boot()
    t.write(0x20, 0x7000 | 3)
    t.write(0x28, 0x7000)
    t.hand(asks("read"), f"ok pa={IOVA:#x}", asks("write"), page_fault("PE+PR+RW", "drop"),
           asks("read", 0x8000), page_fault(), asks("read", dev=DEV + 1), page_fault("PR"))


@choice("4.3", "dte.check_order=permission", "IR and IW are looked at before Mode", "4.3 step 1, 15 D8")
def permission_before_mode(t: Trace) -> None:
    t.dte(Mode=7, IW=0)
    t.boot()
    t.hand(asks("write"), page_fault("PE+PR+RW", "drop"), asks("read"), page_fault("PR"))


# --- host walks ---

@choice("4.1", "walk.leaf_level=4k", "a leaf with NextLevel 0 is 4 KiB at every level", "13 no. 14")
def small_leaves(t: Trace) -> None:
    table = t.host()
    table.put(0x20_0000, w.v1_entry(0x5_5000, 0), 2)
    table.put(0x4000_0000, w.v1_entry(0x6_6000, 0), 3)
    t.boot()
    t.hand(asks("read", 0x20_3008), "ok pa=0x55008 size=0x1000", asks("read", 0x4000_0010),
           "ok pa=0x66010 size=0x1000", asks("read"), f"ok pa={PAGE:#x} size=0x1000")


@choice("4.3", "walk.level1_next=leaf", "at level 1 every entry is a leaf, with the reserved bits of one", "15 D9")
def level1_leaves(t: Trace) -> None:
    table = t.host(HAD=3)
    table.put(0x8000, w.v1_entry(0x5_5000, 1))
    table.put(0x9000, w.v1_entry(0x5_6000, 6, extra=1 << 59))
    table.put(0xA000, w.v1_entry(0x5_7000, 1, extra=1 << 52))
    table.put(0x20_0000, w.v1_entry(0x5_8000, 2), 2)
    t.boot()
    t.hand(asks("write", 0x8010), "ok pa=0x55010 size=0x1000", asks("read", 0x9010), "ok pa=0x56010 size=0x1000",
           f"expect_mem addr={table.slot(0x8000):#x} data={(w.v1_entry(0x5_5000, 1) | 0x60).to_bytes(8, 'little').hex()}",
           asks("read", 0xA000), page_fault("PR+RZ"), asks("read", 0x20_0000), page_fault("PR"))


@choice("4.3", "walk.width_fault=not_present", "an address above the width of Mode has PR=0", "13 no. 40")
def width_not_present(t: Trace) -> None:
    t.host()
    t.boot()
    t.hand(asks("read", 1 << 39), page_fault(), asks("read", 1 << 38), page_fault())


def wrong_entries(t: Trace) -> None:
    """Entries with several faults: 1000h reserved and permission, 2000h level and permission, 20_0000h reserved and
    level, 40_0000h size and reserved, and 8000_0000h a skipped level and reserved."""
    table = t.host(4)
    table.put(0x1000, w.v1_entry(0x5_5000, 0, write=False, extra=1 << 52))
    table.put(0x2000, w.v1_entry(0x5_5000, 1, write=False))
    table.put(0x20_0000, w.v1_entry(0x5_5000, 2, extra=1 << 53), 2)  # NextLevel is the level
    table.put(0x40_0000, w.v1_entry(0x5_5000, 7, extra=1 << 54), 2)
    table.put(0x80_4020_1000, w.v1_entry(0x5_5000, 2, extra=1 << 55), 4)
    t.boot()


def walks_into(t: Trace, *answers: str) -> None:
    for addr, flags in zip((0x1000, 0x2000, 0x20_0000, 0x40_0000, 0x80_4020_1000), answers, strict=True):
        t.hand(asks("write", addr), page_fault(flags, "drop"))


@choice("4.3", "walk.entry_order=permission", "permission comes right behind present", "13 no. 36")
def permission_before_reserved(t: Trace) -> None:
    wrong_entries(t)
    walks_into(t, "PE+PR+RW", "PE+PR+RW", "PR+RW+RZ", "PR+RW+RZ", "PR+RW+RZ")


@choice("4.3", "walk.entry_order=level", "level, size and skipped levels come before reserved bits", "4.3, 15 D19")
def level_before_reserved(t: Trace) -> None:
    wrong_entries(t)
    walks_into(t, "PR+RW+RZ", "PR+RW", "PR+RW", "PR+RW", "PR+RW")


@choice("4.5", "walk.host_a=leaf", "directories keep their accessed bit, the leaf gets A and D", "15 D13")
def accessed_leaf_only(t: Trace) -> None:
    table = t.host(HAD=3)
    t.boot()
    t.hand(asks("write"), f"ok pa={PAGE:#x}")
    leaf, above = w.v1_entry(PAGE, 0) | 0x60, w.v1_entry(table.table(IOVA, 1), 1)
    t.hand(f"expect_mem addr={table.slot(IOVA):#x} data={leaf.to_bytes(8, 'little').hex()}",
           f"expect_mem addr={table.slot(IOVA, 2):#x} data={above.to_bytes(8, 'little').hex()}")


# --- guest walks ---

@choice("5.1", "walk.gcr3_inner=spa", "pointers between levels of a GCR3 table are SPAs", "13 no. 22", w.GT | w.TRP)
def gcr3_inner_spa(t: Trace) -> None:
    tables = t.guest(nested=4)
    host = tables.host
    assert host
    outer = t.world.page()
    host.put(0x5000_0000, w.v1_entry(outer, 0))
    t.word(outer + 8, tables.gcr3_spa | 1)
    t.word(outer + 16, tables.gcr3 | 1)
    t.dte(GV=1, GLX=1, gcr3=0x5000_0000, Mode=4, root=host.root)
    t.boot()
    t.hand(asks("read", pasid=1 << 9 | PASID), f"ok pa={PAGE | 0x4000_0000_0000:#x}",
           asks("read", pasid=2 << 9 | PASID), page_fault("GN+US"))


def read_only_tables(t: Trace) -> GuestTable:
    """Nested, with the guest's level-1 table on a host page without IW; A and D are set already."""
    tables = t.guest(nested=4)
    assert tables.host
    gpa, spa = tables.table(PASID, IOVA, 1)
    tables.host.put(gpa, w.v1_entry(spa, 0, write=False))
    t.boot()
    return tables


@choice("5.4", "walk.guest_table_iw=always", "host pages of guest tables must be writable", "13 no. 23", w.GT | w.TRP,
        efr=GENOA | 1 << 61)
def guest_table_always_writable(t: Trace) -> None:
    tables = read_only_tables(t)
    gpa = tables.slot(PASID, IOVA) - tables.table(PASID, IOVA, 1)[1] + tables.table(PASID, IOVA, 1)[0]
    t.hand(asks("read", pasid=PASID), page_fault("PE+PR"),
           record("IO_PAGE_FAULT", "PE+PR", gpa, f"dev={DEV:#x} dom={DOM:#x}"))
    t.note("GAUpdateDis and GDUpdateDis: no bit is ever set")
    t.write(0x18, t.world.control | 1 << 48 | 1 << 54)
    t.hand(asks("read", pasid=PASID), f"ok pa={PAGE | 0x4000_0000_0000:#x}")


@choice("5.4", "walk.guest_table_iw=always", "DTE.IW counts as well, also for what is cached", "13 no. 23", w.GT)
def guest_table_entry_writable(t: Trace) -> None:
    tables = t.guest(nested=4)
    t.boot()
    t.hand(asks("read", pasid=PASID), f"ok pa={PAGE | 0x4000_0000_0000:#x}")
    assert tables.host
    t.dte(GV=1, gcr3=tables.root(), Mode=4, root=tables.host.root, IW=0)
    t.world.submit(w.op_devtab(DEV))
    t.hand(asks("read", pasid=PASID), page_fault("PE+PR"))


@choice("5.3", "walk.wp=off", "R/W=0 binds user requests only, whatever is cached", "13 no. 24", w.GT)
def privileged_writes(t: Trace) -> None:
    tables = t.guest(I=1)
    tables.put(PASID, 0x8000, 0x8_8000 | 0x65)
    t.boot()
    write = asks("write", 0x8000, PASID)
    t.hand(write + " priv=1", "ok pa=0x88000", write, page_fault("GN+PE+PR+RW+US", "drop"),
           asks("read", 0x8000, PASID), "ok pa=0x88000", write, page_fault("GN+PE+PR+RW+US", "drop"),
           write + " priv=1", "ok pa=0x88000", translates(0x8000, PASID, " priv=1"), "ok pa=0x88000 perm=rw",
           translates(0x8000, PASID), "ok pa=0x88000 perm=r")
    t.note("what a privileged read is granted does not depend on who was here before")
    read = asks("read", 0x9000, PASID)
    tables.put(PASID, 0x9000, 0x9_9000 | 0x65)
    t.hand(read + " priv=1", "ok pa=0x99000 perm=rw", read, "ok pa=0x99000 perm=r",
           read + " priv=1", "ok pa=0x99000 perm=rw", read + " priv=1", "ok pa=0x99000 perm=rw")


@choice("5.3", "walk.guest_permission=each_level", "a denied level ends the walk before those below are read",
        "15 D17", w.GT)
def guest_permission_each_level(t: Trace) -> None:
    tables = t.guest()
    read_only, unmapped = 0x20_0000, 0x20_1000
    at, there = tables.slot(PASID, read_only, 2), tables.alloc()[0]
    t.word(at, there | 5)
    t.word(there, 0x5_5000 | 0x67)
    t.boot()
    denied = page_fault("GN+PE+PR+RW+US", "drop")
    t.hand(asks("write", unmapped, PASID), denied, asks("read", read_only, PASID), "ok pa=0x55000",
           asks("write", unmapped, PASID), denied, asks("write", read_only, PASID), denied,
           asks("read", unmapped, PASID), page_fault("GN+US"))


@choice("5.4", "walk.nested_fault=gva", "host faults of a nested walk have GN=1, the PASID and the GVA", "13 no. 19",
        w.GT | w.TRP)
def nested_fault_by_gva(t: Trace) -> None:
    tables = read_only_tables(t)
    tables.put(PASID, 0x8000, 0x1234_5000 | 0x67)
    tables.put(PASID, 0x9000, PAGE | 0x7)
    t.hand(asks("write", 0x8008, PASID), page_fault("GN+RW+US", "drop"),
           record("IO_PAGE_FAULT", "GN+RW+US", 0x8008, f"dev={DEV:#x} pasid={PASID:#x}"),
           asks("exec", 0x9008, PASID), page_fault("GN+NX+PE+PR+US"),
           record("IO_PAGE_FAULT", "GN+NX+PE+PR+US", 0x9008, f"dev={DEV:#x} pasid={PASID:#x}", 1))
    t.note("without a guest walk nothing changes")
    t.hand(asks("read", 0x8000), page_fault(), record("IO_PAGE_FAULT", "0", 0x8000, f"dev={DEV:#x} dom={DOM:#x}", 2))


# --- records ---

@choice("8.2", "int.control0=illegal_entry", "IntCtl=0 is ILLEGAL_DEV_TABLE_ENTRY", "13 no. 34")
def int_control0_illegal(t: Trace) -> None:
    t.dte(IV=1, IntCtl=0)
    t.boot()
    t.hand(sends(0x41), "fault kind=ILLEGAL_DEV_TABLE_ENTRY reply=drop flags=I", "expect_count log=host event=1")


@choice("7.3", "event.us_bit=49", "US of INVALID_DEVICE_REQUEST is bit 49, of page faults bit 50", "13 no. 25", w.GT)
def us_in_bit_49(t: Trace) -> None:
    t.guest()
    t.boot()
    t.hand(asks("write", 0xFEE0_1000, PASID), "fault kind=INVALID_DEVICE_REQUEST reply=drop flags=GN+NX+T4",
           asks("read", 0x9000, PASID), page_fault("GN+US"))


@choice("7.2", "event.giov_us=off", "requests that GIoV gives PASID 0 have US=0", "15 D2", w.GT)
def giov_without_us(t: Trace) -> None:
    t.guest(GIoV=1)
    t.boot()
    t.hand(asks("read", 0x9000), page_fault("GN"), asks("read", 0x9000, PASID), page_fault("GN+US"))


@choice("7.2", "event.rw=all", "an interrupt is a write, a translation request without NW asks to write", "15 D3")
def rw_in_all_records(t: Trace) -> None:
    t.dte(raw=4, IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.boot()
    illegal = "fault kind=ILLEGAL_DEV_TABLE_ENTRY"
    t.hand(sends(3), page_fault("I+RW", "drop"), translates(), f"{illegal} flags=RW+RZ+TR",
           translates(more=" nw=1"), f"{illegal} flags=RZ+TR", asks("read"), f"{illegal} flags=RZ",
           asks("write"), f"{illegal} flags=RW+RZ")


@choice("7.2", "event.table_rw=request", "a host fault on a guest table has RW as requested", "15 D4", w.GT | w.TRP)
def table_rw_as_requested(t: Trace) -> None:
    tables = t.guest(nested=4)
    t.word(tables.slot(PASID, IOVA, 2), 0x1234_5000 | 7)
    t.boot()
    t.hand(asks("write", pasid=PASID), page_fault("RW", "drop"), asks("read", pasid=PASID), page_fault())


@choice("7.2", "event.nx=violated", "NX is set only where an entry with NX refuses the request", "15 D5", w.GT)
def nx_when_violated(t: Trace) -> None:
    t.guest().put(PASID, 0x8000, 0x8_8000 | 0x67 | 1 << 63)
    t.boot()
    t.hand(asks("exec", 0x9000, PASID), page_fault("GN+US"), asks("exec", 0x8000, PASID),
           page_fault("GN+NX+PE+PR+US"))


@choice("3.1", "event.beyond_address=zero", "the record of a DeviceID beyond the table has address 0", "3.1, 15 D6")
def beyond_table_address(t: Trace) -> None:
    t.boot()
    t.write(0x0, w.DEV_TABLE)
    t.hand(asks("read"), page_fault(), record("IO_PAGE_FAULT", "0", 0, f"dev={DEV:#x} dom=0x0"), sends(3),
           page_fault("I", "drop"), record("IO_PAGE_FAULT", "I", 0, f"dev={DEV:#x} dom=0x0", 1))


@choice("3.3", "event.tv0_pasid=omitted", "TV=0: GN=0 and the DomainID, with and without PASID", "15 D7")
def tv0_without_pasid(t: Trace) -> None:
    t.dte(TV=0)
    t.boot()
    t.hand(asks("read", pasid=PASID), page_fault(), record("IO_PAGE_FAULT", "0", IOVA, f"dev={DEV:#x} dom={DOM:#x}"))


@choice("3.4", "event.illegal_pasid=omitted", "ILLEGAL_DEV_TABLE_ENTRY has GN=0", "15 D18", w.GT)
def illegal_without_pasid(t: Trace) -> None:
    t.dte(raw=4)
    t.dte(DEV + 1)
    t.boot()
    t.hand(asks("read", pasid=PASID), "fault kind=ILLEGAL_DEV_TABLE_ENTRY reply=abort flags=RZ",
           asks("read", pasid=PASID, dev=DEV + 1), page_fault("GN+US"))


@choice("7.3", "event.table_granule=16", "the address of PAGE_TAB_HARDWARE_ERROR has its low 4 bits clear", "13 no. 26",
        ram=0x8000_0000)
def table_granule(t: Trace) -> None:
    table = t.host()
    t.word(table.slot(0x20_1000, 2), w.v1_entry(0x9000_0000, 1))
    t.boot()
    t.hand(asks("read", 0x20_1000), "fault kind=PAGE_TAB_HARDWARE_ERROR reply=abort",
           f"expect_event log=host index=0 kind=PAGE_TAB_HARDWARE_ERROR dev={DEV:#x} addr=0x90000000")


@choice("7.6", "event.latch=lower", "0048h has the first half of the record", "13 no. 2", efr=GENOA | 1 << 8)
def latched_lower_first(t: Trace) -> None:
    t.dte(raw=4)
    t.boot()
    t.hand(asks("read"), "fault kind=ILLEGAL_DEV_TABLE_ENTRY",
           "mmio_read off=0x48 size=8 value=0x1080000000000100", "mmio_read off=0x40 size=8 value=0x7000")
