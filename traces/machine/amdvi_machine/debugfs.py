# SPDX-License-Identifier: Apache-2.0
"""
The texts of the driver's debugfs files (Linux from 6.17 on, CONFIG_AMD_IOMMU_DEBUGFS), alone or one after the other.

    mmio, capability    Offset:0x18 Value:0x000000000003f48f
    cmdbuf              CMD Buffer Head Offset:97 Tail Offset:97, then "  0: 011be001 10000000 00000024 00000000"
    devtbl              DeviceId QWORD[3] ... QWORD[0] iommu, then "0000:00:04.0 <four quadwords, highest first> iommu0"
    irqtbl              DeviceId 0000:00:04.0, then "IRT[0000] 0000000000000026 0000000000000141" or "IRT[0000] 00260141"
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import SourceError, number

# What the driver prints in place of data; a dump may hold it.
NOTHING = ("Please provide ", "Not able to read capability register", "No or Invalid input", "Enter a valid device ID",
           "IRQ lookup table not set", "Device table not found", "Interrupt remapping is disabled",
           "The device's DTE contains an invalid IRT length value")
MOST_COMMANDS = 32768
DEVICE = re.compile(r"([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")


@dataclass
class Dump:
    """What texts of one kind of machine said; entries carry the number of the IOMMU that the driver named."""

    registers: dict[int, int] = field(default_factory=dict)
    capability: dict[int, int] = field(default_factory=dict)
    ring: dict[int, bytes] = field(default_factory=dict)
    head: int | None = None
    tail: int | None = None
    entries: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)  # (segment, device): entry, IOMMU
    interrupts: dict[tuple[int, int], dict[int, tuple[int, int]]] = field(default_factory=dict)  # ... index: value, bytes
    nothing: list[str] = field(default_factory=list)


def device_of(text: str, name: str, line: int) -> tuple[int, int]:
    """Segment and DeviceID."""
    match = DEVICE.fullmatch(text)
    if not match or int(match[3], 16) > 31:
        raise SourceError(name, line, f"DeviceId: '{text[:40]}' is no SSSS:BB:DD.F")
    return int(match[1], 16), int(match[2], 16) << 8 | int(match[3], 16) << 3 | int(match[4], 16)


class Parser:
    def __init__(self, name: str, dump: Dump) -> None:
        self.name, self.dump, self.line = name, dump, 0
        self.device: tuple[int, int] | None = None

    def _number(self, text: str, bits: int, what: str, base: int = 16) -> int:
        return number(text, base, bits, self.name, self.line, what)

    def _register(self, words: list[str]) -> None:
        offset = self._number(words[0][7:], 32, "Offset")
        if len(words) != 2 or not words[1].startswith("Value:0x"):
            raise SourceError(self.name, self.line, "Value: missing behind the offset")
        digits = words[1][8:]
        table = self.dump.capability if len(digits) == 8 else self.dump.registers
        if len(digits) not in (8, 16):
            raise SourceError(self.name, self.line, f"Value: '{digits[:40]}' has neither 8 nor 16 digits")
        table[offset] = self._number(digits, 64, "Value")

    def _ring(self, line: str) -> None:
        match = re.fullmatch(r"CMD Buffer Head Offset:(\d+) Tail Offset:(\d+)", line)
        if not match:
            raise SourceError(self.name, self.line, "CMD Buffer: no head and tail")
        self.dump.head = self._number(match[1], 15, "Head Offset", 10)
        self.dump.tail = self._number(match[2], 15, "Tail Offset", 10)

    def _command(self, words: list[str]) -> None:
        index = self._number(words[0][:-1], 15, "index", 10)
        if len(words) != 5:
            raise SourceError(self.name, self.line, f"command {index}: {len(words) - 1} words in place of 4")
        data = b"".join(self._number(word, 32, f"command {index}").to_bytes(4, "little") for word in words[1:])
        self.dump.ring[index] = data

    def _entry(self, words: list[str]) -> None:
        device = device_of(words[0], self.name, self.line)
        match = re.fullmatch(r"iommu(\d{1,4})", words[-1])
        if len(words) != 6 or not match:
            raise SourceError(self.name, self.line, "device table entry: not four quadwords and iommuN behind the DeviceId")
        entry = 0
        for word in words[1:5]:
            entry = entry << 64 | self._number(word, 64, "QWORD")
        self.dump.entries[device] = entry, int(match[1])

    def _interrupt(self, words: list[str]) -> None:
        match = re.fullmatch(r"IRT\[(\d{1,5})\]", words[0])
        if not match or not 2 <= len(words) <= 3:
            raise SourceError(self.name, self.line, "IRT: no index and one or two numbers")
        if self.device is None:
            raise SourceError(self.name, self.line, "IRT: no line 'DeviceId SSSS:BB:DD.F' before it")
        index = self._number(match[1], 11, "IRT index", 10)
        wide = len(words) == 3
        value = 0
        for word in words[1:]:
            value = value << 64 | self._number(word, 64 if wide else 32, f"IRT[{index}]")
        self.dump.interrupts.setdefault(self.device, {})[index] = value, 16 if wide else 4

    def take(self, line: str) -> None:
        words = line.split()
        if not words:
            return
        if words[0].startswith("Offset:"):
            self._register(words)
        elif line.startswith("CMD Buffer"):
            self._ring(line)
        elif re.fullmatch(r"\d+:", words[0]):
            self._command(words)
        elif words[0] == "DeviceId" and len(words) == 2:
            self.device = device_of(words[1], self.name, self.line)
            self.dump.interrupts.setdefault(self.device, {})
        elif words[0] == "DeviceId" and len(words) > 1 and words[1].startswith("QWORD["):
            return
        elif words[0].startswith("IRT["):
            self._interrupt(words)
        elif DEVICE.match(words[0]):
            self._entry(words)
        elif line.startswith(NOTHING):
            self.dump.nothing.append(line)
        else:
            raise SourceError(self.name, self.line, f"'{line[:60]}' is no line of mmio, capability, cmdbuf, devtbl or irqtbl")


def parse(text: str, name: str, dump: Dump) -> None:
    """Adds what a text says. Texts that are joined without a newline between them are told apart where the driver leaves it out."""
    parser = Parser(name, dump)
    glued = re.compile(r"(?<=Device table not found)(?=\S)|(?<=invalid IRT length value\.)(?=\S)")
    for number_of_line, line in enumerate(text.split("\n"), 1):
        parser.line = number_of_line
        for part in glued.split(line.rstrip("\r")):
            parser.take(part.rstrip())
