# SPDX-License-Identifier: Apache-2.0
"""Random page tables: what is built, where its entries are, and which addresses lead to them."""
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

RESERVED_V1 = (1 << 52, 1 << 56, 1 << 57, 1 << 58)
SIGN = {4: (47, 0xFFFF << 48), 5: (56, 0x7F << 57)}


@dataclass
class Spot:
    """An entry: its place in memory, its level, the first address it serves, and the PASID whose it is."""

    where: int
    level: int
    first: int
    pasid: int | None = None
    children: tuple[int, ...] = ()  # addresses and levels of tables it may point to

    @property
    def span(self) -> int:
        return 1 << (12 + 9 * (self.level - 1))


@dataclass
class Arena:
    """Pages of memory in random order; words that were written, until they are taken."""

    rng: random.Random
    pages: list[int]
    root_is_gpa: bool = False  # GCR3TRPMode
    writes: list[tuple[int, bytes]] = field(default_factory=list)

    def page(self) -> int:
        return self.pages.pop()

    def word(self, where: int, value: int) -> None:
        self.writes.append((where, value.to_bytes(8, "little")))

    def take(self) -> list[tuple[int, bytes]]:
        out, self.writes = self.writes, []
        return out


def chance(rng: random.Random, percent: float) -> bool:
    return rng.random() * 100 < percent


def some_page(rng: random.Random, size: int) -> int:
    return rng.getrandbits(rng.choice((24, 40, 52))) & ~(size - 1)


def coded(addr: int, size: int) -> int:
    """NextLevel=7: the lowest zero bit of the address says the size."""
    return addr & ~(size - 1) | (size >> 1) - 1 & ~0xFFF


class HostTable:
    """A v1 table of `mode` levels with a few entries in each table."""

    def __init__(self, arena: Arena, mode: int, width: int = 3) -> None:
        self.arena, self.rng, self.mode, self.width = arena, arena.rng, mode, width
        self.spots: list[Spot] = []
        self.root = arena.page()
        if mode:
            self._fill(self.root, mode, 0)

    def _fill(self, table: int, level: int, first: int) -> None:
        top = 128 if level == 6 else 512
        slots = {self.rng.randrange(top) for _ in range(self.width)} | {0}
        keep = set(self.rng.sample(sorted(slots), 1 + chance(self.rng, 40))) if level > 1 else set()
        for slot in sorted(slots):
            at = first | slot << (12 + 9 * (level - 1))
            children = self._child(level, at) if slot in keep else ()
            spot = Spot(table + 8 * slot, level, at, None, children)
            self.spots.append(spot)
            self.put(spot)

    def _child(self, level: int, first: int) -> tuple[int, ...]:
        below = level - 1 if chance(self.rng, 85) else self.rng.randint(1, level - 1)
        table = self.arena.page()
        self._fill(table, below, first)
        return (table, below)

    def put(self, spot: Spot) -> int:
        value = self.value(spot)
        self.arena.word(spot.where, value)
        return value

    def value(self, spot: Spot) -> int:
        rng = self.rng
        rights = (not chance(rng, 6)) << 61 | (not chance(rng, 12)) << 62
        wrong = rng.choice(RESERVED_V1) if chance(rng, 3) else 0
        if spot.children and not chance(rng, 4):
            table, level = spot.children
            return 1 | level << 9 | table | rights | wrong
        if chance(rng, 8):
            return rng.choice((0, rights | 0x5000))
        extra = rng.choice((0, 0, 0, 1 << 59, 1 << 60, 0x1E, 1 << 63, 1 << 5, 3 << 5))
        return 1 | self._target(spot.level) | rights | wrong | extra

    def _target(self, level: int) -> int:
        rng = self.rng
        natural = 1 << (12 + 9 * (level - 1))
        if chance(rng, 4):  # levels and sizes that do not fit
            return rng.choice((level << 9, 6 << 9, coded(some_page(rng, 4096), 1 << rng.randrange(13, 52)) | 7 << 9))
        if level < 6 and chance(rng, 30):
            size = natural << rng.randint(1, 8)
            return coded(some_page(rng, size) & (1 << 52) - 1, min(size, 1 << 51)) | 7 << 9
        return some_page(rng, natural) & (1 << 52) - 4096

    def address(self) -> int:
        """Mostly one that an entry serves."""
        spot = self.rng.choice(self.spots) if self.spots else Spot(0, 1, 0)
        return near(self.rng, spot)


def near(rng: random.Random, spot: Spot) -> int:
    inside = rng.getrandbits(12) if chance(rng, 80) else rng.getrandbits(64) & (spot.span - 1)
    out = spot.first | inside
    return out ^ 1 << rng.randrange(12, 64) if chance(rng, 4) else out


class Window:
    """Guest physical addresses of memory itself: base + n is n, through a host table that has holes."""

    BASE = 1 << 30

    def __init__(self, table: HostTable, size: int) -> None:
        self.arena, self.rng = table.arena, table.rng
        self.spots: list[Spot] = []
        above = table.root
        for level in range(table.mode, 2, -1):
            slot = self.BASE >> (12 + 9 * (level - 1)) & 0x1FF
            below = self.arena.page()
            self.arena.word(above + 8 * slot, 1 | (level - 1) << 9 | below | 3 << 61)
            table.spots = [spot for spot in table.spots if spot.where != above + 8 * slot]
            above = below
        for start in range(0, size, 1 << 21):
            self._region(above + 8 * (start >> 21), start)

    def _region(self, where: int, start: int) -> None:
        if chance(self.rng, 40):
            self.arena.word(where, 1 | start | 3 << 61)
            return
        below = self.arena.page()
        self.arena.word(where, 1 | 1 << 9 | below | 3 << 61)
        entries = b"".join(self.value(start + 4096 * n).to_bytes(8, "little") for n in range(512))
        self.arena.writes.append((below, entries))
        self.spots += [Spot(below + 8 * n, 1, start + 4096 * n) for n in range(0, 512, 16)]

    def value(self, page: int) -> int:
        rng = self.rng
        return 0 if chance(rng, .7) else 1 | page | (not chance(rng, .7)) << 61 | (not chance(rng, 2)) << 62

    def put(self, spot: Spot) -> int:
        value = self.value(spot.first)
        self.arena.word(spot.where, value)
        return value


class GuestTable:
    """GCR3 levels and v2 tables of some PASIDs. `gpa` maps a page of memory to its guest address."""

    def __init__(self, arena: Arena, levels: int, glx: int, pasids: list[int], gpa: Callable[[int], int],
                 final: Callable[[], int]) -> None:
        self.arena, self.rng, self.levels, self.glx = arena, arena.rng, levels, glx
        self.pasids, self.gpa, self.final = pasids, gpa, final
        self.spots: list[Spot] = []
        self.gcr3: dict[tuple[int, int], int] = {}
        self.entries: dict[int, tuple[int, int]] = {}  # PASID -> (place, value)
        self.root = arena.page()
        self.gcr3[glx, 0] = self.root
        for pasid in pasids:
            self._pasid(pasid)

    def _gcr3_table(self, pasid: int, level: int) -> int:
        key = (level, pasid >> 9 * (level + 1))
        if key not in self.gcr3:
            self.gcr3[key] = self.arena.page()
            above = self._gcr3_table(pasid, level + 1)
            self.arena.word(above + 8 * (pasid >> 9 * (level + 1) & 0x1FF), self.gpa(self.gcr3[key]) | 1)
        return self.gcr3[key]

    def _pasid(self, pasid: int) -> None:
        where = self._gcr3_table(pasid, 0) + 8 * (pasid & 0x1FF)
        top = self.arena.page()
        self.entries[pasid] = (where, self.gpa(top) | 1)
        self.switch(pasid, chance(self.rng, 95))
        self._fill(top, self.levels, 0, pasid)

    def switch(self, pasid: int, on: bool) -> None:
        where, value = self.entries[pasid]
        wrong = 1 << self.rng.choice((1, 5, 52, 63)) if chance(self.rng, 3) else 0
        self.arena.word(where, (value if on else value & ~1) | wrong)

    def _fill(self, table: int, level: int, first: int, pasid: int) -> None:
        slots = {self.rng.randrange(512) for _ in range(3)} | {0}
        keep = set(self.rng.sample(sorted(slots), 1 + chance(self.rng, 30))) if level > 1 else set()
        for slot in sorted(slots):
            at = first | slot << (12 + 9 * (level - 1))
            if level == self.levels and slot >> 8:
                at |= SIGN[level][1]
            children: tuple[int, ...] = ()
            if slot in keep:
                children = (self.arena.page(),)
                self._fill(children[0], level - 1, at, pasid)
            spot = Spot(table + 8 * slot, level, at, pasid, children)
            self.spots.append(spot)
            self.put(spot)

    def put(self, spot: Spot) -> int:
        value = self.value(spot)
        self.arena.word(spot.where, value)
        return value

    def value(self, spot: Spot) -> int:
        rng = self.rng
        rights = (not chance(rng, 10)) << 1 | (not chance(rng, 10)) << 2 | chance(rng, 8) << 63
        extra = rng.choice((0, 0, 0, 0, 1 << 5, 3 << 5, 3 << 3, 1 << 8, 7 << 9))
        if spot.children and not chance(rng, 3):
            return 1 | rights | self.gpa(spot.children[0]) | extra & ~(1 << 8)
        if chance(rng, 8):
            return rng.choice((0, 6))
        return 1 | rights | extra | self._target(spot.level)

    def _target(self, level: int) -> int:
        big = 1 << 7 if level > 1 else 0
        at = self.final()
        if chance(self.rng, 4):
            return big | at & ~0xFFF  # low address bits that a large page must not have
        return big | at & ~((1 << (12 + 9 * (min(level, 3) - 1))) - 1)

    def ask(self) -> tuple[int, int]:
        """A PASID and an address."""
        spot = self.rng.choice(self.spots)
        assert spot.pasid is not None
        pasid = spot.pasid if not chance(self.rng, 2) else self.rng.getrandbits(20)
        return pasid, near(self.rng, spot)
