# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are: what was fetched and built, the object, the command."""
from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from . import headers
from .errors import QemuError

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("AMDVI_QEMU_FOLDER", ROOT / "build/qemu"))
BUILD = Path(os.environ.get("AMDVI_BUILD", ROOT / "build/release"))


def build_target(target: str, say: Callable[[str], None]) -> None:
    """Builds one target of the tree, in AMDVI_BUILD or build/release."""
    steps = [] if (BUILD / "build.ninja").exists() else [["cmake", "--preset", "release"]]
    jobs = os.environ.get("AMDVI_JOBS", "2")
    for step in (*steps, ["cmake", "--build", str(BUILD), "-j", jobs, "--target", target]):
        done = subprocess.run(step, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise QemuError(f"{' '.join(step)} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def headers_folder() -> Path:
    """Where the build looks for the headers of QEMU."""
    cache = BUILD / "CMakeCache.txt"
    said = re.search(r"^AMDVI_QEMU_HEADERS:\w+=(.+)$", cache.read_text(encoding="utf-8"), re.M) if cache.exists() else None
    return Path(said[1]) if said else ROOT / "build/qemu/headers"


def object_path() -> Path:
    """Where the object is, built or not."""
    return Path(os.environ.get("AMDVI_QEMU_OBJECT", BUILD / "testbench/qemu/amdvi-qemu.so"))


def object_file(say: Callable[[str], None]) -> Path:
    """
    The object for -plugin, built if it is not up to date. Its headers are fetched first: where QEMU or the network is missing
    the build could only fail.
    """
    if "AMDVI_QEMU_OBJECT" not in os.environ:
        headers.fetch(headers_folder(), say)
        build_target("amdvi-qemu", say)
    return object_path()


def command() -> Path:
    """The command amdvi."""
    return Path(os.environ.get("AMDVI", BUILD / "cli/amdvi"))


def build_command(say: Callable[[str], None]) -> None:
    """The command, built if it is not up to date and nobody has named another one."""
    if "AMDVI" not in os.environ:
        build_target("amdvi-cli", say)
