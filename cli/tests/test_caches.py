# SPDX-License-Identifier: Apache-2.0
"""Hits and misses by device, why lookups missed, and the curve over cache sizes, against the model's own caches of those sizes
and against a list of pages that is searched by hand."""
import json
import os
import random

import pytest

SEED = int(os.environ.get("AMDVI_TEST_SEED", "1"))
PAGES, DEVICES = 64, (0x100, 0x101)
HEAD = """amdvi-trace 1
config preset=genoa
mem addr=0x1000000 data=0112000100000060
mem addr=0x1002000 data=0302000100000060110000000000000000000000000000000000000000000000
mem addr=0x1002020 data=0302000100000060120000000000000000000000000000000000000000000000
mmio_write off=0x0 size=8 value=0x1000001
mmio_write off=0x8 size=8 value=0x800000000400000
mmio_write off=0x18 size=8 value=0x1001
"""


def head():
    """Two devices, 100h and 101h, of domains 11h and 12h, with one table of 64 pages at 1000000h + 10000h."""
    table = "".join((0x6000000008000001 + (page << 12)).to_bytes(8, "little").hex() for page in range(PAGES))
    return (HEAD.replace("mem addr=0x1000000 data=0112000100000060\n", f"mem addr=0x1010000 data={table}\n")
            .replace("off=0x0 size=8 value=0x1000001", "off=0x0 size=8 value=0x1000003")
            .replace("data=0302000100000060", "data=0302010100000060"))


class Machine:
    """Writes the trace and keeps, beside it, which pages were used and dropped."""

    def __init__(self):
        self.lines, self.tail = [head()], 0
        self.stack, self.seen = [], set()  # (device, page), None: an empty line; the last used stands last
        self.distances, self.classes = [], {"cold": 0, "invalidated": 0}

    def dma(self, device, page):
        key = (device, page)
        self.lines.append(f"dma dev={device:#x} addr={page << 12:#x} len=4 op=read\n")
        at = self.stack.index(key) if key in self.stack else -1
        hole = next((i for i in range(len(self.stack) - 1, at, -1) if self.stack[i] is None), None)
        if at >= 0:
            self.distances.append(len(self.stack) - 1 - at)
        else:
            self.classes["invalidated" if key in self.seen else "cold"] += 1
        if at >= 0 and hole is not None:
            self.stack[at] = None
        elif at >= 0:
            del self.stack[at]
        if hole is not None:
            del self.stack[hole]
        self.stack.append(key)
        self.seen.add(key)

    def fault(self, device):
        self.lines.append(f"dma dev={device:#x} addr={PAGES << 12:#x} len=4 op=read\n")

    def command(self, words):
        text = b"".join(word.to_bytes(8, "little") for word in words).hex()
        self.lines.append(f"mem addr={0x400000 + self.tail:#x} data={text}\n")
        self.tail = (self.tail + 16) % 4096
        self.lines.append(f"mmio_write off=0x2008 size=4 value={self.tail:#x}\n")

    def invalidate(self, device, page, log2):
        """2^log2 pages from `page` on, which is aligned to them; None: the whole domain."""
        domain = 0x11 + device - DEVICES[0]
        if log2 is None:
            address, size = 0x7FFFFFFFFFFFF000, 1
        else:
            address, size = (page << 12) | ((1 << (11 + log2)) - 1) & ~0xFFF, int(log2 > 0)
        self.command((3 << 60 | domain << 32, address | size))
        gone = range(PAGES) if log2 is None else range(page, page + (1 << log2))
        self.stack = [key if key is None or key[0] != device or key[1] not in gone else None for key in self.stack]

    def invalidate_all(self):
        self.command((8 << 60, 0))
        self.stack = []


def drawn(seed, steps=1500):
    chance, machine = random.Random(seed), Machine()
    for _ in range(steps):
        kind, device = chance.random(), chance.choice(DEVICES)
        if kind < 0.93:
            machine.dma(device, min(chance.randrange(PAGES), chance.randrange(PAGES)))
        elif kind < 0.98:
            log2 = chance.choice((0, 0, 1, 3, None))
            machine.invalidate(device, 0 if log2 is None else chance.randrange(PAGES) >> log2 << log2, log2)
        elif kind < 0.99:
            machine.fault(device)
        else:
            machine.invalidate_all()
    return machine


@pytest.fixture(name="played")
def player(amdvi, tmp_path):
    def play(machine, *settings):
        trace = tmp_path / "drawn.trace"
        trace.write_text("".join(machine.lines), encoding="ascii")
        words = [word for setting in settings for word in ("--set", setting)]
        done = amdvi("replay", "--json", trace, *words)
        data = json.loads(done.stdout)
        assert not data["errors"], data["errors"]
        return data["files"][0]
    return play


def cache(played, name="PTC"):
    return next(found for found in played["caches"] if found["cache"] == name)


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_the_curve_is_what_caches_of_these_sizes_do(played, seed):
    machine = drawn(seed)
    curve = {point["lines"]: point["hits"] for point in cache(played(machine))["lru_curve"]}
    assert curve == {lines: sum(distance < lines for distance in machine.distances) for lines in curve}
    for log2 in range(5):
        small = played(machine, "cache.policy=lru", f"ptc.log2_entries={log2}", f"ptc.ways={1 << log2}")
        assert cache(small)["hits"] == curve[1 << log2], f"seed {seed}, {1 << log2} lines"


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_classes_of_misses(played, seed):
    machine = drawn(seed)
    found = cache(played(machine, "cache.policy=lru", "ptc.log2_entries=4", "ptc.ways=16"))
    classes = found["misses_by_class"]
    assert {name: classes[name] for name in machine.classes} == machine.classes, f"seed {seed}"
    assert classes["capacity"] == sum(distance >= 16 for distance in machine.distances)
    assert classes["conflict"] == 0 and classes["fault"] == sum("dma" in line and f"{PAGES << 12:#x} " in line for line in machine.lines)
    assert sum(classes.values()) == found["misses"]


def test_conflicts_are_what_associativity_costs(played):
    machine = drawn(SEED)
    found = cache(played(machine, "cache.policy=lru", "ptc.log2_entries=4", "ptc.ways=1"))
    classes = found["misses_by_class"]
    assert classes["conflict"] > 0 and {name: classes[name] for name in machine.classes} == machine.classes
    assert sum(classes.values()) == found["misses"]


def test_devices_add_up(played):
    data = played(drawn(SEED), "ptc.log2_entries=4")
    for name in ("DTC", "PTC", "PDC"):
        of_devices = [found for device in data["devices"] for found in device["caches"] if found["cache"] == name]
        for key in ("hits", "misses"):
            assert sum(found[key] for found in of_devices) == cache(data, name)[key]
            assert cache(data, name)[key] == data["statistics"][f"{name.lower()}_{key}"]
    assert data["ptc_lookups_not_followed"] == 0
    assert cache(data, "DTC")["misses_by_class"]["cold"] == 2


def test_page_sizes_that_the_cache_holds(played):
    """Three pages of 64 KiB, read in pieces of 4 KiB: one line each with 32 KiB lines, sixteen with 4 KiB lines."""
    machine = Machine()
    leaf = (0x6000000008000001 | 0x7 << 9 | 0x7000).to_bytes(8, "little").hex() * 16
    machine.lines.append(f"mem addr=0x1010000 data={leaf}\n")
    for page in range(16):
        machine.lines.append(f"dma dev=0x100 addr={page << 12:#x} len=4 op=read\n")
    assert cache(played(machine))["misses_by_class"]["cold"] == 16
    assert cache(played(machine, "ptc.page_sizes=0x4b"))["misses_by_class"]["cold"] == 2


def test_a_reset_empties(played):
    machine = Machine()
    machine.dma(0x100, 1)
    machine.lines += ["reset\n", head().split("\n", 2)[2].replace("config", "# config")]
    machine.lines.append("dma dev=0x100 addr=0x1000 len=4 op=read\n")
    found = played(machine)
    assert cache(found)["misses"] == 2 and found["statistics"]["ptc_misses"] == 1
    assert cache(found)["misses_by_class"]["invalidated"] == 1
