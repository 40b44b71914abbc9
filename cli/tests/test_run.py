# SPDX-License-Identifier: Apache-2.0
"""`amdvi run`: experiments from files, and mistakes in them."""
import json
import os
import subprocess
from pathlib import Path

import pytest

AMDVI = os.environ["AMDVI"]
FILES = Path(__file__).resolve().parents[2] / "testbench/studies/experiments"


def run(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run([AMDVI, "run", *map(str, words)], capture_output=True, text=True, check=False)


def metrics(*words: object) -> dict:
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["metrics"]


@pytest.mark.parametrize("file", sorted(FILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_runs_and_gives_the_same_bytes_twice(file):
    first = run(file, "--set", "length=200", "--set", "warm_up=50")
    assert first.returncode == 0, first.stderr
    assert first.stdout == run(file, "--set", "length=200", "--set", "warm_up=50").stdout


def test_another_seed_is_another_run_of_the_same_kind():
    one, two = (metrics(FILES / "tlb-reach.yaml", "--set", f"seed={seed}", "--set", "length=20000") for seed in (1, 2))
    assert one != two and abs(one["throughput_gbps"] / two["throughput_gbps"] - 1) < 0.05


def test_a_line_rate_is_kept_where_everything_fits():
    rate = metrics(FILES / "tlb-reach.yaml", "--set", "workload.pages=512")["throughput_gbps"]
    assert 195 < rate <= 200.5


def test_fewer_walkers_give_less():
    few, many = (metrics(FILES / "walkers.yaml", "--set", f"time.walk.slots={n}", "--set", "length=10000")["requests_m_per_s"]
                 for n in (1, 16))
    assert few < many / 2


def test_batches_make_flushes_rarer():
    strict, deferred = (metrics(FILES / "strict.yaml", "--set", f"workload.batch={n}", "--set", "length=2000")["page_mean_ns"]
                        for n in (1, 250))
    assert deferred < strict / 1.5


def test_sensitivity_names_what_no_source_says():
    done = run(FILES / "trapped-direct.yaml", "--sensitivity", "--set", "length=50")
    assert done.returncode == 0, done.stderr
    assert "trap.dispatch" in done.stdout and "trap.flush" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith("saved_percent: ")


@pytest.mark.parametrize(("text", "message"), [
    ("name: x\nlenght: 5\n", ":2: lenght: no such field"),
    ("workload: {kind: packets}\n", ":1: workload.kind: 'packets' is none of requests|unmaps|guests|nic|"),
    ("workload:\n  kind: nic\n  rate: 100\n  order: serial\n", ":4: workload.order: kind=nic has no such field"),
    ("workload:\n  kind: nic\n  rate: 0\n", ":3: workload.rate: kind=nic wants the rate of its link"),
    ("workload:\n  kind: nic\n  rate: 1\n  iova: scattered\n  ranged: on\n", ":5: workload.ranged: a range wants iova=contiguous"),
    ("workload:\n  kind: nvme\n  iommus: 4\n", ":3: workload.iommus: more than devices"),
    ("workload: {kind: sweep, devices: 4096, device_stride: 256}\n", ":1: workload.device_stride: the last DeviceID"),
    ("workload:\n  pages: 0\n", ":2: workload.pages: '0' is no number from 1 to 65536"),
    ("time:\n  walk.slots: 0\n", ":2: time.walk.slots: '0' is no count from 1 to 4096"),
    ("time:\n  memory.latency: 150\n", ":2: time.memory.latency: '150' is no time"),
    ("time:\n  clock: 1ns\n  preset: fast\n", ":3: time.preset: no preset 'fast'; amdvi run --list"),
    ("time: {speed: 1}\n", ":1: time.speed: no such parameter"),
    ("device: {ptc.log2_entries: 40}\n", ":1: device.ptc.log2_entries: "),
    ("- a\n", ":1: only fields and sections"),
    ("a: {b: {c: d}}\n", ":1: sections do not nest"),
    ("just text\n", ":1: a mapping of fields"),
    ('seed: 2\nname: "a\\0b"\n', ":2: a zero byte in a text"),
    ("a: [\n", ":"),
])
def test_mistakes_name_file_line_and_field(tmp_path, text, message):
    file = tmp_path / "wrong.yaml"
    file.write_text(text, encoding="utf-8")
    done = run(file)
    assert done.returncode == 2 and f"wrong.yaml{message}" in done.stderr, done.stderr
    assert done.stdout == ""


def test_mistakes_on_the_command_line():
    file = FILES / "strict.yaml"
    assert "--set workload.size: no such field" in run(file, "--set", "workload.size=1").stderr
    assert "FIELD=VALUE" in run(file, "--set", "length").stderr
    assert run("no-such-file.yaml").returncode == 2
    assert run(file, "--json", "--csv").returncode == 2
    for more in (["--sensitivity", "--timeline"], ["--sensitivity", "--sqlite"], ["--costs", "--timeline"]):
        assert "not with --sensitivity or --costs" in run(file, *more, "out").stderr
    assert "not with --sensitivity" in run(file, "--sensitivity", "--details").stderr
    assert "--csv has metrics only" in run(file, "--csv", "--details").stderr
    assert "no metric 'speed'" in run(file, "--sensitivity", "--set", "report=speed", "--set", "length=10").stderr


def test_costs_follow_the_parameters():
    def waits(*words):
        line, = (line for line in run("--costs", *words).stdout.splitlines() if "COMPLETION_WAIT alone" in line)
        return [int(cell) for cell in line.split("|")[2:4]]

    assert waits() == [454, 454]  # doorbell 200, line 150, decode 4, store 100
    assert waits("--set", "time.command.doorbell=50ns", "--set", "time.memory.write=1us") == [1204, 1204]


def test_every_preset_lies_between_ideal_and_none():
    text = run("--list").stdout
    presets = [line.split()[0].split("=")[1] for line in text.splitlines() if line.startswith("time.preset=")]
    assert {"generic", "reset", "genoa-fw", "rd890-hash", "fands24", "hypersio20", "gem5-smmu", "gpu-apu", "ideal", "none"} == set(presets)
    settings = ("--set", "length=4000", "--set", "warm_up=4000", "--set", "workload.pages=1024")
    mean = {preset: metrics(FILES / "tlb-reach.yaml", "--set", f"time.preset={preset}", *settings)["latency_mean_ns"] for preset in presets}
    assert all(mean["ideal"] <= mean[preset] <= mean["none"] for preset in presets), mean


def test_parameters_win_over_a_preset_wherever_it_stands(tmp_path):
    def times(time, *settings):
        file = tmp_path / "some.yaml"
        file.write_text((FILES / "walkers.yaml").read_text(encoding="utf-8") + f"time: {time}\n", encoding="utf-8")
        done = run(file, "--json", "--set", "length=50", "--set", "warm_up=0", *settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["time"]

    wanted = times("{preset: fands24}") | {"memory.latency": 77000}
    assert times("{preset: fands24, memory.latency: 77ns}") == times("{memory.latency: 77ns, preset: fands24}") == wanted
    assert times("{memory.latency: 77ns}", "--set", "time.preset=fands24") == wanted
    assert times("{preset: ideal}", "--set", "time.preset=fands24", "--set", "time.memory.latency=77ns") == wanted


def test_a_device_as_its_registers_describe_it():
    words = ("--set", "length=6000", "--set", "warm_up=6000", "--set", "workload.pages=512", "--json")
    by_register = run(FILES / "tlb-reach.yaml", "--set", "silicon.L2_PTC_A_CONTROL=0x70040000", "--set", "silicon.L2_TW_CONTROL=0x7100",
                      "--set", "silicon.L2_CP_CONTROL=4", "--set", "silicon.L2_PTC_A_WAY_CONTROL=0x00010002", *words)
    by_key = run(FILES / "tlb-reach.yaml", "--set", "device.ptc.log2_entries=7", "--set", "device.ptc.ways=4", "--set", "time.walk.prefetch=on",
                 "--set", "time.walk.prefetch_range=7", "--set", "time.command.flush=invalidation", "--set", "device.ptc.way_disable=3", *words)
    assert by_register.returncode == 0 and by_register.stdout == by_key.stdout
    assert by_key.stdout != run(FILES / "tlb-reach.yaml", *words).stdout


@pytest.mark.parametrize("setting, text", [("silicon.L2_XYZ=1", "no such register"), ("silicon.L2_TW_CONTROL=big", "no number of 32 bits"),
                                           ("silicon.L2_PTC_A_CONTROL=0x70030000", "device.ptc.ways"), ("silicon.L2_TW_CONTROL=0x100000000", "32 bits")])
def test_registers_that_cannot_be(setting, text):
    done = run(FILES / "tlb-reach.yaml", "--set", setting)
    assert done.returncode == 2 and text in done.stderr


def test_surroundings_make_no_difference():
    words = [AMDVI, "run", str(FILES / "nic.yaml"), "--json", "--set", "length=2000"]
    outputs = {subprocess.run([*prefix, *words], capture_output=True, check=True, env={**os.environ, "LANG": language, "LC_ALL": language}).stdout
               for language in ("C", "de_DE.UTF-8", "tr_TR.UTF-8") for prefix in ([], ["taskset", "-c", "0"], ["setarch", "-R"])}
    assert len(outputs) == 1


def test_latencies_from_a_list(tmp_path):
    (tmp_path / "slow").write_text("# measured\n300ns x2\n600ns\n", encoding="utf-8")
    text = (FILES / "walkers.yaml").read_text(encoding="utf-8")
    (tmp_path / "walkers.yaml").write_text(text + "time: {latencies: slow, latency_order: in_turn}\n", encoding="utf-8")
    few = ("--set", "length=2000", "--set", "warm_up=200")
    assert abs(metrics(tmp_path / "walkers.yaml", *few)["memory_mean_ns"] / 400 - 1) < 0.01
    assert abs(metrics(FILES / "walkers.yaml", "--set", f"time.latencies={tmp_path / 'slow'}", *few)["memory_mean_ns"] / 400 - 1) < 0.05


@pytest.mark.parametrize("lines, text", [("150\n", "list:1: a time"), ("1ns\n2ns x0\n", "list:2: a time"), ("2ms\n", "list:1: a time"),
                                         ("1ns x9999999\n", "list:1: "), ("# nothing\n", "no latency"), ("1ns x2 x3\n", "list:1: a time")])
def test_mistakes_in_a_list_of_latencies(tmp_path, lines, text):
    (tmp_path / "list").write_text(lines, encoding="utf-8")
    done = run(FILES / "walkers.yaml", "--set", f"time.latencies={tmp_path / 'list'}")
    assert done.returncode == 2 and text in done.stderr


def test_what_cannot_be_read_says_why(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for place, why in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file or directory"), (tmp_path / "loop", "Too many levels of symbolic links")):
        done = run(place)
        assert (done.returncode, done.stderr) == (2, f"{place}: cannot be read: {why}\n")
        done = run(FILES / "walkers.yaml", "--set", f"time.latencies={place}")
        assert (done.returncode, done.stderr) == (2, f"amdvi run: --set {place}: cannot be read: {why}\n")


def test_shares_shield_from_a_noisy_neighbour():
    mean = {setting: metrics(FILES / "noisy-neighbour.yaml", "--set", "workload.attacker=pages", "--set", f"workload.{setting}",
                             "--set", "length=100")["flush_mean_ns"] for setting in ("weight=1", "weight=8", "cap=1")}
    assert mean["weight=8"] < mean["weight=1"] and mean["cap=1"] < mean["weight=1"], mean
