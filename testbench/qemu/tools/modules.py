# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds kernel modules of ours against Debian's headers of a kernel, which are unpacked and never installed."""
from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from . import archive, places

GUEST = places.ROOT / "testbench/qemu/guest"


def headers(release: str, apt: archive.Apt, say: Callable[[str], None]) -> Path:
    """The folder to build in: /usr/src/linux-headers-RELEASE of the packages, with paths of ours."""
    package = f"linux-headers-{release}"
    root = places.FOLDER / "packages" / package
    tree = root / "usr/src" / package
    if not (root / ".complete").exists():
        say(f"fetching {package} (some 15 MB)")
        shutil.rmtree(root, ignore_errors=True)
        for one in [package, *archive.needs(package, r"linux-(?:headers|kbuild)-\S+", apt)]:
            archive.unpack(one, root, apt)
        for path in (tree / "Makefile", tree / ".kernelvariables"):
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                path.unlink()
                path.write_text(re.sub(r"(?<![\w.])/usr/(src|lib)/linux-", rf"{root}/usr/\1/linux-", text), encoding="utf-8")
        (root / ".complete").touch()
    return tree


def build(name: str, release: str, kernel_folder: Path, apt: archive.Apt, say: Callable[[str], None]) -> Path:
    """
    guest/NAME as a module; the sources are copied, since kbuild writes beside them. Type information (BTF) is left out: it
    wants a tool that a machine need not have.
    """
    tree, work = headers(release, apt, say), kernel_folder / f"module-{name}"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(GUEST / name, work)
    archive.run(["make", "-C", str(tree), f"M={work}", "CC=gcc-12", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"], work, f"module {name} for {release}")
    return work / f"{name}.ko"
