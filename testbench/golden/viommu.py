# SPDX-License-Identifier: Apache-2.0
"""The virtualised IOMMU (viommu.md): per-guest registers, ID maps, command ring, logs."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import commands as cmd
from . import interrupts, irte
from .dte import Dte
from .events import Fault, encode
from .layout import (IPA_CMD, IPA_DEVMAP, IPA_DIRTY, IPA_DOMMAP, IPA_EVENT, IPA_PPR, IPA_RING, STATUS, STATUS_W1C,
                     VFC_COMMAND, VFC_EVENT, VFC_MAP, VFC_MISC, VFC_PPR, View, bits, fields, mask)
from .memory import BusError
from .walk import HostWalk, Need, TableError, WalkFault

if TYPE_CHECKING:
    from .device import Device

CMD_HEAD, CMD_TAIL, EVT_HEAD, EVT_TAIL, STATUS_OFF, PPR_HEAD, PPR_TAIL = 0, 8, 0x10, 0x18, 0x20, 0x30, 0x38
DEV_MAP, DOM_MAP, MISC, EVTB, COMMAND, EVENT, PPR, PPRB = range(0, 0x40, 8)
POINTERS = (CMD_HEAD, CMD_TAIL, EVT_HEAD, EVT_TAIL, PPR_HEAD, PPR_TAIL)


@dataclass
class Guest:
    """Registers and rings of one GuestID."""

    vf: dict[int, int] = field(default_factory=dict)
    vfc: dict[int, int] = field(default_factory=dict)
    status: int = 0
    cmd_stopped: bool = False
    evt_stopped: bool = False
    ppr_stopped: bool = False
    events: list[bytes] = field(default_factory=list)
    pprs: list[bytes] = field(default_factory=list)

    def command(self) -> View:
        return fields(self.vfc.get(COMMAND, 0), VFC_COMMAND)

    def event(self) -> View:
        return fields(self.vfc.get(EVENT, 0), VFC_EVENT)

    def ppr(self) -> View:
        return fields(self.vfc.get(PPR, 0), VFC_PPR)


class PrivateError(Exception):
    """The private address space did not answer (7.3: VIOMMU_HARDWARE_ERROR)."""

    def __init__(self, ipa: int, unmapped: bool = False) -> None:
        super().__init__(f"private address {ipa:#x}")
        self.ipa, self.unmapped = ipa, unmapped


class Viommu:
    """All guests of one device."""

    def __init__(self, device: "Device") -> None:
        self.d = device
        self.guests: dict[int, Guest] = defaultdict(Guest)

    # --- conditions ---

    def on(self) -> bool:
        c = self.d.control()
        return bool(c.IommuEn and c.vIommuEn)

    def owns(self, entry: Dte) -> bool:
        return bool(self.on() and entry.vImuEn and self.d.cfg.f.vIommuSup)

    def cmd_run(self, gid: int) -> bool:
        g = self.guests[gid]
        c = g.command()
        enabled = self.on() and self.d.control().vCmdEn and c.CmdBufEn and c.Len >= 8
        return bool(enabled and not g.cmd_stopped)

    def evt_run(self, gid: int) -> bool:
        g = self.guests[gid]
        return bool(self.on() and g.event().EventLogEn and g.event().Len >= 8 and not g.evt_stopped)

    def ppr_run(self, gid: int) -> bool:
        g = self.guests[gid]
        return bool(self.on() and g.ppr().PPRLogEn and g.ppr().Len >= 8 and not g.ppr_stopped)

    # --- address spaces ---

    def _host_table(self, dev: int) -> HostWalk | None:
        """E8: V=0, TV=0 or Mode=0 is a failure, never pass-through."""
        entry = self.d.dte_quiet(dev)
        usable = entry.V and entry.TV and entry.Mode
        return self.d.translator.host(entry) if usable else None

    def ipa(self, addr: int, write: bool) -> int:
        """2.2: private address to system address."""
        table = self._host_table(self.d.cfg.devid)
        if table is None:
            raise PrivateError(addr)
        try:
            return table.access(addr, Need(not write, write))
        except WalkFault as fault:
            raise PrivateError(addr, unmapped=not (fault.pr or fault.rz or fault.pe)) from None
        except TableError:
            raise PrivateError(addr) from None

    def gpa(self, gid: int, addr: int, write: bool, *vflags: str) -> int:
        """3.2: guest buffer address to system address; a failure is a host event (11 #18)."""
        dev = fields(self.guests[gid].vfc.get(MISC, 0), VFC_MISC).TransDevID
        table, entry = self._host_table(dev), self.d.dte_quiet(dev)
        flags = frozenset({"vPtr", *vflags} | ({"RW"} if write else set()))
        if table is None:
            raise Fault("IO_PAGE_FAULT", flags, addr, entry.DomainID, dev=dev)
        try:
            return table.access(addr, Need(not write, write))
        except WalkFault as fault:
            extra = {name for name, on in (("PR", fault.pr), ("RZ", fault.rz), ("PE", fault.pe)) if on}
            raise Fault("IO_PAGE_FAULT", flags | extra, addr, entry.DomainID, dev=dev) from None
        except TableError as error:
            raise Fault("PAGE_TAB_HARDWARE_ERROR", flags, error.addr, entry.DomainID, type=1, dev=dev) from None

    def _private_fault(self, gid: int, error: PrivateError, *vflags: str) -> None:
        """7.3, 8.3: VIOMMU_HARDWARE_ERROR carries the GuestID in place of a DeviceID."""
        self.d.log_event(Fault("VIOMMU_HARDWARE_ERROR", frozenset(vflags), error.ipa), gid)

    # --- registers ---

    def vf_read(self, gid: int, off: int, size: int) -> int:
        base = off & ~7
        if size not in (4, 8) or off % size:
            return 0
        value = self._status(gid) if base == STATUS_OFF else self._get(gid, base)
        return value >> 8 * (off & 7) & ((1 << 8 * size) - 1)

    def vf_write(self, gid: int, off: int, size: int, value: int) -> None:
        if size not in (4, 8) or off % size:
            return
        base, shift = off & ~7, 8 * (off & 7)
        touched = ((1 << 8 * size) - 1) << shift
        guest = self.guests[gid]
        if base == STATUS_OFF:
            guest.status &= ~(value << shift & touched & STATUS_W1C)
            self._mirror(gid, STATUS_OFF, self._status(gid))
        elif base in POINTERS and not self._locked(gid, base):
            new = (self._get(gid, base) & ~touched | value << shift & touched) & mask(18, 4)
            self._set(gid, base, new)
            if base == CMD_TAIL:
                self._dirty(gid, True)

    def _locked(self, gid: int, base: int) -> bool:
        runs = {CMD_HEAD: self.cmd_run, EVT_TAIL: self.evt_run, PPR_TAIL: self.ppr_run}
        return base in runs and runs[base](gid)

    def _slot(self, gid: int, off: int, write: bool) -> int | None:
        if not self.on():
            return None
        try:
            return self.ipa(gid * 64 + off, write)
        except PrivateError:
            return None

    def _get(self, gid: int, off: int) -> int:
        """11 #12: while mapped, the memory is the register."""
        where = self._slot(gid, off, False) if off in POINTERS else None
        if where is not None:
            try:
                return self.d.memory.u64(where) & mask(18, 4)
            except BusError:
                pass
        return self.guests[gid].vf.get(off, 0)

    def _set(self, gid: int, off: int, value: int) -> None:
        self.guests[gid].vf[off] = value
        self._mirror(gid, off, value)

    def _mirror(self, gid: int, off: int, value: int) -> None:
        where = self._slot(gid, off, True)
        if where is not None:
            try:
                self.d.memory.write_int(where, value, 8)
            except BusError:
                pass

    def _dirty(self, gid: int, on: bool) -> None:
        """2.3 with a stride of 32 bytes (11 #9)."""
        if not self.on():
            return
        ipa = IPA_DIRTY + (bits(gid, 7, 0) << 5 | bits(gid, 15, 13) << 2)
        try:
            where = self.ipa(ipa, True)
            old = self.d.memory.read_int(where, 4)
            bit = 1 << bits(gid, 12, 8)
            self.d.memory.write_int(where, old | bit if on else old & ~bit, 4)
        except (PrivateError, BusError):
            pass

    def _status(self, gid: int) -> int:
        runs = {"CmdBufRun": self.cmd_run, "EventLogRun": self.evt_run, "PprLogRun": self.ppr_run}
        return self.guests[gid].status | sum(1 << STATUS[name][0] for name, on in runs.items() if on(gid))

    def set_status(self, gid: int, name: str) -> None:
        self.guests[gid].status |= 1 << STATUS[name][0]
        self._mirror(gid, STATUS_OFF, self._status(gid))

    def vfc_read(self, gid: int, off: int, size: int) -> int:
        if size not in (4, 8) or off % size or off >= 0x40:
            return 0
        return self.guests[gid].vfc.get(off & ~7, 0) >> 8 * (off & 7) & ((1 << 8 * size) - 1)

    def vfc_write(self, gid: int, off: int, size: int, value: int) -> None:
        if size not in (4, 8) or off % size or off >= 0x40:
            return
        base, shift = off & ~7, 8 * (off & 7)
        guest, touched = self.guests[gid], ((1 << 8 * size) - 1) << shift
        old = guest.vfc.get(base, 0)
        new = old & ~touched | value << shift & touched
        guest.vfc[base] = new & ~(1 << 63) if base in (DEV_MAP, DOM_MAP) else new
        if base in (DEV_MAP, DOM_MAP) and new >> 63 & 1:
            self._map(gid, base, fields(new, VFC_MAP))
        self._edges(guest, base, new & ~old)

    @staticmethod
    def _edges(guest: Guest, base: int, rose: int) -> None:
        """7.4 and the rules of the host rings: an enable bit going 0 to 1 starts again."""
        if not rose >> 8 & 1:
            return
        if base == COMMAND:
            guest.cmd_stopped = False
        elif base == EVENT:
            guest.evt_stopped, guest.events = False, []
        elif base == PPR:
            guest.ppr_stopped, guest.pprs = False, []

    # --- ID maps (3.1, 6) ---

    def _map(self, gid: int, base: int, new: View) -> None:
        if not self.on():
            return  # E1
        first = new.V | new.host << 24
        try:
            if base == DEV_MAP:
                where = self.ipa(IPA_DEVMAP + gid * (1 << 20) + new.guest * 16, True)
                self.d.memory.write_int(where, first | new.queue << 64, 16)
            else:
                where = self.ipa(IPA_DOMMAP + gid * (1 << 19) + new.guest * 8, True)
                self.d.memory.write_int(where, first, 8)
        except PrivateError as error:
            if not error.unmapped:  # 11 #7: dropped, and nobody hears of it
                self._private_fault(gid, error)
        except BusError:
            self._private_fault(gid, PrivateError(IPA_DEVMAP))

    def _lookup(self, ipa: int) -> int | None:
        entry = self.d.memory.u64(self.ipa(ipa, False))
        return bits(entry, 39, 24) if entry & 1 else None

    def host_dev(self, gid: int, dev: int) -> int | None:
        return self._lookup(IPA_DEVMAP + gid * (1 << 20) + dev * 16)

    def host_dom(self, gid: int, dom: int) -> int | None:
        return self._lookup(IPA_DOMMAP + gid * (1 << 19) + dom * 8)

    # --- command ring (7) ---

    def turn(self) -> bool:
        """One command of every guest that has one (11 #34)."""
        if not self.on():
            return False
        done = [self._guest_turn(gid) for gid in sorted(self.guests)]
        return any(done)

    def _ring(self, gid: int) -> tuple[int, int, int]:
        size = 16 << self.guests[gid].command().Len
        return self._get(gid, CMD_HEAD) % size, self._get(gid, CMD_TAIL) % size, size

    def _guest_turn(self, gid: int) -> bool:
        if not self.cmd_run(gid):
            return False
        head, tail, size = self._ring(gid)
        if head == tail:
            return False
        try:
            self._step(gid, head)
        except Fault as fault:
            self._stop(gid, fault)
            return True
        except PrivateError as error:
            self.guests[gid].cmd_stopped = True
            self._private_fault(gid, error, "vCmd")
            return True
        self._set(gid, CMD_HEAD, (head + 16) % size)
        if (head + 16) % size == tail:
            self._dirty(gid, False)
        return True

    def _stop(self, gid: int, fault: Fault) -> None:
        self.guests[gid].cmd_stopped = True
        if fault.guest:
            self.log_event(gid, fault, 0)
        else:
            self.d.log_event(fault, fault.dev)

    def _buffer(self, gid: int, gpa: int, region: int, offset: int, write: bool, *vflags: str) -> int:
        """2.1: guest buffers are GPAs, or private addresses when GstBufferTRPMode=0."""
        if self.d.control().GstBufferTRPMode:
            return self.gpa(gid, gpa + offset, write, *vflags)
        return self.ipa(region + gid * IPA_RING + offset, write)

    def _step(self, gid: int, head: int) -> None:
        base = self.guests[gid].command().Base << 12
        where = self._buffer(gid, base, IPA_CMD, head, False, "vCmd")
        trp = self.d.control().GstBufferTRPMode
        illegal = Fault("ILLEGAL_COMMAND_ERROR", addr=base + head if trp else head, guest=True)
        try:
            value = self.d.memory.read_int(where, 16)
            op = cmd.opcode(value)
            if op in (cmd.INSERT, cmd.RESET) or not cmd.is_legal(value, self.d.cfg):
                raise illegal
            self._execute(gid, op, cmd.decode(value), illegal)
        except BusError as error:
            raise Fault("COMMAND_HARDWARE_ERROR", frozenset({"vCmd"}), error.addr, type=1) from None

    def _execute(self, gid: int, op: int, command: View, illegal: Fault) -> None:
        host: int | None = 0
        if op in (cmd.DEVTAB, cmd.IOTLB, cmd.INTTAB, cmd.PREFETCH, cmd.PPR):
            host = self.host_dev(gid, command.dev)
        elif op == cmd.PAGES:
            host = self.host_dom(gid, command.dom)
        if host is None:
            raise illegal
        if op == cmd.WAIT:
            self._wait(gid, command)
        elif op == cmd.DEVTAB:
            self.d.se_reported.discard(host)
        elif op == cmd.IOTLB:
            base, size = cmd.span(command)
            self.d.atc.append((host, base, size, cmd.iotlb_pasid(command) if command.GN else None))
        elif op == cmd.PPR:
            self.d.complete_ppr(host, command)
        elif op == cmd.ALL:
            self._all(gid)

    def _all(self, gid: int) -> None:
        """11 #14: only what belongs to this guest."""
        for dev in list(self.d.se_reported):
            entry = self.d.dte_quiet(dev)
            if entry.vImuEn and entry.GuestID == gid:
                self.d.se_reported.discard(dev)

    def _wait(self, gid: int, command: View) -> None:
        if command.s:
            where = self.gpa(gid, command.store << 3, True, "vCmd")
            self.d.memory.write_int(where, command.data, 8)
        if command.i:
            self.set_status(gid, "ComWaitInt")
            if self.guests[gid].command().ComWaitIntEn:
                self._interrupt(gid, "comwait", 0)

    def reset(self, gid: int, everything: bool, engine: bool) -> None:
        """7.5."""
        guest = self.guests[gid]
        if everything:
            self.guests[gid] = Guest()
            for off in range(0, 0x40, 8):
                self._mirror(gid, off, 0)
        if everything or engine:
            guest.cmd_stopped = False
            self._dirty(gid, False)

    # --- guest logs (8) ---

    def log_event(self, gid: int, fault: Fault, dev: int) -> None:
        if fault.kind is None or fault.silent or not self.evt_run(gid):
            return
        record = encode(fault, dev)
        event = self.guests[gid].event()
        size, base = 16 << event.Len, event.Base << 12
        written = self._append(gid, record, size, base, IPA_EVENT, EVT_HEAD, EVT_TAIL)
        if written is None:
            return
        if written:
            self.guests[gid].events.append(record)
        else:
            self.guests[gid].evt_stopped = True
        self.set_status(gid, "EventLogInt" if written else "EventOverflow")
        if event.EventIntEn:
            self._interrupt(gid, "event", 0)

    def log_ppr(self, gid: int, record: bytes) -> bool:
        ppr = self.guests[gid].ppr()
        if not ppr.PPREn or not self.ppr_run(gid):
            return False
        written = self._append(gid, record, 16 << ppr.Len, ppr.Base << 12, IPA_PPR, PPR_HEAD, PPR_TAIL)
        if written is None:
            return False
        if written:
            self.guests[gid].pprs.append(record)
        else:
            self.guests[gid].ppr_stopped = True
        self.set_status(gid, "PprInt" if written else "PprOverflow")
        if ppr.PPRIntEn:
            self._interrupt(gid, "ppr", 1)
        return written

    def _append(self, gid: int, record: bytes, size: int, base: int, region: int, head_off: int,
                tail_off: int) -> bool | None:
        """True written, False full, None: the buffer could not be reached."""
        head, tail = self._get(gid, head_off) % size, self._get(gid, tail_off) % size
        if (tail + 16) % size == head:
            return False
        try:
            where = self._buffer(gid, base, region, tail, True, "vEvent")
            self.d.memory.write(where, record)
        except (Fault, BusError) as error:
            self._unreachable(gid, error)
            return None
        except PrivateError as error:
            self._private_fault(gid, error, "vEvent")
            return None
        self._set(gid, tail_off, (tail + 16) % size)
        return True

    def _unreachable(self, gid: int, error: Exception) -> None:
        """E10: GUEST_EVENT_FAULT with vEvent, GuestID in DW1."""
        addr = error.addr if isinstance(error, (Fault, BusError)) else 0
        self.d.log_event(Fault("GUEST_EVENT_FAULT", frozenset({"vEvent"}), addr, gid), 0)

    def _interrupt(self, gid: int, kind: str, type_: int) -> None:
        """8.5, 2.4: through the extended interrupt-remap table of the own device table entry."""
        found = self._extended(gid, type_)
        self.d.irqs[kind, gid].append(found.Vector if found else None)
        if found:
            interrupts.post(self.d, found, self.d.cfg.devid)

    def _extended(self, gid: int, type_: int) -> View | None:
        own = self.d.dte_quiet(self.d.cfg.devid)
        index = type_ << 16 | gid
        if not own.IV or own.IntCtl != 2:
            return None
        try:
            first = self.d.memory.u64(own.int_root + 8 * (index >> 8))
            if not first & 1 or (index & 0xFF) >> bits(first, 5, 2):
                return None
            value = self.d.memory.read_int((bits(first, 51, 6) << 6) + 16 * (index & 0xFF), 16)
        except BusError:
            return None
        found = irte.view(value, interrupts.irte_mode(self.d))
        return found if found.RemapEn and found.GuestMode else None
