# SPDX-License-Identifier: Apache-2.0
"""Device table entries of guests' devices, nested translation, ID maps (viommu.md 5 and 6)."""
from __future__ import annotations

from golden.layout import IPA_DEVMAP, IPA_DOMMAP
from scenario import world as w
from scenario.world import op_pages, v1_entry

from .viommu_world import GUEST_FAULT, IOVA, PASID, Machine, op_devtab, op_iotlb, vfact

EVERYTHING = 0x7FFF_FFFF_FFFF_F001


# --- 5.1 ---

@vfact("5.1", "GuestID [47:32] and GDeviceID [31:16] of the last word say whose log and by which name",
       guests=(0xABCD,))
def whose_device(m: Machine) -> None:
    m.g.device(GDeviceID=0x9876)
    m.boot()
    m.g.start()
    m.g.miss()
    m.g.event(0, GUEST_FAULT, dev=0x9876)


@vfact("5.1", "vImuEn=0: the device is the host's, its faults too, whatever GuestID says")
def vimuen_0(m: Machine) -> None:
    m.g.device(vImuEn=0)
    m.boot()
    m.g.start()
    m.g.miss()
    m.event(0, GUEST_FAULT, dev=m.g.hdev, pasid=PASID, addr=0x6000, flags="GN")
    m.g.count(event=0)


@vfact("5.1", "two devices of one guest log with their own GDeviceIDs")
def two_devices(m: Machine) -> None:
    m.g.device(0x400, GDeviceID=0xFFFF)
    m.boot()
    m.g.start()
    m.g.miss(dev=0x400)
    m.g.miss()
    m.g.event(0, dev=0xFFFF)
    m.g.event(1, dev=m.g.gdev)


@vfact("5.1", "GuestPagingMode=1: the guest's table has five levels")
def five_levels(m: Machine) -> None:
    gpa, spa = m.g.page()
    top = m.g.tables.tables[PASID, 4, 0][0]
    fifth, at = m.g.tables.alloc()
    m.b.word(at, top | 7)
    m.b.word(m.g.tables.gcr3_spa + 8 * PASID, fifth | 1)
    m.g.device(GuestPagingMode=1)
    m.boot()
    m.g.reads(spa)


@vfact("5.1", "HAD of the TransDevID's entry: stores set A and D in stage 2", "5.1, 3.2")
def hardware_ad_of_stage_2(m: Machine) -> None:
    m.g.transdev(HAD=3)
    m.boot()
    m.g.start()
    m.g.sync()
    for gpa, bits in ((0x5000_0000, 0x20), (0x5000_3000, 0x60)):
        m.memory(m.g.host.slot(gpa), v1_entry(m.g.at + gpa - 0x5000_0000, 0) | bits)


# --- 5.2 ---

@vfact("5.2", "GV=0: v1 only; the address without PASID is a GPA")
def v1_only(m: Machine) -> None:
    m.g.device(GV=0)
    m.boot()
    m.g.start()
    m.g.reads(m.g.store, 0x5000_3000, None)


@vfact("5.2", "nested: the GVA goes through the guest's table, every GPA through the host's")
def nested(m: Machine) -> None:
    spa = m.g.page()[1]
    m.boot()
    m.g.start()
    m.g.reads(spa)
    m.note("without PASID the same address is a GPA, and stage 2 maps none there")
    m.g.dma(pasid=None)
    m.fault(GUEST_FAULT, "0")


@vfact("5.2", "GIOV=1: a request without PASID uses the guest table of PASID 0")
def giov(m: Machine) -> None:
    spa = m.g.page(pasid=0)[1]
    m.g.device(GIoV=1)
    m.boot()
    m.g.start()
    m.g.reads(spa, pasid=None)


@vfact("5.2", "GCR3TRPMode=0: the GCR3 root is an SPA, what the table holds are GPAs")
def gcr3_root_spa(m: Machine) -> None:
    spa = m.g.page()[1]
    m.g.device(gcr3=m.g.tables.gcr3_spa)
    m.control &= ~w.TRP
    m.boot()
    m.g.start()
    m.g.reads(spa)


@vfact("5.2", "GLX=1: PASID [17:9] chooses the second table, whose address is a GPA, [8:0] the entry")
def glx_1(m: Machine) -> None:
    spa = m.g.page()[1]
    gpa, at = m.g.tables.alloc()
    m.b.word(at + 8 * 3, m.g.tables.gcr3 | 1)
    m.g.device(gcr3=gpa, GLX=1)
    m.boot()
    m.g.start()
    m.g.reads(spa, pasid=3 << 9 | PASID)


# --- 5.3 ---

@vfact("5.3", "IW comes from the host: without it the device's writes are the host's fault")
def permission_of_the_host(m: Machine) -> None:
    m.note("accessed bits are set already, so that the walk need not write")
    m.g.tables.table(PASID, IOVA, 1, 0x27)
    spa = m.g.page()[1]
    m.g.device(IW=0)
    m.boot()
    m.g.start()
    m.g.reads(spa)
    m.g.dma(op="write")
    m.fault(GUEST_FAULT)
    m.event(0, GUEST_FAULT, dev=m.g.hdev)
    m.g.count(event=0)


@vfact("5.3", "the interrupt part of the entry stays the host's: a guest device's interrupt is remapped by it")
def interrupts_of_the_host(m: Machine) -> None:
    table = m.page()
    m.b.word(table, 1 | 0x11 << 8 | 0x41 << 64, 16)
    m.g.device(IV=1, IntTabLen=9, IntCtl=2, int_root=table)
    m.boot()
    m.g.start()
    m.interrupt(m.g.hdev, 0)
    m.ok(vector=0x41)
    m.interrupt(m.g.hdev, 3)
    m.fault(GUEST_FAULT, "I")
    m.event(0, GUEST_FAULT, dev=m.g.hdev, dom=m.g.hdom, flags="I")
    m.g.count(event=0)


@vfact("5.3", "ATS of a guest's device: I=1 gives it the SPA; an unmapped page is an answer, not an event")
def ats_of_a_guest(m: Machine) -> None:
    spa = m.g.page()[1]
    m.boot()
    m.g.start()
    m.b.emit(f"ats dev={m.g.hdev:#x} addr={IOVA:#x} pasid={PASID:#x}")
    m.ok(pa=spa, perm="rw")
    m.b.emit(f"ats dev={m.g.hdev:#x} addr=0x6000 pasid={PASID:#x}")
    m.ok(perm="-")
    m.g.count(event=0)


@vfact("5.3", "guest accessed and dirty bits are set by the nested walk")
def guest_ad_bits(m: Machine) -> None:
    gpa = m.g.page(flags=7)[0]
    m.boot()
    m.g.start()
    m.g.dma()
    m.ok()
    m.memory(m.g.tables.slot(PASID, IOVA), gpa | 0x27)
    m.g.dma(op="write")
    m.ok()
    m.memory(m.g.tables.slot(PASID, IOVA), gpa | 0x67)


@vfact("5.3", "a device handed from one guest to another, its entry flushed, logs in the new one's log", guests=(1, 2))
def device_changes_hands(m: Machine) -> None:
    first, second = m.guests
    m.boot()
    first.start()
    second.start()
    first.miss()
    first.device(GuestID=2, GDeviceID=0x33)
    m.sync(op_devtab(first.hdev))
    first.miss()
    first.count(event=1)
    second.event(0, GUEST_FAULT, dev=0x33)


# --- 6 ---

@vfact("6", "hDevID is [39:24] of the first half of a DevIDMap entry, QueueID is in the second half")
def device_entry(m: Machine) -> None:
    m.note("an entry as memory has it: hDevID 400h, QueueID 77h, V")
    m.b.word(m.g.dev_entry(), 0x400 << 24 | 1 | 0x77 << 64, 16)
    m.boot()
    m.g.start()
    m.g.sync(op_iotlb(m.g.gdev, 5, EVERYTHING))
    m.atc(0x400, 0, 0)


@vfact("6", "hDomID is [39:24] of a DomIDMap entry: a guest's flush of its domain is one of the host's")
def domain_entry(m: Machine) -> None:
    gpa, old = m.g.page()
    m.b.word(m.g.dom_entry(), m.g.hdom << 24 | 1)
    m.boot()
    m.g.start()
    m.g.reads(old)
    new = m.g.page()[1]
    m.g.sync(op_pages(m.g.gdom, PASID))
    m.g.reads(new)


@vfact("6", "a guest's flush of a domain that is mapped to another host domain leaves the device's answers", stale=True)
def other_domain(m: Machine) -> None:
    old = m.g.page()[1]
    m.boot()
    m.g.start()
    m.g.map_domain(hdom=0x99)
    m.g.reads(old)
    new = m.g.page()[1]
    m.g.sync(op_pages(m.g.gdom, PASID))
    m.g.reads(old)
    m.g.map_domain()
    m.g.sync(op_pages(m.g.gdom, PASID))
    m.g.reads(new)


@vfact("6", "the maps of two guests are apart: the same gDevID is another device", guests=(1, 2))
def maps_are_apart(m: Machine) -> None:
    m.boot()
    for guest in m.guests:
        guest.start()
        guest.map_device()
    for guest in m.guests:
        guest.sync(op_iotlb(guest.gdev, 0, EVERYTHING))
        m.atc(guest.hdev, 0, 0)


@vfact("6", "a map of 4 KiB pages that do not follow each other", without=("maps",))
def map_in_pages(m: Machine) -> None:
    first, second, third = m.page(), m.page(), m.page()
    m.note("DevIDs 0-FFh and 100-1FFh, DomIDs FE00-FFFFh")
    m.private_page(IPA_DEVMAP + (1 << 20), second)
    m.private_page(IPA_DEVMAP + (1 << 20) + 0x1000, first)
    m.private_page(IPA_DOMMAP + (1 << 19) + 0x7_F000, third)
    m.boot()
    m.g.start()
    m.g.map_device(0xFF, 0x401)
    m.g.map_device(0x100, 0x402)
    m.g.map_domain(0xFFFF, 0x403)
    m.memory(second + 0xFF0, 0x401 << 24 | 1)
    m.memory(first, 0x402 << 24 | 1)
    m.memory(third + 0xFF8, 0x403 << 24 | 1)
    m.g.sync(op_devtab(0x100), op_pages(0xFFFF))


@vfact("6", "DomIDMap filled with the parent's domain, as drivers do: a flush of any gDomID is legal", "6, 9.4")
def prefilled_domains(m: Machine) -> None:
    m.note("gDomIDs 0-Fh")
    m.b.mem(m.g.dom_entry(0), (0x77 << 24 | 1).to_bytes(8, "little") * 16)
    m.boot()
    m.g.start()
    m.g.sync(op_pages(0), op_pages(7), op_pages(0xF))
    m.g.count(event=0)
