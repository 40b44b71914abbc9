# SPDX-License-Identifier: Apache-2.0
"""Registers that nobody could read, put together from what the driver keeps in memory."""
from __future__ import annotations

from .bits import CONTROL, EFR, REGISTERS

RING_CODE = 9 << 56  # 512 entries, as Linux has each of its rings


def _control(facts: dict[str, int]) -> int:
    """What Linux switches on when it has set a unit up."""
    names = ["IommuEn", "EventLogEn", "Coherent", "CmdBufEn"]
    if facts.get("amd_iommu_guest_ir", 0) in (1, 2):
        names.append("GAEn")
    if facts.get("amd_iommu_xt_mode", 0) == 1:
        names.append("XTEn")
    if facts.get("features", 0) >> EFR["GTSup"] & 1:
        names.append("GTEn")
    return sum(1 << CONTROL[name] for name in names)


def from_kernel(facts: dict[str, int]) -> dict[int, int]:
    """Register values by offset. The rings' sizes are Linux's, the log counts as empty."""
    found: dict[int, int] = {REGISTERS["control"]: _control(facts)}
    if facts.get("device_table"):
        pages = max(1, min(512, -(-facts.get("segment_dev_table_size", 512 * 4096) // 4096)))
        found[REGISTERS["devtab_base"]] = facts["device_table"] | pages - 1
    if facts.get("cmd_buf"):
        found[REGISTERS["cmd_base"]] = facts["cmd_buf"] | RING_CODE
        tail = facts.get("cmd_buf_tail", 0) & 0x1FF0
        found[REGISTERS["cmd_head"]] = found[REGISTERS["cmd_tail"]] = tail
    if facts.get("evt_buf"):
        found[REGISTERS["event_base"]] = facts["evt_buf"] | RING_CODE
    if facts.get("ppr_log"):
        found[REGISTERS["ppr_base"]] = facts["ppr_log"] | RING_CODE
    for name, register in (("features", "efr"), ("features2", "efr2")):
        if name in facts:
            found[REGISTERS[register]] = facts[name]
    return found


def wide_interrupts(values: dict[int, int], facts: dict[str, int]) -> bool:
    """Whether interrupt entries have 128 bits: GAEn."""
    control = values.get(REGISTERS["control"])
    return bool(control >> CONTROL["GAEn"] & 1) if control is not None else facts.get("amd_iommu_guest_ir", 2) in (1, 2)
