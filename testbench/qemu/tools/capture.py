# SPDX-License-Identifier: GPL-2.0-or-later
"""Records a boot on QEMU's own amd-iommu (docs/captures.md), and plays the recording on the model."""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import boot, kernels, machine, places, process
from .errors import QemuError
from .kernels import Kernel

WANTED = (*boot.WANTED, "edu-faults", "edu-rights", "edu-fuzz", "end")


def record(kernel: Kernel, lazy: bool, append: str, target: Path) -> None:
    """One boot with disks and network cards in use, and accesses of user space's that are refused."""
    with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
        disks = machine.Disks(Path(name), 1)
        disks.make()
        words = ["--no-npcache"] if lazy else []
        command = [str(places.command()), "vm", "--qemu-iommu", *words, "--quiet", "--record", str(target), "--",
                   *machine.arguments(kernel.image, kernel.initrd, f"iommu=nopt iommu.strict={int(not lazy)} {append} amdvi.do=disks,net,vfio", disks)]
        done = process.run(command, kernel.release, boot.TIMEOUT)
        missing = [one for one in WANTED if f"CHECK {one} ok" not in done.stdout]
        if done.returncode or missing or not all(disks.copied(index) for index in range(len(machine.DISKS))):
            raise QemuError(f"{kernel.release}: not checked: {missing}:\n{(done.stdout + done.stderr)[-2000:]}")


def play(target: Path) -> str:
    """What came of it on the model."""
    done = subprocess.run([str(places.command()), "replay", "--json", str(target)], capture_output=True, text=True, check=False)
    checks = json.loads(done.stdout)["files"][0]["checks"] if done.stdout else {}
    if done.returncode or not checks.get("total"):
        raise QemuError(f"{target}: the model answers otherwise: {checks}\n{done.stderr[-2000:]}")
    return f"{checks['total']} checks on replay, {checks['failed']} failed"


def run(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    places.object_file(say)
    places.build_command(say)
    kernel = kernels.get(options.kernel, (), say, options.suite)
    target = Path(os.environ.get("AMDVI_CALLED_FROM", "."), options.output)
    say(f"booting {kernel.release} on QEMU's own amd-iommu")
    record(kernel, options.lazy, options.append, target)
    say(f"{target}: {target.stat().st_size} bytes, {play(target)}")
    return 0


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", say: Callable[[str], None]) -> None:
    parser = commands.add_parser("capture", help="record a boot on QEMU's own amd-iommu, and play it on the model",
                                 description="Records a boot on QEMU's own amd-iommu, and plays it on the model.")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where the capture goes")
    kernels.add_options(parser)
    parser.add_argument("--append", default="", metavar="WORDS", help="for the kernel's command line")
    parser.add_argument("--lazy", action="store_true", help="NpCache is off, and Linux flushes lazily; without it strictly")
    parser.set_defaults(run=lambda options: run(options, say))
