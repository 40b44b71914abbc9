# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels as Debian ships them: fetched, unpacked, never installed."""
from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import archive, initrd, modules, places
from .errors import QemuError


@dataclass(frozen=True)
class Kernel:
    """An unpacked linux-image package; kernels of trixie and later come in several."""

    version: str  # "6.1"
    release: str  # "6.1.0-57-amd64"
    folder: Path
    image: Path
    initrd: Path


PARTS = r"linux-(?:binary|modules)-\S+"  # what images of trixie and later are split into


def package_of(version: str, apt: archive.Apt) -> str:
    """The newest image of a version in the archives."""
    number = re.escape(version)
    return archive.newest(f"linux-image-{version}.", rf"linux-image-{number}\.\d+(-\d+|\+deb\d+)?-amd64", apt)


def image_of(folder: Path) -> Path:
    """The kernel itself: where packages of bookworm have it, or those of trixie."""
    found = [*(folder / "boot").glob("vmlinuz-*"), *folder.glob("usr/lib/modules/*/vmlinuz")]
    if not found:
        raise QemuError(f"{folder}: there is no kernel in it")
    return found[0]


def get(version: str, ours: tuple[str, ...], say: Callable[[str], None], suite: str = "") -> Kernel:
    """
    The kernel, with an initial RAM disk for it and modules of ours; fetched once (70 to 110 MB). Of another suite than
    the machine's when one is named.
    """
    if not re.fullmatch(r"\d+\.\d+", version):
        raise QemuError(f"'{version}' is no version of a kernel, such as 6.1")
    apt = archive.of_suite(suite, places.FOLDER)
    package = package_of(version, apt)
    folder = places.FOLDER / "packages"
    if not (folder / package / ".unpacked").exists():
        say(f"fetching {package} (some 100 MB)")
    unpacked = archive.binary(package, folder, PARTS, apt)
    release = package.removeprefix("linux-image-")
    newer = archive.of_suite(suite.removesuffix("-backports"), places.FOLDER) if ours and suite else None
    with archive.alone(unpacked):
        built = {name: modules.build(name, release, unpacked, (apt, newer), say) for name in ours}
        disk = initrd.build(unpacked, built, say)
    return Kernel(version, release, unpacked, image_of(unpacked), disk)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options that name a kernel."""
    parser.add_argument("--kernel", default="6.12", metavar="VERSION")
    parser.add_argument("--suite", default="", help="of Debian, for kernels that the machine's own has not: trixie-backports has 7.x")
