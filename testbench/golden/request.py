# SPDX-License-Identifier: Apache-2.0
"""What devices ask and what they are told."""
from __future__ import annotations

from dataclasses import dataclass

from .events import Fault

MSI_FIRST, MSI_LAST = 0xFEE0_0000, 0xFEEF_FFFF


@dataclass(frozen=True)
class Request:
    """A DMA access or, with op "ats", a translation request."""

    dev: int
    addr: int
    length: int
    op: str
    pasid: int | None = None
    priv: bool = False
    translated: bool = False
    no_write: bool = False
    want_exec: bool = False
    data: bytes | None = None

    @property
    def ats(self) -> bool:
        return self.op == "ats"

    @property
    def writes(self) -> bool:
        return self.op in ("write", "atomic")

    @property
    def reads(self) -> bool:
        return self.op in ("read", "exec", "atomic")

    @property
    def execs(self) -> bool:
        return self.op == "exec" or self.want_exec

    @property
    def reply(self) -> str:
        """Trace format, rule 5."""
        return "drop" if self.op == "write" else "abort"

    def is_interrupt(self) -> bool:
        """8.1: an aligned 4-byte write without PASID to the interrupt range."""
        inside = MSI_FIRST <= self.addr <= MSI_LAST
        return inside and self.op == "write" and self.length == 4 and self.addr % 4 == 0 and self.pasid is None


@dataclass
class Outcome:
    """The answer to any request. Fields that do not apply stay None."""

    fault: Fault | None = None
    pa: int | None = None
    len: int | None = None
    size: int | None = None
    perm: str | None = None
    data: bytes | int | None = None
    addr: int | None = None
    vector: int | None = None
    dest: int | None = None
    mode: int | None = None
    type: int | None = None
