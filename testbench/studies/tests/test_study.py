# SPDX-License-Identifier: Apache-2.0
"""`amdvi study`: recipes, sweeps that go on, shards, tables that are equal, shapes that a broken model does not have."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

AMDVI = os.environ["AMDVI"]
HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from amdvi_study import recipe, runner, shapes, table  # noqa: E402

RECIPES = recipe.names()


def study(folder: Path, *words: object) -> subprocess.CompletedProcess:
    return subprocess.run([AMDVI, "study", *map(str, words)], cwd=folder, capture_output=True, text=True, check=False,
                          env=os.environ | {"AMDVI_PYTHON": sys.executable})


def test_nineteen_questions_and_four_more():
    assert len(RECIPES) >= 23 and {"trapped-vs-hardware", "noisy-neighbour", "driver-patch", "devices-per-way"} <= set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_whole(name):
    one = recipe.load(name)
    assert one.shapes and all(shape["kind"] in shapes.KINDS for shape in one.shapes)
    lines = {variant["name"] for variant in one.variants}
    assert all(shape[key][0] in lines for shape in one.shapes for key in ("line", "than") if key in shape)
    assert len((one.folder / "page.md").read_text().split()) > 40
    assert len({p.hash for p in recipe.points(one, "v")}) == len(one.variants) * len(one.x["values"])


@pytest.fixture(name="mini", scope="module")
def run_mini(tmp_path_factory) -> Path:
    """A recipe that was copied and made small, and its results in studies/mini."""
    folder = tmp_path_factory.mktemp("study")
    shutil.copytree(HERE / "recipes/table-depth", folder / "mini")
    for file, old, new in (("experiment.yaml", "length: 3000", "length: 100"), ("study.yaml", "values: [3, 4, 5, 6]", "values: [3, 6]")):
        path = folder / "mini" / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    done = study(folder, "mini")
    assert "mini: 8 points" in done.stdout, done.stderr
    return folder


def in_process(folder: Path, name: str, *extra: tuple[str, str]) -> tuple[recipe.Recipe, list[table.Row]]:
    """All points of a quick sweep, without Snakemake and without pictures."""
    one = recipe.load(name)
    points = recipe.points(one, runner.version(), True, extra)
    runner.shard(runner.write_plan(one, points, folder), 1, 1)
    return one, table.read(folder, points)


def test_a_study_ends_in_a_page_with_everything_in_it(mini):
    folder = mini / "studies/mini"
    page = (folder / "mini.html").read_text()
    assert "<svg" in page and "nested, no caches" in page and "Expected shape" in page and 'src="http' not in page
    assert {"table.csv", "table.sqlite", "mini.png", "mini.svg"} <= {path.name for path in folder.iterdir()}
    with sqlite3.connect(folder / "table.sqlite") as base:
        assert base.execute("SELECT count(*) FROM point WHERE latency_mean_ns > 0").fetchone() == (8,)
    result = json.loads(next((folder / "results").glob("*.json")).read_text())
    assert result["point"]["hash"] and result["version"] and result["seed"] == 1 and result["host"]


def test_equal_runs_give_equal_tables(mini):
    study(mini, "mini", "--no-sensitivity", "--out", "two")
    assert (mini / "studies/mini/table.csv").read_bytes() == (mini / "two/mini/table.csv").read_bytes()
    assert study(mini, "compare", "studies", "two", "mini").stdout == "0 figures differ; seeds are equal, so no difference is noise\n"


def test_what_is_there_is_not_run_again(mini):
    folder = mini / "studies/mini"
    results = sorted((folder / "results").glob("*.json"))
    before = {path.name: path.stat().st_mtime_ns for path in results}
    results[2].unlink()
    shutil.rmtree(folder / "packs")  # as if the run had been stopped
    study(mini, "mini", "--no-sensitivity")
    after = {path.name: path.stat().st_mtime_ns for path in (folder / "results").glob("*.json")}
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == [results[2].name]


def test_shards_are_joined_and_none_counts_twice(mini):
    for number in (1, 2, 3):
        assert study(mini, "mini", "--shard", f"{number}/3", "--out", f"part{number}").returncode == 0
    parts = [mini / f"part{number}/mini" for number in (1, 2, 3)]
    assert sum(len(list((part / "results").glob("*.json"))) for part in parts) == 8
    assert study(mini, "collect", mini / "joined", *parts).stdout == "8 results are new\n"
    assert study(mini, "collect", mini / "joined", *parts).stdout == "0 results are new\n"
    names = [sorted(path.name for path in (mini / name / "results").iterdir()) for name in ("joined", "studies/mini")]
    assert names[0] == names[1]


@pytest.mark.parametrize(("name", "broken", "shape"), [
    ("walk-caches", ("device.caches", "off"), "latency_mean_ns grows"),                       # caches that keep nothing
    ("table-depth", ("device.caches", "on"), "nested, no caches latency_mean_ns grows"),      # caches that cannot be turned off
    ("devices-per-way", ("device.dtc.log2_entries", "12"), "8 ways device_entry_misses_share within")])  # a cache without an end
def test_a_broken_model_has_another_shape(tmp_path, name, broken, shape):
    quick = (("length", "800"), ("warm_up", "600"))
    good = shapes.check(*in_process(tmp_path / "good", name, *quick))
    bad = shapes.check(*in_process(tmp_path / "bad", name, *quick, broken))
    assert all(holds for _, holds, _ in good), good
    assert any(what.startswith(shape) and not holds for what, holds, _ in bad), bad


def test_points_that_fail_stay_in_the_table(tmp_path):
    _, rows = in_process(tmp_path, "walk-caches", ("workload.glx", "2"))
    assert len(rows) == 7 and all("could not be run" in str(row["error"]) for row in rows)


@pytest.mark.parametrize(("words", "message"), [
    (["no-such-study"], "there is no study 'no-such-study'"), (["tenants", "--shard", "3/2"], "--shard wants I/N"),
    (["tenants", "--set", "nothing"], "--set wants FIELD=VALUE"), ([], "which study?"), (["compare", "a", "b", "c"], "no table is there")])
def test_mistakes_are_said_in_a_line(tmp_path, words, message):
    done = study(tmp_path, *words)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_fields_of_a_recipe_are_known(tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/study.yaml").write_text("title: x\nquestion: y\nx: {}\nlines: []\ny: {}\nshape: []\n")
    done = study(tmp_path, "bad")
    assert done.returncode == 2 and "study.yaml: shape: no such field" in done.stderr


# ---------------------------------------------------------------- shapes, by themselves


@pytest.mark.parametrize(("kind", "good", "bad", "shape"), [
    ("rises", [1, 2, 2], [1, 2, 1], {}), ("falls", [3, 2, 2], [3, 2, 3], {}), ("flat", [1, 1.02], [1, 1.2], {}),
    ("grows", [1, 5], [1, 3], {"factor": 4}), ("shrinks", [4, 1], [4, 3], {"factor": 0.5}), ("within", [1, 2], [1, 4], {"least": 0, "most": 3}),
    ("knee", [1, 1, 9], [1, 5, 9], {"at": 1, "factor": 5}), ("knee", [1, 1, 9], [1, 1, 2], {"at": 1, "factor": 5})])
def test_each_shape_can_fail(kind, good, bad, shape):
    assert shapes.KINDS[kind](list(enumerate(good)), shape, []) and not shapes.KINDS[kind](list(enumerate(bad)), shape, [])


def test_shapes_of_two_lines_can_fail():
    low, high, crossing = (list(enumerate(v)) for v in ([1, 1], [2, 2], [0, 3]))
    assert shapes.above(high, {}, low) and not shapes.above(low, {}, high) and not shapes.above(high, {"factor": 3}, low)
    assert shapes.crosses(crossing, {}, low) and not shapes.crosses(high, {}, low)


def test_packs_are_long_enough_and_none_is_lost():
    one = recipe.load("tenants")
    points = recipe.points(one, "v")
    packed = runner.packs(one, points)
    assert [p for pack in packed for p in pack] == points and all(len(pack) <= 30 for pack in packed)


def test_the_difference_of_two_tables_names_what_changed():
    one = [{"variant": "a", "x": 1, "error": "", "latency_ns": 2.0, "reads": 3.0}]
    assert table.compare(one, [one[0] | {"latency_ns": 3.0}]) == [("a", 1, "latency_ns", 2.0, 3.0)]
