# SPDX-License-Identifier: Apache-2.0
"""From a request to a translation or a fault (3.3, 3.4, 5.4, 7.4, 9)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from . import dte as device_table
from .config import Config
from .dte import Dte, Segment
from .events import Fault
from .layout import View
from .memory import BusError, Memory
from .request import MSI_FIRST, MSI_LAST, Request
from .walk import GuestTables, GuestWalk, HostWalk, Need, Result, TableError, WalkFault


class Context(Protocol):
    """What translation needs from the device."""

    memory: Memory
    cfg: Config

    def control(self) -> View: ...
    def segments(self) -> list[Segment]: ...
    def exclusion(self) -> tuple[bool, bool, int, int]: ...
    def marc(self, addr: int) -> tuple[int, bool] | None: ...


def base_flags(req: Request, gn: bool) -> set[str]:
    """RW, TR; in GN=1 records also US (D2) and NX (D5). RW is 0 when TR=1 (D3)."""
    flags = {"TR"} if req.ats else ({"RW"} if req.writes else set())
    if gn:
        flags |= {"GN"} | (set() if req.priv else {"US"}) | ({"NX"} if req.execs else set())
    return flags


@dataclass
class Translator:
    """One request at a time, nothing cached."""

    ctx: Context

    def entry(self, req: Request) -> Dte:
        """3.1, 3.4: find, read and check the device table entry."""
        return self.check(req, self.fetch(req.dev, lambda: self._beyond(req), lambda at: self._unreadable(req, at)))

    def fetch(self, dev: int, beyond, unreadable) -> Dte:  # type: ignore[no-untyped-def]
        where = device_table.locate(self.ctx.segments(), dev)
        if where is None:
            raise beyond()
        try:
            return device_table.read(self.ctx.memory, where)
        except BusError:
            raise unreadable(where) from None

    def _beyond(self, req: Request) -> Fault:
        if req.ats:
            return self._invalid(req, 2)
        gn = req.pasid is not None
        return Fault("IO_PAGE_FAULT", frozenset(base_flags(req, gn)), req.addr, 0, req.pasid or 0, reply=req.reply)

    def _unreadable(self, req: Request, where: int) -> Fault:
        flags = base_flags(req, False)
        return Fault("DEV_TAB_HARDWARE_ERROR", frozenset(flags), where, type=1, reply=req.reply)

    def check(self, req: Request, entry: Dte) -> Dte:
        rz = device_table.illegal_rz(entry, self.ctx.cfg, self.guest_on(entry)) if entry.V else None
        if rz is None:
            return entry
        flags = base_flags(req, req.pasid is not None) - {"US", "NX"}
        raise Fault("ILLEGAL_DEV_TABLE_ENTRY", frozenset(flags | ({"RZ"} if rz else set())), req.addr & ~3, 0,
                    req.pasid or 0, reply=req.reply)

    def guest_on(self, entry: Dte) -> bool:
        """13 #20, #21: with GTEn=0 the guest fields do not count."""
        return bool(entry.GV and self.ctx.control().GTEn)

    def _invalid(self, req: Request, kind: int, addr: int | None = None) -> Fault:
        """`addr`: the first byte in the page that is refused (D11), where the request is judged page by page."""
        gn = req.pasid is not None
        flags = base_flags(req, gn) - {"RW", "NX"}
        return Fault("INVALID_DEVICE_REQUEST", frozenset(flags), req.addr if addr is None else addr, 0, req.pasid or 0, kind, req.reply)

    def _page_fault(self, req: Request, entry: Dte, addr: int) -> Fault:
        """Not present before any walk: GN=1 if the request has a PASID (D7, 13 #20)."""
        gn = req.pasid is not None
        return Fault("IO_PAGE_FAULT", frozenset(base_flags(req, gn)), addr, entry.DomainID, req.pasid or 0,
                     reply=req.reply)

    def page(self, req: Request, entry: Dte, addr: int) -> Result:
        """One page of an untranslated request; V=1 entries only."""
        if self._excluded(req, entry, addr):
            return Result(addr, None, True, True, True)
        aperture = None if req.ats or req.pasid is not None else self.ctx.marc(addr)
        if aperture:
            return self._aperture(req, entry, addr, *aperture)
        if not entry.TV:
            raise self._page_fault(req, entry, addr)
        if MSI_FIRST <= addr <= MSI_LAST:
            raise self._interrupt_range(req, addr)
        return self._walk(req, entry, addr)

    def _aperture(self, req: Request, entry: Dte, addr: int, target: int, read_only: bool) -> Result:
        """2.8: not translated; only writes to a read-only one fault."""
        if read_only and req.writes:
            fault = self._page_fault(req, entry, addr)
            fault.flags |= {"PR", "PE"}
            raise fault
        return Result(target, None, True, not read_only, True)

    def _interrupt_range(self, req: Request, addr: int) -> Fault:
        """8.1, 7.3: reads and non-posted writes are type 0, other writes type 4."""
        return self._invalid(req, 4 if req.op == "write" and not req.ats else 0, addr)

    def _excluded(self, req: Request, entry: Dte, addr: int) -> bool:
        """2.3."""
        enabled, allow, first, last = self.ctx.exclusion()
        return enabled and bool(allow or entry.EX) and first <= addr <= last and req.pasid is None

    def _walk(self, req: Request, entry: Dte, addr: int) -> Result:
        guest = self.guest_on(entry)
        if req.pasid is not None and not guest:
            raise self._page_fault(req, entry, addr)
        implicit = req.pasid is None
        try:
            if guest and (not implicit or entry.GIoV):
                return self._guest(entry).translate(req.pasid or 0, addr, self.need(req), implicit)
            return self._host_only(req, entry, addr)
        except WalkFault as fault:
            raise self._fault(req, entry, fault) from None
        except TableError as error:
            raise self._table_error(req, entry, error, guest and (not implicit or bool(entry.GIoV))) from None

    def _host_only(self, req: Request, entry: Dte, addr: int) -> Result:
        host, need = self.host(entry), self.need(req)
        found = host.walk(addr, need)
        host.update(found, need.write or (req.ats and found.iw and not req.no_write))
        return Result(found.pa, found.size, found.ir, found.iw, found.ir)

    @staticmethod
    def need(req: Request) -> Need:
        """A translation request needs nothing; it is told what it has (9.2)."""
        return Need() if req.ats else Need(req.reads, req.writes, req.execs, not req.priv)

    def host(self, entry: Dte) -> HostWalk:
        had = entry.HAD if self.ctx.cfg.f.HASup else 0
        return HostWalk(self.ctx.memory, self.ctx.cfg, entry.Mode, entry.root, bool(entry.IR), bool(entry.IW), had)

    def _guest(self, entry: Dte) -> GuestWalk:
        control = self.ctx.control()
        tables = GuestTables(entry.gcr3_root, entry.GLX, 5 if entry.GuestPagingMode == 1 else 4,
                             bool(control.GCR3TRPMode), bool(control.GAUpdateDis), bool(control.GDUpdateDis))
        return GuestWalk(self.ctx.memory, self.ctx.cfg, self.host(entry), tables)

    def _fault(self, req: Request, entry: Dte, fault: WalkFault) -> Fault:
        flags = base_flags(req, fault.guest or (fault.early and req.pasid is not None))  # D7, D18
        if fault.table:  # D4
            flags = (flags - {"RW"}) | ({"RW"} if fault.update else set())
        flags |= {name for name, on in (("PR", fault.pr), ("RZ", fault.rz), ("PE", fault.pe)) if on}
        return Fault("IO_PAGE_FAULT", frozenset(flags), fault.addr, entry.DomainID, req.pasid or 0,
                     reply=req.reply, guest=fault.guest)

    def _table_error(self, req: Request, entry: Dte, error: TableError, guest: bool) -> Fault:
        flags = base_flags(req, guest) - {"US", "NX"}
        return Fault("PAGE_TAB_HARDWARE_ERROR", frozenset(flags), error.addr, entry.DomainID, req.pasid or 0, 1,
                     req.reply, guest=guest)

    def translated(self, req: Request, entry: Dte) -> None:
        """9.1: allowed only with I=1."""
        if not entry.I:
            raise self._invalid(req, 1)

    def ats_allowed(self, req: Request, entry: Dte) -> None:
        """9.2: I=0 or no valid translation."""
        if not entry.I or not entry.TV:
            raise self._invalid(req, 1)
