# SPDX-License-Identifier: Apache-2.0
"""Long random scenarios: edits of live tables, the invalidations they require, requests, logs, restarts.

The rule: after an edit that a cache may hide, the required invalidation and a COMPLETION_WAIT come before the next
request that could see the old content (10.2). Edits that need none are made as well, so that a device may rely on it.
"""
from __future__ import annotations

import random
from typing import Protocol

from golden.request import Request

from . import guests
from . import world as w
from .builder import Builder
from .matrices import OPS
from .world import GuestTable, HostTable, World, entry, op_devtab, op_inttab, op_pages, v1_entry

def span_code(addr: int, size: int) -> int:
    """6.3: address field and S bit for a page of that size."""
    return addr if size == 4096 else addr | (size >> 1) - 1 & ~0xFFF | 1


class Actor(Protocol):
    """One device with its tables."""

    def edit(self) -> None: ...
    def ask(self) -> None: ...


class Host:
    """A v1 device; ats=1 also translation requests, translated requests and IOTLB invalidations."""

    def __init__(self, world: World, rng: random.Random, dev: int, ats: bool) -> None:
        self.w, self.rng, self.dev, self.dom, self.ats = world, rng, dev, dev & 0xFFF | 0x1000, ats
        self.mode = rng.randint(3, 6)
        self.table = HostTable(world, self.mode)
        bases = {rng.getrandbits(37) & ~0x3FFFFF for _ in range(6)}
        self.pages = {base + 4096 * n: 1 for base in bases for n in range(3)}
        self.pages |= {base | 1 << 37: 2 for base in bases}
        self.live: dict[int, bool] = {}
        for iova in sorted(self.pages):
            self._put(iova)
        world.dte(dev, entry(V=1, TV=1, IR=1, IW=1, Mode=self.mode, root=self.table.root, DomainID=self.dom,
                             I=int(ats)))

    def _put(self, iova: int) -> None:
        level, rng = self.pages[iova], self.rng
        size = 4096 << 9 * (level - 1)
        value = v1_entry(rng.getrandbits(50) & ~(size - 1) & ~0xFFF, 0, rng.random() < .9, rng.random() < .8,
                         rng.choice((0, 0, 0, 1 << 63, 0x1E, 1 << 52)))
        present = rng.random() < .8
        self.table.put(iova, value if present else 0, level)
        self.live[iova] = present

    def edit(self) -> None:
        iova = self.rng.choice(sorted(self.pages))
        was_live = self.live[iova]
        self._put(iova)
        if was_live or self.rng.random() < .5:  # not present to present needs nothing (10.2)
            self._invalidate(iova, 4096 << 9 * (self.pages[iova] - 1))

    def _invalidate(self, iova: int, size: int) -> None:
        where = self.rng.choice((w.EVERYTHING, span_code(iova, size), span_code(iova, size) | 2))
        commands = [op_pages(self.dom, None, where)]
        remote = self.ats and self.rng.random() < .7
        if remote:
            commands.append(4 << 60 | self.dev | self.dev << 32 | (where & ~2) << 64)
        self.w.sync(*commands)
        if remote:
            _, base, span, _ = self.w.b.device.atc.pop()
            self.w.b.emit(f"expect_atc_inv dev={self.dev:#x} addr={base:#x} size={span:#x}")

    def _address(self) -> int:
        iova = self.rng.choice(sorted(self.pages))
        return iova + (self.rng.randrange(4096) if self.rng.random() < .8 else 4090)

    def ask(self) -> None:
        addr, roll = self._address(), self.rng.random()
        if self.ats and roll < .4:
            self.w.b.ats(Request(self.dev, addr & ~0xFFF, 4096, "ats"))
        elif roll < .5:
            self.w.b.dma(Request(self.dev, addr, 8, self.rng.choice(("read", "write")), translated=True))
        else:
            self.w.b.dma(Request(self.dev, addr, self.rng.choice((1, 8, 64, 4096)), self.rng.choice(OPS)))


class Dirty:
    """A v1 device with hardware A/D updates; the entry is checked after each request."""

    def __init__(self, world: World, rng: random.Random, dev: int) -> None:
        self.w, self.rng, self.dev, self.dom = world, rng, dev, dev & 0xFFF | 0x2000
        self.table = HostTable(world, 3)
        self.pages = [rng.getrandbits(27) << 12 for _ in range(8)]
        self.had = rng.choice((1, 3))
        for iova in self.pages:
            self.table.put(iova, self._leaf())
        world.dte(dev, entry(V=1, TV=1, IR=1, IW=1, Mode=3, root=self.table.root, DomainID=self.dom, HAD=self.had))

    def _leaf(self) -> int:
        return v1_entry(self.rng.getrandbits(40) << 12 & (1 << 51) - 1, 0, True, self.rng.random() < .8)

    def edit(self) -> None:
        """New leaf with A=D=0: the device must walk again before it may skip the update."""
        iova = self.rng.choice(self.pages)
        self.table.put(iova, self._leaf())
        self.w.sync(op_pages(self.dom, None, self.rng.choice((w.EVERYTHING, iova | 2))))

    def ask(self) -> None:
        iova = self.rng.choice(self.pages)
        answer = self.w.b.dma(Request(self.dev, iova + 8 * self.rng.randrange(500), 8, self.rng.choice(OPS)))
        if not answer.fault:  # what a denied request leaves in A is nobody's rule
            self.w.b.expect_mem(self.table.slot(iova), 8)


class Guest:
    """A v2 device, nested or not, with several PASIDs."""

    def __init__(self, world: World, rng: random.Random, dev: int, nested: bool) -> None:
        self.w, self.rng, self.dev, self.dom = world, rng, dev, dev & 0xFFF | 0x3000
        self.levels = rng.choice((4, 5))
        self.host = HostTable(world, rng.choice((4, 5, 6))) if nested else None
        self.guest = GuestTable(world, self.levels, self.host)
        self.giov = rng.random() < .5
        self.unsure: set[tuple[int, int, int]] = set()
        self.pasids = [0, *(rng.randint(1, 511) for _ in range(2))]
        self.pages = [(pasid, (rng.getrandbits(27) << 12 | rng.getrandbits(5) << 40) + 4096 * n, 1) for pasid in self.pasids for n in range(5)]
        self.pages += [(pasid, rng.getrandbits(25) << 21 | 1 << 46, 2) for pasid in self.pasids for n in range(2)]
        self.finals = [0x80_0000_0000 + (n << 21) for n in range(12)]
        self.live = {gpa: self._final(gpa) for gpa in self.finals} if nested else {}
        for page in self.pages:
            self._leaf(page)
        self._entry()

    def _entry(self) -> None:
        nested = {"Mode": self.host.mode, "root": self.host.root} if self.host else {}
        self.w.dte(self.dev, entry(V=1, TV=1, IR=1, IW=1, DomainID=self.dom, GV=1, GIoV=int(self.giov),
                                   GuestPagingMode=int(self.levels == 5), gcr3=self.guest.root(), **nested))

    def _final(self, gpa: int) -> bool:
        """A host leaf of 4 KiB or 2 MiB size for a guest page."""
        assert self.host
        spa = self.rng.getrandbits(50) & ~0x1FFFFF
        alive = self.rng.random() < .85
        value = v1_entry(spa, 0, self.rng.random() < .95, self.rng.random() < .85)
        self.host.put(gpa, value if alive else 0, 2)
        return alive

    def _leaf(self, page: tuple[int, int, int]) -> None:
        pasid, gva, level = page
        self.unsure.discard(page)
        target = self.rng.choice(self.finals) if self.host else self.rng.getrandbits(50) & ~0x1FFFFF
        if level == 1:
            target += self.rng.randrange(512) << 12
        flags = self.rng.choice((7, 7, 7, 0x67, 5, 3, 0)) | (0x80 if level == 2 else 0)
        nx = (self.rng.random() < .2) << 63
        self.guest.put(pasid, gva, target | flags | nx, level)

    def edit(self) -> None:
        roll = self.rng.random()
        if self.host and roll < .3:
            self._final(self.rng.choice(self.finals))
            self.w.sync(op_pages(self.dom))
        elif roll < .34:
            self._switch()
        else:
            page = self.rng.choice(self.pages)
            self._leaf(page)
            exact = span_code(page[1], 4096 << 9 * (page[2] - 1)) | self.rng.choice((0, 2))
            self.w.sync(op_pages(self.dom, page[0], self.rng.choice((w.EVERYTHING, exact))))

    def _switch(self) -> None:
        """GCR3 entry of a PASID off or on."""
        pasid = self.rng.choice(self.pasids[1:])
        where = self.guest.gcr3_spa + 8 * pasid
        self.w.b.word(where, self.w.b.device.memory.u64(where) ^ 1)
        self.w.sync(op_pages(self.dom, pasid))

    def ask(self) -> None:
        pasid, gva, level = self.rng.choice(self.pages)
        number: int | None = pasid
        if pasid == 0 and self.giov and self.rng.random() < .7:
            number = None
        priv = number is not None and self.rng.random() < .3
        op, page = self.rng.choice(OPS), (pasid, gva, level)
        answer = self.w.b.dma(Request(self.dev, gva + self.rng.randrange(4080), 8, op, number, priv))
        if answer.fault:  # whether A/D were written before a host fault is nobody's rule
            self.unsure.add(page)
        elif page not in self.unsure:
            self.w.b.expect_mem(self.guest.slot(pasid, gva, level), 8)


class Switcher:
    """A device whose device table entry changes kind."""

    def __init__(self, world: World, rng: random.Random, dev: int) -> None:
        self.w, self.rng, self.dev, self.dom = world, rng, dev, dev & 0xFFF | 0x4000
        self.table = HostTable(world, 3)
        self.table.put(0x7000, v1_entry(0x77_7000, 0))
        self.write()

    def write(self) -> None:
        roll = self.rng.randrange(8)
        fields = {"V": 1, "TV": 1, "IR": roll & 1, "IW": roll >> 1 & 1, "DomainID": self.dom}
        fields |= {"Mode": 3, "root": self.table.root} if roll & 4 else {}
        if self.rng.random() < .3:
            fields |= self.rng.choice(({"V": 0}, {"TV": 0}, {"Mode": 7}, {"SA": 1, "IR": 0}))
        illegal = self.rng.choice((0, 0, 0, 0, 1 << 2, 1 << 63))
        self.w.dte(self.dev, entry(**fields) | illegal)

    def edit(self) -> None:
        self.write()
        self.w.sync(op_devtab(self.dev), op_pages(self.dom))

    def ask(self) -> None:
        addr = self.rng.choice((0x7008, 0x8008))
        self.w.b.dma(Request(self.dev, addr, 8, self.rng.choice(OPS)))


class Interrupter:
    """A device with 128-bit interrupt entries, some of them posted."""

    BACKING = 0x5000_0000

    def __init__(self, world: World, rng: random.Random, dev: int) -> None:
        self.w, self.rng, self.dev = world, rng, dev
        self.table = world.page()
        self.values = [self._value() for _ in range(16)]
        for index in range(16):
            self._store(index)
        world.dte(dev, entry(V=1, TV=1, IV=1, IntTabLen=4, IntCtl=2, int_root=self.table, DomainID=0x5000,
                             NMIPass=1))

    def _value(self) -> int:
        rng = self.rng
        value = rng.choice((1, 1, 1, 0)) | rng.getrandbits(8) << 8 | rng.randint(16, 255) << 64
        if rng.random() < .4:
            return value | 1 << 7 | rng.getrandbits(1) << 6 | 1 << 2 | rng.getrandbits(32) << 32 | (
                self.BACKING >> 12) << 76
        return value | rng.choice((0, 1, 0, 3)) << 2 | rng.getrandbits(1) << 6

    def _store(self, index: int) -> None:
        self.w.b.word(self.table + 16 * index, self.values[index], 16)

    def edit(self) -> None:
        index = self.rng.randrange(16)
        if self.values[index] >> 7 & 1 and self.rng.random() < .5:
            keep = ~(0xFF << 8 | 1 << 6 | 0xFFFFFFFF << 32)  # destination, IsRun, GATag are never cached (8.6)
            fresh = self.rng.getrandbits(8) << 8 | self.rng.getrandbits(1) << 6 | self.rng.getrandbits(32) << 32
            self.values[index] = self.values[index] & keep | fresh
            self._store(index)
            return
        self.values[index] = self._value()
        self._store(index)
        self.w.sync(op_inttab(self.dev))

    def ask(self) -> None:
        kind = self.rng.choice((0, 0, 0, 0, 4, 5, 3))
        self.w.b.interrupt(self.dev, 0xFEE0_0000, kind << 8 | self.rng.randrange(17 if kind == 0 else 16))
        self.w.b.expect_mem(self.BACKING + 0x200, 0x80)
        self.w.b.read(0x2048)
        self.w.b.write(0x2040, self.w.b.device.mmio_read(0x2048, 8))


class Pager:
    """A device that sends page requests and gets the answers of software."""

    def __init__(self, world: World, rng: random.Random, dev: int) -> None:
        self.w, self.rng, self.dev = world, rng, dev
        self.gprp = rng.getrandbits(1)
        world.dte(dev, entry(V=1, TV=1, IR=1, IW=1, GV=1, PPR=1, GPRP=self.gprp, DomainID=0x6000,
                             gcr3=world.page()))

    def edit(self) -> None:
        """COMPLETE_PPR_REQUEST."""
        tag, code, pasid = self.rng.getrandbits(9), self.rng.choice((0, 1, 15)), self.rng.getrandbits(16)
        self.w.sync(7 << 60 | self.dev | pasid << 32 | 1 << 66 | (code << 12 | tag) << 96)
        tail = f" pasid={pasid:#x}" if self.gprp else ""
        self.w.b.emit(f"expect_prg dev={self.dev:#x} index={tag:#x} code={code:#x}{tail}")

    def ask(self) -> None:
        names = {name for name in ("R", "W", "X", "US") if self.rng.random() < .5}
        self.w.b.page_request(self.dev, self.rng.getrandbits(47) & ~0xFFF, self.rng.getrandbits(9),
                              self.rng.getrandbits(16), names, self.rng.random() < .5)
        self.w.b.write(0x2030, self.w.b.device.mmio_read(0x2038, 8))


class Registers:
    """Register traffic beside the translation."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.w, self.rng = world, rng

    def edit(self) -> None:
        off = self.rng.choice((0x170, 0x178, 0x180))
        self.w.b.write(off, self.rng.getrandbits(32) << 8 & 0xFF_FFFF_FF00)
        self.w.b.read(off)

    def ask(self) -> None:
        off = self.rng.choice((0x0, 0x8, 0x10, 0x30, 0x1A0, 0x2000, 0x2008, 0x2010, 0x2018))
        self.w.b.read(off)
        self.w.b.read(0x2020, 0x19)


class Overflower:
    """Lets the event log overflow and restarts it (7.1)."""

    def __init__(self, world: World, rng: random.Random, dev: int) -> None:
        self.w, self.rng, self.dev = world, rng, dev
        world.dte(dev, entry(V=1, DomainID=0x7000))

    def edit(self) -> None:
        for _ in range(300 if self.rng.random() < .04 else 2):
            self.ask()
        self.w.b.read(0x2020, 0x9)
        if not self.w.b.device.evt_run():
            self._restart()

    def _restart(self) -> None:
        b = self.w.b
        b.read(0x2018)
        b.write(0x18, self.w.control & ~w.EVENTS)
        b.write(0x2020, 1, 4)
        self.w.consume_events()
        b.write(0x18, self.w.control)
        b.read(0x2020, 0x9)

    def ask(self) -> None:
        self.w.b.dma(Request(self.dev, self.rng.getrandbits(40) & ~7, 8, self.rng.choice(("read", "write"))))


def _actors(kind: str, world: World, rng: random.Random) -> list[Actor]:
    host: list[Actor] = [Host(world, rng, 0x100, False), Host(world, rng, 0x101, True), Dirty(world, rng, 0x110)]
    guest: list[Actor] = [Guest(world, rng, 0x200 + n, bool(n & 1)) for n in range(4)]
    logs: list[Actor] = [Overflower(world, rng, 0x700), Registers(world, rng)]
    ints: list[Actor] = [Interrupter(world, rng, 0x300), Interrupter(world, rng, 0x301)]
    switch: list[Actor] = [Switcher(world, rng, 0x400 + n) for n in range(4)]
    pager: list[Actor] = [Pager(world, rng, 0x600)]
    return {"host": host + logs, "guest": guest + logs, "remap": ints + logs, "switch": switch + logs,
            "mix": host + guest + ints + switch + pager + logs}[kind]


def mix(kind: str, seed: int, steps: int) -> Builder:
    rng = random.Random(f"{kind} {seed}")
    b = Builder(f"random {kind}: edits, invalidations, requests, logs", seed)
    world = World(b, w.GT | w.GA | w.GAM_VAPIC | w.GA_LOG | w.PPR | w.PPR_LOG | rng.choice((0, w.TRP)))
    actors = _actors(kind, world, rng)
    world.boot()
    for _ in range(steps):
        actor = rng.choice(actors[:-2]) if rng.random() < .9 else rng.choice(actors[-2:])
        actor.edit() if rng.random() < .35 else actor.ask()
        if not b.device.evt_run():
            next(a for a in actors if isinstance(a, Overflower))._restart()
        if rng.random() < .15:
            world.consume_events()
    return b


def _kind(name: str):  # type: ignore[no-untyped-def]
    return lambda seed, steps: {f"rand_{name}": mix(name, seed, steps)}


KINDS = {f"rand-{name}": _kind(name) for name in ("host", "guest", "remap", "switch", "mix")}
KINDS["rand-viommu"] = guests.viommu_mix
