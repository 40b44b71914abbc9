# SPDX-License-Identifier: Apache-2.0
"""Each bit and offset of bits.py is that of the project's one description of the layouts."""
import pytest
import yaml
from conftest import ROOT

from amdvi_machine import bits


def layouts(name):
    return {layout["name"]: layout for layout in yaml.safe_load((ROOT / name).read_text())["layouts"]}


def piece(text):
    high, _, low = text.partition(":")
    return int(low or high), int(high) - int(low or high) + 1


def described(layout, name):
    field = next(field for field in layout["fields"] if field["name"] == name)
    return tuple(piece(part["bits"]) for part in field.get("pieces", [field]))


@pytest.mark.parametrize("file, layout, fields", [
    ("tables/spec/dte.yaml", "dte", bits.DTE), ("tables/spec/pages.yaml", "v1", bits.V1),
    ("tables/spec/pages.yaml", "v2", bits.V2), ("tables/spec/pages.yaml", "gcr3", bits.GCR3)])
def test_fields(file, layout, fields):
    known = layouts(file)[layout]
    assert {name: described(known, name) for name in fields} == fields


def test_registers_and_control():
    found = {}
    for name in (ROOT / "model/spec").glob("*.yaml"):
        for layout in yaml.safe_load(name.read_text()).get("layouts", []):
            if layout.get("space") == "mmio" and "count" not in layout:
                found[layout["name"].removeprefix("reg_")] = layout["offset"]
    assert {name: found.get(name) for name in bits.REGISTERS} == bits.REGISTERS
    control = layouts("model/spec/control.yaml")["reg_control"]
    assert {name: described(control, name)[0][0] for name in bits.CONTROL} == bits.CONTROL


def test_commands():
    codes = {layout["title"]: layout.get("opcode") for layout in layouts("cmdbuf/spec/commands.yaml").values()}
    assert {name: codes.get(name) for name in bits.COMMANDS} == bits.COMMANDS


def test_get_and_put_are_each_others_inverse():
    entry = bits.put(bits.DTE, V=1, GCR3_root=0x123456789, IntTable_root=0x3FF, DomainID=0xFFFF)
    assert bits.get(bits.DTE, "GCR3 root", entry) == 0x123456789
    assert bits.get(bits.DTE, "IntTable root", entry) == 0x3FF and bits.get(bits.DTE, "DomainID", entry) == 0xFFFF
    assert bits.device_text(0xFA) == "00:1f.2"
