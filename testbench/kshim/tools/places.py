# SPDX-License-Identifier: GPL-2.0-only
"""Where things are: the tree, what is built, and how messages look."""
from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def builds() -> Path:
    """Folder for kernels. KSHIM_BUILDS names another one, which several trees may share."""
    folder = Path(os.environ.get("KSHIM_BUILDS", ROOT / "build/kshim"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def runner(name: str = "kshim-run") -> Path:
    """The program that runs scenarios, or another one beside it."""
    return Path(os.environ.get("KSHIM_RUN", ROOT / "build/release/testbench/kshim/kshim-run")).with_name(name)


def users_path(text: str) -> Path:
    """A path as the user meant it, seen from where the script was called."""
    return Path(os.environ.get("AMDVI_CALLED_FROM", ".")) / text


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)
