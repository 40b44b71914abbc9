# SPDX-License-Identifier: Apache-2.0
"""GCR3 and v2 tables (5), Mode 0 unless a test says nested."""
from __future__ import annotations

import pytest

from golden.config import Config
from golden.memory import Memory
from golden.walk import GuestTables, GuestWalk, HostWalk, Need, WalkFault

ROOT, T4, T3, T2, T1, PAGE = 0x1000, 0x10000, 0x11000, 0x12000, 0x13000, 0x80_0000
ALL = 0x67
USER_READ = Need(read=True, user=True)


def build(leaf: int = PAGE | ALL, upper: int = ALL, pasid: int = 3) -> Memory:
    """GVA 0x5000 with four levels."""
    memory = Memory(1 << 40)
    for where, value in ((ROOT + 8 * pasid, T4 | 1), (T4, T3 | upper), (T3, T2 | upper), (T2, T1 | upper),
                         (T1 + 40, leaf)):
        memory.write_int(where, value, 8)
    return memory


def guest(memory: Memory, glx: int = 0, **control: bool) -> GuestWalk:
    cfg = Config()
    tables = GuestTables(ROOT, glx, 4, False, control.get("no_a", False), control.get("no_d", False))
    return GuestWalk(memory, cfg, HostWalk(memory, cfg, 0, 0, True, True, 0), tables)


def fault_of(walk: GuestWalk, need: Need, pasid: int = 3, gva: int = 0x5000) -> tuple[bool, bool, bool]:
    with pytest.raises(WalkFault) as caught:
        walk.translate(pasid, gva, need, False)
    assert caught.value.guest
    return caught.value.pr, caught.value.rz, caught.value.pe


def test_leaf() -> None:
    found = guest(build()).translate(3, 0x5010, USER_READ, False)
    assert (found.pa, found.size, found.write) == (PAGE | 0x10, 4096, True)


def test_pasid_entry_invalid_or_outside() -> None:
    assert fault_of(guest(build()), USER_READ, pasid=4) == (False, False, False)
    assert fault_of(guest(build()), USER_READ, pasid=512) == (False, False, False)


@pytest.mark.parametrize("leaf, need", [(PAGE | ALL & ~2, Need(write=True)), (PAGE | ALL & ~4, USER_READ),
                                        (PAGE | ALL | 1 << 63, Need(read=True, execute=True))])
def test_permission(leaf: int, need: Need) -> None:
    assert fault_of(guest(build(leaf)), need) == (True, False, True)


def test_supervisor_page_for_privileged_request() -> None:
    assert guest(build(PAGE | ALL & ~4)).translate(3, 0x5000, Need(read=True), False).pa == PAGE


def test_upper_level_permission() -> None:
    assert fault_of(guest(build(upper=ALL & ~2)), Need(write=True)) == (True, False, True)


def test_not_present_wins_over_permission_above() -> None:
    assert fault_of(guest(build(leaf=0, upper=ALL & ~4)), USER_READ) == (False, False, False)


def test_large_page_reserved_bits() -> None:
    memory = build()
    memory.write_int(T2, 0x2000 | ALL | 0x80, 8)
    assert fault_of(guest(memory), USER_READ) == (True, True, False)


def test_ps_at_level_4_is_reserved() -> None:
    memory = build()
    memory.write_int(T4, T3 | ALL | 0x80, 8)
    assert fault_of(guest(memory), USER_READ) == (True, True, False)


def test_accessed_and_dirty() -> None:
    memory = build(PAGE | 7, upper=7)
    guest(memory).translate(3, 0x5000, Need(read=True), False)
    assert memory.u64(T4) & 0x60 == 0x20 and memory.u64(T1 + 40) & 0x60 == 0x20
    guest(memory).translate(3, 0x5000, Need(write=True), False)
    assert memory.u64(T1 + 40) & 0x60 == 0x60


def test_updates_disabled() -> None:
    memory = build(PAGE | 7, upper=7)
    guest(memory, no_a=True, no_d=True).translate(3, 0x5000, Need(write=True), False)
    assert memory.u64(T1 + 40) & 0x60 == 0


def test_canonical() -> None:
    assert fault_of(guest(build()), USER_READ, gva=1 << 47) == (False, False, False)


def test_nested_faults_name_the_guest_physical_address() -> None:
    memory = build()
    walk = guest(memory)
    walk.host = HostWalk(memory, Config(), 1, 0x90000, True, True, 0)
    with pytest.raises(WalkFault) as caught:
        walk.translate(3, 0x5000, USER_READ, False)
    assert not caught.value.guest and caught.value.table and caught.value.addr == T4
