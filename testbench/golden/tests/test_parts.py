# SPDX-License-Identifier: Apache-2.0
"""Layouts, device table entries, commands, interrupt entries, records, the trace parser."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import commands, dte, irte
from golden.config import Config
from golden.device import Device
from golden.dte import Dte, Segment
from golden.events import Fault, decode, encode
from golden.irte import IrteMode
from golden.layout import COMMAND_RESERVED, COMMANDS, DTE, View, bits, mask
from golden.memory import BusError, Memory
from golden.replay import Replayer
from golden.trace import TraceError, parse


def test_gcr3_root_of_a_real_layout() -> None:
    value = int.from_bytes(bytes.fromhex("030000000000807c11005abd00580a00") + bytes(16), "little")
    assert Dte(value).gcr3_root == 0xA5DEAD7000
    assert Dte(value).GV and not Dte(value).GIoV


def test_no_field_of_the_entry_overlaps() -> None:
    seen = 0
    for high, low in DTE.values():
        assert not seen & mask(high, low)
        seen |= mask(high, low)


@pytest.mark.parametrize("op", sorted(COMMANDS))
def test_reserved_bits_and_fields_fill_a_command(op: int) -> None:
    fields = mask(63, 60)
    for high, low in COMMANDS[op].values():
        assert not fields & mask(high, low)
        fields |= mask(high, low)
    assert not fields & COMMAND_RESERVED[op]
    unnamed = {4: mask(75, 70), 7: mask(111, 96)}.get(op, 0)
    assert (fields | COMMAND_RESERVED[op] | unnamed) == mask(127, 0)


@pytest.mark.parametrize("segments, dev, where", [(1, 0x80, 0x1000), (2, 0x8000, 0x100000), (4, 0xC001, 0x300020),
                                                  (8, 0xE000, 0x700000)])
def test_segments(segments: int, dev: int, where: int) -> None:
    table = [Segment(0x100000 * n, 128 * 512) for n in range(segments)]
    assert dte.locate(table, dev) == where


def test_beyond_the_table() -> None:
    assert dte.locate([Segment(0, 128)], 0x80) is None


@pytest.mark.parametrize("field, rz", [(1 << 2, True), (1 << 63, True), (2 << 7, True), (0, None)])
def test_illegal_entry(field: int, rz: bool | None) -> None:
    assert dte.illegal_rz(Dte(3 | field), Config(), False) is rz


def test_level_field_is_not_rz() -> None:
    assert dte.illegal_rz(Dte(3 | 1 << 55 | 3 << 56), Config(), True) is False


@pytest.mark.parametrize("addr, s, expected", [(0x5000, 0, (0x5000, 4096)), (0xFF000, 1, (0, 2 << 20)),
                                               (0x40000000, 1, (0x40000000, 8192)),
                                               (0x7FFF_FFFF_FFFF_F000, 1, (0, 0)),
                                               (0xFFFF_FFFF_FFFF_F000, 1, (0, 0))])
def test_range_code(addr: int, s: int, expected: tuple[int, int]) -> None:
    assert commands.span(commands.decode(3 << 60 | s << 64 | addr << 64)) == expected


def test_iotlb_pasid() -> None:
    value = 4 << 60 | 0xA << 56 | 0xCD << 48 | 0xBE << 16
    assert commands.iotlb_pasid(commands.decode(value)) == 0xABECD


@pytest.mark.parametrize("value, bad", [(1 | 1 << 24, True), (1 | 2 << 2, True), (1 | 1 << 7, True), (0x310201, False)])
def test_irte32(value: int, bad: bool) -> None:
    mode = IrteMode(False, False, 0, True)
    assert irte.is_malformed(irte.view(value, mode), mode) is bad


def test_x2apic_destination() -> None:
    mode = IrteMode(True, True, 1, True)
    value = 1 | 0xABCDEF << 8 | 0x12 << 120
    assert irte.destination(irte.view(value, mode), mode) == 0x12ABCDEF


def test_event_bytes() -> None:
    fault = Fault("IO_PAGE_FAULT", frozenset({"I"}), 0xFEE03000, 0x11)
    assert encode(fault, 0x100).hex() == "00010000110008200030e0fe00000000"


@given(st.integers(0, 0xFFFF), st.integers(0, (1 << 20) - 1), st.integers(0, (1 << 64) - 1))
def test_event_round_trip(dev: int, pasid: int, addr: int) -> None:
    flags = frozenset({"GN", "US", "PR", "PE"})
    event = decode(encode(Fault("IO_PAGE_FAULT", flags, addr, 7, pasid), dev))
    assert (event.dev, event.pasid, event.addr, event.flags, event.dom) == (dev, pasid, addr, flags, 0)


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 63), st.integers(0, 63))
def test_bits(value: int, a: int, b: int) -> None:
    low, high = min(a, b), max(a, b)
    assert bits(value, high, low) << low == value & mask(high, low)


@given(st.lists(st.tuples(st.integers(0, 20000), st.binary(min_size=1, max_size=9000)), max_size=6))
def test_sparse_memory_is_memory(writes: list[tuple[int, bytes]]) -> None:
    memory, plain = Memory(1 << 20), bytearray(32768)
    for addr, data in writes:
        memory.write(addr, data)
        plain[addr:addr + len(data)] = data
    assert memory.read(0, 32768) == bytes(plain[:32768])


def test_memory_ends() -> None:
    with pytest.raises(BusError):
        Memory(4096).read(4090, 8)


@pytest.mark.parametrize("text", ["", "config preset=genoa", "amdvi-trace 2", "amdvi-trace 1\nnonsense a=1",
                                  "amdvi-trace 1\nmmio_read off=0 size=8 colour=1", "amdvi-trace 1\nmem addr=1",
                                  "amdvi-trace 1\nrun run"])
def test_not_a_trace(text: str) -> None:
    with pytest.raises(TraceError):
        parse(text)


def test_a_wrong_expectation_is_noticed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    records = parse("# head\namdvi-trace 1\nmmio_read off=0x30 size=8 value=0x1 # no\nmmio_read off=0x1a0 size=4\n")
    failures = Replayer("x", records, tmp_path).run()
    assert len(failures) == 1 and failures[0].startswith("x:3: mmio_read: expected value=0x1 got ")


def test_control_bits_of_absent_features_do_not_stick() -> None:
    device = Device(Config(efr=0, efr2=0))
    device.mmio_write(0x18, 8, (1 << 64) - 1)
    assert not View(device.mmio_read(0x18, 8), {"x": (16, 13)}).x
    assert not device.mmio_read(0x18, 8) >> 52 & 3
