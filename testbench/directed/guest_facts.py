# SPDX-License-Identifier: Apache-2.0
"""Guest (v2) page tables, PASIDs, nesting (5.1 to 5.4)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w
from scenario.world import v1_entry

from .fact import IOVA, PAGE, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]
NX = 1 << 63


# --- 5.1 ---

@fact("5.1", "GLX=0: one level of 512 PASIDs; a PASID beyond it faults GN=1, PR=0", control=w.GT)
def gcr3_one_level(t: Trace) -> None:
    tables = t.guest()
    tables.put(511, IOVA, 0x5_5000 | 0x67)
    t.boot()
    t.ask("read", pasid=511)
    t.ok(pa=0x5_5000)
    t.ask("read", pasid=512 + PASID)
    t.page_fault("GN US")


@fact("5.1", "GLX=1: two levels, PASID bits 17:9 and 8:0", control=w.GT)
def gcr3_two_levels(t: Trace) -> None:
    tables = t.guest()
    outer = t.world.page()
    t.word(outer + 8 * 3, tables.gcr3 | 1)
    t.dte(GV=1, GLX=1, gcr3=outer)
    t.boot()
    t.ask("write", pasid=3 << 9 | PASID)
    t.ok(pa=PAGE)
    t.ask("write", pasid=PASID)
    t.page_fault("GN US RW")


@fact("5.1", "GLX=2: three levels with a GLXSup of 2", control=w.GT, efr=GENOA & ~(3 << 14) | 2 << 14 | 0x1F << 32)
def gcr3_three_levels(t: Trace) -> None:
    tables = t.guest()
    outer, middle = t.world.page(), t.world.page()
    t.word(outer + 8, middle | 1)
    t.word(middle + 8 * 2, tables.gcr3 | 1)
    t.dte(GV=1, GLX=2, gcr3=outer)
    t.boot()
    t.ask("read", pasid=1 << 18 | 2 << 9 | PASID)
    t.ok(pa=PAGE)


@fact("5.1", "entry V=0: GN=1, PR=0 at each level", control=w.GT)
def gcr3_not_valid(t: Trace) -> None:
    tables = t.guest()
    outer = t.world.page()
    t.word(outer, tables.gcr3 | 1)
    t.word(outer + 8, tables.gcr3)
    t.word(tables.gcr3_spa + 8 * 6, tables.table(PASID, IOVA, 4)[0])
    t.dte(GV=1, GLX=1, gcr3=outer)
    t.boot()
    t.ask("read", pasid=6)
    t.page_fault("GN US")
    t.ask("exec", pasid=1 << 9 | PASID)
    t.page_fault("GN US NX")


@fact("5.1", "a PASID above PASmax faults GN=1, PR=0 although the table holds it", control=w.GT)
def pasid_above_pasmax(t: Trace) -> None:
    tables = t.guest()
    outer = t.world.page()
    t.word(outer + 8 * 128, tables.gcr3 | 1)
    t.dte(GV=1, GLX=1, gcr3=outer)
    t.boot()
    t.ask("read", pasid=1 << 16 | PASID)
    t.page_fault("GN US")


def gcr3_reserved(bit: int) -> None:
    def build(t: Trace) -> None:
        tables = t.guest()
        t.word(tables.gcr3_spa + 8 * 6, tables.table(PASID, IOVA, 4)[0] | 1 | 1 << bit)
        t.boot()
        t.ask("read", pasid=6)
        t.page_fault("GN US PR RZ")
    build.__name__ = f"gcr3_reserved_bit_{bit}"
    fact("5.1", f"bit {bit} of a GCR3 entry is reserved: PR=1, RZ=1", "5.1, 7.4", w.GT)(build)


for number in (1, 11, 52, 63):
    gcr3_reserved(number)


@fact("5.1", "the GCR3 root of a device table entry has 40 bits: [14:12], [30:15], [51:31]", "3.2", control=w.GT,
      ram=1 << 52)
def gcr3_root_bits(t: Trace) -> None:
    tables = t.guest()
    root = 0x8_4002_C000_5000
    t.word(root + 8 * PASID, tables.table(PASID, IOVA, 4)[0] | 1)
    t.dte(GV=1, gcr3=root)
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE)


@fact("5.1", "GCR3TRPMode=0: the root is an SPA, what it points to is a GPA", "5.1, 13 no. 22", w.GT)
def gcr3_root_spa(t: Trace) -> None:
    t.guest(nested=4)
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE | 0x4000_0000_0000)


@fact("5.1", "inner GCR3 pointers are GPAs", "5.1, 13 no. 22", w.GT | w.TRP)
def gcr3_inner_gpa(t: Trace) -> None:
    tables = t.guest(nested=4)
    host = tables.host
    assert host
    outer = t.world.page()
    host.put(0x5000_0000, v1_entry(outer, 0))
    t.word(outer + 8, tables.gcr3 | 1)
    t.dte(GV=1, GLX=1, gcr3=0x5000_0000, Mode=4, root=host.root)
    t.boot()
    t.ask("read", pasid=512 | PASID)
    t.ok(pa=PAGE | 0x4000_0000_0000)


# --- 5.2 ---

@fact("5.2", "GIoV PASID 0 is not sign-extended: 48 bits index a 4-level table, bits above must be 0", control=w.GT)
def giov_zero_extended(t: Trace) -> None:
    tables = t.guest(GIoV=1)
    tables.put(0, IOVA | 1 << 47, PAGE | 0x67)
    t.boot()
    t.ask("read", IOVA | 1 << 47)
    t.ok(pa=PAGE)
    for bit in (48, 63):
        t.ask("read", IOVA | 1 << 47 | 1 << bit)
        t.page_fault("GN US")


@fact("5.2", "a PASID prefix means canonical addresses: 4 levels", control=w.GT)
def canonical_4_levels(t: Trace) -> None:
    tables = t.guest()
    high = 0xFFFF_8000_0000_0000 | IOVA
    tables.put(PASID, high, 0x8_8000 | 0x67)
    t.boot()
    t.ask("read", high, PASID)
    t.ok(pa=0x8_8000)
    t.ask("read", high & ~(1 << 63), PASID)
    t.page_fault("GN US")
    t.ask("read", IOVA | 1 << 47, PASID)
    t.page_fault("GN US")


@fact("5.2", "a PASID prefix means canonical addresses: 5 levels", control=w.GT)
def canonical_5_levels(t: Trace) -> None:
    tables = t.guest(5)
    high = 0xFF00_0000_0000_0000 | IOVA
    tables.put(PASID, high, 0x8_8000 | 0x67)
    tables.put(PASID, IOVA | 1 << 47, 0x9_9000 | 0x67)
    t.boot()
    t.ask("read", high, PASID)
    t.ok(pa=0x8_8000)
    t.ask("read", IOVA | 1 << 47, PASID)
    t.ok(pa=0x9_9000)
    t.ask("read", IOVA | 1 << 56, PASID)
    t.page_fault("GN US")


@fact("5.2", "what GIoV translated does not make PASID 0 by prefix canonical", control=w.GT)
def giov_and_pasid_0(t: Trace) -> None:
    tables = t.guest(GIoV=1)
    tables.put(0, IOVA | 1 << 47, PAGE | 0x67)
    t.boot()
    t.ask("read", IOVA | 1 << 47)
    t.ok(pa=PAGE)
    t.ask("read", IOVA | 1 << 47, 0)
    t.page_fault("GN US")


# --- 5.3 ---

def guest_leaf(level: int) -> None:
    size = 4096 << 9 * (level - 1)

    def build(t: Trace) -> None:
        tables = t.guest()
        tables.put(PASID, 3 * size, 7 * size | 0x67 | (0x80 if level > 1 else 0), level)
        t.boot()
        t.ask("read", 3 * size + 0x123, PASID)
        t.ok(pa=7 * size + 0x123, size=size, len=size - 0x123)
    build.__name__ = f"leaf_level_{level}"
    fact("5.3", f"a leaf at level {level} is a page of {size >> 10} KiB", "5.3", w.GT)(build)


for number in (1, 2, 3):
    guest_leaf(number)


@fact("5.3", "bit 7 of a 4 KiB leaf is PAT, not a size", control=w.GT)
def pat_bit(t: Trace) -> None:
    t.guest(flags=0x67 | 0x80)
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE, size=4096)


@fact("5.3", "bit 12 of a large leaf is PAT", control=w.GT)
def pat_bit_large(t: Trace) -> None:
    tables = t.guest()
    tables.put(PASID, 1 << 21, 1 << 21 | 0x1000 | 0xE7, 2)
    t.boot()
    t.ask("read", 1 << 21, PASID)
    t.ok(pa=1 << 21, size=1 << 21)


@fact("5.3", "5-level tables with GuestPagingMode=1", control=w.GT)
def five_levels(t: Trace) -> None:
    tables = t.guest(5)
    tables.put(PASID, IOVA | 1 << 50, 0x6_6000 | 0x67)
    t.boot()
    t.ask("write", IOVA | 1 << 50, PASID)
    t.ok(pa=0x6_6000)


def not_present(level: int) -> None:
    def build(t: Trace) -> None:
        tables = t.guest()
        spa = tables.slot(PASID, IOVA, level)
        t.word(spa, t.device.memory.u64(spa) & ~1)
        t.boot()
        t.ask("read", pasid=PASID)
        t.page_fault("GN US")
        t.ask("exec", pasid=PASID, priv=True)
        t.page_fault("GN NX")
    build.__name__ = f"not_present_level_{level}"
    fact("5.3", f"P=0 at level {level}: GN=1, PR=0; NX is set for every execute", "5.3, 15 D2, D5", w.GT)(build)


for number in (1, 2, 3, 4):
    not_present(number)


@fact("5.3", "PS at level 4 is reserved: PR=1, RZ=1", control=w.GT)
def ps_level_4(t: Trace) -> None:
    tables = t.guest()
    tables.put(PASID, 1 << 40, 1 << 39 | 0xE7, 4)
    t.boot()
    t.ask("read", 1 << 40, PASID)
    t.page_fault("GN US PR RZ")


@fact("5.3", "low address bits of large pages are reserved: PR=1, RZ=1", control=w.GT)
def large_page_low_bits(t: Trace) -> None:
    tables = t.guest()
    for n, (level, low) in enumerate(((2, 13), (2, 20), (3, 13), (3, 29)), 2):
        tables.put(PASID, n << 30, 1 << low | 0xE7, level)
    t.boot()
    for n in range(2, 6):
        t.ask("read", n << 30, PASID)
        t.page_fault("GN US PR RZ")


@fact("5.3", "NX is reserved without NXSup: PR=1, RZ=1", control=w.GT, efr=GENOA & ~8)
def nx_absent(t: Trace) -> None:
    t.guest(flags=0x67 | NX)
    t.boot()
    t.ask("read", pasid=PASID)
    t.page_fault("GN US PR RZ")


@fact("5.3", "available and ignored bits 11:8 and 62:52 do not matter", control=w.GT)
def available_bits(t: Trace) -> None:
    t.guest(flags=0x67 | 0xF18 | 0x7FF << 52)
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE)


def guest_permission(level: int) -> None:
    def build(t: Trace) -> None:
        tables = t.guest()
        for n, drop in enumerate((2, 4, 0)):
            gva = (n + 1) << 39 | IOVA
            tables.put(PASID, gva, PAGE | 0x67)
            spa = tables.slot(PASID, gva, level)
            t.word(spa, t.device.memory.u64(spa) & ~drop | (NX if not drop else 0))
        t.boot()
        t.note("R/W=0 blocks writes, privileged ones too")
        for priv in (False, True):
            t.ask("write", 1 << 39 | IOVA, PASID, priv=priv)
            t.page_fault("GN PR PE RW" + ("" if priv else " US"))
            t.ask("read", 1 << 39 | IOVA, PASID, priv=priv)
            t.ok(pa=PAGE)
        t.note("U/S=0 blocks users")
        t.ask("read", 2 << 39 | IOVA, PASID)
        t.page_fault("GN PR PE US")
        t.ask("write", 2 << 39 | IOVA, PASID, priv=True)
        t.ok(pa=PAGE)
        t.note("NX blocks execute, privileged ones too")
        for priv in (False, True):
            t.ask("exec", 3 << 39 | IOVA, PASID, priv=priv)
            t.page_fault("GN PR PE NX" + ("" if priv else " US"))
            t.ask("read", 3 << 39 | IOVA, PASID, priv=priv)
            t.ok(pa=PAGE)
    build.__name__ = f"permission_level_{level}"
    fact("5.3", f"R/W=0, U/S=0 and NX at level {level}", "5.3, 7.4, 13 no. 24", w.GT)(build)


for number in (1, 2, 4):
    guest_permission(number)


@fact("5.3", "what a privileged request may use a user request may not, cached or not", control=w.GT)
def user_after_privileged(t: Trace) -> None:
    t.guest(flags=0x63)
    t.boot()
    t.ask("read", pasid=PASID, priv=True)
    t.ok(pa=PAGE)
    t.ask("read", pasid=PASID)
    t.page_fault("GN US PR PE")


@fact("5.3", "without USSup every request is a user request", control=w.GT, efr=GENOA & ~(1 << 37))
def no_privilege(t: Trace) -> None:
    tables = t.guest(flags=0x63)
    t.boot()
    t.hand(f"dma dev=0x100 addr={IOVA:#x} len=0x8 op=read pasid=0x5 priv=1",
           "fault kind=IO_PAGE_FAULT reply=abort flags=GN+PE+PR+US")
    assert tables


@fact("5.3", "the walk goes to its end before permissions of all levels count", "15 D17", w.GT)
def permission_at_end(t: Trace) -> None:
    tables = t.guest()
    spa = tables.slot(PASID, IOVA, 4)
    t.word(spa, t.device.memory.u64(spa) & ~2)
    t.boot()
    t.ask("write", 0x9000, PASID)
    t.page_fault("GN US RW")
    t.ask("write", IOVA, PASID)
    t.page_fault("GN US RW PR PE")


@fact("5.3", "A is set in every entry used, D in the leaf on writes", control=w.GT)
def accessed_dirty(t: Trace) -> None:
    tables = t.guest(flags=7)
    t.boot()
    t.ask("read", pasid=PASID)
    t.memory_is(tables.slot(PASID, IOVA), PAGE | 0x27)
    t.memory_is(tables.slot(PASID, IOVA, 4), tables.table(PASID, IOVA, 3)[1] | 0x27)
    t.ask("write", pasid=PASID)
    t.memory_is(tables.slot(PASID, IOVA), PAGE | 0x67)
    t.memory_is(tables.slot(PASID, IOVA, 2), tables.table(PASID, IOVA, 1)[1] | 0x27)


@fact("5.3", "GAUpdateDis: no A updates; D is still set", "2.4 bit 54", w.GT | 1 << 54, efr=GENOA | 1 << 61)
def a_update_disabled(t: Trace) -> None:
    tables = t.guest(flags=7)
    t.boot()
    t.ask("write", pasid=PASID)
    t.memory_is(tables.slot(PASID, IOVA, 2), tables.table(PASID, IOVA, 1)[1] | 7)
    t.memory_is(tables.slot(PASID, IOVA), PAGE | 0x47)


@fact("5.3", "GDUpdateDis: no D updates; A is still set", "2.4 bit 48", w.GT | 1 << 48)
def d_update_disabled(t: Trace) -> None:
    tables = t.guest(flags=7)
    t.boot()
    t.ask("write", pasid=PASID)
    t.memory_is(tables.slot(PASID, IOVA), PAGE | 0x27)


@fact("5.3", "a guest table that cannot be read is PAGE_TAB_HARDWARE_ERROR GN=1", control=w.GT, ram=0x8000_0000)
def unreadable_table(t: Trace) -> None:
    tables = t.guest()
    t.word(tables.slot(PASID, IOVA, 2), 0x9000_0000 | 7)
    t.boot()
    t.ask("read", pasid=PASID)
    t.fault("PAGE_TAB_HARDWARE_ERROR", "GN T1")
