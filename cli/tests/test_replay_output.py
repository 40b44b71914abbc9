# SPDX-License-Identifier: Apache-2.0
"""What a replay says and writes: golden files, how many failures, what could not be checked, mistakes for machines."""
import json

import pytest

from conftest import AMDVI, SMALL
from terminal import on_terminal

UNCHECKED = "\n".join(line for line in SMALL.splitlines() if line.split(" ")[0] not in ("ok", "fault")) + "\n"
MANY = "amdvi-trace 1\n" + "expect_mem addr=0 data=01\n" * 30


@pytest.fixture
def guess(tmp_path):
    path = tmp_path / "guess.trace"
    path.write_text(UNCHECKED, encoding="ascii")
    return path


def test_a_golden_file_replays_and_holds(amdvi, guess, tmp_path):
    golden = tmp_path / "golden.trace"
    done = amdvi("replay", guess, "--write-expectations", "-o", golden)
    assert done.returncode == 0 and f"4 expectations written to {golden}" in done.stdout, done.stderr
    again = amdvi("replay", golden)
    assert again.returncode == 0 and "5 checks: 5 held" in again.stdout, again.stdout
    text = golden.read_text(encoding="ascii").splitlines()
    same = amdvi("convert", guess, "-o", "-", "-q").stdout.splitlines()
    assert [line for line in text if line.split(" ")[0] not in ("ok", "fault")] == same
    request = text.index("dma dev=0x100 addr=0x5010 len=0x4 op=read # mapped")
    assert text[request + 1].startswith("ok pa=0x8000010 ")


def test_a_golden_file_notices_a_change(amdvi, guess, tmp_path):
    golden = tmp_path / "golden.trace"
    assert amdvi("replay", "-q", guess, "--write-expectations", "-o", golden).returncode == 0
    golden.write_text(golden.read_text().replace("ok pa=0x8000010", "ok pa=0x9000010"), encoding="ascii")
    assert amdvi("replay", "-q", golden).returncode == 1


def test_a_golden_file_keeps_stated_expectations_and_settings(amdvi, small, tmp_path):
    golden = tmp_path / "golden.atb"
    done = amdvi("replay", small, "--set", "caches=off", "--write-expectations", "-o", golden)
    assert done.returncode == 0 and "1 expectation written" in done.stdout
    assert "5 checks: 5 held" in amdvi("replay", golden).stdout
    text = amdvi("convert", golden, "-o", "-", "-q").stdout
    assert text.count("fault kind=IO_PAGE_FAULT") == 1 and "\nconfig caches=off\n" in text
    assert text.index("config preset=genoa") < text.index("config caches=off") < text.index("mem addr=0x1000000")


def test_a_golden_file_of_a_capture(amdvi, root, tmp_path):
    golden = tmp_path / "golden.atb"
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    assert amdvi("replay", "-q", capture, "--write-expectations", "-o", golden).returncode == 0
    assert ", 0 failed" in amdvi("replay", golden).stdout


def test_a_broken_trace_leaves_the_old_golden_file(amdvi, guess, tmp_path):
    golden = tmp_path / "golden.trace"
    golden.write_text("old", encoding="ascii")
    guess.write_text(UNCHECKED + "nonsense\n", encoding="ascii")
    assert amdvi("replay", guess, "--write-expectations", "-o", golden).returncode == 2
    assert golden.read_text() == "old"


def test_a_golden_file_finds_its_memfile(amdvi, tmp_path):
    trace, folder = tmp_path / "x.trace", tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "x.img").write_bytes(b"amd")
    trace.write_text("amdvi-trace 1\nmemfile addr=0x1000 file=x.img\ndma dev=0 addr=0x1000 len=1 op=read\n",
                     encoding="ascii")
    done = amdvi("replay", "-q", trace, "--write-expectations", "-o", folder / "golden.trace")
    assert done.returncode == 2 and "x.img lies beside the trace" in done.stderr and not list(folder.iterdir())
    assert amdvi("replay", "-q", trace, "--write-expectations", "-o", tmp_path / "golden.trace").returncode == 0
    assert "1 check: 1 held" in amdvi("replay", tmp_path / "golden.trace").stdout


@pytest.mark.parametrize("more", [["--write-expectations"], ["-o", "x"], ["--write-expectations", "-o", "-"]])
def test_golden_options_go_together(amdvi, guess, more):
    done = amdvi("replay", guess, *more)
    assert done.returncode == 2 and "--write-expectations" in done.stderr


def shown(*arguments):
    """What a person sees, without progress."""
    return on_terminal([AMDVI, *arguments], "stdout").terminal.replace("\r\n", "\n")


def test_failures_on_a_terminal_are_capped(amdvi, tmp_path):
    many = tmp_path / "many.trace"
    many.write_text(MANY, encoding="ascii")
    failed = f"{many}:2: expect_mem: "
    out = shown("replay", many)
    assert failed in out and out.count(": expect_mem: ") == 20
    assert f"{many}: 10 more failed; --failures all prints them\n" in out
    assert shown("replay", many, "--failures", "all").count(": expect_mem: ") == 30
    assert amdvi("replay", many).stdout.count(": expect_mem: ") == 30
    some = amdvi("replay", "-q", many, "--failures", "3").stdout
    assert some.count(": expect_mem: ") == 3 and "27 more failed" in some


@pytest.mark.parametrize("binary", [False, True])
def test_a_source_without_memory_is_no_success(amdvi, root, tmp_path, binary):
    source = root / "traces" / "samples" / "linux-ftrace-sample.txt"
    imported = tmp_path / ("sample.atb" if binary else "sample.trace")
    assert amdvi("import", "-q", source, "-o", imported).returncode == 0
    for path in (source, imported):
        done = amdvi("replay", path)
        assert done.returncode == 1, path
        assert "nothing was checked: the source does not have what is needed" in done.stdout
        assert "0 held" not in done.stdout
        assert "note: memory is not in this source" in done.stdout
        assert "note: results of translations are not in this source" in done.stdout
    data = json.loads(amdvi("replay", "--json", imported).stdout)
    assert data["exit_code"] == 1 and data["files"][0]["nothing_checked"]
    assert len(data["files"][0]["source_cannot_check"]) == 4


def test_a_trace_without_expectations_says_so(amdvi, tmp_path):
    trace = tmp_path / "run.trace"
    trace.write_text("amdvi-trace 1\nrun\n", encoding="ascii")
    done = amdvi("replay", trace)
    assert done.returncode == 0 and "nothing was checked: the trace states no expectation" in done.stdout


def test_json_has_the_text_of_mistakes(amdvi, small, tmp_path):
    broken, missing = tmp_path / "broken.trace", tmp_path / "missing.trace"
    broken.write_text("amdvi-trace 1\nnonsense\n", encoding="ascii")
    small.write_text(SMALL + "fill addr=0xffffffffffff len=1 byte=1\n", encoding="ascii")
    data = json.loads(amdvi("replay", "--json", broken, missing, small).stdout)
    assert [error["file"] for error in data["errors"]] == [str(broken), str(missing), str(small)]
    assert data["errors"][0]["text"] == f"{broken}:2: unknown record 'nonsense'"
    assert "missing.trace" in data["errors"][1]["text"] and "No such file" in data["errors"][1]["text"]
    assert f":{SMALL.count(chr(10)) + 1}: " in data["errors"][2]["text"]
