# SPDX-License-Identifier: Apache-2.0
"""`amdvi compare`: two replays, figure by figure."""
import json

import pytest

from conftest import SMALL


@pytest.fixture(name="runs")
def two_runs(amdvi, small, tmp_path):
    def make(*settings):
        paths = []
        for name, setting in zip(("a", "b"), settings):
            path = tmp_path / f"{name}.json"
            words = ["--set", setting] if setting else []
            path.write_text(amdvi("replay", "--json", small, *words).stdout, encoding="utf-8")
            paths.append(path)
        return paths
    return make


def test_runs_that_differ_in_one_key(amdvi, runs):
    a, b = runs("", "caches=off")
    done = amdvi("compare", a, b)
    assert done.returncode == 1, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["caches", "on", "off"] in lines
    assert ["statistics.dtc_hits", "3", "0", "-3", "(-100.0", "%)"] in lines
    assert not any(line[0].startswith("seconds") or "requests" == line[0] for line in lines)
    found = json.loads(amdvi("compare", "--json", a, b).stdout)
    assert found["schema"] == "amdvi-compare 1" and len(found["pairs"]) == 1
    assert found["pairs"][0]["config"] == [{"name": "caches", "left": "on", "right": "off"}]
    figures = {figure["name"]: (figure["left"], figure["right"]) for figure in found["pairs"][0]["figures"]}
    assert figures["statistics.reads_host"][0] < figures["statistics.reads_host"][1]
    assert "statistics.requests" not in figures


def test_runs_that_are_the_same(amdvi, runs):
    a, b = runs("", "")
    done = amdvi("compare", a, b)
    assert done.returncode == 0 and "nothing differs" in done.stdout
    done = amdvi("compare", "--all", a, b)
    assert done.returncode == 0 and "statistics.requests" in done.stdout


def test_times_are_compared_where_there_are_some(amdvi, runs):
    a, b = runs("timing=on", "timing=on")
    assert amdvi("compare", a, b).returncode == 0
    data = json.loads(b.read_text(encoding="utf-8"))
    before = data["files"][0]["time"]["requests"]["mean_ns"]
    data["files"][0]["time"]["requests"]["mean_ns"] = 1.5 * before
    b.write_text(json.dumps(data), encoding="utf-8")
    done = amdvi("compare", a, b)
    assert done.returncode == 1 and before > 0
    assert ["time.requests.mean_ns", f"{before:g}", f"{1.5 * before:g}", f"+{0.5 * before:g}", "(+50.0", "%)"] in [
        line.split() for line in done.stdout.splitlines()]


def test_what_only_one_has_is_named(amdvi, runs):
    a, b = runs("", "")
    data = json.loads(b.read_text(encoding="utf-8"))
    data["files"][0]["faults_by_reason"] = []
    data["files"][0]["devices"].append({"device": "05:00.0", "translated": 7})
    b.write_text(json.dumps(data), encoding="utf-8")
    done = amdvi("compare", a, b)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 1 and ["devices[05:00.0].translated", "-", "7"] in lines
    assert any(line[-2:] == ["1", "-"] for line in lines)


def test_findings_of_one_kind_are_compared_each(amdvi, runs):
    """And numbers of any size."""
    a, b = runs("", "")
    for path, times in ((a, (1, 2)), (b, (9223372036854775807, 2))):
        data = json.loads(path.read_text(encoding="utf-8"))
        data["files"][0]["lint"] = {"findings": [{"kind": "stale-entry", "times": n} for n in times], "least": -sum(times[:1])}
        path.write_text(json.dumps(data), encoding="utf-8")
    figures = amdvi("compare", "--all", "--json", a, b).stdout
    assert amdvi("compare", a, b).returncode == 1
    named = {figure["name"]: (figure["left"], figure["right"]) for figure in json.loads(figures)["pairs"][0]["figures"]}
    assert named["lint.findings[stale-entry].times"] == (1, 9223372036854775807)
    assert named["lint.findings[stale-entry 2].times"] == (2, 2)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "7", '{"schema": "amdvi-replay 1"}',
                                  '{"schema": "amdvi-replay 1", "files": 3}',
                                  '{"schema": "amdvi-replay 1", "files": [3]}',
                                  '{"schema": "amdvi-replay 1", "files": [{"file": "x", "config": 1}]}',
                                  '{"schema": 1, "files": []}', "[" * 100000])
def test_other_files_are_refused(amdvi, runs, tmp_path, text):
    a, _ = runs("", "")
    other = tmp_path / "other.json"
    other.write_text(text, encoding="utf-8")
    for pair in ((a, other), (other, a)):
        done = amdvi("compare", *pair)
        assert done.returncode == 2 and f"{other}: not the output of `amdvi replay --json`" in done.stderr


def test_files_are_compared_in_pairs(amdvi, runs, small, tmp_path):
    a, _ = runs("", "")
    two = tmp_path / "two.json"
    two.write_text(amdvi("replay", "--json", small, small).stdout, encoding="utf-8")
    done = amdvi("compare", a, two)
    assert done.returncode == 2 and "has 1 files that were played to the end" in done.stderr
    assert amdvi("compare", two, two).stdout.count("nothing differs") == 2
    assert amdvi("compare", a, tmp_path / "none.json").returncode == 2
    assert amdvi("compare", a).returncode == 2


def test_standard_input(amdvi, runs):
    a, b = runs("", "caches=off")
    assert amdvi("compare", "-", b, stdin=a.read_text(encoding="utf-8")).stdout == amdvi("compare", a, b).stdout
    assert SMALL.count("dma") == 3  # what the figures above count
