# SPDX-License-Identifier: Apache-2.0
"""The descriptions against independent witnesses, and the generator against broken descriptions."""
import re
from dataclasses import replace
from pathlib import Path

import check_kernel
import pytest
import yaml

from layout import check, gate, load, masks, outputs
from layout.emit_c import register_rows
from layout.emit_python import gate_python
from layout.spec import SpecError, with_fields

ROOT = Path(__file__).resolve().parents[2]
DATA = yaml.safe_load((Path(__file__).parent / "efr_values.yaml").read_text(encoding="utf-8"))
ALL = {"efr": (1 << 64) - 1, "efr2": (1 << 64) - 1, "cap": 0xFFFFFFFF}
NONE = {"efr": 0, "efr2": 0, "cap": 0}
GENOA = {"efr": 0x25BF732FA2295AFE, "efr2": 0x1D, "cap": 0x190B640F}


def bits(*spans):
    """Mask of bit numbers and (high, low) pairs, for masks typed from the reference."""
    mask = 0
    for span in spans:
        high, low = span if isinstance(span, tuple) else (span, span)
        mask |= (1 << high + 1) - (1 << low)
    return mask


# Masks typed from the reference

# iommu 6.2 below the table, D20, and TYPE of opcode 4 (iommu 13 no. 35)
COMMAND_RESERVED = {
    1: bits((59, 52)), 2: bits((59, 16), (127, 64)), 3: bits((31, 20), (59, 48), (75, 67)), 4: bits(65, 67, (75, 70)),
    5: bits((59, 16), (127, 64)), 6: bits((23, 16), (59, 52), 65, 67, (75, 69)),
    7: bits((31, 16), (59, 52), (65, 64), (95, 67), (127, 112)), 8: bits((59, 0), (127, 64)),
    9: bits((31, 0), (59, 48), (127, 64)), 10: bits((27, 16), (30, 29), (59, 32), (127, 64))}

# D1, and iommu 13 no. 12 for bit 245
DTE_ALWAYS = bits((3, 2), 63, (181, 180), (206, 192), (244, 240))
DTE_GATED = {("efr2", "CXLIOSup"): bits((6, 4)), ("efr", "HASup"): bits((8, 7)), ("efr", "EPHSup"): bits((53, 52)),
             ("efr", "GIoSup"): bits(54), ("efr", "GTSup"): bits((60, 55), (95, 80), (127, 107), (183, 182)),
             ("cap", "IotlbSup"): bits(96, 101), ("efr", "SATSSup"): bits(106), ("efr", "vIommuSup"): bits((239, 207)),
             ("efr", "AttrFWSup"): bits((255, 246))}


def named(layouts, name):
    return next(layout for layout in layouts if layout.name == name)


@pytest.mark.parametrize("opcode", COMMAND_RESERVED)
def test_reserved_bits_of_commands(layouts, known, opcode):
    layout = next(l for l in layouts if l.opcode == opcode)
    extra = bits((69, 68)) if opcode == 4 else 0
    assert masks.reserved(layout, "", known, ALL) == COMMAND_RESERVED[opcode]
    assert masks.reserved(layout, "", known, NONE) == COMMAND_RESERVED[opcode] | extra


def test_reserved_bits_of_dte(layouts, known):
    dte = named(layouts, "dte")
    assert masks.reserved(dte, "", known, ALL) == DTE_ALWAYS
    assert masks.reserved(dte, "strict", known, ALL) == DTE_ALWAYS | bits(245)
    for (word, feature), mask in DTE_GATED.items():
        without = dict(ALL, **{word: ALL[word] & ~known[word][feature].mask})
        assert masks.reserved(dte, "", known, without) == DTE_ALWAYS | mask, feature


def test_reserved_bits_of_tables(layouts, known):
    def of(name, variant="", words=ALL):
        return masks.reserved(named(layouts, name), variant, known, words)

    assert of("v1", "leaf") == bits((56, 52))
    assert of("v1", "leaf", NONE) == bits((58, 52))
    assert of("v1", "dir") == bits((60, 52))
    assert of("v2", "leaf4k") == 0
    assert of("v2", "leaf4k", NONE) == bits(63)
    assert of("v2", "leaf2m") == bits((20, 13))
    assert of("v2", "leaf1g") == bits((29, 13))
    assert of("v2", "top") == bits(7)
    assert of("gcr3") == bits((11, 1), (63, 52))
    assert of("irte32") == bits(7, (31, 24))
    assert of("irte") == bits((63, 32), (119, 72))
    assert of("irteg") == bits((4, 3), (75, 72), (119, 116))
    assert of("irteg", "", NONE) == bits((5, 3), (75, 72), (119, 116))


def test_control_register(layouts, known):
    rows = {row["id"]: row for row in register_rows(layouts, "mmio")}
    control = masks.register(rows["REG_CONTROL"], known, GENOA)
    assert control["reset"] == 0x20000000400
    assert control["rw"] & bits(54, 48, 59, 60, 52, 53) == bits(54, 48, 59, 60, 52, 53)
    assert not control["rw"] & bits((21, 18), 49, 57, (36, 34), 40, (44, 43), (63, 61))
    bare = masks.register(rows["REG_CONTROL"], known, NONE)
    assert bare["rw"] == bits((12, 0), 23, (47, 46), 59)
    assert bare["reset"] == 0x400
    status = masks.register(rows["REG_STATUS"], known, NONE)
    assert status["w1c"] == 0x68E67


@pytest.mark.parametrize("offset,name", [(0x60 + 8 * 3, "smi_filter3"), (0x130, "devtab_seg7"), (0x258, "marc_length3"),
                                         (0x248, "marc_base3"), (0x2090, "ppr_b_overflow_early")])
def test_register_arrays(layouts, offset, name):
    assert next(r["name"] for r in register_rows(layouts, "mmio") if r["offset"] == offset) == name


def test_register_arrays_depend_on_features(layouts, known):
    def exist(prefix, words):
        rows = [r for r in register_rows(layouts, "mmio") if r["name"].startswith(prefix)]
        return sum(masks.register(r, known, words)["exists"] for r in rows)

    assert exist("smi_filter", GENOA) == 4
    assert exist("devtab_seg", GENOA) == 0
    assert exist("devtab_seg", {"efr": 0x058F77EF22294ADE, "efr2": 0, "cap": 0x190B640F}) == 7
    assert exist("devtab_seg", dict(GENOA, efr=2 << 38)) == 3
    assert exist("smi_filter", NONE) == 0


# Real machines

@pytest.mark.parametrize("column", range(len(DATA["machines"])), ids=[m["name"] for m in DATA["machines"]])
def test_features_of_real_machines(constants, column):
    for efr in DATA["machines"][column]["efr"]:
        decoded = constants.decode("reg_efr", efr)
        for field, row in DATA["fields"].items():
            if row[column] is not None:
                assert decoded[field] == row[column], field


@pytest.mark.parametrize("word", DATA["efr2"], ids=[hex(w["value"]) for w in DATA["efr2"]])
def test_second_feature_word(constants, word):
    decoded = constants.decode("reg_efr2", word["value"])
    assert {name for name, value in decoded.items() if value} == set(word["set"])


def test_every_named_feature_is_in_the_table(constants):
    assert set(constants.decode("reg_efr", 0)) - set(DATA["fields"]) == {"ForcePhyDestSup"}


def test_control_of_a_real_machine(constants):
    decoded = constants.decode("reg_control", DATA["control"]["value"])
    assert {name: value for name, value in decoded.items() if value} == DATA["control"]["fields"]


def test_dte_of_a_real_machine(constants):
    dte = constants.decode("dte", constants.from_words([0x600000010DBB7603, 0xD, 0x2000000195BF6013, 0]))
    assert {name: value for name, value in dte.items() if value} == {
        "V": 1, "TV": 1, "Mode": 3, "Host root": 0x10DBB7000, "IR": 1, "IW": 1, "DomainID": 0xD, "IV": 1, "IntTabLen": 9,
        "IntTable root": 0x195BF6000, "IntCtl": 2}


# The Linux driver

@pytest.fixture(scope="module")
def header(work):
    if not check_kernel.TARBALL.exists():
        pytest.skip(f"{check_kernel.TARBALL} is not installed: no comparison with the Linux driver")
    return check_kernel.header_text(work)


def test_linux_driver_agrees(layouts, spaces, header):
    result = check_kernel.Compare(layouts, spaces, header, check_kernel.mapping())
    assert result.failures == []
    assert result.checked >= 250


def compared_fields():
    names = check_kernel.mapping()
    targets = {t.partition("=")[0].partition("+")[0].partition("#")[0]
               for kind in ("bits", "word_bits", "masks", "flags", "placed", "readers") for t in names[kind].values()}
    targets |= {f"{u['layout']}.{f}" for u in names["unions"] for f in u["members"].values()}
    return sorted(targets)


def moved(layouts, target):
    """The descriptions with one field moved by one bit."""
    layout_name, field_name = target.split(".", 1)

    def shifted(field):
        if field.name != field_name:
            return field
        step = -1 if field.pieces[0].lsb else 1
        return replace(field, pieces=tuple(replace(p, lsb=p.lsb + step) for p in field.pieces))

    return [with_fields(l, map(shifted, l.fields)) if l.name == layout_name else l for l in layouts]


@pytest.mark.parametrize("target", compared_fields())
def test_a_moved_field_is_noticed(layouts, spaces, header, target):
    result = check_kernel.Compare(moved(layouts, target), spaces, header, check_kernel.mapping())
    assert result.failures


def test_a_moved_register_or_opcode_is_noticed(layouts, spaces, header):
    for key in ("offset", "opcode", "code"):
        names = check_kernel.mapping()[{"offset": "offsets", "opcode": "opcodes", "code": "codes"}[key]]
        for target in names.values():
            other = [replace(l, **{key: getattr(l, key) + 1}) if l.name == target else l for l in layouts]
            assert check_kernel.Compare(other, spaces, header, check_kernel.mapping()).failures, target


# The generator

GOOD = """
layouts:
  - name: reg_efr
    space: mmio
    offset: 0x30
    access: ro
    rest: reserved
    fields: [{name: GTSup, bits: "4"}]
  - name: thing
    bits: 64
    fields:
      - {name: Low, bits: "31:0", gate: efr.GTSup}
      - {name: High, bits: "63:32"}
"""


def load_text(text):
    return load.load_documents([("model", "model/spec/x.yaml", yaml.safe_load(text))])


def test_a_sound_description_is_accepted():
    assert [l.name for l in load_text(GOOD)] == ["reg_efr", "thing"]


@pytest.mark.parametrize("old,new,complaint", [
    ("63:32", "63:31", r"model/spec/x.yaml: thing.High: bit 31 overlaps Low"),
    ("63:32", "63:33", r"thing: bit 32 is not described \(gap\)"),
    ("63:32", "64:32", r"thing.High: bit 64 is out of range"),
    ("63:32", "32:63", r"thing.High: bit range 32:63 is the wrong way round"),
    ("63:32", "high", r"thing.High: 'high' is not a bit range"),
    ("efr.GTSup", "efr.GTS", r"thing.Low: unknown gate efr.GTS"),
    ("efr.GTSup", "import os", r"thing.Low: gate 'import os' cannot be read"),
    ("name: High", "name: Low", r"field model/spec/x.yaml: thing.low is described twice"),
    ('bits: "63:32"', 'bits: "63:32", acess: rw', r"thing.High: unknown key 'acess'"),
    ('bits: "63:32"', 'bits: "63:32", status: covered', r"thing.High: status 'covered' is not one of works, stored"),
    ('bits: "63:32"', 'bits: "63:32", status: stored', r"thing.High: status stored needs a note"),
    ("  - name: thing", "  - name: thing\n    status: absent", r"thing: status absent needs a note"),
    ("access: ro", "access: wo", r"reg_efr.GTSup: access 'wo' is not one of"),
    ("name: thing", "name: reg_efr", r"layout reg_efr is described twice"),
    ("offset: 0x30", "width: 8", r"reg_efr: a register needs an offset"),
])
def test_a_broken_description_is_refused(old, new, complaint):
    with pytest.raises(SpecError, match=complaint):
        load_text(GOOD.replace(old, new, 1))


def test_registers_may_not_overlap(layouts):
    control = named(layouts, "reg_control")
    other = replace(control, name="reg_other", offset=control.offset + 4)
    with pytest.raises(SpecError, match="reg_other: overlaps register reg_control"):
        check.run(layouts + [other])


@pytest.mark.parametrize("text,expect", [
    ("efr.GTSup", True), ("not efr.GTSup", False), ("efr.GTSup and not efr.SNPSup", True),
    ("efr.HATS == 2", True), ("efr.SmiFRC >= bits(index)", True), ("efr.PreFSup or efr2.CXLIOSup", True)])
def test_gates(known, text, expect):
    assert gate.holds(text, known, GENOA, index=3) is expect
    efr, efr2, cap = GENOA["efr"], GENOA["efr2"], GENOA["cap"]
    assert bool(eval(gate_python(text, known, 3), {"efr": efr, "efr2": efr2, "cap": cap})) is expect


def test_output_is_reproducible(layouts, known, spaces):
    again = load.load_tree(Path(__file__).parents[2])
    assert dict(outputs.everything(layouts, known, spaces)) == dict(outputs.everything(again, known, spaces))


def test_every_output_has_a_licence(layouts, known, spaces):
    for name, text in outputs.everything(layouts, known, spaces):
        if not name.endswith(".json"):  # which has no comments
            assert "SPDX-License-Identifier: Apache-2.0" in text.splitlines()[0], name


def test_round_trip_in_python(constants):
    for name, layout in constants.LAYOUTS.items():
        ones = (1 << layout["bits"]) - 1
        for field in layout["fields"]:
            if field["name"] in ("Rsvd", "Ignored"):
                continue
            full = sum(((1 << width) - 1) << at for _, width, at in field["pieces"])
            assert constants.get(name, field["name"], constants.put(name, field["name"], 0, full)) == full
            assert constants.get(name, field["name"], constants.put(name, field["name"], ones, 0)) == 0


def test_python_gates_agree(layouts, known, constants):
    for layout in layouts:
        if not layout.space:
            expect = masks.reserved(layout, "", known, GENOA)
            assert constants.reserved(layout.name, **GENOA) == expect, layout.name


REVISIONS = ("2.62", "3.05", "3.10", "3.11")


def test_revisions_are_those_of_the_reference(layouts):
    """The table of 17.1: register, bits, name and the revision from which the bits count."""
    text = (ROOT / "docs/reference/iommu-17-revisions.md").read_text(encoding="utf-8")
    told = {(f"reg_{register.lower()}", name): (span, since) for register, span, name, since in
            re.findall(r"^\| (EFR2?) \| ([\d:]+) \| (\w+) \| ([\d.]+) \|", text, re.M)}
    described = {}
    for layout in layouts:
        if layout.name in ("reg_efr", "reg_efr2"):
            for f in layout.named:
                since = next(r for r in REVISIONS if f"r{r.replace('.', '')}" not in f.reserved_in)
                described[layout.name, f.name] = (f.bit_text, since)
    assert described == told


# Words that software writes for the device to act on. Fields of records and of read-only registers are not among them.
ACTED_ON = re.compile(r"(dte|v1|v2|reg_control|devidmap|extirt_l1|vfc_\w+|cmd_\w+|reg_marc_\w+|reg_smi_filter|ctr_\w+"
                      r"|reg_ppr_auto_response|reg_ppr_overflow_early|reg_perf_opt|cap_range)$")
NOT_BY_NAME = {
    "dte.HPTMode": "the rule is that nothing looks at it",
    "dte.Software available": "the rule is that nothing looks at it",
    "dte.VmTag": "reserved",
    "dte.VMGTW": "reserved",
    "cmd_complete_ppr.CompletionTag": "read in two parts",
    "vfc_did_map1.W": "read as that of vfc_did_map0",
}


def test_a_field_that_works_is_read_by_the_library(layouts):
    files = (path for room in load.ROOMS for path in (ROOT / room).rglob("*.[ch]"))
    code = "".join(path.read_text(encoding="utf-8").lower() for path in files)
    words = set(re.findall(r"\w+", code))
    unread = {f"{l.name}.{f.name}" for l in layouts if ACTED_ON.match(l.name) for f in l.named
              if (f.status or l.status) == "works" and not f.view and f.name != "Opcode"
              and not any(re.fullmatch(rf"{l.name}_{f.ident}(_\w+)?", word) for word in words)}
    assert unread == set(NOT_BY_NAME)
