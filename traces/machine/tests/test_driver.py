# SPDX-License-Identifier: Apache-2.0
"""
debugfs texts that the driver itself printed: its debugfs.c of Linux 7.3, unmodified, compiled into a program that holds a
machine by chance (testbench/kshim/debugfs) and also says what is in it.

One output of that program is kept. Where a kernel's tree is there (KERNEL_DEBUGFS names its drivers/iommu/amd/debugfs.c, or
scripts/kernel has unpacked one of 6.17 or later), it is compiled and run with a new seed.
"""
import os
import random
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from conftest import ROOT

KEPT = ROOT / "traces/samples/linux73-debugfs.tar.gz"
HARNESS = ROOT / "testbench/kshim/debugfs"


def driver_source():
    folders = [Path(os.environ[name]) for name in ("KSHIM_BUILDS",) if name in os.environ] + [ROOT / "build/kshim"]
    named = [Path(os.environ["KERNEL_DEBUGFS"])] if "KERNEL_DEBUGFS" in os.environ else []
    found = named + [path for folder in folders for path in folder.glob("linux-*/drivers/iommu/amd/debugfs.c")]
    return next((path for path in found if path.is_file() and "iommu_irqtbl_show" in path.read_text()), None)


@pytest.fixture
def live(tmp_path):
    """The folder that the program fills, and what it says of its machine."""
    source, seed = driver_source(), random.SystemRandom().randrange(1 << 32)
    if source is None:
        pytest.skip("no tree of Linux 6.17 or later")
    print("seed", seed)
    for name in ("amd/amd_iommu.h", "irq_remapping.h", "fake/linux/debugfs.h", "fake/linux/pci.h"):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#include "driver.h"\n')
    (tmp_path / "src/amd/debugfs.c").write_bytes(source.read_bytes())
    program = tmp_path / "machine"
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-w", "-I", tmp_path / "src/fake", "-I", HARNESS, tmp_path / "src/amd/debugfs.c",
                    HARNESS / "machine.c", "-o", program], check=True)
    facts = subprocess.run([program, str(seed), tmp_path / "amd"], capture_output=True, text=True, check=True).stdout
    return tmp_path / "amd", facts


@pytest.fixture
def kept(tmp_path):
    with tarfile.open(KEPT) as tar:
        return KEPT, tar.extractfile("facts").read().decode()


def read_trace(text):
    """Memory by byte, last register writes, configuration."""
    memory, registers = {}, {}
    for address, data in re.findall(r"^mem addr=0x([0-9a-f]+) data=([0-9a-f]+)", text, re.M):
        memory.update(enumerate(bytes.fromhex(data), int(address, 16)))
    for offset, value in re.findall(r"^mmio_write off=0x([0-9a-f]+) size=8 value=0x([0-9a-f]+)", text, re.M):
        registers[int(offset, 16)] = int(value, 16)
    return memory, registers, dict(re.findall(r"(\w+)=(\S+)", re.search(r"^config .*", text, re.M)[0]))


def bytes_at(memory, address, size):
    return bytes(memory.get(address + index, 0) for index in range(size))


def check(facts, trace):
    memory, registers, config = read_trace(trace)
    rows = [line.split() for line in facts.splitlines()]
    told = {int(row[1], 16): int(row[2], 16) for row in rows if row[0] == "register"}
    assert int(config["efr"], 16) == told.pop(0x30)
    assert {offset: registers.get(offset, 0) for offset in told} == told
    assert (registers[0x2000], registers[0x2008]) == tuple(16 * int(row[1]) for row in rows if row[0] in ("head", "tail"))
    roots, page = {}, 0xFFFFFFFFFF000
    for row in rows:
        if row[0] == "command":
            assert bytes_at(memory, (told[0x8] & page) + 16 * int(row[1]), 16) == bytes.fromhex(row[2])
        elif row[0] == "entry":
            entry = int(row[2], 16)
            roots[row[1]] = entry >> 128 & 0xFFFFFFFFFFFC0
            assert bytes_at(memory, (told[0x0] & page) + 32 * int(row[1]), 32) == entry.to_bytes(32, "little")
        elif row[0] == "interrupt":
            size = (len(row[3]) - 2) // 2
            assert bytes_at(memory, roots[row[1]] + size * int(row[2]), size) == int(row[3], 16).to_bytes(size, "little")
    assert len(roots) >= 2 and sum(row[0] == "interrupt" for row in rows) >= 3


@pytest.mark.parametrize("source", ["kept", "live"])
def test_what_the_driver_prints_becomes_what_the_machine_holds(source, request, amdvi, tmp_path):
    path, facts = request.getfixturevalue(source)
    done = amdvi("import", path, "-o", tmp_path / "out.trace")
    assert done.returncode == 0, done.stderr
    check(facts, (tmp_path / "out.trace").read_text())
