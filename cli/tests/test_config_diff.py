# SPDX-License-Identifier: Apache-2.0
"""`amdvi config --diff`: what two settings differ in."""
import json


def differences(amdvi, *arguments):
    done = amdvi("config", "--json", "--diff", *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "amdvi-config-diff 1"
    return found


def fields(found, key):
    return {field["name"]: field for entry in found["keys"] if entry["key"] == key for field in entry["fields"]}


def test_revisions(amdvi):
    found = differences(amdvi, "spec=3.05", "spec=3.11")
    assert [entry["key"] for entry in found["keys"]] == ["spec", "efr", "efr2", "dte.reserved"]
    efr, efr2 = fields(found, "efr"), fields(found, "efr2")
    assert set(efr) == {"GAPPISup", "SATSSup", "GDUpdateDisSup", "vIommuSup", "VmGuardIoSup"}
    assert set(efr2) == {"CXLIOSup", "TMPMSup", "GCR3TRPModeSup", "GAPPIDisSup"}
    assert efr["vIommuSup"]["left"] == "0" and efr["vIommuSup"]["right"] == "1"
    assert "reg_control.vCmdEn" in efr["vIommuSup"]["comes_with"] and efr["vIommuSup"]["section"] == "iommu 2.5"
    assert efr2["CXLIOSup"]["comes_with"] == ["dte.CXLMemAttr"]
    entry = {field["bits"]: (field["left"], field["right"]) for field in found["device_table_entry"]}
    for bits in ("6:4", "106", "183:182", "203:192", "206", "207", "245"):
        assert entry[bits] == ("reserved", "free")
    assert "187" not in entry and "0" not in entry


def test_gates_of_longer_names_are_not_taken(amdvi):
    """What names GAPPIDisSup in its gate, and nothing else."""
    found = differences(amdvi, "efr2=0", "efr2=0x10")
    assert fields(found, "efr2")["GAPPIDisSup"]["comes_with"] == ["irteg.GAPPIDis"]


def test_text_has_the_sections(amdvi):
    done = amdvi("config", "--diff", "spec=2.62", "spec=3.11")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[0].split() == ["spec=2.62", "spec=3.11"]
    assert any(line.split() == ["6:4", "CXLMemAttr", "reserved", "free", "[iommu", "3.2]"] for line in lines)
    assert any(line.split()[:4] == ["49", "HASup", "0", "1"] for line in lines)
    assert any(line.strip() == "with it: dte.HAD" for line in lines)
    assert max(map(len, lines)) <= 124


def test_any_two_settings(amdvi):
    found = differences(amdvi, "preset=rome", "preset=milan")
    assert [entry["key"] for entry in found["keys"]] == ["preset", "efr"]
    assert set(fields(found, "efr")) == {"HDSup"}
    assert not found["device_table_entry"]
    found = differences(amdvi, "caches=on", "caches=off", "--set", "spec=3.05")
    assert [entry["key"] for entry in found["keys"]] == ["caches"] and "fields" not in found["keys"][0]


def test_no_difference(amdvi):
    done = amdvi("config", "--diff", "caches=on", "caches=1")
    assert done.returncode == 0 and done.stdout == "no difference\n"


def test_what_is_common_is_set_first(amdvi):
    found = differences(amdvi, "spec=3.05", "spec=3.10", "--preset", "rome")
    assert set(fields(found, "efr")) == {"vIommuSup"}
