# SPDX-License-Identifier: Apache-2.0
"""`timing=on`: a replay that takes time gives the same results, with times that follow from the parameters."""
import json
import os
import subprocess
from pathlib import Path

import pytest

AMDVI = os.environ["AMDVI"]
TREE = Path(__file__).resolve().parents[2]
ONE_PAGE = TREE / "docs/examples/one-page.trace"
SAMPLES = [TREE / "traces/samples" / name for name in ("linux61-lazy.capture.txt.zst", "linux612-guest.atb", "linux612-strict.trace")]
# Nothing but memory takes time.
ONLY_MEMORY = ["timing.preset=ideal", "timing.memory.latency=100ns", "timing.memory.slow_latency=100ns"]


def amdvi(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run([AMDVI, *map(str, words)], capture_output=True, text=True, check=False)


def replay(file: Path, *settings: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    return amdvi("replay", file, *options, *(word for s in ("timing=on", *settings) for word in ("--set", s)))


@pytest.mark.parametrize("file", SAMPLES, ids=lambda path: path.name)
def test_samples_hold_under_time_as_without(file):
    timed, untimed = replay(file, options=("--json",)), amdvi("replay", file, "--json")
    assert timed.returncode == untimed.returncode == 0
    one, other = (json.loads(done.stdout)["files"][0] for done in (timed, untimed))
    assert one["checks"] == other["checks"] and one["time"]["clock_us"] > 0 and "time" not in other


def test_results_carry_the_time_of_their_answer(tmp_path):
    trace = tmp_path / "two.trace"
    trace.write_text(ONE_PAGE.read_text() + "dma dev=00:01.0 addr=0x12345 len=4 op=read t=5000\n")
    stated = [line for line in replay(trace, *ONLY_MEMORY, options=("--check",)).stdout.splitlines() if not line.startswith("#")]
    words = stated[-1].split()
    assert words[0] in ("ok", "fault") and any(word.startswith("t=") and int(word[2:]) >= 5000 for word in words)


def test_a_walk_takes_its_reads():
    """An entry of the device table and one of a table of one level; the second request has the former."""
    time = json.loads(replay(ONE_PAGE, *ONLY_MEMORY, options=("--json",)).stdout)["files"][0]["time"]
    slower = [s.replace("100ns", "200ns") for s in ONLY_MEMORY]
    twice = json.loads(replay(ONE_PAGE, *slower, options=("--json",)).stdout)["files"][0]["time"]
    assert time["requests"]["count"] == 2 and time["memory"]["max_ns"] == 100
    assert round(time["requests"]["max_ns"]) == 200 and round(time["requests"]["mean_ns"]) == 150
    assert round(twice["requests"]["max_ns"]) == 400


def test_parameters_stand_in_a_trace_too(tmp_path):
    trace = tmp_path / "own.trace"
    first, rest = ONE_PAGE.read_text().split("amdvi-trace 1\n", 1)
    trace.write_text(first + "amdvi-trace 1\nconfig timing=on timing.preset=ideal timing.memory.latency=1us\n" + rest)
    done = amdvi("replay", trace)
    assert done.returncode == 0 and "on the device's clock" in done.stdout and "max 1000\n" in done.stdout


def test_equal_bytes_twice():
    first, second = (replay(ONE_PAGE, options=("--check",)).stdout.rsplit("#", 1)[0] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("setting", "message"), [
    ("timing.memory.laten=1us", "unknown configuration key"), ("timing.memory.latency=1", "value"),
    ("timing.preset=slow", "value"), ("timing=maybe", "none of on|off")])
def test_mistakes_name_the_setting(setting, message):
    done = replay(ONE_PAGE, setting)
    assert done.returncode == 2 and setting.split("=")[0] in done.stderr and message in done.stderr


def test_config_has_no_parameters_of_time():
    assert amdvi("config", "--set", "timing.memory.latency=1us").returncode == 2
