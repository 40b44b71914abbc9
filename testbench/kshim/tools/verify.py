# SPDX-License-Identifier: GPL-2.0-only
"""That what is compiled is what was published: checksums of the driver against the tarball's own."""
from __future__ import annotations

import os
import re
from pathlib import Path

from . import source
from .build import Objects
from .errors import KernelError
from .kernels import Kernel


def compiled_files(objects: Objects) -> set[str]:
    """The driver's sources and headers that went into the instance, by kbuild's own dependency lists."""
    names: set[str] = set()
    for item in objects.link:
        if not item.startswith(source.DRIVER + "/"):
            continue
        path = objects.folder / item
        command = path.with_name(f".{path.name}.cmd").read_text(encoding="utf-8")
        for word in re.findall(r"\S+", command):
            relative = inside(Path(word), objects.tree)
            if relative and relative.startswith(source.DRIVER + "/"):
                names.add(relative)
    return names


def inside(path: Path, tree: Path) -> str | None:
    """By path inside the tree, when it is a file there."""
    path = Path(os.path.normpath(path))
    try:
        return str(path.relative_to(tree)) if path.is_absolute() and path.suffix in (".c", ".h") else None
    except ValueError:
        return None


def differences(kernel: Kernel) -> list[str]:
    """Files of the driver that are not as in the tarball, or were compiled from elsewhere."""
    if kernel.source.is_tree:
        raise KernelError(f"{kernel.source.path}: a tree has nothing to be compared with")
    published = source.tarball_digests(kernel.source.path)
    here = source.driver_digests(kernel.tree)
    wrong = [name for name, digest in published.items() if here.get(name) != digest]
    wrong += [name for name in here if name not in published]
    compiled = compiled_files(kernel.objects)
    if "drivers/iommu/amd/iommu.c" not in compiled or "drivers/iommu/amd/init.c" not in compiled:
        wrong.append("drivers/iommu/amd: not compiled from this tree")
    return wrong + [name for name in compiled if name not in published]
