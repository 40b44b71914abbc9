# SPDX-License-Identifier: Apache-2.0
"""Decisions 1 to 20 of viommu.md 11: the default, and what another value of the key does."""
from __future__ import annotations

from golden.layout import IPA_DOMMAP, IPA_EVENT
from scenario.world import op_pages, v1_entry

from .viommu_world import (BOTH, CMD_RUN, DEV_MAP, DIRTY, DOM_MAP, EVENTS, EVT_B_HEAD, EVT_B_TAIL, EVT_HEAD, EVT_INT,
                           EVT_TAIL, GPA, ILLEGAL, IOVA, LEN, MISC, OP_ALL, PASID, PPR_B_HEAD, PPR_B_TAIL, RING, STATUS,
                           VCMD, Machine, op_devtab, op_insert, op_iotlb, op_reset, row)

EVERYTHING = 0x7FFF_FFFF_FFFF_F001


@row(1, "DomIDMap entry: V in bit 0, hDomID from bit 24", "viommu.domain_map_shift", {"16": "hDomID from bit 16"})
def domain_entry(m: Machine, shift: str) -> None:
    old = m.g.page()[1]
    m.boot()
    m.g.start()
    m.g.map_domain()
    m.memory(m.g.dom_entry(), m.g.hdom << int(shift or "24") | 1)
    m.note("the command finds the domain there, too")
    m.g.reads(old)
    new = m.g.page()[1]
    m.g.sync(op_pages(m.g.gdom, PASID))
    m.g.reads(new)


@row(2, "DevIDMap entry: V in bit 0, QueueID in [15:0] of the second half", "viommu.queue_map_shift",
     {"16": "QueueID from bit 16 of the second half"})
def device_entry(m: Machine, shift: str) -> None:
    m.boot()
    m.g.start()
    m.g.map_device(queue=0x77)
    m.memory(m.g.dev_entry(), m.g.hdev << 24 | 1, 0x77 << int(shift or "0"))
    m.g.sync(op_iotlb(m.g.gdev, 3, EVERYTHING))
    m.atc(m.g.hdev, 0, 0)


@row(3, "a DID map write with V=0 stores an entry with V=0")
def map_write_not_valid(m: Machine, _: str) -> None:
    m.boot()
    m.g.map_device()
    m.g.map_device(valid=0)
    m.memory(m.g.dev_entry(), m.g.hdev << 24)
    m.g.map_domain()
    m.g.map_domain(valid=0)
    m.memory(m.g.dom_entry(), m.g.hdom << 24)


@row(4, "a DID map write with W=0 is kept in the register and nowhere else", "viommu.did_map_without_w",
     {"read": "a DID map write with W=0 reads the entry that it names into the register"})
def map_write_without_w(m: Machine, read: str) -> None:
    m.boot()
    m.g.map_device(queue=0x77)
    m.g.map_domain()
    m.g.map_device(hdev=0x999, valid=0, commit=0)
    m.g.map_domain(hdom=0x999, valid=0, commit=0)
    m.memory(m.g.dev_entry(), m.g.hdev << 24 | 1, 0x77)
    m.memory(m.g.dom_entry(), m.g.hdom << 24 | 1)
    if read:
        m.g.vfc_is(DEV_MAP, m.g.gdev << 46 | 0x77 << 30 | m.g.hdev << 14 | 1)
        m.g.vfc_is(DOM_MAP, m.g.gdom << 46 | m.g.hdom << 14 | 1)
    else:
        m.g.vfc_is(DEV_MAP, m.g.gdev << 46 | 0x999 << 14)
        m.g.vfc_is(DOM_MAP, m.g.gdom << 46 | 0x999 << 14)


@row(5, "DID Map Control reads back the last value with bit 63 = 0")
def map_reads_back(m: Machine, _: str) -> None:
    m.boot()
    m.g.map_device(queue=0x77)
    m.g.vfc_is(DEV_MAP, m.g.gdev << 46 | 0x77 << 30 | m.g.hdev << 14 | 1)
    m.g.map_domain()
    m.g.vfc_is(DOM_MAP, m.g.gdom << 46 | m.g.hdom << 14 | 1)


@row(6, "a valid DevIDMap entry with hDevID 0 is a mapping to device 0", "viommu.zero_host_device",
     {"invalid": "a DevIDMap entry with hDevID 0 counts as unmapped"})
def host_device_0(m: Machine, invalid: str) -> None:
    m.boot()
    m.g.start()
    m.g.map_device(hdev=0)
    m.g.submit(op_iotlb(m.g.gdev, 0, EVERYTHING))
    if invalid:
        m.g.event(0, ILLEGAL, addr=RING)
    else:
        m.g.done()
        m.atc(0, 0, 0)


@row(7, "a DID map write to an unmapped table is dropped, and nothing is logged", "viommu.map_fault",
     {"log": "a DID map write to an unmapped table is dropped; the host's log gets VIOMMU_HARDWARE_ERROR"},
     without=("maps",))
def map_write_to_nowhere(m: Machine, log: str) -> None:
    m.boot()
    m.g.map_domain()
    m.g.vfc_is(DOM_MAP, m.g.gdom << 46 | m.g.hdom << 14 | 1)
    if not log:
        m.count(event=0)
    else:
        m.event(0, "VIOMMU_HARDWARE_ERROR", addr=IPA_DOMMAP + (1 << 19) + 8 * m.g.gdom, flags="0")


@row(8, "an ID that is not mapped: ILLEGAL_COMMAND_ERROR in the guest's log, and its ring stops", "viommu.unmapped_id",
     {"host_error": "an ID that is not mapped: ILLEGAL_COMMAND_ERROR in the host's log, and the ring stops",
      "skip": "an ID that is not mapped: the command does nothing"}, modes=BOTH)
def unmapped_id(m: Machine, choice: str) -> None:
    m.boot()
    m.g.start()
    m.g.submit(op_devtab(0x20))
    if choice == "skip":
        m.g.sync(op_pages(0x20))
        m.g.count(event=0)
        return
    (m.event if choice else m.g.event)(0, ILLEGAL, addr=m.g.address(RING))
    m.g.vf_is(STATUS, 0, CMD_RUN)
    m.g.done(0)
    (m.g.count if choice else m.count)(event=0)


@row(8, "an entry with V=0 is not mapped either: gDomID", "", None, "3.1")
def unmapped_domain(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.g.map_domain(valid=0)
    m.g.submit(op_pages(m.g.gdom))
    m.g.event(0, ILLEGAL, addr=RING)
    m.note("with the entry valid, CmdBufEn off and on runs the command")
    m.g.map_domain()
    m.g.command_control(LEN)
    m.g.command_control()
    m.g.done()


@row(9, "each value of GuestID[7:0] has 32 bytes of dirty bits", "viommu.dirty_stride",
     {"16": "each value of GuestID[7:0] has 16 bytes of dirty bits"}, guests=(0x106,), without=("devices", "maps"))
def dirty_stride(m: Machine, stride: str) -> None:
    m.boot()
    m.g.start(command=LEN)
    m.g.submit(m.g.wait_command()[0])
    m.memory(DIRTY + 6 * int(stride or "32"), 2, size=4)


@row(10, "the dirty bit is cleared by hardware when head meets tail, and by RESET_VMMIO", modes=BOTH)
def who_clears_dirty(m: Machine, _: str) -> None:
    m.boot()
    m.set_control(off=VCMD)
    m.g.start()
    m.g.submit(m.g.wait_command()[0])
    m.g.dirty_is(True)
    m.set_control(VCMD)
    m.g.dirty_is(False)
    m.set_control(off=VCMD)
    m.g.submit(m.g.wait_command()[0])
    m.g.dirty_is(True)
    m.sync(op_reset(1))
    m.g.dirty_is(False)


@row(11, "only VF 00h-3Fh are in memory: log B, early registers and VF Control stay inside", guests=(1, 2),
     without=("devices", "maps"))
def what_is_in_memory(m: Machine, _: str) -> None:
    m.boot()
    for off in (PPR_B_HEAD, PPR_B_TAIL, EVT_B_HEAD, EVT_B_TAIL, 0x80, 0x88):
        m.g.vf(off, 0xFFFF_FFFF)
    for off in range(MISC, 0x40, 8):
        m.g.vfc(off, 0xFFFF_F000)
    m.note("the slots of guests 1 and 2, and the page after the dirty bits")
    m.memory(m.g.slot, *[0] * 16)
    m.memory(DIRTY + 0x2000, *[0] * 8)


@row(12, "a CPU write to the slot changes the register", "viommu.slot_is_register",
     {"off": "a CPU write to the slot changes no register; register writes still go to the slot"})
def slot_is_the_register(m: Machine, off: str) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0x40)
    m.b.word(m.g.slot + EVT_HEAD, 0x50)
    m.g.vf_is(EVT_HEAD, 0x40 if off else 0x50)
    m.g.vf(EVT_HEAD, 0x60)
    m.memory(m.g.slot + EVT_HEAD, 0x60)


@row(13, "INSERT_GUEST_EVENT and RESET_VMMIO in a guest's ring: ILLEGAL_COMMAND_ERROR", modes=BOTH)
def commands_of_the_host(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.g.submit(op_reset(1))
    m.g.event(0, ILLEGAL, addr=m.g.address(RING))
    m.note("instead of it the other one")
    m.g.command_control(LEN)
    m.b.word(m.g.ring, op_insert(1), 16)
    m.g.command_control()
    m.g.event(1, ILLEGAL, addr=m.g.address(RING))
    m.g.done(0)
    m.g.vfc_is(MISC, m.g.trans << 16)


@row(14, "a guest's INVALIDATE_IOMMU_ALL drops what is its own", "viommu.invalidate_all",
     {"full": "a guest's INVALIDATE_IOMMU_ALL drops everything, of the other guest, too"}, stale=True, guests=(1, 2))
def invalidate_all(m: Machine, full: str) -> None:
    first, second = m.guests
    old = [guest.page()[1] for guest in m.guests]
    m.boot()
    for guest, spa in zip(m.guests, old):
        guest.start()
        guest.map_domain()
        guest.reads(spa)
    new = [guest.page()[1] for guest in m.guests]
    first.sync(OP_ALL)
    first.reads(new[0])
    second.reads(new[1] if full else old[1])


@row(15, "a guest's INVALIDATE_DEVTAB_ENTRY drops the host's cached entry", "viommu.guest_inv_devtab",
     {"ignore": "a guest's INVALIDATE_DEVTAB_ENTRY does nothing"}, stale=True)
def invalidate_entry(m: Machine, ignore: str) -> None:
    m.boot()
    m.g.start()
    m.g.map_device()
    m.g.miss()
    m.note("another GDeviceID in the host's entry")
    m.g.device(GDeviceID=0x77)
    m.g.sync(op_devtab(m.g.gdev))
    m.g.miss()
    m.g.event(1, dev=m.g.gdev if ignore else 0x77)


@row(16, "GN=0 of a guest drops what is nested in the domain, and no answer that is of the host's table alone",
     "viommu.guest_gn0", {"range": "GN=0 of a guest drops what the host's command would: host answers in range, too"},
     stale=True)
def flush_with_gn_0(m: Machine, by_range: str) -> None:
    new = m.page()
    m.note("device 400h has the same domain and no guest table")
    m.g.device(0x400, GV=0)
    m.g.host.put(IOVA, v1_entry(m.g.store, 0))
    nested = m.g.page()[1]
    m.boot()
    m.g.start()
    m.g.map_domain()
    m.g.reads(nested)
    m.g.reads(m.g.store, pasid=None, dev=0x400)
    nested = m.g.page()[1]
    m.g.host.put(IOVA, v1_entry(new, 0))
    m.g.sync(op_pages(m.g.gdom, None, IOVA))
    m.g.reads(nested)
    m.g.reads(new if by_range else m.g.store, pasid=None, dev=0x400)


@row(17, "COMPLETION_WAIT comes after the earlier commands of its guest, and does not wait for a guest that stopped",
     guests=(1, 2))
def order_of_a_wait(m: Machine, _: str) -> None:
    first, second = m.guests
    m.boot()
    first.start()
    second.start()
    second.map_device()
    first.submit(0)
    first.vf_is(STATUS, 0, CMD_RUN)
    second.sync(op_iotlb(second.gdev, 0, EVERYTHING))
    m.atc(second.hdev, 0, 0)


@row(18, "TransDevID does not lead to a buffer: IO_PAGE_FAULT of it with vPtr and vCmd, the ring stops",
     "viommu.space_fault", {"hardware_error": "TransDevID does not lead to a buffer: VIOMMU_HARDWARE_ERROR"})
def buffer_not_reached(m: Machine, hardware: str) -> None:
    m.boot()
    m.g.start()
    m.g.submit(1 << 60 | 0x7F00_0000 | 1)
    if hardware:
        m.event(0, "VIOMMU_HARDWARE_ERROR", addr=0x7F00_0000, flags="vPtr+vCmd")
    else:
        m.event(0, "IO_PAGE_FAULT", dev=m.g.trans, dom=m.g.trans_dom, addr=0x7F00_0000, flags="RW+vPtr+vCmd")
    m.g.vf_is(STATUS, 0, CMD_RUN)
    m.g.done(0)


@row(19, "a guest log that cannot be written: GUEST_EVENT_FAULT in the host's log", modes=BOTH)
def log_not_written(m: Machine, _: str) -> None:
    m.note("the log's page is taken from it")
    if m.mode == GPA:
        m.g.host.put(EVENTS, 0)
    else:
        assert m.own_table
        m.own_table.put(IPA_EVENT + (1 << 19), 0)
    m.boot()
    m.g.start()
    m.g.submit(0)
    m.event(0, "GUEST_EVENT_FAULT", flags="vEvent")
    m.count(event=1)
    m.g.vf_is(EVT_TAIL, 0)
    m.g.vf_is(STATUS, 0, EVT_INT)


@row(20, "a host-stage fault of a guest's device is logged by the host alone", "viommu.host_fault",
     {"both": "a host-stage fault of a guest's device is logged by the host and the guest, with the IDs of each"})
def host_stage_fault(m: Machine, both: str) -> None:
    gpa = m.g.page()[0]
    m.g.host.put(gpa, 0)
    m.boot()
    m.g.start()
    m.g.map_domain()
    m.g.dma()
    m.fault("IO_PAGE_FAULT", "0")
    m.event(0, "IO_PAGE_FAULT", dev=m.g.hdev, dom=m.g.hdom, addr=gpa, flags="0")
    if both:
        m.g.event(0, "IO_PAGE_FAULT", dev=m.g.gdev, dom=m.g.gdom, addr=gpa, flags="0")
    m.g.count(event=1 if both else 0)
