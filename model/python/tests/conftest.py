# SPDX-License-Identifier: Apache-2.0
"""A small machine: device table at 0, one host table at 64 KiB on, command and event ring."""
from __future__ import annotations

from pathlib import Path

import pytest

import amdvi

ROOT = Path(__file__).resolve().parents[3]
DEV, DOM = 0x10, 7
TABLE, COMMANDS, EVENTS, STORE = 0x10000, 0x20000, 0x30000, 0x40000
PTE = 0x7FFF_FFFF_FFFF_F000
CONTROL = 1 << 10 | 1 | 1 << 2 | 1 << 12
RING = 8 << 56


def dte(**fields: int) -> bytes:
    words = {"V": 1, "TV": 1, "IR": 1, "IW": 1, "Mode": 1, "DomainID": DOM} | fields
    return amdvi.layout.find("dte").to_bytes(TABLE, **words)


def leaf(pa: int, read: bool = True, write: bool = True) -> bytes:
    return (1 | pa | read << 61 | write << 62).to_bytes(8, "little")


def fill(memory) -> None:
    """IOVA 1000h -> 55000h read-write, 2000h -> 66000h read-only."""
    memory.write(32 * DEV, dte())
    memory.write(TABLE + 8, leaf(0x55000))
    memory.write(TABLE + 16, leaf(0x66000, write=False))


def boot(iommu: amdvi.Device, control: int = CONTROL) -> None:
    for offset, value in ((0, 0x1), (0x8, COMMANDS | RING), (0x10, EVENTS | RING), (0x18, control)):
        iommu.mmio_write(offset, value)
    iommu.run()


def submit(iommu: amdvi.Device, memory, *commands: int) -> None:
    tail = iommu.mmio_read(0x2008)
    for value in commands:
        memory.write(COMMANDS + tail, value.to_bytes(16, "little"))
        tail += 16
    iommu.mmio_write(0x2008, tail)
    iommu.run()


@pytest.fixture
def memory():
    out = amdvi.Memory(1 << 20)
    fill(out)
    return out


@pytest.fixture
def iommu(memory):
    with amdvi.Device(amdvi.Config("genoa"), memory) as out:
        boot(out)
        yield out
