# SPDX-License-Identifier: Apache-2.0
"""Progress of amdvi run, validate and replay: on a terminal only, and without a trace in what is printed."""
import os
import re
import resource
import subprocess

import pytest

import terminal
from conftest import AMDVI, ROOT

EXPERIMENT = ROOT / "testbench/studies/experiments/walkers.yaml"
SHARE = re.compile(r"(\d+) %")


def on_terminal(*words, until=None, **environment):
    """What stands on the terminal of standard error, and standard output beside it; ended when `until` is there."""
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    seen = terminal.on_terminal([AMDVI, *words], "stderr", until, env={**clean, "TERM": "xterm", **environment})
    return seen.terminal, seen.rest


def seconds_of(words):
    """Of a processor: what a command takes at least, however busy the machine is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([AMDVI, *map(str, words)], stdout=subprocess.DEVNULL, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def lasting(*words):
    """The experiment at a length that takes three tenths of a second here: the first line comes after one, and builds differ in speed."""
    length = 1000
    while seconds_of(found := ["run", EXPERIMENT, *words, "--set", "warm_up=100", "--set", f"length={length}"]) < 0.3:
        length *= 2
    return found


@pytest.fixture(name="long_run", scope="module")
def make_long_run():
    return lasting()


def shares(text):
    return [int(found) for found in SHARE.findall(text)]


def test_a_run_says_how_far_it_is(amdvi, long_run):
    seen, printed = on_terminal(*long_run)
    assert re.search(r"\rwalkers: \d+ %, \d+ s left\x1b\[K", seen), seen
    assert shares(seen) == sorted(shares(seen)) and seen.endswith("\r\x1b[K")
    done = amdvi(*long_run)
    assert (done.stdout, done.stderr) == (printed, "")


def test_no_color_is_no_escape_sequence(long_run):
    seen, _ = on_terminal(*long_run, NO_COLOR="1")
    assert shares(seen) and "\x1b" not in seen and seen.endswith("\r" + " " * 79 + "\r")


def test_a_dumb_terminal_sees_nothing(long_run):
    assert on_terminal(*long_run, TERM="dumb")[0] == ""


def test_a_short_replay_writes_nothing(small):
    """Of fewer records than those after which the clock is asked: the line is not taken away, either, since it never came."""
    seen, printed = on_terminal("replay", small)
    assert seen == "" and ", 0 failed" in printed


def test_a_sensitivity_analysis_is_one_whole(amdvi):
    words = lasting("--sensitivity")
    seen, printed = on_terminal(*words)
    assert shares(seen) == sorted(shares(seen)) and max(shares(seen)) > 50
    assert printed == amdvi(*words).stdout


def test_validate_names_the_row():
    said = r"\rV7: \d+ %, \d+ s left"
    seen, _ = on_terminal("validate", "--filter", "V7", until=said)
    assert re.search(said, seen) and shares(seen) == sorted(shares(seen))


@pytest.mark.parametrize("more, said", [([], True), (["--no-progress"], False)])
def test_replay(tmp_path, more, said):
    trace = tmp_path / "long.trace"
    trace.write_text("amdvi-trace 1\n" + "dma dev=0x10 addr=0x1000 len=4 op=read\n" * 2000000, encoding="ascii")
    seen, _ = on_terminal("replay", trace, *more)
    assert bool(re.search(r"long.trace: \d+ records, \d+ a second, \d+ %, \d+ s left", seen)) == said
    assert said or seen == ""
    assert max(map(len, re.split(r"\r|\x1b\[K", seen))) < 80  # a line that a terminal breaks cannot be written over
