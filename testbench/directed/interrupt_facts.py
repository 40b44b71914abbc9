# SPDX-License-Identifier: Apache-2.0
"""Interrupt remapping (8.1 to 8.6)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w

from .fact import DEV, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]
TABLE = 0x60_0000
MSI = 0xFEE0_0000
FIXED, ARBITRATED, SMI, NMI, INIT, EXTINT = 0, 1, 2, 4, 5, 7


def remapped(t: Trace, value: int, index: int = 3, size: int = 4, **fields: int) -> None:
    t.dte(**{"IV": 1, "IntCtl": 2, "IntTabLen": 4, "int_root": TABLE} | fields)
    t.word(TABLE + size * index, value, size)


def basic(vector: int = 0x55, dest: int = 0x12, **bits: int) -> int:
    place = {"remap": 0, "sup": 1, "type": 2, "eoi": 5, "dm": 6, "guest": 7}
    return sum(value << place[name] for name, value in ({"remap": 1} | bits).items()) | dest << 8 | vector << 16


def wide(vector: int = 0x55, dest: int = 0x12, **bits: int) -> int:
    return basic(0, 0, **bits) | (dest & 0xFFFFFF) << 8 | dest >> 24 << 120 | vector << 64


# --- 8.1 ---

@fact("8.1", "an aligned 4-byte write to FEE0_0000h-FEEF_FFFFh is an interrupt; beside the range it is memory")
def range_ends(t: Trace) -> None:
    t.dte(IV=1, IntCtl=1)
    t.boot()
    t.hand("dma dev=0x100 addr=0xfee00000 len=0x4 op=write data=41000000", "ok pa=0xfee00000",
           "dma dev=0x100 addr=0xfeeffffc len=0x4 op=write data=41000000", "ok pa=0xfeeffffc")
    for addr in (0xFEDF_FFFC, 0xFEF0_0000, 0x1_FEE0_0000):
        t.ask("write", addr, length=4)
        t.ok(pa=addr)


@fact("8.1", "reads and atomics in the range are INVALID_DEVICE_REQUEST type 0", "8.1, 7.3")
def range_reads(t: Trace) -> None:
    t.dte()
    t.boot()
    for op in ("read", "atomic", "exec"):
        for addr in (MSI, MSI | 0xFFFFC):
            t.ask(op, addr, length=4)
            t.fault("INVALID_DEVICE_REQUEST", "", "abort")


@fact("8.1", "writes of other sizes or alignment are INVALID_DEVICE_REQUEST type 4", "8.1, 7.3")
def range_odd_writes(t: Trace) -> None:
    t.dte()
    t.boot()
    for addr, length in ((MSI, 8), (MSI, 2), (MSI + 2, 4)):
        t.ask("write", addr, length=length)
        t.fault("INVALID_DEVICE_REQUEST", "T4", "drop")


@fact("8.1", "these ranges never go through the page tables")
def range_not_translated(t: Trace) -> None:
    table = t.host(4)
    table.put(MSI, w.v1_entry(0x5_5000, 0))
    t.boot()
    t.ask("read", MSI)
    t.fault("INVALID_DEVICE_REQUEST", "")


@fact("8.1", "a request that runs from a large page into the range is refused as the range says", "8.1, 15 D11")
def range_inside_a_page(t: Trace) -> None:
    t.host(4).put(0xC000_0000, w.v1_entry(0x4000_0000, 0), 3)
    t.boot()
    t.ask("read", MSI - 0x1000, length=0x1000)
    t.ok(pa=0x7EDF_F000)
    t.ask("read", MSI - 0x1000, length=0x2000)
    t.fault("INVALID_DEVICE_REQUEST", "", "abort")
    t.ask("write", MSI - 8, length=16)
    t.fault("INVALID_DEVICE_REQUEST", "T4", "drop")
    t.ask("write", 0xFEF0_0000, length=0x1000)
    t.ok(pa=0x7EF0_0000)


@fact("8.1", "an interrupt with PASID is IO_PAGE_FAULT I=1 with the DomainID and the MSI address", "8.1, 8.5")
def interrupt_with_pasid(t: Trace) -> None:
    t.dte()
    t.boot()
    t.hand("dma dev=0x100 addr=0xfee01000 len=0x4 op=write pasid=0x5", "fault kind=IO_PAGE_FAULT reply=drop flags=I",
           "expect_event log=host index=0 kind=IO_PAGE_FAULT dev=0x100 dom=0x21 addr=0xfee01000 flags=I")


@fact("8.1", "a write with PASID that is no interrupt is INVALID_DEVICE_REQUEST type 4", "8.1, 7.3")
def odd_write_with_pasid(t: Trace) -> None:
    t.dte()
    t.boot()
    t.ask("write", 0xFEE0_1000, PASID)
    t.fault("INVALID_DEVICE_REQUEST", "GN US T4", "drop")


def special(name: str, text: str, addr: int, answers: tuple[str, ...], field: str) -> None:
    """One device for each value of the field; answers by hand: the golden model has these ranges as memory."""
    def build(t: Trace) -> None:
        for value in range(len(answers)):
            table = t.host(4, 0x100 + value, **({field: value} if field else {}))
            table.put(addr & ~0xFFF, w.v1_entry(0x5_5000, 0))
        t.boot()
        for value, answer in enumerate(answers):
            t.hand(f"dma dev={0x100 + value:#x} addr={addr:#x} len=8 op=read", answer)
    build.__name__ = name
    fact("8.1", text, "8.1, 3.2, 7.3")(build)


INVALID = "fault kind=INVALID_DEVICE_REQUEST reply=abort flags=T"
special("port_io", "IoCtl rules FD_FC00_0000h-FD_FDFF_FFFFh: abort, forward, translate, illegal", 0xFD_FC00_0060,
        (INVALID + "2", "ok pa=0xfdfc000060", "ok pa=0x55060",
         "fault kind=ILLEGAL_DEV_TABLE_ENTRY reply=abort flags=RZ"), "IoCtl")
special("system_management", "SysMgt rules FD_F910_0000h-FD_F91F_FFFFh: abort, forward, INTx only, translate",
        0xFD_F910_0008, (INVALID + "3", "ok pa=0xfdf9100008", INVALID + "3", "ok pa=0x55008"), "SysMgt")
special("reserved_interrupts", "FD_0000_0000h-FD_F7FF_FFFFh is reserved interrupt space: type 5", 0xFD_0000_0000,
        (INVALID + "5",), "")
special("reserved_interrupts_end", "FD_F7FF_FFFFh is the end of it", 0xFD_F7FF_FFF8, (INVALID + "5",), "")
special("ht_interrupts", "FD_F800_0000h-FD_F8FF_FFFFh is the HT interrupt range: type 4", 0xFD_F800_0000,
        (INVALID + "4",), "")
special("ht_ordinary", "above the interrupt and control ranges the HT block is translated", 0xFF_FFFF_F000,
        ("ok pa=0x55000",), "")


@fact("8.1", "EFR2.HTRangeIgnore: the whole block is ordinary address space", "8.1, 2.6", efr2=0x1D | 1 << 11)
def ht_range_ignored(t: Trace) -> None:
    table = t.host(4)
    table.put(0xFD_0000_0000, w.v1_entry(0x5_5000, 0))
    table.put(0xFD_FC00_0000, w.v1_entry(0x6_6000, 0))
    t.boot()
    t.ask("read", 0xFD_0000_0000)
    t.ok(pa=0x5_5000)
    t.ask("read", 0xFD_FC00_0000)
    t.ok(pa=0x6_6000)


# --- 8.2 ---

@fact("8.2", "step 1: IV=0 forwards unchanged")
def iv0(t: Trace) -> None:
    t.dte()
    t.boot()
    t.msi(0xC341, MSI | 0x3400C)
    t.ok(addr=MSI | 0x3400C, data=0xC341, vector=0x41, dest=0x34, mode=1, type=3)


def pass_bit(name: str, kind: int, field: str) -> None:
    def build(t: Trace) -> None:
        t.dte(IV=1, IntCtl=2, IntTabLen=0)
        t.dte(0x101, IV=1, IntCtl=0, **{field: 1})
        t.boot()
        t.msi(kind << 8 | 0x41)
        t.fault(None, reply="drop")
        t.msi(kind << 8 | 0x41, dev=0x101)
        t.ok(vector=0x41, type=kind)
        t.note("DM must be 0")
        t.msi(kind << 8 | 0x41, MSI | 4, dev=0x101)
        t.fault(None)
        t.logged(0)
    build.__name__ = f"{name.lower()}_pass"
    fact("8.2", f"step 3: {name} goes by {field} whatever IntCtl says; denied without event", "8.2, 13 no. 33")(build)


pass_bit("NMI", NMI, "NMIPass")
pass_bit("INIT", INIT, "InitPass")
pass_bit("ExtInt", EXTINT, "EIntPass")


@fact("8.2", "step 3: delivery types 3 and 6 abort without event")
def types_3_and_6(t: Trace) -> None:
    t.dte(IV=1, IntCtl=1, NMIPass=1, InitPass=1, EIntPass=1)
    t.boot()
    for kind in (3, 6):
        t.msi(kind << 8 | 0x41)
        t.fault(None)
    t.logged(0)


def int_ctl(value: int, text: str) -> None:
    def build(t: Trace) -> None:
        remapped(t, basic(), IntCtl=value)
        t.boot()
        for kind in (FIXED, ARBITRATED):
            t.msi(kind << 8 | 3)
            if value == 0:
                t.fault(None, reply="drop")
            elif value == 1:
                t.ok(vector=3, type=kind)
        t.logged(0)
    build.__name__ = f"int_ctl_{value}"
    fact("8.2", f"step 5: IntCtl={value} {text}", "8.2, 13 no. 34")(build)


int_ctl(0, "aborts without event")
int_ctl(1, "forwards unchanged")


@fact("8.2", "step 5: IntCtl=2 remaps by data[10:0]; both delivery types share one table")
def index(t: Trace) -> None:
    remapped(t, basic(), 0x141, IntTabLen=9)
    t.boot()
    t.msi(0x141)
    t.ok(vector=0x55, dest=0x12)
    t.word(TABLE + 4 * 0x41, basic(0x66), 4)
    t.msi(0x41)
    t.ok(vector=0x66)


@fact("8.2", "an index of 2^IntTabLen or more is IO_PAGE_FAULT I=1, PR=0 with DomainID and MSI address")
def index_outside(t: Trace) -> None:
    remapped(t, basic(), 15)
    t.word(TABLE + 4 * 16, basic(0x66), 4)
    t.boot()
    t.msi(15)
    t.ok(vector=0x55)
    t.msi(16, MSI | 0x12004)
    t.page_fault("I")


@fact("8.2", "IntTabLen=0 is a table of one entry")
def one_entry(t: Trace) -> None:
    remapped(t, basic(), 0, IntTabLen=0)
    t.boot()
    t.msi(0)
    t.ok(vector=0x55)
    t.msi(1)
    t.page_fault("I")


@fact("8.2", "2048 mode: a message with DM=1 is remapped by data[10:0] whatever data[10:8] is", "8.2, 2.4 bits 44:43",
      w.GA | 1 << 43, preset="turin")
def index_2048(t: Trace) -> None:
    remapped(t, wide(0x77), 0x641, 16, IntTabLen=11)
    t.boot()
    t.msi(0x641, MSI | 4)
    t.ok(vector=0x77)
    t.note("DM=0 keeps the meaning of data[10:8]")
    t.msi(0x641, MSI)
    t.fault(None)


@fact("8.2", "512 mode: a message with DM=1 has delivery types", "8.2", w.GA, preset="turin")
def index_512(t: Trace) -> None:
    remapped(t, wide(0x77), 0x641, 16, IntTabLen=11)
    t.boot()
    t.msi(0x641, MSI | 4)
    t.fault(None)


@fact("8.2", "NumIntRemapMode does not stick without NumIntRemapSup", "2.4 bits 44:43, 13 no. 5")
def mode_2048_absent(t: Trace) -> None:
    t.write(0x18, 1 << 10 | 1 << 43)
    t.reads(0x18, 0, 3 << 43)


# --- 8.3 ---

@fact("8.3", "32-bit entry: destination 15:8, vector 23:16, DM 6, IntType 4:2", "8.3, 8.4")
def entry_32(t: Trace) -> None:
    remapped(t, basic(0xA7, 0x5C, dm=1, type=1))
    t.boot()
    t.msi(3)
    t.ok(vector=0xA7, dest=0x5C, mode=1, type=1)


@fact("8.3", "128-bit entry with XTEn=0: destination 15:8, the upper destination bits do not count", "8.3", w.GA)
def entry_128(t: Trace) -> None:
    remapped(t, wide(0xA7, 0xAB12345C, dm=1), size=16)
    t.boot()
    t.msi(3)
    t.ok(vector=0xA7, dest=0x5C, mode=1, type=0)


@fact("8.3", "128-bit entry with XTEn=1: 32-bit destination in 31:8 and 127:120", "8.3, 8.4", w.GA | w.XT)
def entry_x2apic(t: Trace) -> None:
    remapped(t, wide(0xA7, 0xAB12345C), size=16)
    t.boot()
    t.msi(3)
    t.ok(vector=0xA7, dest=0xAB12345C)


def irte_reserved(bit: int, ga: bool) -> None:
    def build(t: Trace) -> None:
        remapped(t, (wide() if ga else basic()) | 1 << bit, size=16 if ga else 4)
        t.boot()
        t.msi(3)
        t.page_fault("I PR RZ")
    build.__name__ = f"reserved_bit_{bit}_{'128' if ga else '32'}"
    fact("8.3", f"bit {bit} of a {128 if ga else 32}-bit entry is reserved: IO_PAGE_FAULT I=1, PR=1, RZ=1",
         "8.3, 8.5", w.GA if ga else 0)(build)


for number, form in ((24, False), (31, False), (32, True), (63, True), (72, True), (119, True)):
    irte_reserved(number, form)


@fact("8.3", "IntType 2 to 7 is illegal: PR=1, RZ=1", "8.3, 8.5")
def int_type(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=TABLE)
    for kind in range(8):
        t.word(TABLE + 4 * kind, basic(0x50 + kind, type=kind), 4)
    t.boot()
    for kind in range(8):
        t.msi(kind)
        if kind < 2:
            t.ok(vector=0x50 + kind, type=kind)
        else:
            t.page_fault("I PR RZ")


@fact("8.3", "IntType 2 to 7 is illegal in a 128-bit entry too", "8.3, 8.5", w.GA)
def int_type_128(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=TABLE)
    for kind in range(8):
        t.word(TABLE + 16 * kind, wide(0x50 + kind, type=kind), 16)
    t.boot()
    for kind in range(8):
        t.msi(kind)
        if kind < 2:
            t.ok(vector=0x50 + kind, type=kind)
        else:
            t.page_fault("I PR RZ")


# --- 8.4 ---

@fact("8.4", "RH, level and trigger stay as the device sent them; DM comes from the entry")
def kept_bits(t: Trace) -> None:
    remapped(t, basic(0x55, 0x12, dm=1))
    t.boot()
    t.msi(0xC003, MSI | 0xFF008)
    t.ok(addr=MSI | 0x1200C, data=0xC055, vector=0x55)


@fact("8.4", "xAPIC: address FEE0_0000h | destination << 12 | DM << 2; the source's destination is dropped")
def xapic_address(t: Trace) -> None:
    remapped(t, basic(0x55, 0x12))
    t.boot()
    t.msi(3, MSI | 0xFF004)
    t.ok(addr=MSI | 0x12000, data=0x55, mode=0)


@fact("8.4", "XTEn: destination 31:8 in the upper address half", control=w.GA | w.XT)
def x2apic_address(t: Trace) -> None:
    remapped(t, wide(0x55, 0x0012_3456), size=16)
    t.boot()
    t.msi(3)
    t.ok(addr=0x1234 << 40 | MSI | 0x56000)


@fact("8.4", "ForcePhyDestSup=1 has no effect by default (13 no. 31)", efr=GENOA | 1 << 62)
def forced_physical(t: Trace) -> None:
    remapped(t, basic(dm=1))
    t.boot()
    t.msi(3)
    t.ok(addr=MSI | 0x12004, mode=1)


@fact("8.4", "ForcePhyDestSup=1 by choice: DM is treated as physical",
      **{"efr": GENOA | 1 << 62, "int.force_physical": "on"})
def forced_physical_choice(t: Trace) -> None:
    remapped(t, basic(dm=1))
    t.boot()
    t.hand(f"int dev={DEV:#x} addr={MSI:#x} data=3", f"ok addr={MSI | 0x12000:#x} mode=0")


# --- 8.5 ---

@fact("8.5", "RemapEn=0: IO_PAGE_FAULT I=1, PR=0; checked before the rest of the entry")
def remap_disabled(t: Trace) -> None:
    remapped(t, basic(remap=0) | 1 << 31)
    t.boot()
    t.msi(3, MSI | 0x12000)
    t.page_fault("I")


@fact("8.5", "GuestMode=1 while GAMEn=0: PR=1, RZ=1", control=w.GA)
def guest_mode_off(t: Trace) -> None:
    remapped(t, wide(guest=1) | 0x5 << 76, size=16)
    t.boot()
    t.msi(3)
    t.page_fault("I PR RZ")


@fact("8.5", "GuestMode=1 in a 32-bit entry: PR=1, RZ=1")
def guest_mode_basic(t: Trace) -> None:
    remapped(t, basic(guest=1))
    t.boot()
    t.msi(3)
    t.page_fault("I PR RZ")


@fact("8.5", "an entry that cannot be read: PAGE_TAB_HARDWARE_ERROR I=1, address of the entry", ram=0x8000_0000)
def unreadable(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x9000_0000)
    t.boot()
    t.msi(3)
    t.fault("PAGE_TAB_HARDWARE_ERROR", "I T1", "drop")


@fact("8.5", "SMI filter: with SmiFEn only devices with a valid filter pass; a blocked one is silent", "8.5, 2.8",
      1 << 22)
def smi_filter(t: Trace) -> None:
    t.dte(IV=1, IntCtl=0)
    t.dte(0x101, IV=1, IntCtl=0)
    t.write(0x68, 1 << 16 | DEV)
    t.write(0x70, 0x101)
    t.boot()
    t.msi(SMI << 8)
    t.ok(type=SMI)
    t.msi(SMI << 8, dev=0x101)
    t.lines[-1] = "fault"
    t.logged(0)


@fact("8.5", "SMI filter with SmiFLogEn: IO_PAGE_FAULT I=1, PR=1", "8.5", 1 << 22 | 1 << 24)
def smi_filter_logs(t: Trace) -> None:
    t.dte(IV=1)
    t.boot()
    t.msi(SMI << 8)
    t.page_fault("I PR")


@fact("8.5", "SmiFEn=0 forwards every SMI")
def smi_unfiltered(t: Trace) -> None:
    t.dte(IV=1, IntCtl=0)
    t.boot()
    t.msi(SMI << 8 | 0x41)
    t.ok(vector=0x41, type=SMI)
