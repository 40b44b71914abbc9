# SPDX-License-Identifier: Apache-2.0
"""Long runs under time, whose figures stand in docs/timing.md. Prints what came out; exits 1 when something does not hold.

    python3 testbench/studies/campaign.py BUILD [PART]...       parts: equal, tickets, surroundings, link, guests, growth

BUILD is a folder with amdvi, timed-test_equal and engine-test_tickets. All together takes some fifteen minutes of a processor.
"""
from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

EXPERIMENTS = Path(__file__).resolve().parent / "experiments"
REQUESTS = "name: campaign\nreport: throughput_gbps\nwarm_up: {warm_up}\nlength: {length}\nworkload: {{kind: requests, {workload}}}\n"
GIB = 1 << 20  # KiB


class Campaign:
    """A build, and whether all that was run with it holds."""

    def __init__(self, build: Path) -> None:
        self.build = build
        self.holds = True

    def program(self, name: str) -> str:
        found = [path for path in self.build.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
        if not found:
            sys.exit(f"campaign.py: no {name} in {self.build}")
        return str(found[0])

    def say(self, what: str, good: bool = True) -> None:
        self.holds &= good
        print(f"{'' if good else 'DOES NOT HOLD: '}{what}", flush=True)

    def measured(self, *words: object) -> tuple[float, int]:
        """Seconds of processor time and the most KiB of `amdvi run WORDS`."""
        with subprocess.Popen([self.program("amdvi"), "run", *map(str, words)], stdout=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"campaign.py: amdvi run {' '.join(map(str, words))} failed")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def requests(self, workload: str, length: int, *words: str) -> tuple[float, int]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "campaign.yaml"
            file.write_text(REQUESTS.format(warm_up=1000, length=length, workload=workload), encoding="utf-8")
            return self.measured(file, *words)


def equal(campaign: Campaign) -> None:
    """Timed against direct on ten million random requests and commands."""
    environment = {**os.environ, "AMDVI_TEST_SEED": "11", "AMDVI_TEST_ROUNDS": "460000"}
    done = subprocess.run([campaign.program("timed-test_equal")], capture_output=True, text=True, check=False, env=environment)
    said = re.search(r"(\d+) requests and (\d+) commands, 0 differ", done.stdout)
    if said and not done.returncode:
        campaign.say(f"timed against direct: {said[0]}", int(said[1]) + int(said[2]) >= 10_000_000)
    else:
        campaign.say(f"timed against direct: {done.stdout}", False)


def tickets(campaign: Campaign) -> None:
    """Interleavings with concurrent edits, held against a model without caches."""
    done = subprocess.run([campaign.program("engine-test_tickets"), "--timed", "--interleavings", "200000", "--seed", "5"],
                          capture_output=True, text=True, check=False)
    campaign.say(f"tickets under time: {done.stdout.strip().splitlines()[-1] if done.stdout else done.stderr}", done.returncode == 0)


def surroundings(campaign: Campaign) -> None:
    """Locale, number of processors and addresses make no difference."""
    words = [campaign.program("amdvi"), "run", str(EXPERIMENTS / "nic.yaml"), "--json", "--set", "length=3000"]
    seen = set()
    for locale in ("C", "de_DE.UTF-8", "tr_TR.UTF-8"):
        for prefix in ([], ["taskset", "-c", "0"], ["setarch", "-R"]):
            done = subprocess.run([*prefix, *words], capture_output=True, check=True, env={**os.environ, "LANG": locale, "LC_ALL": locale})
            seen.add(hashlib.sha256(done.stdout).hexdigest())
    campaign.say(f"nine surroundings, {len(seen)} output", len(seen) == 1)


def link(campaign: Campaign) -> None:
    """Ten seconds of a 400 Gb/s link: 122 M translations in two minutes and 2 GiB."""
    seconds, peak = campaign.requests("pages: 2048, order: serial, bytes: 4096, rate: 400, outstanding: 64", 122_070_313)
    campaign.say(f"10 s of a 400 Gb/s link: {seconds:.0f} s, {peak >> 10} MiB", seconds <= 120 and peak <= 2 * GIB)


def guests(campaign: Campaign) -> None:
    """As many guests as can have a device of their own, made at once, in 4 GiB."""
    seconds, peak = campaign.measured(EXPERIMENTS / "boot-storm.yaml", "--set", "workload.guests=65535", "--set", "workload.bulk=on",
                                      "--set", "workload.touches=1")
    campaign.say(f"65,535 guests, each with a device that reads: {seconds:.0f} s, {peak >> 10} MiB", peak <= 4 * GIB)


def growth(campaign: Campaign) -> None:
    """What a translation costs with more of everything, nanoseconds of processor time."""
    length = 400_000
    base = "pages: 8192, order: random, bytes: 64, outstanding: 64"
    for what, name, values in (("lines of the PTC, log2", "device.ptc.log2_entries", (7, 9, 11, 13, 15)),
                               ("walkers", "time.walk.slots", (1, 4, 16, 64, 256)),
                               ("pages in an L1", "time.l1.entries", (16, 64, 256, 1024)),
                               ("devices", "workload.devices", (1, 16, 256, 4096))):
        costs = [campaign.requests(base, length, "--set", f"{name}={value}")[0] / length * 1e9 for value in values]
        campaign.say(f"{what}: " + ", ".join(f"{cost:.0f} ns with {value}" for value, cost in zip(values, costs)))


PARTS: dict[str, Callable[[Campaign], None]] = {
    "equal": equal, "tickets": tickets, "surroundings": surroundings, "link": link, "guests": guests, "growth": growth}


def main() -> None:
    wanted = sys.argv[2:] or list(PARTS)
    if len(sys.argv) < 2 or set(wanted) - set(PARTS):
        sys.exit(__doc__)
    campaign = Campaign(Path(sys.argv[1]))
    for part in wanted:
        PARTS[part](campaign)
    sys.exit(not campaign.holds)


if __name__ == "__main__":
    main()
