# SPDX-License-Identifier: Apache-2.0
"""Decisions 21 to 38 of viommu.md 11: the default, and what another value of the key does."""
from __future__ import annotations

from golden.layout import IPA_CMD
from scenario import world as w
from scenario.world import HostTable, v1_entry

from .viommu_setup_facts import vector
from .viommu_world import (BOTH, BUFFER_TRP, CMD_CTRL, CMD_RUN, EN, EVT_CTRL, EVT_HEAD, EVT_INT, EVT_RUN, EVT_TAIL,
                           ILLEGAL, IRQ, LEN, MISC, OVERFLOW, PASID, PPR_CTRL, PPR_EN, PPR_HEAD, PPR_OVERFLOW, PRIVATE,
                           RING, STATUS, STORE, TAIL, VIOMMU, Machine, op_insert, op_reset, row)

VSC = 0xC8
ALONE = ("own",)


@row(21, "DomainID of a guest's record: the lowest gDomID that is mapped to the host's domain", "viommu.record_domain",
     {"zero": "DomainID of a guest's record: always 0"}, "12 E6", config="viommu.host_fault=both")
def domain_of_a_record(m: Machine, zero: str) -> None:
    gpa = m.g.page()[0]
    m.g.host.put(gpa, 0)
    m.boot()
    m.g.start()
    for gdom in (0x700, 9, 0x20):
        m.g.map_domain(gdom)
    m.g.dma()
    m.fault("IO_PAGE_FAULT", "0")
    m.g.event(0, dev=m.g.gdev, dom=0 if zero else 9)
    m.note("no entry names the domain: 0")
    for gdom in (0x700, 9, 0x20):
        m.g.map_domain(gdom, valid=0)
    m.g.dma()
    m.fault("IO_PAGE_FAULT", "0")
    m.g.event(1, dev=m.g.gdev, dom=0)


@row(22, "a full event log: overflow, EventLogRun=0, an interrupt with IntEn; commands go on", modes=BOTH)
def full_event_log(m: Machine, _: str) -> None:
    m.boot()
    m.note("a head one after the tail makes the log full")
    m.g.vf(EVT_HEAD, 0x10)
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.g.vf_is(EVT_TAIL, 0)
    m.g.vf_is(STATUS, OVERFLOW | CMD_RUN)
    m.irq("event", 1, 1)
    m.g.count(event=0)
    m.count(event=0)
    m.g.sync()


@row(22, "a full PPR log: overflow, PprLogRun=0, the request is refused", control=w.PPR)
def full_ppr_log(m: Machine, _: str) -> None:
    m.boot()
    m.g.vf(PPR_HEAD, 0x10)
    m.g.start(pprs=PPR_EN | EN | IRQ | LEN)
    m.g.pri(1)
    m.fault()
    m.g.vf_is(STATUS, PPR_OVERFLOW | EVT_RUN | CMD_RUN)
    m.irq("ppr", 1, 1)


@row(22, "software empties the log, clears the overflow and sets EventLogEn anew: the log runs again", modes=BOTH)
def full_log_again(m: Machine, _: str) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0x10)
    m.g.start()
    m.g.miss()
    m.g.event_control(LEN)
    m.g.vf(EVT_HEAD, 0)
    m.g.vf(STATUS, OVERFLOW)
    m.g.event_control()
    m.g.miss(0x8000)
    m.g.event(0, addr=0x8000)
    m.g.vf_is(STATUS, EVT_INT | EVT_RUN | CMD_RUN)


@row(23, "the interrupt of COMPLETION_WAIT uses the entry of type 0", "viommu.comwait_irq_type",
     {"2": "the interrupt of COMPLETION_WAIT uses an entry of type 2"})
def completion_wait_interrupt(m: Machine, other: str) -> None:
    vector(m, 0, 1, 0x65)
    vector(m, 2, 1, 0x66)
    m.boot()
    m.g.start(command=EN | IRQ | LEN)
    m.g.submit(1 << 60 | 2)
    m.irq("comwait", 1, 1, 0x66 if other else 0x65)


@row(24, "Control[60] can be written", "viommu.gst_buffer_trp_mode",
     {"absent": "Control[60] reads 0, and guest buffers are private addresses"}, modes=(PRIVATE,))
def buffer_mode(m: Machine, absent: str) -> None:
    m.boot()
    m.set_control(BUFFER_TRP)
    m.reads(0x18, 0 if absent else BUFFER_TRP, BUFFER_TRP)
    if absent:
        m.g.start()
        m.g.sync()


@row(25, "base bits of VF Control do not count when guest buffers are private addresses", modes=(PRIVATE,),
     control=w.PPR)
def base_bits(m: Machine, _: str) -> None:
    m.boot()
    m.g.start(command=0, events=0)
    m.g.vfc(CMD_CTRL, 0xF_FFFF_FFFF_F000 | EN | LEN)
    m.g.vfc(EVT_CTRL, 0xF_FFFF_FFFF_F000 | EN | LEN)
    m.g.vfc(PPR_CTRL, 0xFF_FFFF_FFFF_0000 | PPR_EN | EN | LEN)
    m.g.sync()
    m.g.miss()
    m.g.pri(1)
    m.ok()
    m.memory(m.g.events + 8, 0x6000)
    m.memory(m.g.pprs + 8, 0x5000)


def reserved_id(gid: int) -> None:
    def build(m: Machine, rejected: str) -> None:
        m.boot()
        m.g.start()
        m.g.vfc_is(MISC, 0 if rejected else m.g.trans << 16)
        if not rejected:
            m.g.sync()
    build.__name__ = f"guest_{gid:x}"
    row(26, f"GuestID {gid:#x} is like others", "viommu.reserved_guest_ids",
        {"rejected": f"GuestID {gid:#x} has no registers"}, guests=(gid,))(build)


reserved_id(0)
reserved_id(0x8001)


@row(27, "vIOMMU Status (190h) reads 0 and takes nothing", guests=(), without=ALONE)
def status_190(m: Machine, _: str) -> None:
    m.write(0x190, 0xFFFF_FFFF_FFFF_FFFF)
    m.reads(0x190, 0)


@row(28, "All of RESET_VMMIO is bit 28; bit 27 is reserved", "viommu.reset_all_bit",
     {"27": "bit 27 of RESET_VMMIO is taken for All, and bit 28 still is"})
def all_bit(m: Machine, both: str) -> None:
    m.boot()
    m.g.start()
    reset = 10 << 60 | 1 << 27 | 1
    if both:
        m.sync(reset)
        m.g.vfc_is(MISC, 0)
        m.g.start()
        m.sync(op_reset(1))
        m.g.vfc_is(MISC, 0)
    else:
        m.submit(reset)
        m.event(0, ILLEGAL, addr=w.CMD_RING)
        m.g.vfc_is(MISC, m.g.trans << 16)


@row(29, "PprAutoRspAon is Control[42]", "ppr.auto_rsp_aon_bit", {"48": "PprAutoRspAon is Control[48]"},
     control=w.PPR_LOG | w.PPR)
def always_on_bit(m: Machine, other: str) -> None:
    m.note("the device is the host's")
    m.g.device(vImuEn=0)
    m.boot()
    m.write(0x2080, 0xF)
    m.set_control(1 << (48 if other else 42))
    m.g.pri(2)
    m.ok()
    m.b.emit(f"expect_prg dev={m.g.hdev:#x} index=2 code=0xf")


@row(30, "VSC_ID is 0", "vsc_id", {"0x1234": "VSC_ID as in the key"}, guests=(), without=ALONE)
def vsc_id(m: Machine, other: str) -> None:
    m.b.emit(f"pci_read off={VSC + 4:#x} size=4 value={other or '0x0'} mask=0xffff")


@row(30, "the revision of the capability is 1", "vsc_revision", {"2": "revision as in the key"}, guests=(),
     without=ALONE)
def vsc_revision(m: Machine, other: str) -> None:
    m.b.emit(f"pci_read off={VSC + 4:#x} size=4 value={int(other or '1') << 16:#x} mask=0xff0000")


@row(31, "VF and VF Control take aligned accesses of 4 and 8 bytes; others are ignored", without=("devices", "maps"))
def access_widths(m: Machine, _: str) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0x120, 4)
    m.g.vf_is(EVT_HEAD, 0x120)
    m.g.vf_is(EVT_HEAD, 0x120, size=4)
    m.g.vf_is(EVT_HEAD + 4, 0, size=4)
    m.g.vfc(CMD_CTRL + 4, 0xABCD, 4)
    m.g.vfc_is(CMD_CTRL, 0xABCD_0000_0000)
    m.note("8 bytes at an address of 4: ignored, and read as 0")
    m.g.vf(EVT_HEAD + 4, 0xFFFF_FFFF_FFFF_FFFF)
    m.g.vf_is(EVT_HEAD, 0x120)
    m.g.vf_is(EVT_HEAD + 4, 0)
    m.g.vfc(CMD_CTRL + 4, 0xFFFF_FFFF_FFFF_FFFF)
    m.g.vfc_is(CMD_CTRL, 0xABCD_0000_0000)


@row(32, "TransDevID moves while the guest runs: the next fetch uses the new one", "", None, "9.4", modes=BOTH)
def transdev_moves(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.g.sync()
    m.note("new entry and flush, VF Control, old entry and flush; the new stage 2 has another page for stores")
    table, page, old = HostTable(m, 4), m.page(), m.g.store
    table.put(RING, v1_entry(m.g.ring, 0))
    table.put(STORE, v1_entry(page, 0))
    m.dte(0xFF00, w.entry(V=1, TV=1, IR=1, IW=1, Mode=4, root=table.root, DomainID=0xF80))
    m.sync(w.op_devtab(0xFF00))
    m.g.vfc(MISC, 0xFF00 << 16)
    m.dte(m.g.trans, 0)
    m.sync(w.op_devtab(m.g.trans))
    m.g.store = page
    m.g.sync()
    m.memory(old + 0x10, 0)
    m.count(event=0)


@row(33, "private addresses are cached until INVALIDATE_IOMMU_PAGES of their domain", "viommu.space_cache",
     {"off": "private addresses are translated anew each time"}, modes=(PRIVATE,), stale=True)
def private_space_cache(m: Machine, off: str) -> None:
    m.boot()
    m.g.start()
    m.g.sync()
    m.note("another page for the ring, with a command of its own")
    page = m.page()
    m.private_page(IPA_CMD + (1 << 19), page)
    m.b.word(m.g.ring + 0x10, 1 << 60 | STORE | 1 | 0x111 << 64, 16)
    m.b.word(page + 0x10, 1 << 60 | STORE | 1 | 0x222 << 64, 16)
    m.g.vf(TAIL, 0x20)
    m.memory(m.g.store, 0x222 if off else 0x111)


@row(34, "guests take turns with one command each", "viommu.commands_per_turn",
     {"2": "guests take turns with two commands each", "0": "a guest has its turn until its ring is empty"},
     guests=(1, 2), config="autorun=0")
def commands_per_turn(m: Machine, count: str) -> None:
    first, second = m.guests
    m.note("both guests' stores reach one page, so that its word tells who was last")
    second.host.put(STORE, v1_entry(first.store, 0))
    m.boot()
    m.run()
    for guest in m.guests:
        guest.start()
    m.run()
    order = {"": ("1, 2, 1", "1, 2, 1, 2, 1"), "2": ("1 1, 2", "1 1, 2 2, 1"), "0": ("1 1, 2", "1 1 1, 2 2")}[count]
    for turns, mine, others in zip(order, (2, 3), (1, 2)):
        word = 1 << 60 | STORE | 1
        first.put(*(word | 0x100 + n << 64 for n in range(mine)))
        second.put(*(word | 0x200 + n << 64 for n in range(others)))
        first.kick()
        second.kick()
        m.note(f"turns: {turns}")
        m.run()
        m.memory(first.store, 0x100 + mine - 1 if turns.endswith("1") else 0x200 + others - 1)


@row(35, "CmdBufEn 0 to 1 keeps the head", "viommu.enable_resets_head", {"on": "CmdBufEn 0 to 1 sets the head to 0"})
def head_when_enabled(m: Machine, reset: str) -> None:
    m.boot()
    m.g.start()
    wait, where, number = m.g.wait_command()
    m.g.submit(wait)
    m.g.command_control(LEN)
    m.note("the word that the command stored is cleared: does the command run again?")
    m.b.word(where, 0)
    m.g.command_control()
    m.memory(where, number if reset else 0)
    m.g.done()


@row(36, "vIommuEn=0: vImuEn is ignored, the device's faults are the host's")
def viommu_off(m: Machine, _: str) -> None:
    m.boot()
    m.g.start()
    m.set_control(off=VIOMMU)
    m.g.miss()
    m.event(0, "IO_PAGE_FAULT", dev=m.g.hdev, pasid=PASID, addr=0x6000, flags="GN")
    m.g.count(event=0)


@row(37, "a guest with its event log off: the record is dropped", "viommu.guest_log_off",
     {"host": "a guest with its event log off: the record goes to the host"})
def event_log_off(m: Machine, host: str) -> None:
    m.boot()
    m.g.start(events=LEN)
    m.g.miss()
    m.g.count(event=0)
    m.count(event=1 if host else 0)
    if host:
        m.event(0, "IO_PAGE_FAULT", dev=m.g.hdev, pasid=PASID, addr=0x6000, flags="GN")


@row(38, "INSERT_GUEST_EVENT of the host does nothing", "viommu.insert_guest_event",
     {"on": "INSERT_GUEST_EVENT writes a record: code from [59:56], body from the second half"}, modes=BOTH)
def insert_guest_event(m: Machine, on: str) -> None:
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    if not on:
        m.sync(op_insert(1))
        m.g.count(event=0)
        m.count(event=0)
        return
    m.sync(op_insert(1) | 5 << 56 | 0x1122_3344_5566_7788 << 64)
    m.memory(m.g.events, 5 << 60, 0x1122_3344_5566_7788)
    m.g.count(event=1)
    m.irq("event", 1, 1)
