# SPDX-License-Identifier: GPL-2.0-or-later
"""
The headers of the QEMU that is installed, from Debian's source package of the same version.

QEMU's own configuration run is not needed: what the headers ask of it is written here, and whether it is true of the
installed program is checked when the object is loaded (version.c).
"""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from . import archive
from .errors import Unavailable

PROGRAM = "qemu-system-x86_64"
FOLDERS = ("include", "target/i386", "tcg/i386", "linux-headers", "qapi", "scripts")
HOST = ("CONFIG_POSIX", "CONFIG_LINUX", "HOST_X86_64", "CONFIG_IOVEC", "CONFIG_INT128", "CONFIG_ATOMIC64", "CONFIG_MADVISE",
        "CONFIG_PLUGIN", "CONFIG_TCG", "CONFIG_EVENTFD")
TARGET = ("TARGET_X86_64 1", "TARGET_I386 1", "TARGET_LONG_BITS 64", "CONFIG_SOFTMMU 1")


def package_version() -> tuple[str, str]:
    """Version of the source package, and QEMU's own: ("1:7.2+dfsg-7+deb12u18", "7.2.22")."""
    if shutil.which(PROGRAM) is None:
        raise Unavailable(f"{PROGRAM} is not installed: apt-get install qemu-system-x86")
    text = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"version (\S+) \(Debian ([^)]+)\)", text)
    if not match:
        raise Unavailable(f"{PROGRAM} is not Debian's: {text.splitlines()[:1]}")
    return re.sub(r"\+b\d+$", "", match[2]), match[1]


def unpack(work: Path) -> Path:
    """The patched tree, of which only what is needed is kept."""
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    origin, debian = next(work.glob("qemu_*.orig.tar.*")), next(work.glob("qemu_*.debian.tar.*"))
    archive.run(["tar", "-xf", str(origin), "-C", str(tree), "--strip-components=1"], work, origin.name)
    archive.run(["tar", "-xf", str(debian), "-C", str(tree)], work, debian.name)
    for line in (tree / "debian/patches/series").read_text(encoding="utf-8").splitlines():
        name = line.split("#", 1)[0].strip()
        if name:
            archive.run(["patch", "-s", "-p1", "-i", f"debian/patches/{name}"], tree, name)
    return tree


def write_configuration(target: Path, version: str) -> None:
    lines = [f"#define {name} 1\n" for name in HOST] + [f'#define QEMU_VERSION_OF_HEADERS "{version}"\n']
    (target / "config-host.h").write_text("".join(lines), encoding="utf-8")
    (target / "x86_64-softmmu-config-target.h").write_text("".join(f"#define {line}\n" for line in TARGET), encoding="utf-8")
    (target / "x86_64-softmmu-config-devices.h").write_text("", encoding="utf-8")


def generate(tree: Path, target: Path) -> None:
    (target / "qapi").mkdir()
    archive.run([sys.executable, "-B", "scripts/qapi-gen.py", "-o", str(target / "qapi"), "-b", "qapi/qapi-schema.json"], tree,
                "the headers of QEMU's interface")
    for path in (target / "qapi").iterdir():
        if path.suffix != ".h":
            path.unlink()


def fetch(target: Path, say: Callable[[str], None]) -> None:
    """Fills `target`; does nothing when it holds those of the installed version."""
    package, version = package_version()
    stamp = target / "version"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == package:
        return
    say(f"fetching the headers of QEMU {package} (24 MB)")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    work = target / "work"
    work.mkdir()
    archive.source("qemu", package, work)
    tree = unpack(work)
    for name in FOLDERS[:-2]:
        shutil.copytree(tree / name, target / name, ignore=lambda folder, names: [
            one for one in names if "." in one and not one.endswith((".h", ".inc", ".def", ".h.inc"))])
    generate(tree, target)
    write_configuration(target, version)
    shutil.rmtree(work)
    stamp.write_text(package, encoding="utf-8")
