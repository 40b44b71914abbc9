# SPDX-License-Identifier: Apache-2.0
import os
import subprocess

import pytest

from conftest import AMDVI, SMALL


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
    for name in (small, small.parent / "." / ".." / small.parent.name / small.name):
        assert amdvi("convert", small, "-o", name).returncode == 2
    assert small.read_text() == SMALL
    assert amdvi("convert", small, "-o", "/dev/stdout").stdout == amdvi("convert", small, "-o", "-").stdout


def test_mistakes_name_the_line(amdvi, tmp_path):
    bad = tmp_path / "bad.trace"
    bad.write_text("amdvi-trace 1\nrun\nmem addr=zero data=00\n")
    done = amdvi("convert", bad, "-o", tmp_path / "out.trace")
    assert done.returncode == 2 and f"{bad}:3: " in done.stderr


def test_import_says_what_cannot_be_checked(amdvi, root, tmp_path):
    out = tmp_path / "ftrace.trace"
    done = amdvi("import", root / "traces" / "samples" / "linux-ftrace-sample.txt", "-o", out)
    assert done.returncode == 0, done.stderr
    assert "not in the source: memory, results of translations" in done.stderr
    assert out.read_text().startswith("amdvi-trace 1")


def test_import_of_a_capture_replays_alike(amdvi, root, tmp_path):
    out = tmp_path / "linux.atb"
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    assert amdvi("import", capture, "-o", out, "--binary", "-q").returncode == 0
    summaries = [amdvi("replay", path).stdout.splitlines()[2:7] for path in (capture, out)]
    assert summaries[0] == summaries[1]


BROKEN = "amdvi-trace 1\nrun\nmem addr=zero data=00\n"


@pytest.mark.parametrize("command", ["convert", "import"])
def test_a_failure_leaves_the_old_file(amdvi, tmp_path, command):
    broken, out = tmp_path / "broken.trace", tmp_path / "out.trace"
    broken.write_text(BROKEN, encoding="ascii")
    out.write_text("precious\n", encoding="ascii")
    assert amdvi(command, broken, "-o", out).returncode == 2
    assert out.read_text(encoding="ascii") == "precious\n"
    assert sorted(os.listdir(tmp_path)) == ["broken.trace", "out.trace"]


def test_a_new_file_keeps_link_and_rights(amdvi, small, tmp_path):
    real, link = tmp_path / "real.trace", tmp_path / "link.trace"
    real.write_text("old\n", encoding="ascii")
    real.chmod(0o640)
    link.symlink_to("real.trace")
    assert amdvi("convert", small, "-o", link).returncode == 0
    assert link.is_symlink() and real.read_text(encoding="ascii").startswith("amdvi-trace 1\n")
    assert real.stat().st_mode & 0o777 == 0o640


def test_devices_are_written_in_place(amdvi, small):
    assert amdvi("convert", small, "-o", "/dev/null").returncode == 0
    done = amdvi("convert", small, "-o", "/dev/full")
    assert done.returncode == 2 and "/dev/full" in done.stderr


def test_messages_do_not_land_in_the_output(amdvi, small, tmp_path):
    """A closed stderr leaves its number to the next file opened."""
    text = amdvi("convert", small, "-o", "-").stdout
    for closed in ("2>&-", "<&- 2>&-", "<&- >&- 2>&-"):
        out = tmp_path / "out.trace"
        subprocess.run(["bash", "-c", f'"$0" convert "$1" -o "$2" {closed}', AMDVI, small, out], check=False,
                       timeout=60)
        assert out.read_text(encoding="ascii") == text, closed
        out.unlink()
    done = subprocess.run(["bash", "-c", '"$0" replay "$1" >&-', AMDVI, small], stderr=subprocess.PIPE, text=True,
                          check=False, timeout=60)
    assert done.returncode == 2 and "standard output" in done.stderr
