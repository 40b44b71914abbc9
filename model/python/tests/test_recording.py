# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import pytest

import amdvi
from amdvi import trace
from conftest import DEV, STORE, boot, fill, submit

RAM = 1 << 20


def record(form: str) -> tuple[bytes, amdvi.Recorded]:
    """The driver of the other tests, a page fault and a command, all with a recorder."""
    memory, file = amdvi.Memory(RAM), io.BytesIO()
    with amdvi.Device(amdvi.Config("genoa"), memory) as iommu:
        with amdvi.Recorder(iommu, file, form, ram=RAM) as recorder:
            fill(memory)
            boot(iommu)
            recorder.time(77)
            assert iommu.translate(DEV, 0x1000).ok
            assert not iommu.translate(DEV, 0x9000).ok
            iommu.dma(DEV, 0x1000, op="write", data=b"hello")
            submit(iommu, memory, 1 << 60 | STORE | 1 | 5 << 64)
            recorded = recorder.statistics()
    return file.getvalue(), recorded


class Little:
    """A file that takes seven bytes at a time, and at last none."""

    def __init__(self, room: int = 1 << 30) -> None:
        self.data, self.room = b"", room

    def write(self, data: bytes) -> int:
        taken = data[:min(7, self.room - len(self.data))]
        self.data += taken
        return len(taken)


def test_files_that_take_less_than_they_are_given():
    records = [trace.Record("mem", {"addr": 0x1000, "data": bytes(range(1, 40))}), trace.Record("run")]
    little, plain = Little(), io.BytesIO()
    trace.dump(records, little)
    trace.dump(records, plain)
    assert little.data == plain.getvalue()
    with pytest.raises(OSError, match="takes no byte more"):
        trace.dump(records, Little(20))


@pytest.mark.parametrize("form", ["text", "binary"])
def test_a_recording_replays(form, tmp_path):
    data, recorded = record(form)
    path = tmp_path / "recording"
    path.write_bytes(data)
    played = amdvi.replay(path)
    assert played.ok and played.counts["checks"] >= recorded.expectations > 0
    assert recorded.inexact == 0 and recorded.memory_bytes > 0
    kinds = {r.kind for r in trace.open(path)}
    assert kinds >= {"config", "mem", "mmio_write", "run", "dma", "ok", "fault", "expect_event", "expect_mem"}


def test_hosts_add_stores_and_comments():
    file = io.BytesIO()
    with amdvi.Device(memory=amdvi.Memory(RAM)) as iommu, amdvi.Recorder(iommu, file, ram=RAM) as recorder:
        recorder.comment(" a mark")
        recorder.store(0x2000, b"\x05")
        with pytest.raises(amdvi.TraceError):
            recorder.store(RAM, b"\x05")
    assert b"# a mark\n" in file.getvalue() and b"mem addr=0x2000 data=05\n" in file.getvalue()


def test_what_the_file_refuses_comes_out():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError("full")
    with amdvi.Device(memory=amdvi.Memory(RAM)) as iommu:
        recorder = amdvi.Recorder(iommu, Full(), ram=RAM)
        with pytest.raises(OSError, match="full"):
            recorder.finish()
        recorder.close()
        recorder.close()
        with pytest.raises(amdvi.TraceError, match="closed"):
            recorder.finish()
