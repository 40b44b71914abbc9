# SPDX-License-Identifier: Apache-2.0
"""Errors, pause and reset of guest command rings, and what their invalidations reach (viommu.md 7.3 to 7.6)."""
from __future__ import annotations

from golden.layout import IPA_CMD, IPA_DOMMAP
from scenario.world import op_pages, v1_entry

from .viommu_world import (BOTH, CMD_RUN, EN, EVT_HEAD, EVT_INT, EVT_RUN, EVT_TAIL, GUEST_FAULT, HEAD, ILLEGAL, IRQ,
                           LEN, MISC, PASID, PRIVATE, RING, STATUS, TAIL, VCMD, VIOMMU, Machine, op_devtab, op_reset,
                           vfact)


# --- 7.3 ---

def illegal(name: str, text: str, command: int) -> None:
    def build(m: Machine) -> None:
        m.boot()
        m.g.start()
        m.g.map_device()
        m.g.map_domain()
        m.g.sync()
        m.g.submit(command)
        m.g.event(0, ILLEGAL, addr=m.g.address(RING + 0x10, 0x10), flags="0")
        m.g.vf_is(STATUS, 0, CMD_RUN)
        m.g.done(1)
        m.count(event=0)
    build.__name__ = f"illegal_{name}"
    vfact("7.3", f"{text}: ILLEGAL_COMMAND_ERROR in the guest's log with the command's address, and the ring stops",
          modes=BOTH)(build)


illegal("opcode", "opcode Fh", 15 << 60)
illegal("reserved_bit", "a reserved bit of INVALIDATE_DEVTAB_ENTRY", op_devtab(0x10) | 1 << 20)


@vfact("7.3", "an error of one guest's ring stops only that ring", guests=(1, 2), modes=BOTH)
def error_of_one_guest(m: Machine) -> None:
    first, second = m.guests
    m.boot()
    first.start()
    second.start()
    first.submit(0)
    second.sync()
    first.vf_is(STATUS, 0, CMD_RUN)
    second.vf_is(STATUS, CMD_RUN, CMD_RUN)
    second.count(event=0)


@vfact("7.3", "a fetch that TransDevID's stage 2 does not allow: host IO_PAGE_FAULT with vPtr and vCmd", "7.3, 11 #18")
def fetch_fails(m: Machine) -> None:
    m.g.host.put(RING, 0)
    m.boot()
    m.g.start()
    m.g.vf(TAIL, 0x10)
    m.event(0, GUEST_FAULT, dev=m.g.trans, dom=m.g.trans_dom, addr=RING, flags="vPtr+vCmd")
    m.g.vf_is(STATUS, 0, CMD_RUN)
    m.g.done(0)
    m.g.count(event=0)


@vfact("7.3", "a private ring that is not mapped: VIOMMU_HARDWARE_ERROR with vCmd in the host's log", modes=(PRIVATE,))
def private_fetch_fails(m: Machine) -> None:
    assert m.own_table
    m.own_table.put(IPA_CMD + (1 << 19), 0)
    m.boot()
    m.g.start()
    m.g.vf(TAIL, 0x10)
    m.event(0, "VIOMMU_HARDWARE_ERROR", addr=IPA_CMD + (1 << 19), flags="vCmd")
    m.g.vf_is(STATUS, 0, CMD_RUN)
    m.g.done(0)


@vfact("7.3", "a private ring that leads outside ram: VIOMMU_HARDWARE_ERROR", modes=(PRIVATE,), config="ram=0x80000000")
def private_ring_outside_ram(m: Machine) -> None:
    m.private_page(IPA_CMD + (1 << 19), 0x9000_0000)
    m.boot()
    m.g.start()
    m.g.vf(TAIL, 0x10)
    m.event(0, "VIOMMU_HARDWARE_ERROR", addr=IPA_CMD + (1 << 19))
    m.g.vf_is(STATUS, 0, CMD_RUN)
    m.g.done(0)


@vfact("7.3", "a map that is not mapped when a command needs it: VIOMMU_HARDWARE_ERROR, and the ring stops",
       without=("maps",))
def map_not_there(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(op_pages(m.g.gdom))
    m.event(0, "VIOMMU_HARDWARE_ERROR", addr=IPA_DOMMAP + (1 << 19) + 8 * m.g.gdom)
    m.g.vf_is(STATUS, 0, CMD_RUN)
    m.g.count(event=0)


# --- 7.4 ---

def pause(name: str, text: str, bit: int) -> None:
    def build(m: Machine) -> None:
        m.boot()
        m.g.start()
        m.g.sync()
        if bit:
            m.set_control(off=bit)
        else:
            m.g.command_control(LEN)
        m.g.vf_is(STATUS, 0, CMD_RUN)
        wait, where, number = m.g.wait_command()
        m.g.submit(wait)
        m.memory(where, 0)
        if bit:
            m.set_control(bit)
        else:
            m.g.command_control()
        m.memory(where, number)
        m.g.done(2)
    build.__name__ = f"pause_by_{name}"
    vfact("7.4", f"clearing {text} stops fetching and CmdBufRun, setting it resumes at the head", modes=BOTH)(build)


pause("cmdbufen", "VF Control 20h[8]", 0)
pause("vcmden", "Control[52]", VCMD)
pause("viommuen", "Control[53]", VIOMMU)


@vfact("7.4", "after an error the guest repairs the command, and CmdBufEn off and on runs it", modes=BOTH)
def repair(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(0)
    m.g.command_control(LEN)
    m.g.tail = 0
    wait, where, number = m.g.wait_command()
    m.g.put(wait)
    m.g.command_control()
    m.memory(where, number)
    m.g.done(1)


@vfact("7.4", "after an error neither a tail write, nor a write that leaves CmdBufEn on, nor vCmdEn off and on resumes")
def nothing_else_resumes(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(0)
    wait, where, number = m.g.wait_command()
    m.g.submit(wait)
    m.g.command_control(EN | IRQ | LEN)
    m.set_control(off=VCMD)
    m.set_control(VCMD)
    m.g.vf_is(STATUS, 0, CMD_RUN)
    m.g.done(0)
    m.g.count(event=1)


# --- 7.5 ---

@vfact("7.5", "RESET_VMMIO All=1, vCmd=1: VF and VF Control are 0, the maps stay", modes=BOTH)
def reset_everything(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.map_device()
    m.g.map_domain()
    m.g.sync()
    m.g.miss()
    m.sync(op_reset(1))
    for off in (HEAD, TAIL, EVT_HEAD, EVT_TAIL, STATUS):
        m.g.vf_is(off, 0)
    for off in range(0, 0x40, 8):
        m.g.vfc_is(off, 0)
    m.memory(m.g.slot, 0, 0, 0, 0, 0)
    m.memory(m.g.dev_entry(), m.g.hdev << 24 | 1)
    m.memory(m.g.dom_entry(), m.g.hdom << 24 | 1)


@vfact("7.5", "RESET_VMMIO of one guest leaves the other as it is", guests=(1, 2))
def reset_one_guest(m: Machine) -> None:
    first, second = m.guests
    m.boot()
    for guest in m.guests:
        guest.start()
        guest.sync()
    m.sync(op_reset(1))
    first.vf_is(HEAD, 0)
    second.vf_is(HEAD, 0x10)
    second.vfc_is(MISC, second.trans << 16)
    second.sync()


@vfact("7.5",
       "RESET_VMMIO All=0, vCmd=1: registers stay, the error is forgotten, and the ring is idle until the next tail"
       " write", modes=BOTH)
def reset_engine(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(0)
    m.sync(op_reset(1, 0, 1))
    m.g.vf_is(TAIL, 0x10)
    m.g.vfc_is(MISC, m.g.trans << 16)
    m.g.vf_is(STATUS, CMD_RUN, CMD_RUN)
    m.g.dirty_is(False)
    m.note("the faulty command is not fetched again before the tail moves; repaired, it runs then")
    m.g.count(event=1)
    m.g.tail = 0
    m.g.sync()


@vfact("7.5", "RESET_VMMIO All=0, vCmd=0 does nothing")
def reset_nothing(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.submit(0)
    m.sync(op_reset(1, 0, 0))
    m.g.vf_is(TAIL, 0x10)
    m.g.vf_is(STATUS, EVT_INT | EVT_RUN)


@vfact("7.5", "after RESET_VMMIO a guest starts from the beginning", modes=BOTH)
def reset_and_start(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.sync()
    m.sync(op_reset(1))
    m.g.tail = 0
    m.g.start()
    m.g.sync()
    m.g.done(1)


# --- 7.6 ---

@vfact("7.6", "a change of stage 2 needs the host's flush with GN=0 of the hDomID, and with it is seen", stale=True)
def stage_2_change(m: Machine) -> None:
    gpa, old = m.g.page()
    new = m.page()
    m.boot()
    m.g.start()
    m.g.reads(old)
    m.g.host.put(gpa, v1_entry(new, 0))
    m.note("the parent's domain alone is not enough")
    m.sync(op_pages(m.g.trans_dom))
    m.g.reads(old)
    m.sync(op_pages(m.g.hdom))
    m.g.reads(new)


@vfact("7.6", "GN=1 with a PASID drops that PASID only", stale=True)
def one_pasid(m: Machine) -> None:
    old = [m.g.page(pasid=pasid)[1] for pasid in (1, 2)]
    m.boot()
    m.g.start()
    m.g.map_domain()
    for pasid in (1, 2):
        m.g.reads(old[pasid - 1], pasid=pasid)
    new = [m.g.page(pasid=pasid)[1] for pasid in (1, 2)]
    m.g.sync(op_pages(m.g.gdom, 1))
    m.g.reads(new[0], pasid=1)
    m.g.reads(old[1], pasid=2)


@vfact("7.6", "two guest domains with host domains of their own: the flush of one leaves the same PASID of the other",
       stale=True)
def one_domain(m: Machine) -> None:
    m.note("a second device shares the guest's table but has gDomID 8, hDomID 99h")
    m.g.device(0x400, DomainID=0x99, GDeviceID=0x11)
    old = m.g.page()[1]
    m.boot()
    m.g.start()
    m.g.map_domain()
    m.g.map_domain(8, 0x99)
    for dev in (m.g.hdev, 0x400):
        m.g.reads(old, dev=dev)
    new = m.g.page()[1]
    m.g.sync(op_pages(7, PASID))
    m.g.reads(new)
    m.g.reads(old, dev=0x400)


@vfact("7.6", "a flush of one guest's domain leaves the other guest's answers", guests=(1, 2), stale=True)
def flush_of_one_guest(m: Machine) -> None:
    first, second = m.guests
    old = [guest.page()[1] for guest in m.guests]
    m.boot()
    for guest, spa in zip(m.guests, old):
        guest.start()
        guest.map_domain()
        guest.reads(spa)
    new = [guest.page()[1] for guest in m.guests]
    first.sync(op_pages(7, PASID))
    first.reads(new[0])
    second.reads(old[1])
