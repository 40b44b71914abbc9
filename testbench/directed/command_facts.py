# SPDX-License-Identifier: Apache-2.0
"""Commands: formats, range coding, semantics, errors (6.1 to 6.5)."""
from __future__ import annotations

from golden.commands import is_legal
from golden.config import PRESETS
from scenario import world as w
from scenario.world import op_devtab, op_pages

from .fact import DEV, DOM, Trace, fact

GENOA = PRESETS["genoa"][0]
PREF = GENOA | 1
NAMES = {1: "COMPLETION_WAIT", 2: "INVALIDATE_DEVTAB_ENTRY", 3: "INVALIDATE_IOMMU_PAGES", 4: "INVALIDATE_IOTLB_PAGES",
         5: "INVALIDATE_INTERRUPT_TABLE", 6: "PREFETCH_IOMMU_PAGES", 7: "COMPLETE_PPR_REQUEST",
         8: "INVALIDATE_IOMMU_ALL"}
# 6.2: every defined bit, typed from the table of formats; opcode apart
DEFINED = {
    1: 7 | (1 << 49) - 1 << 3 | (1 << 64) - 1 << 64,
    2: 0xFFFF,
    3: 0xFFFFF | 0xFFFF << 32 | 7 << 64 | ((1 << 52) - 1) << 76,
    4: 0xFFFFFFFF | 0xFFFF << 32 | 0xFFF << 48 | 5 << 64 | ((1 << 52) - 1) << 76,
    5: 0xFFFF,
    6: 0xFF00FFFF | 0xFFFFF << 32 | 0x15 << 64 | ((1 << 52) - 1) << 76,
    7: 0xFFFF | 0xFFFFF << 32 | 4 << 64 | 0xFFFF << 96,
    8: 0,
}


def halts(t: Trace, command: int) -> None:
    """ILLEGAL_COMMAND_ERROR with the address of the command; the ring stops at it."""
    assert not is_legal(command, t.cfg)
    t.world.submit(command)
    t.new_records()
    t.reads(0x2000, 0)
    t.reads(0x2020, 0, 0x10)


# --- 6.1 ---

@fact("6.1", "commands run while IommuEn and CmdBufEn are set and head is not tail; head follows")
def ring_runs(t: Trace) -> None:
    t.boot()
    t.world.sync(op_devtab(DEV), op_pages(DOM))
    t.reads(0x2000, 0x30)
    t.reads(0x2020, 0x10, 0x10)


@fact("6.1", "nothing is fetched while CmdBufEn=0; setting it starts", "6.1, 2.4 bit 12")
def waits_for_enable(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    wait, where = t.world.wait_command()
    t.world.submit(wait)
    t.memory_is(where, 0)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)


@fact("6.1", "commands are not processed while IommuEn=0; setting it starts", "6.1, 2.4 bit 0")
def waits_for_iommu(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~1)
    wait, where = t.world.wait_command()
    t.world.submit(wait)
    t.memory_is(where, 0)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)


@fact("6.1", "head and tail wrap at the ring's size")
def ring_wraps(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    wait, where = t.world.wait_command()
    t.word(w.CMD_RING + 0xFF0, op_devtab(1), 16)
    t.word(w.CMD_RING, wait, 16)
    t.write(0x2000, 0xFF0, 4)
    t.write(0x2008, 0x10, 4)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)
    t.reads(0x2000, 0x10)


@fact("6.1", "a ring of length code 9 has 512 entries")
def ring_of_512(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    t.write(0x8, w.CMD_RING + 0x10_0000 | 9 << 56)
    wait, where = t.world.wait_command()
    t.word(w.CMD_RING + 0x10_0000 + 0x1FF0, wait, 16)
    t.write(0x2000, 0x1FF0, 4)
    t.write(0x2008, 0, 4)
    t.write(0x18, t.world.control)
    t.memory_is(where, 1)
    t.reads(0x2000, 0)


@fact("6.1", "pointers beyond the ring are used modulo its size", "15 D16")
def pointers_modulo(t: Trace) -> None:
    t.boot()
    wait, where = t.world.wait_command()
    t.word(w.CMD_RING, wait, 16)
    t.write(0x2008, 0x1010, 4)
    t.memory_is(where, 1)
    t.reads(0x2000, 0x10)


# --- 6.2 ---

def first_reserved(op: int, bits: tuple[int, ...]) -> None:
    for bit in bits:
        def build(t: Trace, bit: int = bit) -> None:
            t.boot()
            halts(t, op << 60 | 1 << bit)
        build.__name__ = f"reserved_op{op}_bit{bit}"
        fact("6.2", f"{NAMES[op]}: bit {bit} is reserved, the command is illegal", "6.2, 6.5", efr=PREF)(build)


first_reserved(1, (52, 59))
first_reserved(2, (16, 59, 64, 127))
first_reserved(3, (20, 31, 48, 59, 67, 75))
first_reserved(4, (65, 67, 70, 75))
first_reserved(5, (16, 59, 64, 127))
first_reserved(6, (16, 23, 52, 59, 65, 67, 69, 75))
first_reserved(7, (16, 31, 52, 59, 64, 65, 67, 95, 112, 127))
first_reserved(8, (0, 59, 64, 127))


def defined_bits(op: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        for value in (op << 60, op << 60 | DEFINED[op] & ~7 if op == 1 else op << 60 | DEFINED[op]):
            assert is_legal(value, t.cfg), hex(value)
            t.world.submit(value)
        t.reads(0x2000, 0x20)
        t.logged(0)
    build.__name__ = f"defined_op{op}"
    fact("6.2", f"{NAMES[op]}: every defined bit may be set", "6.2", efr=PREF | 1 << 54)(build)


for number in range(1, 9):
    defined_bits(number)


@fact("6.2", "the TYPE field of INVALIDATE_IOTLB_PAGES is reserved without InvIotlbTypeSup", "6.2, 13 no. 35")
def type_field(t: Trace) -> None:
    t.boot()
    halts(t, 4 << 60 | 1 << 68)


def absent(op: int, name: str, config: dict[str, int]) -> None:
    def build(t: Trace) -> None:
        t.boot()
        halts(t, op << 60)
    build.__name__ = f"absent_op{op}"
    fact("6.2", f"{NAMES.get(op, f'opcode {op:X}h')} is illegal without {name}", "6.2, 6.5", 0, False, **config)(build)


absent(6, "PreFSup", {"efr": GENOA & ~1})
absent(7, "PPRSup", {"efr": GENOA & ~2})
absent(8, "IASup", {"efr": GENOA & ~(1 << 6)})
absent(9, "vIommuSup", {"efr": GENOA & ~(1 << 55)})
absent(10, "vIommuSup", {"efr": GENOA & ~(1 << 55)})


def unknown(op: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        halts(t, op << 60)
    build.__name__ = f"unknown_op{op}"
    fact("6.2", f"opcode {op:X}h is reserved", "6.2, 6.5")(build)


for number in (0, 11, 12, 13, 14, 15):
    unknown(number)


# --- 6.3: seen through the range of INVALIDATE_IOTLB_PAGES ---

def span(name: str, text: str, addr: int, sized: bool, base: int, size: int) -> None:
    def build(t: Trace) -> None:
        t.boot()
        t.world.sync(4 << 60 | DEV | (addr | sized) << 64)
        assert t.device.atc == [(DEV, base, size, None)], t.device.atc
        t.emit(f"expect_atc_inv dev={DEV:#x} addr={base:#x} size={size:#x}")
    build.__name__ = name
    fact("6.3", text)(build)


span("one_page", "S=0: the 4 KiB page of the address", 0x1234_5000, False, 0x1234_5000, 4096)
span("s0_ones", "S=0: one bits above bit 12 mean nothing", 0x001F_F000, False, 0x001F_F000, 4096)
span("two_pages", "S=1, bit 12 is 0: 8 KiB", 0x1234_4000, True, 0x1234_4000, 8192)
span("sixteen_k", "S=1, lowest zero is bit 13: 16 KiB, base with bits 13:12 cleared", 0x1234_5000, True, 0x1234_4000,
     16384)
span("two_m", "S=1: 2 MiB at X is X | FF000h", 0x4000_0000 | 0xF_F000, True, 0x4000_0000, 2 << 20)
span("half", "S=1, lowest zero is bit 50: 2^51 bytes", 0x0003_FFFF_FFFF_F000, True, 0, 1 << 51)
span("bit_51", "S=1, lowest zero at bit 51: everything", 0x0007_FFFF_FFFF_F000, True, 0, 0)
span("everything", "7FFF_FFFF_FFFF_F000h with S=1 is everything", 0x7FFF_FFFF_FFFF_F000, True, 0, 0)
span("all_ones", "an address without a zero bit is everything", 0xFFFF_FFFF_FFFF_F000, True, 0, 0)


# --- 6.5 ---

@fact("6.5", "a command that cannot be fetched is COMMAND_HARDWARE_ERROR type 1 with its address, the ring stops",
      ram=0x8000_0000)
def fetch_error(t: Trace) -> None:
    t.boot()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    t.write(0x8, 0x9000_0000 | w.LEN)
    t.write(0x18, t.world.control)
    t.write(0x2008, 0x10, 4)
    t.new_records()
    t.logged(1)
    t.reads(0x2020, 0, 0x10)
    t.reads(0x2000, 0)


@fact("6.5", "a store that fails is COMMAND_HARDWARE_ERROR with the address of the access", ram=0x8000_0000)
def store_error(t: Trace) -> None:
    t.boot()
    t.world.submit(1 << 60 | 0x9000_0008 | 1)
    t.new_records()
    t.logged(1)
    t.reads(0x2020, 0, 0x10)


@fact("6.5", "after an error commands behind it wait; CmdBufEn off and on goes on at the repaired command")
def restart(t: Trace) -> None:
    t.boot()
    t.world.submit(0, op_devtab(1))
    t.new_records()
    t.write(0x2008, t.world.tail, 4)
    t.reads(0x2000, 0)
    t.world.restart_commands()
    t.reads(0x2000, 0x20)


@fact("6.5", "a mere re-enable repeats the error")
def restart_unrepaired(t: Trace) -> None:
    t.boot()
    t.world.submit(0)
    t.new_records()
    t.write(0x18, t.world.control & ~w.COMMANDS)
    t.write(0x18, t.world.control)
    t.new_records()
    t.logged(2)


@fact("6.5", "writing the control register without CmdBufEn 0 to 1 does not restart the ring")
def no_restart(t: Trace) -> None:
    t.boot()
    t.world.submit(0)
    t.new_records()
    t.word(w.CMD_RING, op_devtab(1), 16)
    t.write(0x18, t.world.control)
    t.reads(0x2000, 0)
    t.reads(0x2020, 0, 0x10)
    t.logged(1)


@fact("6.5", "legal commands before the bad one are done")
def before_the_error(t: Trace) -> None:
    t.boot()
    wait, where = t.world.wait_command()
    t.world.submit(wait, 0xF << 60)
    t.memory_is(where, 1)
    t.new_records()
    t.reads(0x2000, 0x10)
