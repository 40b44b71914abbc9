# SPDX-License-Identifier: Apache-2.0
"""config, explain, inspect, bench."""
import json
import re

from conftest import SMALL, line_of


def test_config_explains_every_key(amdvi):
    names = [line.split("=")[0] for line in amdvi("config").stdout.splitlines()]
    explained = amdvi("config", "--explain").stdout
    data = json.loads(amdvi("config", "--json").stdout)
    assert names == [key["key"] for key in data["keys"]] and len(names) > 20
    for key in data["keys"]:
        assert re.search(rf"^{re.escape(key['key'])}=.*\n    \S.*\n    default: .*\n    source: \S", explained, re.M)
        assert key["meaning"] and key["values"] and key["source"]
    assert "presets" in explained and "emulator-min" in explained


def test_config_names_what_is_only_stored(amdvi, small):
    explained = amdvi("config", "--explain").stdout.split("advertised, but only stored with these values:\n")[1]
    data = json.loads(amdvi("config", "--json").stdout)
    assert "SATS (EFR 31, DTE 106)\n    translated requests are not verified\n" in explained
    assert [feature["name"] for feature in data["stored_features"]] == re.findall(r"^(\S+) \(", explained, re.M)
    assert "MARC" in amdvi("config", "--explain", "--preset", "rome", "--set", "marc.match=none").stdout.split("but only stored")[1]
    played = amdvi("replay", small).stdout.splitlines()
    assert played[0].startswith("advertised, but only stored: PrivAbrtEn, ") and "SATS" in played[0]
    assert "only stored" not in amdvi("replay", small, "--quiet").stdout


def test_a_long_plan_of_faults_is_shown_whole(amdvi, small):
    plan = ";".join(f"read:pte:nth={n}:data_error" for n in range(1, 13))
    assert f"\ninject.plan={plan}\n" in amdvi("config", "--set", f"inject.plan={plan}").stdout
    played = json.loads(amdvi("replay", "--json", "--set", f"inject.plan={plan}", small).stdout)
    assert played["files"][0]["config"]["inject.plan"] == plan


def test_config_of_a_preset(amdvi):
    rome = amdvi("config", "--preset", "rome").stdout
    assert "efr=0x58f77ef22294ade\n" in rome and "preset=rome\n" in rome
    assert amdvi("config", "--preset", "zen9").returncode == 2


def test_explain_shows_every_read(amdvi, small):
    line = line_of("dma dev=0x100 addr=0x5010")
    done = amdvi("explain", small, "--line", line)
    assert done.returncode == 0, done.stderr
    assert f"{small}:{line}: dma dev=0x100 addr=0x5010" in done.stdout
    reads = re.findall(r"^ *\d+\. (.*): read (0x[0-9a-f]+) = (0x[0-9a-f]+)", done.stdout, re.M)
    assert reads == [("device table entry", "0x102000", "0x6000000001000403"),
                     ("host table entry, level 2", "0x1000000", "0x6000000001001201"),
                     ("host table entry, level 1", "0x1001028", "0x6000000008000001")]
    assert "Mode=LEVEL2" in done.stdout and "result: ok, pa 0x8000010, perm rw, page size 4 KiB" in done.stdout


def test_explain_says_which_cache_answered(amdvi, small):
    made_up = ("--dev", "01:00.0", "--addr", "0x5010")
    cached = amdvi("explain", small, *made_up)
    assert "PTC hit" in cached.stdout and "no access to memory" in cached.stdout
    walked = amdvi("explain", small, *made_up, "--no-cache")
    assert walked.stdout.count(": read 0x") == 3 and "PTC" not in walked.stdout


def test_explain_a_fault(amdvi, small):
    done = amdvi("explain", small, "--line", line_of("dma dev=0x100 addr=0x6000"))
    assert done.returncode == 0
    assert "result: fault: host page not present" in done.stdout
    assert "event IO_PAGE_FAULT, flags RW, address 0x6000, reply drop, logged" in done.stdout


def test_explain_an_interrupt(amdvi, small):
    done = amdvi("explain", small, "--line", line_of("int dev"))
    assert "interrupt table entry: read 0x440000 = 0x00310101" in done.stdout
    assert "vector 0x31, destination 0x1 (physical)" in done.stdout


def test_explain_json(amdvi, small):
    done = amdvi("explain", small, "--line", line_of("dma dev=0x100 addr=0x5010"), "--json")
    data = json.loads(done.stdout)
    assert [step["layout"] for step in data["steps"]] == ["dte", "v1", "v1"]
    assert data["outcome"]["pa"] == "0x8000010" and data["caches"]["PTC"] == "miss"


def test_explain_wants_a_request(amdvi, small):
    for line, text in ((line_of("mmio_write"), "not a dma"), (2, "no record"), (999, "ends before")):
        done = amdvi("explain", small, "--line", line)
        assert done.returncode == 2 and f"{small}:{line}: " in done.stderr and text in done.stderr


def test_inspect_default(amdvi, small):
    done = amdvi("inspect", small)
    assert done.returncode == 0, done.stderr
    assert re.search(r"0x0018 control +0x0*1485", done.stdout)
    assert "01:00.0 at 0x102000" in done.stdout and "DomainID=0x11" in done.stdout
    assert "command ring: enabled, base 0x400000, 256 entries, head 0x20, tail 0x20" in done.stdout
    assert "IO_PAGE_FAULT" in done.stdout


def test_inspect_tables(amdvi, small):
    done = amdvi("inspect", small, "--tables", "01:00.0")
    assert "host table at SPA 0x1000000, 2 levels" in done.stdout
    assert re.search(r"0x000000005000-0x000000005fff -> 0x000008000000 +rw +4 KiB", done.stdout)


def test_inspect_at_a_line(amdvi, small):
    early = amdvi("inspect", small, "--at", line_of("int dev"), "--caches", "--events")
    assert "log records: 1" in early.stdout
    assert re.search(r"domain 0x11 0x000000005000 -> 0x000008000000 4 KiB rw$", early.stdout, re.M)
    assert f"line {line_of('dma dev=0x100 addr=0x6000')}: event index 0" in early.stdout
    assert amdvi("inspect", small, "--at", 4).returncode == 2


def test_inspect_one_entry(amdvi, small):
    for arguments in (("--dte", "0x100"), ("--dte=01:00.0",)):
        done = amdvi("inspect", small, *arguments, "--irt", "0x100")
        assert re.search(r"11:9 +Mode +LEVEL2", done.stdout)
        assert "0 at 0x440000: RemapEn=1 Destination=1 Vector=0x31" in done.stdout


def test_bench_smoke(amdvi):
    done = amdvi("bench", "--smoke", "--filter", "hit-", "--json")
    data = json.loads(done.stdout)
    assert done.returncode == 0 and [case["name"] for case in data["cases"]] == ["hit-v1", "hit-nested"]
    for case in data["cases"]:
        assert case["allocations"] == 0 and case["memory_callbacks"] == 0 and case["median_m_per_s"] > 0
        assert case["anchor_m_per_s"] == 29.6
    assert "processor time" in data["clock"]
    cold = json.loads(amdvi("bench", "--smoke", "--filter", "cold-", "--json").stdout)["cases"]
    # The device table entry and 4 levels; GCR3 and 4 levels; (4 + 1) * (4 + 0 + 2).
    assert [case["table_reads_per_op"] for case in cold] == [5, 6, 30]
    assert amdvi("bench", "--smoke", "--filter", "invalidate-64", "--runs", "1").returncode == 0
    assert data["costs"] == [] and "guests" not in data
    data = json.loads(amdvi("bench", "--smoke", "--filter", "timing-off", "--runs", "1", "--json").stdout)
    assert data["cases"] == [] and [cost["must_percent"] for cost in data["costs"]] == [1, 1]
    assert "resident memory" in amdvi("bench", "--smoke", "--filter", "guests-65536").stdout


def inspect_json(amdvi, *arguments):
    done = amdvi("inspect", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_inspect_json_shows_what_the_text_shows(amdvi, small):
    data = inspect_json(amdvi, small, "-r", "--dte", "--dte=0x100", "-t", "0x100", "-i", "0x100", "-c", "-R", "-e")
    assert (data["schema"], data["file"], data["at_the_end"]) == ("amdvi-inspect 1", str(small), True)
    assert {"name": "control", "value": "0x1485"}.items() <= data["registers"][3].items()
    assert [(row["first"], row["last"], row["address"]) for row in data["device_table"]] == [("0x100", "0x100",
                                                                                              "0x102000")]
    fields = {field["name"]: field["value"] for field in data["device_table_entry"]["fields"]}
    assert fields["DomainID"] == "0x11" and fields["Mode"] == "0x2"
    table = data["page_tables"]["tables"][0]
    assert (table["maps"], table["root_spa"], table["levels"]) == ("IOVA to SPA", "0x1000000", 2)
    assert {"first": "0x5000", "last": "0x5fff", "target": "0x8000000", "perm": "rw"}.items() <= \
        table["ranges"][0].items()
    assert data["interrupt_table"]["not_zero"] == 1 and data["interrupt_table"]["not_used"] is None
    assert {"domain": "0x11", "address": "0x5000", "perm": "rw"}.items() <= data["caches"]["PTC"]["lines"][0].items()
    assert data["rings"][0]["name"] == "command ring" and data["rings"][0]["head"] == "0x20"
    assert data["events"][0]["line"] == line_of("dma dev=0x100 addr=0x6000")
    assert data["events"][0]["layout"] == "evt_io_page_fault"


def test_inspect_json_says_what_max_leaves_off(amdvi, tmp_path):
    """Entries of three devices, interrupts of three kinds and three commands that wait; a ring of 16 entries at 0x8000."""
    trace = tmp_path / "three.trace"
    dtes = "".join("03" + "0" * 14 + f"{number}" + "0" * 15 + "07" + "0" * 12 + "20" + "0" * 16 for number in (1, 2, 3))
    trace.write_text(f"amdvi-trace 1\nmem addr=0x102000 data={dtes}\nmem addr=0 data=010131000101320001013300\n"
                     "mmio_write off=0x0 size=8 value=0x1001ff\nmmio_write off=0x8 size=8 value=0x0800000000008000\n"
                     "mmio_write off=0x2008 size=8 value=0x30\n", encoding="ascii")
    for most, left in ((1, 2), (2, 1), (3, 0)):
        data = inspect_json(amdvi, trace, "--max", most, "--dte", "--irt", "0x100", "--rings")
        ring, irt = data["rings"][0], data["interrupt_table"]
        assert (len(data["device_table"]), data["device_table_left_off"]) == (most, left)
        assert (len(irt["runs"]), irt["left_off"]) == (most, left)
        assert (len(ring["between_head_and_tail"]), ring["left_off"]) == (most, left)
        assert (f"  {left} more, see --max\n" in amdvi("inspect", trace, "--max", most, "--dte").stdout) == (left > 0)


def test_lines_that_are_printed_are_lines_that_are_taken(amdvi, small, tmp_path):
    binary = tmp_path / "small.atb"
    assert amdvi("convert", "-q", small, "-o", binary).returncode == 0
    last = len(SMALL.splitlines())
    fault = line_of("dma dev=0x100 addr=0x6000")
    for path in (small, binary):
        assert amdvi("inspect", path).stdout.startswith(f"{path}, at the end, after line {last}\n")
        early = amdvi("inspect", path, "--at", fault, "--events").stdout
        assert early.startswith(f"{path}, before line {fault}\nlog records: 0\n")
        assert f"line {fault}: event index 0" in amdvi("inspect", path, "--events").stdout
        assert amdvi("explain", path, "--line", fault).stdout.startswith(f"{path}:{fault}: dma dev=0x100 addr=0x6000")
        made_up = ("--dev", "01:00.0", "--addr", "0x5010")
        assert amdvi("explain", path, *made_up).stdout.startswith(f"{path}, at the end, after line {last}: dma ")
        assert amdvi("explain", path, *made_up, "--at", fault).stdout.startswith(f"{path}, before line {fault}: dma ")


def test_lines_of_an_import_are_its_own(amdvi, root, tmp_path):
    text = tmp_path / "linux.trace"
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    assert amdvi("import", "-q", capture, "-o", text).returncode == 0
    lines = text.read_text(encoding="ascii").splitlines()
    request = next(number for number, line in enumerate(lines, 1) if line.startswith("dma "))
    done = amdvi("explain", text, "--line", request)
    assert done.stdout.startswith(f"{text}:{request}: {lines[request - 1].split(' #')[0]}")
    assert amdvi("inspect", text, "--at", request).stdout.startswith(f"{text}, before line {request}\n")


def test_irt_of_a_device_that_does_not_remap(amdvi, tmp_path):
    """IntCtl, bits 61:60 of the third word (iommu 3.1), decides whether the table is used at all (8.2 step 5)."""
    trace = tmp_path / "irt.trace"
    for quarter, word in enumerate(("ABORT", "FORWARD", None, "reserved")):
        third = (1 | quarter << 60).to_bytes(8, "little").hex()
        trace.write_text("amdvi-trace 1\nmem addr=0x102000 data=" + "03".ljust(32, "0") + third + "0" * 16 +
                         "\nmem addr=0 data=01013100\nmmio_write off=0x0 size=8 value=0x1001ff\n", encoding="ascii")
        done = amdvi("inspect", trace, "--irt", "01:00.0")
        assert done.returncode == 0
        if word:
            assert f"IntCtl is {word}" in done.stdout and "RemapEn" not in done.stdout
            assert "RemapEn=1" in amdvi("inspect", trace, "--irt", "01:00.0", "--all").stdout
            assert word in inspect_json(amdvi, trace, "--irt", "01:00.0")["interrupt_table"]["not_used"]
        else:
            assert "RemapEn=1" in done.stdout and "IntCtl" not in done.stdout


def test_equal_entries_are_folded(amdvi, tmp_path):
    trace = tmp_path / "equal.trace"
    entry = "03" + "0" * 30 + "01" + "0" * 12 + "20" + "0" * 16  # V, TV; IV, IntCtl 2
    trace.write_text("amdvi-trace 1\nmem addr=0x102000 data=" + entry * 8 + "\nmem addr=0x102120 data=" + entry +
                     "\nmem addr=0 data=01013100\nmmio_write off=0x0 size=8 value=0x1001ff\n",
                     encoding="ascii")
    done = amdvi("inspect", trace, "--dte")
    rows = [line for line in done.stdout.splitlines() if " at 0x" in line]
    assert len(rows) == 2, done.stdout
    assert rows[0].startswith("  01:00.0-01:00.7 (8 equal entries) at 0x102000: V=1 TV=1")
    assert rows[1].startswith("  01:01.1 at 0x102120: ")
    assert [(row["first"], row["last"]) for row in inspect_json(amdvi, trace, "--dte")["device_table"]] == [
        ("0x100", "0x107"), ("0x109", "0x109")]
    trace.write_text("amdvi-trace 1\nmem addr=0x102000 data=" + entry[:32] + "0700000000000020" + "0" * 16 +
                     "\nmem addr=0 data=" + "01013100" * 6 + "\nmmio_write off=0x0 size=8 value=0x1001ff\n",
                     encoding="ascii")
    done = amdvi("inspect", trace, "--irt", "0x100")
    assert "     0-5 (6 equal entries) at 0x0: RemapEn=1" in done.stdout, done.stdout
    assert "6 of 8 entries of 4 bytes are not zero" in done.stdout


def test_cached_lines_show_the_rights_that_explain_shows(amdvi, tmp_path):
    """IW of the device table entry is 0: the tables grant rw, the device gets r (iommu 4.3 step 1)."""
    trace = tmp_path / "cut.trace"
    trace.write_text(SMALL[:SMALL.index("ok pa=")].replace("data=0304000100000060", "data=0304000100000020"),
                     encoding="ascii")
    explained = amdvi("explain", trace, "--dev", "0x100", "--addr", "0x5010").stdout
    assert "PTC hit" in explained and "perm r," in explained
    assert "4 KiB rw, 01:00.0 gets r\n" in amdvi("inspect", trace, "--caches").stdout
    line = inspect_json(amdvi, trace, "--caches")["caches"]["PTC"]["lines"][0]
    assert line["perm"] == "rw" and line["devices_with_less"] == [{"device": "01:00.0", "perm": "r"}]


def test_tables_show_what_the_device_does(amdvi, small):
    """Bits 56:52 of an entry are reserved (iommu 4.2): the device refuses the page, whatever stands in memory."""
    assert " -> 0x000008000000" in amdvi("inspect", small, "--tables", "01:00.0").stdout
    small.write_text(SMALL.replace("mem addr=0x1001028 data=0100000800000060", "mem addr=0x1001028 data=0100000800001060")
                     .split("dma dev")[0], encoding="ascii")
    assert "result: fault" in amdvi("explain", small, "--dev", "01:00.0", "--addr", "0x5010").stdout
    done = amdvi("inspect", small, "--tables", "01:00.0")
    assert "without PASID: IOVA -> SPA: nothing\n  0 ranges\n" in done.stdout, done.stdout
    assert inspect_json(amdvi, small, "--tables", "01:00.0")["page_tables"]["tables"][0]["ranges"] == []


def test_tables_of_pasids(amdvi, root):
    trace = root / "testbench" / "traces" / "3.3" / "giov1_mode0.trace"
    done = amdvi("inspect", trace, "--tables", "01:00.0")
    assert "PASID 0x0: GVA -> SPA\n    0x000000007000-0x000000007fff -> 0x000000555000  rw  user" in done.stdout
    tables = inspect_json(amdvi, trace, "--tables", "01:00.0")["page_tables"]["tables"]
    assert [(table.get("pasid"), table["ranges"][0]["target"]) for table in tables] == [
        (None, "0x555000"), ("0x0", "0x555000"), ("0x5", "0x777000")]
    assert tables[1]["ranges"][0]["user"] and tables[1]["ranges"][0]["page_bytes"] == 4096


def test_tables_of_a_device_while_the_iommu_is_off(amdvi, tmp_path):
    trace = tmp_path / "off.trace"
    trace.write_text(SMALL.split("dma dev")[0] + "mmio_write off=0x18 size=8 value=0\n", encoding="ascii")
    done = amdvi("inspect", trace, "--tables", "01:00.0")
    assert "the IOMMU is off at this point" in done.stdout and "not translated" in done.stdout


def test_a_short_listing_of_tables_shows_its_first_lines(amdvi, root):
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    whole = amdvi("inspect", capture, "--at", "15955", "--tables", "00:05.0").stdout.splitlines()
    short = amdvi("inspect", capture, "--at", "15955", "--tables", "00:05.0", "--max", "2").stdout.splitlines()
    assert short[:6] == whole[:6] and " -> " in short[5] and short[6:] == ["  2 ranges and more, see --max"]


def test_what_is_left_out_of_a_ring_is_said(amdvi, small):
    words = SMALL.splitlines()
    stopped = next(number for number, line in enumerate(words) if line.startswith("mmio_write off=0x2008"))
    small.write_text("\n".join(words[:stopped]).replace("value=0x1485", "value=0x485") + "\nmmio_write off=0x2008 size=4 value=0x40\n", encoding="ascii")
    assert amdvi("inspect", small, "--rings").stdout.count("    +0x") == 4 + 1  # and an event
    short = amdvi("inspect", small, "--rings", "--max", "3").stdout
    assert short.count("    +0x") == 3 + 1 and "    1 more, see --max\n" in short
