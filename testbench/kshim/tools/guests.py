# SPDX-License-Identifier: GPL-2.0-only
"""scripts/kernel guests: each kernel as a guest on each kernel and on none, hardware against mediated, and in pairs."""
from __future__ import annotations

import argparse
import itertools
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import kernels
from .kernels import Kernel

ALONE = "guest/random"
ON_KERNEL = "guest/host-kernel/random"
PAIRS = ("guest/two-hardware", "guest/two-mediated", "guest/two-mixed",
         "guest/host-kernel/two-hardware", "guest/host-kernel/two-mediated", "guest/host-kernel/two-mixed")
MODES = ("hardware", "mediated")
RING_EXITS = ("command ring doorbell", "command ring poll")  # what a guest leaves its processor for at each flush
FIGURE = re.compile(r"^ +(hardware|mediated): (.+): ([0-9.]+)$")
PAIR_STEPS = 1000  # at most: alone and together, six scenarios a pair
HEAD = ("below", "guest", "mode", "exits", "exits a flush", "guest's commands", "IOMMU's commands",
        "commands until a wait is over", "at most")


@dataclass
class Outcome:
    """What one run said of either mode, and whether it passed."""

    passed: bool
    text: str
    figures: dict[str, dict[str, float]] = field(default_factory=dict)


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    one = commands.add_parser(
        "guests", help="each kernel as a guest on each of them, hardware against mediated: a table of what it costs")
    one.add_argument("kernel", nargs="*")
    one.add_argument("--steps", type=int, default=3000, help="random steps of each guest (3000); of pairs 1000 at most")
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--skip", action="store_true", help="exit with 77 where there is no source to build from")


def run_scenarios(names: list[str], host: Kernel, guests: list[Kernel], steps: int, seed: int) -> Outcome:
    command = [str(kernels.check_runner()), "--object", str(host.instance),
               *(word for guest in guests for word in ("--guest", str(guest.instance))),
               "--steps", str(steps), "--seed", str(seed), *names]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    outcome = Outcome(done.returncode == 0, done.stdout)
    for line in done.stdout.splitlines():
        found = FIGURE.match(line)
        if found:
            outcome.figures.setdefault(found[1], {})[found[2]] = float(found[3])
    return outcome


def whole(figures: dict[str, float], name: str) -> str:
    return f"{figures.get(name, 0):.0f}"


def rows(below: str, guest: str, outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for mode in MODES:
        figures = outcome.figures.get(mode, {})
        flushes = figures.get("flushes", 0)
        ring = sum(figures.get(name, 0) for name in RING_EXITS)
        yield (below, guest, mode, whole(figures, "exits"), f"{ring / flushes if flushes else 0:.2f}",
               whole(figures, "guest's commands"), whole(figures, "IOMMU's commands"),
               f"{figures.get('mean latency', 0):.2f}", whole(figures, "longest latency"))


def show(words: tuple[str, ...]) -> None:
    print("| " + " | ".join(words) + " |", flush=True)


def compare(made: list[Kernel], arguments: argparse.Namespace) -> int:
    """The table; how many runs failed."""
    failed = 0
    show(HEAD)
    show(("---",) * len(HEAD))
    for below, guest in itertools.product([None, *made], made):
        name = f"Linux {below.source.version}" if below else "hypervisor"
        outcome = run_scenarios([ON_KERNEL if below else ALONE], below or guest, [guest],
                                arguments.steps, arguments.seed)
        failed += not outcome.passed
        for row in rows(name, guest.source.version, outcome):
            show(row)
        if not outcome.passed:
            print(outcome.text)
    return failed


def pairs(made: list[Kernel], arguments: argparse.Namespace) -> int:
    """Two guests of different versions at once; how many runs failed."""
    failed = 0
    for host, (first, second) in itertools.product(made, itertools.combinations(made, 2)):
        outcome = run_scenarios(list(PAIRS), host, [first, second], min(arguments.steps, PAIR_STEPS), arguments.seed)
        failed += not outcome.passed
        print(f"{first.source.version} beside {second.source.version}, on the hypervisor and on Linux "
              f"{host.source.version}: {'each sees what it sees alone' if outcome.passed else outcome.text}", flush=True)
    return failed


def run(arguments: argparse.Namespace) -> int:
    made = [kernels.made(wish) for wish in kernels.wanted(arguments.kernel)]
    failed = compare(made, arguments)
    print()
    failed += pairs(made, arguments)
    return 1 if failed else 0
