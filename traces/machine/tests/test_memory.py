# SPDX-License-Identifier: Apache-2.0
"""Core files, the kernel's structures in them, and which pages tables lie in."""
import io
import struct

import pytest
from conftest import DEVICE, HEAD, IRT, LEVEL1, LEVEL2, LEVEL3, PAGES, TABLE, TYPES, UNIT_ADDRESS, core_file, kernel_memory

from amdvi_machine import collect, elf, kernel
from amdvi_machine.btf import Btf
from amdvi_machine.errors import SourceError, Unreadable
from amdvi_machine.walk import Walk


def core_of(data):
    return elf.Core(io.BytesIO(data), "core")


def test_physical_and_virtual():
    core = core_of(core_file(PAGES))
    assert core.physical(LEVEL3 + 24, 8) == bytes.fromhex("0124200000000060")
    assert core.virtual(0xFFFF888000000000 + LEVEL3 + 24, 8) == core.physical(LEVEL3 + 24, 8)
    assert core.to_physical(0xFFFF888000000000 + TABLE + 5) == TABLE + 5
    assert core.physical(TABLE + 4090, 12) == bytes(12)  # over the edge of two segments
    with pytest.raises(Unreadable):
        core.physical(0x700000, 8)


def test_segments_may_overlap():
    """As the kernel's text does with the memory that it lies in: bytes behind the text are memory's."""
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    wide = struct.pack("<IIQQQQQQ", 1, 6, 176, 0x10000, 0x1000, 0x3000, 0x3000, 0)
    text = struct.pack("<IIQQQQQQ", 1, 6, 176 + 0x1000, 0xF0000, 0x2000, 0x100, 0x100, 0)
    core = core_of(head + wide + text + bytes(0x2000) + b"\x07" * 0x1000)
    assert core.physical(0x3000, 2) == b"\x07\x07" and core.physical(0x2050, 1) == b"\0"


@pytest.mark.parametrize("change, told", [
    (lambda data: data[:40], "ELF header: the file ends at"),
    (lambda data: b"\x7fELF\x01" + data[5:], "e_ident"),
    (lambda data: data[:16] + b"\x02" + data[17:], "e_type 2"),
    (lambda data: data[:54] + b"\x20" + data[55:], "e_phentsize 32"),
    (lambda data: data[:56] + b"\xf0\xff" + data[58:300], "program headers: the file ends"),
    (lambda data: data[:64 + 16] + b"\xff" * 8 + data[64 + 24:], "program header 0: p_vaddr"),
    (lambda data: data[:32] + b"\xff" * 8 + data[40:], "program headers: "),
])
def test_mistakes_of_core_files(change, told):
    with pytest.raises(SourceError, match=told):
        core_of(change(core_file(PAGES)))


def test_a_file_that_the_collector_cuts_is_named(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_bytes(bytes((1 << 20) + 1))
    for most, missing in ((1 << 20, ["debugfs/file: more than 1 MiB: the rest is cut off"]), (2 << 20, [])):
        monkeypatch.setattr(collect, "MOST_FILE", most)
        taken = collect.Collection()
        taken.take("debugfs/file", str(tmp_path / "file"))
        assert taken.missing == missing and len(taken.files["debugfs/file"]) == min(most, (1 << 20) + 1)


def test_what_the_collector_writes_is_read_again():
    pages = {0x5000: b"\x01" * 4096, 0x6000: b"\x02" * 4096, 0x9000: b"\x03" * 4096}
    out = io.BytesIO()
    elf.write(out, pages)
    core = core_of(out.getvalue())
    assert len(core.segments) == 2 and all(core.physical(at, 4096) == page for at, page in pages.items())


def test_walk_finds_all_tables():
    walk = Walk(core_of(core_file(PAGES)).physical, 100)
    walk.table(TABLE, 2, True)
    assert set(walk.devices) == {DEVICE}
    assert {LEVEL3, LEVEL2, LEVEL1, IRT, TABLE} <= set(walk.pages) and not walk.problems()[1:]
    assert "0x205000" in walk.problems()[0]  # 512 entries of 16 bytes are two pages, and the file has one


def test_walk_of_guest_tables():
    """GV with two levels of GCR3, 4-level guest table; a 2 MiB page ends the walk at its level."""
    memory = {0x1000: struct.pack("<4Q", 0x61 << 56 | 1 << 55 | 3, 0, 0, 0), 0x10000: struct.pack("<Q", 0x11001)}
    entry = 3 | 1 << 55 | 1 << 56 | 3 << 61 | (0x10 & 7) << 58 | (0x10 >> 3 & 0xFFFF) << 80
    memory[0x1000] = entry.to_bytes(32, "little")
    memory[0x11000] = struct.pack("<2Q", 0, 0x12001)
    memory[0x12000] = struct.pack("<Q", 0x13007)
    memory[0x13000] = struct.pack("<Q", 0x14007)
    memory[0x14000] = struct.pack("<2Q", 0x15007, 0x200087)
    memory[0x15000] = struct.pack("<Q", 0x99007)
    walk = Walk(core_of(core_file(memory)).physical, 100)
    walk.table(0x1000, 1, True)
    assert {0x10000, 0x11000, 0x12000, 0x13000, 0x14000, 0x15000} == set(walk.pages) - {0x1000}


def test_a_table_that_points_to_itself_and_a_bound():
    loop = {TABLE: struct.pack("<4Q", 0x6000000000201C03, 0, 0, 0), LEVEL3: struct.pack("<512Q", *[0x6000000000201A01] * 512)}
    walk = Walk(core_of(core_file(loop)).physical, 100)
    walk.table(TABLE, 1, False)
    assert len(walk.pages) == 2
    few = Walk(core_of(core_file(PAGES)).physical, 3)
    few.table(TABLE, 2, True)
    assert len(few.pages) == 3 and "more than 3 pages" in few.problems()[-1]


def test_sizes_of_pages_that_no_level_has():
    """A guest table behind a host table with a 64 KiB page (NextLevel 7; zero at bit 15 of the address)."""
    memory = {0x1000: struct.pack("<512Q", *[0x6000000000107E01 | 0x100000] * 512)}
    walk = Walk(core_of(core_file(memory)).physical, 10)
    assert walk.translate(0x1000, 1, 0x5123 & ~0xFFF) == 0x105000
    with pytest.raises(Unreadable):
        walk.translate(TABLE, 2, 0x5000)


# ------------------------------------------------------------ the kernel's structures

SYMBOLS = f"{HEAD:016x} d amd_iommu_list\nffff888000403000 T printk\n"


def test_units_of_a_kernel():
    core = core_of(core_file(kernel_memory()))
    found = kernel.Kernel(core, kernel.symbols(SYMBOLS, "syms"), Btf(TYPES, "btf")).units()
    assert found == [{"address": UNIT_ADDRESS, "index": 1, "mmio_phys": 0xFD200000, "cmd_buf": 0x300000, "segment_dev_table_size": 0x2000,
                      "device_table": TABLE, "direct_map": 0xFFFF888000000000}]


def test_where_a_domain_keeps_its_number():
    assert kernel.domain_offsets(Btf(TYPES, "btf")) == {"domain": 184, "ops": 200 - 64 - 8 - 40}


@pytest.mark.parametrize("text, told", [("", "no symbol amd_iommu_list"), ("0" * 16 + " d amd_iommu_list\n", "addresses are hidden")])
def test_symbols_that_do_not_help(text, told):
    with pytest.raises(SourceError, match=told):
        kernel.symbols(text, "syms")


@pytest.mark.parametrize("data, told", [
    (b"", "no BTF"), (TYPES[:60], "sections end behind the file"),
    (TYPES[:24] + struct.pack("<III", 0, 31 << 24, 0) + TYPES[36:], "kind 31 is not known"),
    (TYPES[:24] + struct.pack("<III", 0, 4 << 24 | 0xFFFF, 0) + TYPES[36:], "runs over the section's end")])
def test_mistakes_of_types(data, told):
    with pytest.raises(SourceError, match=told):
        Btf(data, "btf")
