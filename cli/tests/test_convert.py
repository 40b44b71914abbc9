# SPDX-License-Identifier: Apache-2.0
from conftest import SMALL


def test_round_trip_loses_nothing(amdvi, small, tmp_path):
    first, binary, second = tmp_path / "1.trace", tmp_path / "2.atb", tmp_path / "3.trace"
    assert amdvi("convert", small, "-o", first).returncode == 0
    assert amdvi("convert", small, "-o", binary).returncode == 0
    assert amdvi("convert", binary, "-o", second).returncode == 0
    assert first.read_bytes() == second.read_bytes()
    assert "# a small machine" in second.read_text() and "# mapped" in second.read_text()
    assert binary.read_bytes()[:13] != b"amdvi-trace 1"
    assert amdvi("replay", "-q", binary).returncode == 0


def test_form_by_option(amdvi, small, tmp_path):
    out = tmp_path / "x"
    assert amdvi("convert", small, "-o", out, "--to", "binary").returncode == 0
    assert not out.read_bytes().startswith(b"amdvi-trace")
    assert amdvi("convert", small, "-o", out, "--to", "stone").returncode == 2


def test_to_standard_output(amdvi, small):
    done = amdvi("convert", small, "-o", "-")
    assert done.returncode == 0 and done.stdout.startswith("amdvi-trace 1\n")
    assert "records written" in done.stderr


def test_never_onto_itself(amdvi, small):
    assert amdvi("convert", small, "-o", small).returncode == 2
    assert small.read_text() == SMALL


def test_mistakes_name_the_line(amdvi, tmp_path):
    bad = tmp_path / "bad.trace"
    bad.write_text("amdvi-trace 1\nrun\nmem addr=zero data=00\n")
    done = amdvi("convert", bad, "-o", tmp_path / "out.trace")
    assert done.returncode == 2 and f"{bad}:3: " in done.stderr


def test_import_says_what_cannot_be_checked(amdvi, root, tmp_path):
    out = tmp_path / "ftrace.trace"
    done = amdvi("import", root / "traces" / "samples" / "linux-ftrace-sample.txt", "-o", out)
    assert done.returncode == 0, done.stderr
    assert "no memory" in done.stderr and "lines" in done.stderr
    assert out.read_text().startswith("amdvi-trace 1")


def test_import_of_a_capture_replays_alike(amdvi, root, tmp_path):
    out = tmp_path / "linux.atb"
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    assert amdvi("import", capture, "-o", out, "--binary", "-q").returncode == 0
    summaries = [amdvi("replay", path).stdout.splitlines()[1:6] for path in (capture, out)]
    assert summaries[0] == summaries[1]
