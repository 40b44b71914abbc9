# SPDX-License-Identifier: GPL-2.0-only
"""From a kernel tree to objects: configuration and kbuild, with the shim's headers before the tree's own."""
from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import config
from .errors import KernelError, Unavailable
from .source import Source, file_digest, is_wanted

KSHIM = Path(__file__).resolve().parent.parent
KERNEL = KSHIM / "kernel"
TOOLS = ("make", "gcc", "ld", "ar", "nm", "objcopy", "readelf", "flex", "bison", "bc")

# A shared object wants code that may lie anywhere; calls into the C library want 16-byte stacks.
COMPILER_FLAGS = "-fPIC -mcmodel=small -mpreferred-stack-boundary=4 -fno-omit-frame-pointer -g1 -Wno-error"


@dataclass(frozen=True)
class Objects:
    """A folder of kbuild's, and what of it is linked."""

    source: Source
    tree: Path
    folder: Path
    link: tuple[str, ...]  # by path inside the folder


def check_tools() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise Unavailable(f"programs are missing: {', '.join(missing)}; scripts/setup installs them")


def digest(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


def stamp() -> str:
    """Of all that kbuild does not see change: wrapper headers, configuration, flags, compiler."""
    files = sorted([*(KERNEL / "wrap").rglob("*.h"), KERNEL / "force.h", *(KERNEL / "config").iterdir()])
    version = subprocess.run(["gcc", "--version"], capture_output=True, check=True).stdout
    return digest([*(path.read_bytes() for path in files), COMPILER_FLAGS.encode(), version])[:12]


def tree_digest(tree: Path) -> str:
    """Of a user's tree: what is compiled may change under the same version."""
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()
                   and is_wanted(str(path.relative_to(tree))))
    return digest(f"{name} {(tree / name).stat().st_size} {(tree / name).stat().st_mtime_ns}".encode()
                  for name in names)[:12]


def headers(builds: Path) -> Path:
    """A copy of the wrapper headers that is as old as it is: kbuild compiles anew what is older than a header."""
    folder = builds / f"headers-{stamp()}"
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(KERNEL / "wrap", unfinished / "wrap")
        shutil.copy(KERNEL / "force.h", unfinished / "force.h")
        unfinished.rename(folder)
    return folder


def make(tree: Path, folder: Path, targets: list[str], log: Path) -> None:
    """One run of kbuild; its output goes to a file, whose end is shown when it fails."""
    ours = headers(folder.parent)
    command = ["make", "-s", "-C", str(tree), "ARCH=x86", f"O={folder}", f"-j{os.environ.get('AMDVI_JOBS', '2')}",
               "KBUILD_BUILD_TIMESTAMP=1", "KBUILD_BUILD_USER=kshim", "KBUILD_BUILD_HOST=kshim",
               "CONFIG_OBJTOOL=", "objtool-enabled=", f"NOSTDINC_FLAGS=-nostdinc -I{ours}/wrap",
               f"KCFLAGS={COMPILER_FLAGS} -include {ours}/force.h", *targets]
    with log.open("ab") as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
        raise KernelError("\n".join([*tail, f"kbuild failed; all of its output: {log}"]))


def rules() -> Iterator[tuple[str, str]]:
    for number, line in enumerate((KERNEL / "objects.list").read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 2 or words[0] not in ("folder", "object", "maybe", "leave"):
            raise KernelError(f"{KERNEL}/objects.list:{number}: expected folder, object, maybe or leave, and a name")
        yield words[0], words[1]


def has_source(tree: Path, name: str) -> bool:
    return any((tree / name).with_suffix(suffix).exists() for suffix in (".c", ".S"))


def wanted(tree: Path) -> tuple[list[str], list[str], list[str]]:
    """Folders, objects and what is left out, for this tree."""
    folders, objects, leave = [], [], []
    for kind, name in rules():
        if kind == "folder":
            folders.append(name)
        elif kind == "leave":
            leave.append(name)
        elif kind == "object" or has_source(tree, name):
            objects.append(name)
    return folders, objects, leave


def members(folder: Path, archive: str) -> list[str]:
    """The objects that a thin archive of kbuild's names, by path inside the build folder."""
    if not (folder / archive).exists():
        return []
    listing = subprocess.run(["ar", "t", archive], cwd=folder, capture_output=True, text=True, check=True)
    base = Path(archive).parent
    return [name if (folder / name).exists() else str(base / name) for name in listing.stdout.split()]


def configure(tree: Path, folder: Path, log: Path) -> None:
    make(tree, folder, ["tinyconfig"], log)
    (folder / "driver.config").write_text(config.of_driver(tree), encoding="utf-8")
    merge = subprocess.run(
        ["bash", str(tree / "scripts/kconfig/merge_config.sh"), "-m", "-O", str(folder), str(folder / ".config"),
         str(KERNEL / "config/base.config"), str(folder / "driver.config")], cwd=tree, capture_output=True, text=True,
        check=False)
    if merge.returncode:
        raise KernelError(f"the configuration cannot be merged: {merge.stdout[-500:]}{merge.stderr[-500:]}")
    make(tree, folder, ["olddefconfig"], log)
    config.check(folder / ".config")


def compiled(tree: Path, folder: Path, log: Path) -> tuple[str, ...]:
    """Compiles what is not up to date; what of it is linked, by path inside the folder. Which files a folder has is
    its own make file's business."""
    folders, objects, leave = wanted(tree)
    if not (folder / ".compiled").exists():
        make(tree, folder, [*(name + "/" for name in folders), *objects], log)
        (folder / ".compiled").touch()
    linked = [*objects]
    for name in folders:
        linked += members(folder, f"{name}/built-in.a") + members(folder, f"{name}/lib.a")
    return tuple(name for name in dict.fromkeys(linked) if not any(fnmatch.fnmatch(name, pattern) for pattern in leave))


def compile_objects(source: Source, tree: Path, builds: Path, say: Callable[[str], None]) -> Objects:
    """All objects of a tree. Where they are there already, only kbuild's own check of what changed is run."""
    check_tools()
    mark = tree_digest(tree)[:6] if source.is_tree else file_digest(source.path)[:6]
    folder = builds / f"objects-{source.name}-{mark}-{stamp()}"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "kbuild.log"
    if not (folder / ".compiled").exists():
        log.unlink(missing_ok=True)
        say(f"configuring Linux {source.name}")
        configure(tree, folder, log)
        say("compiling it (some two minutes on two cores)")
    return Objects(source, tree, folder, compiled(tree, folder, log))
