# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/qemu collect: what the collector brings from a stock kernel can be imported, and tells of the machine that was booted."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
AMDVI = os.environ.get("AMDVI", "amdvi")
DISK = "00:05.0"  # the NVMe of the machine that is collected
SKIPPED = 77


def amdvi(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([AMDVI, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", name="collected")
def fixture_collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, str]:
    """The trace, and what the importer told."""
    folder = tmp_path_factory.mktemp("collect")
    done = subprocess.run([ROOT / "scripts/qemu", "collect", "--skip", "--model", "--append", "iommu=nopt", "-o", folder / "machine.tar.gz"],
                          capture_output=True, text=True, check=False)
    if done.returncode == SKIPPED:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    imported = amdvi("import", folder / "machine.tar.gz", "-o", folder / "machine.trace")
    assert imported.returncode == 0, imported.stderr
    return folder / "machine.trace", imported.stderr


def test_events_lead_to_what_memory_has_after_them(collected: tuple[pathlib.Path, str]) -> None:
    told = collected[1]
    counts = re.search(r"events: (\d+) commands, (\d+) maps, (\d+) unmaps, 0 faults, 0 unknown lines", told)
    alike = re.search(r"at the end of the events (\d+) mappings are those of a second look at memory, (\d+) are not", told)
    assert counts and alike, told
    assert min(int(number) for number in counts.groups()) > 0 and int(alike[1]) > 100 and int(alike[2]) == 0, told


def test_tables_of_a_device_are_there(collected: tuple[pathlib.Path, str]) -> None:
    trace = collected[0]
    tables = amdvi("inspect", trace, "--tables", DISK).stdout
    ranges = re.findall(r"(0x[0-9a-f]+)-0x[0-9a-f]+ -> (0x[0-9a-f]+) +rw", tables)
    assert ranges, tables
    for iova, place in ranges[:3]:
        answer = amdvi("explain", trace, "--dev", DISK, "--addr", iova, "--op", "write", "--no-cache").stdout
        assert f"result: ok, pa {int(place, 16):#x}, perm rw" in answer, answer


def test_the_trace_plays(collected: tuple[pathlib.Path, str]) -> None:
    played = amdvi("replay", collected[0]).stdout
    commands = re.search(r"commands (\d+), invalidations (\d+)", played)
    assert commands and int(commands[1]) > 0 and int(commands[2]) > 0, played
