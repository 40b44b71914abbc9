# SPDX-License-Identifier: Apache-2.0
"""A machine to put scenarios on: rings, device table, page tables, invalidation."""
from __future__ import annotations

from golden.layout import DTE, pack

from .builder import Builder

DEV_TABLE, CMD_RING, EVT_RING, PPR_RING, GA_RING, GA_TAIL, STORE = (
    0x10_0000, 0x40_0000, 0x41_0000, 0x42_0000, 0x43_0000, 0x43_8000, 0x44_0000)
FIRST_PAGE = 0x1000_0000
LEN = 8 << 56
RING_BYTES = 256 * 16

COHERENT, IOMMU, EVENTS, COMMANDS, PPR_LOG, PPR, GT, GA, GA_LOG = (
    1 << 10, 1, 1 << 2, 1 << 12, 1 << 13, 1 << 15, 1 << 16, 1 << 17, 1 << 28)
GAM_VAPIC, XT, TRP = 1 << 25, 1 << 50, 1 << 58
EVERYTHING = 0x7FFF_FFFF_FFFF_F000 | 3


def v1_entry(addr: int, level: int, read: bool = True, write: bool = True, extra: int = 0) -> int:
    return 1 | level << 9 | addr | read << 61 | write << 62 | extra


def entry(**fields: int) -> int:
    """A device table entry; `root`, `gcr3` and `int_root` are addresses."""
    root, gcr3, table = (fields.pop(name, 0) for name in ("root", "gcr3", "int_root"))
    fields |= {"Root": root >> 12, "GCR3a": gcr3 >> 12 & 7, "GCR3b": gcr3 >> 15 & 0xFFFF,
               "GCR3c": gcr3 >> 31 & 0x1FFFFF, "IntRoot": table >> 6}
    return pack(DTE, **fields)


class World:
    """One device table of 65536 entries, rings of 256 entries."""

    def __init__(self, builder: Builder, control: int = 0) -> None:
        self.b = builder
        self.control = COHERENT | IOMMU | EVENTS | COMMANDS | control
        self.next_page = FIRST_PAGE
        self.tail = 0
        self.sequence = 0

    def boot(self) -> None:
        """Tables written before this need no invalidation."""
        b = self.b
        for off, value in ((0x0, DEV_TABLE | 0x1FF), (0x8, CMD_RING | LEN), (0x10, EVT_RING | LEN)):
            b.write(off, value)
        if self.control & PPR_LOG:
            b.write(0x38, PPR_RING | LEN)
        if self.control & GA_LOG:
            b.write(0xE0, GA_RING | LEN)
            b.write(0xE8, GA_TAIL)
        b.write(0x18, self.control & ~IOMMU)
        b.write(0x18, self.control)

    def page(self, align: int = 4096) -> int:
        at = -(-self.next_page // align) * align
        self.next_page = at + max(align, 4096)
        return at

    def dte(self, dev: int, value: int) -> None:
        self.b.word(DEV_TABLE + 32 * dev, value, 32)

    # --- commands ---

    def submit(self, *commands: int) -> None:
        for value in commands:
            self.b.word(CMD_RING + self.tail, value, 16)
            self.tail = (self.tail + 16) % RING_BYTES
        self.b.write(0x2008, self.tail, 4)

    def wait_command(self) -> tuple[int, int]:
        """COMPLETION_WAIT with a store of its own sequence number; (command, address)."""
        self.sequence += 1
        where = STORE + 8 * (self.sequence % 512)
        return 1 << 60 | where | 1 | self.sequence << 64, where

    def sync(self, *commands: int) -> None:
        """These commands, COMPLETION_WAIT, and the check that it completed."""
        wait, where = self.wait_command()
        self.submit(*commands, wait)
        self.b.expect_mem(where, 8)

    def consume_events(self) -> None:
        """Software reads the event log to its end."""
        self.b.write(0x2010, self.b.device.mmio_read(0x2018, 8))

    def restart_commands(self) -> None:
        """6.5: repair at the head, then CmdBufEn off and on."""
        head = self.b.device.mmio_read(0x2000, 8)
        wait, where = self.wait_command()
        self.b.write(0x18, self.control & ~COMMANDS)
        self.b.word(CMD_RING + head, wait, 16)
        self.b.write(0x18, self.control)
        self.b.expect_mem(where, 8)


def op_devtab(dev: int) -> int:
    return 2 << 60 | dev


def op_inttab(dev: int) -> int:
    return 5 << 60 | dev


def op_pages(dom: int, pasid: int | None = None, addr: int = EVERYTHING) -> int:
    """INVALIDATE_IOMMU_PAGES; the default range is everything, PDE=1."""
    out = 3 << 60 | dom << 32 | addr << 64
    return out if pasid is None else out | pasid | 4 << 64


class HostTable:
    """A v1 table built on demand; every write becomes a `mem` record."""

    def __init__(self, world: World, mode: int) -> None:
        self.w, self.mode = world, mode
        self.root = world.page()
        self.tables: dict[tuple[int, int], int] = {(mode, 0): self.root}

    def table(self, iova: int, level: int) -> int:
        """Address of the table of that level on the way to iova."""
        key = (level, iova >> (12 + 9 * level))
        if key not in self.tables:
            self.tables[key] = self.w.page()
            above = self.table(iova, level + 1)
            self.w.b.word(above + self.offset(iova, level + 1), v1_entry(self.tables[key], level))
        return self.tables[key]

    @staticmethod
    def offset(iova: int, level: int) -> int:
        return 8 * (iova >> (12 + 9 * (level - 1)) & 0x1FF)

    def slot(self, iova: int, level: int = 1) -> int:
        return self.table(iova, level) + self.offset(iova, level)

    def put(self, iova: int, value: int, level: int = 1, copies: int = 1) -> None:
        at = self.slot(iova, level)
        self.w.b.mem(at, value.to_bytes(8, "little") * copies)


class GuestTable:
    """GCR3 with one level and v2 tables; pages through `alloc` -> (GPA, SPA)."""

    def __init__(self, world: World, levels: int, host: HostTable | None, base: int = 0x4000_0000) -> None:
        self.w, self.levels, self.host, self.next_gpa = world, levels, host, base
        self.gcr3, self.gcr3_spa = self.alloc()
        self.tables: dict[tuple[int, int, int], tuple[int, int]] = {}

    def root(self) -> int:
        """5.1: what the device table entry names, a GPA with GCR3TRPMode=1."""
        return self.gcr3 if self.w.control & TRP else self.gcr3_spa

    def alloc(self) -> tuple[int, int]:
        spa = self.w.page()
        if self.host is None:
            return spa, spa
        gpa, self.next_gpa = self.next_gpa, self.next_gpa + 4096
        self.host.put(gpa, v1_entry(spa, 0))
        return gpa, spa

    def table(self, pasid: int, gva: int, level: int, flags: int = 7) -> tuple[int, int]:
        key = (pasid, level, (gva & (1 << 57) - 1) >> (12 + 9 * level) if level < self.levels else 0)
        if key not in self.tables:
            self.tables[key] = self.alloc()
            gpa = self.tables[key][0]
            if level == self.levels:
                self.w.b.word(self.gcr3_spa + 8 * pasid, gpa | 1)
            else:
                above = self.table(pasid, gva, level + 1, flags)[1]
                self.w.b.word(above + HostTable.offset(gva, level + 1), gpa | flags)
        return self.tables[key]

    def slot(self, pasid: int, gva: int, level: int = 1) -> int:
        return self.table(pasid, gva, level)[1] + HostTable.offset(gva, level)

    def put(self, pasid: int, gva: int, value: int, level: int = 1) -> None:
        self.w.b.word(self.slot(pasid, gva, level), value)
