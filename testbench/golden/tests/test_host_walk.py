# SPDX-License-Identifier: Apache-2.0
"""v1 tables (4), with entries written by hand."""
from __future__ import annotations

import pytest

from golden.config import Config
from golden.memory import Memory
from golden.walk import HostWalk, Need, TableError, WalkFault, coded_size

READ, WRITE = Need(read=True), Need(write=True)
RW = 3 << 61
L1, L2, L3 = 0x10_0000, 0x10_1000, 0x10_2000


def entry(addr: int, level: int, extra: int = RW) -> int:
    return 1 | level << 9 | addr | extra


@pytest.fixture
def memory() -> Memory:
    return Memory(1 << 40)


def host(memory: Memory, mode: int = 3, had: int = 0, **perm: bool) -> HostWalk:
    root = {1: L1, 2: L2, 3: L3}.get(mode, L3)
    return HostWalk(memory, Config(), mode, root, perm.get("ir", True), perm.get("iw", True), had)


def chain(memory: Memory, leaf: int, pde: int = RW) -> None:
    """Mode 3, address 0x5000."""
    memory.write_int(L3, entry(L2, 2, pde), 8)
    memory.write_int(L2, entry(L1, 1, pde), 8)
    memory.write_int(L1 + 5 * 8, leaf, 8)


def fault_of(walk: HostWalk, gpa: int, need: Need) -> tuple[bool, bool, bool]:
    with pytest.raises(WalkFault) as caught:
        walk.walk(gpa, need)
    assert not caught.value.guest and caught.value.addr == gpa
    return caught.value.pr, caught.value.rz, caught.value.pe


def test_4k_leaf(memory: Memory) -> None:
    chain(memory, entry(0x800_0000, 0))
    found = host(memory).walk(0x5123, READ)
    assert (found.pa, found.size) == (0x800_0123, 0x1000)


def test_not_present(memory: Memory) -> None:
    assert fault_of(host(memory), 0x5000, READ) == (False, False, False)


def test_permission_of_directory_counts(memory: Memory) -> None:
    chain(memory, entry(0x800_0000, 0), pde=1 << 61)
    assert fault_of(host(memory), 0x5000, WRITE) == (True, False, True)


def test_device_permission_precedes_the_walk(memory: Memory) -> None:
    assert fault_of(host(memory, iw=False), 0x5000, WRITE) == (True, False, True)


def test_reserved_bit_precedes_level(memory: Memory) -> None:
    chain(memory, entry(0x800_0000, 3, RW | 1 << 52))
    assert fault_of(host(memory), 0x5000, READ) == (True, True, False)


def test_next_level_not_below(memory: Memory) -> None:
    chain(memory, entry(0x800_0000, 1))
    assert fault_of(host(memory), 0x5000, READ) == (True, False, False)


def test_address_above_mode(memory: Memory) -> None:
    assert fault_of(host(memory, mode=2), 1 << 30, READ) == (True, False, False)


def test_mode_7(memory: Memory) -> None:
    assert fault_of(host(memory, mode=7, ir=False), 0, READ) == (True, False, False)


def test_skipped_level(memory: Memory) -> None:
    memory.write_int(L3, entry(L1, 1), 8)
    memory.write_int(L1 + 5 * 8, entry(0x800_0000, 0), 8)
    assert host(memory).walk(0x5000, READ).pa == 0x800_0000
    assert fault_of(host(memory), 0x20_5000, READ) == (True, False, False)


@pytest.mark.parametrize("addr, size", [(0x0, 8 << 10), (0x1000, 16 << 10), (0x3000, 32 << 10), (0x7F000, 1 << 20),
                                        (0xFF000, 2 << 20), (0x7FFFF000, 4 << 30)])
def test_size_code(addr: int, size: int) -> None:
    assert coded_size(addr) == size


def test_size_code_without_zero() -> None:
    assert coded_size((1 << 52) - 4096) is None


def test_16k_page_covers_four_slots(memory: Memory) -> None:
    leaf = entry(0x800_0000 | 0x1000, 7)
    chain(memory, leaf)
    found = host(memory).walk(0x5010, READ)
    assert (found.pa, found.size) == (0x800_1010, 0x4000)


@pytest.mark.parametrize("addr", [0xFF000, (1 << 52) - 4096])
def test_size_code_outside_level(memory: Memory, addr: int) -> None:
    chain(memory, entry(addr, 7))
    assert fault_of(host(memory), 0x5000, READ) == (True, False, False)


def test_accessed_and_dirty(memory: Memory) -> None:
    chain(memory, entry(0x800_0000, 0))
    walk = host(memory, had=3)
    walk.update(walk.walk(0x5000, READ), False)
    assert memory.u64(L3) & 0x60 == 0x20 and memory.u64(L1 + 40) & 0x60 == 0x20
    walk.update(walk.walk(0x5000, WRITE), True)
    assert memory.u64(L2) & 0x60 == 0x20 and memory.u64(L1 + 40) & 0x60 == 0x60


def test_accessed_only(memory: Memory) -> None:
    chain(memory, entry(0x800_0000, 0))
    walk = host(memory, had=1)
    walk.update(walk.walk(0x5000, WRITE), True)
    assert memory.u64(L1 + 40) & 0x60 == 0x20


def test_table_outside_memory(memory: Memory) -> None:
    memory.write_int(L3, entry(1 << 41, 2), 8)
    with pytest.raises(TableError):
        host(memory).walk(0x5000, READ)
