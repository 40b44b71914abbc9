# SPDX-License-Identifier: Apache-2.0
"""The ledger counts each round once, the page shows the ledger, and what was stopped does not count."""
from __future__ import annotations

import itertools
import os
import re
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest

from campaign import layers, ledger, page, rounds
from campaign.__main__ import LEDGER, main
from campaign.kinds import KINDS, chosen

ROW = ledger.Row("2026-11-30", "0123456789ab", "fuzz", "ring", 7, 1000, 0, 12, "fuzz_ring -runs=1000, of which \"many\"")


def done(status: int, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], status, text, "")


def kind(name: str, part: str = "-"):
    return next(one for one in KINDS if (one.name, one.part) == (name, part))


def test_rows_come_back_as_they_were_written(tmp_path):
    rows = [ROW, replace(ROW, part="tables"), replace(ROW, commit="f" * 12)]
    for row in rows:
        ledger.append(tmp_path / "ledger.csv", row)
    assert ledger.read(tmp_path / "ledger.csv") == rows
    assert ledger.read(tmp_path / "none.csv") == []


def test_a_round_counts_once(tmp_path):
    path = tmp_path / "ledger.csv"
    ledger.append(path, ROW)
    ledger.append(path, replace(ROW, date="2026-12-01", count=5))
    with pytest.raises(ledger.LedgerError, match=r"ledger.csv:4: field seed: this round is there already"):
        ledger.read(path)


@pytest.mark.parametrize("field, value", [("date", "30.11.2026"), ("commit", "0123"), ("seed", "-1"), ("count", "many"), ("kind", "")])
def test_a_malformed_field_is_named(tmp_path, field, value):
    path = tmp_path / "ledger.csv"
    ledger.append(path, replace(ROW, **{field: value}))
    with pytest.raises(ledger.LedgerError, match=rf"ledger.csv:3: field {field}: "):
        ledger.read(path)


@pytest.mark.parametrize("text, where", [("a,b\n", ":1: columns"), (",".join(ledger.COLUMNS) + "\n1,2\n", ":2: 9 fields expected, 2 found")])
def test_a_malformed_file_is_refused(tmp_path, text, where):
    (tmp_path / "ledger.csv").write_text(text)
    with pytest.raises(ledger.LedgerError, match=where):
        ledger.read(tmp_path / "ledger.csv")


def test_seeds_go_on_behind_the_last_one_of_any_commit():
    rows = [ROW, replace(ROW, commit="f" * 12, seed=9), replace(ROW, part="tables", seed=50)]
    assert ledger.next_seed(rows, "fuzz", "ring", 1) == 10
    assert ledger.next_seed(rows, "fuzz", "config", 1) == 1
    assert ledger.next_seed(rows, "fuzz", "ring", 1000) == 1000


def test_rounds_of_a_part_use_no_seed_twice():
    first, second = (kind("interleavings", "timed").command(seed, 20_000, "w") for seed in (1, 2))
    assert "--seed 1000000" in first and "--seed 2000000" in second


def test_what_was_done_is_read_from_the_output():
    assert kind("differential", "scenarios").outcome(done(0, "100031 requests, 5 generated checks, 0 traces differ")) == (100031, 0)
    assert kind("differential", "scenarios").outcome(done(1, "100031 requests, 5 generated checks, 2 traces differ")) == (100031, 2)
    assert kind("isolation", "isolation").outcome(done(0, "seeds 1 to 3, 24 rounds of 60 steps: 7; 0 differences in")) == (24, 0)
    assert kind("isolation", "hostile").outcome(done(0, "seed 1: 500 runs, 3000 steps")) == (500, 0)
    assert kind("mutation").outcome(done(0, "seed 3: 25 mutants, 2 survived, 92.0 % noticed")) == (25, 2)
    assert kind("fuzz", "ring").outcome(done(0, "stat::number_of_executed_units: 4711\n")) == (4711, 0)


def test_a_bad_end_is_a_finding_and_a_stop_is_nothing():
    assert kind("fuzz", "ring").outcome(done(77, "stat::number_of_executed_units: 12\n")) == (12, 1)
    assert kind("isolation", "hostile").outcome(done(134, "in run 8")) == (0, 1)
    assert kind("isolation", "hostile").outcome(done(-15, "")) is None
    assert kind("isolation", "hostile").outcome(done(127, "no such file")) is None
    assert kind("fuzz", "ring").outcome(done(130, "stat::number_of_executed_units: 12\n")) is None
    assert kind("fuzz", "ring").outcome(done(0, "")) is None


def test_tables_show_the_sums(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("x\n<!-- totals: made by scripts/campaign --page -->\n<!-- totals: end -->\ny\n")
    rows = [ROW, replace(ROW, seed=8, count=234, date="2026-12-02"), replace(ROW, kind="mutation", part="-", count=40, findings=1)]
    assert page.update(rows, check=True, path=path) == 1
    assert page.update(rows, check=False, path=path) == 0
    text = path.read_text()
    assert "| fuzz | executions | 100,000,000 | 1,234 | 0 | 2 of 1 commit | 0.007 | 540.2 | 2026-11-30 to 2026-12-02 |" in text
    assert "1 survived: 97.5 % noticed" in text and text.startswith("x\n") and text.endswith("y\n")
    assert page.update(rows, check=True, path=path) == 0


def test_the_page_of_this_tree_is_that_of_its_ledger():
    assert page.update(ledger.read(LEDGER), check=True) == 0


def test_every_kind_can_be_chosen_and_says_what_is_wanted(capsys):
    assert {one.name for one in chosen([])} == set(page.WANTED)
    assert main(["--list"]) == 0
    assert "of 100,000,000 executions" in capsys.readouterr().out


# --- rounds, with a stand-in for what they run


@pytest.fixture(name="stand_in")
def make_stand_in(tmp_path, monkeypatch):
    monkeypatch.setattr(rounds, "ROOT", tmp_path)
    monkeypatch.setattr(rounds, "commit", lambda: "0123456789ab")
    monkeypatch.setattr(rounds, "time", SimpleNamespace(monotonic=itertools.count().__next__))  # a second at each look
    return lambda part, line: replace(kind("fuzz", "ring"), preset="", part=part, line=line)


def test_rounds_go_on_until_the_time_is_over(tmp_path, stand_in):
    path = tmp_path / "ledger.csv"
    kinds = [stand_in(part, "echo number_of_executed_units: {size}") for part in ("ring", "tables", "config")]
    assert rounds.run(kinds, path, minutes=0.2, scale=0.5, first_seed=5, jobs=2) == 0
    rows = ledger.read(path)
    assert len(rows) == 11 and {row.count for row in rows} == {200_000}
    for part in ("ring", "tables", "config"):
        seeds = [row.seed for row in rows if row.part == part]
        assert seeds and seeds == list(range(5, 5 + len(seeds)))


def test_a_finding_is_kept_with_its_output_and_a_stop_ends_all(tmp_path, stand_in):
    path = tmp_path / "ledger.csv"
    crash = stand_in("ring", "echo number_of_executed_units: 7; exit 77")
    assert rounds.run([crash], path, minutes=0.05, scale=1, first_seed=1, jobs=1) == 1
    assert {(row.count, row.findings) for row in ledger.read(path)} == {(7, 1)}
    assert "units: 7" in (tmp_path / rounds.WORK / "fuzz-ring-1.log").read_text()
    before = ledger.read(path)
    assert rounds.run([stand_in("tables", "kill -TERM $BASHPID")], path, minutes=1, scale=1, first_seed=1, jobs=1) == 1
    assert ledger.read(path) == before


def test_time_is_that_of_the_processor():
    assert rounds.processor_time("noise 1m0.1s\n0m0.004s 0m0.002s\n2m1.500s 0m0.250s\n") == 121.75


# --- names on the page, against the tests of this build


@pytest.fixture(name="tests", scope="module")
def all_tests():
    if "AMDVI_BUILD" not in os.environ:
        pytest.skip("AMDVI_BUILD names no build folder")
    listing = subprocess.run(["ctest", "--test-dir", os.environ["AMDVI_BUILD"], "-N"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"Test +#\d+: (\S+)", listing) + where_traces_of_others_are()


def where_traces_of_others_are():
    """Tests of traces that lie outside the tree; CMake has them where these lie."""
    rules = (page.DOCS.parent / "testbench/traces/CMakeLists.txt").read_text(encoding="utf-8")
    return re.findall(r"add_test\(NAME (traces-(?:conformance|captures)\S*)", rules)


def test_what_holds_a_promise_is_there(tests):
    text = page.PAGE.read_text(encoding="utf-8")
    text = text[text.index("## What we promise"):text.index("## What is counted")]
    held = [name for line in text.splitlines() if line.startswith("|") for name in re.findall(r"`([a-z][\w/*-]*)`", line.split("|")[2])]
    fuzzers = {one.part for one in KINDS if one.name == "fuzz"}
    unknown = [name for name in held if name not in fuzzers and not (page.DOCS.parent / name).exists()
               and not any(test == name or test.startswith(name.rstrip("*")) and name[-1] in "*/" for test in tests)]
    assert held and not unknown


def test_a_test_belongs_to_one_layer(tests):
    """Some may be younger than the map."""
    found = {test: [layer.name for layer in layers.LAYERS if re.search(layer.tests, test)] for test in tests}
    assert not {test: names for test, names in found.items() if len(names) > 1}
    assert len([test for test, names in found.items() if not names and not test.startswith("fuzz/")]) <= 5
