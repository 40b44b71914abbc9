# SPDX-License-Identifier: Apache-2.0
"""Ranges that requests pass by their tables: the exclusion range (2.3) and MARC apertures (2.8)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w
from scenario.world import HostTable

from .fact import IOVA, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]


# --- 2.3 ---

def exclude(t: Trace, allow: int) -> None:
    t.write(0x20, 0x800_0001 | allow << 1)
    t.write(0x28, 0x801_0000)


@fact("2.3", "Allow=1: a request in the range passes untranslated and unchecked; the limit is inclusive")
def exclusion_allow(t: Trace) -> None:
    t.host(IR=0, IW=0)
    exclude(t, 1)
    t.boot()
    for addr in (0x800_0000, 0x801_0FF8):
        t.ask("write", addr)
        t.ok(pa=addr)
    for addr in (0x7FF_FFF8, 0x801_1000):
        t.ask("write", addr)
        t.page_fault("PR PE RW")


@fact("2.3", "Allow=0: only devices with DTE.EX=1 may use the range")
def exclusion_ex(t: Trace) -> None:
    t.host(EX=1)
    t.host(dev=0x101)
    exclude(t, 0)
    t.boot()
    t.ask("read", 0x800_0000)
    t.ok(pa=0x800_0000)
    t.ask("read", 0x800_0000, dev=0x101)
    t.page_fault("")


@fact("2.3", "ExEn=0: there is no range")
def exclusion_off(t: Trace) -> None:
    t.host(EX=1)
    t.write(0x20, 0x800_0002)
    t.write(0x28, 0x801_0000)
    t.boot()
    t.ask("read", 0x800_0000)
    t.page_fault("")


@fact("2.3", "the range is checked after V and reserved bits, before TV", "2.3, 13 no. 30")
def exclusion_order(t: Trace) -> None:
    t.dte(TV=0)
    t.dte(0x101, raw=4)
    exclude(t, 1)
    t.boot()
    t.ask("read", 0x800_0000)
    t.ok(pa=0x800_0000)
    t.ask("read", 0x800_0000, dev=0x101)
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")


@fact("2.3", "the range counts from the moment it is written, for translations that were used before too")
def exclusion_after_use(t: Trace) -> None:
    t.host()
    t.boot()
    for _ in range(2):
        t.ask("read")
        t.ok(pa=0x77_7000)
    t.write(0x28, IOVA)
    t.write(0x20, IOVA | 3)
    t.ask("read")
    t.ok(pa=IOVA)
    t.write(0x20, 0)
    t.ask("read")
    t.ok(pa=0x77_7000)


@fact("2.3", "a request that runs from a large page into the range is translated up to it, and passes behind", "2.3, 15 D11")
def exclusion_inside_a_page(t: Trace) -> None:
    t.host(4).put(0, w.v1_entry(0x4000_0000, 0), 3)
    exclude(t, 1)
    t.boot()
    t.hand("dma dev=0x100 addr=0x7fffff8 len=0x10 op=write data=00112233445566778899aabbccddeeff", "ok pa=0x47fffff8",
           "expect_mem addr=0x47fffff8 data=0011223344556677", "expect_mem addr=0x8000000 data=8899aabbccddeeff",
           "dma dev=0x100 addr=0x8010ff8 len=0x10 op=write data=00112233445566778899aabbccddeeff", "ok pa=0x8010ff8",
           "expect_mem addr=0x8010ff8 data=0011223344556677", "expect_mem addr=0x48011000 data=8899aabbccddeeff")


@fact("2.3", "a request with PASID is not excluded", control=w.GT)
def exclusion_pasid(t: Trace) -> None:
    t.guest()
    t.write(0x20, 3)
    t.write(0x28, 0xF000)
    t.boot()
    t.ask("read", 0x9000, PASID)
    t.page_fault("GN US")
    t.ask("read", 0x9000)
    t.ok(pa=0x9000)


@fact("2.3", "with SNP the registers bound completion stores instead", efr=GENOA | 1 << 63)
def snp_store_range(t: Trace) -> None:
    t.host()
    t.write(0x20, 0x8000)
    t.write(0x28, 0x8000)
    t.boot()
    t.world.submit(1 << 60 | 0x8FF8 | 1 | 0x55 << 64)
    t.memory_is(0x8FF8, 0x55)
    t.hand("mem addr=0x400010 data=01900000000000105500000000000000", "mmio_write off=0x2008 size=4 value=0x20",
           "expect_mem addr=0x9000 data=0000000000000000",
           "expect_event log=host index=0 kind=COMMAND_HARDWARE_ERROR addr=0x9000",
           "mmio_read off=0x2020 size=4 value=0 mask=0x10")


# --- 2.8: MARC ---

MARC = 1 << 40


def aperture(t: Trace, n: int, base: int, reloc: int, length: int) -> None:
    for i, value in enumerate((base, reloc, length)):
        t.write(0x200 + 0x18 * n + 8 * i, value)


def apertures(t: Trace) -> None:
    """Four pages at 10_0000h that may only be read, one at 20_0000h, one that is not in use, one without length."""
    aperture(t, 0, 0x10_0000, 0x5010_0003, 0x4000)
    aperture(t, 1, 0x30_0000, 0x5030_0002, 0x1000)
    aperture(t, 2, 0x40_0000, 0x5040_0001, 0)
    aperture(t, 3, 0x20_0000, 0x5020_0001, 0x1000)


@fact("2.8", "MARC: an untranslated request in an aperture goes to Reloc plus its offset, whatever tables say", "2.8, 2.4 bit 40",
      MARC, preset="rome")
def marc_relocates(t: Trace) -> None:
    t.dte(IR=0, IW=0)
    apertures(t)
    t.boot()
    for op, addr, pa in (("read", 0x10_0000, 0x5010_0000), ("read", 0x10_3FF8, 0x5010_3FF8),
                         ("write", 0x20_0FF8, 0x5020_0FF8), ("exec", 0x20_0000, 0x5020_0000)):
        t.ask(op, addr)
        t.ok(pa=pa)
    t.note("at the ends, in an aperture with RelocEn=0, and in one without a length")
    for addr in (0xF_FFF8, 0x10_4000, 0x1F_FFF8, 0x20_1000, 0x30_0000, 0x40_0000):
        t.ask("read", addr)
        t.page_fault("PR PE")


@fact("2.8", "MARC: a write to an aperture with ReadOnly=1 is a permission fault", "2.8, 7.4", MARC, preset="rome")
def marc_read_only(t: Trace) -> None:
    t.dte()
    apertures(t)
    t.boot()
    t.ask("read", 0x10_1008)
    t.ok(pa=0x5010_1008, perm="r")
    t.ask("write", 0x10_1008)
    t.page_fault("PR PE RW")
    t.ask("write", 0x20_0008)
    t.ok(pa=0x5020_0008)


@fact("2.8", "MARC: a request that runs from a large page into an aperture is under the aperture's rule there", "2.8, 15 D11", MARC,
      preset="rome")
def marc_inside_a_page(t: Trace) -> None:
    t.host(4).put(0, w.v1_entry(0x4000_0000, 0), 3)
    apertures(t)
    t.boot()
    t.ask("write", 0xF_F000, length=0x1000)
    t.ok(pa=0x400F_F000)
    t.ask("write", 0xF_F000, length=0x2000)
    t.page_fault("PR PE RW")
    t.ask("write", 0x10_4000, length=0x1000)
    t.ok(pa=0x4010_4000)


@fact("2.8", "MARC: MarcEn=0 leaves apertures without effect", "2.4 bit 40", preset="rome")
def marc_off(t: Trace) -> None:
    t.dte()
    apertures(t)
    t.boot()
    t.ask("read", 0x10_1000)
    t.ok(pa=0x10_1000)


@fact("2.8", "marc.match=none: MARC registers are stored, and do nothing", "13 no. 28", MARC, preset="rome",
      **{"marc.match": "none"})
def marc_stored_only(t: Trace) -> None:
    t.dte()
    apertures(t)
    t.boot()
    t.hand("dma dev=0x100 addr=0x101000 len=8 op=write", "ok pa=0x101000")


@fact("2.8", "marc.match=result: what a translation gives is looked up in the apertures", "13 no. 28", MARC, preset="rome",
      **{"marc.match": "result"})
def marc_of_results(t: Trace) -> None:
    table = HostTable(t.world, 3)
    table.put(0x7000, w.v1_entry(0x10_3000, 0))
    table.put(0x8000, w.v1_entry(0x10_4000, 0))
    table.put(0x10_0000, w.v1_entry(0x77_7000, 0))
    t.dte(Mode=3, root=table.root, I=1)
    apertures(t)
    t.boot()
    for _ in range(2):
        t.hand("dma dev=0x100 addr=0x7008 len=8 op=read", "ok pa=0x50103008 perm=r",
               "dma dev=0x100 addr=0x7008 len=8 op=write", "fault kind=IO_PAGE_FAULT reply=drop flags=PE+PR+RW",
               "dma dev=0x100 addr=0x8000 len=8 op=write", "ok pa=0x104000",
               "dma dev=0x100 addr=0x100000 len=8 op=write", "ok pa=0x777000",
               "ats dev=0x100 addr=0x7000", "ok pa=0x50103000 perm=r",
               "dma dev=0x100 addr=0x103000 len=8 op=write at=translated", "ok pa=0x103000")
