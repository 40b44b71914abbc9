# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in a source: a trace or a message, and never more memory than the bounds allow."""
import io
import random
import resource
import tarfile

import pytest
from conftest import DTE, EVENTS, PAGES, REGISTERS, SAMPLE, TYPES, UNIT, core_file, mmio_text

from amdvi_machine import debugfs, elf, events, source
from amdvi_machine.btf import Btf
from amdvi_machine.errors import SourceError
from amdvi_machine.lay import Lay
from amdvi_machine.text import Writer

SEED = random.SystemRandom().randrange(1 << 32)
ROUNDS = {"debugfs": 40, "ftrace": 40, "btf": 100, "core": 15}  # others read the whole sample again and again
MOST_GROWTH = 512 << 10  # KiB


def mutate(data, rnd):
    """A few bytes flipped, numbers made large, a stretch cut out or doubled."""
    data = bytearray(data)
    for _ in range(rnd.randint(1, 6)):
        at, length = rnd.randrange(len(data)), rnd.randint(1, 24)
        way = rnd.randrange(5)
        if way == 0:
            data[at] ^= 1 << rnd.randrange(8)
        elif way == 1:
            data[at:at + length] = b"\xff" * length
        elif way == 2:
            data[at:at + length] = rnd.choice((b"", b"99999999999999999999", b"0xffffffffffffffff", b"\n", b" ", b"-1", b"0x_1"))
        elif way == 3:
            data[at:at] = data[at:at + length]
        else:
            del data[at:at + length]
        data = data or bytearray(b" ")
    return bytes(data)


def lay_out(machine):
    Lay(machine, 0, Writer(io.StringIO()), 64).run()


def text_case(data):
    machine = source.Machine(sources=["f"])
    text = source.decode(data, "f")
    if events.looks_like(text):
        machine.events = events.parse(text, "f")
    else:
        debugfs.parse(text, "f", machine.unit(0, "f").dump)
    lay_out(machine)


def core_case(data):
    machine = source.Machine(sources=["f"])
    machine.core = elf.Core(io.BytesIO(data), "f")
    machine.unit(0, "f").facts = source.parse_facts(UNIT.split("\n", 1)[1], "f")
    lay_out(machine)


def part_cases():
    with tarfile.open(SAMPLE) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def part_case(name):
    def run(data):
        machine = source.Machine(sources=["f"])
        files = source.Files(machine, "f")
        for part, whole in {**SAMPLE_PARTS, name: data}.items():
            files.file(part, io.BytesIO(whole))
        lay_out(machine)
    return run


SAMPLE_PARTS = part_cases()
DUMP = mmio_text(REGISTERS) + "CMD Buffer Head Offset:1 Tail Offset:1\n  0: 00000020 20000000 00000000 00000000\n" \
    "0000:00:04.0 {3:016x} {2:016x} {1:016x} {0:016x} iommu0\n".format(*DTE) + "DeviceId 0000:00:04.0\nIRT[0001] 00260141\n"
CASES = {"debugfs": (DUMP.encode(), text_case), "ftrace": (EVENTS.read_bytes(), text_case), "core": (core_file(PAGES), core_case),
         "btf": (TYPES, lambda data: Btf(data, "f").members("amd_iommu")),
         **{name: (SAMPLE_PARTS[name], part_case(name)) for name in ("events", "memory.core", "kernel/iommu0", "dmesg")}}


@pytest.mark.parametrize("name", CASES)
def test_mutated_sources(name):
    print("seed", SEED)
    rnd, (data, run) = random.Random(f"{SEED}/{name}"), CASES[name]
    run(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for _ in range(ROUNDS.get(name, 5)):
        try:
            run(mutate(data, rnd))
        except SourceError as error:
            refused += 1
            assert str(error).startswith(("f", "events"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH
    print(name, refused, "refused")
