# SPDX-License-Identifier: Apache-2.0
"""The device: registers, command processor, logs, interrupts, and the requests of devices."""
from __future__ import annotations

from collections import defaultdict

from . import commands as cmd
from . import interrupts
from . import registers as reg
from .config import Config
from .dte import Dte, Segment
from .events import Fault, address_mask, encode, encode_ppr
from .layout import CONTROL, STATUS, STATUS_W1C, View, bits, fields, mask
from .logs import Log, RingRegs
from .memory import BusError, Memory
from .request import MSI_FIRST, MSI_LAST, Outcome, Request
from .translate import Translator
from .viommu import Viommu

FULL = (1 << 64) - 1


def perm_text(read: bool, write: bool, execute: bool) -> str:
    text = ("r" if read else "") + ("w" if write else "") + ("x" if execute else "")
    return text or "-"


class Device:
    """One IOMMU with the memory behind it."""

    def __init__(self, cfg: Config, memory: Memory | None = None) -> None:
        self.cfg = cfg
        self.memory = memory or Memory(cfg.ram)
        self.masks = reg.writable(cfg)
        self.regs = reg.reset(cfg)
        self.status = 0
        self.cmd_stopped = False
        self.pci = self._pci_reset()
        self.se_reported: set[int] = set()
        self.irqs: dict[tuple[str, int | None], list[int | None]] = defaultdict(list)
        self.prgs: dict[int, list[tuple[int, int, int | None]]] = defaultdict(list)
        self.atc: list[tuple[int, int, int, int | None]] = []
        self.evt = Log(self.memory, self.regs, [RingRegs(reg.EVT_BASE, reg.EVT_HEAD, reg.EVT_TAIL),
                                                RingRegs(reg.EVTB_BASE, reg.EVTB_HEAD, reg.EVTB_TAIL)],
                       ["EventOverflow", "EventOverflowB"])
        self.ppr = Log(self.memory, self.regs, [RingRegs(reg.PPR_BASE, reg.PPR_HEAD, reg.PPR_TAIL),
                                                RingRegs(reg.PPRB_BASE, reg.PPRB_HEAD, reg.PPRB_TAIL)],
                       ["PprOverflow", "PprOverflowB"])
        self.ga = Log(self.memory, self.regs, [RingRegs(reg.GA_BASE, reg.GA_HEAD, reg.GA_TAIL)], ["GALOverflow"],
                      entry=8)
        self.translator = Translator(self)
        self.viommu = Viommu(self)

    # --- configuration space (1.1, 1.2) ---

    def _pci_reset(self) -> bytearray:
        space = bytearray(256)
        words = {0x00: 0x14811022, 0x08: 0x08060000, 0x40: self.cfg.cap, 0x50: 0x00203040, 0x64: 0x0084_7405,
                 0x74: 0xA803_C808, 0xC8: 0x0018_0009, 0xCC: 0x0001_0000,
                 0xD0: self.cfg.vf_base & 0xF000_0000 | 1, 0xD4: self.cfg.vf_base >> 32,
                 0xD8: self.cfg.vfc_base & 0xFFC0_0000 | 1, 0xDC: self.cfg.vfc_base >> 32}
        for off, value in words.items():
            space[off:off + 4] = value.to_bytes(4, "little")
        space[0x34] = 0x40
        return space

    def pci_read(self, off: int, size: int) -> int:
        return int.from_bytes(self.pci[off:off + size], "little")

    def pci_write(self, off: int, size: int, value: int) -> None:
        """Writable: command register and the MSI message (64h enable bits, address, data)."""
        allowed = {4: 0x46, 5: 0x04, 0x66: 0x71, **{n: 0xFF for n in range(0x68, 0x72)}}
        for n in range(size):
            keep = ~allowed.get(off + n, 0) & 0xFF
            self.pci[off + n] = self.pci[off + n] & keep | value >> 8 * n & ~keep & 0xFF

    # --- registers (2) ---

    def control(self) -> View:
        return fields(self.regs[reg.CONTROL_OFF], CONTROL)

    def cmd_run(self) -> bool:
        c = self.control()
        return bool(c.IommuEn and c.CmdBufEn and not self.cmd_stopped)

    def evt_run(self) -> bool:
        c = self.control()
        return bool(c.IommuEn and c.EventLogEn and not self.evt.stopped)

    def ppr_run(self) -> bool:
        c = self.control()
        return bool(c.IommuEn and c.PPRLogEn and not self.ppr.stopped)

    def ga_run(self) -> bool:
        c = self.control()
        return bool(c.IommuEn and c.GALogEn and not self.ga.stopped)

    def status_value(self) -> int:
        runs = {"CmdBufRun": self.cmd_run(), "EventLogRun": self.evt_run(), "PprLogRun": self.ppr_run(),
                "GALogRun": self.ga_run(), "EventLogActive": self.evt.active == 1,
                "PprLogActive": self.ppr.active == 1}
        return self.status | sum(1 << STATUS[name][0] for name, on in runs.items() if on)

    def set_status(self, name: str) -> None:
        self.status |= 1 << STATUS[name][0]

    def mmio_read(self, off: int, size: int) -> int:
        if size not in (4, 8) or off % size:
            return 0
        base = off & ~7
        value = self.status_value() if base == reg.STATUS_OFF else self.regs.get(base, 0)
        return value >> 8 * (off - base) & ((1 << 8 * size) - 1)

    def mmio_write(self, off: int, size: int, value: int) -> None:
        if size not in (4, 8) or off % size:
            return
        base, shift = off & ~7, 8 * (off & 7)
        touched = ((1 << 8 * size) - 1) << shift
        if base == reg.STATUS_OFF:
            self.status &= ~(value << shift & touched & STATUS_W1C)
            return
        changeable = self.masks.get(base, 0)
        old = self.regs.get(base, 0)
        new = old & ~touched | value << shift & touched
        self._store(base, old, old & ~changeable | new & changeable)

    def _store(self, base: int, old: int, new: int) -> None:
        if base == reg.CONTROL_OFF:
            self._write_control(old, new)
        elif base in reg.POINTERS:
            self._write_ring_base(base, new)
        elif base == reg.DEV_BASE or 0x100 <= base < 0x138:
            self._write_segment(base, new)
        elif 0x60 <= base < 0xE0 and old >> 17 & 1:
            return  # SMI filter locked
        elif not self._pointer_locked(base):
            self.regs[base] = new

    def _write_segment(self, base: int, new: int) -> None:
        index = 0 if base == reg.DEV_BASE else (base - 0x100) // 8 + 1
        if new & 0x1FF <= reg.SEGMENT_MAX[index]:
            self.regs[base] = new

    def _running(self, base: int) -> bool:
        return {reg.CMD_BASE: self.cmd_run, reg.EVT_BASE: self.evt_run, reg.EVTB_BASE: self.evt_run,
                reg.PPR_BASE: self.ppr_run, reg.PPRB_BASE: self.ppr_run, reg.GA_BASE: self.ga_run}[base]()

    def _write_ring_base(self, base: int, new: int) -> None:
        """2.2: ignored while running or with a reserved length; clears the pointers."""
        if self._running(base) or bits(new, 59, 56) < 8:
            return
        self.regs[base] = new
        for pointer in reg.POINTERS[base]:
            self.regs[pointer] = 0

    def _pointer_locked(self, base: int) -> bool:
        """2.8: pointers that the hardware moves ignore writes while the ring runs."""
        owners = {reg.CMD_HEAD: reg.CMD_BASE, reg.EVT_TAIL: reg.EVT_BASE, reg.EVTB_TAIL: reg.EVTB_BASE,
                  reg.PPR_TAIL: reg.PPR_BASE, reg.PPRB_TAIL: reg.PPRB_BASE, reg.GA_TAIL: reg.GA_BASE}
        return base in owners and self._running(owners[base])

    def _write_control(self, old: int, new: int) -> None:
        if bits(new, 36, 34) > self.cfg.f.DevTblSegSup:
            new = new & ~mask(36, 34) | old & mask(36, 34)
        self.regs[reg.CONTROL_OFF] = new
        now, rose = fields(new, CONTROL), new & ~old
        if rose & 1 << 12 or rose & 1:
            self.cmd_stopped = False
        if rose & 1 << 2:
            self.evt.start(now.DualEventLogEn)
        if rose & 1 << 13:
            self.ppr.start(now.DualPprLogEn)
        if rose & 1 << 28:
            self.ga.start(0)

    def segments(self) -> list[Segment]:
        offsets = [reg.DEV_BASE] + [0x100 + 8 * n for n in range((1 << self.control().DevTblSegEn) - 1)]
        values = [self.regs.get(off, 0) for off in offsets]
        return [Segment(bits(v, 51, 12) << 12, (bits(v, 8, 0) + 1) * 128) for v in values]

    def exclusion(self) -> tuple[bool, bool, int, int]:
        base, limit = self.regs.get(reg.EXCL_BASE, 0), self.regs.get(reg.EXCL_LIMIT, 0)
        enabled = bool(base & 1) and not self.cfg.f.SNPSup
        return enabled, bool(base & 2), base & mask(51, 12), limit | 0xFFF

    def marc(self, addr: int) -> tuple[int, bool] | None:
        """2.8: where an aperture leads, and whether it is read-only; None outside of all."""
        for n in range(4 if self.control().MarcEn else 0):
            base, reloc, length = (self.regs.get(0x200 + 24 * n + 8 * i, 0) for i in range(3))
            offset = addr - base
            if reloc & 1 and 0 <= offset < length:
                return (reloc & mask(51, 12)) + offset, bool(reloc & 2)
        return None

    def smi_allowed(self, dev: int) -> bool:
        if not self.control().SmiFEn:
            return True
        filters = [self.regs.get(0x60 + 8 * n, 0) for n in range(16)]
        return any(value >> 16 & 1 and value & 0xFFFF == dev for value in filters)

    # --- logs and interrupts (7.1, 7.7, 7.8, 8.7) ---

    def interrupt_out(self, kind: str, xt: int) -> None:
        if self.control().IntCapXTEn:
            vector: int | None = bits(self.regs.get(xt, 0), 39, 32)
        else:
            vector = self.pci_read(0x70, 1)
        self.irqs[kind, None].append(vector)

    def log_event(self, fault: Fault, dev: int) -> None:
        if fault.kind is None or fault.silent or not self.evt_run():
            return
        fault.addr &= address_mask(fault.kind)
        self._put_event(encode(fault, dev))

    def log_ppr(self, record: bytes) -> bool:
        if not self.ppr_run():
            return False
        written, overflow = self.ppr.put(record)
        if overflow:
            self.set_status(overflow)
        if written:
            self.set_status("PprInt")
        if self.control().PPRIntEn:
            self.interrupt_out("ppr", reg.XT_PPR)
        return written

    def log_ga(self, tag: int, dev: int) -> None:
        if not self.ga_run():
            return
        written, overflow = self.ga.put((tag | dev << 32 | 1 << 60).to_bytes(8, "little"))
        if overflow:
            self.set_status(overflow)
        if written:
            self.set_status("GAInt")
            self._copy_ga_tail()
        if self.control().GAIntEn:
            self.interrupt_out("ga", reg.XT_GA)

    def _copy_ga_tail(self) -> None:
        where = self.regs.get(reg.GA_TAIL_ADDR, 0)
        if where:
            try:
                self.memory.write_int(where, self.regs[reg.GA_TAIL], 8)
            except BusError:
                pass

    # --- commands (6) ---

    def run(self) -> None:
        """Until quiet: one host command, then one command of each guest that has any."""
        while self._host_turn() | self.viommu.turn():
            pass

    def _host_turn(self) -> bool:
        size = 16 << bits(self.regs[reg.CMD_BASE], 59, 56)
        head, tail = (self.regs.get(off, 0) % size for off in (reg.CMD_HEAD, reg.CMD_TAIL))
        if not self.cmd_run() or head == tail:
            return False
        where = (bits(self.regs[reg.CMD_BASE], 51, 12) << 12) + head
        try:
            self._command(where)
        except Fault as fault:
            self.cmd_stopped = True
            self.log_event(fault, 0)
            return True
        self.regs[reg.CMD_HEAD] = (head + 16) % size
        return True

    def _command(self, where: int) -> None:
        try:
            value = self.memory.read_int(where, 16)
            if not cmd.is_legal(value, self.cfg):
                raise Fault("ILLEGAL_COMMAND_ERROR", addr=where)
            self.execute(cmd.opcode(value), cmd.decode(value))
        except BusError as error:
            raise Fault("COMMAND_HARDWARE_ERROR", addr=error.addr, type=1) from None

    def execute(self, op: int, command: View) -> None:
        """6.4. Nothing is cached here, so most invalidations only need to be legal."""
        if op == cmd.WAIT:
            self._wait(command)
        elif op == cmd.DEVTAB:
            self.se_reported.discard(command.dev)
        elif op == cmd.ALL:
            self.se_reported.clear()
        elif op == cmd.IOTLB:
            base, size = cmd.span(command)
            self.atc.append((command.dev, base, size, cmd.iotlb_pasid(command) if command.GN else None))
        elif op == cmd.PPR:
            self.complete_ppr(command.dev, command)
        elif op == cmd.RESET:
            self.viommu.reset(command.gid, bool(command.all), bool(command.vcmd))

    def _wait(self, command: View) -> None:
        if command.s:
            self.memory.write_int(command.store << 3, command.data, 8)
        if command.i:
            self.set_status("ComWaitInt")
            if self.control().ComWaitIntEn:
                self.interrupt_out("comwait", reg.XT_EVENT)

    def complete_ppr(self, dev: int, command: View) -> None:
        pasid = command.pasid if command.GN and self.dte_quiet(dev).GPRP else None
        self.prgs[dev].append((bits(command.tag, 8, 0), bits(command.tag, 15, 12), pasid))

    def dte_quiet(self, dev: int) -> Dte:
        """An entry whose absence is no event: all zero."""
        try:
            return self.translator.fetch(dev, lambda: BusError(0), BusError)
        except BusError:
            return Dte(0)

    # --- requests of devices ---

    def dma(self, req: Request) -> Outcome:
        if req.is_interrupt():
            return self.interrupt(req.dev, req.addr, int.from_bytes(req.data or bytes(4), "little"))
        try:
            return self._dma(req)
        except Fault as fault:
            self._report(fault, req.dev)
            return Outcome(fault=fault)

    def _dma(self, req: Request) -> Outcome:
        if not self.control().IommuEn:
            return self._identity(req)
        entry = self.translator.entry(req)
        if not entry.V:
            return self._identity(req)
        if req.translated:
            self.translator.translated(req, entry)
            return self._identity(req)
        return self._pages(req, entry)

    def _identity(self, req: Request) -> Outcome:
        return Outcome(pa=req.addr, data=self._transfer(req, [(req.addr, req.length)]))

    def _pages(self, req: Request, entry: Dte) -> Outcome:
        """Trace format, rules 2 and 3: page by page, the first page gives the answer."""
        pieces, at, left, first = [], req.addr, req.length, None
        while left:
            found = self.translator.page(req, entry, at)
            first = first or found
            room = (found.size or 4096) - at % (found.size or 4096)
            take = min(left, room)
            if self._meets_a_range(at, take):
                take = min(left, 4096 - at % 4096)
            pieces.append((found.pa, take))
            at, left = at + take & FULL, left - take
        assert first is not None
        covered = first.size - req.addr % first.size if first.size else None
        perm = perm_text(first.read, first.write, first.execute and req.execs)
        return Outcome(pa=first.pa, size=first.size, len=covered, perm=perm, data=self._transfer(req, pieces))

    def _meets_a_range(self, at: int, length: int) -> bool:
        """2.3, 2.8, 8.1: ranges with a meaning of their own may lie inside of pages; there 4 KiB are judged at a time."""
        enabled, _, first, last = self.exclusion()
        ranges = [(MSI_FIRST, MSI_LAST)] + ([(first, last)] if enabled else [])
        return bool(self.control().MarcEn) or any(at <= end and at + length > begin for begin, end in ranges)

    def _transfer(self, req: Request, pieces: list[tuple[int, int]]) -> bytes | None:
        """Trace format, rule 1. Reads of memory that does not exist have no data."""
        try:
            if req.writes and req.data is not None:
                for (pa, take), start in zip(pieces, _starts(pieces)):
                    self.memory.write(pa, req.data[start:start + take])
                return None
            return b"".join(self.memory.read(pa, take) for pa, take in pieces) if req.reads else None
        except BusError:
            if req.data is not None:
                raise Fault(None, reply=req.reply) from None
            return None

    def _report(self, fault: Fault, dev: int, memory: bool = True) -> None:
        """7.5: suppression; viommu.md 8.1: routing."""
        entry = self.dte_quiet(dev)
        if memory and fault.kind == "IO_PAGE_FAULT" and entry.V and self._suppressed(entry, dev):
            return
        if fault.guest and self.viommu.owns(entry):
            self.viommu.log_event(entry.GuestID, fault, entry.GDeviceID)
        else:
            self.log_event(fault, dev)

    def _suppressed(self, entry: Dte, dev: int) -> bool:
        if entry.SA or (entry.SE and dev in self.se_reported):
            return True
        if entry.SE:
            self.se_reported.add(dev)
        return False

    def ats(self, req: Request) -> Outcome:
        """9.2."""
        try:
            return self._ats(req)
        except Fault as fault:
            if fault.kind == "IO_PAGE_FAULT":
                return Outcome(perm="-")
            self._report(fault, req.dev)
            return Outcome(fault=fault)

    def _ats(self, req: Request) -> Outcome:
        entry = self.translator.entry(req) if self.control().IommuEn else None
        if entry is None or not entry.V:
            raise Fault(None)
        self.translator.ats_allowed(req, entry)
        found = self.translator.page(req, entry, req.addr)
        perm = perm_text(found.read, found.write and not req.no_write, found.execute and req.want_exec)
        if perm == "-":
            return Outcome(perm=perm)
        covered = found.size - req.addr % found.size if found.size else None
        return Outcome(pa=found.pa, size=found.size, len=covered, perm=perm)

    def interrupt(self, dev: int, addr: int, data: int) -> Outcome:
        """8.2."""
        try:
            if not self.control().IommuEn:
                return interrupts.forwarded(addr, data)
            entry = self.translator.fetch(
                dev, lambda: Fault("IO_PAGE_FAULT", frozenset({"I"}), addr, reply="drop"),
                lambda at: Fault("DEV_TAB_HARDWARE_ERROR", frozenset({"I"}), at, type=1, reply="drop"))
            return interrupts.remap(self, entry, dev, addr, data) if entry.IV else interrupts.forwarded(addr, data)
        except Fault as fault:
            self._report(fault, dev, memory=False)
            return Outcome(fault=fault)

    # --- page requests (7.7, 9.4) ---

    def page_request(self, req: Request, tag: int, last: bool, names: frozenset[str]) -> Outcome:
        """names: R, W, X, US, GN as they go into the record."""
        if not self.control().IommuEn:
            return Outcome(fault=Fault(None))
        try:
            entry = self.translator.entry(req)
        except Fault as fault:
            self._report(fault, req.dev)
            return Outcome(fault=fault)
        if not self._may_page(req, entry):
            return self._refuse(req, entry, tag, last, names)
        if self.viommu.owns(entry):
            record = encode_ppr(entry.GDeviceID, req.pasid, req.addr, tag, last, names)
            return Outcome() if self.viommu.log_ppr(entry.GuestID, record) else Outcome(fault=Fault(None))
        record = encode_ppr(req.dev, req.pasid, req.addr, tag, last, names)
        return Outcome() if self.log_ppr(record) else Outcome(fault=Fault(None))

    def _may_page(self, req: Request, entry: Dte) -> bool:
        enabled = self.control().PPREn and entry.V and entry.TV
        allowed = entry.PPR or not self.cfg.f.EPHSup
        return bool(enabled and allowed and self.translator.guest_on(entry))

    def _refuse(self, req: Request, entry: Dte, tag: int, last: bool, names: frozenset[str]) -> Outcome:
        """INVALID_PPR_REQUEST and a response "invalid request" (code 1), which RX tells of (16)."""
        fault = Fault("INVALID_PPR_REQUEST", names, req.addr, 0, req.pasid or 0)
        if self.evt_run():
            self._put_event(encode_ppr(req.dev, req.pasid, req.addr, tag, last, names | {"RX"}, code=9))
        pasid = req.pasid if entry.GPRP else None
        self.prgs[req.dev].append((tag & 0x1FF, 1, pasid))
        return Outcome(fault=fault)

    def _put_event(self, record: bytes) -> None:
        written, overflow = self.evt.put(record)
        if overflow:
            self.set_status(overflow)
        if written:
            self.set_status("EventLogInt")
        if self.control().EventIntEn:
            self.interrupt_out("event", reg.XT_EVENT)


def _starts(pieces: list[tuple[int, int]]) -> list[int]:
    out, at = [], 0
    for _, take in pieces:
        out.append(at)
        at += take
    return out
