# SPDX-License-Identifier: Apache-2.0
"""Logs: event log operation, codes, flags, suppression, PPR log, GA log (7.1 to 7.8)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w
from scenario.world import op_devtab

from .fact import DEV, IOVA, PASID, Trace, fact

GENOA = PRESETS["genoa"][0]
EVENT_INT, PPR_INT, GA_INT = 1 << 3, 1 << 14, 1 << 29
PAGING = w.PPR | w.PPR_LOG | w.GT


def blocked(t: Trace) -> None:
    """Every request of the device is an event."""
    t.dte(TV=0)


def overflow(t: Trace) -> None:
    """Two events for a log that has room for one."""
    t.write(0x18, t.world.control & ~w.EVENTS)
    t.write(0x2018, 0xFE0)
    t.write(0x18, t.world.control)
    for addr in (0x1000, 0x2000):
        t.ask("read", addr)
        t.page_fault("")


def refused(t: Trace, dev: int = DEV, last: bool = True, pasid: int = PASID) -> None:
    """A page request that is not allowed; the flags of the refusal belong to 7.7."""
    t.page_request(dev, 0x9000, 0x1A, pasid, {"R", "US"}, last)
    t.lines = [line.split(" flags=")[0] if line.startswith("fault kind=INVALID_PPR") else line for line in t.lines]


# --- 7.1 ---

@fact("7.1", "a record lies at base+tail, then tail moves on by 16")
def record_and_tail(t: Trace) -> None:
    blocked(t)
    t.boot()
    t.ask("write", 0x1234_5678)
    t.memory_is(w.EVT_RING, 0x2020_0021_0000_0100 | 0x1234_5678 << 64, 16)
    t.reads(0x2018, 0x10)
    t.ask("read")
    t.memory_is(w.EVT_RING + 16, 0x2000_0021_0000_0100 | IOVA << 64, 16)
    t.reads(0x2018, 0x20)


@fact("7.1", "a record sets EventLogInt; with EventIntEn it interrupts", "7.1, 2.7", EVENT_INT)
def record_interrupts(t: Trace) -> None:
    blocked(t)
    t.boot()
    t.reads(0x2020, 0, 2)
    t.ask("read")
    t.reads(0x2020, 2, 2)
    t.irq("event", 1)


@fact("7.1", "EventLogInt is set without EventIntEn too", "7.1, 13 no. 15")
def record_flag_only(t: Trace) -> None:
    blocked(t)
    t.boot()
    t.ask("read")
    t.reads(0x2020, 2, 2)
    t.irq("event", 0)


@fact("7.1", "nothing is logged while EventLogEn=0", "2.4 bit 2")
def log_off(t: Trace) -> None:
    blocked(t)
    t.boot()
    t.write(0x18, t.world.control & ~w.EVENTS)
    t.ask("read")
    t.page_fault("")
    t.reads(0x2018, 0)
    t.reads(0x2020, 0, 0xB)


@fact("7.1", "tail wraps at the ring's size")
def tail_wraps(t: Trace) -> None:
    blocked(t)
    t.boot()
    t.write(0x18, t.world.control & ~w.EVENTS)
    t.write(0x2018, 0xFF0)
    t.write(0x2010, 0xFF0)
    t.write(0x18, t.world.control)
    t.ask("read")
    t.reads(0x2018, 0)
    t.memory_is(w.EVT_RING + 0xFF8, IOVA)


@fact("7.1", "full: the event is lost, EventOverflow=1, EventLogRun=0, tail stays", control=EVENT_INT)
def overflows(t: Trace) -> None:
    blocked(t)
    t.boot()
    overflow(t)
    t.reads(0x2020, 1, 9)
    t.reads(0x2018, 0xFF0)
    t.memory_is(w.EVT_RING + 0xFF0, 0, 16)
    t.irq("event", 2)


@fact("7.1", "after an overflow nothing is logged before EventLogEn goes 0 to 1, even if there is room")
def overflow_stays(t: Trace) -> None:
    blocked(t)
    t.boot()
    overflow(t)
    t.write(0x2010, 0x80)
    t.write(0x2020, 1)
    t.ask("read")
    t.page_fault("")
    t.reads(0x2018, 0xFF0)
    t.reads(0x2020, 0, 8)


@fact("7.1", "restart: EventLogEn off, EventOverflow cleared, EventLogEn on; the pointers keep their values")
def overflow_restart(t: Trace) -> None:
    blocked(t)
    t.boot()
    overflow(t)
    t.write(0x18, t.world.control & ~w.EVENTS)
    t.write(0x2020, 1)
    t.write(0x2010, 0xFF0)
    t.write(0x18, t.world.control)
    t.reads(0x2020, 8, 9)
    t.ask("read")
    t.reads(0x2018, 0)
    t.memory_is(w.EVT_RING + 0xFF8, IOVA)


@fact("7.1", "a log of length code 9 holds 511 records")
def log_of_512(t: Trace) -> None:
    blocked(t)
    t.boot()
    t.write(0x18, t.world.control & ~w.EVENTS)
    t.write(0x10, w.EVT_RING + 0x10_0000 | 9 << 56)
    t.write(0x2018, 0x1FE0)
    t.write(0x2010, 0)
    t.write(0x18, t.world.control)
    t.ask("read")
    t.reads(0x2018, 0x1FF0)
    t.ask("read")
    t.reads(0x2018, 0x1FF0)
    t.reads(0x2020, 1, 9)


@fact("7.1", "DualEventLogEn=1: records go to log B", "7.1, 2.4 bits 33:32", 1 << 32)
def log_b(t: Trace) -> None:
    blocked(t)
    t.write(0xF8, w.EVT_RING + 0x10_0000 | w.LEN)
    t.boot()
    t.ask("read")
    t.reads(0x2018, 0)
    t.reads(0x2078, 0x10)
    t.memory_is(w.EVT_RING + 0x10_0008, IOVA)


@fact("7.1", "DualEventLogEn=2: a full log A hands over to B, EventLogActive flips, A's overflow bit is set",
      "7.1, 2.7 bits 0, 16", 2 << 32)
def log_swap(t: Trace) -> None:
    blocked(t)
    t.write(0xF8, w.EVT_RING + 0x10_0000 | w.LEN)
    t.boot()
    t.reads(0x2020, 0, 1 << 16)
    overflow(t)
    t.reads(0x2020, 1 << 16 | 1, 1 << 16 | 1 | 1 << 15)
    t.reads(0x2078, 0x10)
    t.memory_is(w.EVT_RING + 0x10_0008, 0x2000)


# --- 7.2, 7.3 ---

@fact("7.2", "IO_PAGE_FAULT: DeviceID, DomainID, flags 59:48, code 2, address", "7.2, 7.3")
def page_fault_record(t: Trace) -> None:
    t.dte(0xABCD, IR=0, IW=0, DomainID=0x1234)
    t.boot()
    t.ask("write", 0x8765_4321_0000, dev=0xABCD)
    t.memory_is(w.EVT_RING, 0x2070_1234_0000_ABCD | 0x8765_4321_0000 << 64, 16)


@fact("7.2", "GN=1: PASID[15:0] in 47:32, PASID[19:16] in 19:16", "7.2", w.GT)
def pasid_record(t: Trace) -> None:
    t.guest()
    t.boot()
    t.ask("exec", pasid=0xF_EDCB)
    t.memory_is(w.EVT_RING, 0x2007_EDCB_000F_0100 | IOVA << 64, 16)


@fact("7.3", "ILLEGAL_DEV_TABLE_ENTRY: code 1, no DomainID, address bits 1:0 are 0")
def illegal_entry_record(t: Trace) -> None:
    t.dte(raw=4)
    t.boot()
    t.ask("write", 0x1003)
    t.memory_is(w.EVT_RING, 0x10A0_0000_0000_0100 | 0x1000 << 64, 16)


@fact("7.3", "DEV_TAB_HARDWARE_ERROR: code 3, type in 58:57, address of the entry", ram=0x8000_0000)
def device_table_error_record(t: Trace) -> None:
    t.boot()
    t.write(0x0, 0x9000_0000 | 0x1FF)
    t.ask("write")
    t.memory_is(w.EVT_RING, 0x3220_0000_0000_0100 | 0x9000_2000 << 64, 16)


@fact("7.3", "PAGE_TAB_HARDWARE_ERROR: code 4, DomainID, type, address of the entry", ram=0x8000_0000)
def page_table_error_record(t: Trace) -> None:
    t.dte(Mode=1, root=0x9000_0000)
    t.boot()
    t.ask("read")
    t.memory_is(w.EVT_RING, 0x4200_0021_0000_0100 | 0x9000_0038 << 64, 16)


@fact("7.3", "ILLEGAL_COMMAND_ERROR: code 5, address of the command, nothing else")
def illegal_command_record(t: Trace) -> None:
    t.boot()
    t.world.submit(op_devtab(1), 0xF << 60)
    t.new_records()
    t.memory_is(w.EVT_RING, 0x5000_0000_0000_0000 | w.CMD_RING + 16 << 64, 16)


@fact("7.3", "COMMAND_HARDWARE_ERROR: code 6, type, address of the access", ram=0x8000_0000)
def command_error_record(t: Trace) -> None:
    t.boot()
    t.world.submit(1 << 60 | 0x9000_0008 | 1)
    t.new_records()
    t.memory_is(w.EVT_RING, 0x6200_0000_0000_0000 | 0x9000_0008 << 64, 16)


@fact("7.3", "INVALID_DEVICE_REQUEST: code 8, type in 59:57, DeviceID, request address")
def device_request_record(t: Trace) -> None:
    t.dte()
    t.boot()
    t.ask("read", 0xFEE0_0010)
    t.fault("INVALID_DEVICE_REQUEST", "")
    t.ask("write", 0xFEE0_0010)
    t.fault("INVALID_DEVICE_REQUEST", "T4")
    t.memory_is(w.EVT_RING, 0x8000_0000_0000_0100 | 0xFEE0_0010 << 64, 16)
    t.memory_is(w.EVT_RING + 16, 0x8800_0000_0000_0100 | 0xFEE0_0010 << 64, 16)


@fact("7.3", "INVALID_PPR_REQUEST: code 9 over the body of a PPR entry, GN at bit 57, RX at bit 48", control=PAGING)
def ppr_refused_record(t: Trace) -> None:
    t.dte()
    t.boot()
    refused(t, pasid=0xF_EDCB)
    t.memory_is(w.EVT_RING, 0x9245_3E1A_EDCB_0100 | 0x9000 << 64, 16)


# --- 7.4 is spread over 3.3, 3.4, 4.3 and 5.x; here what the requester sees ---

@fact("7.4", "reads, atomics and execute complete with an abort, posted writes are dropped", "7.4 last paragraph")
def replies(t: Trace) -> None:
    blocked(t)
    t.boot()
    for op, reply in (("read", "abort"), ("atomic", "abort"), ("exec", "abort"), ("write", "drop")):
        t.ask(op)
        t.fault("IO_PAGE_FAULT", "RW" if op in ("write", "atomic") else "", reply)


@fact("7.4", "a translated request with I=0 is INVALID_DEVICE_REQUEST type 1", "7.4, 9.1")
def translated_not_allowed(t: Trace) -> None:
    t.host()
    t.boot()
    t.ask("read", translated=True)
    t.fault("INVALID_DEVICE_REQUEST", "T1", "abort")


@fact("7.4", "a translated write that is refused is answered, not dropped", "7.4, trace format rule 5")
def translated_write(t: Trace) -> None:
    t.host()
    t.boot()
    t.hand("dma dev=0x100 addr=0x7000 len=8 op=write at=translated",
           "fault kind=INVALID_DEVICE_REQUEST reply=abort flags=T1")


@fact("7.4", "a translated request with I=1 passes as an SPA without walk", "9.1")
def translated_passes(t: Trace) -> None:
    t.host(I=1)
    t.boot()
    t.ask("write", 0x9000, translated=True)
    t.ok(pa=0x9000)


# --- 7.5 ---

@fact("7.5", "SA=1: no record for page faults of memory requests; the request still fails")
def sa_suppresses(t: Trace) -> None:
    t.dte(IR=0, SA=1)
    t.boot()
    t.ask("read")
    t.page_fault("PR PE")
    t.logged(0)


@fact("7.5", "SA and SE do not suppress illegal entries")
def illegal_not_suppressed(t: Trace) -> None:
    t.dte(SA=1, SE=1, raw=4)
    t.boot()
    for _ in range(2):
        t.ask("read")
        t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")
    t.logged(2)


@fact("7.5", "SE=1: only the first page fault of the device is logged")
def se_suppresses(t: Trace) -> None:
    t.dte(IR=0, SE=1)
    t.dte(0x101, IR=0, SE=1)
    t.boot()
    for dev in (DEV, DEV, 0x101, 0x101):
        t.ask("read", dev=dev)
        t.page_fault("PR PE")
    t.logged(2)


@fact("7.5", "INVALIDATE_IOMMU_ALL resets what SE remembers")
def se_reset_by_all(t: Trace) -> None:
    t.dte(IR=0, SE=1)
    t.boot()
    t.ask("read")
    t.page_fault("PR PE")
    t.world.sync(8 << 60)
    t.ask("read")
    t.page_fault("PR PE")
    t.logged(2)


@fact("7.5", "IG=1: no record for interrupts of the device", "7.5, 8.5")
def ig_suppresses(t: Trace) -> None:
    t.dte(IV=1, IG=1, IntCtl=2, IntTabLen=1, int_root=0x60_0000)
    t.boot()
    for data in (0, 5):
        t.msi(data)
        t.page_fault("I")
    t.logged(0)


@fact("7.5", "IRTE.SupIOPF=1: no record for faults of that entry", "7.5, 8.5")
def supiopf_suppresses(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=2, int_root=0x60_0000)
    t.word(0x60_0000, 2, 4)
    t.word(0x60_0004, 0x3F, 4)
    t.boot()
    t.msi(0)
    t.page_fault("I")
    t.msi(1)
    t.page_fault("I PR RZ")
    t.logged(0)
    t.msi(2)
    t.page_fault("I")
    t.logged(1)


@fact("7.5", "translation requests never log page faults: success without permissions", "7.5, 9.2")
def ats_no_page_fault(t: Trace) -> None:
    t.host(I=1)
    t.boot()
    t.translate(0x9000)
    t.ok(perm="-")
    t.translate(1 << 45)
    t.ok(perm="-")
    t.logged(0)


# --- 7.6: no witness, the golden model has no such registers ---

@fact("7.6", "HESup: hardware and illegal-type errors are latched; a second one sets HEO and keeps the first",
      "7.6, 2.8", efr=GENOA | 1 << 8)
def hardware_event_registers(t: Trace) -> None:
    t.dte(raw=4)
    t.dte(0x101, TV=0)
    t.boot()
    t.ask("read", dev=0x101)
    t.page_fault("")
    t.hand("mmio_read off=0x50 size=8 value=0x0")
    t.ask("read")
    t.fault("ILLEGAL_DEV_TABLE_ENTRY", "RZ")
    t.hand("mmio_read off=0x50 size=8 value=0x1",
           "mmio_read off=0x40 size=8 value=0x1080000000000100", "mmio_read off=0x48 size=8 value=0x7000")
    t.ask("read", 0x8000)
    t.hand("mmio_read off=0x50 size=8 value=0x3", "mmio_read off=0x48 size=8 value=0x7000",
           "mmio_write off=0x50 size=8 value=0x3", "mmio_read off=0x50 size=8 value=0x0")


# --- the second log, the early indicator and stop markers: not in the golden model ---

EVENT_B_ON, PPR_B_ON, SWAP = 1 << 32, 1 << 30, 2 << 32


def _blocked(t: Trace) -> None:
    """A device whose requests fault, and a log B of 256 records."""
    t.dte(TV=0)
    t.boot()
    t.hand(f"mmio_write off=0xf8 size=8 value={8 << 56 | 0x44_0000:#x}")


def _fault(t: Trace) -> None:
    t.hand(f"dma dev={DEV:#x} addr=0x1000 len=8 op=read", "fault kind=IO_PAGE_FAULT flags=0")


@fact("2.4", "DualEventLogEn may change while the log runs: 01 writes log B, 00 log A again")
def dual_event_log_changed_late(t: Trace) -> None:
    _blocked(t)
    t.hand(f"mmio_write off=0x18 size=8 value={t.world.control | EVENT_B_ON:#x}")
    _fault(t)
    t.hand("mmio_read off=0x2078 size=8 value=0x10", "mmio_read off=0x2018 size=8 value=0",
           "mmio_read off=0x2020 size=8 value=0x10000 mask=0x10000",
           f"mmio_write off=0x18 size=8 value={t.world.control:#x}")
    _fault(t)
    t.hand("mmio_read off=0x2018 size=8 value=0x10", "mmio_read off=0x2020 size=8 value=0 mask=0x10000")


@fact("7.1", "auto-swap: a log that software has emptied is there again when the other one is full")
def swap_returns(t: Trace) -> None:
    _blocked(t)
    t.hand(f"mmio_write off=0x18 size=8 value={t.world.control & ~4:#x}", "mmio_write off=0x2018 size=8 value=0xff0",
           "mmio_write off=0x2078 size=8 value=0xfe0", f"mmio_write off=0x18 size=8 value={t.world.control | SWAP:#x}")
    _fault(t)  # A is full: goes to B
    t.hand("mmio_read off=0x2078 size=8 value=0xff0", "mmio_write off=0x2010 size=8 value=0xff0",
           "mmio_write off=0x2020 size=8 value=1")
    _fault(t)  # B is full: goes to A again
    t.hand("mmio_read off=0x2018 size=8 value=0", "mmio_read off=0x2078 size=8 value=0xff0",
           "mmio_read off=0x2020 size=8 value=0x8008 mask=0x18009")


def _pages(t: Trace, early: int) -> None:
    t.guest(PPR=1)
    t.boot()
    t.hand(f"mmio_write off=0x38 size=8 value={8 << 56 | 0x42_0000:#x}", f"mmio_write off=0x2088 size=8 value={early:#x}",
           f"mmio_write off=0x18 size=8 value={t.world.control | 1 << 13 | 1 << 15:#x}")


def _page(t: Trace, tag: int) -> None:
    t.hand(f"pri dev={DEV:#x} addr={IOVA:#x} tag={tag} pasid={PASID} r=1 last=1", "ok")


@fact("2.8", "the early indicator has an interrupt enable of its own and tells once", "2.8, 7.7", control=w.GT)
def early_interrupt(t: Trace) -> None:
    _pages(t, 1 << 31 | 1 << 30 | 2)
    _page(t, 1)
    t.hand("expect_irq kind=ppr count=0", "mmio_read off=0x2020 size=8 value=0 mask=0x40000")
    _page(t, 2)
    _page(t, 3)
    t.hand("expect_irq kind=ppr count=1", "mmio_read off=0x2020 size=8 value=0x40000 mask=0x40000")


@fact("7.7", "BlkStopMrkEn: a stop marker (nothing asked for, last, with PASID) is consumed without an entry", control=w.GT)
def stop_marker(t: Trace) -> None:
    _pages(t, 0)
    marker = f"pri dev={DEV:#x} addr=0 tag=1 pasid={PASID} last=1"
    t.hand(marker, "ok", "mmio_read off=0x2038 size=8 value=0x10",
           f"mmio_write off=0x18 size=8 value={t.world.control | 1 << 13 | 1 << 15 | 1 << 41:#x}",
           marker, "fault", "expect_count log=host ppr=1 event=0", "mmio_read off=0x2038 size=8 value=0x10")
    t.note("what asks for something, or is not the last, is no stop marker")
    for index, asked in enumerate(("r=1 last=1", "w=1 last=1", "x=1 last=1", ""), 2):
        t.hand(f"pri dev={DEV:#x} addr=0x9000 tag={index} pasid={PASID} {asked}".rstrip(), "ok",
               f"expect_count log=host ppr={index} event=0")
