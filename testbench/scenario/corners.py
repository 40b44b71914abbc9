# SPDX-License-Identifier: Apache-2.0
"""One short trace a rule that the matrices do not reach. `open`: points where only the golden model's reading speaks."""
from __future__ import annotations

from collections.abc import Callable

from golden.config import PRESETS
from golden.request import Request

from . import world as w
from .builder import Builder
from .guests import BUFFER_TRP, VCMD, VIOMMU, Private
from .matrices import OPS, Traces
from .world import GuestTable, HostTable, World, entry, op_devtab, v1_entry

BASE = {"V": 1, "TV": 1, "IR": 1, "IW": 1, "DomainID": 0x51}
GVA, PAGE = 0x7000, 0x77_0000


def ask(b: Builder, dev: int, addr: int, pasid: int | None = None, ops: tuple[str, ...] = OPS) -> None:
    for op in ops:
        b.dma(Request(dev, addr, 8, op, pasid))


def host_device(world: World, dev: int, **fields: int) -> HostTable:
    table = HostTable(world, 3)
    table.put(GVA, v1_entry(PAGE, 0))
    # a table of its own means a domain of its own (10.2)
    world.dte(dev, entry(**BASE | {"DomainID": dev, "Mode": 3, "root": table.root} | fields))
    return table


def guest_device(world: World, dev: int, levels: int = 4, **fields: int) -> GuestTable:
    guest = GuestTable(world, levels, None)
    guest.put(5, GVA, PAGE | 0x67)
    world.dte(dev, entry(**BASE | {"GV": 1, "gcr3": guest.root(), "GuestPagingMode": int(levels == 5)} | fields))
    return guest


def had_glx(b: Builder) -> None:
    """3.4: HAD=2, GLX=3, GLX beyond GLXSup, GuestPagingMode 2 and 3."""
    world = World(b, w.GT)
    host_device(world, 0x100, HAD=2)
    for dev, fields in enumerate(({"GLX": 3}, {"GLX": 2}, {"GuestPagingMode": 2}, {"GuestPagingMode": 3}), 0x101):
        guest_device(world, dev, **fields)
    world.boot()
    for dev in range(0x100, 0x105):
        ask(b, dev, GVA, 5 if dev > 0x100 else None)


def v1_codes(b: Builder) -> None:
    """4.2, 4.4: bits 58:57, size codes that do not fit their level, a code without zero bit."""
    world = World(b)
    for dev, (level, value) in enumerate(
            [(1, v1_entry(PAGE, 0, True, True, 1 << n)) for n in (57, 58, 59, 60)]
            + [(1, v1_entry(0xFF000, 7)), (1, v1_entry(0x1FFFF000, 7)), (1, v1_entry((1 << 52) - 4096, 7)),
               (2, v1_entry(0x0, 7)), (2, v1_entry(0xFF000, 7)), (2, v1_entry(0x1FFFF000, 7)),
               (3, v1_entry(0xFF000, 7)), (3, v1_entry(0x1FFFF000, 7)), (3, v1_entry(0x3FFFF000, 7))], 0x100):
        host_device(world, dev).put(GVA, value, level)
    world.boot()
    for dev in range(0x100, 0x10D):
        ask(b, dev, GVA)


def gcr3(b: Builder) -> None:
    """5.1: PASID outside the table and above PASmax, reserved bits, two and three levels."""
    world = World(b, w.GT)
    guest = guest_device(world, 0x100)
    b.word(guest.gcr3_spa + 8 * 6, guest.table(5, GVA, 4)[0] | 3)
    outer = world.page()
    b.word(outer, guest.gcr3 | 1)
    b.word(outer + 8, guest.gcr3 | 1 | 1 << 62)
    world.dte(0x101, entry(**BASE | {"GV": 1, "GLX": 1, "gcr3": outer}))
    world.boot()
    for dev, pasid in ((0x100, 5), (0x100, 6), (0x100, 7), (0x100, 512 + 5), (0x101, 5), (0x101, 512 + 5),
                       (0x101, 0x10005), (0x101, 0x405)):
        ask(b, dev, GVA, pasid)


def v2_reserved(b: Builder) -> None:
    """5.3: PS at levels 4 and 5, low address bits of large pages."""
    world = World(b, w.GT)
    four, five = guest_device(world, 0x100), guest_device(world, 0x101, 5)
    for n, (guest, level, value) in enumerate(((four, 4, 0xE7), (five, 5, 0xE7), (five, 4, 0xE7), (four, 2, 0x20E7),
                                               (four, 2, 0x10E7), (four, 3, 0x2000_00E7), (four, 3, 0x10E7)), 8):
        guest.put(n, GVA, value, level)
    world.boot()
    for n in range(8, 15):
        ask(b, 0x101 if n in (9, 10) else 0x100, GVA, n)


def nested_updates(b: Builder) -> None:
    """5.4, 13 #23, D4: a guest table behind a read-only host page; host A/D by table fetches."""
    world = World(b, w.GT | w.TRP)
    host = HostTable(world, 4)
    guest = GuestTable(world, 4, host)
    host.put(0x1000, v1_entry(PAGE, 0))
    for pasid, flags in ((5, 0x67), (6, 0x27), (7, 7)):
        guest.table(pasid, GVA, 1, 0x27)
        guest.put(pasid, GVA, 0x1000 | flags)
        host.put(guest.tables[pasid, 1, GVA >> 21][0], v1_entry(guest.tables[pasid, 1, GVA >> 21][1], 0, True, False))
    fields = BASE | {"Mode": 4, "root": host.root, "GV": 1, "gcr3": guest.root()}
    world.dte(0x100, entry(**fields))
    world.boot()
    for pasid in (5, 6, 7):
        ask(b, 0x100, GVA, pasid, ("read", "write"))
        b.expect_mem(guest.slot(pasid, GVA), 8)


def nested_dirty(b: Builder) -> None:
    """4.5: HAD=11 under a guest walk: writing guest A/D bits dirties the page that holds them."""
    world = World(b, w.GT | w.TRP)
    host = HostTable(world, 4)
    guest = GuestTable(world, 4, host)
    host.put(0x1000, v1_entry(PAGE, 0))
    guest.put(5, GVA, 0x1000 | 7)
    world.dte(0x100, entry(**BASE | {"Mode": 4, "root": host.root, "GV": 1, "gcr3": guest.root(), "HAD": 3}))
    world.boot()
    for op in ("read", "write"):
        ask(b, 0x100, GVA, 5, (op,))
        for gpa in (0x1000, guest.gcr3, guest.tables[5, 1, GVA >> 21][0]):
            b.expect_mem(host.slot(gpa), 8)


def with_pasid(b: Builder) -> None:
    """13 #20, D7, D18: PASID with GV=0, with TV=0, with an illegal entry, with a DeviceID beyond the table."""
    world = World(b, w.GT)
    host_device(world, 0x100)
    world.dte(0x101, entry(**BASE | {"TV": 0}))
    world.dte(0x102, entry(**BASE) | 4)
    world.dte(0x103, entry(**BASE))
    world.dte(0x104, 0)
    world.boot()
    for dev in range(0x100, 0x105):
        ask(b, dev, GVA, 0x12345)


def gten_off(b: Builder) -> None:
    """13 #20, #21: GTEn=0."""
    world = World(b)
    guest_device(world, 0x100)
    guest_device(world, 0x101, GIoV=1)
    world.boot()
    for dev in (0x100, 0x101):
        ask(b, dev, GVA)
        ask(b, dev, GVA, 5)


def exclusion(b: Builder) -> None:
    """2.3: Allow and DTE.EX."""
    world = World(b)
    for dev, ex in ((0x100, 0), (0x101, 1)):
        host_device(world, dev, EX=ex)
    b.write(0x20, 0x800_0001)
    b.write(0x28, 0x801_0000)
    world.boot()
    for dev in (0x100, 0x101):
        for addr in (0x7FF_F000, 0x800_0000, 0x801_0FF8, 0x801_1000):
            ask(b, dev, addr)


def suppression(b: Builder) -> None:
    """7.5: SE counts from the caching of the entry; SA; illegal entries are never suppressed."""
    world = World(b)
    host_device(world, 0x100, SE=1)
    host_device(world, 0x101, SA=1)
    world.dte(0x102, entry(**BASE | {"SA": 1}) | 4)
    world.boot()
    for _ in range(2):
        for dev in (0x100, 0x101, 0x102):
            ask(b, dev, 0x9000, None, ("read", "write"))
            b.read(0x2018)
        world.sync(op_devtab(0x100))


def running_rings(b: Builder) -> None:
    """2.2, 2.7, 2.8: bases and the pointers that hardware moves ignore writes while the ring runs."""
    world = World(b)
    world.dte(0x100, entry(V=1, DomainID=1))
    world.boot()
    ask(b, 0x100, 0x1000)
    b.write(0x2020, 0)
    b.read(0x2020, 0x1F)
    for off in (0x8, 0x10, 0x2018):
        b.write(off, 0x50_0000 | w.LEN if off < 0x2000 else 0x100)
        b.read(off)
    b.write(0x2020, 2)
    b.read(0x2020, 0x1F)


def interrupt_kinds(b: Builder) -> None:
    """8.1: dma records that are interrupts, and addresses beside the range."""
    world = World(b)
    world.dte(0x100, entry(**BASE | {"IV": 1, "IntCtl": 1}))
    world.boot()
    b.emit("dma dev=0x100 addr=0xfee01000 len=0x4 op=write data=41000000")
    b.stated(b.device.dma(Request(0x100, 0xFEE0_1000, 4, "write", data=b"\x41\0\0\0")), ("vector", "dest"))
    for addr in (0xFEDF_FFF8, 0xFEF0_0000, 0x1_FEE0_0000):
        ask(b, 0x100, addr)


def noncanonical(b: Builder) -> None:
    """5.2."""
    world = World(b, w.GT)
    guest = guest_device(world, 0x100, GIoV=1)
    for gva in (GVA | 0xFFFF_8000_0000_0000, GVA | 1 << 47):
        for pasid in (0, 5):
            guest.put(pasid, gva & (1 << 48) - 1, PAGE | 0x67)
    world.boot()
    for gva in (GVA | 0xFFFF_8000_0000_0000, GVA | 1 << 47, GVA | 1 << 48, GVA | 1 << 63):
        ask(b, 0x100, gva)
        ask(b, 0x100, gva, 5)


def device_denies(b: Builder) -> None:
    """D8 under guest translation: DTE.IR/IW and an illegal Mode."""
    world = World(b, w.GT)
    for dev, fields in enumerate(({"IR": 0}, {"IW": 0}, {"Mode": 7}), 0x100):
        guest_device(world, dev, GIoV=1, **fields)
    world.boot()
    for dev in (0x100, 0x101, 0x102):
        ask(b, dev, GVA, 5)
        ask(b, dev, GVA)


def exclusion_blocked(b: Builder) -> None:
    """2.3: an excluded address of a device with TV=0, and with a PASID."""
    world = World(b, w.GT)
    world.dte(0x100, entry(**BASE | {"TV": 0}))
    guest_device(world, 0x101)
    b.write(0x20, 0x3)
    b.write(0x28, 0xF000)
    world.boot()
    ask(b, 0x100, GVA)
    ask(b, 0x101, GVA, 5)


def interrupt_range(b: Builder) -> None:
    """8.1: requests into the interrupt range that are not interrupts."""
    world = World(b, w.GT)
    world.dte(0x100, entry(**BASE))
    guest_device(world, 0x101)
    world.boot()
    ask(b, 0x100, 0xFEE0_0000)
    ask(b, 0x101, 0xFEE0_0000, 5)


def ats_answers(b: Builder) -> None:
    """9.2: V=0, I=0, TV=0, illegal entry, Mode=0, DeviceID beyond the table is not reachable here."""
    world = World(b)
    cases: list[dict[str, int]] = [{"V": 0}, {"I": 0}, {"TV": 0, "I": 1}, {"I": 1, "HAD": 2}, {"I": 1},
                                   {"I": 1, "IW": 0}, {"I": 1, "IR": 0, "IW": 0}]
    for dev, case in enumerate(cases, 0x100):
        world.dte(dev, entry(**BASE | case))
    table = host_device(world, 0x110, I=1, HAD=3)
    world.boot()
    for dev in (*range(0x100, 0x107), 0x110):
        b.ats(Request(dev, GVA, 4096, "ats"))
        b.ats(Request(dev, GVA, 4096, "ats", want_exec=True))
    b.expect_mem(table.slot(GVA), 8)


def page_requests_refused(b: Builder) -> None:
    """7.7: PPR=0, GV=0, V=0, TV=0."""
    world = World(b, w.GT | w.PPR | w.PPR_LOG)
    good = BASE | {"GV": 1, "PPR": 1}
    for dev, case in enumerate((good, good | {"PPR": 0}, good | {"GV": 0}, good | {"V": 0}, good | {"TV": 0}), 0x100):
        world.dte(dev, entry(**case))
    world.boot()
    for dev in range(0x100, 0x105):
        b.page_request(dev, 0x9000, dev & 0xF, 5, {"R", "US"}, True)
        if dev > 0x100:
            b.emit(f"expect_prg dev={dev:#x} index={dev & 0xF:#x} code=0x1")


def guest_devices(b: Builder) -> None:
    """viommu.md 11 #36, 8.1: vImuEn while vIommuEn=0, then with it: TV=0, host and guest faults."""
    world = World(b, w.GT | w.GA | w.GAM_VAPIC)
    Private(world, [9])
    fields = {"vImuEn": 1, "GDeviceID": 0x10, "GuestID": 9}
    guest_device(world, 0x100, **fields)
    world.dte(0x101, entry(**BASE | {"TV": 0} | fields))
    host_device(world, 0x102, **fields)
    world.boot()
    for _ in range(2):
        for dev in (0x100, 0x101, 0x102):
            ask(b, dev, 0x9000, 5 if dev != 0x102 else None)
        world.control |= VCMD | VIOMMU | BUFFER_TRP
        b.write(0x18, world.control)


def _trans(**fields: int) -> Callable[[Builder], None]:
    def build(b: Builder) -> None:
        world = World(b, w.GT | w.GA | w.GAM_VAPIC | BUFFER_TRP | VCMD | VIOMMU)
        Private(world, [9])
        world.dte(0xFFFF, entry(**BASE | fields))
        world.boot()
        world.sync(10 << 60 | 1 << 31 | 1 << 28 | 9)
        for off, value in ((0x10, 0xFFFF << 16), (0x28, 0x4000_1108), (0x20, 0x4000_0108)):
            b.vfc_write(9, off, value)
        b.vf_write(9, 0x8, 0x10)
        b.new_records()
        b.vf_read(9, 0x20, 0x10)
        b.vf_read(9, 0x0)
    build.__doc__ = f"viommu.md E8, 11 #18: DTE[TransDevID] with {fields}: the fetch fails, the guest queue stops."
    return build


CORNERS = (had_glx, v1_codes, gcr3, v2_reserved, nested_updates, nested_dirty, with_pasid, gten_off, exclusion,
           suppression, running_rings, interrupt_kinds)
OPEN = (noncanonical, device_denies, exclusion_blocked, interrupt_range, ats_answers, page_requests_refused,
        guest_devices)


def _build(make: Callable[[Builder], None], seed: int, preset: str = "genoa", **config: int) -> Builder:
    b = Builder((make.__doc__ or make.__name__).splitlines()[0], seed, preset=preset, **config)
    make(b)
    return b


def corner_matrix(seed: int, steps: int) -> Traces:
    out = {f"corner_{make.__name__}": _build(make, seed) for make in CORNERS}
    out["corner_v1_codes_rome"] = _build(v1_codes, seed, "rome")
    out["corner_had_glx_4level"] = _build(had_glx, seed, "rome")
    three = PRESETS["genoa"][0] & ~(3 << 14) | 2 << 14
    return out | {"corner_glx_3level": _build(had_glx, seed, efr=three)}


def open_matrix(seed: int, steps: int) -> Traces:
    out = {f"open_{make.__name__}": _build(make, seed) for make in OPEN}
    cases = {"v0": {"V": 0}, "tv0": {"TV": 0}, "mode0": {"Mode": 0}, "unmapped": {"Mode": 3, "root": 0x5555_0000}}
    return out | {f"open_trans_{name}": _build(_trans(**fields), seed) for name, fields in cases.items()}
