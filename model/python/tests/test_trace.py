# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import pytest

import amdvi
from amdvi import trace
from conftest import ROOT

SAMPLES = ROOT / "traces" / "samples"
LAZY = SAMPLES / "linux61-lazy.capture.txt.zst"
CONFORMANCE = sorted((ROOT.parent / "shared" / "conformance").glob("*/*.trace"))
DIRECTED = sorted((ROOT / "testbench" / "traces").glob("*/*.trace"))[::7]
EXAMPLE = """amdvi-trace 1
# one page
config preset=genoa caches=off
mem addr=0x200 data=0001
mmio_write off=0x18 size=8 value=0x401
dma dev=0x10 addr=0x1000 len=8 op=write t=5 vm=a cpu=3
ok pa=0x1000
ats dev=0x10 addr=0x1000
fault reply=abort
dma dev=0x500 addr=0x1000 len=8 op=read
fault kind=IO_PAGE_FAULT reply=abort flags=RW
expect_count log=host event=0
"""


def test_records_have_keys():
    records = list(trace.loads(EXAMPLE))
    assert [record.kind for record in records[:3]] == ["config", "mem", "mmio_write"]
    assert records[0].config == {"preset": "genoa", "caches": "off"}
    assert records[1].keys["data"][:2] == b"\x00\x01" and records[1].line == 4
    assert records[3].keys == {"dev": 0x10, "addr": 0x1000, "len": 8, "op": "write", "t": 5, "vm": "a", "cpu": "3"}
    assert records[8].keys == {"kind": "IO_PAGE_FAULT", "reply": "abort", "flags": "RW"}
    assert records[9].keys["log"] == "host"


@pytest.mark.parametrize("form", ["text", "binary"])
def test_writing_and_reading_is_the_identity(form):
    records = list(trace.loads(EXAMPLE, keep_layout=True))
    out = io.BytesIO()
    trace.dump(records, out, form)
    again = trace.loads(out.getvalue(), keep_layout=True)
    assert again.info.source == form
    assert [(r.kind, r.keys, r.config) for r in again] == [(r.kind, r.keys, r.config) for r in records]


@pytest.mark.parametrize("path", DIRECTED, ids=lambda path: path.stem)
def test_files_survive_a_round_trip(path):
    records, out = list(trace.open(path)), io.BytesIO()
    trace.dump(records, out)
    assert [(r.kind, r.keys) for r in trace.loads(out.getvalue())] == [(r.kind, r.keys) for r in records]


def test_what_a_record_points_to_is_there_while_it_is_written():
    """So long a text goes back to the system as soon as nobody holds it."""
    data, out = bytes(range(256)) * 2048, io.BytesIO()
    trace.dump([trace.Record("ok", {"data": data})], out)
    assert [record.keys["data"] for record in trace.loads(out.getvalue())] == [data]


def test_seek_in_binary_traces():
    out = io.BytesIO()
    trace.dump(trace.loads(EXAMPLE), out, "binary")
    reader = trace.loads(out.getvalue())
    assert reader.info.can_seek
    reader.seek(3)
    assert next(iter(reader)).kind == "mmio_write"
    with pytest.raises(trace.TraceError):
        trace.loads(EXAMPLE).seek(1)


def test_format_record():
    assert trace.format_record(trace.Record("run")) == "run"
    record = trace.Record("fault", {"kind": "IO_PAGE_FAULT", "flags": "RW+PR+T2", "reply": "drop"})
    assert trace.format_record(record).startswith("fault kind=IO_PAGE_FAULT")
    assert trace.format_record(trace.Record("ok", {"perm": "rw", "pa": 16})) == "ok pa=0x10 perm=rw"


def test_mistakes_are_told():
    with pytest.raises(trace.TraceError, match=":2:"):
        list(trace.loads("amdvi-trace 1\nnonsense a=1\n"))
    with pytest.raises(trace.TraceError):
        trace.open("/no/such/file")
    with pytest.raises(trace.TraceError):
        trace.format_record(trace.Record("dma", {"dev": 1}))
    for record in (trace.Record("nonsense"), trace.Record("run", {"dev": 1}), trace.Record("fault", {"reply": "no"})):
        with pytest.raises(trace.TraceError):
            trace.format_record(record)


def test_a_file_that_fails_comes_out():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        trace.dump(trace.loads(EXAMPLE), Full())


def test_captures_are_recognised():
    with trace.open(LAZY) as reader:
        assert reader.info.source == "capture" and reader.info.compressed and reader.info.can_check_translations
        assert sum(1 for _ in reader) > 1000
        assert reader.import_counts()["lines"] > 1000
    with pytest.raises(trace.TraceError, match="closed"):
        reader.info


def test_replay_counts_and_failures():
    outcome = amdvi.replay_text(EXAMPLE)
    assert outcome.counts["failed"] == 1 and not outcome.ok
    assert [(failure.line, failure.kind) for failure in outcome.failures] == [(11, "fault")]
    assert "expected" in outcome.failures[0].text


def test_replay_settings_win():
    text = "amdvi-trace 1\nconfig preset=genoa\nmmio_read off=0x30 size=8 value=0\n"
    assert not amdvi.replay_text(text).ok
    efr = amdvi.Config("rome").number("efr")
    assert amdvi.replay_text(text.replace("value=0", f"value={efr:#x}"), {"preset": "rome"}).ok
    with pytest.raises(amdvi.AmdviError):
        amdvi.replay_text(text, {"no.such": 1})


def test_replay_states_results():
    stated = amdvi.replay_text("amdvi-trace 1\ndma dev=1 addr=0x1000 len=8 op=read\n", state_results=True).stated
    assert [(line, record.kind) for line, record in stated] == [(2, "ok")]


def test_the_sample_capture_holds():
    outcome = amdvi.replay(LAZY)
    assert outcome.ok and outcome.counts["translations_checked"] > 10_000 and not outcome.failures


@pytest.mark.skipif(not CONFORMANCE, reason="no conformance traces beside the tree")
@pytest.mark.parametrize("caches", ["on", "off"])
def test_conformance_traces_hold(caches):
    failed = [path.name for path in CONFORMANCE if not amdvi.replay(path, {"caches": caches}).ok]
    assert not failed
