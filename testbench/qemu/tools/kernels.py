# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels as Debian ships them: fetched, unpacked, never installed."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import archive, initrd, modules, places
from .errors import QemuError


@dataclass(frozen=True)
class Kernel:
    """An unpacked linux-image package."""

    version: str  # "6.1"
    release: str  # "6.1.0-57-amd64"
    folder: Path
    image: Path
    initrd: Path


def package_of(version: str) -> str:
    """The newest image of a version in the machine's archives."""
    number = re.escape(version)
    return archive.newest(f"linux-image-{version}.", rf"linux-image-{number}\.\d+(-\d+|\+deb\d+)?-amd64")


def get(version: str, ours: tuple[str, ...], say: Callable[[str], None]) -> Kernel:
    """The kernel, with an initial RAM disk for it and modules of ours; fetched once (70 to 110 MB)."""
    if not re.fullmatch(r"\d+\.\d+", version):
        raise QemuError(f"'{version}' is no version of a kernel, such as 6.1")
    package = package_of(version)
    folder = places.FOLDER / "packages"
    if not (folder / package / ".unpacked").exists():
        say(f"fetching {package} (some 100 MB)")
    unpacked = archive.binary(package, folder)
    release = package.removeprefix("linux-image-")
    built = {name: modules.build(name, release, unpacked, say) for name in ours}
    return Kernel(version, release, unpacked, next((unpacked / "boot").glob("vmlinuz-*")), initrd.build(unpacked, built, say))
