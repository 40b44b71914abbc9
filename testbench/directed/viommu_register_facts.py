# SPDX-License-Identifier: Apache-2.0
"""VF Control, the VF page and its slot in memory (viommu.md 3 and 4)."""
from __future__ import annotations

from scenario import world as w

from .viommu_world import (BOTH, CMD_CTRL, CMD_RUN, DEV_MAP, DOM_MAP, EN, EVENT_B_BASE, EVT_B_HEAD, EVT_B_TAIL,
                           EVT_CTRL, EVT_HEAD, EVT_INT, EVT_RUN, EVT_TAIL, GUEST_FAULT, HEAD, LEN, MISC, OVERFLOW, PPRS,
                           PPR_B_BASE, PPR_B_HEAD, PPR_B_TAIL, PPR_CTRL, PPR_EN, PPR_HEAD, PPR_INT, PPR_RUN, PPR_TAIL,
                           RING, STATUS, STORE, TAIL, VCMD, WAIT_INT, Machine, op_reset, vfact)

POINTERS = (HEAD, TAIL, EVT_HEAD, EVT_TAIL, PPR_HEAD, PPR_TAIL)
MASK = 0x7_FFF0  # [18:4]


# --- 3 ---

@vfact("3", "VF Control reads back what was written, so read-modify-write works")
def control_reads_back(m: Machine) -> None:
    m.boot()
    for off, value in ((MISC, 0xFFFF_0000), (EVENT_B_BASE, 0xF_FFFF_FFFF_F000), (CMD_CTRL, 0xF_FFFF_FFFF_F20F),
                       (EVT_CTRL, 0xF_FFFF_FFFF_FEFF), (PPR_CTRL, 0xFF_FFFF_FFFF_FEFF), (PPR_B_BASE,
                                                                                         0xF_FFFF_FFFF_F000)):
        m.g.vfc(off, value)
        m.g.vfc_is(off, value)


@vfact("3", "the PPR base is in [55:16]: four bits higher than everywhere else", control=w.PPR)
def ppr_base_is_shifted(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.vfc(PPR_CTRL, PPRS << 4 | PPR_EN | EN | LEN)
    m.g.pri(3)
    m.ok()
    m.memory(m.g.pprs + 8, 0x5000)


@vfact("3", "ComLen 9: the ring has 512 commands and wraps after the last")
def ring_of_512(m: Machine) -> None:
    second = m.page()
    m.note("the page of the ring's second half")
    gpa = RING + 0x10_0000
    m.g.host.put(gpa, w.v1_entry(m.g.ring, 0))
    m.g.host.put(gpa + 0x1000, w.v1_entry(second, 0))
    m.boot()
    m.g.vf(HEAD, 0x1FF0)
    m.g.vf(TAIL, 0x1FF0)
    m.g.start(command=0)
    m.g.vfc(CMD_CTRL, gpa | EN | 9)
    last, where, number = m.g.wait_command()
    m.b.word(second + 0xFF0, last, 16)
    first, where2, number2 = m.g.wait_command()
    m.b.word(m.g.ring, first, 16)
    m.g.vf(TAIL, 0x10)
    m.memory(where, number)
    m.memory(where2, number2)
    m.g.vf_is(HEAD, 0x10)


@vfact("3", "EventLen and EventLenB are lengths of their own: log B full after one record does not tell log A")
def length_of_log_b(m: Machine) -> None:
    m.boot()
    m.g.vfc(EVENT_B_BASE, 0x5000_4000)
    m.note("A has 512 records, B 256; B alone is used, and it is full when its tail is one before its head")
    m.g.vf(EVT_B_HEAD, 0x10)
    m.g.start(events=EN | 1 << 10 | 8 << 4 | 9)
    m.g.miss()
    m.g.vf_is(EVT_B_TAIL, 0)
    m.g.vf_is(STATUS, 1 << 15, 1 << 15 | OVERFLOW)


@vfact("3", "EventIntEn, PPRIntEn: without them status bits rise and no interrupt does", modes=BOTH, control=w.PPR)
def logs_without_interrupts(m: Machine) -> None:
    m.boot()
    m.g.start(pprs=PPR_EN | EN | LEN)
    m.g.miss()
    m.g.pri(1)
    m.ok()
    m.g.vf_is(STATUS, EVT_INT | PPR_INT, EVT_INT | PPR_INT)
    m.irq("event", 0, 1)
    m.irq("ppr", 0, 1)


# --- 3.1 ---

@vfact("3.1", "DID Map Control 0: gDevID [61:46], QueueID [45:30], hDevID [29:14], V [0] go to the DevIDMap entry")
def map_device_fields(m: Machine) -> None:
    m.boot()
    m.g.vfc(DEV_MAP, 1 << 63 | 0x8001 << 46 | 0x4321 << 30 | 0x9ABC << 14 | 1)
    m.memory(m.g.dev_entry(0x8001), 0x9ABC << 24 | 1, 0x4321)


@vfact("3.1", "DID Map Control 1: gDomID [61:46], hDomID [29:14], V [0] go to the DomIDMap entry")
def map_domain_fields(m: Machine) -> None:
    m.boot()
    m.g.vfc(DOM_MAP, 1 << 63 | 0x8001 << 46 | 0x9ABC << 14 | 1)
    m.memory(m.g.dom_entry(0x8001), 0x9ABC << 24 | 1)


@vfact("3.1", "a 4-byte write of the upper half with W=1 commits what both halves hold", "3.1, 11 #31")
def map_by_halves(m: Machine) -> None:
    m.boot()
    value = 1 << 63 | 7 << 46 | 0x51 << 14 | 1
    m.g.vfc(DOM_MAP, value & 0xFFFF_FFFF, 4)
    m.memory(m.g.dom_entry(7), 0)
    m.g.vfc(DOM_MAP + 4, value >> 32, 4)
    m.memory(m.g.dom_entry(7), 0x51 << 24 | 1)


@vfact("3.1", "a DID map write needs no wait: the guest's next command has the new IDs")
def map_counts_at_once(m: Machine) -> None:
    m.boot()
    m.g.start()
    for hdev in (0x400, 0x500):
        m.g.map_device(hdev=hdev)
        m.g.sync(4 << 60 | m.g.gdev | 0x7FFF_FFFF_FFFF_F001 << 64)
        m.atc(hdev, 0, 0)


# --- 3.2 ---

@vfact("3.2", "TransDevID's stage 2 leads to the ring, the logs and the stores, not that of the device", modes=BOTH)
def transdev_leads(m: Machine) -> None:
    other = w.HostTable(m, 4)
    m.note("the device has a stage 2 that maps nothing")
    m.g.device(root=other.root)
    m.boot()
    m.g.start()
    m.g.sync()


@vfact("3.2",
       "without a valid TransDevID a COMPLETION_WAIT cannot store: host IO_PAGE_FAULT of that DeviceID, RW+vPtr+vCmd",
       "3.2, 11 #18", modes=BOTH)
def transdev_never_set(m: Machine) -> None:
    m.boot()
    m.g.event_control()
    m.g.command_control()
    m.g.submit(m.g.wait_command()[0])
    if m.mode == "gpa":
        m.event(0, GUEST_FAULT, dev=0, addr=RING, flags="vPtr+vCmd")
    else:
        m.event(0, GUEST_FAULT, dev=0, addr=STORE + 8, flags="RW+vPtr+vCmd")
    m.g.vf_is(STATUS, 0, CMD_RUN)


# --- 4.1 ---

@vfact("4.1", "ring pointers of the VF page hold [18:4]; GA log pointers and holes read 0", without=("devices", "maps"))
def pointer_layout(m: Machine) -> None:
    m.boot()
    for off in (*POINTERS, PPR_B_HEAD, PPR_B_TAIL, EVT_B_HEAD, EVT_B_TAIL):
        m.g.vf(off, 0xFFFF_FFFF_FFFF_FFFF)
        m.g.vf_is(off, MASK)
    for off in (0x28, 0x40, 0x48, 0x60, 0x68, 0xA0, 0xFF8):
        m.g.vf(off, 0xFFFF_FFFF_FFFF_FFFF)
        m.g.vf_is(off, 0)


@vfact("4.1", "status: EventLogRun, CmdBufRun and PprLogRun follow the enable bits", modes=BOTH)
def run_bits(m: Machine) -> None:
    m.boot()
    m.g.vf_is(STATUS, 0)
    m.g.start(command=0)
    m.g.vf_is(STATUS, EVT_RUN)
    m.g.command_control()
    m.g.vf_is(STATUS, EVT_RUN | CMD_RUN)
    m.g.ppr_control()
    m.g.vf_is(STATUS, EVT_RUN | CMD_RUN | PPR_RUN)
    m.g.event_control(LEN)
    m.g.command_control(LEN)
    m.g.vf_is(STATUS, PPR_RUN)


@vfact("4.1", "status: interrupt bits are cleared by writing 1, run bits ignore writes")
def status_write_1_to_clear(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.miss()
    m.g.submit(1 << 60 | 2)
    m.g.vf_is(STATUS, EVT_INT | WAIT_INT | EVT_RUN | CMD_RUN)
    m.g.vf(STATUS, EVT_INT | EVT_RUN | CMD_RUN)
    m.g.vf_is(STATUS, WAIT_INT | EVT_RUN | CMD_RUN)
    m.g.vf(STATUS, WAIT_INT)
    m.g.vf_is(STATUS, EVT_RUN | CMD_RUN)


@vfact("4.1", "while a ring runs, the pointer that hardware moves cannot be written")
def pointers_of_hardware(m: Machine) -> None:
    m.boot()
    m.g.start(pprs=PPR_EN | EN | LEN)
    m.g.sync()
    for off, value in ((HEAD, 0x10), (EVT_TAIL, 0), (PPR_TAIL, 0)):
        m.g.vf(off, 0x40)
        m.g.vf_is(off, value)
    m.g.command_control(LEN)
    m.g.vf(HEAD, 0x40)
    m.g.vf_is(HEAD, 0x40)


# --- the slot in memory (4.1, 4.2, 11 #12) ---

@vfact("4.2", "hardware redirects VF accesses to the slot in memory, read and write", "4.2, 11 #12", modes=BOTH)
def slot_is_the_register(m: Machine) -> None:
    m.boot()
    for off in POINTERS:
        m.g.vf(off, 0x120 + 16 * off)
        m.memory(m.g.slot + off, 0x120 + 16 * off)
        m.b.word(m.g.slot + off, 0x340 + 16 * off)
        m.g.vf_is(off, 0x340 + 16 * off)


@vfact("4.2", "a slot that the CPU filled before the first access is the register from the start", "4.2, 11 #12")
def slot_filled_before(m: Machine) -> None:
    m.boot()
    m.note("event head 30h; command head and tail 20h")
    m.b.mem(m.g.slot, b"".join(value.to_bytes(8, "little") for value in (0x20, 0x20, 0x30)))
    m.g.vf_is(EVT_HEAD, 0x30)
    m.g.start()
    m.g.tail = 0x20
    m.g.sync()
    m.g.vf_is(HEAD, 0x30)


@vfact("4.2", "registers used before the slot was mapped go into it when it is", "4.2, 12 E2", without=("slots",
                                                                                                        "maps"))
def slot_mapped_later(m: Machine) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0x50)
    m.note("now [0, 2 MiB) is mapped; its memory holds something else")
    m.b.word(m.g.slot + EVT_HEAD, 0x70)
    assert m.own_table
    m.own_table.put(0, w.v1_entry(0x2000_0000, 0), 2)
    m.g.vf_is(EVT_HEAD, 0x50)
    m.memory(m.g.slot + EVT_HEAD, 0x50)


@vfact("4.2", "the status word of the slot is the register: the CPU clears EventLogInt in memory", "4.2, 11 #12",
       modes=BOTH)
def slot_status_cleared(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.miss()
    m.memory(m.g.slot + STATUS, EVT_INT | EVT_RUN | CMD_RUN)
    m.b.word(m.g.slot + STATUS, EVT_RUN | CMD_RUN)
    m.g.vf_is(STATUS, EVT_RUN | CMD_RUN)


@vfact("4.2", "the status word in memory follows Control[52]", "4.2, 11 #12, 7.4", modes=BOTH)
def slot_status_follows_vcmd(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.memory(m.g.slot + STATUS, EVT_RUN | CMD_RUN)
    m.set_control(off=VCMD)
    m.memory(m.g.slot + STATUS, EVT_RUN)
    m.set_control(VCMD)
    m.memory(m.g.slot + STATUS, EVT_RUN | CMD_RUN)


@vfact("4.2", "after an error the whole slot tells it: head at the command, tail, event tail, no CmdBufRun", "4.2, 7.3")
def slot_after_an_error(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(0)
    m.memory(m.g.slot, 0, 0x10, 0, 0x10, EVT_INT | EVT_RUN)


@vfact("4.2", "a dirty bit and a tail that the CPU puts into memory are served when the device next runs",
       "2.3, 4.2, 11 #12", modes=BOTH)
def slot_tail_and_dirty_bit(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.vf_is(TAIL, 0)
    wait, where, number = m.g.wait_command()
    m.g.put(wait)
    m.b.word(m.g.slot + TAIL, 0x10)
    at, bit = m.g.dirty()
    m.b.word(at, bit, 4)
    m.run()
    m.memory(where, number)
    m.g.dirty_is(False)


@vfact("4.2", "a tail in memory without the dirty bit waits for the next tail write", "4.2, 7.2, 11 #12")
def slot_tail_alone(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.vf_is(TAIL, 0)
    wait, where, number = m.g.wait_command()
    m.g.put(wait)
    m.b.word(m.g.slot + TAIL, 0x10)
    m.run()
    m.memory(where, 0)
    m.g.kick()
    m.memory(where, number)


@vfact("4.2", "a tail write by the guest alone starts processing", "4.2, 7.2", modes=BOTH)
def tail_write_starts(m: Machine) -> None:
    m.boot()
    m.g.start()
    wait, where, number = m.g.wait_command()
    m.g.put(wait)
    m.run()
    m.memory(where, 0)
    m.g.kick()
    m.memory(where, number)
    m.g.dirty_is(False)


# --- 7.5, of the registers ---

@vfact("7.5", "RESET_VMMIO of a GuestID never used clears its slot", without=("devices", "maps"))
def reset_of_an_unused_slot(m: Machine) -> None:
    m.boot()
    m.b.mem(m.g.slot, b"".join(value.to_bytes(8, "little") for value in (0x20, 0x30, 0x40, 0x50)))
    m.sync(op_reset(1))
    m.memory(m.g.slot, 0, 0, 0, 0)
    m.g.vf_is(TAIL, 0)


@vfact("7.5", "RESET_VMMIO of a GuestID never used clears its dirty bit and no other", without=("devices", "maps"))
def reset_of_an_unused_dirty_bit(m: Machine) -> None:
    m.boot()
    at, bit = m.g.dirty()
    m.b.word(at, 0xFFFF_FFFF, 4)
    m.sync(op_reset(1))
    m.memory(at, 0xFFFF_FFFF & ~bit, size=4)
