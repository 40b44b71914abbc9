# SPDX-License-Identifier: Apache-2.0
"""The decisions of viommu.md 12, and switches without a row: the default, and what another value of the key does."""
from __future__ import annotations

from golden.layout import IPA_CMD
from scenario import world as w

from .viommu_world import (BOTH, CMD_RUN, DEV_MAP, EN, EVENTS, EVT_HEAD, EVT_TAIL, GPA, HEAD, IOVA, LEN, MISC, OWN,
                           PASID, PPR_EN, PRIVATE, STATUS, STORE, TAIL, VIOMMU, Machine, row, vfact)

VSC = 0xC8


@row("E1", "a DID map write while vIommuEn=0 is only kept in the register", "viommu.did_map_enable",
     {"always": "a DID map write reaches memory while vIommuEn=0, too"})
def map_write_while_off(m: Machine, always: str) -> None:
    m.boot()
    m.set_control(off=VIOMMU)
    m.g.map_device()
    m.g.map_domain()
    m.g.vfc_is(DEV_MAP, m.g.gdev << 46 | m.g.hdev << 14 | 1)
    m.memory(m.g.dev_entry(), m.g.hdev << 24 | 1 if always else 0)
    m.memory(m.g.dom_entry(), m.g.hdom << 24 | 1 if always else 0)
    m.note("with vIommuEn=1 nothing is written later")
    m.set_control(VIOMMU)
    m.memory(m.g.dev_entry(), m.g.hdev << 24 | 1 if always else 0)


@row("E2", "without memory behind the private space a guest's registers and ring work", without=("slots",))
def registers_without_memory(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.g.vf(EVT_HEAD, 0x40)
    m.g.vf_is(EVT_HEAD, 0x40)
    m.g.sync()
    m.g.done()
    m.count(event=0)


@row("E2", "while the slot is not mapped its old memory stays as it is")
def slot_goes_away(m: Machine, _: str) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0x40)
    assert m.own_table
    m.note("[0, 2 MiB) is taken away")
    m.own_table.put(0, 0, 2)
    m.sync(w.op_pages(0xFFF0))
    m.g.vf(EVT_HEAD, 0x60)
    m.g.vf_is(EVT_HEAD, 0x60)
    m.memory(m.g.slot + EVT_HEAD, 0x40)


@row("E3", "GstBufferTRPMode=0: COMPLETION_WAIT stores at a GPA that TransDevID translates", modes=(PRIVATE,))
def store_by_gpa(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.g.sync()
    m.note("a GPA that stage 2 does not map")
    m.g.submit(1 << 60 | 0x7F00_0000 | 1)
    m.event(0, "IO_PAGE_FAULT", dev=m.g.trans, addr=0x7F00_0000, flags="RW+vPtr+vCmd")


@row("E4", "after ILLEGAL_COMMAND_ERROR the guest's head is at the faulty command", modes=BOTH)
def head_after_an_error(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.g.sync()
    m.g.put(0)
    m.g.submit(m.g.wait_command()[0])
    m.g.vf_is(HEAD, 0x10)
    m.memory(m.g.slot, 0x10, 0x30)


@row("E5", "an invalid GCR3 entry of a guest's device: the guest's log", "viommu.gcr3_fault",
     {"host": "an invalid GCR3 entry of a guest's device: the host's log"})
def invalid_gcr3_entry(m: Machine, host: str) -> None:
    m.boot()
    m.g.start()
    m.g.dma(pasid=9)
    m.fault("IO_PAGE_FAULT", "GN")
    (m.event if host else m.g.event)(0, "IO_PAGE_FAULT", dev=m.g.hdev if host else m.g.gdev, pasid=9, addr=IOVA)
    (m.g.count if host else m.count)(event=0)


@row("E5", "a PASID beyond GLX of a guest's device: the guest's log", "viommu.gcr3_fault",
     {"host": "a PASID beyond GLX of a guest's device: the host's log"})
def pasid_beyond_glx(m: Machine, host: str) -> None:
    m.boot()
    m.g.start()
    m.g.dma(pasid=0x200)
    m.fault("IO_PAGE_FAULT", "GN")
    (m.event if host else m.g.event)(0, "IO_PAGE_FAULT", dev=m.g.hdev if host else m.g.gdev, pasid=0x200, addr=IOVA)
    (m.g.count if host else m.count)(event=0)


@row("E6", "a guest's record has GN=1 and a PASID where a DomainID would be")
def no_domain_in_records(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.g.map_domain()
    m.g.miss()
    m.memory(m.g.events, m.g.gdev | PASID << 32 | 1 << 48 | 2 << 60, 0x6000)


@row("E7", "the VF aperture is at E0_0000_0000h", "vf_base", {"0x1230000000": "the VF aperture is where the key says"},
     guests=(), without=("own",))
def vf_aperture(m: Machine, other: str) -> None:
    base = int(other or "0xE000000000", 16)
    m.b.emit(f"pci_read off={VSC + 0x8:#x} size=4 value={base & 0xFFFF_FFFF | 1:#x}")
    m.b.emit(f"pci_read off={VSC + 0xC:#x} size=4 value={base >> 32:#x}")


@row("E7", "the VF Control aperture is at E0_1000_0000h", "vfc_base",
     {"0x4560400000": "the VF Control aperture is where the key says"}, guests=(), without=("own",))
def vfc_aperture(m: Machine, other: str) -> None:
    base = int(other or "0xE010000000", 16)
    m.b.emit(f"pci_read off={VSC + 0x10:#x} size=4 value={base & 0xFFFF_FFFF | 1:#x}")
    m.b.emit(f"pci_read off={VSC + 0x14:#x} size=4 value={base >> 32:#x}")


def closed_entry(name: str, **fields: int) -> None:
    text = "DTE[TransDevID] with " + "".join(f"{field}={value}" for field, value in fields.items())

    def build(m: Machine, _: str) -> None:
        m.g.transdev(**fields)
        m.boot()
        m.g.start()
        m.note("the GPAs of ring and store are within ram, and must not be taken for SPAs")
        where = 0x5000_0000 if m.mode == GPA else STORE + 8
        m.b.word(0x5000_0000, m.g.wait_command()[0], 16)
        m.g.submit(m.g.wait_command()[0] - 8)
        flags = "vPtr+vCmd" if m.mode == GPA else "RW+vPtr+vCmd"
        m.event(0, "IO_PAGE_FAULT", dev=m.g.trans, addr=where, flags=flags)
        m.memory(STORE + 8, 0)
        m.g.vf_is(STATUS, 0, CMD_RUN)
    build.__name__ = f"closed_entry_{name}"
    row("E8", f"{text} is a failure, never pass-through", modes=BOTH if name == "v" else (GPA,))(build)


closed_entry("v", V=0)
closed_entry("tv", TV=0)
closed_entry("mode", Mode=0)


@row("E8", "the own entry with V=0 is a failure, never pass-through: IO_PAGE_FAULT of the own DeviceID with vPtr",
     without=("own", "devices"))
def own_entry_closed(m: Machine, _: str) -> None:
    m.boot()
    m.g.map_device()
    m.event(0, "IO_PAGE_FAULT", dev=OWN, flags="RW+vPtr")


@row("E9", "ring pointers count modulo the ring's size and read back as written", modes=BOTH)
def pointer_beyond_the_ring(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    wait, where, number = m.g.wait_command()
    m.g.put(wait)
    m.g.vf(TAIL, 0x1010)
    m.memory(where, number)
    m.g.vf_is(TAIL, 0x1010)
    m.g.vf_is(HEAD, 0x10)


def short(length: int) -> None:
    def build(m: Machine, _: str) -> None:
        m.boot()
        m.g.start(EN | length, EN | length)
        m.g.vf_is(STATUS, 0)
        m.g.submit(m.g.wait_command()[0])
        m.g.done(0)
        m.g.miss()
        m.g.vf_is(EVT_TAIL, 0)
    build.__name__ = f"length_{length}"
    row("E9", f"a ring and a log with length code {length} do not run")(build)


short(0)
short(7)


@row("E10", "a guest log that TransDevID does not lead to: GUEST_EVENT_FAULT alone", "viommu.log_fault",
     {"both": "a guest log that TransDevID does not lead to: GUEST_EVENT_FAULT and IO_PAGE_FAULT with vEvent"})
def log_not_reached(m: Machine, both: str) -> None:
    m.g.host.put(EVENTS, 0)
    m.boot()
    m.g.start()
    m.g.miss()
    m.event(0, "GUEST_EVENT_FAULT", flags="vEvent")
    if both:
        m.event(1, "IO_PAGE_FAULT", dev=m.g.trans, dom=m.g.trans_dom, addr=EVENTS, flags="RW+vEvent")
    m.count(event=2 if both else 1)


@row("E11", "VF and VF Control are there while vIommuEn=0; nothing is processed", "viommu.registers_while_off",
     {"dead": "VF and VF Control read 0 and take nothing while vIommuEn=0"})
def registers_while_off(m: Machine, dead: str) -> None:
    m.boot()
    m.set_control(off=VIOMMU)
    m.g.start()
    m.g.vfc_is(MISC, 0 if dead else m.g.trans << 16)
    wait, where, number = m.g.wait_command()
    m.g.submit(wait)
    m.g.vf_is(TAIL, 0 if dead else 0x10)
    m.memory(where, 0)
    m.set_control(VIOMMU)
    m.g.vf_is(TAIL, 0 if dead else 0x10)
    m.memory(where, 0 if dead else number)


# --- switches without a row ---

def enables(m: Machine, both: bool) -> None:
    m.boot()
    m.g.start(pprs=PPR_EN | EN | LEN)
    m.g.pri(1)
    if both:
        m.fault("INVALID_PPR_REQUEST")
        m.g.count(ppr=0)
    else:
        m.ok()
        m.g.count(ppr=1)
    m.note("with the host's PPREn, too")
    m.set_control(w.PPR)
    m.g.pri(2)
    m.ok()


@vfact("9.2", "page requests of a guest's device need the guest's PPREn alone")
def ppr_enable_guest(m: Machine) -> None:
    enables(m, False)


@vfact("9.2", "viommu.ppr_enable=both: page requests of a guest's device need the host's PPREn, too",
       config="viommu.ppr_enable=both")
def ppr_enable_both(m: Machine) -> None:
    enables(m, True)


TINY = "ptc.log2_entries=0 ptc.ways=1"


def held(m: Machine, holds: bool) -> None:
    other = m.g.page()[1]
    page = m.page()
    m.boot()
    m.g.start()
    m.g.sync()
    m.note("another page for the ring; a read of the device takes the only line of the translation cache")
    m.private_page(IPA_CMD + (1 << 19), page)
    m.b.word(m.g.ring + 0x10, 1 << 60 | STORE | 1 | 0x111 << 64, 16)
    m.b.word(page + 0x10, 1 << 60 | STORE | 1 | 0x222 << 64, 16)
    m.g.reads(other)
    m.g.vf(TAIL, 0x20)
    m.memory(m.g.store, 0x111 if holds else 0x222)


@vfact("2.2", "a guest's command engine holds the translation of its ring until a command covers it", modes=(PRIVATE,),
       stale=True, config=TINY)
def engine_holds(m: Machine) -> None:
    held(m, True)


@vfact("2.2", "viommu.hold=off: a guest's command engine holds no translation of its own", modes=(PRIVATE,), stale=True,
       config=f"{TINY} viommu.hold=off")
def engine_holds_nothing(m: Machine) -> None:
    held(m, False)
