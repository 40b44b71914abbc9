# SPDX-License-Identifier: Apache-2.0
"""Both sides do the same; every answer, interrupt, log record and byte of memory must be equal."""
from __future__ import annotations

from dataclasses import dataclass, field

import amdvi
from golden.config import Config
from golden.events import Fault
from golden.replay import fault_text
from golden.request import Outcome

from .reference import Asked, Flat, Reference

SIZE = 4 << 20
DEV_TABLE, COMMANDS, EVENTS, PPRS, GAS, GA_TAIL = 0x0, 0x10000, 0x11000, 0x12000, 0x13000, 0x14000
ARENA = 0x20000
DEVICES = 256
RING, LEN = 256 * 16, 8 << 56
SETUP = ((0x0, DEV_TABLE | DEVICES // 128 - 1), (0x8, COMMANDS | LEN), (0x10, EVENTS | LEN), (0x38, PPRS | LEN),
         (0xE0, GAS | LEN), (0xE8, GA_TAIL))
# Pairs of pointers: where software reads a log, and up to where.
LOGS = ((0x2010, 0x2018), (0x2030, 0x2038), (0x2040, 0x2048))
REGISTERS = (0x2000, 0x2018, 0x2020, 0x2038, 0x2048)
W1C = 0x68E67


@dataclass(frozen=True)
class Edit:
    """Software changes tables and then tells the device, unless what it changed was not present (10.2)."""

    writes: tuple[tuple[int, bytes], ...]
    commands: tuple[int, ...] = ()
    silent_if_absent: bool = False


@dataclass(frozen=True)
class Ask:
    """Requests of devices; `batch`: in one call."""

    requests: tuple[Asked, ...]
    batch: bool = False


@dataclass(frozen=True)
class Interrupt:
    dev: int
    addr: int
    data: int


@dataclass(frozen=True)
class Page:
    request: Asked
    tag: int
    last: bool
    names: frozenset[str]


@dataclass(frozen=True)
class Drain:
    """Software reads the logs to their end."""


Action = Edit | Ask | Interrupt | Page | Drain


@dataclass
class Setting:
    """What a round starts with."""

    preset: str
    control: int
    config: dict[str, str]
    memory: list[tuple[int, bytes]] = field(default_factory=list)


class Difference(Exception):
    """The two sides do not agree."""


def request_of(asked: Asked) -> amdvi.Request:
    at = "ats" if asked.ats else "translated" if asked.translated else "untranslated"
    op = "read" if asked.ats else asked.op
    return amdvi.Request(asked.dev, asked.addr, asked.length, op, asked.pasid, asked.priv, at, asked.want_exec,
                         asked.no_write)


def compare_fault(wanted: Fault, got: amdvi.Fault | None, who: object) -> None:
    if got is None:
        raise Difference(f"{who}: expected {fault_text(wanted)}, got success")
    kind = wanted.kind
    if kind == "IO_PAGE_FAULT" and wanted.silent and got.event_name is None:
        kind = None  # [8.5]: a blocked SMI that is not to be logged has no event
    said = (got.event_name, got.reply) + ((got.flag_names,) if kind else ())
    hoped = (kind, wanted.reply) + ((wanted.names,) if kind else ())
    if said != hoped:
        raise Difference(f"{who}: expected {fault_text(wanted)}, got {got.event_name} {got.reply} "
                         f"{'+'.join(sorted(got.flag_names)) or 0} ({got.reason_text})")


def same_perm(wanted: str | None, got: str, withheld: bool) -> bool:
    """A cache may keep the answer to a translation request from which the write was withheld: no request is decided by
    it, but what a read is told is one right less."""
    return wanted == got or (withheld and wanted is not None and wanted.replace("w", "") == got)


def compare(wanted: Outcome, got: amdvi.Translation, asked: Asked, withheld: bool = False) -> None:
    if wanted.fault or not got.ok:
        if not wanted.fault:
            raise Difference(f"{asked}: expected {wanted}, got {got.fault}")
        return compare_fault(wanted.fault, got.fault, asked)
    if wanted.perm == "-" and asked.ats:
        same = got.perm == "-"
    elif wanted.vector is not None or wanted.addr is not None:
        same = wanted.addr in (None, got.pa)
    elif wanted.size is None:
        same = got.pa == wanted.pa and got.identity
    else:
        same = (got.pa, got.size, got.covered) == (wanted.pa, wanted.size, wanted.len)
        same = same and same_perm(wanted.perm, got.perm, withheld)
    if not same:
        raise Difference(f"{asked}: expected {wanted}, got {got}")
    return None


def compare_interrupt(wanted: Outcome, got: amdvi.Remapped, who: object) -> None:
    if wanted.fault:
        return compare_fault(wanted.fault, got.fault, who)
    posted = wanted.addr is None
    said = (got.ok, got.posted) + (() if posted else (got.address, got.data, got.vector, got.destination, got.type,
                                                       int(got.logical)))
    hoped = (True, posted) + (() if posted else (wanted.addr, wanted.data, wanted.vector, wanted.dest, wanted.type,
                                                 wanted.mode))
    if said != hoped:
        raise Difference(f"{who}: expected {wanted}, got {got}")
    return None


class Machine:
    """A golden model and a device, and the software that programs both."""

    def __init__(self, setting: Setting, rarely: int = 1) -> None:
        """Memory is compared after each `rarely`-th action, and when logs are read."""
        self.rarely, self.actions = rarely, 0
        cfg = Config(ram=SIZE)
        cfg.preset(setting.preset)
        self.golden = Reference(cfg, Flat(SIZE))
        self.memory = amdvi.Memory(SIZE)
        config = amdvi.Config(setting.preset, {"efr": cfg.efr, "efr2": cfg.efr2, **setting.config})
        self.irqs: list[str] = []
        self.atc: list[tuple[int, int, int, int | None]] = []
        self.prgs: list[tuple[int, tuple[int, int, int | None]]] = []
        self.device = amdvi.Device(config, self.memory, on_interrupt=lambda irq: self.irqs.append(irq.cause),
                                   on_atc_invalidate=self._on_atc, on_prg_response=self._on_prg)
        self.tail = 0
        self.requests = 0
        for where, data in setting.memory:
            self.store(where, data)
        for off, value in SETUP:
            self.mmio(off, value)
        self.mmio(0x18, setting.control & ~1)
        self.mmio(0x18, setting.control)

    def _on_atc(self, got: amdvi.AtcInvalidation) -> None:
        self.atc.append((got.device, got.address, got.size, got.pasid))

    def _on_prg(self, got: amdvi.PrgResponse) -> None:
        self.prgs.append((got.device, (got.index, got.code, got.pasid)))

    def close(self) -> None:
        self.device.close()

    # --- what software does ---

    def store(self, where: int, data: bytes) -> None:
        self.golden.memory.write(where, data)
        self.memory.write(where, data)

    def mmio(self, off: int, value: int) -> None:
        self.golden.mmio_write(off, 8, value)
        self.golden.run()
        self.device.mmio_write(off, value)
        self.device.run()

    def submit(self, commands: tuple[int, ...]) -> None:
        for command in commands:
            self.store(COMMANDS + self.tail, command.to_bytes(16, "little"))
            self.tail = (self.tail + 16) % RING
        if commands:
            self.mmio(0x2008, self.tail)

    def do(self, action: Action) -> None:
        """Raises Difference."""
        getattr(self, "_" + type(action).__name__.lower())(action)

    def _edit(self, edit: Edit) -> None:
        where = edit.writes[0][0] if edit.writes else 0
        absent = edit.silent_if_absent and not self.golden.memory.u64(where) & 1
        for place, data in edit.writes:
            self.store(place, data)
        if not absent:
            self.submit(edit.commands)
        self.compare_side_effects()

    def _drain(self, _: Drain) -> None:
        self.compare_memory()
        self.compare_state()
        for head, tail in LOGS:
            self.mmio(head, self.golden.mmio_read(tail, 8))
        self.mmio(0x2020, W1C)
        self.compare_state()

    # --- what devices do ---

    def _ask(self, ask: Ask) -> None:
        self.requests += len(ask.requests)
        if ask.batch:
            answers = [self.golden.ask(asked) for asked in ask.requests]
            got = self.device.batch([request_of(asked) for asked in ask.requests])
            for one, other, asked in zip(answers, got, ask.requests):
                compare(one, other, asked, bool(self.golden.translator.withheld))
        else:
            for asked in ask.requests:
                wanted = self.golden.ask(asked)
                compare(wanted, self.device.request(request_of(asked)), asked, bool(self.golden.translator.withheld))
        self.compare_side_effects()

    def _interrupt(self, it: Interrupt) -> None:
        self.requests += 1
        wanted = self.golden.interrupt(it.dev, it.addr, it.data)
        compare_interrupt(wanted, self.device.interrupt(it.dev, it.addr, it.data), it)
        self.compare_side_effects()

    def _page(self, page: Page) -> None:
        self.requests += 1
        asked, names = page.request, page.names
        wanted = self.golden.page_request(asked, page.tag, page.last, names)
        got = self.device.page_request(asked.dev, asked.addr, page.tag, pasid=asked.pasid, privileged=asked.priv,
                                       read="R" in names, write="W" in names, execute="X" in names, last=page.last)
        if got.ok != (wanted.fault is None):
            raise Difference(f"{page}: expected {wanted}, got {got}")
        if got.fault and wanted.fault and got.fault.event_name != wanted.fault.kind:
            raise Difference(f"{page}: expected {fault_text(wanted.fault)}, got {got.fault}")
        self.compare_side_effects()

    # --- what both left behind ---

    def compare_side_effects(self) -> None:
        """Memory with its logs, interrupts, and messages to devices."""
        self.actions += 1
        if self.actions % self.rarely == 0:
            self.compare_memory()
        self.compare_messages()

    def compare_memory(self) -> None:
        if self.golden.memory.data != self.memory.data:  # type: ignore[attr-defined]
            raise Difference(self.first_byte())

    def compare_messages(self) -> None:
        irqs = {kind: len(vectors) for (kind, _), vectors in self.golden.irqs.items() if vectors}
        heard = {kind: self.irqs.count(kind) for kind in set(self.irqs) - {"vapic"}}
        if irqs != heard:
            raise Difference(f"interrupts: expected {irqs}, got {heard}")
        prgs = [(dev, answer) for dev, answers in self.golden.prgs.items() for answer in answers]
        for what, wanted, got in (("ATC invalidations", self.golden.atc, self.atc), ("PRG responses", prgs, self.prgs)):
            if sorted(wanted, key=repr) != sorted(got, key=repr):
                raise Difference(f"{what}: expected {wanted}, got {got}")
        self.forget()

    def forget(self) -> None:
        self.golden.irqs.clear()
        self.golden.prgs.clear()
        self.golden.atc.clear()
        self.irqs.clear()
        self.prgs.clear()
        self.atc.clear()

    def first_byte(self) -> str:
        one, other = self.golden.memory.data, self.memory.data  # type: ignore[attr-defined]
        page = next(at for at in range(0, SIZE, 4096) if one[at:at + 4096] != other[at:at + 4096])
        at = next(at for at in range(page, page + 4096, 8) if one[at:at + 8] != other[at:at + 8])
        wanted, got = (int.from_bytes(side[at:at + 8], "little") for side in (one, other))
        return f"memory at {at:#x}: expected {wanted:#018x}, got {got:#018x}"

    def compare_state(self) -> None:
        for off in REGISTERS:
            wanted, got = self.golden.mmio_read(off, 8), self.device.mmio_read(off)
            if wanted != got:
                raise Difference(f"register {off:#x}: expected {wanted:#x}, got {got:#x}")


def play(setting: Setting, actions: list[Action]) -> tuple[int, str] | None:
    """(index, text) of the first difference."""
    machine = Machine(setting)
    try:
        for index, action in enumerate(actions):
            try:
                machine.do(action)
            except Difference as difference:
                return index, str(difference)
    finally:
        machine.close()
    return None
