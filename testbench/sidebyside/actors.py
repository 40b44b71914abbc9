# SPDX-License-Identifier: Apache-2.0
"""Devices with random tables: what they ask, and how software edits their tables."""
from __future__ import annotations

from golden.config import Config
from golden.layout import DTE, IRTE128, IRTEGUEST, pack

from .machine import DEV_TABLE, SIZE, Action, Ask, Edit, Interrupt, Page
from .reference import Asked
from .tables import Arena, GuestTable, HostTable, Spot, Window, chance, some_page

EVERYTHING = 0x7FFF_FFFF_FFFF_F000 | 1
PDE, GN = 2, 4
OPS = ("read", "write", "exec", "atomic")
LENGTHS = (1, 4, 8, 64, 64, 64, 4096, 9000)
FLAGS_OF_NO_WEIGHT = ("SD", "Cache")
DEFECTS = (1 << 2, 1 << 63, 1 << 180, 1 << 192, 1 << 240)


def op_devtab(dev: int) -> int:
    return 2 << 60 | dev


def op_inttab(dev: int) -> int:
    return 5 << 60 | dev


def op_pages(dom: int, pasid: int | None = None, where: int = EVERYTHING | PDE) -> int:
    out = 3 << 60 | dom << 32 | where << 64
    return out if pasid is None else out | pasid | GN << 64


def op_iotlb(dev: int, where: int) -> int:
    return 4 << 60 | dev | dev << 32 | (where & ~6) << 64


def op_answer(dev: int, pasid: int, tag: int, code: int) -> int:
    return 7 << 60 | dev | pasid << 32 | 1 << 66 | (code << 12 | tag) << 96


ALL = 8 << 60


def exactly(first: int, size: int) -> int:
    """6.3: address field and S bit of one page."""
    return first & ~4095 if size == 4096 else first & ~(size - 1) & ~4095 | (size >> 1) - 1 & ~4095 | 1


class Actor:
    """A device behind the IOMMU."""

    def __init__(self, arena: Arena, cfg: Config, dev: int) -> None:
        self.arena, self.rng, self.cfg, self.dev, self.dom = arena, arena.rng, cfg, dev, 0x1000 | dev
        self.twin = dev + 0x80  # a second device of the same domain and tables
        self.ats = bool(cfg.iotlb_sup) and chance(self.rng, 40)
        self.base = self.fields()
        self.write_entry(self.entry())

    # --- the device table entry ---

    def fields(self) -> dict[str, int]:
        """What the device's tables need in its entry."""
        raise NotImplementedError

    def entry(self) -> int:
        rng = self.rng
        common = {"V": 1, "TV": 1, "IR": 1, "IW": 1, "DomainID": self.dom, "I": int(self.ats), "SysMgt": 1}
        common |= {name: rng.getrandbits(1) for name in FLAGS_OF_NO_WEIGHT}
        common |= {"SE": chance(rng, 5), "SA": chance(rng, 5)}
        value = pack(DTE, **{name: int(number) for name, number in (common | self.base).items()})
        if chance(rng, 92):
            return value
        return value ^ rng.choice((1, 2, 1 << 61, 1 << 62, 7 << 9, 4 << 9, 1 << 55, 1 << 183, 2 << 56, *DEFECTS))

    def write_entry(self, value: int) -> None:
        for dev in (self.dev, self.twin):
            self.arena.writes.append((DEV_TABLE + 32 * dev, value.to_bytes(32, "little")))

    def edit_entry(self) -> Edit:
        self.write_entry(self.entry())
        return self._edit(op_devtab(self.dev), op_devtab(self.twin), ALL)

    def _edit(self, *commands: int, silent: bool = False) -> Edit:
        return Edit(tuple(self.arena.take()), commands, silent)

    # --- what happens ---

    def edit(self) -> Action:
        return self.edit_entry()

    def ask(self) -> Asked:
        raise NotImplementedError

    def asked(self, addr: int, pasid: int | None) -> Asked:
        rng = self.rng
        dev = rng.choice((self.dev, self.twin))
        priv = pasid is not None and chance(rng, 30)
        if self.ats and chance(rng, 25):
            return Asked(dev, addr & ~4095, 4096, "ats", pasid, priv, no_write=chance(rng, 30),
                         want_exec=chance(rng, 30))
        if chance(rng, 2):
            return Asked(dev, addr, 8, rng.choice(("read", "write")), None, False, True)
        return Asked(dev, addr, rng.choice(LENGTHS), rng.choice(OPS), pasid, priv)

    def batch(self) -> Action:
        return Ask(tuple(self.ask() for _ in range(self.rng.choice((1, 4, 16, 32)))), chance(self.rng, 50))


class Host(Actor):
    """A v1 table."""

    def fields(self) -> dict[str, int]:
        top = max(self.cfg.host_levels(), 1)
        self.table = HostTable(self.arena, self.rng.randint(1, top), self.rng.choice((2, 3, 6)))
        had = self.rng.choice((0, 0, 1, 3)) if self.cfg.f.HDSup else self.rng.choice((0, 1)) if self.cfg.f.HASup else 0
        return {"Mode": self.table.mode, "Root": self.table.root >> 12, "HAD": had}

    def ask(self) -> Asked:
        return self.asked(self.table.address(), None if not chance(self.rng, 2) else 5)

    def edit(self) -> Action:
        rng = self.rng
        if chance(rng, 5):
            return self.edit_entry()
        spot = rng.choice(self.table.spots)
        self.table.put(spot)
        where = EVERYTHING | PDE
        commands = [op_pages(self.dom, None, where)]
        if self.ats and chance(rng, 50):
            commands.append(op_iotlb(rng.choice((self.dev, self.twin)), rng.choice((where, exactly(spot.first, 4096)))))
        return self._edit(*commands, silent=chance(rng, 50))


class Leaves(Host):
    """A v1 table whose last entries change, with invalidations of no more than needed."""

    def edit(self) -> Action:
        spot = self.rng.choice([spot for spot in self.table.spots if not spot.children])
        rights = (not chance(self.rng, 8)) << 61 | (not chance(self.rng, 12)) << 62
        target = some_page(self.rng, spot.span) & (1 << 52) - 4096
        value = 0 if chance(self.rng, 10) else 1 | target | rights
        size = max(spot.span, self._size_of(spot))
        self.arena.word(spot.where, value)
        self.written[spot.where] = spot.span
        where = exactly(spot.first, size) | self.rng.choice((0, PDE)) if size < 1 << 50 else EVERYTHING | PDE
        return self._edit(op_pages(self.dom, None, where))

    def _size_of(self, spot: Spot) -> int:
        return self.written.get(spot.where, 1 << 60)

    def fields(self) -> dict[str, int]:
        self.written: dict[int, int] = {}
        return super().fields()


class Guest(Actor):
    """v2 tables of several PASIDs, nested or not."""

    nested = False

    def fields(self) -> dict[str, int]:
        rng = self.rng
        self.mapped = Window.BASE if self.nested else 0
        host: dict[str, int] = {}
        self.window: Window | None = None
        if self.nested:
            self.host = HostTable(self.arena, rng.randint(3, self.cfg.host_levels()))
            self.window = Window(self.host, SIZE)
            had = rng.choice((0, 3)) if self.cfg.f.HDSup else 0
            host = {"Mode": self.host.mode, "Root": self.host.root >> 12, "HAD": had}
        levels = 5 if self.cfg.guest_levels() == 5 and chance(rng, 50) else 4
        glx = rng.randint(0, min(self.cfg.f.GLXSup, 2))
        bits = min(9 * (glx + 1), self.cfg.f.PASmax + 1)
        pasids = sorted({0, *(rng.getrandbits(bits) for _ in range(3))})
        self.table = GuestTable(self.arena, levels, glx, pasids, lambda page: page + self.mapped, self._final)
        return host | self._guest_fields(levels, glx)

    def _guest_fields(self, levels: int, glx: int) -> dict[str, int]:
        root = self.table.root + (self.mapped if self.arena.root_is_gpa else 0)
        self.giov = bool(self.cfg.f.GIoSup) and chance(self.rng, 50)
        return {"GV": 1, "GLX": glx, "GuestPagingMode": levels - 4, "GIoV": int(self.giov), "GCR3a": root >> 12 & 7,
                "GCR3b": root >> 15 & 0xFFFF, "GCR3c": root >> 31}

    def _final(self) -> int:
        if not self.nested:
            return some_page(self.rng, 4096) & (1 << 52) - 4096
        if chance(self.rng, 50):
            return Window.BASE + self.rng.randrange(SIZE >> 12 << 12)
        return self.host.address() & (1 << 52) - 4096

    def ask(self) -> Asked:
        pasid, addr = self.table.ask()
        if pasid == 0 and chance(self.rng, 60):
            return self.asked(addr & (1 << 57) - 1 if chance(self.rng, 30) else addr, None)
        return self.asked(addr, pasid)

    def edit(self) -> Action:
        rng, roll = self.rng, self.rng.random()
        if roll < .05:
            return self.edit_entry()
        if roll < .1:
            pasid = rng.choice(self.table.pasids)
            self.table.switch(pasid, chance(rng, 90))
            return self._edit(op_pages(self.dom, pasid))
        if self.window and roll < .35:
            return self._edit_host()
        spot = rng.choice(self.table.spots)
        self.table.put(spot)
        return self._edit(op_pages(self.dom, spot.pasid), silent=chance(rng, 50))

    def _edit_host(self) -> Action:
        assert self.window
        spots = self.window.spots
        if spots and chance(self.rng, 60):
            self.window.put(self.rng.choice(spots))
        else:
            self.host.put(self.rng.choice(self.host.spots))
        return self._edit(op_pages(self.dom), silent=chance(self.rng, 30))


class Nested(Guest):
    nested = True


class Interrupter(Actor):
    """Interrupt entries of 128 bits, some of them posted to a guest."""

    ENTRIES = 32

    def fields(self) -> dict[str, int]:
        rng = self.rng
        self.table, self.backing = self.arena.page(), self.arena.page()
        for index in range(self.ENTRIES):
            self._put(index)
        return {"IV": 1, "IntTabLen": rng.choice((4, 5, 5, 5, 12)), "IntCtl": rng.choice((0, 1, 2, 2, 2, 2, 2, 2, 3)),
                "IntRoot": self.table >> 6, "IG": chance(rng, 30), "NMIPass": rng.getrandbits(1),
                "InitPass": rng.getrandbits(1), "EIntPass": rng.getrandbits(1)}

    def _put(self, index: int) -> None:
        rng = self.rng
        common = {"RemapEn": not chance(rng, 15), "SupIOPF": chance(rng, 30), "Vector": rng.randint(16, 255),
                  "DestLow": rng.getrandbits(24), "DestHigh": rng.getrandbits(8), "RqEoi": 0}
        if chance(rng, 35):
            del common["RqEoi"]
            more = {"GuestMode": 1, "GALogIntr": rng.getrandbits(1), "IsRun": rng.getrandbits(1),
                    "GATag": rng.getrandbits(32), "Backing": self.backing >> 12}
            value = pack(IRTEGUEST, **{name: int(number) for name, number in (common | more).items()})
        else:
            more = {"IntType": rng.choice((0, 0, 1, 1, 3)), "DM": rng.getrandbits(1)}
            value = pack(IRTE128, **{name: int(number) for name, number in (common | more).items()})
        wrong = 1 << rng.choice((40, 72, 75, 118)) if chance(rng, 4) else 0
        self.arena.writes.append((self.table + 16 * index, (value | wrong).to_bytes(16, "little")))

    def edit(self) -> Action:
        if chance(self.rng, 10):
            self.base |= {"IntCtl": self.rng.choice((1, 2, 2, 2)), "IG": self.rng.getrandbits(1)}
            return self.edit_entry()
        self._put(self.rng.randrange(self.ENTRIES))
        return self._edit(op_inttab(self.dev), op_inttab(self.twin))

    def batch(self) -> Action:
        rng = self.rng
        kind = rng.choice((0, 0, 0, 0, 1, 2, 3, 4, 5, 7))
        dev = rng.choice((self.dev, self.twin))
        addr = 0xFEE0_0000 | rng.getrandbits(8) << 12 | rng.choice((0, 0, 4, 8))
        if chance(rng, 10):
            return Ask((Asked(dev, addr, rng.choice((4, 4, 8)), rng.choice(OPS), rng.choice((None, None, 1))),))
        return Interrupt(dev, addr, kind << 8 | rng.randrange(self.ENTRIES + 2) if kind <= 1 else kind << 8)


class Pager(Actor):
    """Page requests and their answers."""

    def fields(self) -> dict[str, int]:
        return {"GV": 1, "PPR": int(self.cfg.f.EPHSup and not chance(self.rng, 20)),
                "GPRP": int(self.cfg.f.EPHSup and self.rng.getrandbits(1)), "GCR3a": 1, "Mode": 1,
                "Root": self.arena.page() >> 12}

    def edit(self) -> Action:
        if chance(self.rng, 20):
            return self.edit_entry()
        rng = self.rng
        answer = op_answer(self.dev, rng.getrandbits(16), rng.getrandbits(9), rng.choice((0, 1, 15)))
        return Edit((), (answer,))

    def batch(self) -> Action:
        rng = self.rng
        pasid = rng.getrandbits(16)
        priv = chance(rng, 30)
        names = {name for name in ("R", "W", "X") if chance(rng, 50)} | {"GN"} | (set() if priv else {"US"})
        asked = Asked(rng.choice((self.dev, self.twin)), rng.getrandbits(47) & ~4095, 0, "pri", pasid, priv)
        return Page(asked, rng.getrandbits(9), chance(rng, 50), frozenset(names))


class Stranger(Actor):
    """Devices without a valid entry, and beyond the table."""

    def fields(self) -> dict[str, int]:
        return {"V": self.rng.getrandbits(1), "TV": 0}

    def ask(self) -> Asked:
        asked = self.asked(self.rng.getrandbits(self.rng.choice((20, 32, 48, 64))), None)
        return Asked(self.rng.choice((asked.dev, 0x300)), asked.addr & ~0xFFFF, 8, asked.op)


KINDS = (Host, Host, Leaves, Guest, Nested, Nested, Interrupter, Pager, Stranger)
