# SPDX-License-Identifier: GPL-2.0-only
"""From objects to an instance: glue, what is missing, one shared object that needs nothing and shows one symbol."""
from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import stubs
from .build import KERNEL, KSHIM, Objects, digest
from .errors import KernelError

COMMAND_OF = "drivers/iommu/amd/.iommu.o.cmd"  # whose saved command line the glue is compiled with
QUIET = ("-Wno-missing-prototypes", "-Wno-missing-declarations", "-Wno-unused", "-Wno-declaration-after-statement",
         "-Wno-strict-prototypes", "-Wno-attribute-alias", "-Wno-builtin-declaration-mismatch")


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise KernelError(f"{' '.join(command[:1] + command[-3:])}:\n{(done.stderr or done.stdout)[-3000:]}")
    return done.stderr


def compiler(objects: Objects) -> list[str]:
    """kbuild's own command for the driver, without its input, output and dependency file."""
    path = objects.folder / COMMAND_OF
    match = re.search(r"^(?:saved)?cmd_\S+ := (.*?)(?: ;|$)", path.read_text(encoding="utf-8"), re.M)
    if not match:
        raise KernelError(f"{path}: no command line; kbuild's format was expected")
    words = [word for word in shlex.split(match[1]) if not word.startswith("-Wp,-MMD")]
    return words[:words.index("-c")]


# Kernel symbols whose callers get a function of the glue's instead (ld --wrap): see kernel/api_nested.c.
WRAPS = ("amd_iommufd_viommu_init",)
DIALECTS = {  # macro: header, and what stands in it. The version does not tell: stable kernels take things over.
    "KSHIM_SYSCORE_DATA": ("include/linux/syscore_ops.h", "struct syscore {"),
    "KSHIM_COMPOUND_INFO": ("include/linux/mm_types.h", "compound_info"),
    "KSHIM_PI_VCPU_DATA": ("include/linux/amd-iommu.h", "struct vcpu_data *vcpu_data"),
}


def dialect(objects: Objects) -> list[str]:
    return [f"-D{macro}" for macro, (header, text) in DIALECTS.items()
            if (objects.tree / header).exists() and text in (objects.tree / header).read_text(encoding="utf-8")]


@dataclass(frozen=True)
class Added:
    """Code of the user's that is linked into the kernel: a folder with C files, and in `wraps` the names of kernel
    functions that it takes over (__wrap_NAME is called for NAME, and __real_NAME is the kernel's)."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def sources(self) -> list[Path]:
        found = sorted(self.folder.glob("*.c"))
        if not found:
            raise KernelError(f"{self.folder}: a folder with C files was expected")
        return found

    def wraps(self) -> tuple[str, ...]:
        path = self.folder / "wraps"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))

    def files(self) -> list[Path]:
        return [*self.sources(), *sorted(self.folder.glob("*.h"))]


def glue_sources() -> list[Path]:
    return sorted([*KERNEL.glob("glue_*.c"), *KERNEL.glob("api*.c")])


def link_stamp(objects: Objects, extra: list[Path]) -> str:
    files = [*glue_sources(), *KERNEL.glob("*.h"), KERNEL / "kshim.lds", KERNEL / "exports.map", stubs.POLICY,
             *(KSHIM / "include").glob("*.h"), *(KSHIM / "tools").glob("*.py"), *extra,
             *(objects.folder / name for name in objects.link)]
    return digest(path.read_bytes() for path in files)


def instance(objects: Objects, target: Path, say: Callable[[str], None], added: Added | None = None) -> Path:
    """The shared object, with code of the user's in it where there is some."""
    wraps = (*WRAPS, *(added.wraps() if added else ()))
    extra = added.sources() if added else []
    stamp = link_stamp(objects, added.files() if added else []) + " " + " ".join(wraps)
    mark = target.with_suffix(".stamp")
    if target.exists() and mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        return target
    say(f"linking {target.name}")
    work = target.parent / (target.stem + ".parts")
    work.mkdir(parents=True, exist_ok=True)
    cached = ["ccache"] if shutil.which("ccache") else []  # most parts are as they were
    command = [*cached, *compiler(objects), *QUIET, *dialect(objects), f"-I{KSHIM}/include", f"-I{KERNEL}",
               f"-I{objects.tree}/drivers/iommu/amd", f'-DKSHIM_ADDED="{added.name if added else ""}"']
    parts = []
    for source in [*glue_sources(), *extra]:
        part = work / (source.stem + ".o")
        run([*command, "-c", "-o", str(part), str(source)], objects.folder)
        if source not in extra:  # where the tree has the real function, it wins
            run(["objcopy", "--weaken", str(part)], objects.folder)
        parts.append(str(part))
    joined = work / "joined.o"
    run(["ld", "-r", "-o", str(joined), *(f"--wrap={name}" for name in wraps), *parts, *objects.link], objects.folder)
    assembly, report = stubs.generate(joined)
    (work / "stubs.S").write_text(assembly, encoding="utf-8")
    (work / "stubs.txt").write_text(report.text(), encoding="utf-8")
    run(["gcc", "-c", "-o", str(work / "stubs.o"), str(work / "stubs.S")], objects.folder)
    temporary = target.with_suffix(".new")
    run(["gcc", "-shared", "-nostdlib", "-fuse-ld=bfd", "-Wl,-Bsymbolic", "-Wl,-z,noexecstack", "-Wl,--no-warn-rwx-segments",
         f"-Wl,-T,{KERNEL}/kshim.lds", f"-Wl,--version-script={KERNEL}/exports.map", "-o", str(temporary), str(joined),
         str(work / "stubs.o")], objects.folder)
    temporary.rename(target)
    mark.write_text(stamp, encoding="utf-8")
    say(f"{target.name}: {target.stat().st_size >> 10} KiB, stubs: {', '.join(stubs.lines(report))}")
    return target
