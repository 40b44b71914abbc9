# SPDX-License-Identifier: Apache-2.0
"""Discovery, control bits and the private address space (viommu.md 1 and 2)."""
from __future__ import annotations

from golden.config import PRESETS
from golden.layout import IPA_CMD, IPA_DEVMAP, IPA_DOMMAP, IPA_EVENT, IPA_PPR, IPA_RING
from scenario import world as w
from scenario.world import op_pages, v1_entry

from .viommu_world import (BOTH, BUFFER_TRP, CMD_CTRL, DIRTY, EN, EVENTS_B, EVENT_B_BASE, EVT_HEAD, GUEST_FAULT, HEAD,
                           ILLEGAL, INT_L1, IPA_EVENT_B, IPA_PPR_B, IRQ, LEN, MISC, OWN, OWN_DOM, PPRS_B, PPR_B_BASE,
                           PPR_EN, PRIVATE, SLOTS, TAIL, VCMD, VIOMMU, Machine, op_inttab, op_reset, vfact)

EFR, EFR2 = PRESETS["genoa"][:2]
NO_VIOMMU = f"efr={EFR & ~(1 << 55):#x}"
VSC = 0xC8  # where the vendor-specific capability is


# --- 1 ---

@vfact("1.1", "vIommuSup=0: vCmdEn, vIommuEn and GstBufferTRPMode read 0", config=NO_VIOMMU, guests=(),
       without=("own",))
def control_bits_without_the_feature(m: Machine) -> None:
    m.write(0x18, VCMD | VIOMMU | BUFFER_TRP)
    m.reads(0x18, 0, VCMD | VIOMMU | BUFFER_TRP)


@vfact("1.1", "vIommuSup=0: there are no VF and no VF Control registers", config=NO_VIOMMU, guests=(), without=("own",))
def registers_without_the_feature(m: Machine) -> None:
    for line in (f"vf_write gid=0x1 off={TAIL:#x} size=8 value=0x10", f"vf_read gid=0x1 off={TAIL:#x} size=8 value=0x0",
                 f"vfc_write gid=0x1 off={CMD_CTRL:#x} size=8 value=0x108",
                 f"vfc_read gid=0x1 off={CMD_CTRL:#x} size=8 value=0x0"):
        m.b.emit(line)


@vfact("1.1", "vIommuSup=0: RESET_VMMIO from the host is ILLEGAL_COMMAND_ERROR", "1.1, 7.1", config=NO_VIOMMU,
       guests=(),
       without=("own",))
def reset_command_without_the_feature(m: Machine) -> None:
    m.boot()
    m.submit(op_reset(1))
    m.event(0, ILLEGAL, addr=w.CMD_RING)


@vfact("1.2", "software finds GstBufferTRPMode by writing Control[60] and reading it back", guests=(), without=("own",))
def set_and_test(m: Machine) -> None:
    m.write(0x18, BUFFER_TRP)
    m.reads(0x18, BUFFER_TRP, BUFFER_TRP)
    m.write(0x18, 0)
    m.reads(0x18, 0, BUFFER_TRP)


@vfact("1.2", "GCR3TRPModeSup=0: Control[58] reads 0", guests=(), without=("own",), config=f"efr2={EFR2 & ~8:#x}")
def no_gcr3_trp_mode(m: Machine) -> None:
    m.write(0x18, w.TRP)
    m.reads(0x18, 0, w.TRP)


@vfact("1.3", "the capability's ID is 09h; both apertures are enabled and aligned", guests=(), without=("own",))
def vendor_capability(m: Machine) -> None:
    for off, value, mask in ((0, 0x09, 0xFF), (0x8, 0x1, 0x0FFF_FFFF), (0x10, 0x1, 0x003F_FFFF)):
        m.b.emit(f"pci_read off={VSC + off:#x} size=4 value={value:#x} mask={mask:#x}")


@vfact("1.4", "each of 65536 GuestIDs has registers of its own", guests=(), without=("own",))
def registers_of_each_guest(m: Machine) -> None:
    ids = (1, 2, 0xFF, 0x100, 0x7FFF, 0xFFFF)
    for gid in ids:
        m.b.emit(f"vf_write gid={gid:#x} off={EVT_HEAD:#x} size=8 value={(gid & 0x7FF) << 4:#x}")
        m.b.emit(f"vfc_write gid={gid:#x} off={MISC:#x} size=8 value={gid << 16:#x}")
    for gid in ids:
        m.b.emit(f"vf_read gid={gid:#x} off={EVT_HEAD:#x} size=8 value={(gid & 0x7FF) << 4:#x}")
        m.b.emit(f"vfc_read gid={gid:#x} off={MISC:#x} size=8 value={gid << 16:#x}")


@vfact("1.5", "the driver's order: GTEn, own entry flushed, GstBufferTRPMode, vCmdEn, vIommuEn; then a guest runs",
       "1.5, 9.3", guests=(1,))
def enable_order(m: Machine) -> None:
    m.control &= ~(BUFFER_TRP | VCMD | VIOMMU)
    m.boot()
    m.sync(w.op_devtab(OWN))
    for bit in (BUFFER_TRP, VCMD, VIOMMU):
        m.set_control(bit)
        m.reads(0x18, bit, bit)
    m.g.start()
    m.g.sync()


@vfact("1.5", "without vCmdEn guest logs work and guest rings do not", "1.5, 7.2", modes=BOTH)
def logs_without_vcmd(m: Machine) -> None:
    m.boot()
    m.set_control(off=VCMD)
    m.g.start()
    m.g.submit(m.g.wait_command()[0])
    m.g.done(0)
    m.g.miss()
    m.g.event(0, GUEST_FAULT, dev=m.g.gdev)


@vfact("1.6", "XT interrupt control: destination [31:8] and [63:56], vector [39:32]; log B bases at F0h and F8h",
       guests=(),
       without=("own",))
def host_registers(m: Machine) -> None:
    for off in (0x170, 0x178, 0x180):
        m.write(off, 0xAB00_00CD_1234_5600)
        m.reads(off, 0xAB00_00CD_1234_5600, 0xFF00_00FF_FFFF_FF00)
    for off in (0xF0, 0xF8):
        m.write(off, 0x0800_0000_0045_0000)
        m.reads(off, 0x0800_0000_0045_0000)


# --- 2.1 ---

@vfact("2.1", "the registers of GuestID n are at private address 64 n", guests=(0x1234,), without=("devices", "maps"))
def slot_address(m: Machine) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0x40)
    m.memory(SLOTS + 0x1234 * 64 + EVT_HEAD, 0x40)


@vfact("2.1",
       "DevIDMap: 10_0000_0000h + GuestID * 1 MiB, 16 bytes a device; DomIDMap: 20_0000_0000h + GuestID * 512 KiB,"
       " 8 bytes a domain", guests=(0x1235,), without=("devices",))
def map_addresses(m: Machine) -> None:
    m.boot()
    m.g.map_device(0xFFFF, 0x400)
    m.memory(m.spa(IPA_DEVMAP + 0x1235 * 0x10_0000 + 0xF_FFF0), 0x400 << 24 | 1, 0)
    m.g.map_domain(0xFFFF, 0x500)
    m.memory(m.spa(IPA_DOMMAP + 0x1235 * 0x8_0000 + 0x7_FFF8), 0x500 << 24 | 1)


@vfact("2.1", "GstBufferTRPMode=0: the ring is at 28_0000_0000h + GuestID * 512 KiB", modes=(PRIVATE,), guests=(0x21,),
       without=("devices",))
def ring_address(m: Machine) -> None:
    page = m.page()
    m.private_page(IPA_CMD + 0x21 * 0x8_0000 + 0x7_F000, page)
    m.boot()
    m.note("512 KiB: 32768 commands; the last one is at 7_FFF0h of the private ring")
    m.g.vf(HEAD, 0x7_FFF0)
    m.g.vf(TAIL, 0x7_FFF0)
    m.g.start(EN | 15, events=0)
    wait, where, number = m.g.wait_command()
    m.b.word(page + 0xFF0, wait, 16)
    m.g.vf(TAIL, 0)
    m.memory(where, number)
    m.g.vf_is(HEAD, 0)


@vfact("2.1", "GstBufferTRPMode=0: event log A is at 40_0000_0000h + GuestID * 512 KiB", modes=(PRIVATE,),
       guests=(0x21,))
def event_log_address(m: Machine) -> None:
    page = m.page()
    m.private_page(IPA_EVENT + 0x21 * 0x8_0000, page)
    m.boot()
    m.g.start()
    m.g.miss()
    m.memory(page, m.g.gdev | PASID_1, 0x6000)


PASID_1 = 1 << 32 | 1 << 48 | 2 << 60  # rest of the first half of an IO_PAGE_FAULT: PASID 1, GN, code


@vfact("2.1", "GstBufferTRPMode=0: event log B is at 48_0000_0000h + GuestID * 512 KiB", modes=(PRIVATE,),
       guests=(0x21,))
def event_log_b_address(m: Machine) -> None:
    m.private_page(IPA_EVENT_B + 0x21 * IPA_RING, m.g.events_b)
    m.boot()
    m.g.start(events=EN | 1 << 10 | LEN << 4 | LEN)
    m.g.miss()
    m.memory(m.g.events_b, m.g.gdev | PASID_1, 0x6000)


@vfact("2.1", "GstBufferTRPMode=0: PPR log A is at 30_0000_0000h + GuestID * 512 KiB, log B at 38_0000_0000h",
       modes=(PRIVATE,), guests=(0x21,), control=w.PPR)
def ppr_log_addresses(m: Machine) -> None:
    m.note("log A")
    m.private_page(IPA_PPR + 0x21 * IPA_RING, m.g.pprs)
    m.private_page(IPA_PPR_B + 0x21 * IPA_RING, m.g.pprs_b)
    m.boot()
    m.g.start(pprs=PPR_EN | EN | LEN << 4 | LEN)
    m.g.pri(3, 0x5000)
    m.ok()
    m.memory(m.g.pprs + 8, 0x5000)
    m.note("DualPprLogEn=1: log B only")
    m.g.ppr_control(1 << 11 | PPR_EN | EN | LEN << 4 | LEN)
    m.g.pri(4, 0x9000)
    m.ok()
    m.memory(m.g.pprs_b + 8, 0x9000)


@vfact("2.1", "GstBufferTRPMode=1: logs B are at the GPAs of VF Control 18h and 38h", "2.1, 3", control=w.PPR)
def logs_b_by_gpa(m: Machine) -> None:
    m.boot()
    m.g.vfc(EVENT_B_BASE, EVENTS_B)
    m.g.vfc(PPR_B_BASE, PPRS_B)
    m.g.start(events=EN | 1 << 10 | LEN << 4 | LEN, pprs=1 << 11 | PPR_EN | EN | LEN << 4 | LEN)
    m.g.miss()
    m.memory(m.g.events_b, m.g.gdev | PASID_1, 0x6000)
    m.g.pri(4, 0x9000)
    m.ok()
    m.memory(m.g.pprs_b + 8, 0x9000)


# --- 2.2 ---

@vfact("2.2", "the private space is behind the device table entry of the IOMMU's own DeviceID", config="devid=0x4102",
       without=("own", "slots", "maps", "devices"))
def own_device_id(m: Machine) -> None:
    table = w.HostTable(m, 3)
    table.put(0, v1_entry(SLOTS, 0), 2)
    m.note("the entry of 4102h, as in 'config'")
    m.dte(0x4102, w.entry(V=1, TV=1, IR=1, IW=1, Mode=3, root=table.root, DomainID=OWN_DOM))
    m.boot()
    m.g.vf(EVT_HEAD, 0x40)
    m.memory(SLOTS + 64 + EVT_HEAD, 0x40)


@vfact("2.2", "translations of private addresses stay until INVALIDATE_IOMMU_PAGES of their domain", modes=(PRIVATE,),
       stale=True)
def private_space_is_cached(m: Machine) -> None:
    m.boot()
    m.g.start()
    m.g.sync()
    m.note("another page for the ring; nobody has told the IOMMU, so it reads the old one")
    old, new = m.g.ring, m.page()
    m.private_page(IPA_CMD + (1 << 19), new)
    m.g.sync()
    m.sync(op_pages(OWN_DOM))
    m.g.ring = new
    m.g.sync()
    m.memory(old + 0x20, 0)


@vfact("2.2", "a new own device table entry counts after INVALIDATE_DEVTAB_ENTRY of the own DeviceID", "2.2, 9.3")
def own_entry_moves(m: Machine) -> None:
    m.boot()
    m.g.vf(EVT_HEAD, 0x40)
    m.memory(SLOTS + 64 + EVT_HEAD, 0x40)
    table = w.HostTable(m, 3)
    table.put(0, v1_entry(0x3000_0000, 0), 2)
    m.own(root=table.root, DomainID=OWN_DOM + 1)
    m.sync(w.op_devtab(OWN))
    m.note("the register comes along into the new place as soon as it is written")
    m.g.vf(EVT_HEAD, 0x60)
    m.memory(0x3000_0000 + 64 + EVT_HEAD, 0x60)
    m.memory(SLOTS + 64 + EVT_HEAD, 0x40)


@vfact("2.2", "a DID map page that may only be read refuses the write: VIOMMU_HARDWARE_ERROR", "2.2, 7.3",
       without=("maps", "devices"))
def read_only_map(m: Machine) -> None:
    page = m.page()
    assert m.own_table
    m.own_table.put(IPA_DEVMAP + (1 << 20), v1_entry(page, 0, True, False))
    m.boot()
    m.g.map_device()
    m.event(0, "VIOMMU_HARDWARE_ERROR", addr=IPA_DEVMAP + (1 << 20) + 16 * m.g.gdev)
    m.memory(page + 16 * m.g.gdev, 0)


# --- 2.3 ---

def dirty_bit(gid: int) -> None:
    byte, bit = (gid & 0xFF) << 5 | (gid >> 13) << 2, gid >> 8 & 31

    def build(m: Machine) -> None:
        m.boot()
        m.g.start(command=LEN)
        m.g.submit(m.g.wait_command()[0])
        m.memory(DIRTY + byte, 1 << bit, size=4)
    build.__name__ = f"dirty_bit_of_guest_{gid:x}"
    vfact("2.3", f"a tail write marks GuestID {gid:#x} dirty: byte {byte:#x}, bit {bit} of 32", "2.3, 11 #9",
          guests=(gid,),
          without=("devices", "maps"))(build)


for number in (0x1, 0xFF, 0x1FFF, 0x2000, 0x8005, 0xFFFF):
    dirty_bit(number)


@vfact("2.3", "the dirty bit goes when the ring is empty, and no neighbour's bit with it", modes=BOTH, guests=(0x101,
                                                                                                               0x201),
       without=("devices", "maps"))
def dirty_bit_cleared(m: Machine) -> None:
    first, second = m.guests
    m.boot()
    for guest in m.guests:
        guest.start(command=LEN)
        guest.submit(guest.wait_command()[0])
    m.memory(DIRTY + 32, 6, size=4)
    first.command_control()
    first.done()
    m.memory(DIRTY + 32, 4, size=4)
    second.command_control()
    m.memory(DIRTY + 32, 0, size=4)


# --- 2.4 ---

def vector(m: Machine, kind: int, gid: int, number: int, level1: int | None = None, level2: int | None = None,
           flags: int = 1 << 6) -> int:
    """An entry of the extended interrupt table that posts this vector; returns the page of the vCPU."""
    index = kind << 16 | gid
    page = level2 or m.page()
    m.note(f"extended interrupt table: type {kind}, GuestID {gid:#x}, vector {number:#x}")
    m.b.word(INT_L1 + 8 * (index >> 8), page | 8 << 2 | 1 if level1 is None else page | level1)
    vcpu = m.page()
    m.b.mem(page + 16 * (index & 0xFF), (1 | 1 << 7 | flags).to_bytes(8, "little")
            + (number | vcpu).to_bytes(8, "little"))
    return vcpu


@vfact("2.4",
       "event log interrupt: entry {type 0, GuestID}; L1 by [17:8], L2 by [7:0]; the vector goes to the vCPU's page",
       guests=(0x1234,))
def interrupt_of_event_log(m: Machine) -> None:
    vcpu = vector(m, 0, 0x1234, 0x65)
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.irq("event", 1, m.g.gid, 0x65)
    m.note("IRR bit 65h: 200h + 10h * 3, bit 5")
    m.memory(vcpu + 0x230, 1 << 5, size=4)


@vfact("2.4", "PPR log interrupt: entry {type 1, GuestID}", guests=(0x1234,), control=w.PPR)
def interrupt_of_ppr_log(m: Machine) -> None:
    vector(m, 0, 0x1234, 0x65)
    vector(m, 1, 0x1234, 0x66)
    m.boot()
    m.g.start(pprs=PPR_EN | EN | IRQ | LEN)
    m.g.pri(1)
    m.ok()
    m.irq("ppr", 1, m.g.gid, 0x66)


@vfact("2.4", "an L1 entry that is not valid delivers nothing and logs nothing")
def interrupt_without_level_2(m: Machine) -> None:
    vcpu = vector(m, 0, 1, 0x65, level1=8 << 2)
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.memory(vcpu + 0x230, 0, size=4)
    m.count(event=0)


@vfact("2.4", "L1 [5:2] is the log2 of the L2 entries: an index beyond them delivers nothing", guests=(0x10,))
def interrupt_beyond_level_2(m: Machine) -> None:
    vcpu = vector(m, 0, 0x10, 0x65, level1=4 << 2 | 1)
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.memory(vcpu + 0x230, 0, size=4)


@vfact("2.4", "IsRun and GATag are read from memory each time: a vCPU that stops needs no invalidation", "2.4, 8.5",
       control=w.GA_LOG)
def is_run_is_not_cached(m: Machine) -> None:
    level2 = m.page()
    vector(m, 0, 1, 0x65, level2=level2, flags=1 << 6 | 1 << 2)
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.count(ga=0)
    m.note("GALogIntr=1, IsRun=0, GATag 77h")
    m.b.word(level2 + 16, 1 | 1 << 7 | 1 << 2 | 0x77 << 32)
    m.g.miss()
    m.b.emit("expect_ga index=0 tag=0x77")


@vfact("2.4", "a new vector counts after INVALIDATE_INTERRUPT_TABLE of the own DeviceID")
def new_vector(m: Machine) -> None:
    level2 = m.page()
    vector(m, 0, 1, 0x65, level2=level2)
    m.boot()
    m.g.start(events=EN | IRQ | LEN)
    m.g.miss()
    m.irq("event", 1, 1, 0x65)
    vector(m, 0, 1, 0x66, level2=level2)
    m.sync(op_inttab(OWN))
    m.g.miss()
    m.irq("event", 1, 1, 0x66)
