# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's configuration: tinyconfig, our fragment, and what it must say in the end."""
from __future__ import annotations

import re
from pathlib import Path

from .errors import KernelError

FOLDER = Path(__file__).resolve().parent.parent / "kernel/config"


def must_have() -> list[str]:
    text = (FOLDER / "must-have.list").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def of_driver(tree: Path) -> str:
    """What the driver's own Kconfig offers is on, by whatever name, unless the fragment speaks of it: trees of
    developers have options that no release has."""
    kconfig = tree / "drivers/iommu/amd/Kconfig"
    if not kconfig.exists():
        return ""
    spoken = (FOLDER / "base.config").read_text(encoding="utf-8")
    names = re.findall(r"^(?:menu)?config (\w+)\n\s+(?:bool|tristate)\b", kconfig.read_text(encoding="utf-8"), re.M)
    return "".join(f"CONFIG_{name}=y\n" for name in names if not re.search(rf"\bCONFIG_{name}\b", spoken))


def check(config: Path) -> None:
    """Stops when the tree's Kconfig dropped what an instance cannot do without."""
    lines = set(config.read_text(encoding="utf-8").splitlines())
    on = {line.split("=")[0] for line in lines if line.startswith("CONFIG_")}
    missing = [want for want in must_have() if (want[1:] in on if want[0] == "!" else want not in lines)]
    if missing:
        raise KernelError(f"{config}: this kernel's configuration came out without what the shim needs: "
                          f"{', '.join(missing)}")
