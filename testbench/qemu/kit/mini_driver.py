# SPDX-License-Identifier: GPL-2.0-or-later
"""
A driver of a hundred lines, by which the kit itself is tested. QEMU's qtest protocol stands for the processor, which itself
only halts; a network card of type e1000, which fetches its descriptors at once, for all devices. Each of the driver's
mistakes is one argument.

Layouts are typed from the specification (iommu 2.2, 3.1, 4.2, 6), not taken from the library.
"""
from __future__ import annotations

import json
import os
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

IOMMU, CARD_BAR, CARD_SLOT = 0xFED80000, 0xFEA00000, 8
CARD = CARD_SLOT << 3
TCTL, TDBAL, TDBAH, TDLEN, TDH, TDT = 0x400, 0x3800, 0x3804, 0x3808, 0x3810, 0x3818  # of the card: its transmit ring
BIOS = 0x10000 - 16  # the processor begins 16 bytes before the end
TABLE, PAGES, RING, LOG, STORE, BUFFER = 0x100000, 0x110000, 0x120000, 0x122000, 0x126000, 0x200000
DEVTAB_BASE, CMD_BASE, EVENT_BASE, CONTROL, CMD_TAIL = 0x0, 0x8, 0x10, 0x18, 0x2008
EVENT_HEAD, EVENT_TAIL, STATUS = 0x2010, 0x2018, 0x2020
ENABLE, LOG_ENABLE, RING_ENABLE, TIME_OUT_1_MS = 1, 1 << 2, 1 << 12, 1 << 5
IR, IW, IOTLB = 1 << 61, 1 << 62, 1 << 32  # of a DTE: bits 61 and 62 of word 0, 96 as bit 32 of word 1
COMPLETION_WAIT, INVALIDATE_DEVTAB, INVALIDATE_PAGES, INVALIDATE_IOTLB, INVALIDATE_ALL = 1, 2, 3, 4, 8
DOMAIN = 7


class Machine:
    """A machine without a processor."""

    def __init__(self, folder: Path, device: str, *more: str) -> None:
        self.report_path = folder / "report.json"
        self.start(folder, ["--json", str(self.report_path)], *more, "-device", f"amdvi-iommu,{device}")

    def start(self, folder: Path, options: list[str], *arguments: str) -> None:
        bios = folder / "bios"
        bios.write_bytes(bytes(BIOS) + b"\xfa\xf4\xeb\xfd".ljust(16, b"\0"))  # cli; hlt; jump to hlt
        self.process = subprocess.Popen(
            [os.environ["AMDVI"], "vm", "--quiet", "--die-with-parent", *options, "--", "-qtest", "stdio", "-qtest-log", "none",
             "-display", "none", "-nodefaults", "-bios", str(bios), "-m", "64", *arguments, "-device",
             f"e1000,addr={CARD_SLOT:x},romfile="],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.tail = 0
        self.configure(0x10, CARD_BAR)
        self.configure(0x4, 6)

    def ask(self, command: str) -> str:
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        while line := self.process.stdout.readline():
            if line.startswith("OK"):
                return line[2:].strip()
        raise AssertionError(f"{command}: QEMU ended: {self.process.stderr.read()}")

    def configure(self, offset: int, value: int, slot: int = CARD_SLOT) -> None:
        self.ask(f"outl 0xcf8 {0x80000000 | slot << 11 | offset:#x}")
        self.ask(f"outl 0xcfc {value:#x}")

    def write(self, address: int, value: int) -> None:
        self.ask(f"writeq {address:#x} {value:#x}")

    def read(self, address: int) -> int:
        return int(self.ask(f"readq {address:#x}"), 16)

    def copy(self, iova: int) -> None:
        """The card reads its first descriptor, which is empty, and writes that it is done."""
        for offset, value in ((TDH, 0), (TDBAL, iova), (TDBAH, 0), (TDLEN, 4096), (TCTL, 2), (TDT, 1)):
            self.ask(f"writel {CARD_BAR + offset:#x} {value:#x}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)

    def end(self) -> dict[str, Any]:
        """The report of the unit."""
        self.stop()
        report: dict[str, Any] = json.loads(self.report_path.read_text(encoding="utf-8"))["units"][0]
        return report


class Captured(Machine):
    """The same with QEMU's own amd-iommu, which is recorded."""

    def __init__(self, folder: Path, capture: Path) -> None:
        self.start(folder, ["--qemu-iommu", "--record", str(capture)])


class Driver:
    """Sets the IOMMU up and maps pages for the card."""

    def __init__(self, machine: Machine, *, flush: bool = True, closed: bool = True, wait: bool = True, restart: bool = True,
                 device: int = CARD, identity: tuple[int, int] | None = None) -> None:
        self.m, self.waits, self.restarts = machine, wait, restart
        machine.write(IOMMU + CONTROL, 0)
        empty = struct.pack("<4Q", 3 if closed else 0, 0, 0, 0)
        machine.ask(f"write {TABLE:#x} {256 * 32} 0x{(empty * 256).hex()}")
        self.levels = 3 if identity else 1
        self.set_device(device)
        if identity:
            self.map_high(*identity)
        machine.write(IOMMU + DEVTAB_BASE, TABLE | 1)
        machine.write(IOMMU + CMD_BASE, RING | 9 << 56)
        machine.write(IOMMU + EVENT_BASE, LOG | 9 << 56)
        machine.write(IOMMU + CONTROL, LOG_ENABLE | RING_ENABLE | TIME_OUT_1_MS)
        machine.write(IOMMU + CONTROL, LOG_ENABLE | RING_ENABLE | TIME_OUT_1_MS | ENABLE)
        if flush:
            self.command(INVALIDATE_ALL << 60, 0)
            self.complete()

    def set_device(self, device: int) -> None:
        words = (3 | self.levels << 9 | PAGES | IR | IW, DOMAIN | IOTLB, 0, 0)
        for index, word in enumerate(words):
            self.m.write(TABLE + device * 32 + index * 8, word)

    def table(self, iova: int) -> int:
        return PAGES if self.levels == 1 else PAGES + 0x2000

    def map(self, iova: int, page: int) -> None:
        """Below 2 MiB."""
        if self.levels == 3:
            self.m.write(PAGES, PAGES + 0x1000 | 1 | 2 << 9 | IR | IW)
            self.m.write(PAGES + 0x1000, PAGES + 0x2000 | 1 | 1 << 9 | IR | IW)
        self.m.write(self.table(iova) + (iova >> 12) * 8, page | 1 | IR | IW)

    def map_high(self, first: int, bytes_: int) -> None:
        """An identity mapping within one table of 2 MiB."""
        self.m.write(PAGES + (first >> 30) * 8, PAGES + 0x3000 | 1 | 2 << 9 | IR | IW)
        self.m.write(PAGES + 0x3000 + (first >> 21 & 511) * 8, PAGES + 0x4000 | 1 | 1 << 9 | IR | IW)
        for address in range(first, first + bytes_, 4096):
            self.m.write(PAGES + 0x4000 + (address >> 12 & 511) * 8, address | 1 | IR | IW)

    def command(self, word: int, second: int) -> None:
        self.m.write(RING + self.m.tail, word)
        self.m.write(RING + self.m.tail + 8, second)
        self.m.tail = (self.m.tail + 16) % 0x2000
        self.m.write(IOMMU + CMD_TAIL, self.m.tail)

    def complete(self) -> None:
        self.m.write(STORE, 0)
        self.command(COMPLETION_WAIT << 60 | STORE | 1, 1)
        for _ in range(3000):
            if not self.waits or self.m.read(STORE):
                return
            time.sleep(0.01)
        raise AssertionError("no completion")

    def invalidate(self, iova: int) -> None:
        self.command(INVALIDATE_PAGES << 60 | DOMAIN << 32, iova)
        self.complete()

    def service_log(self) -> None:
        """Takes what is logged; after an overflow starts the log anew (iommu 2.4)."""
        self.m.write(IOMMU + EVENT_HEAD, self.m.read(IOMMU + EVENT_TAIL))
        if self.restarts and self.m.read(IOMMU + STATUS) & 1:
            control = self.m.read(IOMMU + CONTROL)
            self.m.write(IOMMU + CONTROL, control & ~LOG_ENABLE)
            self.m.write(IOMMU + STATUS, 1)
            self.m.write(IOMMU + EVENT_HEAD, 0)
            self.m.write(IOMMU + CONTROL, control)
