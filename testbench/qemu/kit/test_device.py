# SPDX-License-Identifier: GPL-2.0-or-later
"""The device in QEMU without an operating system: settings, files that cannot be written, tables where no memory is, a QEMU that hangs."""
from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from amdvi_kit import machines, trials
from amdvi_kit.demands import Report
from mini_driver import (BUFFER, CARD, CMD_BASE, CMD_TAIL, COMPLETION_WAIT, CONTROL, DOMAIN, ENABLE, INVALIDATE_DEVTAB, IOMMU, IR, IW,
                         RING_ENABLE, TABLE, Captured, Driver, Machine)

OBJECT = os.environ.get("AMDVI_QEMU_OBJECT", "")
FEATURES = 0x30
IDLE = ["-nodefaults", "-display", "none", "-m", "64", "-S"]
pytestmark = pytest.mark.skipif(not Path(OBJECT).is_file(), reason="there is no object for QEMU")


def features(folder: Path, device: str, *more: str) -> int:
    machine = Machine(folder, device, *more)
    seen = machine.read(IOMMU + FEATURES)
    machine.end()
    return seen


def test_what_a_device_is_given_counts_more_than_what_all_are_given(tmp_path: Path) -> None:
    of_all = ("-global", "amdvi-iommu.preset=emulator-min")
    given, both = features(tmp_path, "preset=genoa"), features(tmp_path, "preset=genoa", *of_all)
    assert features(tmp_path, "lint=off", *of_all) != given == both


def ended(*options: str) -> "subprocess.CompletedProcess[str]":
    """A machine that is switched on and off."""
    return subprocess.run([os.environ["AMDVI"], "vm", *options, "--", *IDLE, "-monitor", "stdio"], input="quit\n", capture_output=True,
                          text=True, check=False, timeout=120)


@pytest.mark.parametrize(("options", "what"), [((), "recording"), (("--qemu-iommu",), "capture")])
def test_a_file_that_cannot_be_written_whole_fails(tmp_path: Path, options: tuple[str, ...], what: str) -> None:
    whole = ended(*options, "--record", str(tmp_path / "whole"))
    assert whole.returncode == 0 and "could not be written" not in whole.stderr, whole
    cut = ended(*options, "--record", "/dev/full")
    assert cut.returncode == 1 and f"the {what} could not be written" in cut.stderr, cut


def test_a_capture_has_all_stores_of_a_doorbell(tmp_path: Path) -> None:
    """As many as a ring may have commands, but for the one that it cannot take: full it would be empty."""
    ring, stores, log2, capture = 0x400000, 0x800000, 15, tmp_path / "own.capture.txt"
    count = (1 << log2) - 1
    machine = Captured(tmp_path, capture)
    commands = b"".join(struct.pack("<2Q", COMPLETION_WAIT << 60 | stores + 8 * n | 1, n + 1) for n in range(count))
    for at in range(0, len(commands), 65536):
        machine.ask(f"write {ring + at:#x} {len(commands[at:at + 65536])} 0x{commands[at:at + 65536].hex()}")
    machine.write(IOMMU + CMD_BASE, ring | log2 << 56)
    machine.write(IOMMU + CONTROL, RING_ENABLE | ENABLE)
    machine.write(IOMMU + CMD_TAIL, count * 16)
    assert machine.read(stores + 8 * (count - 1)) == count
    machine.stop()
    told = re.findall(r"^S (\w+) (\w+)$", capture.read_text(encoding="ascii"), re.M)
    assert told == [(f"{stores + 8 * n:x}", struct.pack("<Q", n + 1).hex()) for n in range(count)]
    done = subprocess.run([os.environ["AMDVI"], "replay", "--json", capture], capture_output=True, text=True, check=True)
    checked = json.loads(done.stdout)["files"][0]["checks"]["classes"]["stores"]
    assert (checked["checked"], checked["failed"]) == (count, 0)


def test_accessed_bits_of_a_table_in_registers_are_refused(tmp_path: Path) -> None:
    """The table lies among the registers of a second card; there QEMU has no bytes that could be compared and exchanged."""
    slot, bar, ring = 9, 0xFEB00000, 0x2800  # RDBAL, RDBAH of that card: entry 256 of a table at 2000h
    machine = Machine(tmp_path, "preset=genoa", "-device", f"e1000,addr={slot:x},romfile=")
    machine.configure(0x10, bar, slot)
    machine.configure(0x4, 6, slot)
    driver = Driver(machine)
    words = (3 | 1 << 9 | 3 << 7 | bar + ring & ~0xFFF | IR | IW, DOMAIN, 0, 0)  # with HAD: accessed and dirty bits
    entry = BUFFER | 1 | IR | IW
    for index, word in enumerate(words):
        machine.write(TABLE + CARD * 32 + index * 8, word)
    machine.ask(f"writel {bar + ring:#x} {entry & 0xFFFFFFFF:#x}")
    machine.ask(f"writel {bar + ring + 4:#x} {entry >> 32:#x}")
    driver.command(INVALIDATE_DEVTAB << 60 | CARD, 0)
    driver.complete()
    machine.copy(256 << 12)
    assert machine.read(bar + ring) == entry
    report = machine.end()
    assert report["statistics"]["events_by_name"]["PAGE_TAB_HARDWARE_ERROR"] >= 1, report["statistics"]


def hang(folder: Path) -> None:
    """Stops QEMU once its IOMMU shows what it does."""
    while not list(folder.glob("amdvi-*.live")) or not (folder / "pid").exists():
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(int((folder / "pid").read_text(encoding="ascii")), signal.SIGSTOP)


def test_a_qemu_that_does_not_end_is_killed_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "qemu"
    program.write_text(f'#!/bin/sh\necho $$ >{tmp_path}/pid\nexec qemu-system-x86_64 "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(machines, "GRACE", 1)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    told: list[Report] = []
    thread = threading.Thread(target=hang, args=(tmp_path,), daemon=True)
    thread.start()
    settings = machines.Settings(IDLE, 5, 1, ["--qemu", str(program)], tmp_path / "consoles")
    machines.run([trials.TRIALS[0]], settings, lambda trial, report: told.append(report))
    assert [(one["ended"], one["late"]) for one in told] == [(False, True)]
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text(encoding='ascii').strip()}").exists()
