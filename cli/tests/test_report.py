# SPDX-License-Identifier: Apache-2.0
import subprocess

from conftest import SMALL


def make(root, *arguments, stdin=None):
    return subprocess.run(["/usr/bin/python3", root / "traces" / "report" / "report.py", *arguments], input=stdin,
                          capture_output=True, text=True, timeout=120, check=False)


def test_report_is_one_page(amdvi, small, root, tmp_path):
    small.write_text(SMALL.replace("ok vector=0x31", "ok vector=0x32"), encoding="ascii")
    stats = tmp_path / "stats.json"
    stats.write_text(amdvi("replay", small, "--json").stdout, encoding="utf-8")
    done = make(root, stats, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 5 and "http-equiv" not in page and "<script" not in page
    for text in ("Failed checks", "01:00.0", "INVALIDATE_IOMMU_PAGES", "ui.perfetto.dev", "16 KiB", "host page not present"):
        assert text in page


def test_other_json_is_refused(root, tmp_path):
    for text in ("{}", "no json", "[]"):
        done = make(root, "-", "-o", tmp_path, stdin=text)
        assert done.returncode == 2 and "report.py: -: " in done.stderr


def test_report_says_where_a_capture_comes_from(amdvi, root, tmp_path):
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    stats = tmp_path / "stats.json"
    stats.write_text(amdvi("replay", capture, "--json").stdout, encoding="utf-8")
    assert make(root, stats, "-o", tmp_path).returncode == 0
    note = "recorded on an emulated machine (QEMU) that a real kernel drove; one record is one question to the IOMMU"
    assert note in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"note: {note}" in amdvi("replay", capture).stdout


def test_a_report_without_files_says_why(amdvi, root, tmp_path):
    broken = tmp_path / "broken.trace"
    broken.write_text("amdvi-trace 1\nnonsense\n", encoding="ascii")
    done = make(root, "-", "-o", tmp_path, stdin=amdvi("replay", "--json", broken).stdout)
    assert done.returncode == 2 and f"{broken}:2: unknown record 'nonsense'" in done.stderr
