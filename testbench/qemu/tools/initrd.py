# SPDX-License-Identifier: GPL-2.0-or-later
"""The initial RAM disk of the test machines: busybox, some kernel modules, our init and our programs."""
from __future__ import annotations

import gzip
import lzma
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import archive, places
from .errors import QemuError

GUEST = places.ROOT / "testbench/qemu/guest"
# Drivers of what stands in the machine, and what their modules ask for only when they are used.
WANTED = ("virtio_pci", "virtio_blk", "virtio_net", "nvme", "sd_mod", "ahci", "e1000e", "vfio_iommu_type1", "vfio_pci",
          "crct10dif_generic", "crc64_rocksoft_generic")
OPTIONAL = {"crct10dif_generic", "crc64_rocksoft_generic"}


@dataclass
class Tree:
    """Files by path; folders come by themselves."""

    files: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, name: str, data: bytes, mode: int = 0o644) -> None:
        self.files[name] = (stat.S_IFREG | mode, data)

    def entries(self) -> Iterator[tuple[str, int, bytes]]:
        folders = sorted({str(parent) for name in self.files for parent in Path(name).parents} - {"."})
        yield from ((name, stat.S_IFDIR | 0o755, b"") for name in folders)
        yield from ((name, mode, data) for name, (mode, data) in sorted(self.files.items()))

    def newc(self) -> bytes:
        """The archive as the kernel takes it (cpio, format newc)."""
        out = bytearray()
        for number, (name, mode, data) in enumerate([*self.entries(), ("TRAILER!!!", 0, b"")], 1):
            raw = name.encode() + b"\0"
            fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
            for part in (b"070701" + b"".join(b"%08X" % value for value in fields) + raw, data):
                out += part + b"\0" * (-len(part) % 4)
        return bytes(out)


def read_module(path: Path) -> bytes:
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def module_name(path: Path) -> str:
    return path.name.split(".", 1)[0].replace("-", "_")


def needs(data: bytes) -> list[str]:
    """What a module depends on, as it says itself."""
    match = re.search(rb"\0depends=([^\0]*)\0", data)
    return [name.replace("-", "_") for name in match[1].decode().split(",") if name] if match else []


def module_order(folder: Path) -> list[tuple[str, bytes]]:
    """The wanted modules and what they need, in an order in which they can be loaded."""
    paths = {module_name(path): path for path in folder.rglob("*.ko*")}
    order: dict[str, bytes] = {}

    def visit(name: str) -> None:
        if name in order:
            return
        if name not in paths:
            if name in OPTIONAL:
                return  # built in, or not there in this kernel
            raise QemuError(f"{folder}: there is no module {name}")
        data = read_module(paths[name])
        for other in needs(data):
            visit(other)
        order[name] = data

    for name in sorted(WANTED, key=lambda one: one not in OPTIONAL):
        if name in paths or name in OPTIONAL:
            visit(name)
    return list(order.items())


def program(name: str, folder: Path) -> bytes:
    """A program of ours, without libraries."""
    source, target = GUEST / f"{name}.c", folder / name
    command = ["gcc", "-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise QemuError(f"{source.name} cannot be built:\n{done.stderr}")
    return target.read_bytes()


def build(kernel_folder: Path, modules: dict[str, Path], say: Callable[[str], None]) -> Path:
    """
    A file in the kernel's folder, of this kernel's modules and `modules` of ours by name. Its own name has them, too: a
    command with other modules may run at the same time.
    """
    target = kernel_folder / f"{'-'.join(['initrd', *sorted(modules)])}.gz"
    tree = Tree()
    tree.add("init", (GUEST / "init").read_bytes(), 0o755)
    tree.add("bin/busybox", (archive.binary("busybox-static", places.FOLDER / "packages") / "bin/busybox").read_bytes(), 0o755)
    for name in ("edu", "kexec", "counters"):
        tree.add(f"bin/{name}", program(name, kernel_folder), 0o755)
    order = module_order(kernel_folder)
    for name, data in order:
        tree.add(f"modules/{name}.ko", data)
    tree.add("modules/order", "".join(f"/modules/{name}.ko\n" for name, _ in order).encode())
    for name, path in modules.items():
        tree.add(f"modules/{name}.ko", path.read_bytes())
    say(f"initial RAM disk: {len(order)} modules of the kernel, {len(modules)} of ours")
    temporary = target.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(gzip.compress(tree.newc(), 1))
    temporary.replace(target)
    return target
