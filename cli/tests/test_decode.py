# SPDX-License-Identifier: Apache-2.0
import json
import re

import pytest

ROME = ["600000010DBB7603", "000000000000000D", "2000000195BF6013", "0"]
ROME_BYTES = "0376bb0d010000600d000000000000001360bf95010000200000000000000000"


def fields(done):
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"^ +[\d:,]+ +(\S(?:.*?\S)?) {2,}(\S+)", done.stdout, re.M))


@pytest.mark.parametrize("words", [ROME, ["0x" + word for word in ROME], [ROME_BYTES]])
def test_rome_device_table_entry(amdvi, words):
    seen = fields(amdvi("decode", "--as", "dte", *words))
    assert seen["Mode"] == "LEVEL3" and seen["Host root"] == "0x10dbb7000" and seen["DomainID"] == "0xd"
    assert seen["IntTable root"] == "0x195bf6000" and seen["IntCtl"] == "REMAP" and seen["IntTabLen"] == "9"
    assert seen["V"] == seen["TV"] == seen["IV"] == "1"


def test_256_bits_are_a_device_table_entry(amdvi):
    assert "guessed: 256 bits" in amdvi("decode", ROME_BYTES).stdout


def test_command_is_guessed(amdvi):
    done = amdvi("decode", "000000001100003003f0ffffffffff7f")
    assert "INVALIDATE_IOMMU_PAGES" in done.stdout and "guessed" in done.stdout
    assert fields(done)["DomainID"] == "0x11"


def test_event_by_name(amdvi):
    seen = fields(amdvi("decode", "--as", "evt_io_page_fault", "0x2000000d00000100", "0xffffe000"))
    assert seen["DeviceID"] == "0x100" and seen["Address"] == "0xffffe000"


def test_register(amdvi):
    for name in ("0x18", "control", "reg_control"):
        seen = fields(amdvi("decode", "--register", name, "0x1485"))
        assert seen["IommuEn"] == "1" and seen["CmdBufEn"] == "1"


def test_json(amdvi):
    data = json.loads(amdvi("decode", "--json", *ROME).stdout)
    mode = next(field for field in data["fields"] if field["name"] == "Mode")
    assert data["layout"] == "dte" and mode["value"] == "0x3" and mode["value_name"] == "LEVEL3"


def test_list(amdvi):
    done = amdvi("decode", "--list")
    for name in ("dte", "v1", "v2", "gcr3", "irte32", "irteg", "cmd_inv_pages", "evt_io_page_fault", "reg_control"):
        assert re.search(rf"^{name} ", done.stdout, re.M)
    assert len(json.loads(amdvi("decode", "--list", "--json").stdout)) == done.stdout.count("\n")


@pytest.mark.parametrize("arguments", [["--as", "nothing", "0"], ["--register", "nothing", "0"], ["zz"], ["1", "2", "3"],
                                       ["--as", "v1", "1", "2"], ["1", "2", "3", "4", "5"], ["0x11111111111111111"]])
def test_mistakes(amdvi, arguments):
    done = amdvi("decode", *arguments)
    assert done.returncode == 2 and done.stderr and not done.stdout
