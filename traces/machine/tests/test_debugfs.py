# SPDX-License-Identifier: Apache-2.0
"""Texts as the driver's debugfs.c prints them."""
import pytest

from amdvi_machine.debugfs import Dump, parse
from amdvi_machine.errors import SourceError

ENTRY = "0000:00:04.0 0000000000000000 2000000000204013 0000000000000007 6000000000201603 iommu0\n"
HEAD = "DeviceId             QWORD[3]         QWORD[2]         QWORD[1]         QWORD[0] iommu\n"


def dump_of(text):
    dump = Dump()
    parse(text, "f", dump)
    return dump


def test_registers_and_capability_are_told_apart_by_their_digits():
    dump = dump_of("Offset:0x18 Value:0x000000000003f48f\nOffset:0x0 Value:0x1f03000f\n")
    assert dump.registers == {0x18: 0x3F48F} and dump.capability == {0: 0x1F03000F}


def test_ring():
    dump = dump_of("CMD Buffer Head Offset:97 Tail Offset:98\n  0: 011be001 10000000 00000024 00000000\n511: 0 0 0 1\n")
    assert (dump.head, dump.tail) == (97, 98)
    assert dump.ring[0] == bytes.fromhex("01e01b01000000102400000000000000") and dump.ring[511][12] == 1


def test_device_table_entry_has_its_highest_quadword_first():
    entry, unit = dump_of(HEAD + ENTRY).entries[(0, 0x20)]
    assert unit == 0 and entry & (1 << 64) - 1 == 0x6000000000201603 and entry >> 128 == 0x2000000000204013


def test_interrupt_tables_of_both_widths():
    text = "DeviceId 0000:00:04.0\nIRT[0001] 0000000000000031 0000000100000001\n\nDeviceId 0001:00:1f.2\nIRT[0002] 00260141\n\n"
    assert dump_of(text).interrupts == {(0, 0x20): {1: (0x31 << 64 | 0x100000001, 16)}, (1, 0xFA): {2: (0x260141, 4)}}


def test_what_the_driver_prints_in_place_of_data():
    text = ("Please provide mmio register's offset\nIRQ lookup table not set for 0000:00:04:0\nInterrupt remapping is disabled\n"
            f"Device table not found{HEAD}{ENTRY}The device's DTE contains an invalid IRT length value.{HEAD}{ENTRY}")
    dump = dump_of(text)
    assert len(dump.nothing) == 5 and (0, 0x20) in dump.entries


@pytest.mark.parametrize("text, told", [
    ("\nOffset:0x18 Value:0x3f48f\n", "f:2: Value: '3f48f' has neither 8 nor 16 digits"),
    ("Offset:0x18\n", "f:1: Value: missing"),
    ("Offset:zz Value:0x0000000000000000\n", "f:1: Offset: 'zz' is no hexadecimal number"),
    ("Offset:0x18 Value:0x+00000000000003f\n", "f:1: Value: "),
    ("CMD Buffer Head Offset:97\n", "f:1: CMD Buffer: no head and tail"),
    ("  7: 011be001 10000000\n", "f:1: command 7: 2 words in place of 4"),
    ("  7: 111be0011 10000000 0 0\n", "f:1: command 7: 111be0011 has more than 32 bits"),
    ("0000:00:04.0 0 0 0 iommu0\n", "f:1: device table entry: not four quadwords"),
    ("0000:00:24.0 0 0 0 0 iommu0\n", "f:1: DeviceId: "),
    ("IRT[0001] 00260141\n", "f:1: IRT: no line 'DeviceId"),
    ("DeviceId 0000:00:04.0\nIRT[9999] 00260141\n", "f:2: IRT index: 9999 has more than 11 bits"),
    ("DeviceId 0000:00:04.9\n", "f:1: DeviceId: '0000:00:04.9'"),
    ("hello\n", "f:1: 'hello' is no line of"),
])
def test_mistakes_name_line_and_field(text, told):
    with pytest.raises(SourceError) as caught:
        dump_of(text)
    assert str(caught.value).startswith(told)
