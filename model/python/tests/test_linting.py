# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

import amdvi
from conftest import DEV, DOM, STORE, TABLE, leaf, submit

FLUSH = 3 << 60 | DOM << 32 | (0x1000 | 1 << 1) << 64  # INVALIDATE_IOMMU_PAGES of one page, PDE
WAIT = 1 << 60 | STORE | 1 | 1 << 64


def unmap(iommu, memory, lint, *commands):
    """Uses 1000h, takes it away (line 7), waits, and uses it again (line 8)."""
    iommu.translate(DEV, 0x1000)
    lint.mark(7)
    lint.write(TABLE + 8, bytes(8))
    memory.write(TABLE + 8, bytes(8))
    submit(iommu, memory, *commands, WAIT)
    lint.mark(8)
    iommu.translate(DEV, 0x1000)


def test_a_forgotten_invalidation_is_found(iommu, memory):
    heard = []
    with amdvi.Lint(iommu, on_finding=heard.append) as lint:
        lint.mark(1)
        unmap(iommu, memory, lint)
    found = lint.findings[0]
    assert heard == lint.findings and len(heard) == 1
    assert (found.kind, found.severity, found.line, found.changed_line) == ("stale-entry", "mistake", 8, 7)
    assert (found.device, found.domain, found.pasid, found.word) == (DEV, DOM, None, TABLE + 8)
    assert found.needed[0] >> 60 == 3 and found.first == 0x1000 and "INVALIDATE_IOMMU_PAGES" in found.text


def test_the_right_way_is_silent(iommu, memory):
    with amdvi.Lint(iommu, regime="synchronous") as lint:
        unmap(iommu, memory, lint, FLUSH)
        assert lint.statistics()["invalidations"] == 1
    assert lint.findings == []


def test_stores_that_nobody_tells_are_seen_by_a_scan(iommu, memory):
    with amdvi.Lint(iommu) as lint:
        iommu.translate(DEV, 0x1000)
        memory.write(TABLE + 8, leaf(0x66000))
        lint.mark(3)
        lint.scan()
        submit(iommu, memory, WAIT)
        iommu.translate(DEV, 0x1000)
    assert [(finding.kind, finding.changed_line) for finding in lint.findings] == [("stale-entry", 3)]


def test_options_are_checked(iommu):
    with pytest.raises(amdvi.FieldError, match="regime"):
        amdvi.Lint(iommu, regime="lax")
    lint = amdvi.Lint(iommu)
    lint.close()
    lint.close()
    with pytest.raises(amdvi.AmdviError, match="closed"):
        lint.scan()


def test_it_moves_with_a_saved_state(iommu, memory):
    with amdvi.Lint(iommu) as lint, amdvi.Device(amdvi.Config("genoa"), memory) as other:
        iommu.translate(DEV, 0x1000)
        other.restore(iommu.save())
        lint.move(other)
        unmap(other, memory, lint)
    assert [finding.kind for finding in lint.findings] == ["stale-entry"]


def test_save_and_restore(iommu, memory):
    saved = iommu.save()
    with amdvi.Device(amdvi.Config("genoa"), memory) as other:
        assert not other.mmio_read(0x18) & 1
        other.restore(saved)
        assert other.mmio_read(0x18) == iommu.mmio_read(0x18)
        assert other.translate(DEV, 0x1000).pa == 0x55000
        with pytest.raises(amdvi.AmdviError) as caught:
            other.restore(saved[:-1])
        assert caught.value.status == "CORRUPT"
    with amdvi.Device(amdvi.Config("rome"), memory) as other, pytest.raises(amdvi.AmdviError) as caught:
        other.restore(saved)
    assert caught.value.status == "ARGUMENT"

