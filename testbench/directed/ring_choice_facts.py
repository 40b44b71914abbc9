# SPDX-License-Identifier: Apache-2.0
"""What the sources leave open of rings, logs, ATS and page requests: the other value of each key."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w

from .choice_facts import asks, choice, page_fault, sends, translates
from .fact import DEV, Trace, fact

GENOA = PRESETS["genoa"][0]


# --- rings and logs ---

EVENT_INT, ROOM = 1 << 3, 0xFE0
RUN, OVERFLOW = 8, 1


def reads(off: int, value: int, mask: int) -> str:
    return f"mmio_read off={off:#x} size=8 value={value:#x} mask={mask:#x}"


def nearly_full(t: Trace) -> None:
    """An event log with room for one record of a device that is blocked."""
    t.dte(TV=0)
    t.boot()
    t.write(0x18, t.world.control & ~w.EVENTS)
    t.write(0x2018, ROOM)
    t.write(0x18, t.world.control)


@choice("7.1", "log.run_on_overflow=keep", "EventLogRun stays; with EventOverflow taken back the log goes on", "13 no. 16")
def overflow_keeps_running(t: Trace) -> None:
    nearly_full(t)
    t.hand(asks("read"), page_fault(), reads(0x2020, RUN, RUN | OVERFLOW), asks("read"), page_fault(),
           reads(0x2020, RUN | OVERFLOW, RUN | OVERFLOW))
    t.write(0x2010, 0x80)
    t.hand(asks("read"), page_fault(), reads(0x2018, ROOM + 0x10, 0xFFFF))
    t.write(0x2020, OVERFLOW)
    t.hand(asks("read"), page_fault(), reads(0x2018, 0, 0xFFFF), reads(0x2020, RUN, RUN | OVERFLOW))


@choice("7.1", "log.event_int_status=enabled", "EventLogInt is set with EventIntEn only", "13 no. 15")
def int_status_needs_enable(t: Trace) -> None:
    t.dte(TV=0)
    t.boot()
    t.hand(asks("read"), page_fault(), reads(0x2020, 0, 2))
    t.write(0x18, t.world.control | EVENT_INT)
    t.hand(asks("read"), page_fault(), reads(0x2020, 2, 2), "expect_irq kind=event count=1")


@choice("7.1", "log.interrupt=edge", "a record interrupts if EventLogInt was 0", "7.1", EVENT_INT)
def interrupt_on_edge(t: Trace) -> None:
    nearly_full(t)
    t.write(0x2010, 0x80)
    for _ in range(3):
        t.hand(asks("read"), page_fault())
    t.hand("expect_irq kind=event count=1")
    t.write(0x2020, 2)
    t.hand(asks("read"), page_fault(), "expect_irq kind=event count=1")


def posted_to_nobody(t: Trace) -> None:
    t.dte(IV=1, IntCtl=2, IntTabLen=4, int_root=0x60_0000)
    t.word(0x60_0000, 1 | 4 | 1 << 7 | 0xC0FFEE << 32 | 0x45 << 64 | 0x5 << 76, 16)
    t.boot()
    t.write(0x18, t.world.control & ~w.GA_LOG)
    t.write(0xE0, 0x70_0000 | 13 << 56)


@choice("2.8", "log.ga_pointer_top=15", "GA log pointers have bits 15:3, and wrap there", "13 no. 13",
        w.GA | w.GAM_VAPIC | w.GA_LOG)
def short_ga_pointers(t: Trace) -> None:
    posted_to_nobody(t)
    t.write(0x2048, 0x7_FFF8)
    t.write(0x2040, 0x1_0010)
    t.hand(reads(0x2048, 0xFFF8, 0xF_FFFF), reads(0x2040, 0x10, 0xF_FFFF))
    t.write(0x18, t.world.control)
    t.hand(sends(0), "expect_mem addr=0x70fff8 data=eeffc00000010010", reads(0x2048, 0, 0xF_FFFF))


@fact("2.8", "GA log pointers have bits 18:3", "2.8, 13 no. 13", w.GA | w.GAM_VAPIC | w.GA_LOG)
def long_ga_pointers(t: Trace) -> None:
    posted_to_nobody(t)
    t.write(0x2048, 0x1_FFF8)
    t.write(0x2040, 0x1_0010)
    t.hand(reads(0x2048, 0x1_FFF8, 0xF_FFFF), reads(0x2040, 0x1_0010, 0xF_FFFF))
    t.write(0x18, t.world.control)
    t.hand(sends(0), "expect_mem addr=0x71fff8 data=eeffc00000010010", reads(0x2048, 0, 0xF_FFFF))


@choice("2.2", "ring.base_write=keeps", "a write of a ring base leaves the pointers alone", "13 no. 17")
def base_keeps_pointers(t: Trace) -> None:
    for base, head, tail in ((0x8, 0x2000, 0x2008), (0x10, 0x2010, 0x2018)):
        t.write(head, 0x40)
        t.write(tail, 0x60)
        t.write(base, 0x40_0000 | w.LEN)
        t.hand(reads(head, 0x40, 0xFFFF), reads(tail, 0x60, 0xFFFF))


def faulty(value: str, text: str, head: int) -> None:
    """The second of three commands is illegal."""
    def build(t: Trace) -> None:
        t.boot()
        t.world.submit(w.op_devtab(1), 0, w.op_devtab(1))
        t.hand(reads(0x2000, head, 0xFFFF), reads(0x2020, 0, 0x10), "expect_count log=host event=1")
        t.write(0x18, t.world.control & ~w.COMMANDS)
        t.write(0x18, t.world.control)
        t.hand(reads(0x2000, 0x30, 0xFFFF), reads(0x2020, 0x10, 0x10), "expect_count log=host event=1")
    build.__name__ = f"faulty_head_{value}"
    choice("6.5", f"cmd.faulty_head={value}", text, "6.5, 13 no. 18")(build)


faulty("next", "the head is behind a faulty command", 0x20)
faulty("tail", "the head is at the tail after a faulty command", 0x30)


@choice("6.2", "cmd.iotlb_pasid=low_first", "PASID[7:0] in 23:16, PASID[19:8] in 59:48", "13 no. 1")
def iotlb_pasid_low_first(t: Trace) -> None:
    t.boot()
    t.world.submit(4 << 60 | DEV | 0x56 << 16 | 0x134 << 48 | 4 << 64 | 0x8000 << 64)
    t.hand("expect_atc_inv dev=0x100 addr=0x8000 size=0x1000 pasid=0x13456")


@choice("6.2", "cmd.iotlb_type=zero", "TYPE must be 0 with InvIotlbTypeSup, too", "13 no. 35", efr=GENOA | 1 << 54)
def iotlb_type_zero(t: Trace) -> None:
    t.boot()
    t.world.submit(4 << 60 | DEV | 0x8000 << 64, 4 << 60 | DEV | 0x8000 << 64 | 1 << 69)
    t.hand(reads(0x2000, 0x10, 0xFFFF), "expect_count log=host event=1")


@fact("6.2", "with InvIotlbTypeSup every TYPE is legal", "6.2, 13 no. 35", efr=GENOA | 1 << 54)
def iotlb_type_any(t: Trace) -> None:
    t.boot()
    t.world.submit(*(4 << 60 | DEV | 0x8000 << 64 | kind << 68 for kind in range(4)))
    t.hand(reads(0x2000, 0x40, 0xFFFF), "expect_count log=host event=0")


def stray_pasid(op: int, place: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        command = op << 60 | (DEV if op == 4 else 0)
        t.world.submit(command | 1 << place | 4 << 64, command, command | 1 << place)
        t.hand(reads(0x2000, 0x20, 0xFFFF), "expect_count log=host event=1")
    build.__name__ = f"stray_pasid_op{op}"
    choice("6.2", "cmd.stray_pasid=illegal", f"opcode {op}: a PASID with GN=0 is illegal", "15 D12")(build)


stray_pasid(3, 4)
stray_pasid(4, 56)


@choice("6.2", "cmd.guest_reserved=ignored", "reserved bits of INSERT_GUEST_EVENT and RESET_VMMIO do not count", "15 D20")
def guest_reserved_ignored(t: Trace) -> None:
    t.boot()
    t.world.submit(9 << 60 | 1 << 59 | 1 | 1 << 127, 10 << 60 | 1 << 59 | 1 << 27 | 1 << 64)
    t.hand(reads(0x2000, 0x20, 0xFFFF), "expect_count log=host event=0")


def guest_reserved(op: int, bit: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        t.world.submit(op << 60, op << 60 | 1 << bit)
        t.hand(reads(0x2000, 0x10, 0xFFFF), "expect_count log=host event=1")
    build.__name__ = f"reserved_op{op}_bit{bit}"
    fact("6.2", f"opcode {op:X}h: bit {bit} is reserved", "15 D20")(build)


for number in (0, 31, 48, 59, 64, 127):
    guest_reserved(9, number)
for number in (16, 27, 29, 30, 32, 59, 64, 127):
    guest_reserved(10, number)


# --- ATS and page requests ---

@choice("9.2", "ats.range_reply=refused", "a translation request for the interrupt range is refused", "9.2")
def ats_range_refused(t: Trace) -> None:
    t.dte(I=1)
    t.boot()
    refused = "fault kind=INVALID_DEVICE_REQUEST flags=TR"
    t.hand(translates(0xFEE0_0000), refused, translates(0xFD_0000_0000), refused, translates(), "ok")


@choice("7.7", "ppr.log_off=refuse", "PPRLogEn=0: INVALID_PPR_REQUEST and a response", "15 D14", w.PPR | w.GT)
def ppr_refused_without_log(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.boot()
    t.hand("pri dev=0x100 addr=0x9000 tag=0x2 pasid=0x5 r=1 last=1", "fault kind=INVALID_PPR_REQUEST",
           "expect_prg dev=0x100 index=0x2 code=0x1", "expect_count log=host event=1 ppr=0")
