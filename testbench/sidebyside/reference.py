# SPDX-License-Identifier: Apache-2.0
"""The golden model, with memory that is quick, and with the reference's word where it deviates (section in brackets)."""
from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from golden.config import Config
from golden.device import Device
from golden.dte import Dte, Segment
from golden.events import Fault
from golden.layout import CONTROL, View
from golden.memory import BusError, Memory
from golden.request import Outcome, Request
from golden.translate import Translator
from golden.walk import GuestWalk, Need, Result, Stage2, WalkFault

U64 = Struct("<Q")


class Flat(Memory):
    """All of memory in one piece."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.data = bytearray(size)

    def read(self, addr: int, length: int) -> bytes:
        self._check(addr, length)
        return bytes(self.data[addr:addr + length])

    def write(self, addr: int, data: bytes) -> None:
        self._check(addr, len(data))
        self.data[addr:addr + len(data)] = data

    def u64(self, addr: int) -> int:
        try:
            return int(U64.unpack_from(self.data, addr)[0])
        except Exception:  # struct says the same for every range
            raise BusError(addr) from None

    def word(self, addr: int, value: int) -> None:
        U64.pack_into(self.data, addr, value)


@dataclass(frozen=True)
class Asked(Request):
    """A request of a device."""

    @property
    def reply(self) -> str:
        """Trace rule 5: a translated write is refused with an answer."""
        return "drop" if self.op == "write" and not self.translated else "abort"


class AtsWalk(GuestWalk):
    """A guest walk for a translation request: dirty bits go with the write that is granted [9.2]."""

    asked: Request
    withheld: list[int]

    def _guest(self, pasid: int, gva: int, implicit: bool) -> Stage2:
        """The address is looked at before any table [5.2]."""
        self._canonical(gva, implicit)
        return super()._guest(pasid, gva, implicit)

    def translate(self, pasid: int, gva: int, need: Need, implicit: bool) -> Result:
        if not self.asked.ats:
            return super().translate(pasid, gva, need, implicit)
        self._early(gva, need)
        found = self._guest(pasid, gva, implicit)
        allowed = found.user or self.asked.priv
        self._update(found, False)
        final = self.host.walk(found.gpa, Need())
        write = final.iw and found.write and allowed
        grant = write and not self.asked.no_write
        self.host.update(final, grant)
        write = write and (not grant or self._dirty(found))
        size = min(found.size, final.size or found.size)
        return Result(final.pa, size, final.ir and allowed, write, final.ir and allowed and not found.nx, found.user)

    def _dirty(self, found: Stage2) -> bool:
        """A write whose dirty bit cannot be set is not granted."""
        try:
            self._update(found, True)
        except WalkFault:
            self.withheld.append(found.gpa)
            return False
        return True


class Corrected(Translator):
    """Where golden reads the reference differently; and what it says about an entry, kept."""

    def __init__(self, ctx: Device) -> None:
        super().__init__(ctx)
        self.good: set[tuple[int, bool]] = set()
        self.withheld: list[int] = []  # pages whose write was not granted to a translation request

    def check(self, req: Request, entry: Dte) -> Dte:
        known = (entry.value, self.guest_on(entry))
        if known not in self.good:
            super().check(req, entry)
            self.good.add(known)
        return entry

    def _guest(self, entry: Dte) -> GuestWalk:
        plain = super()._guest(entry)
        walk = AtsWalk(plain.memory, plain.cfg, plain.host, plain.t)
        walk.asked, walk.withheld = self.request, self.withheld
        return walk

    def _walk(self, req: Request, entry: Dte, addr: int) -> Result:
        self.request = req
        return super()._walk(req, entry, addr)

    def _interrupt_range(self, req: Request, addr: int) -> Fault:
        """[8.1] An interrupt with a PASID is a page fault with I=1."""
        aligned = req.op == "write" and req.length == 4 and req.addr % 4 == 0
        if aligned and req.pasid is not None and not req.ats:
            entry = self.fetch(req.dev, lambda: BusError(0), BusError)
            return Fault("IO_PAGE_FAULT", frozenset({"I"}), req.addr, entry.DomainID, reply=req.reply,
                         silent=bool(entry.IG and entry.IV))
        return super()._interrupt_range(req, addr)

    def translated(self, req: Request, entry: Dte) -> None:
        """[3.3] TV=0 blocks a device whatever it sends."""
        super().translated(req, entry)
        if not entry.TV:
            raise self._page_fault(req, entry, req.addr)


class Reference(Device):
    """What must happen."""

    def __init__(self, cfg: Config, memory: Flat) -> None:
        super().__init__(cfg, memory)
        self.ga.entry = 16  # [2.2]: its length counts 16 bytes an entry, too
        self.ga.next_tail = self._next_ga_tail  # type: ignore[method-assign]
        self.translator: Corrected = Corrected(self)
        self._control: tuple[int, View] = (-1, View(0, CONTROL))
        self._segments: list[Segment] | None = None

    def _next_ga_tail(self, ring) -> int:  # type: ignore[no-untyped-def]
        return (self.regs.get(ring.tail, 0) + 8) % self.ga.bytes(ring)

    def _report(self, fault: Fault, dev: int, memory: bool = True) -> None:
        """[7.5] SA and SE are about memory requests."""
        super()._report(fault, dev, memory and "I" not in fault.flags)

    def page_request(self, req: Request, tag: int, last: bool, names: frozenset[str]) -> Outcome:
        """[7.7] What the entry does not allow is refused, also where the entry is illegal or missing."""
        try:
            self.translator.entry(req)
        except Fault:
            return self._refuse(req, self.dte_quiet(req.dev), tag, last, names)
        return super().page_request(req, tag, last, names)

    # The same values as golden's, looked up once.

    def control(self) -> View:
        value = self.regs[0x18]
        if value != self._control[0]:
            self._control = (value, View(value, CONTROL))
        return self._control[1]

    def segments(self) -> list[Segment]:
        if self._segments is None:
            self._segments = super().segments()
        return self._segments

    def mmio_write(self, off: int, size: int, value: int) -> None:
        self._segments = None
        super().mmio_write(off, size, value)

    def ask(self, request: Asked) -> Outcome:
        return self.ats(request) if request.ats else self.dma(request)
