# SPDX-License-Identifier: Apache-2.0
"""Page-table walks: host (v1, section 4), GCR3 and guest (v2, section 5), nested (5.4)."""
from __future__ import annotations

from dataclasses import dataclass, field

from .config import Config
from .layout import GCR3, V1, V2, View, bits, masks
from .memory import BusError, Memory

TOP = 1 << 64


@dataclass
class WalkFault(Exception):
    """A page fault of one stage: flags, and the address that stage was asked for."""

    guest: bool
    addr: int
    pr: bool = False
    rz: bool = False
    pe: bool = False
    table: bool = False  # a host fault on the address of a guest table, not of the final page
    update: bool = False  # ... whose reason is an accessed/dirty update
    early: bool = False  # found in the device table entry, before any walk


@dataclass
class TableError(Exception):
    """A table entry that memory did not answer."""

    addr: int


@dataclass(frozen=True)
class Need:
    """Permissions a request cannot do without."""

    read: bool = False
    write: bool = False
    execute: bool = False
    user: bool = False


@dataclass(frozen=True)
class Stage1:
    """What a host walk found."""

    pa: int
    size: int | None
    ir: bool
    iw: bool
    u: bool = False
    fc: bool = False
    path: tuple[int, ...] = ()


@dataclass(frozen=True)
class Result:
    """A complete translation; size None for identity."""

    pa: int
    size: int | None
    read: bool
    write: bool
    execute: bool = False
    user: bool = True


def natural(level: int) -> int:
    """4.1: 4 KiB, 2 MiB, 1 GiB, 512 GiB, 256 TiB."""
    return 1 << (12 + 9 * (level - 1))


def coded_size(addr: int) -> int | None:
    """4.4: page size of a NextLevel=7 entry, None if there is no zero bit."""
    for k in range(12, 52):
        if not addr >> k & 1:
            return 1 << (k + 1)
    return None


class HostWalk:
    """A v1 table with the device's permissions on top."""

    def __init__(self, memory: Memory, cfg: Config, mode: int, root: int, ir: bool, iw: bool, had: int) -> None:
        self.memory, self.cfg = memory, cfg
        self.mode, self.root, self.ir, self.iw, self.had = mode, root, ir, iw, had

    def check(self, gpa: int, need: Need) -> None:
        """Decision D8: Mode legality, then DTE.IR/IW."""
        if self.mode > self.cfg.host_levels():
            raise WalkFault(False, gpa, pr=True)
        self._permit(gpa, need, self.ir, self.iw)

    @staticmethod
    def _permit(gpa: int, need: Need, ir: bool, iw: bool) -> None:
        if (need.read and not ir) or (need.write and not iw):
            raise WalkFault(False, gpa, pr=True, pe=True)

    def walk(self, gpa: int, need: Need) -> Stage1:
        self.check(gpa, need)
        if not self.mode:
            return Stage1(gpa, None, self.ir, self.iw)
        if self.mode < 6 and gpa >> (12 + 9 * self.mode):
            raise WalkFault(False, gpa, pr=True)
        return self._levels(gpa, need)

    def _levels(self, gpa: int, need: Need) -> Stage1:
        level, table, ir, iw, path = self.mode, self.root, self.ir, self.iw, []
        while True:
            where = table + 8 * bits(gpa, 11 + 9 * level, 3 + 9 * level)
            path.append(where)
            entry = self._entry(where, gpa)
            size, following = self._shape(entry, level, gpa)
            ir, iw = ir and bool(entry.IR), iw and bool(entry.IW)
            self._permit(gpa, need, ir, iw)
            if size:
                pa = ((entry.Addr << 12) & ~(size - 1)) | (gpa & (size - 1))
                return Stage1(pa, size, ir, iw, bool(entry.U), bool(entry.FC), tuple(path))
            level, table = following, entry.Addr << 12

    def _entry(self, where: int, gpa: int) -> View:
        """4.3 steps 2, 3, 6."""
        try:
            entry = View(self.memory.u64(where), V1)
        except BusError:
            raise TableError(where) from None
        if not entry.PR:
            raise WalkFault(False, gpa)
        if entry.value & self._reserved(entry.NextLevel in (0, 7)):
            raise WalkFault(False, gpa, pr=True, rz=True)
        return entry

    def _reserved(self, leaf: bool) -> int:
        """4.2."""
        out = masks((56, 52))
        if not leaf:
            return out | masks((60, 57))
        return out if self.cfg.f2.TMPMSup else out | masks((58, 57))

    def _shape(self, entry: View, level: int, gpa: int) -> tuple[int | None, int]:
        """4.3 steps 4, 5, 8: (page size, 0) for a leaf, (None, next level) for a directory."""
        wrong = WalkFault(False, gpa, pr=True)
        following = entry.NextLevel
        if following in (0, 7):
            size = natural(level) if following == 0 else coded_size(entry.Addr << 12)
            if level == 6 or size is None:
                raise wrong
            if following == 7 and not natural(level) < size < natural(level + 1):
                raise wrong
            return size, 0
        if following >= level:
            raise wrong
        if bits(gpa, 11 + 9 * (level - 1), 12 + 9 * following) if following < level - 1 else 0:
            raise wrong
        return None, following

    def update(self, found: Stage1, write: bool) -> None:
        """4.5: A in every entry used, D in the leaf for a write."""
        if not self.had & 1:
            return
        for where in found.path:
            self._set(where, 1 << 5)
        if write and self.had == 3 and found.path:
            self._set(found.path[-1], 1 << 6)

    def _set(self, where: int, bit: int) -> None:
        self.memory.write_int(where, self.memory.u64(where) | bit, 8)

    def access(self, gpa: int, need: Need) -> int:
        """The SPA of an implicit access, with the updates it causes."""
        found = self.walk(gpa, need)
        self.update(found, need.write)
        return found.pa


@dataclass(frozen=True)
class GuestTables:
    """The guest part of a device table entry plus the control bits that matter."""

    root: int
    glx: int
    levels: int
    root_is_gpa: bool
    no_a: bool
    no_d: bool


@dataclass
class Stage2:
    """What a guest walk found, before updates."""

    gpa: int
    size: int
    write: bool
    user: bool
    nx: bool
    path: list[tuple[int, int]] = field(default_factory=list)  # (GPA of the entry, its value)


class GuestWalk:
    """GCR3 and v2 tables behind a host walk."""

    def __init__(self, memory: Memory, cfg: Config, host: HostWalk, tables: GuestTables) -> None:
        self.memory, self.cfg, self.host, self.t = memory, cfg, host, tables

    def translate(self, pasid: int, gva: int, need: Need, implicit: bool) -> Result:
        """5.4. implicit: PASID 0 by GIoV, whose addresses are not sign-extended (5.2)."""
        self._early(gva, need)
        found = self._guest(pasid, gva, implicit)
        self._permit(found, gva, need)
        self._update(found, need.write)
        final = self.host.walk(found.gpa, Need(need.read, need.write))
        self.host.update(final, need.write)
        size = min(found.size, final.size or found.size)
        allowed = found.user or not need.user
        return Result(final.pa, size, final.ir and allowed, final.iw and found.write and allowed,
                      final.ir and allowed and not found.nx, found.user)

    def _early(self, gva: int, need: Need) -> None:
        """Decision D8: the device table entry's own checks come first."""
        try:
            self.host.check(gva, need)
        except WalkFault as fault:
            fault.early = True
            raise

    def _guest(self, pasid: int, gva: int, implicit: bool) -> Stage2:
        top = self._gcr3(pasid, gva)
        self._canonical(gva, implicit)
        return self._levels(top, gva)

    def _canonical(self, gva: int, implicit: bool) -> None:
        """5.2."""
        width = 12 + 9 * self.t.levels
        upper = gva >> width if implicit else gva >> (width - 1)
        legal = (0,) if implicit else (0, (1 << (65 - width)) - 1)
        if upper not in legal:
            raise WalkFault(True, gva)

    def _fetch(self, gpa: int) -> int:
        """A guest table entry: readable through the host table."""
        return self._read(self._host(gpa, Need(read=True), False))

    def _read(self, spa: int) -> int:
        try:
            return self.memory.u64(spa)
        except BusError:
            raise TableError(spa) from None

    def _host(self, gpa: int, need: Need, update: bool) -> int:
        """5.4 holds for Mode other than 0; with Mode 0 a table is plain memory."""
        if not self.host.mode:
            return gpa
        try:
            return self.host.access(gpa, need)
        except WalkFault as fault:
            fault.table, fault.update = True, update
            raise

    def _gcr3(self, pasid: int, gva: int) -> int:
        """5.1: GPA of the top guest table."""
        if pasid >> (self.cfg.f.PASmax + 1) or pasid >> (9 * (self.t.glx + 1)):
            raise WalkFault(True, gva)
        table, gpa = self.t.root, self.t.root_is_gpa
        for level in range(self.t.glx, -1, -1):
            where = table + 8 * bits(pasid, 9 * level + 8, 9 * level)
            entry = View(self._fetch(where) if gpa else self._read(where), GCR3)
            if not entry.V:
                raise WalkFault(True, gva)
            if entry.value & ~masks((0, 0), (51, 12)):
                raise WalkFault(True, gva, pr=True, rz=True)
            table, gpa = entry.Addr << 12, True
        return table

    def _levels(self, table: int, gva: int) -> Stage2:
        write = user = True
        nx, path = False, []
        for level in range(self.t.levels, 0, -1):
            where = table + 8 * bits(gva, 11 + 9 * level, 3 + 9 * level)
            entry = View(self._fetch(where), V2)
            path.append((where, entry.value))
            if not entry.P:
                raise WalkFault(True, gva)
            leaf = level == 1 or bool(entry.PS)
            if self._reserved(entry, level, leaf):
                raise WalkFault(True, gva, pr=True, rz=True)
            write, user, nx = write and bool(entry.RW), user and bool(entry.US), nx or bool(entry.NX)
            if leaf:
                size = natural(level)
                return Stage2((entry.Addr << 12) & ~(size - 1) | gva & (size - 1), size, write, user, nx, path)
            table = entry.Addr << 12
        raise AssertionError("level 1 is always a leaf")

    def _reserved(self, entry: View, level: int, leaf: bool) -> bool:
        """5.3."""
        if entry.NX and not self.cfg.f.NXSup:
            return True
        if leaf and level > 3:
            return True
        low = {2: masks((20, 13)), 3: masks((29, 13))}.get(level, 0) if leaf else 0
        return bool(entry.value & low)

    def _permit(self, found: Stage2, gva: int, need: Need) -> None:
        bad = (need.user and not found.user) or (need.write and not found.write) or (need.execute and found.nx)
        if bad:
            raise WalkFault(True, gva, pr=True, pe=True)

    def _update(self, found: Stage2, write: bool) -> None:
        """5.3: A in every entry used, D in the leaf; host write permission only where a bit changes (13 #23)."""
        for index, (gpa, value) in enumerate(found.path):
            wanted = 0 if self.t.no_a else 1 << 5
            if write and index == len(found.path) - 1 and not self.t.no_d:
                wanted |= 1 << 6
            if wanted & ~value:
                spa = self._host(gpa, Need(write=True), True)
                self.memory.write_int(spa, value | wanted, 8)
