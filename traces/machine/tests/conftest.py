# SPDX-License-Identifier: Apache-2.0
"""A small machine whose bytes are written down here, as the tables of the manuals say, without the importer's help."""
import io
import os
import pathlib
import struct
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
AMDVI = os.environ.get("AMDVI", "amdvi")
SAMPLE = ROOT / "traces/samples/linux612-machine.tar.gz"
EVENTS = ROOT / "traces/samples/linux-ftrace-sample.txt"
sys.path.insert(0, str(ROOT / "traces/machine"))

TABLE, LEVEL3, LEVEL2, LEVEL1, IRT, RING, LOG = 0x100000, 0x201000, 0x202000, 0x203000, 0x204000, 0x300000, 0x302000
DEVICE = 0x20  # 00:04.0
# V, TV, Mode 3, root, IR, IW; DomainID 7; IV, IntTabLen 9, root, IntCtl remap.
DTE = (0x6000000000201603, 0x7, 0x2000000000204013, 0)
# IOVA 0xffffe000 -> 0x1234000 rw, 0xfffff000 -> 0x5678000 r.
PAGES = {TABLE + DEVICE * 32: struct.pack("<4Q", *DTE), LEVEL3 + 3 * 8: struct.pack("<Q", 0x6000000000202401),
         LEVEL2 + 511 * 8: struct.pack("<Q", 0x6000000000203201), LEVEL1 + 510 * 8: struct.pack("<2Q", 0x7000000001234001, 0x3000000005678001),
         IRT + 16: struct.pack("<2Q", 0x0000000100000001, 0x31), RING: struct.pack("<4I", 0x20, 0x20000000, 0, 0)}
REGISTERS = {0x0: TABLE | 1, 0x8: 9 << 56 | RING, 0x10: 9 << 56 | LOG, 0x18: 0x21405, 0x30: 0x29D3, 0x2000: 0x10, 0x2008: 0x10}
UNIT = "amdvi-unit 1\ndevice_table=0x100000\nsegment_dev_table_size=0x2000\ncmd_buf=0x300000\nevt_buf=0x302000\nfeatures=0x29d3\n" \
       "amd_iommu_guest_ir=0x1\ncmd_buf_tail=0x10\n"


def core_file(memory, vaddr=0xFFFF888000000000, note=b"", places=()):
    """An ELF core with a segment of a page for each that has bytes; the header as elf(5) describes it. `places`: virtual
    addresses of pages that are not in the direct map."""
    pages, places = {}, dict(places)
    for address, data in memory.items():
        page = pages.setdefault(address & ~4095, bytearray(4096))
        page[address & 4095:(address & 4095) + len(data)] = data
    for address in (TABLE + 4096, RING + 4096, LOG, LOG + 4096):
        pages.setdefault(address, bytearray(4096))
    count = len(pages) + bool(note)
    offset = 64 + 56 * count + len(note)
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", 1, 6, offset + 4096 * index, places.get(address, vaddr + address), address, 4096, 4096, 4096)
                     for index, address in enumerate(sorted(pages)))
    if note:
        table += struct.pack("<IIQQQQQQ", 4, 0, 64 + 56 * count, 0, 0, len(note), len(note), 0)
    return head + table + note + b"".join(bytes(pages[address]) for address in sorted(pages))


def btf_of(structs):
    """A type section of structures alone; members as (name, offset in bytes, type)."""
    texts, types = bytearray(b"\0"), bytearray()

    def text(name):
        texts.extend(name.encode() + b"\0")
        return len(texts) - len(name) - 1

    for name, members in structs:
        types += struct.pack("<III", text(name) if name else 0, 4 << 24 | len(members), 256)
        for member, offset, kind in members:
            types += struct.pack("<III", text(member) if member else 0, kind, offset * 8)
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(texts)) + bytes(types) + bytes(texts)


TYPES = btf_of([("amd_iommu", [("list", 0, 0), ("index", 16, 0), ("mmio_phys", 24, 0), ("pci_seg", 40, 0), ("", 48, 2)]),
                ("", [("cmd_buf", 0, 0), ("evt_buf", 8, 0)]), ("amd_iommu_pci_seg", [("dev_table_size", 4, 0), ("dev_table", 16, 0)]),
                ("protection_domain", [("domain", 16, 0), ("iop", 64, 0), ("id", 200, 0)]),
                ("amd_io_pgtable", [("pgtbl", 8, 0)]), ("io_pgtable", [("ops", 40, 0)])])


UNIT_ADDRESS, SEGMENT, HEAD = 0xFFFF888000400000, 0xFFFF888000401000, 0xFFFF888000402000


def kernel_memory():
    unit = bytearray(64)
    struct.pack_into("<2QI4xQ8x3Q", unit, 0, HEAD, HEAD, 1, 0xFD200000, SEGMENT, 0xFFFF888000300000, 0)
    return {**PAGES, 0x400000: bytes(unit), 0x401000: struct.pack("<II8xQ", 0, 0x2000, 0xFFFF888000000000 + TABLE),
            0x402000: struct.pack("<2Q", UNIT_ADDRESS, UNIT_ADDRESS), 0x300000: bytes(8)}


def mmio_text(registers):
    return "".join(f"Offset:{offset:#x} Value:{value:#018x}\n" for offset, value in registers.items())


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
def amdvi():
    def run(*arguments, stdin=None):
        return subprocess.run([AMDVI, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, stdin=stdin)
    return run
