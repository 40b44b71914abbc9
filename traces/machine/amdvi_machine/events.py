# SPDX-License-Identifier: Apache-2.0
"""
Lines of ftrace, trace-cmd report and perf script: what the driver did, in order of time.

A line that is none of the events below becomes a comment; one of them whose fields do not fit is a mistake of the file.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import SourceError, number

# "  task-97  [000] d..2.  4.774847: event: rest"; perf writes "task 97 [000] 4.774847: group:event: rest".
LINE = re.compile(r"^\s*.*?\[(\d{1,5})\]\s+(?:\S+\s+)?(\d{1,10})\.(\d{6}|\d{9}):\s+(?:[\w-]+:)?([\w.]+):\s?(.*)$")
LOST = re.compile(r"\[LOST (\d{1,12}) EVENTS\]|LOST (\d{1,12}) events")
FIELD = re.compile(r"\b(\w+)=(\"[^\"]*\"|\S+)")
# What each event has: name and whether it stands in hex without a mark. Names in brackets may be missing.
FIELDS = {
    "iommu_cmd": ("w0", "w1", "w2", "w3", "[iommu]"),
    "iommu_pt_map": ("iova", "paddr", "pgsize", "pgcount", "prot", "[ops]", "[domain]", "[domid]", "[pgd]"),
    "iommu_pt_unmap": ("iova", "pgsize", "pgcount", "[ops]", "[domain]", "[domid]", "[pgd]"),
    "iommu_pt_map_range": ("iova", "paddr", "len", "prot", "[ops]", "[domain]", "[domid]"),
    "iommu_pt_unmap_range": ("iova", "len", "[ops]", "[domain]", "[domid]"),
    "iommu_attach": ("[domain]", "[domid]"),
    "map": ("iova", "paddr", "size"),
    "unmap": ("iova", "unmapped_size"),
    "attach_device_to_domain": (),
    "io_page_fault": ("iova", "flags"),
}
SAME = {"iommu_pt_map_v2": "iommu_pt_map", "iommu_pt_map_generic": "iommu_pt_map", "iommu_pt_unmap_v2": "iommu_pt_unmap",
        "iommu_pt_unmap_generic": "iommu_pt_unmap", "iommu_pt_map_range_v2": "iommu_pt_map_range",
        "iommu_pt_unmap_range_v2": "iommu_pt_unmap_range"}
WIDTH = {"w0": 32, "w1": 32, "w2": 32, "w3": 32, "domid": 16, "prot": 32, "flags": 32}
DEVICE = re.compile(r"\b(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\b")
MOST_EVENTS = 20_000_000


@dataclass
class Event:
    kind: str  # of FIELDS; "other", "lost"
    line: int
    ns: int
    cpu: str
    text: str  # event and rest, as it stands there
    values: dict[str, int] = field(default_factory=dict)
    device: int | None = None


def _value(text: str, key: str, name: str, line: int) -> int:
    base = 16 if text[:2] in ("0x", "0X") else 10
    return number(text.strip('"'), base, WIDTH.get(key, 64), name, line, key)


def _fill(event: Event, rest: str, name: str) -> None:
    found = dict(FIELD.findall(rest))
    for key in FIELDS[event.kind]:
        plain = key.strip("[]")
        if plain in found:
            event.values[plain] = _value(found[plain], plain, name, event.line)
        elif plain == key:
            raise SourceError(name, event.line, f"{event.kind}: no field {key}=")
    match = DEVICE.search(rest)
    if match and int(match[3], 16) < 32:
        event.device = int(match[2], 16) << 8 | int(match[3], 16) << 3 | int(match[4])
    if event.kind in ("iommu_attach", "attach_device_to_domain", "io_page_fault") and event.device is None and match:
        raise SourceError(name, event.line, f"{event.kind}: '{match[0]}' is no device")


def _line(text: str, line: int, name: str) -> Event:
    lost = LOST.search(text)
    if lost:
        return Event("lost", line, -1, "0", text.strip(), {"count": int(lost[1] or lost[2])})
    match = LINE.match(text) if len(text) < 65536 else None
    if not match:
        return Event("other", line, -1, "0", text.strip()[:200])
    ns = int(match[2]) * 1_000_000_000 + int(match[3].ljust(9, "0"))
    kind = SAME.get(match[4], match[4])
    event = Event(kind if kind in FIELDS else "other", line, ns, match[1], f"{match[4]}: {match[5]}"[:200])
    if event.kind != "other":
        _fill(event, match[5], name)
    return event


def parse(text: str, name: str) -> list[Event]:
    """Events by time; those without one stay behind the line before them. Comment lines of ftrace are left out."""
    found: list[Event] = []
    last = 0
    for number_of_line, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        event = _line(line.rstrip("\r"), number_of_line, name)
        if event.ns < 0:
            event.ns = last
        last = event.ns
        found.append(event)
        if len(found) > MOST_EVENTS:
            raise SourceError(name, number_of_line, f"more than {MOST_EVENTS} events")
    return sorted(found, key=lambda event: event.ns)


def looks_like(text: str) -> bool:
    """Whether one of the first lines is an event, or ftrace's own head."""
    head = text[:65536].split("\n")[:200]
    return any(line.startswith("# tracer:") or LINE.match(line) for line in head)
