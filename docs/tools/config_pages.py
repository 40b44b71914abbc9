#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of configuration keys out of what the command itself says.

    config_pages.py AMDVI-COMMAND FOLDER        writes *.inc into FOLDER
"""
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import sections

GROUPS = {
    "config_caches": re.compile(r"\.(log2_entries|ways|way_disable|index|partition|groups)$|^caches$|^cache\.|^ptc\."),
    "config_switches": re.compile(r"^(dte|int|walk|log|ring|viommu|ats|ppr|cmd|event|guest)\.|^ht_ranges$"),
    "config_device": re.compile(r""),
}


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("*", "\\*")


def group_of(key: str) -> str:
    return next(name for name, pattern in GROUPS.items() if pattern.search(key))


def page_of(key: str) -> str:
    return "switches" if group_of(key) == "config_switches" else "configuration"


def table(keys: list[dict[str, str]]) -> str:
    lines = ["| key | default | values | meaning | origin |", "|---|---|---|---|---|"]
    for key in keys:
        source = sections.linked(cell(key["source"]), "reference/")
        lines.append(f"| <a id=\"{sections.key_anchor(key['key'])}\"></a>`{key['key']}` | {cell(key['default'])} "
                     f"| {cell(key['values'])} | {cell(key['meaning'])} | {source} |")
    return "\n".join(lines) + "\n"


def main(command: str, folder: Path) -> None:
    printed = subprocess.run([command, "config", "--json"], capture_output=True, check=True, text=True).stdout
    config = json.loads(printed)
    groups: dict[str, list[dict[str, str]]] = {name: [] for name in GROUPS}
    for key in config["keys"]:
        groups[group_of(key["key"])].append(key)
    for name, keys in groups.items():
        (folder / f"{name}.inc").write_text(table(keys), encoding="utf-8")
    presets = ", ".join(f"`{name}`" for name in config["presets"])
    (folder / "config_presets.inc").write_text(f"Presets: {presets}.\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
