# SPDX-License-Identifier: Apache-2.0
"""Puts together one IOMMU of a machine as a trace: configuration, memory, registers, then what was recorded."""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import bits, image
from .bits import DTE, DTE_BYTES, PAGE, REGISTERS
from .compare import compare
from .debugfs import Dump
from .errors import SourceError
from .image import Image
from .registers import RING_CODE, from_kernel, wide_interrupts
from .source import Machine, Unit
from .stream import Counts, Stream
from .text import Writer
from .walk import Walk

RAM = 1 << 52  # addresses of a real machine are all inside
MOST_MESSAGES = 1000
HEADS = {"cmd_head", "cmd_tail", "event_head", "event_tail", "ppr_head", "ppr_tail", "ga_head", "ga_tail"}
MESSAGE = re.compile(r"(?:([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7]).*)?Event logged \[IO_PAGE_FAULT"
                     r"(?: device=([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7]))?"
                     r".* address=0x([0-9a-f]{1,16}) flags=0x([0-9a-f]{1,4})")
RW = 0x20  # of the flags of a page fault


@dataclass
class Report:
    """What became of the sources."""

    devices: int = 0
    pages: int = 0
    commands_in_ring: int = 0
    counts: Counts = field(default_factory=Counts)
    messages: int = 0
    alike: int = 0
    differ: int = 0
    gaps: list[str] = field(default_factory=list)


class Lay:
    def __init__(self, machine: Machine, index: int, writer: Writer, most_pages: int) -> None:
        self.machine, self.index, self.writer, self.most_pages = machine, index, writer, most_pages
        self.unit = machine.units.get(index, Unit())
        self.memory, self.report = Image(), Report()
        self.devices: dict[int, int] = {}
        self.values = {**from_kernel(self.unit.facts), **self.unit.dump.registers} if self.unit.facts else dict(self.unit.dump.registers)

    def gap(self, text: str) -> None:
        self.report.gaps.append(text)

    # ------------------------------------------------------------ memory

    def _from_core(self) -> None:
        core, table = self.machine.core, self.values.get(REGISTERS["devtab_base"])
        if core is None:
            return
        if table is None:
            self.gap("a memory image, but nothing says where the device table is: give its kernel's symbols and types, or --register")
            return
        walk = Walk(core.physical, self.most_pages)
        for name in ("cmd_base", "event_base", "ppr_base", "ga_base"):
            base = self.values.get(REGISTERS[name], 0) & bits.ADDRESS
            if base:
                walk.range(base, 2 * PAGE, name)
        walk.table(table & bits.ADDRESS, (table & 0x1FF) + 1, wide_interrupts(self.values, self.unit.facts))
        for address, data in walk.pages.items():
            self.memory.pages[address] = bytearray(data)
        self.memory.given = len(walk.pages)
        self.devices = dict(walk.devices)
        for text in walk.problems():
            self.gap(text)

    def _segment(self) -> int:
        return self.unit.facts.get("segment_id", 0)

    def _from_debugfs(self) -> None:
        """Entries that the memory image does not show; each goes where the registers say."""
        base = self.values[REGISTERS["devtab_base"]] & bits.ADDRESS
        for dump in (self.machine.dump, self.unit.dump):
            for (segment, device), (entry, unit) in dump.entries.items():
                if segment == self._segment() and unit == self.index and device not in self.devices:
                    self.memory.write(base + device * DTE_BYTES, entry.to_bytes(DTE_BYTES, "little"))
                    self.devices[device] = entry
            self._interrupts(dump)

    def _interrupts(self, dump: Dump) -> None:
        for (segment, device), entries in dump.interrupts.items():
            root = bits.get(DTE, "IntTable root", self.devices.get(device, 0)) << 6
            if segment != self._segment() or root & ~(PAGE - 1) in self.memory.pages:
                continue
            if device not in self.devices and entries:
                self.gap(f"interrupt table of {bits.device_text(device)}: no device table entry says where it lies")
                continue
            for index, (value, size) in entries.items():
                self.memory.write(root + index * size, value.to_bytes(size, "little"))

    def _ring(self) -> None:
        ring, base = self.unit.dump.ring, self.values[REGISTERS["cmd_base"]] & bits.ADDRESS
        if self.unit.dump.tail is not None:
            self.values[REGISTERS["cmd_head"]] = (self.unit.dump.head or 0) * 16
            self.values[REGISTERS["cmd_tail"]] = self.unit.dump.tail * 16
        for index, data in ring.items():
            self.memory.write(base + index * 16, data)
        held = self.memory.read(base, PAGE) + self.memory.read(base + PAGE, PAGE)
        self.report.commands_in_ring = sum(any(held[at:at + 16]) for at in range(0, len(held), 16))
        if not any(held):
            self.values[REGISTERS["cmd_head"]] = self.values.get(REGISTERS["cmd_tail"], 0)  # nothing there to execute

    def _bases(self) -> None:
        """Places of our own for what no source places."""
        own = {"devtab_base": image.DEVICE_TABLE | 0x1FF, "cmd_base": image.COMMAND_RING | RING_CODE,
               "event_base": image.EVENT_RING | RING_CODE}
        for name, value in own.items():
            if not self.values.get(REGISTERS[name]):
                self.values[REGISTERS[name]] = value
                self.gap(f"register {name}: not in the sources, so it says {value:#x}")
        if REGISTERS["control"] not in self.unit.dump.registers:
            wide = any(size == 16 for dump in (self.machine.dump, self.unit.dump) for entries in dump.interrupts.values()
                       for _value, size in entries.values())
            self.values.setdefault(REGISTERS["control"], sum(1 << bits.CONTROL[name] for name in (
                "IommuEn", "EventLogEn", "Coherent", "CmdBufEn", *(["GAEn"] if wide else []))))
            self.gap(f"register control: not in the sources, so it says {self.values[REGISTERS['control']]:#x}: what Linux sets "
                     "on such a machine")

    # ------------------------------------------------------------ writing

    def _features(self) -> tuple[int, int] | None:
        read = self.unit.dump.registers
        if read.get(REGISTERS["efr"]):
            return read[REGISTERS["efr"]], read.get(REGISTERS["efr2"], 0)
        if self.unit.facts.get("features"):
            return self.unit.facts["features"], self.unit.facts.get("features2", 0)
        if self.unit.features:
            return self._sysfs_features()
        self.gap("feature registers: not in the sources, so those of the preset genoa stand here")
        return None

    def _sysfs_features(self) -> tuple[int, int]:
        """EFR comes first in kernels from 6.7 on, last before; EFR2 has few bits, so the larger word is EFR without a version."""
        first, second = self.unit.features
        match = re.match(r"(\d+)\.(\d+)", self.machine.told.get("release", ""))
        if match:
            return (first, second) if (int(match[1]), int(match[2])) >= (6, 7) else (second, first)
        return max(first, second), min(first, second)

    def _head(self) -> None:
        features = self._features()
        for name in ("release", "time", "cmdline"):
            if name in self.machine.told:
                self.writer.comment(f"{name}: {self.machine.told[name][:200]}")
        for text in [*self.machine.missing, *self.report.gaps]:
            self.writer.comment(f"not known: {text}")
        self.writer.comment(not_in(self.machine))
        pairs = {"efr": f"{features[0]:#x}", "efr2": f"{features[1]:#x}"} if features else {}
        if "devid" in self.unit.facts:
            pairs["devid"] = f"{self.unit.facts['devid']:#x}"
        self.writer.record("config", preset="genoa", ram=RAM, **pairs)

    def _memory(self) -> None:
        for address in sorted(self.memory.pages):
            page = self.memory.pages[address]
            self.writer.memory(address, bytes(page))
            self.report.pages += any(page)

    def _registers(self) -> None:
        """Heads and tails while all is off, CONTROL last."""
        order = sorted(self.values, key=lambda offset: (offset == REGISTERS["control"], offset))
        names = {offset: name for name, offset in REGISTERS.items()}
        for offset in order:
            name = names.get(offset)
            if name is None or name in bits.READ_ONLY or not (self.values[offset] or name in HEADS):
                continue
            self.writer.record("mmio_write", off=offset, size=8, value=self.values[offset])

    def _messages(self) -> None:
        """Page faults of the kernel's log, asked again: the answer is that of the tables as they are at the end."""
        found = [match for match in map(MESSAGE.search, self.machine.messages) if match and (match[2] or match[6])]
        for match in found[:MOST_MESSAGES]:
            bus, slot, function = match.group(6, 7, 8) if match[6] else match.group(2, 3, 4)
            device = int(bus, 16) << 8 | (int(slot, 16) & 31) << 3 | int(function)
            self.writer.comment(f"the kernel's log: {match.string.strip()[:200]}")
            self.writer.record("dma", dev=device, addr=int(match[9], 16), len=1, op="write" if int(match[10], 16) & RW else "read")
            self.report.messages += 1

    def run(self) -> Report:
        self._bases_or_core()
        self._describe()
        self._head()
        self._memory()
        self._registers()
        if self.machine.events:
            stream = Stream(self.writer, self.memory, self.values, self.devices, "events")
            stream.direct_map = self.unit.facts.get("direct_map", 0)
            stream.play(self.machine.events, self.unit.facts.get("address"))
            self.report.counts, self.devices = stream.counts, stream.devices
            self.report.gaps += stream.guesses
            self._compare()
        self._messages()
        self.report.devices = sum(entry & 1 for entry in self.devices.values())
        return self.report

    def _compare(self) -> None:
        """The tables that the events led to against those that the second image shows."""
        if self.machine.after is None or not self.report.counts.maps + self.report.counts.unmaps:
            return
        alike, differ = compare(self.devices, self.memory.read, self.machine.after.physical,
                                self.values[REGISTERS["devtab_base"]] & bits.ADDRESS)
        self.report.alike, self.report.differ = alike, differ
        self.writer.comment(f"at the end {alike} mappings are those of a second look at memory, {differ} are not")

    def _bases_or_core(self) -> None:
        self._from_core()
        self._bases()
        self._from_debugfs()
        self._ring()

    def _describe(self) -> None:
        """What this kind of source cannot tell at all."""
        dumped = bool(self.unit.dump.registers or self.unit.dump.ring or self.machine.dump.entries or self.unit.dump.entries)
        kinds = {event.kind for event in self.machine.events}
        if self.machine.core is not None:
            self.gap("memory was copied page by page while the machine ran: tables may be of different moments")
        elif dumped:
            self.gap("debugfs shows no page tables, no GCR3 tables and no logs: translations of devices with tables fault here")
            self.gap("debugfs shows device table entries one by one, and only valid interrupt entries")
        if self.machine.core is not None and not self.unit.dump.registers:
            self.gap("heads and tails of logs are not in memory: logs count as empty")
        if kinds & {"map", "unmap"} and not kinds & {"iommu_pt_map", "iommu_pt_unmap", "iommu_pt_map_range", "iommu_pt_unmap_range"}:
            self.gap("tracepoints name no domain, no rights and no page size: one table of 4 KiB pages with all rights stands for all")
        if self.machine.events and "iommu_cmd" not in kinds:
            self.gap("the events have no commands (kprobe iommu_cmd): nothing invalidates caches")
        if self.machine.events:
            self.gap("what was mapped before the recording is known from a memory image only")


def not_in(machine: Machine) -> str:
    """In words that the readers of traces know, so that a replay says it, too."""
    memory = "" if machine.core else "memory, "
    return f"not in the source: {memory}results of translations, results of interrupts, stores by the IOMMU"


def check(machine: Machine, index: int) -> None:
    """Whether there is anything of that IOMMU."""
    shared = {unit for _entry, unit in machine.dump.entries.values()}
    if machine.units and index not in machine.units and index not in shared:
        known = " ".join(str(one) for one in sorted({*machine.units, *shared}))
        raise SourceError(machine.sources[0], 0, f"there is no IOMMU {index}; there are: {known}")
