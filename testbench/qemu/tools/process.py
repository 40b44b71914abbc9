# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines as processes of ours: none outlives the command that started it."""
from __future__ import annotations

import os
import shutil
import subprocess

from . import places
from .errors import QemuError, Unavailable

OWNED = ("setpriv", "--pdeathsig", "TERM")  # before a command that ends when this process does, however that ends


def environment() -> dict[str, str]:
    """With the object that QEMU loads."""
    return {**os.environ, "AMDVI_QEMU_OBJECT": str(places.object_path())}


def run(command: list[str], what: str, seconds: float) -> "subprocess.CompletedProcess[str]":
    """A machine from its start to its end, and all that it printed. QemuError after `seconds`, Unavailable without the program."""
    if shutil.which(command[0]) is None:
        raise Unavailable(f"{command[0]} is not there")
    try:
        return subprocess.run([*OWNED, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
                              timeout=seconds, env=environment())
    except subprocess.TimeoutExpired as error:
        printed = error.stdout or b""
        words = printed.decode(errors="replace") if isinstance(printed, bytes) else printed
        raise QemuError(f"{what}: not switched off after {seconds:g} s; its last words:\n{words[-1500:]}") from error
