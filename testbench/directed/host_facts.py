# SPDX-License-Identifier: Apache-2.0
"""Host (v1) page tables: walk, size coding, attributes (4.3, 4.4, 4.5)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario.world import HostTable, v1_entry

from .fact import IOVA, PAGE, Trace, fact

GENOA = PRESETS["genoa"][0]


# --- 4.3 ---

def mode_works(mode: int) -> None:
    def build(t: Trace) -> None:
        table = t.host(mode)
        top = 1 << (11 + 9 * mode) if mode < 6 else 1 << 63
        table.put(top, v1_entry(PAGE + 0x1000, 0))
        t.boot()
        t.ask("read", IOVA + 0x123)
        t.ok(pa=PAGE + 0x123, size=4096, len=4096 - 0x123)
        t.ask("write", top | 8)
        t.ok(pa=PAGE + 0x1008)
    build.__name__ = f"mode_{mode}"
    fact("4.3", f"a Mode {mode} table is walked from level {mode} to a 4 KiB page", "4.1, 4.3")(build)


for number in range(1, 7):
    mode_works(number)


def width(mode: int) -> None:
    def build(t: Trace) -> None:
        t.host(mode)
        t.boot()
        t.ask("read", 1 << (12 + 9 * mode))
        t.page_fault("PR")
        t.ask("write", IOVA | 1 << 63)
        t.page_fault("PR RW")
    build.__name__ = f"width_of_mode_{mode}"
    fact("4.3", f"IOVA bits above the width of Mode {mode} fault: PR=1, RZ=0, PE=0", "4.1, 7.4, 13 no. 40")(build)


for number in (1, 3, 5):
    width(number)


@fact("4.3", "step 1: DTE.IR/IW come before the width of Mode", "4.3, 15 D8")
def permission_before_width(t: Trace) -> None:
    t.host(2, IR=0)
    t.boot()
    t.ask("read", 1 << 40)
    t.page_fault("PR PE")


@fact("4.3", "step 2: an entry that cannot be read is PAGE_TAB_HARDWARE_ERROR, address of the entry",
      ram=0x8000_0000)
def unreadable_entry(t: Trace) -> None:
    table = t.host()
    t.word(table.slot(IOVA, 2), v1_entry(0x9000_0000, 1))
    t.boot()
    t.ask("write")
    t.fault("PAGE_TAB_HARDWARE_ERROR", "RW T1")


@fact("4.3", "step 3: PR=0 faults with PR=0 at each level")
def not_present(t: Trace) -> None:
    table = t.host(4)
    for level in (2, 3, 4):
        t.word(table.slot(level << 12 + 9 * (level - 1), level), v1_entry(PAGE, level - 1) & ~1)
    t.boot()
    t.ask("write", 0x9000)
    t.page_fault("RW")
    for level in (2, 3, 4):
        t.ask("read", level << 12 + 9 * (level - 1))
        t.page_fault("")


@fact("4.3", "step 4: NextLevel not below the level faults PR=1, RZ=0")
def next_level_not_below(t: Trace) -> None:
    table = t.host(3)
    t.word(table.slot(IOVA, 2), v1_entry(PAGE, 2))
    t.word(table.slot(1 << 30, 3), v1_entry(PAGE, 5))
    t.boot()
    t.ask("read")
    t.page_fault("PR")
    t.ask("read", 1 << 30)
    t.page_fault("PR")


@fact("4.3", "step 4: at level 1 only NextLevel 0 or 7 is legal", "4.3, 15 D9")
def next_level_at_level_1(t: Trace) -> None:
    table = t.host(1)
    table.put(0x1000, v1_entry(PAGE, 1))
    table.put(0x2000, v1_entry(PAGE, 6))
    t.boot()
    t.ask("read", 0x1000)
    t.page_fault("PR")
    t.ask("read", 0x2000)
    t.page_fault("PR")


@fact("4.3", "step 5: a directory may skip levels when the skipped address bits are 0, else PR=1, RZ=0")
def skipped_levels(t: Trace) -> None:
    table, world = t.host(4), t.world
    below = HostTable(world, 1)
    below.put(IOVA, v1_entry(PAGE + 0x1000, 0))
    t.word(table.slot(1 << 39, 4), v1_entry(below.root, 1))
    t.boot()
    t.ask("read", 1 << 39 | IOVA)
    t.ok(pa=PAGE + 0x1000, size=4096)
    for bit in (21, 29, 30, 38):
        t.ask("read", 1 << 39 | 1 << bit | IOVA)
        t.page_fault("PR")


@fact("4.3", "step 5: one skipped level")
def skipped_level(t: Trace) -> None:
    table, world = t.host(3), t.world
    below = HostTable(world, 1)
    below.put(IOVA, v1_entry(PAGE + 0x1000, 0))
    t.word(table.slot(1 << 30, 3), v1_entry(below.root, 1))
    t.boot()
    t.ask("read", 1 << 30 | IOVA)
    t.ok(pa=PAGE + 0x1000)
    for bit in (21, 29):
        t.ask("read", 1 << 30 | 1 << bit | IOVA)
        t.page_fault("PR")


def reserved(bit: int, leaf: bool) -> None:
    def build(t: Trace) -> None:
        table = t.host(3)
        if leaf:
            table.put(IOVA, v1_entry(PAGE, 0, extra=1 << bit))
        else:
            slot = table.slot(IOVA, 2)
            t.word(slot, t.device.memory.u64(slot) | 1 << bit)
        t.boot()
        t.ask("write")
        t.page_fault("PR RZ RW")
    kind = "leaf" if leaf else "directory"
    build.__name__ = f"reserved_bit_{bit}_{kind}"
    fact("4.3", f"step 6: bit {bit} of a {kind} is reserved: PR=1, RZ=1", "4.2, 4.3")(build)


for number in (52, 56):
    reserved(number, True)
for number in (52, 57, 58, 59, 60):
    reserved(number, False)


@fact("4.3", "step 6: bits 58:57 of a leaf are reserved without TMPMSup", "4.2", preset="rome")
def page_migration_absent(t: Trace) -> None:
    table = t.host()
    table.put(IOVA, v1_entry(PAGE, 0, extra=1 << 57))
    t.boot()
    t.ask("read")
    t.page_fault("PR RZ")


@fact("4.3", "step 6: bits 58:57 of a leaf are page-migration control with TMPMSup", "4.2")
def page_migration(t: Trace) -> None:
    table = t.host()
    table.put(IOVA, v1_entry(PAGE, 0, extra=3 << 57))
    t.boot()
    t.ask("read")
    t.ok(pa=PAGE)


@fact("4.3", "bits 4:1, 8:7 and 63 of every entry are ignored, bits 59 and 60 of a leaf are attributes", "4.2")
def ignored_bits(t: Trace) -> None:
    table = t.host()
    table.put(IOVA, v1_entry(PAGE, 0, extra=0x19E | 1 << 63 | 3 << 59))
    slot = table.slot(IOVA, 2)
    t.word(slot, t.device.memory.u64(slot) | 0x1FE & ~0x20 | 1 << 63)
    t.boot()
    t.ask("read")
    t.ok(pa=PAGE)


@fact("4.3", "reserved bits are judged before level and size, and those before permission", "15 D8, D19")
def order_inside_entry(t: Trace) -> None:
    table = t.host()
    table.put(IOVA, v1_entry(0xFF000, 7, True, True, 1 << 55))
    table.put(0x8000, v1_entry(0x1FFFF000, 7, False, False))
    t.boot()
    t.ask("read")
    t.page_fault("PR RZ")
    t.ask("read", 0x8000)
    t.page_fault("PR")


def permission(level: int) -> None:
    def build(t: Trace) -> None:
        table = t.host(3)
        for iova, read, write in ((IOVA, False, True), (IOVA | 1 << 30, True, False)):
            table.put(iova, v1_entry(PAGE, 0))
            slot = table.slot(iova, level)
            t.word(slot, t.device.memory.u64(slot) & ~(3 << 61) | read << 61 | write << 62)
        t.boot()
        t.ask("read")
        t.page_fault("PR PE")
        t.ask("exec")
        t.page_fault("PR PE")
        t.ask("write")
        t.ok(pa=PAGE)
        t.ask("write", IOVA | 1 << 30)
        t.page_fault("PR PE RW")
        t.ask("atomic", IOVA | 1 << 30)
        t.page_fault("PR PE RW")
        t.ask("exec", IOVA | 1 << 30)
        t.ok(pa=PAGE)
    build.__name__ = f"permission_level_{level}"
    fact("4.3", f"step 7: IR or IW missing at level {level} faults PR=1, PE=1")(build)


for number in (1, 2, 3):
    permission(number)


@fact("4.3", "step 7: a permission missing in a directory is reported before what is wrong below it")
def permission_before_below(t: Trace) -> None:
    table = t.host()
    slot = table.slot(0x9000, 2)
    t.word(slot, t.device.memory.u64(slot) & ~(1 << 62))
    t.boot()
    t.ask("write", 0x9000)
    t.page_fault("PR PE RW")
    t.ask("read", 0x9000)
    t.page_fault("")


@fact("4.3", "step 8: a leaf at level 6 faults PR=1, RZ=0")
def leaf_at_level_6(t: Trace) -> None:
    table = t.host(6)
    t.word(table.slot(1 << 57, 6), v1_entry(0, 0))
    t.word(table.slot(2 << 57, 6), v1_entry(0x7F_FFFF_F000, 7))
    t.boot()
    t.ask("read", 1 << 57)
    t.page_fault("PR")
    t.ask("read", 2 << 57)
    t.page_fault("PR")


def natural(level: int) -> None:
    size = 4096 << 9 * (level - 1)
    page = 5 << (12 + 9 * (level - 1)) & (1 << 52) - 1 if level < 5 else 1 << 48

    def build(t: Trace) -> None:
        mode = max(level, 2)
        table = t.host(mode)
        iova = size if level < mode else 3 * size
        table.put(iova, v1_entry(page, 0), level)
        t.boot()
        t.ask("read", iova + 0x234)
        t.ok(pa=page + 0x234, size=size, len=size - 0x234)
        t.ask("write", iova + size - 8)
        t.ok(pa=page + size - 8)
    build.__name__ = f"natural_page_level_{level}"
    fact("4.3", f"step 8: a leaf with NextLevel 0 at level {level} is a page of {size >> 10} KiB", "4.1, 13 no. 14",
         ram=1 << 52)(build)


for number in range(1, 6):
    natural(number)


@fact("4.3", "a request that crosses pages is checked page by page; the address is the first byte in the bad page",
      "4.3 last line, 15 D11")
def crossing(t: Trace) -> None:
    table = t.host()
    table.put(IOVA + 0x1000, v1_entry(0x11_1000, 0, True, False))
    t.boot()
    t.ask("read", IOVA + 0xFF8, length=16)
    t.ok(pa=PAGE + 0xFF8)
    t.ask("write", IOVA + 0xFF8, length=16)
    t.page_fault("PR PE RW")
    assert t.last and t.last.fault and t.last.fault.addr == IOVA + 0x1000
    t.ask("read", IOVA + 0x1FF8, length=16)
    t.page_fault("")


@fact("4.3", "execute needs IR and nothing else; an atomic needs IR and IW and reports RW=1", "4.3, 5.4")
def execute_and_atomic(t: Trace) -> None:
    table = t.host()
    table.put(IOVA, v1_entry(PAGE, 0, True, False))
    table.put(0x8000, v1_entry(PAGE, 0, False, True))
    t.boot()
    t.ask("exec")
    t.ok(pa=PAGE)
    t.ask("atomic")
    t.page_fault("PR PE RW")
    t.ask("exec", 0x8000)
    t.page_fault("PR PE")


# --- 4.4 ---

def coded(level: int, size: int, name: str) -> None:
    code = (size >> 1) - 1 & ~0xFFF
    page = size * 3 & (1 << 52) - 1

    def build(t: Trace) -> None:
        mode = level + 1
        table = t.host(mode)
        copies = size >> (12 + 9 * (level - 1))
        table.put(size, v1_entry(page | code, 7), level, copies)
        t.boot()
        for offset in (0, size // 2 + 0x123, size - 8):
            t.ask("read", size + offset)
            t.ok(pa=page + offset, size=size, len=size - offset)
    build.__name__ = f"size_{name.lower()}_level_{level}"
    fact("4.4", f"NextLevel 7 at level {level}: {name} pages", ram=1 << 52)(build)


for number, bytes_, label in ((1, 8 << 10, "8K"), (1, 16 << 10, "16K"), (1, 64 << 10, "64K"), (1, 1 << 20, "1M"),
                              (2, 4 << 20, "4M"), (2, 512 << 20, "512M"), (3, 2 << 30, "2G"), (3, 256 << 30, "256G"),
                              (4, 1 << 40, "1T"), (4, 128 << 40, "128T")):
    coded(number, bytes_, label)


def bad_size(level: int, code: int, name: str) -> None:
    def build(t: Trace) -> None:
        table = t.host(max(level + 1, 3))
        table.put(1 << (12 + 9 * level - 1), v1_entry(code, 7), level)
        t.boot()
        t.ask("write", 1 << (12 + 9 * level - 1))
        t.page_fault("PR RW")
    build.__name__ = f"bad_size_{name}_level_{level}"
    fact("4.4", f"NextLevel 7 at level {level} naming {name.replace('_', ' ')}: PR=1, RZ=0")(build)


for number, bits_, label in ((1, 0xFF000, "2M"), (1, 0x1FF000, "4M"), (2, 0, "8K"), (2, 0x7F000, "1M"),
                             (2, 0xFF000, "2M"), (2, 0x1FFFF000, "1G"), (3, 0x1FFFF000, "1G"),
                             (3, 0x3F_FFFF_F000, "512G"), (4, 0x3F_FFFF_F000, "512G"),
                             (1, 0xF_FFFF_FFFF_F000, "no_zero_bit"), (4, 0xF_FFFF_FFFF_F000, "no_zero_bit")):
    bad_size(number, bits_, label)


# --- 4.5 ---

@fact("4.5", "HAD=0: nothing is written")
def had_0(t: Trace) -> None:
    table = t.host()
    t.boot()
    t.ask("write")
    t.memory_is(table.slot(IOVA), v1_entry(PAGE, 0))


@fact("4.5", "HAD=1: A is set in each entry used, D never", "4.5, 15 D13")
def had_1(t: Trace) -> None:
    table = t.host(HAD=1)
    t.boot()
    t.ask("write")
    t.memory_is(table.slot(IOVA), v1_entry(PAGE, 0) | 0x20)
    for level in (2, 3):
        t.memory_is(table.slot(IOVA, level), v1_entry(table.table(IOVA, level - 1), level - 1) | 0x20)


@fact("4.5", "HAD=3: a read sets A, a write also D in the leaf only")
def had_3(t: Trace) -> None:
    table = t.host(HAD=3)
    t.boot()
    t.ask("read")
    t.memory_is(table.slot(IOVA), v1_entry(PAGE, 0) | 0x20)
    t.ask("write")
    t.memory_is(table.slot(IOVA), v1_entry(PAGE, 0) | 0x60)
    t.memory_is(table.slot(IOVA, 2), v1_entry(table.table(IOVA, 1), 1) | 0x20)


@fact("4.5", "an atomic and a translation request that grants write set D; one with the no-write flag does not",
      "4.5, 9.2")
def had_3_kinds(t: Trace) -> None:
    table = t.host(HAD=3, I=1)
    for page in (0x8000, 0x9000):
        table.put(page, v1_entry(PAGE, 0))
    t.boot()
    t.ask("atomic")
    t.memory_is(table.slot(IOVA), v1_entry(PAGE, 0) | 0x60)
    t.translate(0x8000)
    t.ok(perm="rw")
    t.memory_is(table.slot(0x8000), v1_entry(PAGE, 0) | 0x60)
    t.translate(0x9000, no_write=True)
    t.memory_is(table.slot(0x9000), v1_entry(PAGE, 0) | 0x20)


@fact("4.5", "a denied write sets no D")
def had_3_denied(t: Trace) -> None:
    table = t.host(HAD=3)
    table.put(IOVA, v1_entry(PAGE, 0, True, False))
    t.boot()
    t.ask("write")
    t.page_fault("PR PE RW")
    t.memory_is(table.slot(IOVA) + 7, 0x20, 1)


@fact("4.5", "a cached translation with D=0 is walked again on the first write")
def dirty_after_read(t: Trace) -> None:
    table = t.host(HAD=3)
    t.boot()
    t.ask("read")
    t.ask("read")
    t.ask("write")
    t.memory_is(table.slot(IOVA), v1_entry(PAGE, 0) | 0x60)


@fact("4.5", "replicas of a size-coded page: A and D only in the one that was read", "4.4 last paragraph")
def replicas(t: Trace) -> None:
    table = t.host(HAD=3)
    table.put(0x8000, v1_entry(0x8_0000, 7), copies=2)
    t.boot()
    t.ask("write", 0x9000)
    t.memory_is(table.slot(0x8000), v1_entry(0x8_0000, 7))
    t.memory_is(table.slot(0x9000), v1_entry(0x8_0000, 7) | 0x60)
