# SPDX-License-Identifier: Apache-2.0
"""Interrupt requests (8.2 to 8.6)."""
from __future__ import annotations

from typing import Protocol

from . import irte
from .config import Config
from .dte import Dte, reserved_interrupt
from .events import Fault
from .irte import IrteMode
from .layout import View, bits, mask
from .memory import BusError, Memory
from .request import Outcome


class Context(Protocol):
    """What remapping needs from the device."""

    memory: Memory
    cfg: Config

    def control(self) -> View: ...
    def smi_allowed(self, dev: int) -> bool: ...
    def log_ga(self, tag: int, dev: int) -> None: ...


def _abort(kind: str | None, addr: int, dom: int = 0, *flags: str, silent: bool = False, type: int = 0) -> Fault:
    return Fault(kind, frozenset(flags), addr, dom, type=type, reply="drop", silent=silent)


def irte_mode(ctx: Context) -> IrteMode:
    control = ctx.control()
    return IrteMode(bool(control.GAEn), bool(control.XTEn), control.GAMEn, bool(ctx.cfg.f2.GAPPIDisSup))


def forwarded(addr: int, data: int) -> Outcome:
    return Outcome(addr=addr, data=data, vector=data & 0xFF, dest=bits(addr, 19, 12), mode=bits(addr, 2, 2),
                   type=bits(data, 10, 8))


def remap(ctx: Context, entry: Dte, dev: int, addr: int, data: int) -> Outcome:
    """8.2 for an entry with IV=1."""
    if entry.value & mask(255, 129) & reserved_interrupt(ctx.cfg):
        raise _abort("ILLEGAL_DEV_TABLE_ENTRY", addr & ~3, 0, "I", "RZ")
    if entry.IntCtl == 3:  # 3.4: whatever the message
        raise _abort("ILLEGAL_DEV_TABLE_ENTRY", addr & ~3, 0, "I", "RZ")
    if ctx.control().NumIntRemapMode == 1 and bits(addr, 2, 2):
        return _controlled(ctx, entry, dev, addr, data)
    kind = bits(data, 10, 8)
    if kind <= 1:
        return _controlled(ctx, entry, dev, addr, data)
    return _passed(ctx, entry, dev, addr, data, kind)


def _passed(ctx: Context, entry: Dte, dev: int, addr: int, data: int, kind: int) -> Outcome:
    """8.2 step 3: SMI, NMI, INIT, ExtInt."""
    if kind == 2:
        if not ctx.smi_allowed(dev):
            raise _abort("IO_PAGE_FAULT", addr, entry.DomainID, "I", "PR", silent=not ctx.control().SmiFLogEn)
        return forwarded(addr, data)
    allowed = {4: entry.NMIPass, 5: entry.InitPass, 7: entry.EIntPass}.get(kind, 0)
    if not allowed or bits(addr, 2, 2):
        raise _abort(None, addr)
    return forwarded(addr, data)


def _controlled(ctx: Context, entry: Dte, dev: int, addr: int, data: int) -> Outcome:
    """8.2 step 5: IntCtl."""
    if entry.IntCtl == 0:
        raise _abort(None, addr)
    if entry.IntCtl == 1:
        return forwarded(addr, data)
    if entry.IntTabLen >= 12:
        raise _abort("ILLEGAL_DEV_TABLE_ENTRY", addr & ~3, 0, "I")
    return _table(ctx, entry, dev, addr, data)


def _table(ctx: Context, entry: Dte, dev: int, addr: int, data: int) -> Outcome:
    index, quiet, dom = bits(data, 10, 0), bool(entry.IG), entry.DomainID
    if index >> entry.IntTabLen:
        raise _abort("IO_PAGE_FAULT", addr, dom, "I", silent=quiet)
    mode = irte_mode(ctx)
    where = entry.int_root + mode.size * index
    try:
        found = irte.view(ctx.memory.read_int(where, mode.size), mode)
    except BusError:
        raise _abort("PAGE_TAB_HARDWARE_ERROR", where, dom, "I", type=1) from None
    quiet = quiet or bool(found.SupIOPF)
    if not found.RemapEn:
        raise _abort("IO_PAGE_FAULT", addr, dom, "I", silent=quiet)
    if irte.is_malformed(found, mode):
        raise _abort("IO_PAGE_FAULT", addr, dom, "I", "PR", "RZ", silent=quiet)
    return _posted(ctx, found, mode, dev) if found.GuestMode else _message(ctx, found, mode, addr, data)


def _message(ctx: Context, found: View, mode: IrteMode, addr: int, data: int) -> Outcome:
    """8.4."""
    dest = irte.destination(found, mode)
    dm = found.DM  # ForcePhyDestSup without effect: 13 no. 31
    out_addr = 0xFEE0_0000 | (dest & 0xFF) << 12 | dm << 2 | (addr & 8) | (dest >> 8) << 40
    out_data = (data & 0xC000) | found.IntType << 8 | found.Vector
    return Outcome(addr=out_addr, data=out_data, vector=found.Vector, dest=dest, mode=dm, type=found.IntType)


def _posted(ctx: Context, found: View, mode: IrteMode, dev: int) -> Outcome:
    """8.6."""
    post(ctx, found, dev)
    return Outcome(vector=found.Vector, dest=irte.destination(found, mode))


def post(ctx: Context, found: View, dev: int) -> None:
    where = (found.Backing << 12) + 0x200 + 0x10 * (found.Vector // 32)
    try:
        ctx.memory.write_int(where, ctx.memory.read_int(where, 4) | 1 << found.Vector % 32, 4)
    except BusError:
        return
    if found.GALogIntr and not found.IsRun:
        ctx.log_ga(found.GATag, dev)
