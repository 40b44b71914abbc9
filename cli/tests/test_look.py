# SPDX-License-Identifier: Apache-2.0
"""config, explain, inspect, bench."""
import json
import re

from conftest import line_of


def test_config_explains_every_key(amdvi):
    names = [line.split("=")[0] for line in amdvi("config").stdout.splitlines()]
    explained = amdvi("config", "--explain").stdout
    data = json.loads(amdvi("config", "--json").stdout)
    assert names == [key["key"] for key in data["keys"]] and len(names) > 20
    for key in data["keys"]:
        assert re.search(rf"^{re.escape(key['key'])}=.*\n    \S.*\n    default: .*\n    source: \S", explained, re.M)
        assert key["meaning"] and key["values"] and key["source"]
    assert "presets" in explained and "emulator-min" in explained


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
    assert re.search(r"domain 0x11 0x000000005000 -> 0x000008000000 4 KiB rw", early.stdout)
    assert f"line {line_of('dma dev=0x100 addr=0x6000')}: event index 0" in early.stdout
    assert amdvi("inspect", small, "--at", 4).returncode in (0, 2)


def test_inspect_one_entry(amdvi, small):
    for arguments in (("--dte", "0x100"), ("--dte=01:00.0",)):
        done = amdvi("inspect", small, *arguments, "--irt", "0x100")
        assert re.search(r"11:9 +Mode +LEVEL2", done.stdout)
        assert "0 at 0x440000: RemapEn=1 Destination=1 Vector=0x31" in done.stdout


def test_bench_smoke(amdvi):
    done = amdvi("bench", "--smoke", "--filter", "hit", "--json")
    data = json.loads(done.stdout)
    assert done.returncode == 0 and [case["name"] for case in data["cases"]] == ["hit-v1", "hit-nested"]
    for case in data["cases"]:
        assert case["allocations"] == 0 and case["memory_callbacks"] == 0 and case["median_m_per_s"] > 0
        assert case["anchor_m_per_s"] == 29.6
    assert "processor time" in data["clock"]
    cold = json.loads(amdvi("bench", "--smoke", "--filter", "cold", "--json").stdout)["cases"]
    # The device table entry and 4 levels; GCR3 and 4 levels; (4 + 1) * (4 + 0 + 2).
    assert [case["table_reads_per_op"] for case in cold] == [5, 6, 30]
    assert amdvi("bench", "--smoke", "--filter", "invalidate-64", "--runs", "1").returncode == 0
