# SPDX-License-Identifier: Apache-2.0
"""Timelines of a replay: times of the trace, durations where they mean something, long traces thinned out."""
import json

import pytest

from conftest import SMALL


@pytest.fixture(name="timeline")
def drawn(amdvi, tmp_path):
    def make(text):
        trace, out = tmp_path / "x.trace", tmp_path / "timeline.json"
        trace.write_text(text, encoding="ascii")
        done = amdvi("replay", trace, "-q", "--timeline", out)
        assert done.returncode != 2, done.stderr
        return json.loads(out.read_text(encoding="utf-8"))["traceEvents"]
    return make


def test_events_have_the_time_of_the_trace(timeline):
    lines = SMALL.splitlines()
    timed = [f"{line} t={1000 * number}" if line.startswith(("dma", "int")) else line
             for number, line in enumerate(line.split("  #")[0] for line in lines)]
    events = timeline("\n".join(timed) + "\n")
    stated = [float(number) for number, line in enumerate(lines) if line.startswith(("dma", "int"))]
    told = [event["ts"] for event in events if event["ph"] == "i" and "line" in event.get("args", {})]
    assert told == stated


def test_records_without_time_are_a_microsecond_apart(timeline):
    events = timeline(SMALL)
    lines = [line for line in SMALL.splitlines()[2:] if line]
    stated = [float(number + 1) for number, line in enumerate(lines) if line.startswith(("dma", "int"))]
    assert [event["ts"] for event in events if event["ph"] == "i" and "line" in event.get("args", {})] == stated


PAGES = """amdvi-trace 1
config preset=genoa
mem addr=0x10000028 data=0140001000000000
mem addr=0x102000 data=0300000000009060210000200000000000000000000000000000000000000000
mmio_write off=0x0 size=8 value=0x1001ff
mmio_write off=0x8 size=8 value=0x800000000400000
mmio_write off=0x10 size=8 value=0x800000000410000
mmio_write off=0x38 size=8 value=0x800000000420000
mmio_write off=0x18 size=8 value=0x1b405
"""


def test_a_page_request_lasts_until_its_answer(timeline):
    complete = (7 << 60 | 0x100).to_bytes(8, "little").hex() + (5 << 32).to_bytes(8, "little").hex()
    text = PAGES + f"""pri dev=0x100 addr=0x9000 tag=5 pasid=5 r=1 t=20000
pri dev=0x100 addr=0xa000 tag=5 pasid=5 r=1 last=1 t=30000
mem addr=0x400000 data={complete}
mmio_write off=0x2008 size=4 value=0x10 t=90000
expect_prg dev=0x100 index=5 code=0
"""
    spans = [event for event in timeline(text) if event["ph"] == "X"]
    assert [(event["ts"], event["dur"], event["args"]["address"]) for event in spans] == [
        (20.0, 70.0, "0x9000"), (30.0, 60.0, "0xa000")]


def test_long_traces_are_thinned_out_but_for_faults(timeline):
    requests = "dma dev=0x100 addr=0x5010 len=0x4 op=read\n" * 130000
    faults = "dma dev=0x100 addr=0x6000 len=0x8 op=write\n" * 50
    events = timeline("\n".join(SMALL.splitlines()[:15]) + "\n" + requests + faults)
    good = [event for event in events if event["name"] == "read ok"]
    marks = [event["name"] for event in events if "is drawn" in event["name"]]
    assert marks == ["from here on 1 of 2 requests, interrupts and commands is drawn"]
    assert len(good) == 100000 + 30000 // 2
    assert sum(event["name"] == "write: IO_PAGE_FAULT" for event in events) == 50
