# SPDX-License-Identifier: Apache-2.0
"""Registers: bases, control, features, status, other formats (2.2 to 2.8)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w

from .fact import IOVA, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]
ONES = (1 << 64) - 1
RING_BITS = 0x0F0F_FFFF_FFFF_F000


# --- 2.1 access ---

@fact("2.1", "a 4-byte access touches only its half")
def half_access(t: Trace) -> None:
    t.write(0x20, 0x0008_8765_4321_F003)
    t.write(0x24, 0x0001_2345, 4)
    t.reads(0x20, 0x0001_2345_4321_F003)
    t.write(0x20, 0x1111_1000, 4)
    t.reads(0x20, 0x1111_1000, size=4)
    t.reads(0x24, 0x0001_2345, size=4)


@fact("2.1", "offsets without a register read 0 and ignore writes")
def nothing_there(t: Trace) -> None:
    for off in (0x58, 0x1F0, 0x1FF8, 0x2028, 0x2FF8, 0x3000, 0x5000):
        t.write(off, ONES)
        t.reads(off, 0)


def absent(off: int, name: str, bit: int) -> None:
    def build(t: Trace) -> None:
        t.write(off, ONES)
        t.reads(off, 0)
    build.__name__ = f"absent_{name.lower()}_{off:04x}"
    fact("2.1", f"register {off:04X}h reads 0 and ignores writes without {name}", "2.1", 0, False,
         efr=GENOA & ~(1 << bit))(build)


for register, feature, number in ((0x38, "PPRSup", 1), (0x2038, "PPRSup", 1), (0xE0, "GAMSup", 21),
                                  (0xE8, "GAMSup", 21), (0x2048, "GAMSup", 21), (0xF0, "DualPprLogSup", 25),
                                  (0xF8, "DualEventLogSup", 29), (0x170, "XTSup", 2), (0x60, "SmiFSup", 16)):
    absent(register, feature, number)


# --- 2.2 ---

def base_register(off: int, name: str, bits: int) -> None:
    def build(t: Trace) -> None:
        t.write(off, ONES & ~0x1FF if off == 0 else ONES)
        t.reads(off, bits)
    build.__name__ = f"bits_{off:04x}"
    fact("2.2", f"{name}: the bits that can be written", "2.1, 2.2")(build)


base_register(0x0, "device table base, 51:12 (Size left 0)", 0xF_FFFF_FFFF_F000)
base_register(0x8, "command base, 59:56 and 51:12", RING_BITS)
base_register(0x10, "event log base, 59:56 and 51:12", RING_BITS)
base_register(0x38, "PPR log base, 59:56 and 51:12", RING_BITS)
base_register(0xE0, "GA log base, 59:56 and 51:12", RING_BITS)
base_register(0xE8, "GA log tail address, 51:3", 0xF_FFFF_FFFF_FFF8)
base_register(0xF0, "PPR log B base", RING_BITS)
base_register(0xF8, "event log B base", RING_BITS)
base_register(0x20, "exclusion base, 51:12, Allow, ExEn", 0xF_FFFF_FFFF_F003)
base_register(0x28, "exclusion limit, 51:12", 0xF_FFFF_FFFF_F000)


def segment(off: int, largest: int) -> None:
    def build(t: Trace) -> None:
        t.write(off, 0x12_3000 | largest)
        t.reads(off, 0x12_3000 | largest)
        t.write(off, 0x45_6000 | largest + 1 if largest < 0x1FF else 0x45_6000 | largest)
        t.reads(off, 0x12_3000 | largest if largest < 0x1FF else 0x45_6000 | largest)
    build.__name__ = f"segment_size_{off:04x}"
    fact("2.2", f"device table segment register {off:04X}h takes a Size of at most {largest:X}h", "2.2",
         preset="rome")(build)


for register, most in ((0x0, 0x1FF), (0x100, 0xFF), (0x108, 0x7F), (0x110, 0x7F), (0x118, 0x3F), (0x130, 0x3F)):
    segment(register, most)


def clears_pointers(base: int, head: int, tail: int, name: str) -> None:
    def build(t: Trace) -> None:
        t.write(head, 0x40)
        t.write(tail, 0x80)
        t.write(base, 0x50_0000 | w.LEN)
        t.reads(head, 0)
        t.reads(tail, 0)
    build.__name__ = f"clears_pointers_{base:04x}"
    fact("2.2", f"writing the {name} base clears head and tail", "2.2, 13 no. 17")(build)


for number, head_, tail_, label in ((0x8, 0x2000, 0x2008, "command"), (0x10, 0x2010, 0x2018, "event log"),
                                    (0x38, 0x2030, 0x2038, "PPR log"), (0xE0, 0x2040, 0x2048, "GA log"),
                                    (0xF0, 0x2050, 0x2058, "PPR log B"), (0xF8, 0x2070, 0x2078, "event log B")):
    clears_pointers(number, head_, tail_, label)


def ignored_while_running(base: int, name: str, control: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        before = t.device.mmio_read(base, 8)
        t.write(base, 0x70_0000 | w.LEN)
        t.reads(base, before)
    build.__name__ = f"running_{base:04x}"
    fact("2.2", f"writes of the {name} base are ignored while it runs", "2.2", control)(build)


ignored_while_running(0x8, "command", 0)
ignored_while_running(0x10, "event log", 0)
ignored_while_running(0x38, "PPR log", w.PPR_LOG)
ignored_while_running(0xE0, "GA log", w.GA_LOG | w.GA)
ignored_while_running(0xF8, "event log B", 1 << 32)
ignored_while_running(0xF0, "PPR log B", w.PPR_LOG | 1 << 30)


@fact("2.2", "ring lengths 0 to 7 are ignored")
def reserved_length(t: Trace) -> None:
    for off in (0x8, 0x10, 0x38, 0xE0):
        t.write(off, 0x50_0000 | 9 << 56)
        for length in (0, 7):
            t.write(off, 0x60_0000 | length << 56)
            t.reads(off, 0x50_0000 | 9 << 56)


@fact("2.2", "GA log entries are 8 bytes: length code 8 is 512 entries in one page", "2.2", w.GA | w.GAM_VAPIC | w.GA_LOG)
def ga_log_size(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000, 1 | 4 | 1 << 7 | 0xC0FFEE << 32 | 0x45 << 64 | 0x5 << 76, 16)
    t.boot()
    t.write(0x18, t.world.control & ~w.GA_LOG)
    t.write(0x2040, 0x10)
    t.write(0x2048, 0xFF0)
    t.write(0x18, t.world.control)
    t.hand("int dev=0x100 addr=0xfee00000 data=0", "mmio_read off=0x2048 size=8 value=0xff8",
           "expect_mem addr=0x430ff0 data=eeffc00000010010", "int dev=0x100 addr=0xfee00000 data=0",
           "mmio_read off=0x2048 size=8 value=0x0")


# --- 2.4 ---

@fact("2.4", "reset: Coherent=1 and BlkStopMrkEn=1, all else 0")
def control_reset(t: Trace) -> None:
    t.reads(0x18, 1 << 10 | 1 << 41)


@fact("2.4", "reset without BlkStopMrkSup: Coherent=1", efr=GENOA & ~(1 << 44))
def control_reset_without_marker(t: Trace) -> None:
    t.reads(0x18, 1 << 10)
    t.write(0x18, 1 << 41)
    t.reads(0x18, 0, 1 << 41)


def sticks(name: str, bits: int, **config: int | str) -> None:
    def build(t: Trace) -> None:
        t.write(0x18, bits)
        t.reads(0x18, bits, bits)
        t.write(0x18, 0)
        t.reads(0x18, 0, bits)
    build.__name__ = f"sticks_{name.lower()}"
    fact("2.4", f"{name} can be written", "2.4", 0, False, **config)(build)


def sticks_not(name: str, bits: int, gate: str, **config: int | str) -> None:
    def build(t: Trace) -> None:
        t.write(0x18, bits)
        t.reads(0x18, 0, bits)
    build.__name__ = f"absent_{name.lower()}"
    fact("2.4", f"{name} reads 0 without {gate}", "2.4", 0, False, **config)(build)


for label, where, gate_name, gate_bit in (
        ("PPRLogEn", 7 << 13, "PPRSup", 1), ("GTEn", 1 << 16, "GTSup", 4), ("GAEn", 1 << 17, "GASup", 7),
        ("SmiFEn", 1 << 22 | 1 << 24, "SmiFSup", 16), ("GAMEn", 1 << 25, "GAMSup", 21),
        ("GALogEn", 3 << 28, "GAMSup", 21), ("DualPprLogEn", 1 << 30, "DualPprLogSup", 25),
        ("DualEventLogEn", 1 << 32, "DualEventLogSup", 29), ("PprAutoRspEn", 1 << 39 | 1 << 42, "PprAutoRspSup", 41),
        ("EPHEn", 1 << 45, "EPHSup", 50), ("GDUpdateDis", 1 << 48, "GDUpdateDisSup", 53),
        ("XTEn", 3 << 50, "XTSup", 2)):
    sticks(label, where)
    sticks_not(label, where, gate_name, efr=GENOA & ~(1 << gate_bit))
sticks("IommuEn", 1 | 1 << 2 | 1 << 3 | 1 << 4 | 7 << 5 | 1 << 10 | 1 << 12)
sticks("GCR3TRPMode", 1 << 58)
sticks_not("GCR3TRPMode", 1 << 58, "GCR3TRPModeSup", efr2=0)
sticks("IRTCacheDis", 1 << 59)
sticks_not("GAUpdateDis", 1 << 54, "GAUpdateDisSup", efr=GENOA & ~(1 << 61))
sticks("GAUpdateDis", 1 << 54, efr=GENOA | 1 << 61)
sticks("NumIntRemapMode", 1 << 43, preset="turin")
sticks_not("SNPAVICEn", 1 << 61, "SNPAVICSup")
sticks_not("PrivAbrtEn", 1 << 37, "USSup", efr=GENOA & ~(1 << 37))
sticks_not("MarcEn", 1 << 40, "MarcSup")
sticks("MarcEn", 1 << 40, preset="rome")
sticks("DevTblSegEn", 3 << 34, preset="rome")


@fact("2.4", "GTEn=0 switches guest translation off for the next request", control=w.GT)
def gten_switch(t: Trace) -> None:
    t.guest()
    t.boot()
    t.ask("read", pasid=PASID)
    t.ok()
    t.write(0x18, t.world.control & ~w.GT)
    t.ask("read", pasid=PASID)
    t.page_fault("GN US")


# --- 2.5, 2.6 ---

def features(preset: str, efr: int, efr2: int) -> None:
    def build(t: Trace) -> None:
        t.reads(0x30, efr)
        t.reads(0x1A0, efr2)
        t.write(0x30, 0)
        t.write(0x1A0, ONES)
        t.reads(0x30, efr)
        t.reads(0x1A0, efr2)
    build.__name__ = f"features_{preset}"
    fact("2.5", f"EFR and EFR2 of preset {preset}, read-only", "2.5, 2.6, 11.3", 0, False, preset=preset)(build)


features("rome", 0x058F77EF22294ADE, 0)
features("milan", 0x059F77EF22294ADE, 0)
features("genoa", 0x25BF732FA2295AFE, 0x1D)
features("turin", 0x25BF732FA2295AFE, 0x53D)
features("raphael", 0x246577EFA2254AFA, 0)


def levels(hats: int, deepest: int) -> None:
    def build(t: Trace) -> None:
        t.host(deepest)
        if deepest < 6:
            t.dte(0x101, Mode=deepest + 1)
        t.boot()
        t.ask("read")
        t.ok()
        if deepest < 6:
            t.ask("read", dev=0x101)
            t.page_fault("PR")
    build.__name__ = f"hats_{hats}"
    fact("2.5", f"HATS={hats}: host tables of up to {deepest} levels", "2.5 bits 11:10", 0, False,
         efr=GENOA & ~(3 << 10) | hats << 10)(build)


for number, deep in ((0, 4), (1, 5), (2, 6)):
    levels(number, deep)


def pasid_width(pasmax: int) -> None:
    def build(t: Trace) -> None:
        tables = t.guest()
        outer = t.world.page()
        t.mem(outer, (tables.gcr3 | 1).to_bytes(8, "little") * 512)
        t.dte(GV=1, GLX=1, gcr3=outer)
        t.boot()
        t.ask("read", pasid=((1 << pasmax + 1) - 1) & ~511 | PASID)
        t.ok()
        t.ask("read", pasid=1 << pasmax + 1 | PASID)
        t.page_fault("GN US")
    build.__name__ = f"pasmax_{pasmax}"
    fact("2.5", f"PASmax={pasmax}: PASIDs of {pasmax + 1} bits", "2.5 bits 36:32, 5.1", w.GT, False,
         efr=GENOA & ~(0x1F << 32) | pasmax << 32)(build)


for number in (9, 15):
    pasid_width(number)


# --- 2.7 ---

@fact("2.7", "the run bits follow IommuEn and the enable bits; they are read-only",
      control=w.PPR_LOG | w.GA_LOG | w.GA)
def run_bits(t: Trace) -> None:
    t.reads(0x2020, 0)
    t.boot()
    t.reads(0x2020, 0x198, 0x198)
    t.write(0x2020, ONES)
    t.reads(0x2020, 0x198)
    t.write(0x18, t.world.control & ~1)
    t.reads(0x2020, 0, 0x198)


@fact("2.7", "EventLogInt is cleared by writing 1 to it, other bits stay", "2.7", 1 << 3)
def write_one_clear(t: Trace) -> None:
    t.dte(TV=0)
    t.boot()
    t.ask("read")
    t.world.submit(1 << 60 | 2)
    t.reads(0x2020, 6, 6)
    t.write(0x2020, 0)
    t.reads(0x2020, 6, 6)
    t.write(0x2020, 2)
    t.reads(0x2020, 4, 6)
    t.write(0x2020, 4, 4)
    t.reads(0x2020, 0, 6)


# --- 2.8 ---

def pointer(off: int, bits: int) -> None:
    def build(t: Trace) -> None:
        t.write(off, ONES)
        t.reads(off, bits)
    build.__name__ = f"pointer_{off:04x}"
    fact("2.8", f"the pointer at {off:04X}h has bits {bits:X}h, the upper half is 0", "2.8, 2.1")(build)


for register in (0x2000, 0x2008, 0x2010, 0x2018, 0x2030, 0x2038, 0x2050, 0x2058, 0x2070, 0x2078):
    pointer(register, 0x7FFF0)
for register in (0x2040, 0x2048):
    pointer(register, 0x7FFF8)


def locked(off: int, name: str, control: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        t.write(off, 0x40)
        t.reads(off, 0)
        t.write(0x18, t.world.control & ~1)
        t.write(off, 0x40)
        t.reads(off, 0x40)
    build.__name__ = f"locked_{off:04x}"
    fact("2.8", f"{name} can be written only while the ring is stopped", "2.8", control)(build)


locked(0x2000, "command head", 0)
locked(0x2018, "event log tail", 0)
locked(0x2038, "PPR log tail", w.PPR_LOG)
locked(0x2048, "GA log tail", w.GA_LOG | w.GA)


def masked(off: int, bits: int, name: str, **config: int | str) -> None:
    def build(t: Trace) -> None:
        t.write(off, ONES)
        t.reads(off, bits)
        t.write(off, 0)
        t.reads(off, 0)
    build.__name__ = f"bits_{off:04x}"
    fact("2.8", f"{name}: the bits that can be written", "2.1, 2.8", 0, False, **config)(build)


for register in (0x170, 0x178, 0x180):
    masked(register, 0xFF00_01FF_FFFF_FF04, "XT interrupt control")
masked(0x2080, 0x1F, "PPR auto response")
masked(0x2088, 0xC000_7FFF, "PPR overflow early indicator")
masked(0x2090, 0xC000_7FFF, "PPR B overflow early indicator")
masked(0x200, 0xF_FFFF_FFFF_F000, "MARC base", preset="rome")
masked(0x208, 0xF_FFFF_FFFF_F003, "MARC relocation", preset="rome")
masked(0x258, 0xF_FFFF_FFFF_F000, "MARC length 3", preset="rome")


@fact("1.2", "CapRev in the capability header is 1, as in silicon")
def capability_revision(t: Trace) -> None:
    t.hand("pci_read off=0x40 size=4 value=0x8000f mask=0xf800ff")


@fact("1.2", "cap_header sets CapRev: 0 as QEMU's model has it", preset="emulator-min", cap_header=0x1D03_640F)
def capability_revision_0(t: Trace) -> None:
    t.hand("pci_read off=0x40 size=4 value=0xf mask=0xf800ff")


@fact("2.8", "SmiFLock keeps a filter as it is until reset", "2.8")
def smi_lock(t: Trace) -> None:
    t.write(0x60, 0x1_0100)
    t.write(0x60, 0x1_0200)
    t.reads(0x60, 0x1_0200)
    t.write(0x60, 0x3_0300)
    t.write(0x60, 0)
    t.reads(0x60, 0x3_0300)


@fact("2.8", "SmiFRC=1: two filters exist", "2.5 bits 20:18", efr=GENOA & ~(7 << 18) | 1 << 18)
def smi_count(t: Trace) -> None:
    t.write(0x68, 0x1_0100)
    t.reads(0x68, 0x1_0100)
    t.write(0x70, 0x1_0100)
    t.reads(0x70, 0)


assert IOVA


@fact("2.1", "with performance counters the window has 512 KiB: base bits 18:14 read as 0", "1.2")
def base_of_large_window(t: Trace) -> None:
    t.hand("pci_write off=0x44 size=4 value=0xfd1fc000", "pci_read off=0x44 size=4 value=0xfd180000")


@fact("2.1", "without them it has 16 KiB", "1.2", efr=GENOA & ~(1 << 9))
def base_of_small_window(t: Trace) -> None:
    t.hand("pci_write off=0x44 size=4 value=0xfd1fc000", "pci_read off=0x44 size=4 value=0xfd1fc000")


@fact("2.1", "preset emulator-min: 48-bit physical and virtual addresses", "1.2, 11.3", preset="emulator-min")
def emulator_address_sizes(t: Trace) -> None:
    t.hand("pci_read off=0x50 size=4 value=0x183040")


@fact("2.1", "without HW-vIOMMU registers of guests read 0 and take nothing", "2.1; viommu 1.1", preset="raphael")
def no_guest_registers(t: Trace) -> None:
    t.hand("vfc_write gid=1 off=0x10 size=8 value=0xffff0000", "vfc_read gid=1 off=0x10 size=8 value=0",
           "vf_write gid=1 off=0x10 size=8 value=0x10", "vf_read gid=1 off=0x10 size=8 value=0")
