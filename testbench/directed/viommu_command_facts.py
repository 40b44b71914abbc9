# SPDX-License-Identifier: Apache-2.0
"""Guest commands and the order of their execution (viommu.md 7.1 and 7.2)."""
from __future__ import annotations

from golden.config import PRESETS
from scenario import world as w
from scenario.world import HostTable, op_pages, v1_entry

from .viommu_world import (BOTH, EN, HEAD, ILLEGAL, IOVA, IRQ, LEN, OP_ALL, PASID, RING, STATUS, STORE, TAIL, VCMD,
                           WAIT_INT, Machine, op_complete, op_devtab, op_inttab, op_iotlb, vfact)

EFR = PRESETS["genoa"][0]
EVERYTHING = 0x7FFF_FFFF_FFFF_F001


# --- 7.1 ---

@vfact("7.1", "COMPLETION_WAIT: S stores the data at a GPA that TransDevID translates", modes=BOTH)
def wait_stores(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(1 << 60 | STORE + 0x40 | 1 | 0x1122_3344_5566_7788 << 64)
    m.memory(m.g.store + 0x40, 0x1122_3344_5566_7788)


@vfact("7.1", "COMPLETION_WAIT: without S the address does not count")
def wait_without_store(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(1 << 60 | 0x7F00_0000, 1 << 60 | 4 | 0x7F00_0000)
    m.g.done(2)
    m.count(event=0)


@vfact("7.1", "COMPLETION_WAIT: I sets ComWaitInt; the interrupt needs VF Control 20h[9]", modes=BOTH)
def wait_interrupt(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(1 << 60 | 2)
    m.g.vf_is(STATUS, WAIT_INT, WAIT_INT)
    m.irq("comwait", 0, 1)
    m.g.command_control(EN | IRQ | LEN)
    m.g.submit(1 << 60 | 2)
    m.irq("comwait", 1, 1)
    m.note("and the host's ComWaitInt does not stir")
    m.reads(0x2020, 0, 4)


@vfact("7.1", "INVALIDATE_DEVTAB_ENTRY: the host's cached entry of the mapped device goes")
def devtab(m: Machine) -> None:
    old = m.g.page()[1]
    m.boot()
    m.g.start()
    m.g.map_device()
    m.g.reads(old)
    new = m.page()
    other = HostTable(m, 4)
    other.put(IOVA, v1_entry(new, 0))
    m.note("the host's new entry: v1 only, another table and domain")
    m.g.device(GV=0, root=other.root, DomainID=0x5F)
    m.g.sync(op_devtab(m.g.gdev))
    m.g.reads(new, pasid=None)


def pages(name: str, text: str, command: int, addr: int = IOVA) -> None:
    def build(m: Machine) -> None:
        old = m.g.page(addr)[1]
        m.boot()
        m.g.start()
        m.g.map_domain()
        m.g.reads(old, addr)
        new = m.g.page(addr)[1]
        m.g.sync(command)
        m.g.reads(new, addr)
    build.__name__ = f"pages_{name}"
    vfact("7.1", f"INVALIDATE_IOMMU_PAGES, {text}", "7.1, 7.6")(build)


pages("one", "GN=1: one page of one PASID", op_pages(7, PASID, IOVA))
pages("range", "GN=1, S=1: the 16 KiB around the page", op_pages(7, PASID, 0x5000 | 1))
pages("everything", "GN=1, S=1 with all ones: the whole PASID", op_pages(7, PASID, 0x7FFF_FFFF_FFFF_F000 | 3))
pages("gn_0", "GN=0: all that is nested in the domain", op_pages(7, None, 0x7FFF_FFFF_FFFF_F000 | 3))
pages("gn_0_elsewhere", "GN=0: also for another address, since it is no guest address", op_pages(7, None, 0x9999_9000))


@vfact("7.1", "INVALIDATE_IOTLB_PAGES reaches the host device with the guest's PASID and range")
def iotlb(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.map_device(queue=0x44)
    m.note("PASID 12345h is [59:56]=1, [23:16]=23h, [55:48]=45h")
    m.g.sync(op_iotlb(m.g.gdev, 3, 0x5000), op_iotlb(m.g.gdev, 3, 0x5005) | 1 << 56 | 0x23 << 16 | 0x45 << 48)
    m.atc(m.g.hdev, 0x5000, 0x1000)
    m.atc(m.g.hdev, 0x4000, 0x4000, 0x12345)


@vfact("7.1", "INVALIDATE_INTERRUPT_TABLE reaches the interrupt entries of the mapped host device")
def interrupt_table(m: Machine) -> None:
    table = m.page()
    m.b.word(table, 1 | 0x11 << 8 | 0x41 << 64, 16)
    m.g.device(IV=1, IntTabLen=9, IntCtl=2, int_root=table)
    m.boot()
    m.g.start()
    m.g.map_device()
    m.interrupt(m.g.hdev, 0)
    m.ok(vector=0x41)
    m.b.word(table, 1 | 0x11 << 8 | 0x42 << 64, 16)
    m.g.sync(op_inttab(m.g.gdev))
    m.interrupt(m.g.hdev, 0)
    m.ok(vector=0x42)


@vfact("7.1", "PREFETCH_IOMMU_PAGES with PreFSup=1 is taken, for a page that is mapped and one that is not",
       config=f"efr={EFR | 1:#x}")
def prefetch(m: Machine) -> None:
    m.g.page()
    m.boot()
    m.g.start()
    m.g.map_device()
    base = 6 << 60 | m.g.gdev | 1 << 24 | PASID << 32 | 4 << 64
    m.g.sync(base | IOVA << 64, base | 0x6000 << 64)
    m.g.count(event=0)
    m.count(event=0)


@vfact("7.1", "PREFETCH_IOMMU_PAGES with PreFSup=0 is an illegal command", "1.1, 7.1", config=f"efr={EFR & ~1:#x}")
def prefetch_without_the_feature(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.map_device()
    m.g.submit(6 << 60 | m.g.gdev | 1 << 24)
    m.g.event(0, ILLEGAL, addr=RING)


@vfact("7.1", "COMPLETE_PPR_REQUEST answers the host device: response code in the top of the tag")
def complete_ppr(m: Machine) -> None:
    m.g.device(GPRP=1)
    m.boot()
    m.g.start()
    m.g.map_device()
    m.g.sync(op_complete(m.g.gdev, 3, 1) | PASID << 32 | 4 << 64, op_complete(m.g.gdev, 4, 0xF))
    m.b.emit(f"expect_prg dev={m.g.hdev:#x} index=3 code=1 pasid={PASID:#x}")
    m.b.emit(f"expect_prg dev={m.g.hdev:#x} index=4 code=0xf")


@vfact("7.1",
       "INVALIDATE_IOMMU_ALL drops all hDomIDs of the guest's DomIDMap: also of a device that is not the guest's",
       "7.1, 11 #14")
def all_domains_of_the_map(m: Machine) -> None:
    table = HostTable(m, 4)
    old, new = m.page(), m.page()
    table.put(0x9000, v1_entry(old, 0))
    m.note("device 400h is no guest's; its DomainID 77h is in the guest's map")
    m.dte(0x400, w.entry(V=1, TV=1, IR=1, IW=1, Mode=4, root=table.root, DomainID=0x77))
    m.boot()
    m.g.start()
    m.g.map_domain(9, 0x77)
    m.dma(0x400, 0x9000)
    m.ok(pa=old)
    table.put(0x9000, v1_entry(new, 0))
    m.g.sync(OP_ALL)
    m.dma(0x400, 0x9000)
    m.ok(pa=new)


@vfact("7.1", "INVALIDATE_IOMMU_ALL drops the device table entries that the guest's DevIDMap names", "7.1, 11 #14")
def all_entries_of_the_map(m: Machine) -> None:
    old = m.g.page()[1]
    m.boot()
    m.g.start()
    m.g.map_device()
    m.g.reads(old)
    table = HostTable(m, 4)
    new = m.page()
    table.put(IOVA, v1_entry(new, 0))
    m.note("the host's new entry: v1 only, another table and domain")
    m.g.device(GV=0, root=table.root, DomainID=0x5F)
    m.g.sync(OP_ALL)
    m.g.reads(new, pasid=None)


@vfact("7.1", "INVALIDATE_IOMMU_ALL of one guest drops its answers; those of the other guest stay, stale",
       "7.1, 11 #14",
       guests=(1, 2), stale=True)
def all_of_one_guest(m: Machine) -> None:
    first, second = m.guests
    old = [guest.page()[1] for guest in m.guests]
    m.boot()
    for guest, spa in zip(m.guests, old):
        guest.start()
        guest.map_device()
        guest.map_domain()
        guest.reads(spa)
    new = [guest.page()[1] for guest in m.guests]
    first.sync(OP_ALL)
    first.reads(new[0])
    second.reads(old[1])
    second.sync(OP_ALL)
    second.reads(new[1])


@vfact("7.1", "INVALIDATE_IOMMU_ALL of one guest leaves the cached device table entry of the other guest",
       "7.1, 11 #14",
       guests=(1, 2), stale=True)
def all_entries_of_one_guest(m: Machine) -> None:
    first, second = m.guests
    m.boot()
    for guest in m.guests:
        guest.start()
        guest.map_device()
        guest.map_domain()
        guest.miss()
    m.note("both devices get another GDeviceID, and nobody invalidates")
    for guest in m.guests:
        guest.device(GDeviceID=0x77)
    first.sync(OP_ALL)
    first.miss()
    second.miss()
    first.event(1, dev=0x77)
    second.event(1, dev=second.gdev)


# --- 7.2 ---

@vfact("7.2", "the ring wraps: the last command, then the first", modes=BOTH)
def ring_wraps(m: Machine) -> None:
    m.boot()
    m.g.vf(HEAD, 0xFF0)
    m.g.vf(TAIL, 0xFF0)
    m.g.start()
    m.g.tail = 0xFF0
    last, where, number = m.g.wait_command()
    m.g.put(last)
    m.g.sync()
    m.memory(where, number)
    m.g.vf_is(HEAD, 0x10)
    m.memory(m.g.slot, 0x10, 0x10)


@vfact("7.2", "two guests with work take turns, a command each", guests=(1, 2), config="autorun=0", modes=BOTH)
def round_robin(m: Machine) -> None:
    first, second = m.guests
    m.note("both guests' stores reach one page, so that its word tells who was last")
    second.host.put(STORE, v1_entry(first.store, 0))
    m.boot()
    m.run()
    for guest in m.guests:
        guest.start()
    m.run()
    word = 1 << 60 | STORE | 1
    first.put(*(word | n << 64 for n in (0x101, 0x102, 0x103)))
    second.put(*(word | n << 64 for n in (0x201, 0x202)))
    for guest in m.guests:
        guest.kick()
    m.note("1, 2, 1, 2, 1")
    m.run()
    m.memory(first.store, 0x103)


@vfact("7.2", "after vCmdEn 0 to 1, guests with work run in the order of their GuestIDs", guests=(2, 1), modes=BOTH)
def resume_in_order(m: Machine) -> None:
    second, first = m.guests
    m.note("both guests' stores reach one page, so that its word tells who was last")
    second.host.put(STORE, v1_entry(first.store, 0))
    m.boot()
    m.set_control(off=VCMD)
    for guest in m.guests:
        guest.start()
        guest.submit(1 << 60 | STORE | 1 | guest.gid << 64)
    m.memory(first.store, 0)
    m.set_control(VCMD)
    m.memory(first.store, 2)


@vfact("7.2", "the head in the slot moves with each command", modes=BOTH)
def head_in_memory(m: Machine) -> None:
    m.boot()
    m.g.start()
    for count in (1, 2, 3):
        m.g.sync()
        m.memory(m.g.slot, 16 * count, 16 * count)
