# SPDX-License-Identifier: GPL-2.0-or-later
"""What the model costs: the same boot on QEMU's own amd-iommu and on the model, in turns."""
from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from . import machine, places, process
from .errors import QemuError
from .kernels import Kernel

TIMEOUT = 400
APPEND = "iommu=nopt iommu.strict=1 amdvi.do=disks,net"
QEMU = ["qemu-system-x86_64", "-machine", "q35"]


def ways() -> dict[str, list[str]]:
    """Command lines up to QEMU's common arguments."""
    vm = [str(places.command()), "vm", "--quiet"]
    return {"QEMU's amd-iommu": [*QEMU, "-device", "amd-iommu,intremap=on"], "model": [*vm, "--no-lint", "--"],
            "model, lint": [*vm, "--"], "no IOMMU": QEMU}


def once(command: list[str], kernel: Kernel) -> tuple[float, float]:
    """Wall and processor seconds of one boot."""
    with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
        disks = machine.Disks(Path(name), 1)
        disks.make()
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = process.run([*command, *machine.arguments(kernel.image, kernel.initrd, APPEND, disks)], " ".join(command), TIMEOUT)
        after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begin
    if "CHECK end ok" not in done.stdout:
        raise QemuError(f"{' '.join(command)}: the guest did not come to its end:\n{done.stdout[-1500:]}{done.stderr[-500:]}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(kernel: Kernel, rounds: int, say: Callable[[str], None]) -> list[str]:
    """Medians and minima of `rounds`, and ratios to QEMU's own device; the least is what a busy host disturbs least."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways()}
    for number in range(rounds):
        for name, command in ways().items():
            taken[name].append(once(command, kernel))
            say(f"round {number + 1}, {name}: {taken[name][-1][0]:.1f} s, processor {taken[name][-1][1]:.1f} s")
    lines = []
    for what, choose in (("median", statistics.median), ("least", min)):
        chosen = {name: [choose(one[i] for one in values) for i in (0, 1)] for name, values in taken.items()}
        base = chosen["QEMU's amd-iommu"]
        lines += [f"{what:6} {name:18} {wall:6.1f} s wall ({wall / base[0]:.2f}), {cpu:6.1f} s processor ({cpu / base[1]:.2f})"
                  for name, (wall, cpu) in chosen.items()]
    return lines
