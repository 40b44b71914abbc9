# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

import amdvi
from conftest import DEV, TABLE, boot, dte, fill, leaf


class Bus:
    """Memory in Python; `bad` maps an address to what happens there."""

    def __init__(self) -> None:
        self.inside, self.bad = amdvi.Memory(1 << 20), {}

    def _meet(self, address):
        if address in self.bad:
            raise self.bad[address]

    def read(self, address, length):
        self._meet(address)
        return self.inside.read(address, length)

    def write(self, address, data):
        self._meet(address)
        self.inside.write(address, data)


class AtomicBus(Bus):
    swaps = 0

    def compare_exchange(self, address, expected, desired):
        self.swaps += 1
        seen = self.inside.u64(address)
        if seen == expected:
            self.inside.word(address, desired)
        return seen


@pytest.fixture(params=[Bus, AtomicBus])
def bus(request):
    out = request.param()
    fill(out)
    return out


@pytest.mark.parametrize("memory", [amdvi.Memory(1 << 20), amdvi.SparseMemory(), Bus()])
def test_each_kind_serves_a_device(memory):
    fill(memory)
    with amdvi.Device(None, memory) as iommu:
        boot(iommu)
        iommu.dma(DEV, 0x1FFE, op="write", data=b"a")
        assert memory.read(0x55FFE, 1) == b"a"


def test_window_begins_at_its_base():
    memory = amdvi.Memory(4096, base=0x8000)
    memory.word(0x8008, 0x1234)
    assert memory.u64(0x8008) == 0x1234 and memory.data[8] == 0x34
    for address in (0x7FFF, 0x9000):
        with pytest.raises(amdvi.AmdviError):
            memory.read(address, 1)


def test_a_given_buffer_is_shared():
    data = bytearray(4096)
    amdvi.Memory(data=data).word(0, 7, 1)
    assert data[0] == 7


def test_sparse_memory():
    memory = amdvi.SparseMemory(1 << 40)
    memory.fill(0, 1 << 30, 0xAB)
    memory.word(0x1000, 5)
    assert memory.read(0xFFF, 3) == b"\xab\x05\x00" and memory.size == 1 << 40 and memory.used >= 4096
    with pytest.raises(amdvi.AmdviError):
        memory.read(1 << 40, 1)
    with pytest.raises(amdvi.AmdviError) as caught:
        limited = amdvi.SparseMemory(1 << 40, limit=8192)
        for n in range(64):
            limited.word(n << 20, 1)
    assert caught.value.status == "NO_MEMORY"


def test_accessed_bits_reach_python(bus):
    bus.write(32 * DEV, dte(HAD=3))
    with amdvi.Device(None, bus) as iommu:
        boot(iommu)
        iommu.translate(DEV, 0x1000, op="write")
    assert bus.inside.u64(TABLE + 8) >> 5 & 3 == 3
    assert not isinstance(bus, AtomicBus) or bus.swaps


def test_bus_errors_are_answers(bus):
    with amdvi.Device(None, bus) as iommu:
        boot(iommu)
        bus.bad[TABLE + 8] = amdvi.MemoryFault("data_error")
        fault = iommu.translate(DEV, 0x1000).fault
        assert (fault.event_name, fault.flags >> 9 & 7) == ("PAGE_TAB_HARDWARE_ERROR", 3)


def test_exceptions_fail_the_access_and_come_out(bus):
    with amdvi.Device(None, bus) as iommu:
        boot(iommu)
        events = []
        iommu.observe(event=events.append)
        bus.bad[TABLE + 8] = ZeroDivisionError("mine")
        with pytest.raises(ZeroDivisionError, match="mine"):
            iommu.translate(DEV, 0x1000)
        assert (events[0].record[0] >> 60, events[0].record[0] >> 57 & 7) == (4, 2)
        bus.bad.clear()
        assert iommu.translate(DEV, 0x1000).ok


def test_short_reads_are_mistakes(bus):
    with amdvi.Device(None, bus) as iommu:
        boot(iommu)
        bus.read = lambda address, length: b""
        with pytest.raises(ValueError, match="returned 0"):
            iommu.translate(DEV, 0x1000)


def test_memory_lives_as_long_as_its_device():
    iommu = amdvi.Device(None, amdvi.Memory(1 << 20))
    fill(iommu.memory)
    iommu.memory.write(TABLE + 8, leaf(0x77000))
    boot(iommu)
    assert iommu.translate(DEV, 0x1000).pa == 0x77000
