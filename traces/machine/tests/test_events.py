# SPDX-License-Identifier: Apache-2.0
"""Events as ftrace, trace-cmd and perf print them."""
import io

import pytest

from amdvi_machine import image
from amdvi_machine.errors import SourceError
from amdvi_machine.events import parse
from amdvi_machine.stream import Stream
from amdvi_machine.text import Writer

COMMAND = "iommu_cmd: (__iommu_queue_command_sync+0x0/0xd0) iommu=0xffff8b7a41052000 w0=0x20 w1=0x20000000 w2=0x0 w3=0x0 sync=1"


@pytest.mark.parametrize("line", [
    f"        modprobe-97      [000] d..2.     4.774847: {COMMAND}",
    f"  kworker/0:1H-37      [002]     4.774847: {COMMAND}",  # trace-cmd report
    f"  a [b] c 97 [012]     4.774847: amdvi:{COMMAND}",  # perf script, a task with a bracket in its name
])
def test_one_event_in_three_dresses(line):
    event = parse(line, "t")[0]
    assert (event.kind, event.ns) == ("iommu_cmd", 4774847000)
    assert event.values == {"w0": 0x20, "w1": 0x20000000, "w2": 0, "w3": 0, "iommu": 0xFFFF8B7A41052000}


def test_events_are_sorted_by_time_and_lines_without_one_stay_behind_their_line():
    text = "# tracer: nop\n t-1 [000] .... 2.000000: unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 unmapped_size=4096\nstrange\n" \
           "CPU:1 [LOST 12 EVENTS]\n t-1 [000] .... 1.000000: map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000 size=4096\n"
    assert [event.kind for event in parse(text, "t")] == ["map", "unmap", "other", "lost"]
    assert parse(text, "t")[3].values == {"count": 12}


def test_devices():
    text = " t-1 [000] .... 1.000000: io_page_fault: IOMMU:nvme 0000:01:1f.2 iova=0x0000000000001000 flags=0x0001\n" \
           ' t-1 [000] .... 2.000000: iommu_attach: (amd_iommu_attach_device+0x0/0x10) domain=0xff dev="0000:00:04.0" domid=3\n'
    fault, attach = parse(text, "t")
    assert fault.device == 0x1FA and fault.values == {"iova": 0x1000, "flags": 1}
    assert attach.device == 0x20 and attach.values == {"domain": 255, "domid": 3}


@pytest.mark.parametrize("rest, told", [
    ("iommu_cmd: (f) w0=0x20 w1=0x0 w2=0x0", "iommu_cmd: no field w3="),
    ("iommu_cmd: (f) w0=0x120000000 w1=0 w2=0 w3=0", "w0: 0x120000000 has more than 32 bits"),
    ("iommu_cmd: (f) w0=zz w1=0 w2=0 w3=0", "w0: 'zz' is no decimal number"),
    ("map: IOMMU: iova=0x1000 - 0x2000 size=4096", "map: no field paddr="),
    ("iommu_attach: (f) dev=\"0000:00:3f.0\"", "iommu_attach: '0000:00:3f.0' is no device"),
])
def test_mistakes_name_line_and_field(rest, told):
    with pytest.raises(SourceError) as caught:
        parse(f"\n t-1 [000] .... 1.000000: {rest}\n", "t")
    assert str(caught.value).startswith(f"t:2: {told}")


def play(text):
    out = io.StringIO()
    values = {0x0: 0x100000 | 0x1FF, 0x8: 9 << 56 | 0x300000}
    stream = Stream(Writer(out), image.Image(), values, {}, "t")
    stream.play(parse(text, "t"), None)
    return stream


def test_a_range_is_laid_out_in_the_largest_pages_that_fit():
    stream = play(" t-1 [000] .... 1.000000: iommu_pt_map_range: (f) domain=0x1 iova=0x7000 paddr=0x23000 len=0x6000 prot=3\n")
    table = next(iter(stream.domains.values())).table
    level1 = table.root
    for shift in (39, 30, 21):
        level1 = stream.memory.word(level1 + (0x7000 >> shift & 511) * 8) & 0xFFFFFFFFFF000
    entries = [stream.memory.word(level1 + index * 8) & ~(7 << 60) for index in range(6, 14)]
    # 4 KiB at 0x7000; 16 KiB at 0x8000, of which bit 13 is the lowest zero; 4 KiB at 0xc000
    assert entries == [0, 0x23001, *[0x25E01] * 4, 0x28001, 0]


def test_tables_have_a_bound(monkeypatch):
    monkeypatch.setattr(image, "MOST_PAGES", 50)
    with pytest.raises(SourceError, match="t:1: iommu_pt_map: tables of more than 50 pages"):
        play(" t-1 [000] .... 1.000000: iommu_pt_map: (f) iova=0x0 paddr=0x0 pgsize=0x1000 pgcount=30000 prot=3\n")


@pytest.mark.parametrize("size, count", [(0x1000, 700), (0x2000, 3), (0x10000, 40), (0x200000, 3), (0x400000, 2), (0x40000000, 1)])
def test_map_and_unmap_over_the_edges_of_tables(size, count):
    """A reader of its own walks what was written: each page is where it was mapped to, and nothing after the unmap."""
    iova, address = 0x7_4000_0000 - size * (count // 2), 0x20_0000_0000
    row = f" t-1 [000] .... {{}}.000000: iommu_pt_{{}}map: (f) iova={iova:#x} {{}}pgsize={size:#x} pgcount={count} prot=0x1\n"
    stream = play(row.format(1, "", f"paddr={address:#x} "))
    table = next(iter(stream.domains.values())).table

    def walk(at):
        page, level = table.root, 4
        while True:
            entry = stream.memory.word(page + (at >> 3 + 9 * level & 511) * 8)
            below = entry >> 9 & 7
            if not entry & 1:
                return None
            if below in (0, 7):
                return entry
            page, level = entry & 0xFFFFFFFFFF000, below

    for index in range(count):
        for at in (iova + index * size, iova + (index + 1) * size - 0x1000):
            entry = walk(at)
            base = entry & 0xFFFFFFFFFF000
            if entry >> 9 & 7 == 7:  # the lowest zero, from bit 12 on, is half of the size
                half = next(1 << bit for bit in range(12, 52) if not base >> bit & 1)
                assert 2 * half == size
            assert base & ~(size - 1) == address + index * size and entry >> 61 & 3 == 1
    assert walk(iova - 0x1000) is None and walk(iova + count * size) is None
    stream.play(parse(row.format(2, "un", ""), "t"), None)
    assert all(walk(iova + index * size) is None for index in range(count))


def test_a_guest_table_of_memory_is_changed_in_place():
    """GV, GCR3 table of one level, 4-level guest table at 0x12000; the kernel's pointer to it leads there."""
    memory, gcr3 = image.Image(), 0x11000
    memory.write(gcr3, (0x12001).to_bytes(8, "little"))
    entry = 3 | 1 << 55 | 3 << 61 | (gcr3 >> 12 & 7) << 58 | (gcr3 >> 15) << 80 | 9 << 64
    stream = Stream(Writer(io.StringIO()), memory, {0x0: 0x100000 | 0x1FF, 0x8: 9 << 56 | 0x300000}, {0x20: entry}, "t")
    stream.direct_map = 0xFFFF888000000000
    rows = ("map: (f) iova=0x201000 paddr=0x5000 pgsize=0x1000 pgcount=2 prot=0x1", "map: (f) iova=0x40000000 paddr=0x600000 pgsize=0x200000 pgcount=1 prot=0x3",
            "unmap: (f) iova=0x202000 pgsize=0x1000 pgcount=1")
    stream.play(parse("".join(f" t-1 [000] .... {index}.000000: iommu_pt_{row} pgd=0xffff888000012000 domid=3\n" for index, row in enumerate(rows)), "t"), None)

    def entry_at(iova):
        page = 0x12000
        for shift in (39, 30, 21, 12):
            found = memory.word(page + (iova >> shift & 511) * 8)
            if not found & 1 or found & 0x80:
                return found
            page = found & 0xFFFFFFFFFF000
        return found

    assert (entry_at(0x201000), entry_at(0x202000), entry_at(0x40000000)) == (0x5065, 0, 0x6000E7)
    assert [(domain.number, domain.shown) for domain in stream.domains.values()] == [(9, True)] and not stream.guesses


def test_commands_of_another_iommu_are_left_out():
    row = " t-1 [000] .... {}.000000: iommu_cmd: (f) iommu={:#x} w0=0x20 w1=0x20000000 w2=0x0 w3=0x0\n"
    stream = play(row.format(1, 0xA000) + row.format(2, 0xB000) + row.format(3, 0xA000))
    assert (stream.counts.commands, stream.counts.skipped, stream.tail) == (2, 1, 32)
