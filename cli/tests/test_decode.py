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


# What drivers/iommu/amd/iommu.c of Linux prints: 6.1 and 6.12 alike, except that 5.x prints devices without a segment.
# The records are those of iommu.md 7.2, 7.3: DeviceID 15:0, DomainID or PASID 47:32, flags 59:48, code 63:60.
KERNEL = [
    ("[   12.345678] pci 0000:00:01.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0001 address=0xdead000 flags=0x0020]",
     "evt_io_page_fault", 0x2020000100000008, 0xdead000),
    ("AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:03:00.1 domain=0x001c address=0x3049cdd000 flags=0x0070]",
     "evt_io_page_fault", 0x2070001c00000301, 0x3049cdd000),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:01:00.0 pasid=0x12345 "
     "address=0xfffffffdf8000000 flags=0x0080]", "evt_illegal_dev_table_entry", 0x1080234500010100, 0xfffffffdf8000000),
    ("AMD-Vi: Event logged [DEV_TAB_HARDWARE_ERROR device=01:00.0 address=0x102000 flags=0x0400]",
     "evt_dev_tab_hardware_error", 0x3400000000000100, 0x102000),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [PAGE_TAB_HARDWARE_ERROR device=0000:01:00.0 pasid=0x0011 address=0x1000 "
     "flags=0x0400]", "evt_page_tab_hardware_error", 0x4400001100000100, 0x1000),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x11be000]", "evt_illegal_command_error",
     0x5000000000000000, 0x11be000),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [COMMAND_HARDWARE_ERROR address=0x11be000 flags=0x0200]",
     "evt_command_hardware_error", 0x6200000000000000, 0x11be000),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:01:00.0 address=0x11be040]",
     "evt_iotlb_inv_timeout", 0x7000000000000100, 0x11be040),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:01:00.0 pasid=0x00000 "
     "address=0xfee00000 flags=0x0a00]", "evt_invalid_device_request", 0x8a00000000000100, 0xfee00000),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [INVALID_PPR_REQUEST device=0000:01:00.0 pasid=0x12345 address=0x7000 "
     "flags=0x0020 tag=0x203]", "evt_invalid_ppr_request", 0x9020060323450100, 0x7000),
    ("pci 0000:01:00.0: AMD-Vi: Event logged [RMP_PAGE_FAULT vmg_tag=0x0005, gpa=0x1000, flags_rmp=0x0031, "
     "flags=0x0020]", "evt_rmp_page_fault", 0xd020000500310100, 0x1000),
    ("AMD-Vi: Event logged [RMP_HW_ERROR device=0000:01:00.0, vmg_tag=0x0005, spa=0x1008, flags=0x0020]",
     "evt_rmp_hardware_error", 0xe020000500000100, 0x1008),
    ("pci 0000:00:00.2: AMD-Vi: Event logged [UNKNOWN event[0]=0x00000100 event[1]=0xa0000000 event[2]=0x00000007 "
     "event[3]=0x00000000", "evt_event_counter_zero", 0xa000000000000100, 7),
]


@pytest.mark.parametrize("line, layout, low, high", KERNEL)
def test_lines_of_the_kernel(amdvi, line, layout, low, high):
    for arguments, stdin in (([line], None), (line.split(), None), (["-"], f"noise\n{line}\n")):
        data = json.loads(amdvi("decode", "--json", *arguments, stdin=stdin).stdout)
        data = data[0] if stdin else data
        assert data["layout"] == layout
        assert [int(word, 16) for word in data["words"]] == [low, high]


DMESG = """[1.0] Linux version 6.12
[2.0] AMD-Vi 0000:00:00.2: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:01:00.0 pasid=0x00000 address=0x0 flags=0x0080]
[2.0] AMD-Vi: DTE[0]: 600000010dbb7603
[2.0] AMD-Vi: DTE[1]: 000000000000000d
[2.0] AMD-Vi: DTE[2]: 2000000195bf6013
[2.0] AMD-Vi: DTE[3]: 0000000000000000
[3.0] AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x11be000]
[3.0] AMD-Vi: CMD[0]: 00000000
[3.0] AMD-Vi: CMD[1]: 30000011
[3.0] AMD-Vi: CMD[2]: 00005003
[3.0] AMD-Vi: CMD[3]: 00000000
  modprobe-97 [000] d..2. 4.774847: iommu_cmd: (__iommu_queue_command_sync+0x0/0xd0) iommu=0xffff8b7a41052000 w0=0x20 w1=0x20000000 w2=0x0 w3=0x0 sync=1
011be001 10000000 00000024 00000000
"""


@pytest.mark.parametrize("words, said", [(["--as", "zz"], "--as: no layout 'zz'"), (["--register", "zz"], "--register: no register 'zz'"),
                                         (["--register", "0x19"], "--register: no register begins at 0x19")])
def test_a_layout_that_is_not_there_is_said_once(amdvi, words, said):
    done = amdvi("decode", *words, "-", stdin="1\n2\n3\n")
    assert done.returncode == 2 and done.stderr.startswith(f"amdvi decode: {said}") and done.stderr.count("\n") == 1


def test_a_whole_log_on_standard_input(amdvi):
    done = amdvi("decode", "-", stdin=DMESG)
    assert done.returncode == 0 and not done.stderr
    heads = re.findall(r"^\S.* \((\w+)\): (.*)", done.stdout, re.M)
    assert [name for name, _ in heads] == ["evt_illegal_dev_table_entry", "dte", "evt_illegal_command_error",
                                           "cmd_inv_pages", "cmd_inv_devtab", "cmd_completion_wait"]
    assert heads[1][1] == "0x600000010dbb7603 0x000000000000000d 0x2000000195bf6013 0x0000000000000000"
    assert heads[3][1] == "0x3000001100000000 0x0000000000005003"
    assert heads[5][1] == "0x10000000011be001 0x0000000000000024"


def test_words_of_32_bits(amdvi):
    for arguments in (["w0=0x11be001", "w1=0x10000000", "w2=0x24", "w3=0x0"],
                      ["--words32", "0x11be001", "0x10000000", "0x24", "0"],
                      ["011be001", "10000000", "00000024", "00000000"]):
        done = amdvi("decode", *arguments)
        assert "(cmd_completion_wait): 0x10000000011be001 0x0000000000000024" in done.stdout, done.stdout + done.stderr
        assert fields(done)["Address"] == "0x11be000"
    done = amdvi("decode", "--words32", "--as", "v1", "1", "2")
    assert "(v1): 0x0000000200000001" in done.stdout


def test_standard_input_without_anything(amdvi):
    for text in ("", "nothing here\nnor here\n"):
        done = amdvi("decode", "-", stdin=text)
        assert done.returncode == 2 and f"nothing to decode in {text.count(chr(10))} lines" in done.stderr
