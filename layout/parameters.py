# SPDX-License-Identifier: Apache-2.0
"""Parameters of the timed executor (model/timed/spec/parameters.yaml): C table and manual page.

    python3 -m layout.parameters --root <source tree> --out <generated tree>     writes header, source and page
    python3 -m layout.parameters --root <source tree> --page                     prints the page
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import yaml

from .__main__ import write_if_changed
from .spec import SpecError

UNITS = {"time", "cycles", "count", "number", "ppm", "switch", "choice"}
ORIGINS = {"source", "inferred", "assumption"}
SCALE = {"ps": 1, "ns": 10**3, "us": 10**6, "ms": 10**9, "s": 10**12}
FIELDS = {"name", "unit", "default", "min", "max", "values", "meaning", "origin", "basis"}
MARK = "SPDX-License-Identifier: Apache-2.0"


def value_of(entry: dict, text: object) -> int:
    """What the parameter keeps for a value as it is written."""
    if entry["unit"] in ("choice", "switch"):
        values = entry["values"]
        if str(text) not in values:
            raise SpecError(f"{entry['name']}: '{text}' is none of {', '.join(values)}")
        return values.index(str(text))
    if entry["unit"] == "time":
        match = re.fullmatch(r"(\d+)(ps|ns|us|ms|s)", str(text))
        if not match:
            raise SpecError(f"{entry['name']}: '{text}' is no time: a number and ps, ns, us, ms or s")
        return int(match[1]) * SCALE[match[2]]
    return int(str(text))


def check(entry: dict) -> None:
    name = entry.get("name", "?")
    if set(entry) - FIELDS:
        raise SpecError(f"{name}: unknown {', '.join(sorted(set(entry) - FIELDS))}")
    if entry["unit"] not in UNITS or entry["origin"] not in ORIGINS:
        raise SpecError(f"{name}: unit or origin is none of those that there are")
    if entry["unit"] == "switch":
        entry["values"] = ["off", "on"]
    if "values" in entry:
        entry["min"], entry["max"] = 0, len(entry["values"]) - 1
    else:
        entry["min"], entry["max"] = value_of(entry, entry["min"]), value_of(entry, entry["max"])
    entry["fallback"] = value_of(entry, entry["default"])
    if not entry["min"] <= entry["fallback"] <= entry["max"]:
        raise SpecError(f"{name}: the default is out of range")


def load(root: Path) -> tuple[list[dict], list[dict]]:
    tree = yaml.safe_load((root / "model/timed/spec/parameters.yaml").read_text(encoding="utf-8"))
    for entry in tree["parameters"]:
        check(entry)
    known = {entry["name"]: entry for entry in tree["parameters"]}
    for preset in tree["presets"]:
        if set(preset) - {"name", "meaning", "set", "device"}:
            raise SpecError(f"preset {preset['name']}: only name, meaning, set and device")
        for name in preset["set"]:
            if name not in known:
                raise SpecError(f"preset {preset['name']}: no parameter {name}")
            value_of(known[name], preset["set"][name])
    return tree["parameters"], tree["presets"]


def symbol(entry: dict) -> str:
    return "PARAMETER_" + re.sub(r"[^A-Z0-9]", "_", entry["name"].upper())


def header(parameters: list[dict]) -> str:
    lines = [f"// {MARK}", "/* Generated from model/timed/spec/parameters.yaml. */", "#ifndef AMDVI_TIMED_PARAMETERS_H",
             "#define AMDVI_TIMED_PARAMETERS_H", "", "enum parameter {"]
    lines += [f"    {symbol(entry)}," for entry in parameters]
    return "\n".join([*lines, "    PARAMETERS", "};", "", "#endif", ""])


def quoted(text: object) -> str:
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def source(parameters: list[dict], presets: list[dict]) -> str:
    lines = [f"// {MARK}", "/* Generated from model/timed/spec/parameters.yaml. */", '#include "model/timed/table.h"', "",
             "const struct parameter_row parameter_rows[PARAMETERS] = {"]
    for entry in parameters:
        values = "|".join(entry.get("values", []))
        lines.append(f"    [{symbol(entry)}] = {{{{{quoted(entry['name'])}, {quoted(entry['unit'])}, "
                     f"{quoted(entry['default'])}, {quoted(values)}, {entry['min']}u, {entry['max']}u, "
                     f"{quoted(entry['meaning'])}, {quoted(entry['origin'])}, {quoted(entry['basis'])}}}, "
                     f"{entry['fallback']}u}},")
    lines += ["};", "", "const struct preset_row preset_rows[] = {"]
    for preset in presets:
        text, device = (",".join(f"{name}={value}" for name, value in preset.get(part, {}).items()) for part in ("set", "device"))
        lines.append(f"    {{{quoted(preset['name'])}, {quoted(preset['meaning'])}, {quoted(text)}, {quoted(device)}}},")
    return "\n".join([*lines, "    {0, 0, 0, 0}};", ""])


def page(parameters: list[dict], presets: list[dict]) -> str:
    lines = [f"<!-- {MARK} -->", "<!-- Made by layout/parameters.py from model/timed/spec/parameters.yaml; do not edit. -->",
             "# Parameters of the timed executor", "",
             "Times are written with their unit (`150ns`); cycles are those of `clock`. Where a value comes from: *source*, a",
             "stored source says it; *inferred* from what a source says; *assumption*, nobody says it.", "",
             "| parameter | default | range | meaning | origin | basis |", "| --- | --- | --- | --- | --- | --- |"]
    for entry in parameters:
        allowed = " ".join(f"`{value}`" for value in entry["values"]) if "values" in entry else \
            f"{entry['min']} to {entry['max']}" + (" ps" if entry["unit"] == "time" else "")
        unit = f" {entry['unit']}" if entry["unit"] in ("cycles", "ppm") else ""
        lines.append(f"| `{entry['name']}` | `{entry['default']}`{unit} | {allowed} | {entry['meaning']} | {entry['origin']} | "
                     f"{entry['basis'] if entry['basis'] != '-' else ''} |")
    lines += ["", "## Presets", "", "| preset | what it is | sets | and of the device |",
              "| --- | --- | --- | --- |"]
    for preset in presets:
        text, device = (", ".join(f"`{name}={value}`" for name, value in preset.get(part, {}).items()) or "nothing"
                        for part in ("set", "device"))
        lines.append(f"| `{preset['name']}` | {preset['meaning']} | {text} | {device} |")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(prog="layout.parameters", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    try:
        parameters, presets = load(arguments.root)
    except SpecError as error:
        sys.exit(f"layout.parameters: model/timed/spec/parameters.yaml: {error}")
    if arguments.page:
        print(page(parameters, presets), end="")
    if arguments.out:
        write_if_changed(arguments.out / "model/timed_parameters.h", header(parameters))
        write_if_changed(arguments.out / "model/timed_parameters.c", source(parameters, presets))


if __name__ == "__main__":
    main()
