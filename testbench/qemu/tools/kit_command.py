# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of the conformance kit."""
from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import kernels, kit, machine, places
from .errors import QemuError

MISTAKES = ("forget", "short", "late")


def wanted(names: list[str]) -> list[kit.Trial]:
    known = {trial.name: trial for trial in kit.TRIALS}
    for name in names:
        if name not in known:
            raise QemuError(f"there is no trial {name}; there are: {', '.join(known)}")
    return [known[name] for name in names] or kit.TRIALS


def of_linux(options: argparse.Namespace, folder: Path, say: Callable[[str], None]) -> list[str]:
    """QEMU's arguments for a kernel of Debian's with our initial RAM disk, and perhaps with a driver that errs."""
    kernel = kernels.get(options.kernel, ("forget",) if options.mistake else (), say)
    disks = machine.Disks(folder, 1)
    disks.make()
    tasks = "disks,net" + (f",{options.mistake}" if options.mistake else "")
    return machine.arguments(kernel.image, kernel.initrd, f"iommu=nopt iommu.strict=1 amdvi.do={tasks}", disks)


def run(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    os.environ["AMDVI_QEMU_OBJECT"] = str(places.object_file(say))
    places.build_command(say)
    sheet: kit.Sheet = []
    title = options.title or (f"Linux {options.kernel}" + (f" with mistake '{options.mistake}'" if options.mistake else ""))
    for trial in wanted(options.trial):
        with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
            arguments = options.qemu or of_linux(options, Path(name), say)
            sheet.append((trial, kit.judge(trial, kit.try_once(trial, arguments, options.seconds))))
        say(f"{trial.name}: {sum(not wrong for _, wrong in sheet[-1][1])} of {len(sheet[-1][1])}")
    print(kit.as_text(sheet))
    options.output.mkdir(parents=True, exist_ok=True)
    kit.write_html(sheet, f"Conformance of an AMD IOMMU driver: {title}", options.output / "sheet.html")
    kit.write_junit(sheet, title, options.output / "junit.xml")
    say(f"written: {options.output}/sheet.html and junit.xml")
    held, demanded = kit.points(sheet)
    return 0 if held == demanded else 1


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", say: Callable[[str], None]) -> None:
    parser = commands.add_parser("kit", help="judge an operating system's IOMMU driver: a score sheet",
                                 description="Without QEMU's arguments a kernel of Debian's is judged.")
    parser.add_argument("--trial", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--kernel", default="6.12", metavar="VERSION")
    parser.add_argument("--mistake", choices=MISTAKES, help="plant a mistake in a driver of the guest's")
    parser.add_argument("--seconds", type=int, default=300, help="after which a machine is stopped")
    parser.add_argument("--title", help="of the sheet")
    parser.add_argument("--output", type=Path, default=places.FOLDER / "kit", metavar="FOLDER")
    parser.add_argument("qemu", nargs="*", metavar="QEMU-ARGUMENT", help="behind --: what boots the system that is judged")
    parser.set_defaults(run=lambda options: run(options, say))
