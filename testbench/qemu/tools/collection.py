# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the collector of `amdvi import` brings from a stock kernel: boots one in QEMU, with QEMU's own IOMMU or with the model,
and runs the collector in it. The samples of traces/samples are made so.
"""
from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tempfile
import zipapp
from collections.abc import Callable
from pathlib import Path

from . import archive, initrd, places, process
from .errors import QemuError
from .kernels import Kernel

TIMEOUT = 900
COLLECTOR = places.ROOT / "traces/machine/amdvi_machine"
PYTHON = "/usr/bin/python3"
# What the collector and Python itself import, by their files here.
MODULES = ("__future__, argparse, bisect, glob, gzip, io, mmap, os, pathlib, re, runpy, shutil, struct, subprocess, sys, tarfile, time, "
           "typing, zipfile, zipimport, zlib, encodings.ascii, encodings.idna, encodings.latin_1, encodings.utf_8")
LIST = f"import {MODULES}\nfor m in list(sys.modules.values()):\n    f = getattr(m, '__file__', None)\n    f and print(f)\n"
DISK_BYTES = 64 << 20
ARCHIVE_AT = 64 << 10  # on the first disk, behind its size


def python_files() -> dict[str, Path]:
    """The machine's own Python: modules, interpreter, and the libraries of both."""
    done = subprocess.run([PYTHON, "-c", LIST], capture_output=True, text=True, check=True)
    files = [Path(PYTHON).resolve(), *(Path(name) for name in done.stdout.split())]
    for path in [one for one in files if one.suffix in ("", ".so") or one == files[0]]:
        listing = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        files += [Path(name) for name in re.findall(r"(/\S+) \(0x", listing)]
    found = {str(path).lstrip("/"): path for path in files}
    return {**found, "usr/bin/python3": files[0]}


def build_initrd(kernel: Kernel, target: Path) -> None:
    tree = initrd.Tree()
    tree.add("init", (initrd.GUEST / "collect-init").read_bytes(), 0o755)
    tree.add("bin/busybox", (archive.binary("busybox-static", places.FOLDER / "packages") / "bin/busybox").read_bytes(), 0o755)
    for name, path in python_files().items():
        tree.add(name, path.read_bytes(), 0o755)
    with tempfile.TemporaryDirectory() as name:
        inside = Path(name) / "app" / COLLECTOR.name
        inside.mkdir(parents=True)
        for path in COLLECTOR.glob("*.py"):
            (inside / path.name).write_bytes(path.read_bytes())
        zipapp.create_archive(inside.parent, Path(name) / "pyz", main=f"{COLLECTOR.name}.collect:main")
        tree.add("collect.pyz", (Path(name) / "pyz").read_bytes())
    order = initrd.module_order(kernel.folder)
    for module, data in order:
        tree.add(f"modules/{module}.ko", data)
    tree.add("modules/order", "".join(f"/modules/{module}.ko\n" for module, _ in order).encode())
    target.write_bytes(gzip.compress(tree.newc(), 1))


def arguments(kernel: Kernel, image: Path, folder: Path, append: str) -> list[str]:
    modern = "iommu_platform=on,disable-legacy=on"
    drives = [f"file={folder}/disk{index}.img,format=raw,if=none,id=d{index}" for index in range(3)]
    return ["-accel", "tcg", "-cpu", "EPYC,+la57", "-m", "512", "-kernel", str(kernel.image), "-initrd", str(image),
            "-append", f"console=ttyS0 loglevel=7 panic=-1 no_timer_check {append}", "-nodefaults", "-display", "none",
            "-serial", "stdio", "-monitor", "none", "-no-reboot",
            "-drive", drives[0], "-device", f"virtio-blk-pci,drive=d0,bus=pcie.0,addr=4,{modern}",
            "-drive", drives[1], "-device", "nvme,drive=d1,serial=q1,bus=pcie.0,addr=5",
            "-drive", drives[2], "-device", "ide-hd,drive=d2,bus=ide.0",
            "-netdev", "user,id=n1,restrict=on", "-device", "e1000e,netdev=n1,bus=pcie.0,addr=7,romfile="]


def take(disk: Path, target: Path) -> int:
    """The archive behind its size, as collect-init writes them."""
    with disk.open("rb") as file:
        size = re.match(rb"\d+", file.read(20))
        if not size:
            raise QemuError("the guest wrote no archive")
        file.seek(ARCHIVE_AT)
        archived = file.read(int(size[0]))
    if len(archived) < int(size[0]):
        raise QemuError(f"the archive has {int(size[0])} bytes, and the disk for it room for {len(archived)}")
    target.write_bytes(archived)
    return len(archived)


def collect(kernel: Kernel, append: str, target: Path, model: bool, say: Callable[[str], None]) -> None:
    machine = [str(places.command()), "vm", "--quiet", "--"] if model else \
        ["qemu-system-x86_64", "-machine", "q35", "-device", "amd-iommu,intremap=on"]
    with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
        folder = Path(name)
        for index in range(3):
            with (folder / f"disk{index}.img").open("wb") as file:
                file.truncate(DISK_BYTES)
        build_initrd(kernel, folder / "initrd.gz")
        say(f"booting {kernel.release}")
        done = process.run([*machine, *arguments(kernel, folder / "initrd.gz", folder, append)], kernel.release, TIMEOUT)
        if "CHECK end ok" not in done.stdout:
            raise QemuError(f"{kernel.release}: the guest did not come to its end:\n{(done.stdout + done.stderr)[-2000:]}")
        for line in re.findall(r"^not collected: .*$", done.stdout, re.M):
            print(line.strip(), file=sys.stderr)
        say(f"{target}: {take(folder / 'disk0.img', target)} bytes")
