# SPDX-License-Identifier: Apache-2.0
"""Page requests of devices and their log (7.7)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w

from .fact import DEV, PASID, Trace, fact
from .log_facts import refused

GENOA = PRESETS["genoa"][0]
EVENT_INT, PPR_INT, GA_INT = 1 << 3, 1 << 14, 1 << 29
PAGING = w.PPR | w.PPR_LOG | w.GT


# --- 7.7 ---

@fact("7.7", "a page request becomes a 16-byte entry: DeviceID, PASID, tag, flags, code 1, page address",
      control=PAGING)
def ppr_entry(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.boot()
    t.page_request(DEV, 0x1234_5678_9FFF, 0x1A5, 0xF_EDCB, {"R", "W", "X", "US"}, True)
    t.memory_is(w.PPR_RING, 0x1166_3FA5_EDCB_0100 | 0x1234_5678_9000 << 64, 16)
    t.reads(0x2038, 0x10)
    t.reads(0x2020, 0xC0, 0xE0)


@fact("7.7", "a privileged request with PASID has US=0; without PASID GN=0 and US=0", "7.7", PAGING)
def ppr_flags(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.boot()
    t.page_request(DEV, 0x9000, 1, PASID, {"R"}, False)
    t.memory_is(w.PPR_RING, 0x1104_0001_0005_0100, 8)
    t.hand("pri dev=0x100 addr=0x9000 tag=0x2 w=1", "ok",
           "expect_ppr log=host index=1 dev=0x100 addr=0x9000 tag=0x2 flags=W")


@fact("7.7", "an entry sets PprInt, and interrupts if PPRIntEn", "7.7", PAGING | PPR_INT)
def ppr_interrupts(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.boot()
    t.page_request(DEV, 0x9000, 1, PASID, {"R"}, False)
    t.reads(0x2020, 0x40, 0x40)
    t.irq("ppr", 1)


def ppr_refusal(name: str, text: str, control: int = PAGING, **fields: int) -> None:
    def build(t: Trace) -> None:
        t.dte(**{"GV": 1, "PPR": 1} | fields)
        t.boot()
        refused(t)
        assert t.device.prgs[DEV] == [(0x1A, 1, None)], t.device.prgs
        t.emit("expect_prg dev=0x100 index=0x1a code=0x1")
        t.reads(0x2038, 0)
    build.__name__ = name
    fact("7.7", f"{text}: INVALID_PPR_REQUEST and the response \"invalid request\"", "7.7, 9.4", control)(build)


ppr_refusal("ppr_disabled", "PPREn=0", PAGING & ~w.PPR)
ppr_refusal("ppr_bit_clear", "DTE.PPR=0 with EPHSup", PPR=0)
ppr_refusal("ppr_v0", "V=0", V=0)
ppr_refusal("ppr_gv0", "GV=0", GV=0)
ppr_refusal("ppr_gten0", "GTEn=0", PAGING & ~w.GT)


def refused_by_choice(t: Trace, names: str, *answer: str) -> None:
    """GV=0: the record's flags, and what reaches the device."""
    t.dte(GPRP=1, PPR=1)
    t.boot()
    t.hand("pri dev=0x100 addr=0x9000 tag=0x1a pasid=0x5 r=1 last=1", "fault kind=INVALID_PPR_REQUEST flags=GN+R+US",
           f"expect_event log=host index=0 kind=INVALID_PPR_REQUEST dev=0x100 pasid=0x5 addr=0x9000 flags={names}",
           *answer)
    t.note("what the software says to it goes to the device as well, with any code")
    t.world.sync(7 << 60 | DEV | PASID << 32 | 4 << 64 | 0x201A << 96)
    t.hand("expect_prg dev=0x100 index=0x1a code=0x2 pasid=0x5")


ANSWERED = "expect_prg dev=0x100 index=0x1a code=0x1 pasid=0x5"


@fact("9.4", "a refused page request is answered by the hardware, and RX=1 in the record says so", "16, 7.3 code 9", PAGING)
def refusal_answered(t: Trace) -> None:
    refused_by_choice(t, "GN+R+RX+US", ANSWERED)


@fact("9.4", "ppr.refused=answer: the hardware answers a refused page request with RX=0", "16, 7.3 code 9", PAGING,
      **{"ppr.refused": "answer"})
def refusal_answered_without_rx(t: Trace) -> None:
    refused_by_choice(t, "GN+R+US", ANSWERED)


@fact("9.4", "ppr.refused=event: a refused page request is the software's to answer", "16, 7.3 code 9", PAGING,
      **{"ppr.refused": "event"})
def refusal_is_an_event_only(t: Trace) -> None:
    refused_by_choice(t, "GN+R+US")


def pasid_by_choice(t: Trace, pasid: str) -> None:
    """DTE.GPRP=0, as Linux leaves it: responses of the software and of the hardware, with and without a PASID."""
    t.dte(GV=1, PPR=1)
    t.dte(DEV + 1)
    t.boot()
    t.world.sync(7 << 60 | DEV | PASID << 32 | 4 << 64 | 0x1A << 96)
    t.hand(f"expect_prg dev=0x100 index=0x1a code=0x0{pasid}")
    t.world.sync(7 << 60 | DEV | PASID << 32 | 0x1B << 96)
    t.hand("expect_prg dev=0x100 index=0x1b code=0x0",
           "pri dev=0x101 addr=0x9000 tag=0x2 pasid=0x5 r=1 last=1", "fault kind=INVALID_PPR_REQUEST",
           f"expect_prg dev=0x101 index=0x2 code=0x1{pasid}",
           "pri dev=0x101 addr=0x9000 tag=0x3 r=1 last=1", "fault kind=INVALID_PPR_REQUEST",
           "expect_prg dev=0x101 index=0x3 code=0x1")


@fact("9.4", "DTE.GPRP=0: no PRG response carries a PASID, whatever GN says", "16, 6.4 op 7", PAGING)
def response_without_pasid(t: Trace) -> None:
    pasid_by_choice(t, "")


@fact("9.4", "ppr.response_pasid=gn: GN alone decides whether a PRG response carries the PASID", "16, 6.4 op 7", PAGING,
      **{"ppr.response_pasid": "gn"})
def response_with_pasid(t: Trace) -> None:
    pasid_by_choice(t, " pasid=0x5")


@fact("7.7", "without EPHSup DTE.PPR does not count", control=PAGING, efr=GENOA & ~(1 << 50))
def ppr_without_eph(t: Trace) -> None:
    t.dte(GV=1)
    t.boot()
    t.hand("pri dev=0x100 addr=0x9000 tag=0x2 pasid=0x5 r=1", "ok", "expect_count log=host ppr=1")


@fact("7.7", "PPRLogEn=0: the request is dropped without record", "7.7, 15 D14", w.PPR | w.GT)
def ppr_log_off(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.boot()
    t.emit("pri dev=0x100 addr=0x9000 tag=0x2 pasid=0x5 r=1 last=1")
    t.hand("expect_count log=host event=0 ppr=0", "mmio_read off=0x2038 size=8 value=0x0")


@fact("7.7", "full: PprOverflow=1, PprLogRun=0, the request is dropped; restart as for events", control=PAGING)
def ppr_overflows(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.boot()
    t.write(0x18, t.world.control & ~w.PPR_LOG)
    t.write(0x2038, 0xFF0)
    t.write(0x2030, 0)
    t.write(0x18, t.world.control)
    t.page_request(DEV, 0x9000, 1, PASID, {"R"}, True)
    t.lines[-1] = "fault"
    t.reads(0x2020, 0x20, 0xE0)
    t.reads(0x2038, 0xFF0)
    t.write(0x18, t.world.control & ~w.PPR_LOG)
    t.write(0x2020, 0x20)
    t.write(0x2030, 0xFF0)
    t.write(0x18, t.world.control)
    t.page_request(DEV, 0x9000, 2, PASID, {"R"}, True)
    t.reads(0x2020, 0xC0, 0xE0)
    t.reads(0x2038, 0)


@fact("7.7", "PprAutoRspAon answers every last request with PprAutoRespCode", "7.7, 2.1", PAGING | 1 << 42)
def ppr_auto_response(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.write(0x2080, 0xF)
    t.boot()
    t.hand("pri dev=0x100 addr=0x9000 tag=0x3 pasid=0x5 r=1", "ok",
           "pri dev=0x100 addr=0xa000 tag=0x3 pasid=0x5 r=1 last=1", "ok", "expect_prg dev=0x100 index=0x3 code=0xf")


@fact("7.7", "PprAutoRspEn answers a last request that a full log loses", "7.7", PAGING | 1 << 39)
def ppr_auto_response_overflow(t: Trace) -> None:
    t.dte(GV=1, PPR=1, GPRP=1)
    t.write(0x2080, 1)
    t.boot()
    t.write(0x18, t.world.control & ~w.PPR_LOG)
    t.write(0x2038, 0xFF0)
    t.write(0x18, t.world.control)
    t.hand("pri dev=0x100 addr=0x9000 tag=0x3 pasid=0x5 r=1 last=1",
           "expect_prg dev=0x100 index=0x3 code=0x1 pasid=0x5", "expect_count log=host ppr=0")


@fact("7.7", "the early indicator is set when used entries reach the threshold, and interrupts if IntEn",
      "2.8, 7.7", PAGING | PPR_INT)
def ppr_early(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.write(0x2088, 1 << 31 | 1 << 30 | 2)
    t.boot()
    t.hand("pri dev=0x100 addr=0x9000 tag=0x1 pasid=0x5 r=1", "ok", "mmio_read off=0x2020 size=8 value=0 mask=0x40000",
           "expect_irq kind=ppr count=1", "pri dev=0x100 addr=0x9000 tag=0x2 pasid=0x5 r=1", "ok",
           "mmio_read off=0x2020 size=8 value=0x40000 mask=0x40000", "expect_irq kind=ppr count=2",
           "mmio_write off=0x2020 size=8 value=0x40000", "mmio_read off=0x2020 size=8 value=0 mask=0x40000")


@fact("7.7", "DualPprLogEn=1: entries go to log B", "7.7, 2.4 bits 31:30", PAGING | 1 << 30)
def ppr_log_b(t: Trace) -> None:
    t.dte(GV=1, PPR=1)
    t.write(0xF0, w.PPR_RING + 0x10_0000 | w.LEN)
    t.boot()
    t.page_request(DEV, 0x9000, 1, PASID, {"R"}, False)
    t.reads(0x2038, 0)
    t.reads(0x2058, 0x10)
    t.reads(0x2020, 1 << 12, 1 << 12)


@fact("7.7", "with IommuEn=0 a page request is refused and the device table is not looked at", "7.7, 2.4 bit 0")
def ppr_iommu_off(t: Trace) -> None:
    t.write(0x0, w.DEV_TABLE | 0x1FF)
    t.emit("pri dev=0x100 addr=0x9000 tag=0x1 pasid=0x5 r=1")
    t.emit("fault")
    t.dte(IR=0)
    t.boot()
    t.ask("read")
    t.page_fault("PR PE")
