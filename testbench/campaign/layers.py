# SPDX-License-Identifier: Apache-2.0
"""The layers of tests: what each one catches, and what it costs.

Times are those of ctest for a layer at a time, as processor time: what else the machine did meanwhile does not count.
"""
from __future__ import annotations

import csv
import datetime
import os
import re
import resource
import subprocess
import sys
from dataclasses import astuple, dataclass
from pathlib import Path

from .ledger import MARK


@dataclass(frozen=True)
class Layer:
    name: str
    tests: str  # expression of ctest
    catches: str


LAYERS = (
    Layer("layouts", "^layout-", "a bit at another place than the description says; a generated file that is not the one of its description"),
    Layer("tree", "^(tree|tree-notices|campaign|mutate-draw)$",
          "a call or include against the table of rooms, a citation that leads nowhere, a ledger that counts twice"),
    Layer("core", "^core/", "caches, configuration, logs, registers and callbacks of the library, one rule a test"),
    Layer("directed traces", "^traces-directed$", "a fact of the reference: one trace each, with its section"),
    Layer("directed, other ways", "^traces-directed-", "the same facts without caches, timed, answered late, saved and restored, under lint, by the "
          "golden model: an executor or a cache that gives another answer"),
    Layer("conformance", "^traces-(conformance|captures)", "what independent traces say, and captures of a driver on another model of the device"),
    Layer("traces", "^traces/|^recorder/|^machine$", "formats: bad bytes, round trips, seeking; recordings that do not replay"),
    Layer("guests", "^guests/", "HW-vIOMMU: maps, rings, logs, delivery; a guest that reaches another one"),
    Layer("engine", "^engine/", "memory answered late: a stale answer after a completed invalidation, in drawn orders; that such defects are noticed"),
    Layer("timed", "^timed/", "time: order, bounds, laws of queues, equality with the untimed device"),
    Layer("lint and others", "^(unit|lint)/", "the lint's findings and silence, performance counters, injected faults, the IVRS"),
    Layer("golden against model", "^(scenario-(differential|runner)|sidebyside|sidebyside-pytest)$", "two implementations that read the reference differently"),
    Layer("hypervisor and platform", "^(hypervisor|platform)[/-]", "software around the device: drivers, a VMM, a machine of devices"),
    Layer("real driver", "^kshim/", "what Linux' driver does and expects, on bare metal and as a guest"),
    Layer("whole machines", "^qemu/", "stock kernels in Debian's QEMU"),
    Layer("faces", "^(systemc|dpi|library)/|^python-", "SystemC, DPI-C, Python, and the library as others link it"),
    Layer("command and manual", "^(cli-|studies/|manual$|scripts$|install$)", "outputs, messages and exit codes; each command line of the manual"),
)
COLUMNS = ["layer", "preset", "tests", "seconds", "date"]
PASSED = re.compile(r"100% tests passed, 0 tests failed out of (\d+)")


@dataclass(frozen=True)
class Time:
    layer: str
    preset: str
    tests: int
    seconds: int  # of processor time
    date: str


def read(path: Path) -> dict[str, Time]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["layer"]: Time(row["layer"], row["preset"], int(row["tests"]), int(row["seconds"]), row["date"]) for row in rows}


def write(path: Path, times: dict[str, Time]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(MARK)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(times[layer.name]) for layer in LAYERS if layer.name in times)


def used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def measure(layer: Layer, build: Path) -> Time | None:
    """None: a test failed, or was not built."""
    before = used()
    # On a busy machine a test of Check must not run into its limit of seconds.
    done = subprocess.run(["ctest", "--test-dir", str(build), "-R", layer.tests, "--timeout", "3600"], capture_output=True, text=True,
                          env={"CK_TIMEOUT_MULTIPLIER": "100", **os.environ})
    passed = PASSED.search(done.stdout)
    if not passed:
        return None
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return Time(layer.name, build.resolve().name, int(passed[1]), max(1, round(used() - before)), today)


def update(path: Path, build: Path, names: list[str]) -> int:
    """Runs the layers, or those that are named; what did not pass keeps the time that it had."""
    times, failed = read(path), 0
    for layer in LAYERS:
        if names and layer.name not in names:
            continue
        time = measure(layer, build)
        if time is None:
            failed += 1
            print(f"{layer.name}: not all passed, see {build}/Testing/Temporary/LastTest.log", file=sys.stderr)
            continue
        times[layer.name] = time
        write(path, times)
        print(f"{layer.name:24} {time.tests:4} tests {time.seconds:5} s", flush=True)
    return 1 if failed else 0


def lines(times: dict[str, Time]) -> list[list[str]]:
    out = []
    for layer in LAYERS:
        time = times.get(layer.name)
        figures = [str(time.tests), str(time.seconds), f"{time.preset}, {time.date}"] if time else ["–", "–", "not measured"]
        out.append([layer.name, layer.catches, *figures, f"`ctest --preset release -R '{layer.tests}'`".replace("|", "\\|")])
    return out
