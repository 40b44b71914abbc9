# SPDX-License-Identifier: Apache-2.0
"""The device."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import results
from ._amdvi import ffi, lib
from ._fields import choice
from ._hooks import Function, Hooks
from .config import Config
from .errors import AmdviError, check
from .memory import CallbackMemory, Memory, Source, SparseMemory
from .results import (AtcInvalidation, CacheLine, DteView, Irq, Mapping, PageRequested, PrgResponse, Remapped, Request,
                      Translation)

CACHES = {"dtc": lib.AMDVI_CACHE_DTC, "itc": lib.AMDVI_CACHE_ITC, "ptc": lib.AMDVI_CACHE_PTC,
          "pdc": lib.AMDVI_CACHE_PDC, "gcr3": lib.AMDVI_CACHE_GCR3}
MAPS = {"devices": lib.AMDVI_MAP_DEVICES, "domains": lib.AMDVI_MAP_DOMAINS}
LOGS = {"event": lib.AMDVI_LOG_EVENT, "ppr": lib.AMDVI_LOG_PPR, "ga": lib.AMDVI_LOG_GA}
OBSERVERS = ("access", "request", "interrupt", "command", "event", "mmio", "hit", "guest_mmio", "pci", "page_request")


@dataclass(frozen=True)
class Geometry:
    """Size of a cache."""

    entries: int
    ways: int


class Device:
    """An IOMMU. `memory` is a Memory, a SparseMemory, or any object with read and write.

    on_interrupt(Irq) hears of interrupts of the IOMMU itself; on_atc_invalidate(AtcInvalidation) of ATS
    invalidations, and may return "pending" to call atc_complete(tag) later; on_prg_response(PrgResponse) of
    answers to page requests. They must not use the device. What a callback raises comes out of the call that
    led to it, when that call is over; a memory access that raised has failed with a target abort by then.

    >>> with Device(Config("genoa"), Memory(1 << 20)) as iommu:
    ...     iommu.translate(0x100, 0x1000).pa
    4096
    """

    def __init__(self, config: Config | None = None, memory: Memory | SparseMemory | Source | None = None, *,
                 on_interrupt: Callable[[Irq], None] | None = None,
                 on_atc_invalidate: Callable[[AtcInvalidation], str | None] | None = None,
                 on_prg_response: Callable[[PrgResponse], None] | None = None) -> None:
        self.config = config if config is not None else Config()
        self.memory = memory if memory is not None else SparseMemory()
        self._hooks = Hooks()
        self._hooks.functions = {"on_interrupt": on_interrupt, "on_atc_invalidate": on_atc_invalidate,
                                 "on_prg_response": on_prg_response}
        self.faces: list[Any] = []  # what must be closed before the device; each takes itself off
        self._number = ffi.new("uint64_t *")
        self._pointer: Any = self._create()

    def _create(self) -> Any:
        memory, out = ffi.new("struct amdvi_memory *"), ffi.new("struct amdvi_device **")
        source: Any = self.memory
        if not hasattr(source, "attach"):
            source = CallbackMemory(source, self._hooks)
        self._attached = source.attach(memory)
        callbacks = ffi.new("struct amdvi_callbacks *", {
            "context": self._hooks.handle, "interrupt": lib.amdvi_py_irq,
            "atc_invalidate": lib.amdvi_py_atc_invalidate, "prg_response": lib.amdvi_py_prg_response})
        check(lib.amdvi_create(self.config.pointer, memory, callbacks, ffi.NULL, out))
        return ffi.gc(out[0], lib.amdvi_destroy)

    def close(self) -> None:
        """Closes what stands on the device (lints, recorders, clocks), then frees it; may be called twice."""
        for face in reversed(list(self.faces)):
            face.close()
        if self._pointer is not None:
            ffi.release(self._pointer)
            self._pointer = None

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pointer(self) -> Any:
        if self._pointer is None:
            raise AmdviError("the device is closed")
        return self._pointer

    def raise_kept(self) -> None:
        """Raises what one of the device's callbacks has raised, if it did."""
        self._hooks.raise_kept()

    def _check(self, status: int, about: str = "") -> None:
        """Exceptions of callbacks before the status that they led to."""
        self.raise_kept()
        check(status, about)

    # --- registers ---

    @property
    def mmio_size(self) -> int:
        return int(lib.amdvi_mmio_size(self.pointer))

    def mmio_read(self, offset: int, size: int = 8) -> int:
        self._check(lib.amdvi_mmio_read(self.pointer, offset, size, self._number), f"register {offset:#x}")
        return int(self._number[0])

    def mmio_write(self, offset: int, value: int, size: int = 8) -> None:
        """Only notes work; run() does it."""
        self._check(lib.amdvi_mmio_write(self.pointer, offset, size, value), f"register {offset:#x}")

    def pci_read(self, offset: int, size: int = 4) -> int:
        self._check(lib.amdvi_pci_read(self.pointer, offset, size, self._number), f"configuration space {offset:#x}")
        return int(self._number[0])

    def pci_write(self, offset: int, value: int, size: int = 4) -> None:
        self._check(lib.amdvi_pci_write(self.pointer, offset, size, value), f"configuration space {offset:#x}")

    def vf_read(self, guest_id: int, offset: int, size: int = 8) -> int:
        """A guest's VF MMIO page."""
        self._check(lib.amdvi_vf_read(self.pointer, guest_id, offset, size, self._number), f"VF {offset:#x}")
        return int(self._number[0])

    def vf_write(self, guest_id: int, offset: int, value: int, size: int = 8) -> None:
        self._check(lib.amdvi_vf_write(self.pointer, guest_id, offset, size, value), f"VF {offset:#x}")

    def vfc_read(self, guest_id: int, offset: int, size: int = 8) -> int:
        """A guest's VF Control block."""
        self._check(lib.amdvi_vfc_read(self.pointer, guest_id, offset, size, self._number), f"VF Control {offset:#x}")
        return int(self._number[0])

    def vfc_write(self, guest_id: int, offset: int, value: int, size: int = 8) -> None:
        self._check(lib.amdvi_vfc_write(self.pointer, guest_id, offset, size, value), f"VF Control {offset:#x}")

    def run(self) -> None:
        """Works until nothing is left to do."""
        self._check(lib.amdvi_run(self.pointer))

    def advance(self, nanoseconds: int) -> None:
        """Moves the device's clock, which only time-outs look at."""
        self._check(lib.amdvi_advance(self.pointer, nanoseconds))

    def reset(self) -> None:
        self._check(lib.amdvi_reset(self.pointer))

    # --- requests ---

    def request(self, request: Request) -> Translation:
        """One request of any kind; moves no data."""
        asked, out = ffi.new("struct amdvi_request *"), ffi.new("struct amdvi_result *")
        request.fill(asked)
        self._check(lib.amdvi_translate(self.pointer, asked, out))
        return results.translation(out)

    def translate(self, device: int, address: int, length: int = 1, op: str = "read", *, pasid: int | None = None,
                  privileged: bool = False, translated: bool = False) -> Translation:
        """A DMA request as far as its translation; op is read, write, exec or atomic."""
        at = "translated" if translated else "untranslated"
        return self.request(Request(device, address, length, op, pasid, privileged, at))

    def ats(self, device: int, address: int, length: int = 4096, *, pasid: int | None = None,
            privileged: bool = False, execute: bool = False, no_write: bool = False) -> Translation:
        """An ATS translation request."""
        return self.request(Request(device, address, length, "read", pasid, privileged, "ats", execute, no_write))

    def dma(self, device: int, address: int, length: int = 0, op: str = "read", *, data: bytes | None = None,
            pasid: int | None = None, privileged: bool = False, translated: bool = False) -> Translation:
        """A DMA request with its data: `data` for writes and atomics, `length` for reads. What was read is in the
        answer's `data`. Fails with status MEMORY when memory behind a good translation does."""
        room = bytearray(data if data is not None else bytes(length))
        at = "translated" if translated else "untranslated"
        asked, out = ffi.new("struct amdvi_request *"), ffi.new("struct amdvi_result *")
        Request(device, address, len(room), op, pasid, privileged, at).fill(asked)
        self._check(lib.amdvi_dma(self.pointer, asked, ffi.from_buffer(room), out))
        return results.translation(out, bytes(room) if op != "write" else None)

    def batch(self, requests: Sequence[Request]) -> list[Translation]:
        """Many requests at once, with the results of a loop."""
        count = len(requests)
        asked, out = ffi.new("struct amdvi_request[]", count), ffi.new("struct amdvi_result[]", count)
        for place, request in zip(asked, requests):
            request.fill(place)
        self._check(lib.amdvi_translate_batch(self.pointer, asked, out, count))
        return [results.translation(result) for result in out]

    def interrupt(self, device: int, address: int, data: int) -> Remapped:
        """A message-signalled interrupt of a device."""
        out = ffi.new("struct amdvi_int_result *")
        self._check(lib.amdvi_interrupt(self.pointer, device, address, data, out))
        return results.remapped(out)

    def page_request(self, device: int, address: int, prg_index: int, *, pasid: int | None = None,
                     privileged: bool = False, read: bool = False, write: bool = False, execute: bool = False,
                     last: bool = False) -> PageRequested:
        """A PCIe page request."""
        asked = results.PageRequest(device, address, prg_index, pasid, privileged, read, write, execute, last).filled()
        out = ffi.new("struct amdvi_page_request_result *")
        self._check(lib.amdvi_page_request(self.pointer, asked, out))
        return results.page_requested(out)

    def atc_complete(self, tag: int) -> None:
        """A device finished an invalidation that it had answered with "pending"."""
        self._check(lib.amdvi_atc_complete(self.pointer, tag), f"tag {tag}")

    # --- looking inside ---

    def observe(self, *, access: Function | None = None, request: Function | None = None,
                interrupt: Function | None = None, command: Function | None = None, event: Function | None = None,
                mmio: Function | None = None, hit: Function | None = None, guest_mmio: Function | None = None,
                pci: Function | None = None, page_request: Function | None = None) -> None:
        """Calls these from now on, in place of those before: access(Access), request(Request, Translation),
        interrupt(device, address, data, Remapped), command(Command), event(Event), mmio(write, offset, size, value),
        hit(Hit), guest_mmio(guest_id, control, write, offset, size, value), pci(write, offset, size, value),
        page_request(PageRequest, PageRequested).
        """
        wanted = dict(zip(OBSERVERS, (access, request, interrupt, command, event, mmio, hit, guest_mmio, pci,
                                      page_request)))
        self._hooks.functions.update(wanted)
        observer = ffi.new("struct amdvi_observer *", {"context": self._hooks.handle})
        for name, function in wanted.items():
            if function is not None:
                setattr(observer, name, getattr(lib, f"amdvi_py_{name}"))
        self._check(lib.amdvi_observe(self.pointer, observer if any(wanted.values()) else ffi.NULL))

    def statistics(self) -> dict[str, int | list[int]]:
        """Counters since reset, by name."""
        out = ffi.new("struct amdvi_statistics *")
        self._check(lib.amdvi_get_statistics(self.pointer, out))
        values = ((name, getattr(out, name)) for name, _ in ffi.typeof("struct amdvi_statistics").fields)
        return {name: value if isinstance(value, int) else list(value) for name, value in values}

    def log_count(self, log: str = "event", guest_id: int | None = None) -> int:
        """Records written to a log ("event", "ppr", "ga") since it was enabled."""
        if guest_id is None:
            self._check(lib.amdvi_log_count(self.pointer, choice("log", log, LOGS), self._number))
        else:
            self._check(lib.amdvi_guest_log_count(self.pointer, guest_id, choice("log", log, LOGS), self._number))
        return int(self._number[0])

    def inspect_dte(self, device: int) -> DteView:
        """The device table entry that a device's requests meet; without side effects."""
        out = ffi.new("struct amdvi_dte_view *")
        self._check(lib.amdvi_inspect_dte(self.pointer, device, out))
        return results.dte_view(out)

    def inspect_cache(self, cache: str) -> Iterator[CacheLine]:
        """Live lines of "dtc", "itc", "ptc", "pdc" or "gcr3"."""
        cursor, line, which = ffi.new("uint32_t *"), ffi.new("struct amdvi_cache_line *"), choice("cache", cache, CACHES)
        while (status := lib.amdvi_inspect_cache(self.pointer, which, cursor, line)) != lib.AMDVI_ERR_END:
            self._check(status)
            yield results.cache_line(line)

    def cache_geometry(self, cache: str) -> Geometry:
        entries, ways = ffi.new("uint32_t *"), ffi.new("uint32_t *")
        self._check(lib.amdvi_cache_geometry(self.pointer, choice("cache", cache, CACHES), entries, ways))
        return Geometry(entries[0], ways[0])

    # --- for hosts (amdvi/host.h) ---

    def has_work(self) -> bool:
        """Whether run() has something to look at."""
        out = ffi.new("bool *")
        self._check(lib.amdvi_has_work(self.pointer, out))
        return bool(out[0])

    def bus_read(self, address: int, size: int = 8) -> int:
        """Registers by system physical address, where configuration space puts them; UNSUPPORTED elsewhere."""
        self._check(lib.amdvi_bus_read(self.pointer, address, size, self._number), f"address {address:#x}")
        return int(self._number[0])

    def bus_write(self, address: int, value: int, size: int = 8) -> None:
        self._check(lib.amdvi_bus_write(self.pointer, address, size, value), f"address {address:#x}")

    def look(self, request: Request) -> Translation:
        """What request() would answer if nothing were cached, without any effect; of a fault only the reason."""
        asked, out = ffi.new("struct amdvi_request *"), ffi.new("struct amdvi_result *")
        request.fill(asked)
        self._check(lib.amdvi_look(self.pointer, asked, out))
        return results.translation(out)

    def mappings(self, device: int, first: int = 0, last: int = 2**64 - 1, *, pasid: int | None = None,
                 privileged: bool = False) -> list[Mapping]:
        """All contiguous mappings of a device, or of one of its PASIDs, between two addresses."""
        found: list[Mapping] = []
        self._hooks.functions["mapping"] = found.append
        walk = ffi.new("struct amdvi_mappings *", {
            "device": device, "has_pasid": pasid is not None, "pasid": pasid or 0, "privileged": privileged,
            "first": first, "last": last, "context": self._hooks.handle, "mapping": lib.amdvi_py_mapping})
        self._check(lib.amdvi_walk_mappings(self.pointer, walk))
        return found

    # --- guests and migration ---

    def guest_map_fill(self, guest_id: int, guest_map: str, first: int, count: int, host_id: int, *,
                       queue_id: int = 0, valid: bool = True) -> None:
        """Entries `first` on, `count` of them, of a guest's "devices" or "domains" map lead to `host_id`."""
        which = choice("guest_map", guest_map, MAPS)
        self._check(lib.amdvi_guest_map_fill(self.pointer, guest_id, which, first, count, host_id, queue_id, valid),
                    f"map of {guest_map} of guest {guest_id}")

    def _saved(self, save: Callable[..., int], *about: int) -> bytes:
        needed = ffi.new("size_t *")
        save(self.pointer, *about, ffi.NULL, 0, needed)
        room = bytearray(needed[0])
        self._check(save(self.pointer, *about, ffi.from_buffer(room), len(room), needed))
        return bytes(room[:needed[0]])

    def save(self) -> bytes:
        """All that the device is, except its caches and memory."""
        return self._saved(lib.amdvi_save)

    def restore(self, saved: bytes) -> None:
        """Takes on what save() gave, of a device of the same configuration. CORRUPT, UNSUPPORTED (another version),
        ARGUMENT (another configuration) change nothing."""
        self._check(lib.amdvi_restore(self.pointer, saved, len(saved)), "saved device")

    def guest_save(self, guest_id: int) -> bytes:
        """Registers and rings of one guest; its maps are memory."""
        return self._saved(lib.amdvi_guest_save, guest_id)

    def guest_restore(self, guest_id: int, saved: bytes) -> None:
        """Takes on what guest_save() gave; the GuestID may be another one."""
        self._check(lib.amdvi_guest_restore(self.pointer, guest_id, saved, len(saved)), f"saved guest {guest_id}")

    # --- faults on demand ---

    def inject(self, plan: str) -> None:
        """Replaces the plan of faults on demand; its text as the key inject.plan takes it, "" for none."""
        rules = ffi.new("struct amdvi_inject_rule[]", lib.AMDVI_INJECT_RULES_MAX)
        count = ffi.new("size_t *")
        self._check(lib.amdvi_inject_parse(plan.encode(), rules, lib.AMDVI_INJECT_RULES_MAX, count), plan)
        self._check(lib.amdvi_inject(self.pointer, rules, count[0]), plan)

    def inject_counts(self) -> list[tuple[int, int]]:
        """(matched, acted) of each rule of the plan."""
        out, counts = ffi.new("struct amdvi_inject_count *"), []
        while (status := lib.amdvi_inject_count(self.pointer, len(counts), out)) != lib.AMDVI_ERR_END:
            self._check(status)
            counts.append((out.matched, out.acted))
        return counts
