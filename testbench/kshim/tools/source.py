# SPDX-License-Identifier: GPL-2.0-only
"""Kernel sources: Debian's tarballs or a tree of the user's; nothing in them is ever changed."""
from __future__ import annotations

import hashlib
import re
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import KernelError, Unavailable

PACKAGED = Path("/usr/src")  # where Debian's linux-source-* packages put their tarballs

# What the build reads: all Kconfig and make files, and these folders whole. 150 of 1500 MB.
WANTED_FILES = re.compile(r"^(?:Kbuild|Kconfig|Makefile)[^/]*$")
WANTED_FOLDERS = (
    "include", "arch/x86", "scripts", "kernel", "lib", "mm", "init", "security", "usr", "certs",
    "drivers/base", "drivers/iommu", "drivers/pci", "fs", "tools/include", "tools/build", "tools/scripts",
    "tools/arch/x86", "tools/lib", "tools/objtool", "tools/bpf/resolve_btfids")

DRIVER = "drivers/iommu"  # what must be as its publisher made it


@dataclass(frozen=True)
class Source:
    """A tarball, or a folder with a kernel tree."""

    path: Path
    version: str  # "6.12.111"; of a tarball only "6.12" until it is unpacked
    is_tree: bool
    modified: bool = False  # the user says that the tree differs from what was published

    @property
    def name(self) -> str:
        return self.version + ("-modified" if self.modified else "")


def of_path(path: Path, *, modified: bool = False) -> Source:
    """What a path given by the user is."""
    if path.is_dir():
        return Source(path.resolve(), tree_version(path), True, modified)
    match = re.fullmatch(r"linux(?:-source)?-(\d+\.\d+(?:\.\d+)?).*\.tar\.(?:xz|gz|zst)", path.name)
    if not path.is_file():
        raise KernelError(f"{path}: there is no such tarball or tree")
    if not match:
        raise KernelError(f"{path}: not named like a kernel tarball (linux-source-6.12.tar.xz)")
    return Source(path.resolve(), match[1], False, modified)


def packaged(version: str, fetched: Path) -> Source:
    """Debian's tarball of this version: of an installed package, or out of the folder where those of other suites are kept."""
    for folder in (PACKAGED, fetched):
        for path in sorted(folder.glob(f"linux-source-{version}.tar.*")):
            return of_path(path)
    raise Unavailable(f"linux-source-{version} is not installed: apt-get install linux-source-{version}, "
                      f"or, of a newer suite: scripts/kernel fetch SUITE {version}")


def tree_version(tree: Path) -> str:
    """Version, patch level and sublevel of a tree's top Makefile."""
    makefile = tree / "Makefile"
    try:
        text = makefile.read_text(encoding="utf-8")
    except OSError as error:
        raise KernelError(f"{makefile}: {error.strerror}; a kernel tree was expected") from error
    parts = [re.search(rf"^{key} *= *(\d+)$", text, re.M) for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    if not all(parts):
        raise KernelError(f"{makefile}: VERSION, PATCHLEVEL or SUBLEVEL is missing; a kernel tree was expected")
    return ".".join(part[1] for part in parts if part)


def is_wanted(name: str) -> bool:
    """Whether a file is needed, by its path inside the tree."""
    return (any(name == folder or name.startswith(folder + "/") for folder in WANTED_FOLDERS)
            or bool(WANTED_FILES.match(name.rsplit("/", 1)[-1])))


def unpack(source: Source, folder: Path, say: Callable[[str], None]) -> Path:
    """The tree to build from: the user's own, or what is wanted of a tarball, unpacked once."""
    if source.is_tree:
        refuse_built_tree(source.path)
        return source.path
    tree = folder / f"linux-{source.version}-{file_digest(source.path)[:12]}"
    if (tree / ".unpacked").exists():
        return tree
    say(f"unpacking {source.path.name} (some 20 s)")
    tree.mkdir(parents=True, exist_ok=True)
    top = first_name(source.path)
    done = subprocess.run(["tar", "-xf", source.path, "-C", tree, "--strip-components=1", "--anchored", "--wildcards",
                           f"{top}/Kconfig*", f"{top}/*/Kconfig*", f"{top}/*Makefile*", f"{top}/*Kbuild*",
                           *(f"{top}/{name}/*" for name in WANTED_FOLDERS)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise KernelError(f"{source.path}: {done.stderr.strip()}")
    (tree / ".unpacked").touch()
    return tree


def first_name(tarball: Path) -> str:
    """The folder that holds everything in a tarball."""
    with tarfile.open(tarball, "r|*") as archive:
        first = archive.next()
    if first is None:
        raise KernelError(f"{tarball}: it is empty")
    return first.name.split("/", 1)[0]


def refuse_built_tree(tree: Path) -> None:
    """kbuild cannot build outside a tree that was configured inside."""
    for mark in (".config", "include/config", "arch/x86/include/generated"):
        if (tree / mark).exists():
            raise KernelError(f"{tree}: it was configured in place ({mark} is there); run `make mrproper` in a copy of it")


def file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def driver_files(tree: Path) -> list[str]:
    """The sources and headers of the IOMMU drivers and their core, by path inside the tree."""
    return sorted(str(path.relative_to(tree)) for path in (tree / DRIVER).rglob("*.[ch]"))


def driver_digests(tree: Path) -> dict[str, str]:
    return {name: file_digest(tree / name) for name in driver_files(tree)}


def tarball_digests(tarball: Path) -> dict[str, str]:
    """The same as driver_digests(), read straight from the tarball."""
    digests = {}
    with tarfile.open(tarball, "r|*") as archive:
        for member in archive:
            name = member.name.split("/", 1)[-1]
            if member.isfile() and name.startswith(DRIVER + "/") and name.endswith((".c", ".h")):
                stream = archive.extractfile(member)
                assert stream is not None
                digests[name] = hashlib.sha256(stream.read()).hexdigest()
    return digests
