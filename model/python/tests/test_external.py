# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

import amdvi
from conftest import COMMANDS, DEV, EVENTS, STORE, TABLE, boot, dte, leaf


@pytest.fixture
def bus(iommu):
    with amdvi.External(iommu) as out:
        yield out


def serve_all(bus, memory, draw=None):
    """Answers until nothing is asked, and returns what was; `draw` picks the order."""
    served = []
    while bus.asks:
        bus.asks.rotate(-draw.randrange(len(bus.asks)) if draw else 0)
        served.append(bus.asks.popleft())
        bus.serve(served[-1], memory)
    return served


def test_questions_tell_what_is_read(bus, memory):
    bus.request(amdvi.Request(DEV, 0x1000), tag=9)
    first = bus.asks.popleft()
    assert (first.kind, first.access, first.asker, first.tag) == ("read", "dte", "submission", 9)
    assert (first.address, first.length) == (32 * DEV, 32)
    bus.serve(first, memory)
    second = bus.asks.popleft()
    assert (second.access, second.level, second.address, second.length) == ("host_entry", 1, TABLE + 8, 8)
    assert bus.pending() == 1 and not bus.completions
    bus.answer(second, leaf(0x77000))
    end = bus.completions.popleft()
    assert (end.tag, end.status, end.answer.pa, bus.pending()) == (9, "OK", 0x77000, 0)


def test_any_order_gives_the_answers_of_a_device_without_surroundings(memory):
    seed = 20261129
    print("seed", seed)
    draw = random.Random(seed)
    asked = [amdvi.Request(DEV, draw.randrange(4) << 12, 8, draw.choice(("read", "write"))) for _ in range(40)]
    with amdvi.Device(memory=memory) as plain:
        boot(plain)
        wanted = [plain.request(request) for request in asked]
    with amdvi.Device(memory=memory) as iommu:
        boot(iommu)
        with amdvi.External(iommu) as bus:
            for tag, request in enumerate(asked):
                bus.request(request, tag)
            serve_all(bus, memory, draw)
            found = {end.tag: end.answer for end in bus.completions}
    assert [found[tag].ok for tag in range(40)] == [answer.ok for answer in wanted]
    assert [found[tag].pa for tag in range(40)] == [answer.pa for answer in wanted]


def test_memory_errors_are_answers(bus):
    bus.request(amdvi.Request(DEV, 0x1000))
    bus.answer(bus.asks.popleft(), amdvi.MemoryFault("target_abort"))
    record = bus.asks.popleft()
    assert (record.kind, record.access, record.asker) == ("write", "log", "log")
    assert record.address == EVENTS and record.data[7] >> 4 == 3  # DEV_TAB_HARDWARE_ERROR
    bus.answer(record)
    assert not bus.completions.popleft().answer.ok


def test_answers_of_the_wrong_size_are_refused(bus):
    bus.request(amdvi.Request(DEV, 0x1000))
    ask = bus.asks.popleft()
    with pytest.raises(amdvi.FieldError, match="32 bytes"):
        bus.answer(ask, b"12345678")
    with pytest.raises(amdvi.FieldError, match="32 bytes"):
        bus.answer(ask)
    bus.answer_now(ask)
    bus.answer_now(bus.asks.popleft())
    assert bus.completions.popleft().answer.pa == 0x55000
    with pytest.raises(amdvi.AmdviError) as caught:
        bus.answer_now(ask)
    assert caught.value.status == "ARGUMENT" and str(ask.id) in str(caught.value)


def test_dirty_bits_are_updates(memory):
    with amdvi.Device(amdvi.Config("genoa"), memory) as iommu:
        memory.write(32 * DEV, dte(HAD=3))
        boot(iommu)
        with amdvi.External(iommu) as bus:
            bus.request(amdvi.Request(DEV, 0x1000, 8, "write"))
            kinds = []
            while bus.asks:
                kinds.append(bus.asks[0].kind)
                bus.serve(bus.asks.popleft(), memory)
    assert "update" in kinds
    assert memory.u64(TABLE + 8) != int.from_bytes(leaf(0x55000), "little")


def test_rings_ask_when_they_run(bus, iommu, memory):
    memory.write(COMMANDS, (1 << 60 | STORE | 1).to_bytes(8, "little") + (0x1234).to_bytes(8, "little"))
    bus.register("mmio", 0x2008, value=16, tag=5)
    asks = serve_all(bus, memory)
    iommu.run()
    asks += serve_all(bus, memory)
    assert [(ask.asker, ask.access) for ask in asks] == [("host_ring", "command"), ("host_ring", "store")]
    assert bus.completions.popleft().tag == 5
    assert memory.u64(STORE) == 0x1234


def test_registers_interrupts_and_page_requests(bus, memory):
    bus.register("mmio", 0x18, tag=1)
    bus.interrupt(DEV, 0xFEE0_0000, 0x45, tag=2)
    bus.page_request(amdvi.PageRequest(DEV, 0x1000, 3, 1, False, True, False, False, True), tag=3)
    serve_all(bus, memory)
    ends = {end.tag: end.answer for end in bus.completions}
    assert ends[1] & 1 == 1
    assert isinstance(ends[2], amdvi.Remapped) and isinstance(ends[3], amdvi.PageRequested)
    assert ends[3].fault.event_name == "INVALID_PPR_REQUEST"


def test_what_is_taken_back_says_so(bus):
    bus.request(amdvi.Request(DEV, 0x1000), tag=4)
    bus.cancel()
    end = bus.completions.popleft()
    assert (end.tag, end.status, end.answer, bus.pending()) == (4, "BUSY", None, 0)


def test_limits(iommu):
    with amdvi.External(iommu, most=1) as bus:
        bus.request(amdvi.Request(DEV, 0x1000))
        with pytest.raises(amdvi.AmdviError) as caught:
            bus.request(amdvi.Request(DEV, 0x2000))
        assert caught.value.status == "BUSY"
    with pytest.raises(amdvi.AmdviError) as caught:
        amdvi.External(iommu, most=0)
    assert caught.value.status == "ARGUMENT"
    assert iommu.translate(DEV, 0x1000).ok


@pytest.mark.parametrize("request_, field", [
    (amdvi.Request(DEV, 0, op="fetch"), "op"), (amdvi.Request(DEV, 0, at="late"), "at"),
    (amdvi.Request(1 << 16, 0), "device"), (amdvi.Request(DEV, -1), "address"),
    (amdvi.Request(DEV, 0, pasid="one"), "pasid")])
def test_fields_that_do_not_fit_are_named(bus, iommu, request_, field):
    for call in (bus.request, iommu.request):
        with pytest.raises(amdvi.FieldError) as caught:
            call(request_)
        assert caught.value.field == field and field in str(caught.value)
    with pytest.raises(amdvi.FieldError, match="space"):
        bus.register("io", 0)
