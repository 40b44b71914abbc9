# SPDX-License-Identifier: Apache-2.0
import csv
import json
import os
import re
import subprocess

import pytest

from conftest import AMDVI, SMALL, line_of


def test_all_held(amdvi, small):
    done = amdvi("replay", small)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 checks: 4 held, 0 failed" in done.stdout


def test_quiet_says_nothing_when_all_held(amdvi, small):
    done = amdvi("replay", "-q", small)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_failed_check_names_file_and_line(amdvi, small):
    small.write_text(SMALL.replace("ok pa=0x8000010", "ok pa=0x9000010"), encoding="ascii")
    done = amdvi("replay", "-q", small)
    assert done.returncode == 1
    start = f"{small}:{line_of('ok pa=')}: ok: "
    assert done.stdout.startswith(start), done.stdout
    assert "expected" in done.stdout and "got" in done.stdout and done.stdout.count("\n") == 1


def test_unknown_record_names_file_and_line(amdvi, small):
    small.write_text(SMALL + "dmaa dev=1\n", encoding="ascii")
    done = amdvi("replay", small)
    assert done.returncode == 2
    assert f"{small}:{SMALL.count(chr(10)) + 1}: " in done.stderr
    assert "4 checks: 4 held" in done.stdout


def test_missing_file(amdvi, tmp_path):
    done = amdvi("replay", tmp_path / "none.trace")
    assert done.returncode == 2 and "none.trace" in done.stderr


def test_worst_of_several_files_counts(amdvi, small, tmp_path):
    broken = tmp_path / "broken.trace"
    broken.write_text("amdvi-trace 1\nnonsense\n", encoding="ascii")
    done = amdvi("replay", broken, small, "--json")
    data = json.loads(done.stdout)
    assert done.returncode == 2 and f"{broken}:2: " in done.stderr
    assert [f["file"] for f in data["files"]] == [str(small)]
    assert data["files_not_played_to_the_end"] == [str(broken)]


def test_full_disk_is_no_success(amdvi, small):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([AMDVI, "replay", small], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "standard output" in done.stderr


def test_settings_win(amdvi, small):
    done = amdvi("replay", small, "--stats", "--set", "caches=off")
    assert done.returncode == 0
    assert any(line.split() == ["ptc_hits", "0"] for line in done.stdout.splitlines())


def test_unknown_setting(amdvi, small):
    for setting in ("cache=off", "caches=perhaps", "caches"):
        done = amdvi("replay", small, "--set", setting)
        assert done.returncode == 2 and "cache" in done.stderr


def test_check_prints_records_that_hold(amdvi, small, tmp_path):
    done = amdvi("replay", small, "--check")
    assert done.returncode == 0
    results = [line for line in done.stdout.splitlines() if line.startswith("ok ")]
    assert len(results) == 1
    assert f"# {small}:{line_of('dma dev=0x100 addr=0x5020')}: dma dev=0x100 addr=0x5020" in results[0]
    golden = tmp_path / "golden.trace"
    golden.write_text(SMALL + results[0] + "\n", encoding="ascii")
    assert amdvi("replay", golden).returncode == 0


def test_output_of_check_is_trace_text(amdvi, small, tmp_path):
    text = tmp_path / "checked.trace"
    text.write_text(amdvi("replay", small, "--check").stdout, encoding="ascii")
    done = amdvi("convert", text, "-o", "-")
    assert done.returncode == 0, done.stderr


def test_standard_input(amdvi):
    done = amdvi("replay", "-", stdin=SMALL)
    assert done.returncode == 0 and "4 held" in done.stdout


def test_json(amdvi, small):
    done = amdvi("replay", small, "--json")
    data = json.loads(done.stdout)
    played = data["files"][0]
    assert (data["schema"], data["exit_code"], done.returncode) == ("amdvi-replay 1", 0, 0)
    assert played["checks"]["held"] == 4 and played["checks"]["failed"] == 0
    asked = {found["cache"]: (found["hits"], found["misses"]) for found in played["devices"][0].pop("caches")}
    assert asked == {"DTC": (3, 1), "ITC": (0, 1), "PTC": (0, 3), "PDC": asked["PDC"]}
    assert played["devices"] == [{"device": "01:00.0", "device_id": "0x100", "translated": 2, "identity": 0,
                                  "faulted": 1, "interrupts": 1, "interrupts_faulted": 0}]
    assert [row["name"] for row in played["commands_by_opcode"]] == ["COMPLETION_WAIT", "INVALIDATE_IOMMU_PAGES"]
    assert played["invalidation_sizes"] == [{"size": "16 KiB", "size_bytes": 16384, "count": 1}]
    assert played["translation_page_sizes"] == [{"size": "4 KiB", "size_bytes": 4096, "count": 2}]
    assert sum(row["requests"] for row in played["walk_reads"]) == 3
    buckets = played["series"]["buckets"]
    assert sum(bucket["translations"] for bucket in buckets) == 3
    assert sum(bucket["commands"] for bucket in buckets) == 2
    assert played["config"]["preset"] == "genoa" and played["statistics"]["requests"] == 3


def test_json_lists_failures(amdvi, small):
    small.write_text(SMALL.replace("ok vector=0x31", "ok vector=0x32"), encoding="ascii")
    done = amdvi("replay", small, "--json")
    failures = json.loads(done.stdout)["files"][0]["failures"]
    assert done.returncode == 1
    assert [(f["line"], f["kind"]) for f in failures] == [(line_of("ok vector"), "ok")]


def test_timeline(amdvi, small, tmp_path):
    out = tmp_path / "timeline.json"
    assert amdvi("replay", small, "-q", "--timeline", out).returncode == 0
    events = json.loads(out.read_text(encoding="utf-8"))["traceEvents"]
    tracks = {event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert {"device 01:00.0 translations", "device 01:00.0 interrupts", "commands", "event log"} <= tracks
    times = [event["ts"] for event in events if event["ph"] == "i"]
    assert times == sorted(times) and len(times) == 7 and not any("dur" in event for event in events)
    assert any(event["name"] == "write: IO_PAGE_FAULT" for event in events)


@pytest.mark.parametrize("option", ["--csv", "--timeline", "--live", "--lint-sarif"])
def test_no_output_takes_the_place_of_the_trace(amdvi, small, tmp_path, option):
    link = tmp_path / "link"
    link.symlink_to(small)
    done = amdvi("replay", "-q", small, option, link)
    assert (done.returncode, done.stderr) == (2, f"amdvi replay: {option}: input and output are the same file\n")
    assert small.read_text() == SMALL


def test_two_outputs_are_two_files(amdvi, small, tmp_path):
    """The second one took the place of the first, unsaid. Nobody reads /dev/null."""
    out, link = tmp_path / "out", tmp_path / "link"
    for there in (False, True):
        done = amdvi("replay", "-q", small, "--csv", out, "--timeline", link if there else out)
        assert (done.returncode, done.stderr) == (2, "amdvi replay: --csv and --timeline are the same file\n")
        out.write_text("old")
        link.unlink(missing_ok=True)
        link.symlink_to(out)
    assert out.read_text() == "old"
    assert amdvi("replay", "-q", small, "--csv", "-", "--timeline", "-").returncode == 2
    assert amdvi("replay", "-q", small, "--csv", "/dev/null", "--timeline", "/dev/null").returncode == 0


def test_csv(amdvi, small, tmp_path):
    out = tmp_path / "records.csv"
    assert amdvi("replay", small, "-q", "--csv", out).returncode == 0
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    faults = [row for row in rows if row["outcome"] == "fault"]
    assert len(faults) == 1 and faults[0]["addr"] == "0x6000" and faults[0]["detail"]
    assert sum(row["outcome"] == "held" for row in rows) == 4


def test_output_that_cannot_be_written(amdvi, small, tmp_path):
    for option in ("--timeline", "--csv"):
        done = amdvi("replay", small, "-q", option, tmp_path / "no" / "such" / "folder")
        assert done.returncode == 2 and "folder" in done.stderr


def test_a_trace_that_is_not_there_replaces_nothing(amdvi, tmp_path):
    for option in ("--timeline", "--csv"):
        out = tmp_path / "out"
        out.write_text("precious", encoding="ascii")
        assert amdvi("replay", tmp_path / "none.trace", option, out).returncode == 2
        assert out.read_text(encoding="ascii") == "precious" and len(list(tmp_path.iterdir())) == 1


def test_sample_capture(amdvi, root):
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    done = amdvi("replay", capture)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert ", 0 failed" in done.stdout


FORGOTTEN = """amdvi-trace 1
mmio_write off=0x0 size=8 value=0x10001f
mmio_write off=0x8 size=8 value=0x0800000000010000
mmio_write off=0x18 size=8 value=0x1001
mem addr=0x102000 data=0344000000000060
mem addr=0x102008 data=2100
mem addr=0x4000 data=0152000000000060
mem addr=0x5038 data=0170770000000060
dma dev=0x100 addr=0x7000 len=4 op=read
mem addr=0x5038 data=0000000000000000
dma dev=0x100 addr=0x7000 len=4 op=read
"""
INVALIDATED = """mem addr=0x10000 data=000000002100003000700000
mmio_write off=0x2008 size=8 value=0x10
"""


def test_lint_names_a_forgotten_invalidation(amdvi, small):
    small.write_text(FORGOTTEN, encoding="ascii")
    assert amdvi("replay", "-q", small).returncode == 0
    done = amdvi("replay", "-q", "--lint", small)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{small}:11: stale-entry: "), done.stdout
    assert "in line 10, read in line 9" in done.stdout
    assert "needed INVALIDATE_IOMMU_PAGES domain 0x21 0x7000 to 0x7fff" in done.stdout


def test_lint_json(amdvi, small):
    small.write_text(FORGOTTEN, encoding="ascii")
    lint = json.loads(amdvi("replay", "--lint", "--json", small).stdout)["files"][0]["lint"]
    assert lint["answers_stale"] == 1
    finding = lint["findings"][0]
    assert (finding["kind"], finding["severity"]) == ("stale-entry", "mistake")
    assert (finding["changed"]["line"], finding["word_address"]) == (10, "0x5038")


def test_lint_window_is_told_only_on_demand(amdvi, small):
    small.write_text(FORGOTTEN + INVALIDATED, encoding="ascii")
    done = amdvi("replay", "-q", "--lint", small)
    assert (done.returncode, done.stdout) == (0, "")
    done = amdvi("replay", "-q", "--lint-windows", small)
    assert done.returncode == 0 and done.stdout.endswith("(window)\n")


def test_lint_findings_are_suppressed_with_a_reason(amdvi, small, tmp_path):
    small.write_text(FORGOTTEN, encoding="ascii")
    reasons = tmp_path / "known.txt"
    reasons.write_text("# looked at\nstale-entry device=01:00.0 domain=0x21 # unmapped at the end of the trace\n",
                       encoding="ascii")
    done = amdvi("replay", "--lint", "--lint-suppress", reasons, small)
    assert done.returncode == 0 and "1 suppressed" in done.stdout, done.stdout
    reasons.write_text("stale-entry domain=0x22 # another one\n", encoding="ascii")
    assert amdvi("replay", "--lint-suppress", reasons, small).returncode == 1


@pytest.mark.parametrize("line, message", [("stale-entry domain=0x21", ":1: a reason is needed: KIND ... # REASON"),
                                           ("stale # why", ":1: no kind of finding: stale"),
                                           ("# " + 2000 * "x" + "\nstale # why", ":2: no kind of finding: stale"),
                                           ("stale-entry line=3 # why", ":1: none of device=, domain= and word= with a value: line=3"),
                                           ("stale-entry device=zz # why", ":1: none of device=, domain= and word= with a value: device=zz")])
def test_suppressions_are_checked(amdvi, small, tmp_path, line, message):
    small.write_text(FORGOTTEN, encoding="ascii")
    known = tmp_path / "known.txt"
    known.write_text(line + "\n", encoding="ascii")
    done = amdvi("replay", "--lint-suppress", known, small)
    assert done.returncode == 2 and done.stderr == f"{known}{message}\n"


@pytest.mark.parametrize("line", ["\0", "\0stale-entry # why", "stale-entry # \033[2J", "stale\001 # why"])
def test_suppressions_are_text(amdvi, small, tmp_path, line):
    known = tmp_path / "known.txt"
    known.write_text(f"# a comment\n{line}\n", encoding="ascii")
    done = amdvi("replay", "--lint-suppress", known, small)
    assert (done.returncode, done.stderr) == (2, f"{known}:2: this is no text: a control character\n")


def test_a_reason_may_be_long_and_a_folder_is_no_file(amdvi, small, tmp_path):
    small.write_text(FORGOTTEN, encoding="ascii")
    (tmp_path / "known.txt").write_text(f"stale-entry # {'because ' * 300}\n", encoding="ascii")
    assert amdvi("replay", "-q", "--lint-suppress", tmp_path / "known.txt", small).returncode == 0
    done = amdvi("replay", "--lint-suppress", tmp_path, small)
    assert (done.returncode, done.stderr) == (2, f"{tmp_path}: Is a directory\n")


def test_a_memfile_from_anywhere_asks_for_no_lint(amdvi, small):
    small.write_text(FORGOTTEN, encoding="ascii")
    done = amdvi("replay", "--memfile-anywhere", small)
    assert done.returncode == 0 and "lint" not in done.stdout


def test_sarif_names_files_as_uris(amdvi, tmp_path):
    folder = tmp_path / "50 % done"
    folder.mkdir()
    (folder / "a#b?.trace").write_text(FORGOTTEN, encoding="ascii")
    amdvi("replay", "-q", "--lint-sarif", "out", "50 % done/a#b?.trace", cwd=tmp_path)
    result = json.loads((tmp_path / "out").read_text(encoding="utf-8"))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "50%20%25%20done/a%23b%3F.trace"


def test_lint_sarif(amdvi, small, tmp_path):
    small.write_text(FORGOTTEN, encoding="ascii")
    out = tmp_path / "out.sarif"
    assert amdvi("replay", "-q", "--lint-sarif", out, small).returncode == 1
    sarif = json.loads(out.read_text(encoding="utf-8"))
    run = sarif["runs"][0]
    assert sarif["version"] == "2.1.0" and {"id": "stale-entry"} in run["tool"]["driver"]["rules"]
    result = run["results"][0]
    assert (result["ruleId"], result["level"]) == ("stale-entry", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == str(small) and place["region"]["startLine"] == 11
    assert [related["message"]["text"] for related in result["relatedLocations"]] == ["the change", "read by hardware"]


def test_lint_is_silent_about_a_real_driver(amdvi, root):
    done = amdvi("replay", "--lint-regime", "sync", root / "traces/samples/linux61-lazy.capture.txt.zst")
    assert done.returncode == 0 and "stale-entry" not in done.stdout, done.stdout
    assert "cached answers compared with memory, 0 stale" in done.stdout


def test_one_is_singular(amdvi, tmp_path):
    trace = tmp_path / "one.trace"
    trace.write_text("amdvi-trace 1\nexpect_mem addr=0 data=00\n", encoding="ascii")
    assert ": text trace, 1 record, 1 check: 1 held" in amdvi("replay", trace).stdout
    assert "text trace, 2 records written as text" in amdvi("convert", trace, "-o", "-").stderr


@pytest.mark.parametrize("record, window", [("mmio_write off=0x80000 size=8 value=1", "0x80000"),
                                            ("mmio_read off=0x80000 size=4", "0x80000"),
                                            ("vf_write gid=1 off=0x1000 size=8 value=1", "0x1000"),
                                            ("vfc_read gid=1 off=0x40 size=8", "0x40")])
def test_an_offset_beyond_the_window_is_a_mistake(amdvi, tmp_path, record, window):
    trace = tmp_path / "beyond.trace"
    trace.write_text(f"amdvi-trace 1\nconfig preset=genoa\nrun\n{record}\n", encoding="ascii")
    done = amdvi("replay", trace)
    off = record.split("off=")[1].split()[0]
    assert done.returncode == 2, done.stdout
    assert f"{trace}:4: {record.split()[0]}: off={off} lies beyond the window of {window} bytes" in done.stderr


def test_two_expectations_of_one_request_are_a_mistake(amdvi, small):
    line = line_of("ok pa=")
    small.write_text(SMALL.replace("ok pa=0x8000010 size=0x1000\n", "ok pa=0x8000010 size=0x1000\nok perm=rw\n"),
                     encoding="ascii")
    done = amdvi("replay", small)
    assert done.returncode == 2
    assert (f"{small}:{line + 1}: the request on line {line - 1} has its expectation already, on line {line}"
            in done.stderr)


def test_stats_show_every_counter(amdvi, small, root):
    header = (root / "model/include/amdvi/inspect.h").read_text(encoding="utf-8")
    body = re.search(r"struct amdvi_statistics \{(.*?)\n\};", header, re.S).group(1)
    body = re.sub(r"/\*.*?\*/|\w+\[16\]", "", body, flags=re.S)
    names = set(re.findall(r"\w+", body)) - {"uint64_t", "size_t", "size"}
    assert {"requests", "guest_commands", "parity_errors"} <= names
    shown = {line.split()[0] for line in amdvi("replay", small, "--stats").stdout.splitlines() if line.strip()}
    assert names <= shown, names - shown
    counted = json.loads(amdvi("replay", small, "--json").stdout)["files"][0]["statistics"]
    assert set(counted) == names


MEMFILE = "amdvi-trace 1\nmemfile addr=0x1000 file={}\nexpect_mem addr=0x1000 data=616d64\n"


def memfile(amdvi, path, name, *options):
    path.write_text(MEMFILE.format(name), encoding="ascii")
    return amdvi("replay", "-q", path, *options)


def test_memfile_beside_the_trace(amdvi, tmp_path):
    folder = tmp_path / "traces"
    (folder / "below").mkdir(parents=True)
    for image in (folder / "a.img", folder / "below" / "b..img", tmp_path / "out.img"):
        image.write_bytes(b"amd")
    (folder / "in.img").symlink_to("below/b..img")
    (folder / "out.img").symlink_to("../out.img")
    (folder / "up").symlink_to("..")
    trace = folder / "x.trace"
    for name in ("a.img", "below/b..img", "./a.img", "in.img"):
        assert memfile(amdvi, trace, name).returncode == 0, name
    for name in ("../out.img", "below/../a.img", "..", str(tmp_path / "out.img"), str(folder / "a.img"), "out.img",
                 "up/out.img"):
        done = memfile(amdvi, trace, name)
        assert done.returncode == 2 and f"{trace}:2: " in done.stderr and "unless allowed" in done.stderr, name
        for command in (["explain", "--dev", "1", "--addr", "0"], ["inspect"]):
            assert "unless allowed" in amdvi(command[0], trace, *command[1:]).stderr
    for name in ("../out.img", str(tmp_path / "out.img"), "out.img", "up/out.img"):
        assert memfile(amdvi, trace, name, "--memfile-anywhere").returncode == 0, name
    assert amdvi("replay", "-q", "x.trace", cwd=folder).returncode == 2
    assert amdvi("replay", "-q", "-", stdin=MEMFILE.format("a.img"), cwd=folder).returncode == 0


def test_memfile_has_an_end(amdvi, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for name in ("/dev/zero", "fifo", "."):
        done = memfile(amdvi, tmp_path / "x.trace", name, "--memfile-anywhere")
        assert done.returncode == 2 and "no regular file" in done.stderr, name


def test_memory_of_a_trace_is_bounded(amdvi, tmp_path):
    trace, image = tmp_path / "x.trace", tmp_path / "noise.img"
    image.write_bytes(os.urandom(3 << 20))
    trace.write_text("amdvi-trace 1\nmemfile addr=0 file=noise.img\n", encoding="ascii")
    assert amdvi("replay", "-q", trace).returncode == 0
    done = amdvi("replay", "-q", trace, "--max-memory", 2)
    assert done.returncode == 2 and f"{trace}:2: " in done.stderr and "more than allowed" in done.stderr
    for wrong in ("0", "much"):
        assert amdvi("replay", trace, "--max-memory", wrong).returncode == 2


def test_endless_lines_end():
    """A line has at most 256 MiB, and the window on it doubles."""
    with subprocess.Popen([AMDVI, "replay", "/dev/zero"], stderr=subprocess.PIPE, text=True) as process:
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 2 and "bytes in one line" in message
    assert usage.ru_maxrss < 2 << 20  # KiB


def test_devices_by_bus_device_and_function(amdvi, small):
    small.write_text(SMALL.replace("dev=0x100", "dev=01:00.0"), encoding="ascii")
    done = amdvi("replay", small)
    assert done.returncode == 0 and "4 checks: 4 held" in done.stdout, done.stderr
    same = amdvi("convert", "-q", small, "-o", "-").stdout
    assert "dev=0x100" in same and "dev=01:" not in same


@pytest.mark.parametrize("record, said", [
    ("dma dev=0 addr=0 len=0 op=read", "len=0x0: a request has 1 to 0x40000000 bytes"),
    ("ats dev=0 addr=0 len=0x40000001", "len=0x40000001: a request has 1 to 0x40000000 bytes"),
    ("dma dev=0 addr=0xffffffffffffffff len=2 op=read", "len=0x2 leads from addr=0xffffffffffffffff beyond 64 bits"),
    ("fill addr=0x10 len=0xffffffffffffffff byte=1", "addr=0x10 with 0xffffffffffffffff bytes is outside ram"),
    ("mem addr=0xffffffff data=0000", "addr=0xffffffff with 0x2 bytes is outside ram")])
def test_mistakes_of_records_name_the_key(amdvi, tmp_path, record, said):
    trace = tmp_path / "x.trace"
    trace.write_text(f"amdvi-trace 1\n{record}\n", encoding="ascii")
    done = amdvi("replay", trace)
    assert done.returncode == 2 and f"{trace}:2: {said}" in done.stderr, done.stderr
