# SPDX-License-Identifier: Apache-2.0
"""Exhaustive small scenarios. Every case has entries of its own, so nothing stale can be seen."""
from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from golden.commands import is_legal
from golden.config import PRESETS
from golden.layout import COMMAND_RESERVED, EFR, mask
from golden.request import Request

from . import world as w
from .builder import Builder
from .world import GuestTable, HostTable, World, entry, v1_entry

Traces = dict[str, Builder]
OPS = ("read", "write", "exec", "atomic")
PERMS = ((True, True), (True, False), (False, True), (False, False))


def natural(level: int) -> int:
    return 1 << (12 + 9 * (level - 1))


# --- v1 (4) ---

def sizes(level: int) -> list[int]:
    """The natural page and every size code that the level accepts."""
    if level > 4:
        return [natural(level)]
    coded, top = natural(level) * 2, natural(level + 1) if level < 5 else 0
    return [natural(level), *[coded << n for n in range(8) if coded << n < top]]


class V1Case:
    """One device with a table of its own."""

    def __init__(self, world: World, rng: random.Random, dev: int, mode: int, level: int, size: int) -> None:
        self.w, self.rng, self.dev, self.level, self.size = world, rng, dev, level, size
        self.table = HostTable(world, mode)
        self.iova = rng.getrandbits(min(64, 12 + 9 * mode)) & ~0xFFF
        if self.is_special(self.iova):
            self.iova = 0
        self.fields = {"V": 1, "TV": 1, "Mode": mode, "root": self.table.root, "IR": 1, "IW": 1, "DomainID": dev}

    @staticmethod
    def is_special(iova: int) -> bool:
        """8.1: the interrupt range, and the HT block, about whose parts the golden model says nothing."""
        return iova >> 20 == 0xFEE or 0xFD_0000_0000 <= iova < 1 << 40

    def leaf(self, read: bool = True, write: bool = True, extra: int = 0, **change: int) -> None:
        """`level` and `code` replace the NextLevel field and the size code."""
        code = (self.size >> 1) - 1 & ~0xFFF if self.size != natural(self.level) else 0
        addr = self.rng.getrandbits(51) & ~(self.size - 1) & ~0xFFF | change.get("code", code)
        field = change.get("level", 7 if code else 0)
        copies = max(1, self.size // natural(self.level)) if code else 1
        base = self.iova & ~(self.size - 1)
        self.table.put(base, v1_entry(addr & (1 << 52) - 1, field, read, write, extra), self.level, copies)

    def directory(self, keep: int = 3, extra: int = 0) -> None:
        """Change the entry above the leaf's table: keep is IW:IR."""
        slot = self.table.slot(self.iova, self.level + 1)
        old = self.w.b.device.memory.u64(slot)
        self.w.b.word(slot, old & ~(3 << 61) | keep << 61 | extra)

    def ask(self) -> None:
        self.w.dte(self.dev, entry(**self.fields))
        span = min(self.size, 1 << 20)
        for op in ("read", "write"):
            addr = (self.iova & ~(span - 1)) + self.rng.randrange(span - 8)
            self.w.b.dma(Request(self.dev, addr, 8, op))
        self.w.consume_events()


def _v1_faults(case: V1Case, mode: int, cause: str) -> None:
    changes = {"reserved52": {"extra": 1 << 52}, "reserved56": {"extra": 1 << 56}, "not_present": {"extra": 0},
               "level_too_big": {"level": max(case.level, 1)}, "ignored": {"extra": 1 << 63 | 0x19E}}
    if cause in changes:
        case.leaf(**changes[cause])  # type: ignore[arg-type]
    else:
        case.leaf()
    if cause == "not_present":
        case.w.b.word(case.table.slot(case.iova, case.level), 3 << 61)
    if case.level < mode:
        directory = {"dir_r": (1, 0), "dir_w": (2, 0), "dir_none": (0, 0), "dir_rsv52": (3, 1 << 52),
                     "dir_rsv59": (3, 1 << 59), "dir_rsv60": (3, 1 << 60)}
        if cause in directory:
            case.directory(*directory[cause])


CAUSES = ("not_present", "reserved52", "reserved56", "level_too_big", "ignored", "dir_r", "dir_w", "dir_none",
          "dir_rsv52", "dir_rsv59", "dir_rsv60")


def _v1_mode(seed: int, mode: int) -> Builder:
    rng = random.Random(seed * 8 + mode)
    b = Builder(f"v1 Mode {mode}: page sizes, permissions, fault causes", seed)
    world, devs = World(b), itertools.count(0x100)
    world.boot()
    for level in range(1, min(mode, 5) + 1):
        for size, (read, write) in itertools.product(sizes(level), PERMS):
            case = V1Case(world, rng, next(devs), mode, level, size)
            case.leaf(read, write)
            case.ask()
        for cause in CAUSES:
            case = V1Case(world, rng, next(devs), mode, level, natural(level))
            _v1_faults(case, mode, cause)
            case.ask()
    _v1_odd(world, rng, devs, mode)
    return b


def _v1_odd(world: World, rng: random.Random, devs: Iterator[int], mode: int) -> None:
    """Device permissions, addresses above the Mode, skipped levels, a leaf at level 6."""
    for read, write in PERMS:
        case = V1Case(world, rng, next(devs), mode, 1, 4096)
        case.leaf()
        case.fields |= {"IR": int(read), "IW": int(write)}
        case.ask()
    if mode < 6:
        case = V1Case(world, rng, next(devs), mode, 1, 4096)
        case.leaf()
        case.iova |= 1 << (12 + 9 * mode)
        case.ask()
    for skipped in range(1, mode - 1):
        for clean in (True, False):
            _skip(world, rng, next(devs), mode, skipped, clean)
    if mode == 6:
        case = V1Case(world, rng, next(devs), 6, 6, 4096)
        world.b.word(case.table.slot(case.iova, 6), v1_entry(0x8000_0000, 0))
        case.ask()


def _skip(world: World, rng: random.Random, dev: int, mode: int, skipped: int, clean: bool) -> None:
    """The root points past `skipped` levels."""
    case = V1Case(world, rng, dev, mode, 1, 4096)
    below = mode - 1 - skipped
    middle = mask(11 + 9 * (mode - 1), 12 + 9 * below)
    case.iova = case.iova & ~middle & ~0xFFF if clean else case.iova & ~middle | 1 << (12 + 9 * below)
    case.leaf()
    target = case.table.table(case.iova, below)
    case.w.b.word(case.table.slot(case.iova, mode), v1_entry(target, below))
    case.ask()


def v1_matrix(seed: int, steps: int) -> Traces:
    return {f"v1_mode{mode}": _v1_mode(seed, mode) for mode in range(1, 7)}


# --- v2 (5) ---

def _v2(seed: int, levels: int, nested: bool) -> Builder:
    rng = random.Random(seed * 8 + levels + nested)
    b = Builder(f"v2 {levels} levels{' nested' if nested else ''}: permissions by level, request kinds", seed)
    world = World(b, w.GT | (w.TRP if nested else 0))
    host = HostTable(world, 4) if nested else None
    guest, dev = GuestTable(world, levels, host), 0x200
    fields = {"Mode": 4, "root": host.root} if host else {}
    world.dte(dev, entry(V=1, TV=1, IR=1, IW=1, DomainID=7, GV=1, GLX=0, GuestPagingMode=int(levels == 5),
                         gcr3=guest.root(), **fields))
    world.boot()
    for level in (1, 2, 3):
        for number, (flags, above) in enumerate(itertools.product(range(16), (7, 5, 3, 7 | 1 << 63))):
            _v2_case(world, rng, guest, host, dev, level, number, flags, above)
    return b


def _v2_case(world: World, rng: random.Random, guest: GuestTable, host: HostTable | None, dev: int, level: int,
             number: int, flags: int, above: int) -> None:
    """flags: P, RW, US, NX of the leaf; above: the entry over its table."""
    gva, pasid = (number + 1) << (12 + 9 * level), 1 + level
    page = _target(world, host, level, number)
    guest.table(pasid, gva, level + 1)
    guest.table(pasid, gva, level, above)
    bits = flags & 7 | (flags >> 3) << 63 | (0x80 if level > 1 else 0)
    guest.put(pasid, gva, page | bits, level)
    answers = []
    for op, priv in itertools.product(OPS, (False, True)):
        addr = gva + (rng.randrange(min(natural(level), 4096) - 8) & ~7)
        answers.append(world.b.dma(Request(dev, addr, 8, op, pasid, priv)))
    if not all(answer.fault for answer in answers):  # what denied requests leave in A is nobody's rule
        world.b.expect_mem(guest.slot(pasid, gva, level), 8)
    world.consume_events()


def _target(world: World, host: HostTable | None, level: int, number: int) -> int:
    """A page for the guest leaf; nested: host leaves of the same size."""
    spa = (0x40 + number) << 32 | level << 40
    if host is None:
        return spa
    gpa = (number + 1) << 31 | level << 39 if level < 3 else (number + 1) << 30 | 3 << 39
    host.put(gpa, v1_entry(spa, 0), level)
    return gpa


def v2_matrix(seed: int, steps: int) -> Traces:
    return {f"v2_{levels}level{'_nested' if nested else ''}": _v2(seed, levels, nested)
            for levels in (4, 5) for nested in (False, True)}


# --- interrupts (8) ---

def _int_entries(ga: bool) -> list[int]:
    """Every IntType, reserved bit and form."""
    plain = 0x31 << (64 if ga else 16) | 0x5A << 8
    out = [plain | remap | sup << 1 | kind << 2 | dm << 6
           for remap, sup, kind, dm in itertools.product((0, 1), (0, 1), range(8), (0, 1))]
    if not ga:
        return out + [plain | 1 | 1 << n for n in range(24, 32)] + [plain | 1 | 1 << 7]
    out += [plain | 1 | 1 << n for n in (*range(32, 64), *range(72, 120))]
    guest = 0x31 << 64 | 0x5A << 8 | 1 | 1 << 7 | 0x00C0FFEE << 32 | 0x5000 << 64
    return out + [guest | 1 << n for n in (1, 2, 3, 4, 6, 72, 75, 116, 119)] + [guest, guest & ~1]


def _int_table(seed: int, ga: bool, xt: bool, gam: bool) -> Builder:
    b = Builder(f"interrupt entries GAEn={int(ga)} XTEn={int(xt)} GAMEn={int(gam)}", seed)
    control = (w.GA if ga else 0) | (w.XT if xt else 0) | (w.GAM_VAPIC | w.GA_LOG if gam else 0)
    world = World(b, control)
    entries, table = _int_entries(ga), 0x60_0000
    size = 16 if ga else 4
    for index, value in enumerate(entries):
        if xt:
            value |= 0xABCD00 << 8 | 0x77 << 120
        b.word(table + size * index, value, size)
    world.dte(0x300, entry(IV=1, IntTabLen=9, int_root=table, IntCtl=2, V=1, DomainID=0x33))
    world.boot()
    for index in range(len(entries)):
        b.interrupt(0x300, 0xFEE0_0000, index)
        world.consume_events()
    if gam:
        b.expect_mem(0x5200, 0x80)
        b.expect_mem(w.GA_RING, 64)
        b.read(0x2048)
    return b


def _int_control(seed: int) -> Builder:
    """IntCtl x pass bits x delivery type x DM x IV, and table lengths."""
    b = Builder("IntCtl, pass bits, delivery types, table lengths", seed)
    world, devs = World(b), itertools.count(0x400)
    table = 0x60_0000
    b.mem(table, b"".join((1 | 0x12 << 8 | (n & 0xFF) << 16).to_bytes(4, "little") for n in range(2048)))
    cases = [dict(IntCtl=ctl, NMIPass=p & 1, InitPass=p >> 1 & 1, EIntPass=p >> 2, IV=iv)
             for ctl, p, iv in itertools.product(range(4), range(8), (0, 1))]
    lengths = [dict(IntCtl=2, IV=1, IntTabLen=n) for n in range(16)]
    chosen = [(next(devs), case) for case in cases + lengths]
    for dev, case in chosen:
        fields = {"IntTabLen": 9, "int_root": table, "DomainID": dev} | case
        world.dte(dev, entry(**fields))
    world.boot()
    for dev, case in chosen:
        _int_ask(b, dev, case)
        world.consume_events()
    return b


def _int_ask(b: Builder, dev: int, case: dict[str, int]) -> None:
    if "IntTabLen" in case:
        for power in range(11):
            b.interrupt(dev, 0xFEE0_0000, (1 << power) - 1 & ~0x600 | (1 << power & 0x1FF))
        return
    for kind, dm in itertools.product(range(8), (0, 4)):
        b.interrupt(dev, 0xFEE0_5000 | dm, kind << 8 | 0x41)


def int_matrix(seed: int, steps: int) -> Traces:
    forms = {"basic": (False, False, False), "ga": (True, False, False), "vapic": (True, False, True),
             "x2apic": (True, True, False), "x2apic_vapic": (True, True, True)}
    out = {f"int_{name}": _int_table(seed, *form) for name, form in forms.items()}
    return out | {"int_control": _int_control(seed)}


# --- commands (6) ---

def _legal(op: int, rng: random.Random) -> int:
    """A legal command that does nothing but be consumed."""
    value = op << 60 | rng.getrandbits(16)
    return {1: op << 60, 3: op << 60 | 3 << 64, 8: op << 60, 9: op << 60, 10: op << 60 | 0x7FF0}.get(op, value)


def cmd_matrix(seed: int, steps: int) -> Traces:
    rng = random.Random(seed)
    b = Builder("every command with each reserved bit; the ring restarts after each", seed,
                efr=PRESETS["genoa"][0] | 1)
    world = World(b)
    world.boot()
    for op in range(16):
        for bit in [None, *(n for n in range(128) if COMMAND_RESERVED.get(op, 0) >> n & 1)]:
            value = _legal(op, rng) | (1 << bit if bit is not None else 0)
            if op == 9 and bit is None:
                continue  # its effect is not defined
            _command(world, value)
    return {"cmd_reserved": b}


def _command(world: World, value: int) -> None:
    b = world.b
    if is_legal(value, b.cfg):
        world.sync(value)
        return
    world.submit(value)
    b.new_records()
    b.read(0x2020, 0x10)
    b.read(0x2000)
    world.restart_commands()
    world.consume_events()


# --- device table entries (3) ---

FUNCTIONAL = mask(1, 0) | mask(11, 7) | mask(63, 52) | mask(98, 97) | mask(103, 103) | mask(128, 128)
UNDECIDED = mask(245, 245)  # 13 no. 12 against 15 D1


def _dte_bits(seed: int, preset: str) -> Builder:
    """Each bit alone on top of a working entry; bits with a meaning of their own for the request are left out."""
    # 11.3 names two values for emulator-min
    config = {"efr": PRESETS[preset][0]} if preset == "emulator-min" else {}
    b = Builder(f"each bit of the device table entry, preset {preset}", seed, preset=preset, **config)
    world, devs = World(b), itertools.count(0x500)
    base = entry(V=1, TV=1, IR=1, IW=1, DomainID=0x21, IV=1, IntCtl=1, IntTabLen=9)
    chosen = [(next(devs), base ^ 1 << bit) for bit in range(256) if not (FUNCTIONAL | UNDECIDED) >> bit & 1 or bit == 63]
    for dev, value in chosen:
        world.dte(dev, value)
    world.boot()
    for dev, _ in chosen:
        b.dma(Request(dev, 0x12345678, 8, "write"))
        b.interrupt(dev, 0xFEE0_1000, 0x33)
        world.consume_events()
    return b


def _dte_modes(seed: int) -> Builder:
    """V, TV, Mode, IR, IW, SA against reads and writes with and without PASID."""
    b = Builder("V, TV, Mode, IR, IW, SA", seed)
    world, devs, table = World(b, w.GT), itertools.count(0x800), None
    table = HostTable(world, 6)
    table.put(0x5000, v1_entry(0x77_0000, 0))
    chosen = []
    for v, tv, mode, ir, iw, sa in itertools.product((0, 1), (0, 1), (0, 6, 7), (0, 1), (0, 1), (0, 1)):
        dev = next(devs)
        world.dte(dev, entry(V=v, TV=tv, Mode=mode, root=table.root, IR=ir, IW=iw, SA=sa, DomainID=0x40))
        chosen.append(dev)
    world.boot()
    for dev in chosen:
        for op in OPS:
            b.dma(Request(dev, 0x5008, 8, op))
        b.dma(Request(dev, 0x6008, 8, "read"))
        world.consume_events()
    return b


def dte_matrix(seed: int, steps: int) -> Traces:
    out = {f"dte_bits_{preset}": _dte_bits(seed, preset) for preset in ("genoa", "rome", "raphael", "emulator-min")}
    return out | {"dte_modes": _dte_modes(seed)}


# --- feature gating (2) ---

STICKY = {"PPRSup": mask(14, 14), "XTSup": mask(51, 50), "GTSup": mask(16, 16), "GASup": mask(17, 17),
          "EPHSup": mask(45, 45), "vIommuSup": mask(53, 52) | mask(60, 60), "BlkStopMrkSup": mask(41, 41),
          "GAUpdateDisSup": mask(54, 54), "GDUpdateDisSup": mask(48, 48)}


def efr_matrix(seed: int, steps: int) -> Traces:
    return {f"efr_no_{name}": _efr(seed, name) for name in (*STICKY, "PreFSup", "IASup")}


def _efr(seed: int, name: str) -> Builder:
    """Without the feature: control bits do not stick, its commands are illegal, its entry bits are reserved."""
    low = EFR[name][1]
    b = Builder(f"feature {name} absent", seed, efr=PRESETS["genoa"][0] & ~(1 << low))
    b.read(0x30)
    for bits in STICKY.values():
        b.write(0x18, 1 << 10 | bits)
        b.read(0x18, bits)
    b.write(0x18, 0)
    world = World(b)
    chosen = {0x700: entry(V=1, TV=1, IR=1, IW=1, GV=1), 0x701: entry(V=1, TV=1, IR=1, IW=1, PPR=1),
              0x702: entry(V=1, TV=1, IR=1, IW=1, GIoV=1)}
    for dev, value in chosen.items():
        world.dte(dev, value)
    world.boot()
    for dev in chosen:
        b.dma(Request(dev, 0x9000, 8, "read"))
    rng = random.Random(seed)
    for op in (6, 7, 8, 10):
        _command(world, _legal(op, rng))
    return b
