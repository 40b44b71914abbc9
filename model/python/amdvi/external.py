# SPDX-License-Identifier: Apache-2.0
"""A device whose memory is answered later: each of its questions comes with an id, and is answered when and in what
order the caller likes (amdvi/external.h). Without a clock; amdvi.timed has one."""
from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from . import results
from ._amdvi import ffi, lib
from ._fields import choice, filled
from ._hooks import Hooks
from .device import Device
from .errors import FieldError, MemoryFault, check, status_name
from .results import PageRequest, PageRequested, Remapped, Request, Translation

KINDS = ("read", "write", "update")
ASKERS = ("submission", "host_ring", "guest_rings", "log")
SPACES = {"mmio": lib.AMDVI_SPACE_MMIO, "pci": lib.AMDVI_SPACE_PCI, "vf": lib.AMDVI_SPACE_VF,
          "vfc": lib.AMDVI_SPACE_VFC}


@dataclass(frozen=True, slots=True)
class Ask:
    """A question of the device to memory.

    `kind` is "read", "write" (of `data`) or "update" (8 bytes: `desired` if `expected` is there); `access` what it is
    for, as in Access; `asker` "submission" (of `tag`), "host_ring", "guest_rings" or "log"; `address` an SPA.
    """

    id: int
    kind: str
    access: str
    level: int
    address: int
    length: int
    data: bytes
    expected: int
    desired: int
    asker: str
    tag: int


@dataclass(frozen=True, slots=True)
class Completion:
    """How something submitted has ended. `answer` is a Translation, a Remapped, a PageRequested, or the value of a
    register. `status` is "OK", or "BUSY" for what was taken back: there is no answer then."""

    tag: int
    status: str
    answer: Translation | Remapped | PageRequested | int | None


def ask(c: Any) -> Ask:
    data = bytes(ffi.buffer(c.data, c.length)) if c.kind == lib.AMDVI_ASK_WRITE else b""
    return Ask(c.id, KINDS[c.kind], results.ACCESSES[c.access], c.level, c.address, c.length, data, c.expected,
               c.desired, ASKERS[c.asker], c.tag)


def answer_of(c: Any) -> Translation | Remapped | PageRequested | int:
    if c.kind == lib.AMDVI_SUBMITTED_REQUEST:
        return results.translation(c.result)
    if c.kind == lib.AMDVI_SUBMITTED_INTERRUPT:
        return results.remapped(c.interrupt)
    if c.kind == lib.AMDVI_SUBMITTED_PAGE_REQUEST:
        return results.page_requested(c.page_request)
    return int(c.value)


def completion(c: Any) -> Completion:
    name = status_name(c.status)
    return Completion(c.tag, name, answer_of(c) if name == "OK" else None)


def register_access(space: str, offset: int, size: int, value: int | None, guest_id: int) -> Any:
    """A struct amdvi_register_access; `value` None reads."""
    return filled("struct amdvi_register_access", space=choice("space", space, SPACES),
                          write=value is not None, guest_id=guest_id, size=size, offset=offset, value=value or 0)


def memory_answer(ask: Ask, answer: bytes | int | MemoryFault | None) -> tuple[int, Any]:
    """(enum amdvi_memory_result, bytes for C) of what the caller answers to a question."""
    if isinstance(answer, MemoryFault):
        return int(answer.code), ffi.NULL
    data = answer.to_bytes(8, "little") if isinstance(answer, int) else answer or b""
    wanted = {"read": ask.length, "update": 8, "write": 0}[ask.kind]
    if len(data) != wanted:
        raise FieldError("answer", answer, f"a {ask.kind} is answered with {wanted} bytes")
    return int(lib.AMDVI_MEMORY_OK), ffi.from_buffer(data) if data else ffi.NULL


class External:
    """The surroundings of a device. Asks and completions gather in `asks` and `completions`, two queues.

    >>> import amdvi
    >>> memory = amdvi.Memory(1 << 20)
    >>> with amdvi.Device(memory=memory) as iommu, External(iommu) as bus:
    ...     bus.request(amdvi.Request(0x100, 0x1000), tag=7)
    ...     while bus.asks:
    ...         bus.serve(bus.asks.popleft(), memory)
    ...     bus.completions.popleft().answer.pa
    4096
    """

    def __init__(self, device: Device, most: int = 64) -> None:
        """`most`: submissions under way at once, 1 to 65536. Refused (BUSY) while something is under way."""
        self.device = device
        self.asks: deque[Ask] = deque()
        self.completions: deque[Completion] = deque()
        self._hooks = Hooks()
        self._hooks.functions = {"ask": lambda c: self.asks.append(ask(c)),
                                 "completion": lambda c: self.completions.append(completion(c))}
        self._check(lib.amdvi_external_attach(device.pointer, filled(
            "struct amdvi_external", context=self._hooks.handle, issue=lib.amdvi_py_ask,
            complete=lib.amdvi_py_completion, most=most)))
        device.faces.append(self)

    def _check(self, status: int, about: str = "") -> None:
        self._hooks.raise_kept()
        self.device.raise_kept()
        check(status, about)

    def request(self, request: Request, tag: int = 0) -> None:
        """Submits a request; its completion carries `tag` and may be there when this returns."""
        asked = ffi.new("struct amdvi_request *")
        request.fill(asked)
        self._check(lib.amdvi_submit_request(self.device.pointer, asked, tag))

    def interrupt(self, device: int, address: int, data: int, tag: int = 0) -> None:
        """Submits a message-signalled interrupt."""
        self._check(lib.amdvi_submit_interrupt(self.device.pointer, device, address, data, tag))

    def page_request(self, request: PageRequest, tag: int = 0) -> None:
        """Submits a page request; it completes when its record is written or lost."""
        self._check(lib.amdvi_submit_page_request(self.device.pointer, request.filled(), tag))

    def register(self, space: str, offset: int, size: int = 8, value: int | None = None, *, guest_id: int = 0,
                 tag: int = 0) -> None:
        """Submits an access to a register of "mmio", "pci", "vf" or "vfc"; without `value` a read."""
        self._check(lib.amdvi_submit_register(self.device.pointer,
                                              register_access(space, offset, size, value, guest_id), tag))

    def answer(self, ask: Ask, answer: bytes | int | MemoryFault | None = None) -> None:
        """Answers a question: with the bytes read; for an update with the number that was there before; for a write
        with nothing; or with a MemoryFault. ARGUMENT when it is not open (any more)."""
        result, data = memory_answer(ask, answer)
        self._check(lib.amdvi_memory_done(self.device.pointer, ask.id, result, data), f"question {ask.id}")

    def answer_now(self, ask: Ask) -> None:
        """Answers with what the device's own memory says now."""
        self._check(lib.amdvi_memory_answer(self.device.pointer, ask.id), f"question {ask.id}")

    def serve(self, ask: Ask, memory: Any) -> None:
        """Answers from an object with read and write, such as a Memory."""
        try:
            self.answer(ask, served(ask, memory))
        except MemoryFault as fault:
            self.answer(ask, fault)

    def pending(self) -> int:
        """Submissions under way."""
        out = ffi.new("uint32_t *")
        self._check(lib.amdvi_external_pending(self.device.pointer, out))
        return int(out[0])

    def cancel(self) -> None:
        """Takes everything back that is under way; submissions complete with "BUSY"."""
        self._check(lib.amdvi_external_cancel(self.device.pointer))

    def close(self) -> None:
        """Takes back what is under way and detaches; may be called twice. A device that is closed closes it."""
        if self in self.device.faces:
            self.device.faces.remove(self)
            self.cancel()
            self._check(lib.amdvi_external_attach(self.device.pointer, ffi.NULL))

    def __enter__(self) -> External:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def served(ask: Ask, memory: Any) -> bytes | int | None:
    """What `memory` answers; the write or update is done."""
    if ask.kind == "read":
        return bytes(memory.read(ask.address, ask.length))
    if ask.kind == "write":
        memory.write(ask.address, ask.data)
        return None
    found = int.from_bytes(memory.read(ask.address, 8), "little")
    if found == ask.expected:
        memory.write(ask.address, ask.desired.to_bytes(8, "little"))
    return found
