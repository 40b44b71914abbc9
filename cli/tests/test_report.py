# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

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


def test_two_runs_stand_side_by_side(amdvi, small, root, tmp_path):
    paths = []
    for name, setting in (("a", "caches=on"), ("b", "caches=off")):
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(amdvi("replay", small, "--json", "--set", setting).stdout, encoding="utf-8")
    done = make(root, *paths, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<td><code>caches</code></td><td><code>on</code></td><td><code>off</code></td>" in page
    row = page[page.index("<td>device table reads</td>"):].split("</tr>")[0]
    assert row.count('class="n"') == 3 and ">1<" in row and ">4<" in row and "+3 (+300.0 %)" in row
    for run in "AB":
        assert f'<span class="run">{run}</span> Misses by class' in page
    assert page.count("<svg") >= 12


def test_runs_of_different_files_are_not_compared(amdvi, small, root, tmp_path):
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(amdvi("replay", small, "--json").stdout, encoding="utf-8")
    two.write_text(amdvi("replay", small, small, "--json").stdout, encoding="utf-8")
    done = make(root, one, two, "-o", tmp_path)
    assert done.returncode == 2 and "1 and 2 files" in done.stderr
    assert make(root, one, one, one, "-o", tmp_path).returncode == 2


def test_time_of_the_trace_is_on_the_axis(amdvi, root, tmp_path):
    capture = root / "traces" / "samples" / "linux61-lazy.capture.txt.zst"
    stats = tmp_path / "stats.json"
    stats.write_text(amdvi("replay", capture, "--json").stdout, encoding="utf-8")
    assert make(root, stats, "-o", tmp_path).returncode == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("time in the trace (s)") == 3 and "count per second" in page and "record number" not in page


def test_counts_keep_their_sum_over_time(root):
    sys.path.insert(0, str(root / "traces" / "report"))
    import plots
    buckets = [{"end_ns": end, "requests": count} for end, count in ((1000, 10), (1000, 5), (7000, 12), (10000, 3))]
    axis = plots.Axis({"series": {"buckets": buckets, "first_ns": 0, "timed": True, "records_per_bucket": 8}})
    counts = axis.counts("requests")
    assert len(counts) == plots.BINS and abs(sum(counts) - 30) < 1e-9 and axis.label == "time in the trace (us)"
    assert abs(sum(counts[:plots.BINS // 10 + 1]) - 15) < 0.1
