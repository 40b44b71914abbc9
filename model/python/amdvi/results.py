# SPDX-License-Identifier: Apache-2.0
"""What a device asks, answers and tells, as dataclasses."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ._amdvi import ffi, lib
from ._fields import choice, filled, set_fields
from .errors import text

OPS = {"read": lib.AMDVI_READ, "write": lib.AMDVI_WRITE, "exec": lib.AMDVI_EXECUTE, "atomic": lib.AMDVI_ATOMIC}
ATS = {"untranslated": lib.AMDVI_UNTRANSLATED, "ats": lib.AMDVI_TRANSLATION_REQUEST, "translated": lib.AMDVI_TRANSLATED}
OP_NAMES = {code: name for name, code in OPS.items()}
AT_NAMES = {code: name for name, code in ATS.items()}
REPLIES = ("none", "abort", "zero", "drop")
CAUSES = ("event", "ppr", "ga", "comwait", "vapic", "gappi")
LOGS = {lib.AMDVI_LOG_EVENT: "event", lib.AMDVI_LOG_PPR: "ppr", lib.AMDVI_LOG_GA: "ga"}
CACHES = ("dtc", "itc", "ptc", "pdc", "gcr3")  # in the order of enum amdvi_cache
ACCESSES = ("dte", "host_entry", "gcr3_entry", "guest_entry", "irte", "command", "log", "store", "vapic", "map", "data")


@lru_cache(maxsize=None)
def reason_text(reason: int) -> str:
    """"host page not present"."""
    return text(lib.amdvi_reason_text(reason)) or ""


@lru_cache(maxsize=None)
def event_name(code: int) -> str | None:
    """"IO_PAGE_FAULT"; None for codes without a name."""
    return text(lib.amdvi_event_name(code))


@lru_cache(maxsize=None)
def flag_names(flags: int, vflags: int = 0) -> frozenset[str]:
    """Names of the flags of an event record: bits 59:48, and bits 31:27."""
    room = ffi.new("char[]", 256)
    lib.amdvi_trace_flags_text(flags | vflags << 20, room, 256)
    names = text(room) or "0"
    return frozenset() if names == "0" else frozenset(names.split("+"))


@lru_cache(maxsize=None)
def perm_text(perm: int) -> str:
    letters = "".join(letter for bit, letter in enumerate("rwx") if perm >> bit & 1)
    return letters or "-"


@dataclass(frozen=True, slots=True)
class Request:
    """A DMA access, or with at="ats" a translation request."""

    device: int
    address: int
    length: int = 1
    op: str = "read"
    pasid: int | None = None
    privileged: bool = False
    at: str = "untranslated"
    execute: bool = False
    no_write: bool = False

    def fill(self, out: Any) -> None:
        """Into a struct amdvi_request that is all zero. FieldError names what does not fit."""
        set_fields(out, device=self.device, address=self.address, length=self.length,
                   op=choice("op", self.op, OPS), at=choice("at", self.at, ATS), has_pasid=self.pasid is not None,
                   pasid=self.pasid or 0, privileged=self.privileged, execute=self.execute, no_write=self.no_write)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request failed, and what the event record says (or would say)."""

    reason: int
    event: int
    reply: str  # "abort", "zero" or "drop"
    logged: bool
    flags: int
    vflags: int
    domain: int
    pasid: int
    address: int

    @property
    def reason_text(self) -> str:
        return reason_text(self.reason)

    @property
    def event_name(self) -> str | None:
        return event_name(self.event)

    @property
    def flag_names(self) -> frozenset[str]:
        return flag_names(self.flags, self.vflags)

    def __str__(self) -> str:
        return f"{self.event_name or 'no event'} at {self.address:#x}: {self.reason_text}"


@dataclass(frozen=True, slots=True)
class Translation:
    """The answer to a request. Without `ok` only `fault` counts; with `identity` size is a page."""

    ok: bool
    identity: bool
    perm: str
    pa: int
    size: int
    covered: int
    untranslated_only: bool
    no_snoop_forbidden: bool
    global_page: bool
    privileged_page: bool
    fault: Fault | None
    data: bytes | None = None

    @property
    def outcome(self) -> str:
        return "ok" if self.ok else "fault"


@dataclass(frozen=True, slots=True)
class Remapped:
    """The answer to an interrupt request; `posted` ones have no message."""

    ok: bool
    posted: bool
    address: int
    data: int
    vector: int
    type: int
    destination: int
    logical: bool
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class PageRequested:
    """The answer to a page request: ok means that an entry was logged."""

    ok: bool
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A PCIe page request."""

    device: int
    address: int
    prg_index: int
    pasid: int | None
    privileged: bool
    read: bool
    write: bool
    execute: bool
    last: bool

    def filled(self) -> Any:
        """As a struct amdvi_page_request. FieldError names what does not fit."""
        return filled("struct amdvi_page_request", device=self.device, address=self.address, prg_index=self.prg_index,
                      has_pasid=self.pasid is not None, pasid=self.pasid or 0, privileged=self.privileged,
                      read=self.read, write=self.write, execute=self.execute, last=self.last)


@dataclass(frozen=True, slots=True)
class Hit:
    """What caches have answered: for one page of `request`, or for an interrupt (`message`, `data`)."""

    caches: frozenset[str]  # "dtc", "itc", "ptc", "pdc", "gcr3"
    device: int
    address: int
    domain: int
    pasid: int | None
    request: Request | None
    result: Translation | None
    message: Remapped | None
    data: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Addresses `iova` to `last` lead to memory from `spa` on."""

    iova: int
    last: int
    spa: int
    perm: str
    identity: bool


@dataclass(frozen=True, slots=True)
class Irq:
    """An interrupt of the IOMMU itself. `guest_id` is None for the host's."""

    cause: str
    guest_id: int | None
    deliverable: bool
    address: int
    data: int
    vector: int
    destination: int
    logical: bool


@dataclass(frozen=True, slots=True)
class AtcInvalidation:
    """An ATS invalidation on its way to a device; address 0 with size 0 is everything."""

    device: int
    pasid: int | None
    address: int
    size: int
    tag: int


@dataclass(frozen=True, slots=True)
class PrgResponse:
    """A page-request-group response to a device."""

    device: int
    pasid: int | None
    index: int
    code: int


@dataclass(frozen=True, slots=True)
class Access:
    """One access of the device to memory, or to a cache in its place."""

    access: str
    write: bool
    cached: str | None  # "dtc" and its like: a cache answered in place of memory
    level: int
    address: int
    value: tuple[int, ...]
    length: int
    result: int


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was executed, with guest IDs in `words` and host IDs in `executed`."""

    guest_id: int | None
    address: int
    words: tuple[int, int]
    executed: tuple[int, int]
    legal: bool


@dataclass(frozen=True, slots=True)
class Event:
    """A record of a log, or one that was lost."""

    log: str
    guest_id: int | None
    logged: bool
    record: tuple[int, int]
    index: int


@dataclass(frozen=True, slots=True)
class DteView:
    """The device table entry that requests of a device meet."""

    words: tuple[int, int, int, int]
    address: int
    cached: bool
    beyond_table: bool
    read_error: bool


@dataclass(frozen=True, slots=True)
class CacheLine:
    """A live line, in the terms of its cache."""

    slot: int
    device: int
    domain: int
    pasid: int | None
    index: int
    level: int
    kind: int
    perm: str
    address: int
    size: int
    target: int


def fault(c: Any) -> Fault:
    return Fault(c.reason, c.event, REPLIES[c.reply], c.logged, c.flags, c.vflags, c.domain, c.pasid, c.address)


def request(c: Any) -> Request:
    return Request(c.device, c.address, c.length, OP_NAMES[c.op], c.pasid if c.has_pasid else None, c.privileged,
                   AT_NAMES[c.at], c.execute, c.no_write)


def translation(c: Any, data: bytes | None = None) -> Translation:
    if not c.ok:
        return Translation(False, False, "-", 0, 0, 0, False, False, False, False, fault(c.fault))
    return Translation(True, c.identity, perm_text(c.perm), c.pa, c.size, c.covered, c.untranslated_only,
                       c.no_snoop_forbidden, getattr(c, "global"), c.privileged_page, None, data)


def remapped(c: Any) -> Remapped:
    if not c.ok:
        return Remapped(False, False, 0, 0, 0, 0, 0, False, fault(c.fault))
    return Remapped(True, c.posted, c.address, c.data, c.vector, c.type, c.destination, c.logical, None)


def interrupt_of_device(c: Any) -> Irq:
    return Irq(CAUSES[c.cause], c.guest_id if c.guest else None, c.deliverable, c.address, c.data, c.vector,
               c.destination, c.logical)


def atc_invalidation(c: Any) -> AtcInvalidation:
    return AtcInvalidation(c.device, c.pasid if c.has_pasid else None, c.address, c.size, c.tag)


def prg_response(c: Any) -> PrgResponse:
    return PrgResponse(c.device, c.pasid if c.has_pasid else None, c.index, c.code)


def access(c: Any) -> Access:
    words = min(-(-c.length // 8), 4)
    return Access(ACCESSES[c.access], c.write, CACHES[c.cache] if c.cached else None, c.level, c.address,
                  tuple(c.value[n] for n in range(words)), c.length, c.result)


def command(c: Any) -> Command:
    return Command(c.guest_id if c.guest else None, c.address, (c.words[0], c.words[1]),
                   (c.executed[0], c.executed[1]), c.legal)


def event(c: Any) -> Event:
    return Event(LOGS[c.log], c.guest_id if c.guest else None, c.logged, (c.record[0], c.record[1]), c.index)


def dte_view(c: Any) -> DteView:
    words = (c.words[0], c.words[1], c.words[2], c.words[3])
    return DteView(words, c.address, c.cached, c.beyond_table, c.read_error)


def cache_line(c: Any) -> CacheLine:
    return CacheLine(c.slot, c.device, c.domain, c.pasid if c.has_pasid else None, c.index, c.level, c.kind,
                     perm_text(c.perm), c.address, c.size, c.target)


def page_request(request: Any) -> PageRequest:
    return PageRequest(request.device, request.address, request.prg_index,
                       request.pasid if request.has_pasid else None, request.privileged, request.read,
                       request.write, request.execute, request.last)


def page_requested(result: Any) -> PageRequested:
    return PageRequested(result.ok, None if result.ok else fault(result.fault))


def hit(info: Any) -> Hit:
    return Hit(frozenset(name for bit, name in enumerate(CACHES) if info.caches >> bit & 1), info.device,
               info.address, info.domain, info.pasid if info.guest else None,
               request(info.request) if info.request else None,
               translation(info.result) if info.result else None,
               remapped(info.message) if info.message else None, info.data)


def mapping(m: Any) -> Mapping:
    return Mapping(m.iova, m.last, m.spa, perm_text(m.perm), m.identity)
