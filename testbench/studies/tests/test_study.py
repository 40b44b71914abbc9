# SPDX-License-Identifier: Apache-2.0
"""`amdvi study`: recipes, sweeps that go on, shards, tables that are equal, shapes that a broken model does not have."""
import importlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

AMDVI = os.environ["AMDVI"]
HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "cli/tests")]

from amdvi_study import plan, progress, recipe, runner, shapes, table  # noqa: E402
from terminal import on_terminal  # noqa: E402

RECIPES = recipe.names()


def study(folder: Path, *words: object) -> subprocess.CompletedProcess:
    return subprocess.run([AMDVI, "study", *map(str, words)], cwd=folder, capture_output=True, text=True, check=False,
                          env=os.environ | {"AMDVI_PYTHON": sys.executable})


def test_nineteen_questions_and_more():
    assert len(RECIPES) >= 26 and {"trapped-vs-hardware", "noisy-neighbour", "driver-patch", "devices-per-way"} <= set(RECIPES)


@pytest.mark.parametrize(("there", "missing"), [((), "yaml"), (("yaml",), "jinja2"), (("yaml", "jinja2", "markupsafe"), "matplotlib")])
def test_a_module_that_is_missing_is_named(tmp_path, there, missing):
    """A Python without packages, but for these; a list wants only yaml, and so does a shard."""
    for name in there:
        (tmp_path / name).symlink_to(Path(importlib.import_module(name).__file__).parent)
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nPYTHONPATH=$PYTHONPATH:{tmp_path} exec {sys.executable} -S "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    for words in (["tenants"], ["--list"], ["table-depth", "--quick", "--shard", "1/999"]):
        done = subprocess.run([AMDVI, "study", *words], cwd=tmp_path, capture_output=True, text=True, check=False,
                              env=os.environ | {"AMDVI_PYTHON": str(bare)})
        if missing == "yaml" or words == ["tenants"]:
            assert done.returncode == 2
            assert re.fullmatch(rf"amdvi study: .*{missing} is not installed \(Debian: python3-{missing}\).*\n", done.stderr)
        else:
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["study", "--list"], ["kit", "--list"], ["import", "--collector", "x"]])
def test_files_of_the_users_folder_are_no_modules(tmp_path, words):
    """Nobody expects that a file beside a trace is run."""
    for name in ("argparse", "json", "signal", "yaml"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger')\n", encoding="utf-8")
    done = subprocess.run([AMDVI, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "stranger" not in done.stderr


@pytest.mark.parametrize("command", ["study", "kit", "import"])
def test_a_folder_without_the_module_is_named(tmp_path, command):
    variable = {"study": "AMDVI_STUDIES", "kit": "AMDVI_KIT", "import": "AMDVI_MACHINE"}[command]
    done = subprocess.run([AMDVI, command, *(["--collector", "x"] if command == "import" else ["--list"])], cwd=tmp_path,
                          capture_output=True, text=True, check=False, env=os.environ | {variable: str(tmp_path)})
    assert done.returncode == 2 and re.fullmatch(rf"amdvi {command}: .*: not in {tmp_path}; set {variable} to .*\n", done.stderr)


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_whole(name):
    one = recipe.load(name)
    assert one.shapes and all(shape["kind"] in shapes.KINDS for shape in one.shapes)
    lines = {variant["name"] for variant in one.variants}
    assert all(shape[key][0] in lines for shape in one.shapes for key in ("line", "than") if key in shape)
    assert len((one.folder / "page.md").read_text().split()) > 40
    for variant in lines:  # a line is a curve, or the same everywhere because the variant sets what x does
        found = len({p.hash for p in recipe.points(one, "v") if p.variant == variant})
        fixed = next(set(v["set"]) for v in one.variants if v["name"] == variant) >= set(recipe.at(one, one.x["values"][-1]))
        assert found == (1 if fixed else len(one.x["values"]))


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
    wish = plan.Wish(folder, runner.version(), True, extra)
    runner.shard(plan.point_tasks(one, wish), 1, 1)
    return one, table.read(plan.folder(one, wish), plan.points(one, wish))


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


def wait_for(count: int, results: Path) -> None:
    """Until so many results are there; a minute at most."""
    for _ in range(600):
        if len(list(results.glob("*.json"))) >= count:
            return
        time.sleep(0.1)


def test_a_run_that_was_interrupted_goes_on_and_no_point_runs_twice(mini):
    results = mini / "cut/mini/results"
    words = [AMDVI, "study", "mini", "--no-sensitivity", "--cores", "1", "--set", "length=20000", "--out", "cut"]
    process = subprocess.Popen(words, cwd=mini, env=os.environ | {"AMDVI_PYTHON": sys.executable}, stderr=subprocess.DEVNULL,
                               start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    wait_for(2, results)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    assert process.wait(60) == 2
    before = {path.name: path.stat().st_mtime_ns for path in results.glob("*.json")}
    assert 2 <= len(before) < 8
    (results / before.popitem()[0]).unlink()  # a result that has gone is made again
    assert "mini: 8 points" in study(mini, *words[2:]).stdout
    after = {path.name: path.stat().st_mtime_ns for path in results.glob("*.json")}
    assert len(after) == 8 and all(after[name] == when for name, when in before.items())


def test_a_point_that_is_killed_leaves_no_result(tmp_path):
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -TERM $$\n")
    killed.chmod(0o755)
    target = tmp_path / "result.json"
    task = {"experiment": "e", "target": str(target), "point": {"settings": []}}
    code = "import sys, json; from amdvi_study import runner; runner.run_task(json.loads(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-B", "-c", code, json.dumps(task)], capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(HERE), "AMDVI": str(killed)})
    assert done.returncode == 1 and "killed by signal 15" in done.stderr and not target.exists()


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


def test_two_recordings_are_compared(tmp_path):
    """The same driver with one bit of its flushes changed: as many commands, fewer reads of tables."""
    traces = [HERE / "recipes/driver-patch" / name for name in ("before.atb", "after.atb")]
    one, other = (in_process(tmp_path / trace.stem, "replay-knob", ("workload.trace", str(trace)))[1] for trace in traces)
    found = {metric: (a, b) for _, x, metric, a, b in table.compare(one, other) if x == "nothing"}
    assert found["table_reads_per_request"][1] < 0.7 * found["table_reads_per_request"][0]
    assert "commands" not in found and "trace_requests" not in found


def test_two_presets_are_compared(tmp_path):
    """What a recipe says of single parameters stays, in its sweep and in its experiment."""
    one, other = (in_process(tmp_path / str(len(extra)), "table-placement", *extra)[1] for extra in ((), (("time.preset", "fands24"),)))
    assert not any(row["error"] for row in other) and any(metric == "latency_mean_ns" for _, _, metric, _, _ in table.compare(one, other))
    few = (("length", "50"), ("warm_up", "10"))
    in_process(tmp_path, "tenants", *few, ("time.preset", "gem5-smmu"))
    times = [json.loads(path.read_text())["time"] for path in (tmp_path / "tenants/results").glob("*.json")]
    assert times and all((time["l1.entries"], time["l2a.latency"]) == (0, 3) for time in times)


def test_points_that_fail_stay_in_the_table(tmp_path):
    _, rows = in_process(tmp_path, "walk-caches", ("workload.glx", "2"))
    assert len(rows) == 7 and all("could not be run" in str(row["error"]) for row in rows)


@pytest.mark.parametrize(("words", "message"), [
    (["no-such-study"], "there is no study 'no-such-study'"), (["tenants", "--shard", "3/2"], "--shard wants I/N"),
    (["tenants", "--set", "nothing"], "--set wants FIELD=VALUE"), ([], "which study?"), (["compare", "a", "b", "c"], "no table is there"),
    (["replay-knob", "--set", "workload.trace=nowhere"], "nowhere: No such file"), (["tenants", "--cores", "0"], "--cores wants"),
    (["tenants", "--shard", "1/100", "--out", "/proc/nowhere"], "amdvi study: /proc/nowhere: No such file")])
def test_mistakes_are_said_in_a_line(tmp_path, words, message):
    done = study(tmp_path, *words)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_a_shard_of_which_a_point_fails_is_no_success(tmp_path):
    words = ("walk-caches", "--quick", "--shard", "1/1", "--set", "workload.glx=2")
    for _ in range(2):  # the second time it is known
        done = study(tmp_path, *words)
        assert done.returncode == 1 and done.stderr.count("walk-caches:  ") >= 2 and "could not be run" in done.stderr


def test_points_that_only_one_table_has_are_counted(mini):
    study(mini, "mini", "--no-sensitivity", "--out", "fewer")
    with sqlite3.connect(mini / "fewer/mini/table.sqlite") as base:
        base.execute("DELETE FROM point WHERE x = 6")
    assert study(mini, "compare", "studies", "fewer", "mini").stdout.endswith("; 4 points are in one of the two only\n")
    (mini / "fewer/mini/table.sqlite").write_text("no table" * 100)
    done = study(mini, "compare", "studies", "fewer", "mini")
    assert done.returncode == 2 and "fewer/mini/table.sqlite: file is not a database" in done.stderr and "Traceback" not in done.stderr


WHOLE = {"title": "x", "question": "y", "x": {"label": "a", "field": "seed", "values": [1]}, "lines": [{"metric": "m"}], "y": {"label": "b"}}


@pytest.mark.parametrize(("change", "said"), [
    ({"shape": []}, "shape: no such field"), ({"x": {}}, "x: label is missing; x: values is missing"), ({"lines": "m"}, "lines: a list is wanted"),
    ({"x": {"label": "a", "values": [1]}}, "x: one of field, fields and cases is missing"), ({"y": 3}, "y: fields are wanted, label"),
    ({"x": {"label": "a", "values": ["p", "q"], "cases": {"p": {}}}}, "x: cases: q is missing"), ({"lines": [{}]}, "lines: metric is missing"),
    ({"variants": [{"set": {}}]}, "variants: name is missing"), ({"shapes": [{"kind": "rises"}]}, "shapes: line is missing"),
    ({}, "experiment.yaml is missing beside it; page.md is missing beside it")])
def test_mistakes_in_a_recipe_are_named(tmp_path, change, said):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/study.yaml").write_text(json.dumps(WHOLE | change))
    done = study(tmp_path, "bad")
    assert done.returncode == 2 and f"study.yaml: {said}" in done.stderr and "Traceback" not in done.stderr
    (tmp_path / "bad/study.yaml").write_text("title: x\nlines: [\n")
    assert re.search(r"study.yaml:3: .*\n$", study(tmp_path, "bad").stderr)
    (tmp_path / "bad/study.yaml").write_bytes(b"title: \xff\xfe\n")
    assert "study.yaml: no text in UTF-8\n" in study(tmp_path, "bad").stderr
    (tmp_path / "bad/study.yaml").write_text("")
    assert "study.yaml: study: fields are wanted, lines, question, title, x, y" in study(tmp_path, "bad").stderr


# ---------------------------------------------------------------- shapes, by themselves


@pytest.mark.parametrize(("kind", "good", "bad", "shape"), [
    ("rises", [1, 2, 2], [1, 2, 1], {}), ("falls", [3, 2, 2], [3, 2, 3], {}), ("flat", [1, 1.02], [1, 1.2], {}),
    ("grows", [1, 5], [1, 3], {"factor": 4}), ("shrinks", [4, 1], [4, 3], {"factor": 0.5}), ("within", [1, 2], [1, 4], {"least": 0, "most": 3}),
    ("knee", [1, 1, 9], [1, 5, 9], {"at": 1, "factor": 5}), ("knee", [1, 1, 9], [1, 1, 2], {"at": 1, "factor": 5})])
def test_each_shape_can_fail(kind, good, bad, shape):
    assert shapes.KINDS[kind](list(enumerate(good)), shape, []) and not shapes.KINDS[kind](list(enumerate(bad)), shape, [])


def test_a_shape_without_its_number_is_said():
    one = recipe.Recipe("n", Path("n"), "t", "q", {}, [], {}, shapes=[{"kind": "grows", "line": ["a", "m"]}])
    rows = [{"variant": "a", "x": x, "error": "", "m": 1.0} for x in (1, 2)]
    with pytest.raises(recipe.Wrong, match="study.yaml: shapes: grows wants factor"):
        shapes.check(one, rows)
    assert not shapes.above([(1, 5.0)], {}, [(2, 1.0)])


def test_shapes_of_two_lines_can_fail():
    low, high, crossing = (list(enumerate(v)) for v in ([1, 1], [2, 2], [0, 3]))
    assert shapes.above(high, {}, low) and not shapes.above(low, {}, high) and not shapes.above(high, {"factor": 3}, low)
    assert shapes.crosses(crossing, {}, low) and not shapes.crosses(high, {}, low)


def tasks(*seconds: float) -> list[dict]:
    return [{"number": number, "seconds": value} for number, value in enumerate(seconds)]


def lengths(packs: list[list[dict]]) -> list[float]:
    return [sum(task["seconds"] for task in pack) for pack in packs]


def test_short_points_are_packed_to_half_a_minute_when_there_is_more_than_enough():
    for packs in (plan.pack(tasks(*[1.0] * 4000), 2), plan.pack(tasks(*[1.0] * 4000), None)):
        assert sorted(task["number"] for pack in packs for task in pack) == list(range(4000))
        assert all(length == 30 for length in lengths(packs)[:100])


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
def test_packs_leave_no_core_without_work(cores):
    for wanted in (tasks(*[0.02] * 9), tasks(*[1.0] * 40), tasks(60, 2, *[0.1] * 100)):
        packs = plan.pack(wanted, cores)
        assert sorted(task["number"] for pack in packs for task in pack) == list(range(len(wanted)))
        assert len(packs) >= min(cores, len(wanted)) and all(packs)
        free = [0.0] * cores  # when each core has done what it took
        for length in lengths(packs):
            free[free.index(min(free))] += length
        assert max(free) <= max(sum(lengths(packs)) / cores + 1.5, max(task["seconds"] for task in wanted))


def test_a_task_longer_than_a_pack_is_one_by_itself_on_a_cluster():
    assert [len(pack) for pack in plan.pack(tasks(60, 60, 10, 10, 10, 10), None)] == [1, 1, 3, 1]


def test_a_plan_is_one_graph_of_all_studies(tmp_path):
    chosen = [recipe.load(name) for name in ("tenants", "walkers", "ats")]
    text = json.loads(plan.write(chosen, plan.Wish(tmp_path, "v", True), 2).read_text())
    done = [task for pack in text["packs"] for task in pack["tasks"]]
    assert len({task["target"] for task in done}) == len(done) == sum(len(recipe.points(one, "v", True)) for one in chosen) + 2  # sensitivities
    assert sorted(Path(name).name for pages in text["pages"] for name in pages["studies"]) == ["ats", "tenants", "walkers"]
    marks = {pack["mark"] for pack in text["packs"]}
    assert len(text["pages"]) == 2 and all(pages["needs"] and set(pages["needs"]) <= marks for pages in text["pages"])


def test_the_bar_is_full_at_the_end():
    assert progress.bar(0, 7, 5).count("#") == 0 and progress.bar(7, 7, 5).count(".") == 0
    assert progress.bar(0, 8, 5).endswith("] 0 of 8 jobs, 0 %")
    assert progress.bar(2, 8, 10).endswith("] 2 of 8 jobs, 25 %, 30 s left")
    assert progress.bar(1, 101, 60).endswith(" 1 of 101 jobs, 1 %, 100 min left")


def told(folder: Path, *words: object, **environment: str) -> str:
    """What a study writes to standard error, when that is a terminal."""
    seen = on_terminal([AMDVI, "study", *words], "stderr", cwd=folder,
                       env=os.environ | {"AMDVI_PYTHON": sys.executable, "TERM": "xterm"} | environment)
    assert seen.status == 0, seen
    return seen.terminal


def test_progress_is_for_terminals(mini, tmp_path):
    words = ("mini", "--shard", "1/4", "--out")
    out = told(mini, *words, tmp_path / "seen")
    assert "1 of 2 jobs, 50 %, " in out and "2 of 2 jobs, 100 %, 0 s left" in out
    assert "\x1b" not in out
    assert told(mini, *words, tmp_path / "dumb", TERM="dumb") == ""
    assert study(mini, *words, tmp_path / "pipe").stderr == ""


def test_the_difference_of_two_tables_names_what_changed():
    one = [{"variant": "a", "x": 1, "error": "", "latency_ns": 2.0, "reads": 3.0}]
    assert table.compare(one, [one[0] | {"latency_ns": 3.0}]) == [("a", 1, "latency_ns", 2.0, 3.0)]
