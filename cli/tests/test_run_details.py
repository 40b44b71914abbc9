# SPDX-License-Identifier: Apache-2.0
"""What `amdvi run` keeps besides metrics: schemas, details that add up, performance counters, timeline, database."""
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

AMDVI = os.environ["AMDVI"]
TREE = Path(__file__).resolve().parents[2]
FILES = TREE / "testbench/studies/experiments"
RESULT = json.loads((TREE / "cli/schema/run.schema.json").read_text())
SHORT = ("--set", "length=200", "--set", "warm_up=20")
KEPT = [path for path in sorted(FILES.glob("*.yaml")) if path.stem != "replay"]


def run(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run([AMDVI, "run", *map(str, words)], capture_output=True, text=True, check=False)


def result(*words: object) -> dict:
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("file", KEPT, ids=lambda path: path.stem)
def test_results_are_as_their_schema_says(file):
    kept = result(file, *SHORT, "--details")
    jsonschema.validate(kept, RESULT)
    assert kept["metrics"] == result(file, *SHORT)["metrics"], "keeping details has changed the result"


@pytest.mark.parametrize("file", sorted(FILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_experiment_files_are_as_their_schema_says(file):
    schema = json.loads(run("--schema").stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(file.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"workload": {"kind": "none"}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"time": {"walk.slots": 0}}, schema)


def test_the_schema_refuses_what_has_no_unit_or_place():
    kept = result(FILES / "strict.yaml", *SHORT, "--details")
    for wrong in (kept | {"extra": 1}, kept | {"metrics": {"latency mean": 1}}, {**kept, "details": {}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, RESULT)


def test_requests_of_devices_domains_and_guests_add_up():
    details = result(FILES / "noisy-neighbour.yaml", "--set", "length=20", "--set", "warm_up=5", "--details")["details"]
    sums = {kind: sum(row["count"] for row in details[kind]) for kind in ("devices", "domains", "guests")}
    assert sums["devices"] == sums["domains"] == sums["guests"] > 1000
    assert {row["guest"] for row in details["devices"]} == {row["id"] for row in details["guests"]} == set(range(1, 8))


def test_strict_unmaps_are_counted_by_every_name():
    """A page: one request, four reads, one invalidation and one COMPLETION_WAIT (Linux: 2 to 1)."""
    details = result(FILES / "strict.yaml", "--set", "length=500", "--details")["details"]
    linux = details["pmu"]["linux"]
    assert linux["cmd_processed"] == 2 * linux["cmd_processed_inv"] == 1000
    assert linux["mem_trans_total"] == linux["mem_iommu_tlb_pte_mis"] == 500 and linux["page_tbl_read_nst"] == 2000
    assert details["pmu"]["intel"]["iotlb_miss"] == details["pmu"]["riscv"]["tlb_miss"] == 500
    assert {(row["name"], row["count"]) for row in details["commands"]} == {("INVALIDATE_IOMMU_PAGES", 500), ("COMPLETION_WAIT", 500)}


def test_occupancy_follows_little():
    """128 at once, of which 4 ports take 64 each: all that is under way is at ports."""
    queues = {q["name"]: q for q in result(FILES / "walkers.yaml", "--set", "length=5000", "--details")["details"]["queues"]}
    assert queues["ports"]["in_use_mean"] + queues["ports"]["waiting_mean"] == pytest.approx(128, rel=0.1)
    assert queues["walkers"]["in_use_mean"] == pytest.approx(16, rel=0.02) and queues["walkers"]["wait"]["mean_ns"] > 0


def test_what_holds_requests_adds_up():
    kept = result(FILES / "strict.yaml", *SHORT, "--details")
    held = kept["details"]["hold_us"]
    assert held["memory"] == pytest.approx(200 * 4 * 0.15)  # four reads of 150 ns each
    assert sum(held.values()) == pytest.approx(kept["metrics"]["latency_mean_ns"] * 200 / 1e3)


def test_a_timeline_joins_requests_to_their_walks(tmp_path):
    out = tmp_path / "timeline.json"
    assert run(FILES / "walkers.yaml", *SHORT, "--timeline", out).returncode == 0
    events = json.loads(out.read_text())["traceEvents"]
    walks = [e for e in events if e["ph"] == "X" and e["name"] == "walk"]
    begins, ends = ([e for e in events if e["ph"] == phase] for phase in "sf")
    assert len(walks) > 100 and len(walks) == len(begins) == len(ends)
    spans = {}
    for e in events:
        if e["ph"] == "X":
            spans.setdefault(e["tid"], []).append((e["ts"], e["ts"] + e["dur"]))
    for lane in spans.values():
        lane.sort()
        assert all(b[0] >= a[1] - 0.0015 for a, b in zip(lane, lane[1:])), "things of a lane overlap"


def test_a_database_has_what_the_json_has(tmp_path):
    out = tmp_path / "run.db"
    kept = result(FILES / "strict.yaml", *SHORT, "--details", "--sqlite", out)
    with sqlite3.connect(out) as base:
        assert dict(base.execute("SELECT name, value FROM metric")) == kept["metrics"]
        rows = dict(base.execute("SELECT name, count FROM detail WHERE kind = 'command'"))
        assert dict(base.execute("SELECT name, value FROM setting"))["seed"] == 1
    assert rows == {row["name"]: row["count"] for row in kept["details"]["commands"]}
    assert list(tmp_path.iterdir()) == [out]


def test_places_that_cannot_be_written(tmp_path):
    for option in ("--sqlite", "--timeline"):
        for place in (tmp_path / "no/such/out", tmp_path):
            done = run(FILES / "strict.yaml", *SHORT, option, place)
            assert done.returncode == 2 and done.stderr.startswith(f"amdvi run: cannot write {place}: ") and not done.stdout
    done = run(FILES / "strict.yaml", *SHORT, "--sqlite", "/dev/null")
    assert (done.returncode, done.stdout) == (2, "")  # seen before anything ran
    assert done.stderr == "amdvi run: cannot write /dev/null: a database is a file, no stream\n"
    done = run(FILES / "strict.yaml", *SHORT, "--timeline", "/dev/full")
    assert (done.returncode, done.stderr) == (1, "amdvi run: writing /dev/full failed: No space left on device\n")


def test_no_output_takes_the_place_of_the_experiment(tmp_path):
    file = tmp_path / "mine.yaml"
    for option in ("--sqlite", "--timeline"):
        file.write_bytes((FILES / "strict.yaml").read_bytes())
        done = run(file, *SHORT, option, tmp_path / ".." / tmp_path.name / "mine.yaml")
        assert (done.returncode, done.stderr) == (2, f"amdvi run: {option}: input and output are the same file\n")
        assert file.read_bytes() == (FILES / "strict.yaml").read_bytes()


def test_two_outputs_are_two_files(tmp_path):
    done = run(FILES / "strict.yaml", *SHORT, "--timeline", tmp_path / "out", "--sqlite", tmp_path / "out")
    assert (done.returncode, done.stderr) == (2, "amdvi run: --timeline and --sqlite are the same file\n")
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_leaves_the_old_database_and_timeline(tmp_path):
    (tmp_path / "old").write_text("old", encoding="ascii")
    for option in ("--sqlite", "--timeline"):
        done = run(FILES / "strict.yaml", "--set", "device.caches=3", option, tmp_path / "old")
        assert done.returncode != 0 and [path.read_text(encoding="ascii") for path in tmp_path.iterdir()] == ["old"]


def test_a_database_keeps_the_link_that_leads_to_it(tmp_path):
    (tmp_path / "link.db").symlink_to("run.db")
    (tmp_path / "run.db").write_text("old", encoding="ascii")
    assert run(FILES / "strict.yaml", *SHORT, "--sqlite", tmp_path / "link.db").returncode == 0
    with sqlite3.connect(tmp_path / "run.db") as base:
        assert base.execute("SELECT count(*) FROM metric").fetchone()[0] > 10
    assert (tmp_path / "link.db").is_symlink()


def test_details_of_flushes_are_those_in_hardware():
    """The way through a VMM has a device, too, which does nothing."""
    details = result(FILES / "trapped-direct.yaml", "--set", "length=20", "--details")["details"]
    counts = {(row["ring"], row["name"]): row["count"] for row in details["commands"]}
    assert counts["guests", "INVALIDATE_IOMMU_PAGES"] == counts["guests", "COMPLETION_WAIT"] >= 20


def test_a_replay_has_none_of_it():
    done = run(FILES / "replay.yaml", "--details")
    assert done.returncode == 1 and "amdvi replay" in done.stderr
