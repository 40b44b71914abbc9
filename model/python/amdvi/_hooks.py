# SPDX-License-Identifier: Apache-2.0
"""What C calls. Exceptions cannot pass through C: they are kept, and raised when the call into C is over."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import results
from ._amdvi import ffi, lib
from .errors import MemoryFault

Function = Callable[..., Any]


class Hooks:
    """The Python functions of one device, and the first exception that one of them raised."""

    def __init__(self) -> None:
        self.handle = ffi.new_handle(self)
        self.error: BaseException | None = None
        self.memory: Any = None
        self.functions: dict[str, Function | None] = {}

    def keep(self, error: BaseException) -> None:
        self.error = self.error or error

    def raise_kept(self) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def call(self, name: str, *arguments: Any) -> Any:
        """A user's function; None if it is not there or failed."""
        function = self.functions.get(name)
        if function is None:
            return None
        try:
            return function(*arguments)
        except BaseException as error:  # also KeyboardInterrupt: it must not get lost in C
            self.keep(error)
            return None

    def access(self, action: Callable[[], None]) -> int:
        """A memory access; how the bus answers."""
        try:
            action()
        except MemoryFault as fault:
            return int(fault.code)
        except BaseException as error:
            self.keep(error)
            return int(lib.AMDVI_MEMORY_TARGET_ABORT)
        return int(lib.AMDVI_MEMORY_OK)


def whole(write: Callable[[bytes], int | None]) -> Callable[[bytes], None]:
    """Writes all of some bytes, also to a file that takes less than it is given (one without a buffer)."""
    def action(data: bytes) -> None:
        while data:
            count = write(data)
            if count == 0:
                raise OSError("the file takes no byte more")
            data = data[count:] if count is not None else b""
    return action


def hooks_of(context: object) -> Hooks:
    hooks = ffi.from_handle(context)
    assert isinstance(hooks, Hooks)
    return hooks


@ffi.def_extern(error=lib.AMDVI_MEMORY_TARGET_ABORT)
def amdvi_py_read(context, spa, data, length):  # type: ignore[no-untyped-def]
    hooks = hooks_of(context)

    def action() -> None:
        found = bytes(hooks.memory.read(spa, length))
        if len(found) != length:
            raise ValueError(f"read of {length} bytes returned {len(found)}")
        ffi.memmove(data, found, length)

    return hooks.access(action)


@ffi.def_extern(error=lib.AMDVI_MEMORY_TARGET_ABORT)
def amdvi_py_write(context, spa, data, length):  # type: ignore[no-untyped-def]
    hooks = hooks_of(context)
    return hooks.access(lambda: hooks.memory.write(spa, bytes(ffi.buffer(data, length))))


def exchange(memory: Any, spa: int, expected: int, desired: int) -> int:
    if hasattr(memory, "compare_exchange"):
        return int(memory.compare_exchange(spa, expected, desired))
    found = int.from_bytes(memory.read(spa, 8), "little")
    if found == expected:
        memory.write(spa, desired.to_bytes(8, "little"))
    return found


@ffi.def_extern(error=lib.AMDVI_MEMORY_TARGET_ABORT)
def amdvi_py_compare_exchange(context, spa, expected, desired, seen):  # type: ignore[no-untyped-def]
    hooks = hooks_of(context)

    def action() -> None:
        seen[0] = exchange(hooks.memory, spa, expected, desired)

    return hooks.access(action)


@ffi.def_extern()
def amdvi_py_irq(context, irq):  # type: ignore[no-untyped-def]
    hooks_of(context).call("on_interrupt", results.interrupt_of_device(irq))


@ffi.def_extern(error=lib.AMDVI_ATC_DONE)
def amdvi_py_atc_invalidate(context, invalidation):  # type: ignore[no-untyped-def]
    answer = hooks_of(context).call("on_atc_invalidate", results.atc_invalidation(invalidation))
    return lib.AMDVI_ATC_PENDING if answer == "pending" else lib.AMDVI_ATC_DONE


@ffi.def_extern()
def amdvi_py_prg_response(context, response):  # type: ignore[no-untyped-def]
    hooks_of(context).call("on_prg_response", results.prg_response(response))


@ffi.def_extern()
def amdvi_py_access(context, info):  # type: ignore[no-untyped-def]
    hooks_of(context).call("access", results.access(info))


@ffi.def_extern()
def amdvi_py_request(context, request, result):  # type: ignore[no-untyped-def]
    hooks_of(context).call("request", results.request(request), results.translation(result))


@ffi.def_extern()
def amdvi_py_interrupt(context, requester, address, data, result):  # type: ignore[no-untyped-def]
    hooks_of(context).call("interrupt", requester, address, data, results.remapped(result))


@ffi.def_extern()
def amdvi_py_command(context, info):  # type: ignore[no-untyped-def]
    hooks_of(context).call("command", results.command(info))


@ffi.def_extern()
def amdvi_py_event(context, info):  # type: ignore[no-untyped-def]
    hooks_of(context).call("event", results.event(info))


@ffi.def_extern()
def amdvi_py_mmio(context, write, offset, size, value):  # type: ignore[no-untyped-def]
    hooks_of(context).call("mmio", bool(write), offset, size, value)


@ffi.def_extern(error=1)
def amdvi_py_mapping(context, mapping):  # type: ignore[no-untyped-def]
    hooks = hooks_of(context)
    hooks.call("mapping", results.mapping(mapping))
    return 1 if hooks.error else 0


@ffi.def_extern()
def amdvi_py_hit(context, info):  # type: ignore[no-untyped-def]
    hooks_of(context).call("hit", results.hit(info))


@ffi.def_extern()
def amdvi_py_guest_mmio(context, guest_id, control, write, offset, size, value):  # type: ignore[no-untyped-def]
    hooks_of(context).call("guest_mmio", guest_id, bool(control), bool(write), offset, size, value)


@ffi.def_extern()
def amdvi_py_pci(context, write, offset, size, value):  # type: ignore[no-untyped-def]
    hooks_of(context).call("pci", bool(write), offset, size, value)


@ffi.def_extern()
def amdvi_py_page_request(context, request, result):  # type: ignore[no-untyped-def]
    hooks_of(context).call("page_request", results.page_request(request), results.page_requested(result))


@ffi.def_extern(error=-1)
def amdvi_py_trace_write(context, data, length):  # type: ignore[no-untyped-def]
    hooks = hooks_of(context)
    hooks.call("trace_write", bytes(ffi.buffer(data, length)))
    return -1 if hooks.error else 0


@ffi.def_extern()
def amdvi_py_verdict(context, verdict):  # type: ignore[no-untyped-def]
    hooks_of(context).call("verdict", verdict)


@ffi.def_extern()
def amdvi_py_result(context, request, record):  # type: ignore[no-untyped-def]
    hooks_of(context).call("result", request, record)


@ffi.def_extern()
def amdvi_py_ask(context, ask):  # type: ignore[no-untyped-def]
    hooks_of(context).call("ask", ask)


@ffi.def_extern()
def amdvi_py_completion(context, completion):  # type: ignore[no-untyped-def]
    hooks_of(context).call("completion", completion)


@ffi.def_extern()
def amdvi_py_timed_completion(context, completion):  # type: ignore[no-untyped-def]
    hooks_of(context).call("timed_completion", completion)


@ffi.def_extern()
def amdvi_py_finding(context, finding):  # type: ignore[no-untyped-def]
    hooks_of(context).call("finding", finding)
