# SPDX-License-Identifier: Apache-2.0
"""
What the driver did, on top of the memory as it was: commands go through the ring, maps and unmaps change tables.

Tracepoints name no domain and no rights; kprobes name the domain by an address in the kernel, and by its number where the
collector knew where it lies. A domain that the memory image shows is changed in place. Of all others the tables are ours.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Iterator

from . import bits, image
from .bits import COMMANDS, DTE, DTE_BYTES, REGISTERS
from .errors import SourceError
from .events import Event
from .image import GuestTable, Image, Store, Table, TooMuch
from .text import Writer

ALL = ("tracepoint", 0)  # the one table of a stream that names no domain
COMMAND_BYTES = 16
MAPS = ("iommu_pt_map", "iommu_pt_map_range")
UNMAPS = ("iommu_pt_unmap", "iommu_pt_unmap_range")
WRITE_FAULT = 1  # bit of io_page_fault's flags

Key = tuple[str, int]


@dataclass
class Domain:
    table: Table
    number: int
    shown: bool  # a device of the memory image uses it
    devices: set[int] = field(default_factory=set)


@dataclass
class Counts:
    commands: int = 0
    maps: int = 0
    unmaps: int = 0
    faults: int = 0
    others: int = 0
    lost: int = 0
    skipped: int = 0


def best_pages(iova: int, address: int, size: int) -> Iterator[tuple[int, int, int, int]]:
    """A range in the largest pages that fit, as the kernel's generic page tables lay it out: any power of two from 4 KiB on."""
    while size:
        aligned = (iova | address | 1 << 52) & -(iova | address | 1 << 52)
        page = min(aligned, 1 << size.bit_length() - 1)
        yield iova, address, page, 1
        iova, address, size = iova + page, address + page, size - page


class Stream:
    """Plays the events of one IOMMU into a trace."""

    def __init__(self, writer: Writer, memory: Image, values: dict[int, int], devices: dict[int, int], name: str) -> None:
        self.writer, self.memory, self.devices, self.name = writer, memory, dict(devices), name
        self.ring = values[REGISTERS["cmd_base"]] & bits.ADDRESS
        self.ring_bytes = COMMAND_BYTES << max(8, min(15, values[REGISTERS["cmd_base"]] >> 56 & 15))
        self.tail = values.get(REGISTERS["cmd_tail"], 0) % self.ring_bytes
        self.device_table = values[REGISTERS["devtab_base"]] & bits.ADDRESS
        self.table_bytes = ((values[REGISTERS["devtab_base"]] & 0x1FF) + 1) * bits.PAGE
        self.domains: dict[Key, Domain] = {}
        self.counts = Counts()
        self.guesses: list[str] = []
        self.level = 4
        self.unit: int | None = None
        self.direct_map = 0  # where the kernel sees physical memory, to follow its pointers to v2 tables
        self.keys: list[Key] = []
        self.map_kinds = self.unmap_kinds = ("",)

    # ------------------------------------------------------------ what is known

    def key_of(self, event: Event) -> Key:
        if "pgd" in event.values and self.direct_map:
            return "pgd", event.values["pgd"] - self.direct_map & bits.ADDRESS
        for name in ("domid", "ops", "domain"):
            if name in event.values:
                return name, event.values[name]
        return self.keys[0] if self.keys else ALL  # where nothing is named there is no more than one

    def _shown(self, number: int) -> tuple[int, int] | None:
        """Root and level of a domain's table in the memory image."""
        for entry in self.devices.values():
            mode = bits.get(DTE, "Mode", entry)
            if entry & 3 == 3 and bits.get(DTE, "DomainID", entry) == number and 1 <= mode <= 6:
                return bits.get(DTE, "Host root", entry) << 12, mode
        return None

    def _shown_guest(self, root: int) -> tuple[int, int] | None:
        """Level and DomainID of a v2 table that a device of the memory image uses without PASID."""
        for entry in self.devices.values():
            if entry & 3 != 3 or not bits.get(DTE, "GV", entry) or bits.get(DTE, "Mode", entry):
                continue
            place = bits.get(DTE, "GCR3 root", entry) << 12
            for _level in range(bits.get(DTE, "GLX", entry) + 1):
                place = self.memory.word(place) & bits.ADDRESS
            if place == root:
                return 4 + (bits.get(DTE, "GuestPagingMode", entry) & 1), bits.get(DTE, "DomainID", entry)
        return None

    def _new_number(self, key: Key) -> int:
        taken = {domain.number for domain in self.domains.values()}
        taken |= {bits.get(DTE, "DomainID", entry) for entry in self.devices.values()}
        return key[1] if key[0] == "domid" else next(number for number in range(1, 1 << 16) if number not in taken)

    def domain(self, key: Key) -> Domain:
        if key not in self.domains:
            shown = self._shown(key[1]) if key[0] == "domid" else None
            guest = self._shown_guest(key[1]) if key[0] == "pgd" else None
            table = GuestTable(self.memory, key[1], guest[0]) if guest else \
                Table(self.memory, *(shown or (self.memory.new_table(), self.level)))
            number, root = guest[1] if guest else self._new_number(key), table.root
            shown = shown or guest
            self.domains[key] = Domain(table, number, shown is not None)
            where = "changed where the memory image has it" if shown else f"put together in tables of this trace's own, at {root:#x}"
            self.writer.comment(f"domain {key[0]}={key[1]:#x}: DomainID {number:#x}, {where}")
        return self.domains[key]

    def _nearest(self, wanted: Event) -> Key:
        """An attach names the generic domain, older kernels' maps an address inside the same structure, up to 1 KiB on."""
        key = self.key_of(wanted)
        if key[0] == "domain":
            inside = [one for one in self.keys if one[0] == "ops" and 0 < one[1] - key[1] < 1024]
            return min(inside, key=lambda one: one[1]) if inside else key
        return key

    # ------------------------------------------------------------ writing

    def _labels(self, event: Event) -> dict[str, object]:
        return {"t": event.ns, "cpu": event.cpu}

    def _stores(self, event: Event, stores: Iterable[Store]) -> None:
        for address, data in stores:
            self.writer.store(address, data, **self._labels(event))

    def _attach(self, event: Event, domain: Domain, device: int) -> None:
        """The device's entry, as the driver writes it; what concerns interrupts stays."""
        place = self.device_table + device * DTE_BYTES
        if device * DTE_BYTES >= self.table_bytes:
            return
        for other in self.domains.values():
            other.devices.discard(device)
        domain.devices.add(device)
        low = bits.put(DTE, V=1, TV=1, Mode=domain.table.level, Host_root=domain.table.root >> 12, IR=1, IW=1, DomainID=domain.number)
        kept = self.devices.get(device, 0) >> 128
        self.devices[device] = kept << 128 | low
        self._stores(event, [self.memory.write(place, self.devices[device].to_bytes(DTE_BYTES, "little"))])

    def _command(self, event: Event) -> None:
        data = b"".join(event.values[word].to_bytes(4, "little") for word in ("w0", "w1", "w2", "w3"))
        self._stores(event, [self.memory.write(self.ring + self.tail, data)])
        self.tail = (self.tail + COMMAND_BYTES) % self.ring_bytes
        self.writer.record("mmio_write", off=REGISTERS["cmd_tail"], size=4, value=self.tail)
        self.counts.commands += 1

    def _size(self, event: Event) -> tuple[int, int]:
        """Page size and number of pages."""
        values = event.values
        size = values.get("pgsize", bits.PAGE)
        count = values.get("pgcount", values.get("len", values.get("size", values.get("unmapped_size", 0))) // bits.PAGE)
        if size < bits.PAGE or size & size - 1 or size > 1 << 48:
            raise SourceError(self.name, event.line, f"{event.kind}: pgsize {size:#x} is no page size")
        return size, count

    def _check_range(self, event: Event, table: Table, size: int, count: int) -> None:
        iova = event.values["iova"]
        if iova % bits.PAGE or iova + size * count > table.reach():
            raise SourceError(self.name, event.line, f"{event.kind}: iova {iova:#x} and {count} pages of {size:#x}: no range of pages "
                              f"below {table.reach():#x}")

    def _map(self, event: Event) -> None:
        domain = self.domain(self.key_of(event))
        size, count = self._size(event)
        address = event.values["paddr"]
        self._check_range(event, domain.table, size, count)
        if address % bits.PAGE or address + size * count > 1 << 52:
            raise SourceError(self.name, event.line, f"{event.kind}: paddr {address:#x} is no address of pages below 2^52")
        if event.values["iova"] % size or address % size:
            size, count = bits.PAGE, count * (size // bits.PAGE)
        pieces = best_pages(event.values["iova"], address, size * count) if "len" in event.values else \
            [(event.values["iova"], address, size, count)]
        for iova, physical, each, pages in pieces:
            self._stores(event, domain.table.map(iova, physical, each, pages, event.values.get("prot", 3)))
        self.counts.maps += 1

    def _unmap(self, event: Event) -> None:
        domain = self.domain(self.key_of(event))
        size, count = self._size(event)
        self._check_range(event, domain.table, size, count)
        self._stores(event, domain.table.unmap(event.values["iova"], size * count))
        self.counts.unmaps += 1

    def _fault(self, event: Event) -> None:
        """As a request, so that explain can say what the tables had to say about it then."""
        if event.device is None:
            return
        self.writer.comment(f"the driver reported a page fault: {event.text}")
        op = "write" if event.values["flags"] & WRITE_FAULT else "read"
        self.writer.record("dma", dev=event.device, addr=event.values["iova"], len=1, op=op, **self._labels(event))
        self.counts.faults += 1

    def take(self, event: Event) -> None:
        kind = event.kind
        if kind == "iommu_cmd" and self.unit is not None and event.values.get("iommu", self.unit) != self.unit:
            self.counts.skipped += 1
        elif kind == "iommu_cmd":
            self._command(event)
        elif kind in self.map_kinds:
            self._map(event)
        elif kind in self.unmap_kinds:
            self._unmap(event)
        elif kind == "iommu_attach" and event.device is not None:
            self._attach(event, self.domain(self._nearest(event)), event.device)
        elif kind == "io_page_fault":
            self._fault(event)
        else:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        if event.kind == "lost":
            self.counts.lost += event.values["count"]
        elif event.kind in ("map", "unmap"):  # the kprobe has said it, with more
            return
        self.counts.others += event.kind == "other"
        self.writer.comment(event.text)

    # ------------------------------------------------------------ the whole stream

    def _prepare(self, found: list[Event], unit: int | None) -> None:
        kinds = {event.kind for event in found}
        self.map_kinds = MAPS if kinds & {*MAPS} else ("map",)
        named = [event.values["iommu"] for event in found if event.kind == "iommu_cmd" and "iommu" in event.values]
        self.unit = unit if unit is not None else named[0] if named else None
        mapping = [event for event in found if event.kind in (*self.map_kinds, *UNMAPS)]
        self.keys = list(dict.fromkeys(self.key_of(event) for event in mapping))
        self.unmap_kinds = UNMAPS if kinds & {*UNMAPS} or len(self.keys) > 1 else ("unmap",)
        if any(event.values["iova"] >> 48 for event in mapping):
            self.level = image.DEEPEST

    def _loose(self) -> None:
        """Maps of domains that no device is known to use lead nowhere, and that is told."""
        loose = [f"{key[0]}={key[1]:#x}" for key, domain in self.domains.items() if not domain.shown and not domain.devices]
        if loose:
            self.guesses.append(f"no device is known to use {' '.join(loose)} (no attach was seen, and memory does not show them): their "
                                "maps are in tables that nothing reads")

    def named_devices(self, found: list[Event]) -> list[int]:
        """Devices whose entry was changed, whose faults were told, or which were attached."""
        devices = set()
        for event in found:
            if event.kind == "iommu_cmd" and event.values["w1"] >> 28 == COMMANDS["INVALIDATE_DEVTAB_ENTRY"]:
                devices.add(event.values["w0"] & 0xFFFF)
            elif event.device is not None and event.kind != "other":
                devices.add(event.device)
        return sorted(devices)

    def _guess(self, found: list[Event]) -> None:
        """One table, and devices that nothing attaches: they use it, what else."""
        attached = any(event.kind == "iommu_attach" for event in found)
        loose = [device for device in self.named_devices(found) if self.devices.get(device, 0) & 3 != 3]
        if attached or len(self.keys) != 1 or not loose or self._shown(self.keys[0][1]):
            return
        names = " ".join(bits.device_text(device) for device in loose)
        self.guesses.append(f"the events show one domain and no attach: devices that they name are put into it ({names})")
        self.writer.comment(self.guesses[-1])
        domain = self.domain(self.keys[0])
        if self.keys[0][0] != "domid":
            domain.number = self._flushed(found) or domain.number
        for device in loose:
            self._attach(found[0], domain, device)

    def _flushed(self, found: list[Event]) -> int | None:
        """The one DomainID that pages were invalidated of, if it is one."""
        numbers = {event.values["w1"] & 0xFFFF for event in found
                   if event.kind == "iommu_cmd" and event.values["w1"] >> 28 == COMMANDS["INVALIDATE_IOMMU_PAGES"]}
        return numbers.pop() if len(numbers) == 1 else None

    def play(self, found: list[Event], unit: int | None) -> None:
        """`unit`: the kernel's address of the IOMMU whose commands count; without one, that of the first command."""
        self._prepare(found, unit)
        if found:
            self._guess(found)
        for event in found:
            try:
                self.take(event)
            except TooMuch:
                raise SourceError(self.name, event.line, f"{event.kind}: tables of more than {image.MOST_PAGES} pages") from None
        self._loose()
