# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds kernel modules of ours against Debian's headers of a kernel, which are unpacked and never installed."""
from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from . import archive, places

GUEST = places.ROOT / "testbench/qemu/guest"
# Programs of a newer Debian's headers that do not run with this Debian's C library, and what they are linked with.
TOOLS = ("scripts/mod/modpost.real-lsb-64", "tools/objtool/objtool.real-x86")
LIBRARIES = ("libc6", "libelf1t64", "zlib1g", "libzstd1")


def lend_libraries(root: Path, apt: archive.Apt) -> None:
    """Lets the tools among the headers run by the loader and with the libraries of their own Debian."""
    lent = root / "lent"
    for package in LIBRARIES:
        archive.unpack(package, lent, apt)
    folders = ":".join(sorted({str(path.parent) for path in lent.rglob("lib*.so.*")}))
    loader = next(lent.rglob("ld-linux-x86-64.so.2"))
    for tool in TOOLS:
        path = next(root.glob(f"usr/lib/linux-kbuild-*/{tool}"))
        program = path.rename(path.with_name(f"{path.name}.program"))
        path.write_text(f'#!/bin/sh\nexec "{loader}" --library-path "{folders}" "{program}" "$@"\n', encoding="utf-8")
        path.chmod(0o755)


def headers(release: str, apt: archive.Apt, newer: archive.Apt | None, say: Callable[[str], None]) -> Path:
    """
    The folder to build in: /usr/src/linux-headers-RELEASE of the packages, with paths of ours. `newer` has the libraries
    of the tools among them, where they are of a newer Debian than this one.
    """
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
        if newer:
            lend_libraries(root, newer)
        (root / ".complete").touch()
    return tree


def build(name: str, release: str, kernel_folder: Path, apts: tuple[archive.Apt, archive.Apt | None], say: Callable[[str], None]) -> Path:
    """
    guest/NAME as a module; the sources are copied, since kbuild writes beside them. Type information (BTF) is left out: it
    wants a tool that a machine need not have. A kernel of gcc 14 says -fmin-function-alignment, which gcc 12 does not know.
    """
    tree, work = headers(release, *apts, say), kernel_folder / f"module-{name}"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(GUEST / name, work)
    archive.run(["make", "-C", str(tree), f"M={work}", "CC=gcc-12", "CONFIG_DEBUG_INFO_BTF_MODULES=",
                 "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=", "modules"], work, f"module {name} for {release}")
    return work / f"{name}.ko"
