# SPDX-License-Identifier: Apache-2.0
"""Commands: formats, range coding, semantics, errors (6.1 to 6.5)."""
from __future__ import annotations

from golden.commands import is_legal
from golden.config import PRESETS
from scenario import world as w
from scenario.world import op_devtab, op_inttab, op_pages, v1_entry

from .fact import DEV, DOM, IOVA, PAGE, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]
PREF = GENOA | 1
NAMES = {1: "COMPLETION_WAIT", 2: "INVALIDATE_DEVTAB_ENTRY", 3: "INVALIDATE_IOMMU_PAGES", 4: "INVALIDATE_IOTLB_PAGES",
         5: "INVALIDATE_INTERRUPT_TABLE", 6: "PREFETCH_IOMMU_PAGES", 7: "COMPLETE_PPR_REQUEST",
         8: "INVALIDATE_IOMMU_ALL"}
# 6.2: every defined bit, typed from the table of formats; opcode apart
DEFINED = {
    1: 7 | (1 << 49) - 1 << 3 | (1 << 64) - 1 << 64,
    2: 0xFFFF,
    3: 0xFFFFF | 0xFFFF << 32 | 7 << 64 | ((1 << 52) - 1) << 76,
    4: 0xFFFFFFFF | 0xFFFF << 32 | 0xFFF << 48 | 5 << 64 | ((1 << 52) - 1) << 76,
    5: 0xFFFF,
    6: 0xFF00FFFF | 0xFFFFF << 32 | 0x15 << 64 | ((1 << 52) - 1) << 76,
    7: 0xFFFF | 0xFFFFF << 32 | 4 << 64 | 0xFFFF << 96,
    8: 0,
}


def halts(t: Trace, command: int) -> None:
    """ILLEGAL_COMMAND_ERROR with the address of the command; the ring stops at it."""
    assert not is_legal(command, t.cfg)
    t.world.submit(command)
    t.new_records()
    t.reads(0x2000, 0)
    t.reads(0x2020, 0, 0x10)


# --- 6.1 ---

@fact("6.1", "commands run while IommuEn and CmdBufEn are set and head is not tail; head follows")
def ring_runs(t: Trace) -> None:
    t.boot()
    t.world.sync(op_devtab(DEV), op_pages(DOM))
    t.reads(0x2000, 0x30)
    t.reads(0x2020, 0x10, 0x10)


@fact("6.1", "nothing is fetched while CmdBufEn=0; setting it starts", "6.1, 2.4 bit 12")
def waits_for_enable(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    wait, where = t.world.wait_command()
    t.world.submit(wait)
    t.memory_is(where, 0)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)


@fact("6.1", "commands are not processed while IommuEn=0; setting it starts", "6.1, 2.4 bit 0")
def waits_for_iommu(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~1)
    wait, where = t.world.wait_command()
    t.world.submit(wait)
    t.memory_is(where, 0)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)


@fact("6.1", "head and tail wrap at the ring's size")
def ring_wraps(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    wait, where = t.world.wait_command()
    t.word(w.CMD_RING + 0xFF0, op_devtab(1), 16)
    t.word(w.CMD_RING, wait, 16)
    t.write(0x2000, 0xFF0, 4)
    t.write(0x2008, 0x10, 4)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)
    t.reads(0x2000, 0x10)


@fact("6.1", "a ring of length code 9 has 512 entries")
def ring_of_512(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    t.write(0x8, w.CMD_RING + 0x10_0000 | 9 << 56)
    wait, where = t.world.wait_command()
    t.word(w.CMD_RING + 0x10_0000 + 0x1FF0, wait, 16)
    t.write(0x2000, 0x1FF0, 4)
    t.write(0x2008, 0, 4)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)
    t.reads(0x2000, 0)


@fact("6.1", "pointers beyond the ring are used modulo its size", "15 D16")
def pointers_modulo(t: Trace) -> None:
    t.boot()
    wait, where = t.world.wait_command()
    t.word(w.CMD_RING, wait, 16)
    t.write(0x2008, 0x1010, 4)
    t.memory_is(where, 1)
    t.reads(0x2000, 0x10)


# --- 6.2 ---

def first_reserved(op: int, bits: tuple[int, ...]) -> None:
    for bit in bits:
        def build(t: Trace, bit: int = bit) -> None:
            t.boot()
            halts(t, op << 60 | 1 << bit)
        build.__name__ = f"reserved_op{op}_bit{bit}"
        fact("6.2", f"{NAMES[op]}: bit {bit} is reserved, the command is illegal", "6.2, 6.5", efr=PREF)(build)


first_reserved(1, (52, 59))
first_reserved(2, (16, 59, 64, 127))
first_reserved(3, (20, 31, 48, 59, 67, 75))
first_reserved(4, (65, 67, 70, 75))
first_reserved(5, (16, 59, 64, 127))
first_reserved(6, (16, 23, 52, 59, 65, 67, 69, 75))
first_reserved(7, (16, 31, 52, 59, 64, 65, 67, 95, 112, 127))
first_reserved(8, (0, 59, 64, 127))


def defined_bits(op: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        for value in (op << 60, op << 60 | DEFINED[op] & ~7 if op == 1 else op << 60 | DEFINED[op]):
            assert is_legal(value, t.cfg), hex(value)
            t.world.submit(value)
        t.reads(0x2000, 0x20)
        t.logged(0)
    build.__name__ = f"defined_op{op}"
    fact("6.2", f"{NAMES[op]}: every defined bit may be set", "6.2", efr=PREF | 1 << 54)(build)


for number in range(1, 9):
    defined_bits(number)


@fact("6.2", "the TYPE field of INVALIDATE_IOTLB_PAGES is reserved without InvIotlbTypeSup", "6.2, 13 no. 35")
def type_field(t: Trace) -> None:
    t.boot()
    halts(t, 4 << 60 | 1 << 68)


def absent(op: int, name: str, config: dict[str, int]) -> None:
    def build(t: Trace) -> None:
        t.boot()
        halts(t, op << 60)
    build.__name__ = f"absent_op{op}"
    fact("6.2", f"{NAMES.get(op, f'opcode {op:X}h')} is illegal without {name}", "6.2, 6.5", 0, False, **config)(build)


absent(6, "PreFSup", {"efr": GENOA & ~1})
absent(7, "PPRSup", {"efr": GENOA & ~2})
absent(8, "IASup", {"efr": GENOA & ~(1 << 6)})
absent(9, "vIommuSup", {"efr": GENOA & ~(1 << 55)})
absent(10, "vIommuSup", {"efr": GENOA & ~(1 << 55)})


def unknown(op: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        halts(t, op << 60)
    build.__name__ = f"unknown_op{op}"
    fact("6.2", f"opcode {op:X}h is reserved", "6.2, 6.5")(build)


for number in (0, 11, 12, 13, 14, 15):
    unknown(number)


# --- 6.3: seen through the range of INVALIDATE_IOTLB_PAGES ---

def span(name: str, text: str, addr: int, sized: bool, base: int, size: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        t.world.sync(4 << 60 | DEV | (addr | sized) << 64)
        assert t.device.atc == [(DEV, base, size, None)], t.device.atc
        t.emit(f"expect_atc_inv dev={DEV:#x} addr={base:#x} size={size:#x}")
    build.__name__ = name
    fact("6.3", text)(build)


span("one_page", "S=0: the 4 KiB page of the address", 0x1234_5000, False, 0x1234_5000, 4096)
span("s0_ones", "S=0: one bits above bit 12 mean nothing", 0x001F_F000, False, 0x001F_F000, 4096)
span("two_pages", "S=1, bit 12 is 0: 8 KiB", 0x1234_4000, True, 0x1234_4000, 8192)
span("sixteen_k", "S=1, lowest zero is bit 13: 16 KiB, base with bits 13:12 cleared", 0x1234_5000, True, 0x1234_4000,
     16384)
span("two_m", "S=1: 2 MiB at X is X | FF000h", 0x4000_0000 | 0xF_F000, True, 0x4000_0000, 2 << 20)
span("half", "S=1, lowest zero is bit 50: 2^51 bytes", 0x0003_FFFF_FFFF_F000, True, 0, 1 << 51)
span("bit_51", "S=1, lowest zero at bit 51: everything", 0x0007_FFFF_FFFF_F000, True, 0, 0)
span("everything", "7FFF_FFFF_FFFF_F000h with S=1 is everything", 0x7FFF_FFFF_FFFF_F000, True, 0, 0)
span("all_ones", "an address without a zero bit is everything", 0xFFFF_FFFF_FFFF_F000, True, 0, 0)


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


# --- 6.5 ---

@fact("6.5", "a command that cannot be fetched is COMMAND_HARDWARE_ERROR type 1 with its address, the ring stops",
      ram=0x8000_0000)
def fetch_error(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    t.write(0x8, 0x9000_0000 | w.LEN)
    t.write(0x18, t.world.control)
    t.write(0x2008, 0x10, 4)
    t.new_records()
    t.logged(1)
    t.reads(0x2020, 0, 0x10)
    t.reads(0x2000, 0)


@fact("6.5", "a store that fails is COMMAND_HARDWARE_ERROR with the address of the access", ram=0x8000_0000)
def store_error(t: Trace) -> None:
    t.boot()
    t.world.submit(1 << 60 | 0x9000_0008 | 1)
    t.new_records()
    t.logged(1)
    t.reads(0x2020, 0, 0x10)


@fact("6.5", "after an error commands behind it wait; CmdBufEn off and on goes on at the repaired command")
def restart(t: Trace) -> None:
    t.boot()
    t.world.submit(0, op_devtab(1))
    t.new_records()
    t.write(0x2008, t.world.tail, 4)
    t.reads(0x2000, 0)
    t.world.restart_commands()
    t.reads(0x2000, 0x20)


@fact("6.5", "a mere re-enable repeats the error")
def restart_unrepaired(t: Trace) -> None:
    t.boot()
    t.world.submit(0)
    t.new_records()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    t.write(0x18, t.world.control)
    t.new_records()
    t.logged(2)


@fact("6.5", "writing the control register without CmdBufEn 0 to 1 does not restart the ring")
def no_restart(t: Trace) -> None:
    t.boot()
    t.world.submit(0)
    t.new_records()
    t.word(w.CMD_RING, op_devtab(1), 16)
    t.write(0x18, t.world.control)
    t.reads(0x2000, 0)
    t.reads(0x2020, 0, 0x10)
    t.logged(1)


@fact("6.5", "legal commands before the bad one are done")
def before_the_error(t: Trace) -> None:
    t.boot()
    wait, where = t.world.wait_command()
    t.world.submit(wait, 0xF << 60)
    t.memory_is(where, 1)
    t.new_records()
    t.reads(0x2000, 0x10)
