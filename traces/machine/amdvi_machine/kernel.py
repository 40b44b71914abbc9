# SPDX-License-Identifier: Apache-2.0
"""
The AMD IOMMU driver's own structures in a kernel's memory: where the device table and the rings are.

Names of symbols and members are those of the driver from 5.19 to 7.3; where one lies is told by the kernel's symbol table and
type description, so nothing here depends on a version's layout. A member that is not there is left out.
"""
from __future__ import annotations

import re
from typing import Callable

from .btf import Btf
from .elf import Core
from .errors import SourceError, Unreadable

MOST_UNITS = 64
# Members of struct amd_iommu that are worth a line, with their size in bytes.
UNIT = {"index": 4, "mmio_phys": 8, "cap": 4, "features": 8, "features2": 8, "devid": 2, "cmd_buf_head": 4, "cmd_buf_tail": 4}
RINGS = {"cmd_buf": "cmd_buf", "evt_buf": "evt_buf", "ppr_log": "ppr_log", "ga_log": "ga_log"}
SEGMENT = {"id": 2, "last_bdf": 2, "dev_table_size": 4}
# Symbols with their size and the fact that they are; kernels from 6.7 on keep features of all units in one place.
SWITCHES = {"amd_iommu_guest_ir": ("amd_iommu_guest_ir", 4), "amd_iommu_xt_mode": ("amd_iommu_xt_mode", 4),
            "amd_iommu_efr": ("features", 8), "amd_iommu_efr2": ("features2", 8)}
WANTED = {"amd_iommu_list", "amd_iommu_dev_table", *SWITCHES}


def symbols(text: str, name: str) -> dict[str, int]:
    """/proc/kallsyms or System.map: the symbols that matter here."""
    found: dict[str, int] = {}
    for match in re.finditer(r"^([0-9a-f]{16}) \w (\w+)$", text, re.M):
        if match[2] in WANTED:
            found[match[2]] = int(match[1], 16)
    if "amd_iommu_list" not in found:
        raise SourceError(name, 0, "no symbol amd_iommu_list: no kernel with the AMD IOMMU driver, or no CONFIG_KALLSYMS_ALL")
    if not found["amd_iommu_list"]:
        raise SourceError(name, 0, "addresses are hidden (kptr_restrict): this takes root")
    return found


class Kernel:
    def __init__(self, core: Core, names: dict[str, int], btf: Btf) -> None:
        self.core, self.names = core, names
        self.unit, self.segment = btf.members("amd_iommu"), btf.members("amd_iommu_pci_seg")
        self.missing: list[str] = []
        self.direct_map = 0  # the kernel's address of physical memory's begin
        if "list" not in self.unit:
            raise SourceError(btf.name, 0, "no struct amd_iommu: the driver is not in this kernel, or it was built without BTF")

    def _number(self, address: int, size: int) -> int:
        return int.from_bytes(self.core.virtual(address, size), "little")

    def _try(self, what: str, read: Callable[[], int], facts: dict[str, int]) -> None:
        try:
            facts[what] = read()
        except Unreadable as error:
            self.missing.append(f"{what}: {error}")

    def _physical_of(self, pointer: int) -> int:
        virtual = self._number(pointer, 8)
        physical = self.core.to_physical(virtual) if virtual else 0
        if physical:
            self.direct_map = virtual - physical
        return physical

    def _table(self, unit: int, facts: dict[str, int]) -> None:
        """The device table: of the unit's PCI segment; of all units in kernels before 5.20."""
        if "pci_seg" in self.unit and "dev_table" in self.segment:
            segment = self._number(unit + self.unit["pci_seg"], 8)
            for name, size in SEGMENT.items():
                if name in self.segment:
                    self._try(f"segment_{name}", lambda n=name, s=size: self._number(segment + self.segment[n], s), facts)
            self._try("device_table", lambda: self._physical_of(segment + self.segment["dev_table"]), facts)
        elif "amd_iommu_dev_table" in self.names:
            self._try("device_table", lambda: self._physical_of(self.names["amd_iommu_dev_table"]), facts)

    def _unit(self, unit: int) -> dict[str, int]:
        facts: dict[str, int] = {"address": unit}
        for name, size in UNIT.items():
            if name in self.unit:
                self._try(name, lambda n=name, s=size: self._number(unit + self.unit[n], s), facts)
        for name in RINGS:
            if name in self.unit:
                self._try(name, lambda n=name: self._physical_of(unit + self.unit[n]), facts)
        for name, (fact, size) in SWITCHES.items():
            if name in self.names and not facts.get(fact):
                self._try(fact, lambda n=name, s=size: self._number(self.names[n], s), facts)
        self._table(unit, facts)
        if self.direct_map:
            facts["direct_map"] = self.direct_map
        return {name: value for name, value in facts.items() if value or name not in RINGS}

    def units(self) -> list[dict[str, int]]:
        """Facts of each IOMMU; physical addresses of table and rings, the rest as the driver keeps it."""
        head, found = self.names["amd_iommu_list"], []
        at = self._number(head, 8)
        while at != head and len(found) < MOST_UNITS:
            found.append(self._unit(at - self.unit["list"]))
            at = self._number(at, 8)
        return found


def domain_offsets(btf: Btf) -> dict[str, int]:
    """
    Where a domain's number lies, for probes: from the generic domain (`domain`) and from the page table's operations
    (`ops`), and from these the pointer to a v2 table (`pgd`). Kernels with generic page tables have no operations there.
    """
    domain, table, generic = btf.members("protection_domain"), btf.members("amd_io_pgtable"), btf.members("io_pgtable")
    found: dict[str, int] = {}
    if "id" in domain and "domain" in domain:
        found["domain"] = domain["id"] - domain["domain"]
    inside = table.get("pgtbl", table.get("iop"))
    if "id" in domain and "iop" in domain and inside is not None and "ops" in generic:
        found["ops"] = domain["id"] - domain["iop"] - inside - generic["ops"]
    if "pgd" in table and inside is not None and "ops" in generic:
        found["pgd"] = table["pgd"] - inside - generic["ops"]
    return found
