# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that the user wants, and the instances made of them."""
from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import build, link, places, source
from .errors import KernelError, Unavailable
from .source import Source

DEFAULT_VERSIONS = ("6.1", "6.12")  # Debian 12's packages


@dataclass(frozen=True)
class Kernel:
    """An instance, and what it was made of."""

    source: Source
    tree: Path
    objects: build.Objects
    instance: Path


def given() -> list[Source]:
    """What KERNEL_SRC names: tarballs and trees, separated by colons."""
    paths = [part for part in os.environ.get("KERNEL_SRC", "").split(":") if part]
    return [source.of_path(places.users_path(part)) for part in paths]


def wanted(versions: list[str], *, modified: bool = False) -> list[Source]:
    """By version, tarball or tree; without any, what KERNEL_SRC names, or Debian's packages. A version is looked for in KERNEL_SRC,
    then among the packages, then in what `fetch` got."""
    if not versions and given():
        return given()
    found: list[Source] = []
    for word in versions or DEFAULT_VERSIONS:
        path = places.users_path(word)
        if path.exists():
            found.append(source.of_path(path, modified=modified))
            continue
        matching = [one for one in given() if one.version == word or one.version.startswith(word + ".")]
        found += matching or [source.packaged(word, places.builds())]
    return found


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Two builds in one folder wait for each other."""
    with (folder / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def made(wish: Source, added: link.Added | None = None) -> Kernel:
    """Builds what is not there yet."""
    folder = places.builds()
    with locked(folder):
        build.check_tools()
        tree = source.unpack(wish, folder, places.say)
        objects = build.compile_objects(wish, tree, folder, places.say)
        mark = objects.folder.name.removeprefix("objects-") + (f"+{added.name}" if added else "")
        target = folder / f"kernel-{mark}.so"
        return Kernel(wish, tree, objects, link.instance(objects, target, places.say, added))


def added(folder: str | None) -> link.Added | None:
    """Code that the user wants in the kernel: a folder of his, or one of testbench/kshim/added by its name."""
    if folder is None:
        return None
    path = places.users_path(folder)
    return link.Added(path.resolve() if path.is_dir() else build.KSHIM / "added" / folder)


def check_runner(name: str = "kshim-run") -> Path:
    runner = places.runner(name)
    if not runner.exists():
        raise KernelError(f"{runner} is not built: cmake --preset release && cmake --build --preset release --target "
                          f"{name}")
    return runner


__all__ = ["Kernel", "KernelError", "Unavailable", "added", "check_runner", "given", "made", "wanted"]
