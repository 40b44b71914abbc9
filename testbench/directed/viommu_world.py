# SPDX-License-Identifier: Apache-2.0
"""Traces about the virtual IOMMU: the machine, its guests, and the register of facts.

What a trace expects is written down from reference/viommu.md; the golden model vouches for it where it replays it.
"""
from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from golden.layout import IPA_CMD, IPA_DEVMAP, IPA_DOMMAP, IPA_EVENT, IPA_PPR, IPA_RING
from golden.replay import replay_file
from golden.trace import TraceError
from scenario import world as w
from scenario.builder import Builder
from scenario.world import GuestTable, HostTable, World, entry, v1_entry

from .fact import FACTS, Fact

OWN, OWN_DOM = 0x0002, 0xFFF0
VCMD, VIOMMU, BUFFER_TRP = 1 << 52, 1 << 53, 1 << 60
BASE_CONTROL = w.GT | w.GA | w.GAM_VAPIC | w.TRP | VCMD | VIOMMU

GPA, PRIVATE = "gpa", "private"  # GstBufferTRPMode 1 and 0: who translates the addresses of a guest's buffers
BOTH = (GPA, PRIVATE)

SLOTS, DIRTY = 0x2000_0000, 0x2040_0000  # the private space's [0, 8 MiB)
BLOCKS, TWO_MIB = 0x2200_0000, 1 << 21  # and its other parts, in blocks of 2 MiB
INT_L1 = 0x2600_0000  # first level of the extended interrupt table (2.4)
IPA_EVENT_B, IPA_PPR_B = 0x48_0000_0000, 0x38_0000_0000

RING, EVENTS, PPRS, STORE, EVENTS_B, PPRS_B = range(0x5000_0000, 0x5000_6000, 0x1000)  # GPAs of every guest
IOVA, PASID = 0x7000, 1
LEN, EN, IRQ, PPR_EN = 8, 1 << 8, 1 << 9, 1 << 10  # of the control registers 0x20, 0x28 and 0x30 of VF Control
DEV_MAP, DOM_MAP, MISC, EVENT_B_BASE, CMD_CTRL, EVT_CTRL, PPR_CTRL, PPR_B_BASE = range(0, 0x40, 8)
HEAD, TAIL, EVT_HEAD, EVT_TAIL, STATUS = range(0, 0x28, 8)
PPR_HEAD, PPR_TAIL, PPR_B_HEAD, PPR_B_TAIL, EVT_B_HEAD, EVT_B_TAIL = 0x30, 0x38, 0x50, 0x58, 0x70, 0x78
OVERFLOW, EVT_INT, WAIT_INT, EVT_RUN, CMD_RUN, PPR_OVERFLOW, PPR_INT, PPR_RUN = (1 << bit for bit in range(8))
PPR_ACTIVE, OVERFLOW_B, EVT_ACTIVE, EARLY_B, EARLY = 1 << 12, 1 << 15, 1 << 16, 1 << 17, 1 << 18
PPR_OVERFLOW_B = 1 << 11

GUEST_FAULT = "IO_PAGE_FAULT"
ILLEGAL = "ILLEGAL_COMMAND_ERROR"


class Lines(Builder):
    """Records that are written down and not tried out."""

    def __init__(self, header: list[str]) -> None:
        self.lines = header

    def mem(self, addr: int, data: bytes) -> None:
        self.emit(f"mem addr={addr:#x} data={data.hex()}")

    def write(self, off: int, value: int, size: int = 8) -> None:
        self.emit(f"mmio_write off={off:#x} size={size} value={value:#x}")


def words(**keys: int | str | None) -> str:
    return "".join(f" {key}={value if isinstance(value, str) else hex(value)}" for key, value in keys.items()
                   if value is not None)


def record(*halves: int) -> bytes:
    return b"".join(half.to_bytes(8, "little") for half in halves)


class Machine(World):
    """The host's IOMMU as the hypervisor's driver leaves it (9.3), and its guests."""

    def __init__(self, lines: Lines, fact: VFact) -> None:
        super().__init__(lines, BASE_CONTROL | (BUFFER_TRP if fact.mode == GPA else 0) | fact.extra)
        self.mode = fact.mode
        self.blocks: dict[int, int] = {}
        self.own_table = HostTable(self, 3) if "own" not in fact.without else None
        self.has = {"slots", "maps", "devices"} - set(fact.without)
        if self.own_table:
            self._private_space()
        self.guests = [Guest(self, gid, index) for index, gid in enumerate(fact.guests)]

    @property
    def g(self) -> Guest:
        return self.guests[0]

    def note(self, text: str) -> None:
        self.b.emit(f"# {text}")

    # --- the private space (2) ---

    def _private_space(self) -> None:
        assert self.own_table
        self.note("private space: the IOMMU's own device table entry and its table")
        self.own()
        if "slots" in self.has:
            self.note(f"guest registers at {SLOTS:#x}, dirty bits at {DIRTY:#x}")
            entries = [v1_entry(SLOTS + n * TWO_MIB, 0) for n in range(4)]
            self.b.mem(self.own_table.slot(0, 2), record(*entries))

    def own(self, **fields: int) -> None:
        """The own device table entry; its table and its extended interrupt table."""
        root = self.own_table.root if self.own_table else 0
        base = {"V": 1, "TV": 1, "IR": 1, "IW": 1, "Mode": 3, "root": root, "DomainID": OWN_DOM,
                "IV": 1, "IntTabLen": 10, "IntCtl": 2, "int_root": INT_L1}
        self.dte(OWN, entry(**base | fields))

    def block(self, ipa: int) -> None:
        """2 MiB of the private space; maps of two or four guests share one."""
        assert self.own_table
        if ipa >> 21 not in self.blocks:
            self.blocks[ipa >> 21] = BLOCKS + len(self.blocks) * TWO_MIB
            self.own_table.put(ipa & -TWO_MIB, v1_entry(self.blocks[ipa >> 21], 0), 2)

    def spa(self, ipa: int) -> int:
        """Where a private address is, if it is in the registers or a map."""
        return SLOTS + ipa if ipa < 4 * TWO_MIB else self.blocks[ipa >> 21] + ipa % TWO_MIB

    def private_page(self, ipa: int, spa: int) -> None:
        assert self.own_table
        self.own_table.put(ipa, v1_entry(spa, 0))

    # --- registers ---

    def boot(self) -> None:
        self.note("the host's registers")
        super().boot()
        self.note("-" * 20)

    def write(self, off: int, value: int, size: int = 8) -> None:
        self.b.write(off, value, size)

    def reads(self, off: int, value: int, mask: int | None = None, size: int = 8) -> None:
        self.b.emit(f"mmio_read off={off:#x} size={size} value={value:#x}{words(mask=mask)}")

    def set_control(self, on: int = 0, off: int = 0) -> None:
        self.control = self.control & ~off | on
        self.write(0x18, self.control)

    def run(self) -> None:
        self.b.emit("run")

    # --- host commands ---

    def sync(self, *commands: int) -> None:
        """These commands, COMPLETION_WAIT, and the check that it completed."""
        wait, where = self.wait_command()
        self.submit(*commands, wait)
        self.memory(where, self.sequence)

    # --- checks ---

    def memory(self, addr: int, *values: int, size: int = 8) -> None:
        data = b"".join(value.to_bytes(size, "little") for value in values)
        self.b.emit(f"expect_mem addr={addr:#x} data={data.hex()}")

    def ok(self, **keys: int | str) -> None:
        self.b.emit("ok" + words(**keys))

    def fault(self, kind: str | None = None, flags: str | None = None, reply: str | None = None) -> None:
        self.b.emit("fault" + words(kind=kind, reply=reply, flags=flags))

    def event(self, index: int, kind: str | None = None, log: str = "host", raw: bytes | None = None,
              **keys: int | str) -> None:
        self.b.emit(f"expect_event log={log} index={index}" + words(kind=kind, **keys,
                                                                   raw=raw.hex() if raw else None))

    def count(self, log: str = "host", **counts: int) -> None:
        self.b.emit(f"expect_count log={log}" + "".join(f" {key}={value}" for key, value in counts.items()))

    def irq(self, kind: str, count: int | None = None, gid: int | None = None, vector: int | None = None) -> None:
        self.b.emit(f"expect_irq kind={kind}{words(gid=gid, vector=vector)}"
                    + (f" count={count}" if count is not None else ""))

    def atc(self, dev: int, addr: int, size: int, pasid: int | None = None) -> None:
        self.b.emit("expect_atc_inv" + words(dev=dev, addr=addr, size=size, pasid=pasid))

    # --- requests ---

    def dma(self, dev: int, addr: int = IOVA, op: str = "read", pasid: int | None = None, priv: bool = False,
            at: str | None = None) -> None:
        self.b.emit("dma" + words(dev=dev, addr=addr, len=8, op=op, pasid=pasid, at=at) + (" priv=1" if priv else ""))

    def interrupt(self, dev: int, data: int) -> None:
        self.b.emit("int" + words(dev=dev, addr=0xFEE0_0000, data=data))


class Guest:
    """A guest with one device, its rings in its own memory, all reached through a stage 2 of its own."""

    def __init__(self, m: Machine, gid: int, index: int) -> None:
        self.m, self.gid, self.log = m, gid, hex(gid)
        self.gdev, self.gdom = 0x10, 7
        self.hdev, self.hdom, self.trans, self.trans_dom = 0x308 + index, 0x51 + index, 0xFFFF - index, 0xF00 + index
        self.tail = self.sequence = 0
        m.note(f"guest {gid:#x}: entry of TransDevID {self.trans:#x} and stage 2; ring, event log, PPR log, stores,"
               " logs B")
        self.host = HostTable(m, 4)
        self.at = m.page()
        m.next_page = self.at + 0x6000
        m.b.mem(self.host.slot(RING), record(*(v1_entry(self.at + off, 0) for off in range(0, 0x6000, 0x1000))))
        self.ring, self.events, self.pprs, self.store, self.events_b, self.pprs_b = range(
            self.at, self.at + 0x6000, 0x1000)
        self.transdev()
        self.tables: GuestTable
        self._maps()
        if "devices" in m.has:
            m.note(f"its device {self.gdev:#x} is {self.hdev:#x}, DomainID {self.gdom} is {self.hdom:#x}")
            self.tables = GuestTable(m, 4, self.host)
            self.device()

    def _maps(self) -> None:
        m = self.m
        if m.own_table and "maps" in m.has:
            m.block(IPA_DEVMAP + (self.gid << 20))
            m.block(IPA_DOMMAP + (self.gid << 19))
        if m.own_table and m.mode == PRIVATE:
            m.note("its ring and logs by private address")
            pages = [(IPA_CMD, self.ring), (IPA_EVENT, self.events)]
            pages += [(IPA_PPR, self.pprs)] if "devices" in m.has else []
            for ipa, spa in pages:
                m.private_page(ipa + self.gid * IPA_RING, spa)

    def transdev(self, **fields: int) -> None:
        base = {"V": 1, "TV": 1, "IR": 1, "IW": 1, "Mode": 4, "root": self.host.root, "DomainID": self.trans_dom}
        self.m.dte(self.trans, entry(**base | fields))

    def device(self, hdev: int | None = None, **fields: int) -> None:
        """The nested entry of a device of this guest (5.3)."""
        gcr3 = fields.pop("gcr3", self.tables.root())
        base = {"V": 1, "TV": 1, "IR": 1, "IW": 1, "Mode": 4, "root": self.host.root, "DomainID": self.hdom, "GV": 1,
                "I": 1, "PPR": 1, "gcr3": gcr3, "vImuEn": 1, "GDeviceID": self.gdev, "GuestID": self.gid}
        self.m.dte(hdev or self.hdev, entry(**base | fields))

    def page(self, gva: int = IOVA, pasid: int = PASID, flags: int = 0x67) -> tuple[int, int]:
        """Maps a page through both stages; (GPA, SPA)."""
        gpa, spa = self.tables.alloc()
        self.tables.put(pasid, gva, gpa | flags)
        return gpa, spa

    # --- where its things are ---

    def dev_entry(self, gdev: int | None = None) -> int:
        return self.m.spa(IPA_DEVMAP + (self.gid << 20) + 16 * (self.gdev if gdev is None else gdev))

    def dom_entry(self, gdom: int | None = None) -> int:
        return self.m.spa(IPA_DOMMAP + (self.gid << 19) + 8 * (self.gdom if gdom is None else gdom))

    @property
    def slot(self) -> int:
        return SLOTS + 64 * self.gid

    def dirty(self, stride: int = 32) -> tuple[int, int]:
        """2.3: address of the 32 bits, and the bit."""
        return DIRTY + (self.gid & 0xFF) * stride + (self.gid >> 13) * 4, 1 << (self.gid >> 8 & 31)

    def dirty_is(self, on: bool) -> None:
        where, bit = self.dirty()
        self.m.memory(where, bit * on, size=4)

    def base(self, gpa: int) -> int:
        """Bits of a buffer's base for VF Control; they do not count by private address (11 #25)."""
        return gpa if self.m.mode == GPA else 0

    def address(self, gpa: int, private: int = 0) -> int:
        """How a record names a place in the guest's ring: by GPA, or by the offset."""
        return gpa if self.m.mode == GPA else private

    # --- registers ---

    def vf(self, off: int, value: int, size: int = 8) -> None:
        self.m.b.emit(f"vf_write gid={self.gid:#x} off={off:#x} size={size} value={value:#x}")

    def vf_is(self, off: int, value: int, mask: int | None = None, size: int = 8) -> None:
        self.m.b.emit(f"vf_read gid={self.gid:#x} off={off:#x} size={size} value={value:#x}{words(mask=mask)}")

    def vfc(self, off: int, value: int, size: int = 8) -> None:
        self.m.b.emit(f"vfc_write gid={self.gid:#x} off={off:#x} size={size} value={value:#x}")

    def vfc_is(self, off: int, value: int, mask: int | None = None, size: int = 8) -> None:
        self.m.b.emit(f"vfc_read gid={self.gid:#x} off={off:#x} size={size} value={value:#x}{words(mask=mask)}")

    def command_control(self, bits: int = EN | LEN) -> None:
        self.vfc(CMD_CTRL, self.base(RING) | bits)

    def event_control(self, bits: int = EN | LEN) -> None:
        self.vfc(EVT_CTRL, self.base(EVENTS) | bits)

    def ppr_control(self, bits: int = PPR_EN | EN | LEN) -> None:
        self.vfc(PPR_CTRL, self.base(PPRS) << 4 | bits)

    def start(self, command: int = EN | LEN, events: int = EN | LEN, pprs: int = 0) -> None:
        self.m.note(f"guest {self.gid:#x} starts")
        self.vfc(MISC, self.trans << 16)
        if events:
            self.event_control(events)
        if pprs:
            self.ppr_control(pprs)
        if command:
            self.command_control(command)

    def map_device(self, gdev: int | None = None, hdev: int | None = None, valid: int = 1, queue: int = 0,
                   commit: int = 1) -> None:
        gdev, hdev = self.gdev if gdev is None else gdev, self.hdev if hdev is None else hdev
        self.vfc(DEV_MAP, commit << 63 | gdev << 46 | queue << 30 | hdev << 14 | valid)

    def map_domain(self, gdom: int | None = None, hdom: int | None = None, valid: int = 1, commit: int = 1) -> None:
        gdom, hdom = self.gdom if gdom is None else gdom, self.hdom if hdom is None else hdom
        self.vfc(DOM_MAP, commit << 63 | gdom << 46 | hdom << 14 | valid)

    # --- its ring ---

    def put(self, *commands: int) -> None:
        for value in commands:
            self.m.b.word(self.ring + self.tail, value, 16)
            self.tail = (self.tail + 16) % 4096

    def kick(self) -> None:
        self.vf(TAIL, self.tail)

    def submit(self, *commands: int) -> None:
        self.put(*commands)
        self.kick()

    def wait_command(self) -> tuple[int, int, int]:
        """COMPLETION_WAIT that stores its number; (command, where, number)."""
        self.sequence += 1
        number = self.gid << 16 | self.sequence
        return 1 << 60 | STORE + 8 * self.sequence | 1 | number << 64, self.store + 8 * self.sequence, number

    def sync(self, *commands: int) -> None:
        """These commands, COMPLETION_WAIT, and the check that it completed."""
        wait, where, number = self.wait_command()
        self.submit(*commands, wait)
        self.m.memory(where, number)

    def done(self, count: int = 1) -> None:
        """That many commands were taken from the start of the ring."""
        self.vf_is(HEAD, 16 * count)

    # --- requests of its device ---

    def dma(self, addr: int = IOVA, op: str = "read", pasid: int | None = PASID, priv: bool = True,
            dev: int | None = None) -> None:
        self.m.dma(dev or self.hdev, addr, op, pasid, priv)

    def reads(self, spa: int, addr: int = IOVA, pasid: int | None = PASID, dev: int | None = None) -> None:
        """The device reads there and reaches that page."""
        self.dma(addr, "read", pasid, dev=dev)
        self.m.ok(pa=spa)

    def miss(self, addr: int = 0x6000, dev: int | None = None) -> None:
        """The device reads where the guest mapped nothing."""
        self.dma(addr, dev=dev)
        self.m.fault(GUEST_FAULT, "GN", "abort")

    def pri(self, tag: int, addr: int = 0x5000, dev: int | None = None, last: bool = True) -> None:
        """A user request to read."""
        self.m.b.emit("pri" + words(dev=dev or self.hdev, addr=addr, tag=tag, pasid=PASID) + " r=1"
                      + (" last=1" if last else ""))

    def event(self, index: int, kind: str | None = None, raw: bytes | None = None, **keys: int | str) -> None:
        self.m.event(index, kind, self.log, raw, **keys)

    def ppr(self, index: int, **keys: int | str) -> None:
        self.m.b.emit(f"expect_ppr log={self.log} index={index}" + words(**keys))

    def count(self, **counts: int) -> None:
        self.m.count(self.log, **counts)


def op_devtab(dev: int) -> int:
    return 2 << 60 | dev


def op_iotlb(dev: int, queue: int, addr: int) -> int:
    return 4 << 60 | queue << 32 | dev | addr << 64


def op_inttab(dev: int) -> int:
    return 5 << 60 | dev


def op_complete(dev: int, tag: int, code: int = 0) -> int:
    return 7 << 60 | dev | (tag | code << 12) << 96


OP_ALL = 8 << 60


def op_insert(gid: int) -> int:
    return 9 << 60 | gid << 32


def op_reset(gid: int, everything: int = 1, engine: int = 1) -> int:
    return 10 << 60 | engine << 31 | everything << 28 | gid


@dataclass(frozen=True)
class VFact(Fact):
    """A fact about the virtual IOMMU; `build` gets the machine, `mode` says how guest buffers are addressed."""

    guests: tuple[int, ...] = (1,)
    mode: str = GPA
    extra: int = 0
    settings: str = ""
    without: tuple[str, ...] = ()
    play: Callable[[Machine], None] | None = None

    def trace(self) -> str:
        """The file, with `witness: reference` where the golden model does not replay it."""
        header = ["# SPDX-License-Identifier: Apache-2.0", "amdvi-trace 1", f"# fact: {self.text}",
                  f"# ref: reference/viommu.md {self.ref}"]
        lines = Lines(header + ([f"config {self.settings}"] if self.settings else []))
        assert self.play
        self.play(Machine(lines, self))
        if not golden_agrees(lines.text()):
            lines.lines.insert(4, "# witness: reference")
        return lines.text().rstrip() + "\n"


def golden_agrees(text: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.trace"
        path.write_text(text, encoding="utf-8")
        try:
            failures, checks = replay_file(path)
        except (TraceError, AttributeError, KeyError, ValueError):
            return False
    return bool(checks) and not failures


def _unused(_: object) -> None:
    """A VFact is built by `play`."""


def register(section: str, name: str, text: str, ref: str, play: Callable[[Machine], None], modes: tuple[str, ...],
             stale: bool, options: dict[str, object]) -> None:
    for mode in modes:
        other = mode == PRIVATE and len(modes) > 1
        FACTS.append(VFact(f"viommu-{section}", name + ("_private" if other else ""),
                           text + (", with GstBufferTRPMode=0" if other else ""), ref, 0, (), stale, _unused,
                           mode=mode, play=play, **options))  # type: ignore[arg-type]


def vfact(section: str, text: str, ref: str = "", *, modes: tuple[str, ...] = (GPA,), stale: bool = False,
          guests: tuple[int, ...] = (1,), control: int = 0, config: str = "",
          without: tuple[str, ...] = ()) -> Callable[[Callable[[Machine], None]], Callable[[Machine], None]]:
    """Registers a function as the fact of that name, in both modes if so told."""
    options: dict[str, object] = {"guests": guests, "extra": control, "settings": config, "without": without}

    def take(play: Callable[[Machine], None]) -> Callable[[Machine], None]:
        name = f"viommu_{play.__name__}" if stale else play.__name__
        register(section, name, text, ref or section, play, modes, stale, options)
        return play
    return take


Choice = Callable[[Machine, str], None]


def row(number: int | str, text: str, key: str = "", others: dict[str, str] | None = None, ref: str = "", *,
        modes: tuple[str, ...] = (GPA,), stale: bool = False, guests: tuple[int, ...] = (1,), control: int = 0,
        config: str = "", without: tuple[str, ...] = ()) -> Callable[[Choice], Choice]:
    """A decision of section 11 (a number) or 12 ("E1"), or a switch without a row: the default, where `build` gets
    "", and the other values of the key, each with the text of its fact."""
    chapter = {int: "11", str: "12"}[type(number)]
    label = f"{number:02}_" if isinstance(number, int) else f"e{int(number[1:]):02}_"
    where = f"{chapter} {f'#{number}' if isinstance(number, int) else number}" + (f", {ref}" if ref else "")

    def options(value: str) -> dict[str, object]:
        settings = f"{config} {key}={value}" if value else config
        return {"guests": guests, "extra": control, "settings": settings.strip(), "without": without}

    def take(play: Choice) -> Choice:
        name = f"{f'viommu_{chapter}_' if stale else ''}{label}{play.__name__}"
        register(chapter, name, text, where, lambda m: play(m, ""), modes, stale, options(""))
        for value, other in (others or {}).items():
            register(chapter, f"{name}_{value}", other, f"{where}: {key}",
                     lambda m, value=value: play(m, value), modes, stale, options(value))
        return play
    return take
