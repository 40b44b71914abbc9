# SPDX-License-Identifier: Apache-2.0
"""
Records what the driver does for some seconds, by kprobe events and tracepoints in a trace instance of our own.

Arguments are those of the x86-64 calling convention; a function that the kernel does not have under this very name (inlined,
or cut by the compiler, which may change its arguments) gives no event, and that is told.
"""
from __future__ import annotations

import os
import re
import time
from pathlib import Path

ROOTS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
GROUP = "amdvi"
BUFFER_KIB = 8192  # a processor
MOST_TEXT = 256 << 20
MAP = "iova=%si:x64 paddr=%dx:x64 pgsize=%cx:x64 pgcount=%r8:u64 prot=%r9:x32"
UNMAP = "iova=%si:x64 pgsize=%dx:x64 pgcount=%cx:u64"
COMMAND = "iommu=%di:x64 w0=+0(%si):x32 w1=+4(%si):x32 w2=+8(%si):x32 w3=+12(%si):x32"
# Event, function, arguments, and what the first argument is: page-table operations or a domain (None: neither).
PROBES = (
    ("iommu_cmd", "__iommu_queue_command_sync", COMMAND + " sync=%dx:u8", None),
    ("iommu_pt_map", "iommu_v1_map_pages", MAP, "ops"),
    ("iommu_pt_unmap", "iommu_v1_unmap_pages", UNMAP, "ops"),
    ("iommu_pt_map_v2", "iommu_v2_map_pages", MAP, "ops"),
    ("iommu_pt_unmap_v2", "iommu_v2_unmap_pages", UNMAP, "ops"),
    ("iommu_pt_map_generic", "pt_iommu_amdv1_map_pages", MAP, "domain"),
    ("iommu_pt_unmap_generic", "pt_iommu_amdv1_unmap_pages", UNMAP, "domain"),
    ("iommu_pt_map_range", "amdv1_map_range", "iova=%si:x64 paddr=%dx:x64 len=%cx:x64 prot=%r8:x32", "domain"),
    ("iommu_pt_unmap_range", "amdv1_unmap_range", "iova=%si:x64 len=%dx:x64", "domain"),
    ("iommu_pt_map_range_v2", "x86_64_map_range", "iova=%si:x64 paddr=%dx:x64 len=%cx:x64 prot=%r8:x32", "domain"),
    ("iommu_pt_unmap_range_v2", "x86_64_unmap_range", "iova=%si:x64 len=%dx:x64", "domain"),
    ("iommu_attach", "amd_iommu_attach_device", "dev=+0(+0(%si)):string", "domain"),
)


def lines(functions: set[str], offsets: dict[str, int]) -> list[tuple[str, str]]:
    """(event, what to write into kprobe_events) for the functions that this kernel has."""
    found = []
    for event, function, arguments, first in PROBES:
        if function in functions:
            number = f" domid=+{offsets[first]}(%di):u16" if first and offsets.get(first, -1) >= 0 else ""
            key = f" {first}=%di:x64" if first else ""
            if event.endswith("_v2") and first == "ops" and "pgd" in offsets:
                key += f" pgd=+{offsets['pgd']}(%di):x64"
            found.append((event, f"p:{GROUP}/{event} {function}{key} {arguments}{number}"))
    return found


def functions_of(kallsyms: str) -> set[str]:
    wanted = "|".join(sorted({probe[1] for probe in PROBES}))
    return set(re.findall(rf"^[0-9a-f]{{16}} [tT] ({wanted})$", kallsyms, re.M))


class Tracing:
    """A trace instance with our events; leaves nothing behind."""

    def __init__(self, probes: list[tuple[str, str]]) -> None:
        self.root = next((Path(root) for root in ROOTS if os.path.exists(f"{root}/kprobe_events")), None)
        if self.root is None:
            raise OSError("no tracefs with kprobe events (mount -t tracefs tracefs /sys/kernel/tracing)")
        self.instance = self.root / "instances" / GROUP
        self.probes, self.made, self.missing = probes, [], []

    def _write(self, path: Path, text: str) -> None:
        """By plain calls: these files take no seeking, which Python's own files do."""
        file = os.open(path, os.O_WRONLY | (os.O_APPEND if path.name == "kprobe_events" else 0))
        try:
            os.write(file, text.encode("ascii"))
        finally:
            os.close(file)

    def _switch(self, where: str, value: str) -> None:
        try:
            self._write(self.instance / where, value)
        except OSError as error:
            self.missing.append(f"tracing: {where}: {error.strerror}")

    def __enter__(self) -> "Tracing":
        self.instance.mkdir()
        for event, line in self.probes:
            try:
                self._write(self.root / "kprobe_events", line + "\n")
                self.made.append(event)
            except OSError as error:
                self.missing.append(f"probe {event}: {error.strerror}")
        self._switch("trace_clock", "global")
        self._switch("buffer_size_kb", str(BUFFER_KIB))
        for event in (f"{GROUP}/{one}" for one in self.made):
            self._switch(f"events/{event}/enable", "1")
        self._switch("events/iommu/enable", "1")
        return self

    def record(self, seconds: float) -> str:
        time.sleep(seconds)
        self._switch("tracing_on", "0")
        with (self.instance / "trace").open(encoding="utf-8", errors="replace") as file:
            text = file.read(MOST_TEXT)
        if len(text) == MOST_TEXT:
            self.missing.append(f"events: more than {MOST_TEXT >> 20} MiB of text: the rest is cut off")
        return text

    def __exit__(self, *_what: object) -> None:
        self._switch("events/enable", "0")
        self.instance.rmdir()
        for event in self.made:
            self._write(self.root / "kprobe_events", f"-:{GROUP}/{event}\n")
