# SPDX-License-Identifier: Apache-2.0
"""Guests from Python, on a machine that a directed trace of the project describes."""
from __future__ import annotations

import pytest

import amdvi
from conftest import ROOT

# There a guest's device 10h has its DevIDMap entry at 22100100h, as 16 bytes: hDevID in [39:24] of the first half.
TRACE = ROOT / "testbench" / "traces" / "viommu-6" / "device_entry.trace"
ENTRY = 0x2210_0100
GUEST = 1


@pytest.fixture
def guest():
    """A device with guest 1, up to where the guest's own ring would start."""
    memory = amdvi.SparseMemory()
    with amdvi.Device(memory=memory) as iommu:
        for record in amdvi.trace.open(TRACE):
            keys = record.keys
            if record.kind == "mem":
                memory.write(keys["addr"], keys["data"])
            elif record.kind in ("mmio_write", "vfc_write"):
                ids = (keys["gid"],) if record.kind == "vfc_write" else ()
                getattr(iommu, record.kind)(*ids, keys["off"], keys["value"], keys["size"])
                iommu.run()
        yield iommu, memory


def test_maps_are_filled_as_single_writes_would(guest):
    iommu, memory = guest
    iommu.guest_map_fill(GUEST, "devices", 0x10, 2, 0x1234, queue_id=5)
    for entry in (ENTRY, ENTRY + 16):
        assert memory.u64(entry) >> 24 & 0xFFFF == 0x1234
    assert memory.u64(ENTRY + 32) == 0


def test_maps_of_nobody_and_beyond(guest):
    iommu, _ = guest
    with pytest.raises(amdvi.FieldError, match="guest_map"):
        iommu.guest_map_fill(GUEST, "interrupts", 0, 1, 0)
    with pytest.raises(amdvi.AmdviError) as caught:
        iommu.guest_map_fill(GUEST, "devices", 0xFFFF, 2, 0)
    assert caught.value.status == "ARGUMENT"


def test_a_guest_moves(guest):
    iommu, memory = guest
    iommu.vfc_read(GUEST, 0x20)
    saved = iommu.guest_save(GUEST)
    iommu.guest_restore(2, saved)
    assert iommu.vfc_read(2, 0x28) == iommu.vfc_read(GUEST, 0x28) != 0
    with pytest.raises(amdvi.AmdviError) as caught:
        iommu.guest_restore(2, saved[:8] + b"\xff" + saved[9:])
    assert caught.value.status in ("CORRUPT", "UNSUPPORTED")


def test_a_device_that_is_closed_closes_what_stands_on_it(guest):
    iommu, _ = guest
    lint, clock = amdvi.Lint(iommu), amdvi.Timed(iommu)
    iommu.close()
    for face in (lint, clock):
        face.close()
        with pytest.raises(amdvi.AmdviError, match="closed"):
            face.pointer  # noqa: B018
