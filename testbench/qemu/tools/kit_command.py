# SPDX-License-Identifier: GPL-2.0-or-later
"""`scripts/qemu kit`: the conformance kit on a kernel of Debian's."""
from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import kernels, machine, places, process

MISTAKES = ("forget", "short", "late")


def of_linux(options: argparse.Namespace, folder: Path, say: Callable[[str], None]) -> list[str]:
    """QEMU's arguments for a kernel of Debian's with our initial RAM disk, and perhaps with a driver that errs."""
    kernel = kernels.get(options.kernel, ("forget",) if options.mistake else (), say, options.suite)
    disks = machine.Disks(folder, 1)
    disks.make()
    tasks = "disks,net" + (f",{options.mistake}" if options.mistake else "")
    arguments = machine.arguments(kernel.image, kernel.initrd, f"iommu=nopt iommu.strict=1 {options.append} amdvi.do={tasks}", disks,
                                  topology="port", ats=True)
    return [*arguments, "-snapshot"]


def run(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    places.object_file(say)
    places.build_command(say)
    title = options.title or (f"Linux {options.kernel}" + (f" with mistake '{options.mistake}'" if options.mistake else ""))
    with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
        trials = [word for one in options.trial for word in ("--trial", one)]
        return subprocess.run([*process.OWNED, str(places.command()), "kit", "--title", title, "--output", str(options.output), "--jobs",
                               str(options.jobs), "--seconds", str(options.seconds), *trials, "--",
                               *of_linux(options, Path(name), say)], check=False, env=process.environment()).returncode


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", say: Callable[[str], None]) -> None:
    parser = commands.add_parser("kit", help="judge the IOMMU driver of a kernel of Debian's: amdvi kit",
                                 description="Runs amdvi kit, which judges any system, on a kernel of Debian's.")
    parser.add_argument("--trial", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    kernels.add_options(parser)
    parser.add_argument("--append", default="", help="more of the kernel's command line")
    parser.add_argument("--mistake", choices=MISTAKES, help="plant a mistake in a driver of the guest's")
    parser.add_argument("--seconds", type=int, default=300, help="after which a machine is stopped")
    parser.add_argument("--jobs", type=int, default=1, help="machines at the same time")
    parser.add_argument("--title", help="of the sheet")
    parser.add_argument("--output", type=Path, default=places.FOLDER / "kit", metavar="FOLDER")
    parser.set_defaults(run=lambda options: run(options, say))
