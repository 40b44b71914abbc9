# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

import amdvi
from amdvi.timed import Parameters, Timed, parameters, presets
from conftest import COMMANDS, DEV, STORE, TABLE, boot, fill

NS = 1000
READ = 70 * NS
PROBES = 10  # ps: in the preset ideal each look at an array takes one, and nothing else takes any
EXACT = {"memory.latency": "70ns", "memory.slow_latency": "70ns"}


@pytest.fixture
def clock(iommu):
    with Timed(iommu, Parameters("ideal", EXACT)) as out:
        yield out


def test_parameters_have_their_facts():
    found = {parameter.name: parameter for parameter in parameters()}
    assert found["memory.latency"].unit == "time"
    assert {parameter.origin for parameter in found.values()} <= {"source", "inferred", "measured", "assumption"}
    assert "generic" in presets() and "ideal" in presets()
    settings = Parameters("generic", {"memory.latency": "90ns", "walk.merge_page": False})
    assert (settings["memory.latency"], settings["walk.merge_page"]) == (90 * NS, 0)
    assert settings.as_dict().keys() == found.keys()


@pytest.mark.parametrize("name, value", [("memory.latency", "90"), ("memory.latency", "9 parsecs"), ("walk.slot", 3)])
def test_wrong_parameters_are_named(name, value):
    with pytest.raises(amdvi.AmdviError, match=name):
        Parameters("generic", {name: value})


def test_unknown_preset_is_named():
    with pytest.raises(amdvi.AmdviError, match="preset=fast"):
        Parameters("fast")


def test_a_walk_takes_its_reads(clock):
    """One read for the device table entry, one for the only level; then nothing, and then nothing at all is asked."""
    for when, reads in ((10 * NS, 2), (500 * NS, 0)):
        clock.request(amdvi.Request(DEV, 0x1000), when, tag=when)
        clock.run()
        end = clock.completions.popleft()
        assert (end.tag, end.submitted, end.reads) == (when, when, reads)
        assert reads * READ <= end.latency <= reads * READ + PROBES
        assert (end.status, end.answer.pa, end.place) == ("OK", 0x55000, "walk" if reads else end.place)
    assert end.place in ("l1", "l2")


def test_not_before_its_time(clock):
    clock.request(amdvi.Request(DEV, 0x1000), 10 * NS)
    assert clock.next() is not None and clock.pending() == 1
    clock.run(10 * NS + 2 * READ - 1)
    assert not clock.completions and clock.now == 10 * NS + 2 * READ - 1
    clock.run(10 * NS + 2 * READ + PROBES)
    assert len(clock.completions) == 1 and clock.pending() == 0 and clock.next() is None


def test_commands_take_effect_through_their_register(clock, memory):
    memory.write(COMMANDS, (1 << 60 | STORE | 1).to_bytes(8, "little") + (0x77).to_bytes(8, "little"))
    clock.register("mmio", 0x2008, value=16, when=NS)
    clock.run()
    assert memory.u64(STORE) == 0x77 and clock.now >= NS + READ
    assert clock.statistics()["commands"] == 1


def one_run(seed):
    draw, memory = random.Random(seed), amdvi.Memory(1 << 20)
    with amdvi.Device(memory=memory) as iommu:
        fill(memory)
        boot(iommu)
        with Timed(iommu, Parameters("generic", {"seed": seed, "memory.slow_latency": "400ns",
                                                 "memory.slow_share": 300000})) as clock:
            for tag in range(200):
                request = amdvi.Request(DEV, draw.randrange(4) << 12, 8, draw.choice(("read", "write")))
                clock.request(request, draw.randrange(20_000) * NS, port=draw.randrange(4), tag=tag)
            clock.run()
            return list(clock.completions), clock.statistics(), clock.percentile(0.99)


def test_equal_seeds_equal_times():
    print("seeds 1, 2")
    assert one_run(1) == one_run(1)
    assert one_run(1)[0] != one_run(2)[0]


def test_histograms_hold_what_ended():
    ends, counters, p99 = one_run(3)
    latencies = sorted(end.latency for end in ends)
    assert counters["completed"] == len(ends) == 200
    assert abs(p99 - latencies[197]) <= 0.04 * latencies[197]


def test_memory_of_the_callers(iommu, memory):
    asks = []
    with Timed(iommu, Parameters("ideal"), on_ask=asks.append) as clock:
        clock.request(amdvi.Request(DEV, 0x1000), NS, tag=1)
        clock.run()
        assert [ask.access for ask in asks] == ["dte"] and clock.pending() == 1
        assert clock.explain()
        clock.run(50 * NS)
        clock.answer(asks[0], memory.read(asks[0].address, asks[0].length))
        clock.run(80 * NS)
        assert asks[1].address == TABLE + 8
        clock.answer_now(asks[1])
        clock.run()
        assert clock.completions[0].done == 80 * NS and clock.completions[0].answer.pa == 0x55000


def test_ends_may_submit_more(iommu):
    done = []

    def again(end):
        done.append(end)
        if len(done) < 5:
            clock.request(amdvi.Request(DEV, 0x1000), tag=end.tag + 1)

    with Timed(iommu, on_end=again) as clock:
        clock.request(amdvi.Request(DEV, 0x1000), tag=0)
        clock.run()
    assert [end.tag for end in done] == [0, 1, 2, 3, 4]


def test_what_a_callback_raises_comes_out(iommu):
    def broken(end):
        raise ValueError("mine")

    with Timed(iommu, on_end=broken) as clock:
        clock.request(amdvi.Request(DEV, 0x1000))
        with pytest.raises(ValueError, match="mine"):
            clock.run()


def test_refusals(iommu, clock):
    clock.run(100 * NS)
    with pytest.raises(amdvi.AmdviError) as caught:
        clock.request(amdvi.Request(DEV, 0x1000), 99 * NS)
    assert caught.value.status == "ARGUMENT"
    with pytest.raises(amdvi.FieldError, match="share"):
        clock.percentile(99)
    with pytest.raises(amdvi.FieldError, match="histogram"):
        clock.mean("everything")
    clock.close()
    with pytest.raises(amdvi.AmdviError, match="closed"):
        clock.run()


def test_warm_up_is_apart(clock):
    clock.request(amdvi.Request(DEV, 0x1000), NS)
    clock.run()
    clock.restart()
    assert clock.mean() == (0, 0.0) and clock.statistics()["completed"] == 0
    clock.request(amdvi.Request(DEV, 0x1000))
    clock.run()
    assert clock.mean()[0] == 1
