# SPDX-License-Identifier: Apache-2.0
"""Device table: lookup, what V/TV/GV/Mode select, legality (3.1, 3.3, 3.4)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w
from scenario.world import GuestTable, entry

from .fact import BASE, DEV, DOM, IOVA, PAGE, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]


# --- 3.1 ---

@fact("3.1", "a device table of Size n holds (n+1)*128 entries; beyond it PR=0, domain 0", "3.1, 2.2")
def end_of_table(t: Trace) -> None:
    t.dte(0x7F)
    t.boot()
    t.write(0x0, w.DEV_TABLE)
    t.ask("read", dev=0x7F)
    t.ok(pa=IOVA)
    t.ask("write", dev=0x80)
    t.page_fault("RW")


@fact("3.1", "a translation request beyond the table is INVALID_DEVICE_REQUEST TR=1 type 2")
def end_of_table_ats(t: Trace) -> None:
    t.boot()
    t.write(0x0, w.DEV_TABLE)
    t.translate(dev=0x80)
    t.fault("INVALID_DEVICE_REQUEST", "TR T2")


@fact("3.1", "an interrupt beyond the table is IO_PAGE_FAULT I=1, domain 0")
def end_of_table_interrupt(t: Trace) -> None:
    t.boot()
    t.write(0x0, w.DEV_TABLE)
    t.msi(0x41, dev=0x80)
    t.page_fault("I")


@fact("3.1", "with DevTblSegEn=1 the top bit of DeviceID picks the base register, the rest is the index",
      "3.1, 2.4 bits 36:34", preset="rome")
def two_segments(t: Trace) -> None:
    t.b_table(0x20_0000, 0x0034, IR=0)
    t.dte(0x0034)
    t.boot()
    t.write(0x100, 0x20_0000 | 0xFF)
    t.write(0x18, t.world.control | 1 << 34)
    t.ask("read", dev=0x0034)
    t.ok(pa=IOVA)
    t.ask("read", dev=0x8034)
    t.page_fault("PR PE")


@fact("3.1", "with DevTblSegEn=3 the top three bits of DeviceID pick the base register", preset="rome")
def eight_segments(t: Trace) -> None:
    t.b_table(0x20_0000, 0x0034, IW=0)
    t.boot()
    t.write(0x130, 0x20_0000 | 0x3F)
    t.write(0x18, t.world.control | 3 << 34)
    t.ask("write", dev=0xE034)
    t.page_fault("PR PE RW")
    t.ask("write", dev=0xF034)
    t.ok(pa=IOVA)


@fact("3.1", "DevTblSegEn above DevTblSegSup is ignored", "2.4 bits 36:34")
def segments_unsupported(t: Trace) -> None:
    t.write(0x18, 1 << 10 | 1 << 34)
    t.reads(0x18, 0, 7 << 34)


@fact("3.1", "a DevTblSegEn that names no number of segments keeps the old one", "2.4 bits 36:34", preset="rome")
def segments_reserved(t: Trace) -> None:
    t.write(0x18, 1 << 10 | 2 << 34)
    for bad in (4, 5, 7):
        t.write(0x18, 1 << 10 | bad << 34)
        t.reads(0x18, 2 << 34, 7 << 34)


@fact("3.1", "a table that cannot be read is DEV_TAB_HARDWARE_ERROR type 1, address of the entry", ram=0x8000_0000)
def unreadable_entry(t: Trace) -> None:
    t.boot()
    t.write(0x0, 0x9000_0000 | 0x1FF)
    t.ask("write")
    t.fault("DEV_TAB_HARDWARE_ERROR", "RW T1", "drop")


# --- 3.3 ---

@fact("3.3", "V=0: requests pass untranslated and unchecked, with and without PASID")
def v0_passes(t: Trace) -> None:
    t.dte(V=0, IR=0, IW=0)
    t.boot()
    t.ask("write", 0x1234_5678)
    t.ok(pa=0x1234_5678)
    t.ask("read", 0x1234_5678, PASID)
    t.ok(pa=0x1234_5678)


@fact("3.3", "V=1, TV=0 blocks: PR=0 with the DomainID of the entry")
def tv0_blocks(t: Trace) -> None:
    t.dte(TV=0)
    t.boot()
    t.ask("read")
    t.page_fault("")
    t.ask("write")
    t.page_fault("RW")


@fact("3.3", "V=1, TV=0 blocks a request with PASID: GN=1 and the PASID", "3.3, 15 D7")
def tv0_blocks_pasid(t: Trace) -> None:
    t.dte(TV=0)
    t.boot()
    t.ask("read", pasid=PASID)
    t.page_fault("GN US")


@fact("3.3", "Mode 0, GV=0: SPA is the IOVA if IR/IW allow, else PR=1 PE=1")
def mode0_identity(t: Trace) -> None:
    t.dte(IW=0)
    t.boot()
    t.ask("read")
    t.ok(pa=IOVA)
    t.ask("write")
    t.page_fault("PR PE RW")


@fact("3.3", "Mode 0, IR=IW=0 blocks everything with PR=1 PE=1")
def mode0_block_all(t: Trace) -> None:
    t.dte(IR=0, IW=0)
    t.boot()
    t.ask("read")
    t.page_fault("PR PE")
    t.ask("exec")
    t.page_fault("PR PE")
    t.ask("atomic")
    t.page_fault("PR PE RW")


@fact("3.3", "GV=0: a request with PASID faults, GN=1 PR=0", "3.3, 13 no. 20", w.GT)
def gv0_pasid(t: Trace) -> None:
    t.host()
    t.boot()
    t.ask("read", pasid=PASID)
    t.page_fault("GN US")
    t.ask("read")
    t.ok(pa=PAGE)


@fact("3.3", "GV=1, Mode 0: PASID requests walk the guest tables and the GPA is the SPA", control=w.GT)
def guest_only(t: Trace) -> None:
    t.guest()
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok(pa=PAGE, size=4096)


@fact("3.3", "GV=1, GIoV=0, Mode 0: a request without PASID passes as with GV=0", control=w.GT)
def giov0_mode0(t: Trace) -> None:
    t.guest()
    t.boot()
    t.ask("read", 0x9000)
    t.ok(pa=0x9000)


@fact("3.3", "GV=1, GIoV=1, Mode 0: a request without PASID walks the guest tables of PASID 0", control=w.GT)
def giov1_mode0(t: Trace) -> None:
    tables = t.guest(GIoV=1)
    tables.put(0, IOVA, 0x55_5000 | 0x67)
    t.boot()
    t.ask("write")
    t.ok(pa=0x55_5000)
    t.ask("write", 0x9000)
    t.page_fault("GN US RW")


@fact("3.3", "GV=1, GIoV=0, Mode 4: a request without PASID walks the host table only", control=w.GT | w.TRP)
def giov0_nested(t: Trace) -> None:
    t.guest(nested=4)
    t.boot()
    t.ask("read", PAGE)
    t.ok(pa=PAGE | 0x4000_0000_0000)


@fact("3.3", "GV=1, Mode 4: PASID requests walk both tables", control=w.GT | w.TRP)
def nested(t: Trace) -> None:
    t.guest(nested=4)
    t.boot()
    t.ask("read", IOVA + 8, PASID)
    t.ok(pa=PAGE + 8 | 0x4000_0000_0000)


@fact("3.3", "GV=1, GIoV=1, Mode 4: a request without PASID is nested with PASID 0", control=w.GT | w.TRP)
def giov1_nested(t: Trace) -> None:
    tables = t.guest(nested=4, GIoV=1)
    tables.put(0, 0x9000, PAGE | 0x67)
    t.boot()
    t.ask("read", 0x9000)
    t.ok(pa=PAGE | 0x4000_0000_0000)


@fact("3.3", "GTEn=0: the guest fields do not count", "3.3, 13 no. 20, 21")
def gten0(t: Trace) -> None:
    t.guest(GIoV=1)
    t.boot()
    t.ask("read")
    t.ok(pa=IOVA)
    t.ask("read", pasid=PASID)
    t.page_fault("GN US")


@fact("3.3", "IV does not depend on V", "3.3, 13 no. 9")
def iv_without_v(t: Trace) -> None:
    t.dte(V=0, TV=0, IV=1, IntCtl=0)
    t.boot()
    t.msi(0x41)
    t.fault(None)


@fact("3.3", "IommuEn=0: everything passes and nothing is logged", "2.4 bit 0")
def iommu_off(t: Trace) -> None:
    t.dte(TV=0, IV=1)
    t.boot()
    t.write(0x18, t.world.control & ~1)
    t.ask("read")
    t.ok(pa=IOVA)
    t.msi(0x41)
    t.ok(vector=0x41)
    t.logged(0)


# --- 3.4 ---

def illegal_bit(bit: int, rz: bool = True) -> None:
    """One reserved bit of 127:1."""
    def build(t: Trace) -> None:
        t.dte(raw=1 << bit)
        t.boot()
        t.ask("write")
        t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RW RZ", "drop")
        t.msi(0x41)
        t.ok(vector=0x41)
    build.__name__ = f"reserved_bit_{bit}"
    fact("3.4", f"V=1 and reserved bit {bit} set: ILLEGAL_DEV_TABLE_ENTRY RZ=1; the interrupt part stays good",
         "3.4, 15 D1")(build)


for number in (2, 3, 63):
    illegal_bit(number)


@fact("3.4", "an illegal entry is not answered from what the cache has for another device of its domain", "3.4, 10.1")
def illegal_entry_beside_a_cached_line(t: Trace) -> None:
    table = t.host()
    t.dte(DEV + 1, Mode=3, root=table.root, raw=1 << 63)
    t.boot()
    t.ask("read")
    t.ok(pa=PAGE, size=0x1000)
    for _ in range(3):  # the last time it is the entry that was met last
        t.ask("read", dev=DEV + 1)
        t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")


def gated_bit(bit: int, name: str, efr: int = 0, efr2: int = 0) -> None:
    """A bit whose feature is absent."""
    def build(t: Trace) -> None:
        t.dte(raw=1 << bit)
        t.boot()
        t.ask("read")
        t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")
    build.__name__ = f"absent_{name.lower()}_bit_{bit}"
    fact("3.4", f"DTE bit {bit} is reserved without {name}", "3.4, 3.2, 13 no. 12", 0, False,
         efr=GENOA & ~efr, efr2=0x1D & ~efr2)(build)


for number, feature, low, low2 in ((4, "CXLIOSup", 0, 1), (7, "HASup", 1 << 49, 0), (52, "EPHSup", 1 << 50, 0),
                                   (53, "EPHSup", 1 << 50, 0), (54, "GIoSup", 1 << 48, 0), (55, "GTSup", 1 << 4, 0),
                                   (106, "SATSSup", 1 << 31, 0), (107, "GTSup", 1 << 4, 0)):
    gated_bit(number, feature, low, low2)


@fact("3.4", "reserved bits do not count while V=0")
def v0_reserved_ignored(t: Trace) -> None:
    t.dte(V=0, raw=1 << 63 | 4)
    t.boot()
    t.ask("read")
    t.ok(pa=IOVA)


@fact("3.4", "IV=1 and a reserved bit of 255:129: ILLEGAL_DEV_TABLE_ENTRY I=1 RZ=1; memory requests stay good")
def reserved_interrupt_bit(t: Trace) -> None:
    t.dte(IV=1, IntCtl=1, raw=1 << 180)
    t.boot()
    t.msi(0x41)
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "I RZ", "drop")
    t.ask("read")
    t.ok(pa=IOVA)


@fact("3.4", "IV=1, reserved bits 14:0 of the fourth quad-word")
def reserved_interrupt_bit_192(t: Trace) -> None:
    t.dte(IV=1, IntCtl=1, raw=1 << 192)
    t.boot()
    t.msi(0x41)
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "I RZ")


@fact("3.4", "IntCtl=2, IntTabLen 12: ILLEGAL_DEV_TABLE_ENTRY I=1 RZ=0")
def int_table_length_12(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=12)
    t.boot()
    t.msi(0x41)
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "I")


@fact("3.4", "IntTabLen 12 does not count when IntCtl forwards")
def int_table_length_forward(t: Trace) -> None:
    t.dte(IV=1, IntCtl=1, IntTabLen=15)
    t.boot()
    t.msi(0x41)
    t.ok(vector=0x41)


@fact("3.4", "IntCtl=3: ILLEGAL_DEV_TABLE_ENTRY I=1 RZ=1")
def int_ctl_3(t: Trace) -> None:
    t.dte(IV=1, IntCtl=3, IntTabLen=4)
    t.boot()
    t.msi(0x141)
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "I RZ")


@fact("3.4", "Mode 7: IO_PAGE_FAULT PR=1 RZ=0", "3.4, 13 no. 10")
def mode_7(t: Trace) -> None:
    t.dte(Mode=7)
    t.boot()
    t.ask("write")
    t.page_fault("PR RW")


@fact("3.4", "Mode above HATS: IO_PAGE_FAULT PR=1 RZ=0", efr=GENOA & ~(3 << 10))
def mode_above_hats(t: Trace) -> None:
    t.dte(Mode=5)
    t.host(4, 0x101)
    t.boot()
    t.ask("read")
    t.page_fault("PR")
    t.ask("read", dev=0x101)
    t.ok(pa=PAGE)


@fact("3.4", "Mode is judged before DTE.IR/IW", "15 D8")
def mode_before_permission(t: Trace) -> None:
    t.dte(Mode=7, IR=0)
    t.boot()
    t.ask("read")
    t.page_fault("PR")


def illegal_guest(name: str, text: str, **fields: int) -> None:
    """A guest field that no device supports."""
    def build(t: Trace) -> None:
        t.guest(**fields)
        t.boot()
        t.ask("read", pasid=PASID)
        t.fault("ILLEGAL_DEV_TABLE_ENTRY", "GN")
    build.__name__ = name
    fact("3.4", f"{text}: ILLEGAL_DEV_TABLE_ENTRY RZ=0", "3.4, 15 D18", w.GT)(build)


illegal_guest("glx_3", "GLX=3", GLX=3)
illegal_guest("glx_above_sup", "GLX above GLXSup", GLX=2)


@fact("3.4", "GuestPagingMode=1 without 5-level support: ILLEGAL_DEV_TABLE_ENTRY RZ=0", control=w.GT, preset="rome")
def paging_mode_above_gats(t: Trace) -> None:
    t.guest(5)
    t.boot()
    t.ask("read", pasid=PASID)
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "GN")


@fact("3.4", "GuestPagingMode=2: ILLEGAL_DEV_TABLE_ENTRY RZ=0", control=w.GT)
def paging_mode_2(t: Trace) -> None:
    tables = GuestTable(t.world, 4, None)
    t.dte(GV=1, gcr3=tables.root(), GuestPagingMode=2)
    t.boot()
    t.ask("read", pasid=PASID)
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "GN")


@fact("3.4", "HAD=2: ILLEGAL_DEV_TABLE_ENTRY RZ=1")
def had_2(t: Trace) -> None:
    t.host(HAD=2)
    t.boot()
    t.ask("read")
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")


@fact("3.4", "HAD=3 without HDSup: ILLEGAL_DEV_TABLE_ENTRY RZ=1", efr=GENOA & ~(1 << 52))
def had_3_without_hdsup(t: Trace) -> None:
    t.host(HAD=3)
    t.host(HAD=1, dev=0x101)
    t.boot()
    t.ask("read")
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")
    t.ask("read", dev=0x101)
    t.ok(pa=PAGE)


@fact("3.4", "dte.snp_mode0=legal: with SNP Mode 0 is an identity mapping with DTE.IR and IW", "3.3, 16",
      efr=GENOA | 1 << 63, **{"dte.snp_mode0": "legal"})
def snp_mode0_legal(t: Trace) -> None:
    t.dte(IW=0)
    t.boot()
    t.hand("dma dev=0x100 addr=0x7000 len=8 op=read", "ok pa=0x7000", "dma dev=0x100 addr=0x7000 len=8 op=write",
           "fault kind=IO_PAGE_FAULT reply=drop flags=PE+PR+RW")


@fact("3.4", "SNP: V=TV=1, Mode 0 is ILLEGAL_DEV_TABLE_ENTRY RZ=0", efr=GENOA | 1 << 63)
def snp_mode0(t: Trace) -> None:
    t.dte()
    t.host(dev=0x101)
    t.boot()
    t.ask("read")
    t.fault("ILLEGAL_DEV_TABLE_ENTRY")
    t.ask("read", dev=0x101)
    t.ok(pa=PAGE)


@fact("3.4", "HATS=3 and a host root or Mode: ILLEGAL_DEV_TABLE_ENTRY RZ=1", efr=GENOA | 3 << 10)
def host_tables_absent(t: Trace) -> None:
    t.dte(root=0x5000)
    t.dte(0x101)
    t.boot()
    t.ask("read")
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")
    t.ask("read", dev=0x101)
    t.ok(pa=IOVA)


@fact("3.4", "illegal entries and page faults set signalled target abort in the PCI status", "3.4 last line")
def target_abort(t: Trace) -> None:
    t.dte(raw=4)
    t.boot()
    t.emit("pci_read off=0x6 size=2 value=0 mask=0x800")
    t.ask("read")
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")
    t.hand("pci_read off=0x6 size=2 value=0x800 mask=0x800")


@fact("3.4", "a real entry of a Rome machine: Mode 3 translated, 512 interrupts", "3.2 last line", preset="rome",
      ram=1 << 40)
def real_entry(t: Trace) -> None:
    world = t.world
    for at, value in ((0x1_0DBB_7000, w.v1_entry(0x1_0000_0000, 2)), (0x1_0000_0000, w.v1_entry(0x1_0000_1000, 1)),
                      (0x1_0000_1000 + 8 * 7, w.v1_entry(PAGE, 0))):
        t.word(at, value)
    world.dte(0x100, 0x60000001_0DBB7603 | 0xD << 64 | 0x20000001_95BF6013 << 128)
    t.word(0x1_95BF_6000 + 4 * 0x41, 1 | 0x12 << 8 | 0x55 << 16, 4)
    t.boot()
    t.ask("write", IOVA + 4)
    t.ok(pa=PAGE + 4)
    t.msi(0x41)
    t.ok(vector=0x55, dest=0x12)


assert BASE["DomainID"] == DOM and entry
