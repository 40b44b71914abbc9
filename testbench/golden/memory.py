# SPDX-License-Identifier: Apache-2.0
"""Sparse system memory: reads as zero until written."""
from __future__ import annotations

PAGE = 4096


class BusError(Exception):
    """An access outside the memory that exists."""

    def __init__(self, addr: int) -> None:
        super().__init__(f"no memory at {addr:#x}")
        self.addr = addr


class Memory:
    """Bytes from address 0 to size-1."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pages: dict[int, bytearray] = {}

    def _check(self, addr: int, length: int) -> None:
        if addr < 0 or addr + length > self.size:
            raise BusError(addr)

    def read(self, addr: int, length: int) -> bytes:
        self._check(addr, length)
        if addr % PAGE + length <= PAGE:
            page = self._pages.get(addr // PAGE)
            return bytes(page[addr % PAGE:addr % PAGE + length]) if page else bytes(length)
        out = bytearray()
        while length:
            offset = addr % PAGE
            take = min(length, PAGE - offset)
            page = self._pages.get(addr // PAGE)
            out += page[offset:offset + take] if page else bytes(take)
            addr, length = addr + take, length - take
        return bytes(out)

    def write(self, addr: int, data: bytes) -> None:
        self._check(addr, len(data))
        while data:
            offset = addr % PAGE
            take = min(len(data), PAGE - offset)
            page = self._pages.setdefault(addr // PAGE, bytearray(PAGE))
            page[offset:offset + take] = data[:take]
            addr, data = addr + take, data[take:]

    def fill(self, addr: int, length: int, byte: int) -> None:
        """Set a range; a page that has never been written needs no work for byte 0."""
        self._check(addr, length)
        while length:
            take = min(length, PAGE - addr % PAGE)
            if byte or addr // PAGE in self._pages:
                self.write(addr, bytes([byte]) * take)
            addr, length = addr + take, length - take

    def read_int(self, addr: int, length: int) -> int:
        return int.from_bytes(self.read(addr, length), "little")

    def write_int(self, addr: int, value: int, length: int) -> None:
        self.write(addr, value.to_bytes(length, "little"))

    def u64(self, addr: int) -> int:
        return self.read_int(addr, 8)
