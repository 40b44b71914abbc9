# SPDX-License-Identifier: Apache-2.0
"""The host's event, PPR and GA logs (7.1, 7.7, 7.8) over the register file."""
from __future__ import annotations

from dataclasses import dataclass, field

from .layout import bits
from .memory import BusError, Memory


@dataclass
class RingRegs:
    """Offsets of one ring's registers."""

    base: int
    head: int
    tail: int


@dataclass
class Log:
    """A log with one or two rings; `active` is the ring in use."""

    memory: Memory
    regs: dict[int, int]
    rings: list[RingRegs]
    overflow: list[str]
    entry: int = 16
    active: int = 0
    auto: bool = False
    stopped: bool = False
    records: list[bytes] = field(default_factory=list)

    def start(self, dual: int) -> None:
        """The enable bit goes 0 to 1: 00 log A, 01 log B, 10 swap when full."""
        self.stopped, self.records = False, []
        self.active, self.auto = (1 if dual == 1 else 0), dual == 2

    def bytes(self, ring: RingRegs) -> int:
        return self.entry << bits(self.regs.get(ring.base, 0), 59, 56)

    def next_tail(self, ring: RingRegs) -> int:
        return (self.regs.get(ring.tail, 0) + self.entry) % self.bytes(ring)

    def is_full(self, ring: RingRegs) -> bool:
        return self.next_tail(ring) == self.regs.get(ring.head, 0) % self.bytes(ring)

    def put(self, record: bytes) -> tuple[bool, str | None]:
        """Write one record: (written, name of the overflow bit to set)."""
        ring, overflow = self.rings[self.active], None
        if self.is_full(ring):
            overflow = self.overflow[self.active]
            ring = self._swap()
            if ring is None:
                self.stopped = True
                return False, overflow
        self._store(ring, record)
        return True, overflow

    def _swap(self) -> RingRegs | None:
        if not self.auto or self.is_full(self.rings[1 - self.active]):
            return None
        self.active = 1 - self.active
        return self.rings[self.active]

    def _store(self, ring: RingRegs, record: bytes) -> None:
        base = bits(self.regs.get(ring.base, 0), 51, 12) << 12
        try:
            self.memory.write(base + self.regs.get(ring.tail, 0) % self.bytes(ring), record)
        except BusError:
            pass
        self.regs[ring.tail] = self.next_tail(ring)
        self.records.append(record)
