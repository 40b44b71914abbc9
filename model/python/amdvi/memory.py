# SPDX-License-Identifier: Apache-2.0
"""System memory behind a device: a flat window, sparse memory, or callbacks."""
from __future__ import annotations

from typing import Protocol

from ._amdvi import ffi, lib
from ._hooks import Hooks
from .errors import AmdviError


class Source(Protocol):
    """Any object with these two functions is memory. `compare_exchange(spa, expected, desired) -> seen` may be
    there too; without it a read and a write stand for it. Errors: raise MemoryFault."""

    def read(self, address: int, length: int) -> bytes: ...
    def write(self, address: int, data: bytes) -> None: ...


class Words:
    """Numbers, little-endian, on top of read and write."""

    def read(self, address: int, length: int) -> bytes:
        raise NotImplementedError

    def write(self, address: int, data: bytes) -> None:
        raise NotImplementedError

    def u64(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def word(self, address: int, value: int, size: int = 8) -> None:
        """Writes `value` as `size` bytes."""
        self.write(address, value.to_bytes(size, "little"))


class Memory(Words):
    """`size` bytes from address `base` in one bytearray, `data`; devices reach it without a call.

    What is outside answers with a master abort. `data` may be given (anything with a writable buffer) and be
    shared by several devices.
    """

    def __init__(self, size: int = 0, base: int = 0, data: bytearray | None = None) -> None:
        self.base = base
        self.data = bytearray(size) if data is None else data
        self._window = ffi.from_buffer(self.data, require_writable=True)
        self.size = len(self._window)

    def _range(self, address: int, length: int) -> slice:
        start = address - self.base
        if start < 0 or length < 0 or start + length > self.size:
            raise AmdviError(f"no memory at {address:#x}", "MEMORY")
        return slice(start, start + length)

    def read(self, address: int, length: int) -> bytes:
        return bytes(self.data[self._range(address, length)])

    def write(self, address: int, data: bytes) -> None:
        self.data[self._range(address, len(data))] = data

    def attach(self, out: object) -> object:
        """Fills a struct amdvi_memory; what is returned must live as long as the device."""
        lib.amdvi_py_window_memory(out, self._window, self.base, self.size)
        return self._window


class SparseMemory(Words):
    """Up to 2^52 bytes from address 0 that read as zero until written; `limit` bounds the host's memory."""

    def __init__(self, size: int = 1 << 52, limit: int = 0) -> None:
        out = ffi.new("struct amdvi_sparse **")
        self._check(lib.amdvi_sparse_create(size, limit, out))
        self._pointer = ffi.gc(out[0], lib.amdvi_sparse_destroy)

    @staticmethod
    def _check(status: int) -> None:
        if status == lib.AMDVI_SPARSE_ERR_RANGE:
            raise AmdviError("beyond the memory's size", "MEMORY")
        if status == lib.AMDVI_SPARSE_ERR_MEMORY:
            raise AmdviError("no host memory left", "NO_MEMORY")

    @property
    def size(self) -> int:
        return int(lib.amdvi_sparse_size(self._pointer))

    @property
    def used(self) -> int:
        """Bytes of host memory in use."""
        return int(lib.amdvi_sparse_used(self._pointer))

    def read(self, address: int, length: int) -> bytes:
        out = bytearray(length)
        self._check(lib.amdvi_sparse_read(self._pointer, address, ffi.from_buffer(out), length))
        return bytes(out)

    def write(self, address: int, data: bytes) -> None:
        self._check(lib.amdvi_sparse_write(self._pointer, address, ffi.from_buffer(data), len(data)))

    def fill(self, address: int, length: int, byte: int) -> None:
        self._check(lib.amdvi_sparse_fill(self._pointer, address, length, byte))

    def attach(self, out: object) -> object:
        lib.amdvi_py_sparse_memory(out, self._pointer)
        return self._pointer


class CallbackMemory:
    """Wraps a Source so that a device asks it for everything; used for any object that is no memory of ours."""

    def __init__(self, source: Source, hooks: Hooks) -> None:
        self.hooks = hooks
        hooks.memory = source

    def attach(self, out: object) -> object:
        out.context = self.hooks.handle  # type: ignore[attr-defined]
        out.read = lib.amdvi_py_read  # type: ignore[attr-defined]
        out.write = lib.amdvi_py_write  # type: ignore[attr-defined]
        out.compare_exchange = lib.amdvi_py_compare_exchange  # type: ignore[attr-defined]
        return self.hooks
