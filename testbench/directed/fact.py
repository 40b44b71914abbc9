# SPDX-License-Identifier: Apache-2.0
"""A trace about one fact."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from golden.config import Config
from golden.device import Device
from golden.request import Outcome, Request
from scenario import world as w
from scenario.builder import Builder
from scenario.world import GuestTable, HostTable, World, entry

DEV, DOM = 0x100, 0x21
IOVA, PAGE = 0x7000, 0x77_7000
PASID = 5
BASE = {"V": 1, "TV": 1, "IR": 1, "IW": 1, "DomainID": DOM}


class Trace(Builder):
    """A builder whose header names the fact, with the machine of scenario.world on it."""

    def __init__(self, fact: Fact) -> None:
        self.cfg = Config()
        self.lines = ["# SPDX-License-Identifier: Apache-2.0", "amdvi-trace 1", f"# fact: {fact.text}",
                      f"# ref: reference/iommu.md {fact.ref}"]
        self._configure(dict(fact.config))
        self.device = Device(self.cfg)
        self.events = self.pprs = 0
        self.guest_events = {}
        self.witness = "golden"
        self.world = World(self, fact.control)
        self.last: Outcome | None = None

    def _configure(self, config: dict[str, int | str]) -> None:
        if not config:
            return
        if "preset" in config:
            self.cfg.preset(str(config["preset"]))
        for key, value in config.items():
            if key != "preset":
                setattr(self.cfg, key, value)
        words = (f"{key}={value if isinstance(value, str) else hex(value)}" for key, value in config.items())
        self.emit("config " + " ".join(words))

    def note(self, text: str) -> None:
        self.emit(f"# {text}")

    # --- tables ---

    def dte(self, dev: int = DEV, raw: int = 0, **fields: int) -> None:
        """BASE with these fields; a field that is None is left out."""
        self.world.dte(dev, entry(**BASE | fields) | raw)

    def host(self, mode: int = 3, dev: int = DEV, raw: int = 0, **fields: int) -> HostTable:
        """A device with a v1 table that maps IOVA to PAGE."""
        table = HostTable(self.world, mode)
        table.put(IOVA, w.v1_entry(PAGE, 0))
        self.dte(dev, raw, Mode=mode, root=table.root, **fields)
        return table

    def guest(self, levels: int = 4, dev: int = DEV, nested: int = 0, flags: int = 0x67, **fields: int) -> GuestTable:
        """A device with v2 tables, nested if a host Mode is given; PASID maps IOVA to PAGE."""
        host = HostTable(self.world, nested) if nested else None
        tables = GuestTable(self.world, levels, host)
        tables.put(PASID, IOVA, PAGE | flags)
        if host:
            host.put(PAGE, w.v1_entry(PAGE | 0x4000_0000_0000, 0))
            fields = {"Mode": nested, "root": host.root} | fields
        self.dte(dev, GV=1, gcr3=tables.root(), GuestPagingMode=int(levels == 5), **fields)
        return tables

    def b_table(self, base: int, index: int, **fields: int) -> None:
        """An entry of another device table."""
        self.word(base + 32 * index, entry(**BASE | fields), 32)

    def hand(self, *lines: str) -> None:
        """Records that the golden model does not know about."""
        for line in lines:
            self.emit(line)
        self.witness = "reference"

    def boot(self) -> None:
        self.world.boot()

    # --- requests, with what is expected said by hand ---

    def ask(self, op: str, addr: int = IOVA, pasid: int | None = None, dev: int = DEV, length: int = 8,
            **more: object) -> None:
        self.last = self.dma(Request(dev, addr, length, op, pasid, **more))  # type: ignore[arg-type]

    def ats(self, req: Request) -> Outcome:
        before = len(self.lines)
        outcome = super().ats(req)
        if req.no_write:
            self.lines[before] += " nw=1"
        return outcome

    def interrupt(self, dev: int, addr: int, data: int) -> Outcome:
        self.emit(f"int dev={dev:#x} addr={addr:#x} data={data:#x}")
        outcome = self.device.interrupt(dev, addr, data)
        posted = outcome.addr is None
        return self.stated(outcome, () if posted else ("addr", "data", "vector", "dest", "mode", "type"))

    def translate(self, addr: int = IOVA, pasid: int | None = None, dev: int = DEV, **more: object) -> None:
        self.last = self.ats(Request(dev, addr, 4096, "ats", pasid, **more))  # type: ignore[arg-type]

    def msi(self, data: int, addr: int = 0xFEE0_0000, dev: int = DEV) -> None:
        self.last = self.interrupt(dev, addr, data)

    def ok(self, **expected: object) -> None:
        assert self.last and not self.last.fault, self.last
        for key, value in expected.items():
            assert getattr(self.last, key) == value, (key, value, self.last)

    def fault(self, kind: str | None, flags: str = "", reply: str | None = None) -> None:
        assert self.last and self.last.fault, self.last
        found = self.last.fault
        assert found.kind == kind, found
        if kind:
            assert found.names == frozenset(flags.split()), (flags, found.names)
        assert reply in (None, found.reply), found

    def page_fault(self, flags: str = "") -> None:
        self.fault("IO_PAGE_FAULT", flags)

    def reads(self, off: int, value: int, mask: int | None = None, size: int = 8) -> None:
        got = self.device.mmio_read(off, size)
        assert got & (mask if mask is not None else got | value) == value, (hex(off), hex(got), hex(value))
        self.read(off, mask, size)

    def memory_is(self, addr: int, value: int, length: int = 8) -> None:
        got = self.device.memory.read_int(addr, length)
        assert got == value, (hex(addr), hex(got), hex(value))
        self.expect_mem(addr, length)

    def irq(self, kind: str, count: int, vector: int | None = None) -> None:
        raised = self.device.irqs.pop((kind, None), [])
        assert len(raised) == count, raised
        self.emit(f"expect_irq kind={kind} count={count}" + (f" vector={vector:#x}" if vector is not None else ""))

    def logged(self, count: int) -> None:
        assert len(self.device.evt.records) == count, len(self.device.evt.records)
        self.emit(f"expect_count log=host event={count}")


@dataclass(frozen=True)
class Fact:
    """`stale`: only true with caches, and stated by hand."""

    section: str
    name: str
    text: str
    ref: str
    control: int
    config: tuple[tuple[str, int | str], ...]
    stale: bool
    build: Callable[[Trace], None]

    def trace(self) -> str:
        """The file. `witness` says who vouches for it: the golden model replays it, or only the reference does."""
        trace = Trace(self)
        self.build(trace)
        if self.stale or trace.witness != "golden":
            trace.lines.insert(4, "# witness: reference")
        return trace.text().rstrip() + "\n"


FACTS: list[Fact] = []


def fact(section: str, text: str, ref: str = "", control: int = 0, stale: bool = False,
         **config: int | str) -> Callable[[Callable[[Trace], None]], Callable[[Trace], None]]:
    """Registers a function as the fact of that name."""
    def register(build: Callable[[Trace], None]) -> Callable[[Trace], None]:
        FACTS.append(Fact(section, build.__name__, text, ref or section, control, tuple(config.items()), stale, build))
        return build
    return register


