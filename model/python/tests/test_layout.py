# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

from amdvi import AmdviError, layout


@pytest.mark.parametrize("name", layout.names())
def test_fields_round_trip(name):
    it = layout.find(name)
    rng = random.Random(name)
    for field in it.fields:
        if field.name in layout.UNNAMED or field.view:
            continue
        value = rng.getrandbits(field.width) & sum(((1 << width) - 1) << at for _, width, at in field.pieces)
        if it._by_name[field.name].pieces != field.pieces:
            continue
        assert it.decode(it.encode(**{field.name: value}))[field.name] == value


def test_commands_and_events_know_their_code():
    wait = layout.find("cmd_completion_wait") if "cmd_completion_wait" in layout.names() else layout.of_command(1)
    assert wait.opcode == 1 and layout.of_event(2).code == 2
    assert "IO_PAGE_FAULT" in layout.of_event(2).title.upper().replace(" ", "_")


def test_more_words_than_a_layout_has_are_refused():
    assert layout.find("dte").decode([1])["V"] == 1
    for value in ([0, 0, 0, 0, 1], 1 << 256, bytes(40)[:-1] + b"\1"):
        with pytest.raises(AmdviError, match="do(es)? not fit dte"):
            layout.find("dte").decode(value)


def test_bytes_words_and_numbers_are_the_same():
    dte = layout.find("dte")
    number = dte.encode(V=1, Mode=4, DomainID=0x1234)
    words = [number >> 64 * n & (1 << 64) - 1 for n in range(4)]
    assert dte.decode(number) == dte.decode(words) == dte.decode(dte.to_bytes(V=1, Mode=4, DomainID=0x1234))
    assert dte.decode(dte.encode(number, Mode=1))["DomainID"] == 0x1234
    assert layout.encode("dte", V=1) == 1 and layout.decode("dte", 1)["V"] == 1
    assert isinstance(dte.named(number), dict) and "dte" in repr(dte) and dte.bytes == 32


def test_registers_are_found():
    control = layout.register_at(0x18)
    assert control.offset == 0x18 and layout.register(control.name).layout.name == control.layout.name
    assert layout.register_at(0x10, "vf") and layout.register_at(0x20, "vfc")
    assert layout.register("no_such") is None and layout.register_at(0x3FF8) is None


def test_mistakes():
    for action in (lambda: layout.find("none"), lambda: layout.of_command(14), lambda: layout.of_event(15),
                   lambda: layout.encode("dte", NoField=1), lambda: layout.encode("dte", Mode=8),
                   lambda: layout.decode("dte", 1 << 256)):
        with pytest.raises(AmdviError):
            action()


def test_decode_says_when_a_field_means_something():
    """Bits 47:32 of an event record are a PASID with GN=1 and a DomainID with GN=0 (iommu.md 7.2)."""
    seen = layout.decode("evt_io_page_fault", 0x2020_0011_0000_0100)
    assert seen["DomainID"] == seen["PASID"] == 0x11
    assert seen.when == {"PASID": "GN is 1", "DomainID": "GN is 0"}
    assert layout.decode("v1", 0).when.keys() <= layout.decode("v1", 0).keys()
    assert all(seen.when is not layout.decode(name, 0).when for name in ("evt_io_page_fault", "dte"))
